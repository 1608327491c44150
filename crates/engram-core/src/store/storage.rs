//! The door to the disk.
//!
//! Contract: writes become durable only by `sync`; reads see writes at once, through any handle of
//! the same file; a mapped range must not be written while it is mapped, except for the publish
//! words of the log, which are watched through `Region::load_word`.

use crate::error::Result;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of an extent, mapped or copied.
#[derive(Clone)]
pub enum Region {
    /// A live mapping of the file.
    Mapped(Arc<memmap2::Mmap>),
    /// A copy, aligned to 8 bytes at least.
    Owned(Arc<AlignedBytes>),
}

/// Heap bytes aligned to 64, as the parts of a segment expect.
pub struct AlignedBytes {
    blocks: Vec<[u64; 8]>,
    len: usize,
}

impl AlignedBytes {
    /// `len` zero bytes.
    #[must_use]
    pub fn zeroed(len: usize) -> Self {
        AlignedBytes {
            blocks: vec![[0; 8]; len.div_ceil(64)],
            len,
        }
    }

    /// The bytes, to be filled.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        let len = self.len;
        // SAFETY: the vector owns `blocks.len() * 64 >= len` initialised bytes; u8 has no alignment
        // or validity demands, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.blocks.as_mut_ptr().cast::<u8>(), len) }
    }
}

impl Deref for AlignedBytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        // SAFETY: as in `as_mut_slice`, with a shared borrow.
        unsafe { std::slice::from_raw_parts(self.blocks.as_ptr().cast::<u8>(), self.len) }
    }
}

impl Region {
    /// Lets go of the memory that its pages take in this process; they are found again in the page cache when
    /// they are read next. Does nothing for a copy, or where that cannot be asked for.
    pub fn forget(&self) {
        #[cfg(unix)]
        if let Region::Mapped(map) = self {
            // SAFETY: the mapping is read-only and shared with its file, so its pages hold what the file holds,
            // before and after. A failure leaves them where they are.
            let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        }
    }

    /// Loads the aligned word at `offset`, or None where the region is a copy and cannot change.
    #[must_use]
    pub fn load_word(&self, offset: usize) -> Option<u64> {
        let Region::Mapped(map) = self else {
            return None;
        };
        if !offset.is_multiple_of(8) || offset + 8 > map.len() {
            return None;
        }
        // SAFETY: the mapping is page-aligned and `offset + 8 <= len`, so the pointer is valid and
        // aligned for the life of `map`; an atomic load tolerates other processes' writes.
        let word =
            unsafe { AtomicU64::from_ptr(map.as_ptr().add(offset).cast_mut().cast::<u64>()) };
        Some(u64::from_le(word.load(Ordering::Acquire)))
    }
}

impl Deref for Region {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Region::Mapped(map) => map,
            Region::Owned(bytes) => bytes,
        }
    }
}

/// One open file.
#[allow(
    clippy::len_without_is_empty,
    reason = "a database file is never empty"
)]
pub trait Storage: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> Result<u64>;
    /// Fills `buf` from `offset`; reading past the end is an error.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()>;
    /// Writes all of `data` at `offset`, growing the file where needed.
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<()>;
    /// Makes every write so far durable.
    fn sync(&self) -> Result<()>;
    /// Cuts the file off.
    fn set_len(&self, len: u64) -> Result<()>;
    /// Bytes that stay valid while the region lives.
    fn map(&self, offset: u64, len: u64) -> Result<Region>;
    /// What tells this file from every other while it is open.
    fn identity(&self) -> Result<(u64, u64)>;
    /// Locks among handles.
    fn locks(&self) -> &dyn super::locks::Locks;
}
