//! Storage in memory: `:memory:` databases and tests.
//!
//! Stricter than a file: a read past the end fails. One handle per storage, so locks are trivial.

use super::locks::{Locks, NoLocks};
use super::storage::{AlignedBytes, Region, Storage};
use crate::error::{Code, Error, Result};
use parking_lot::RwLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A growable byte array.
pub struct MemoryStorage {
    bytes: RwLock<Vec<u8>>,
    id: u64,
}

/// A number that no other memory storage of this process has.
pub(crate) fn unique_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self::with_bytes(Vec::new())
    }
}

impl MemoryStorage {
    /// Storage that starts with `bytes`.
    #[must_use]
    pub fn with_bytes(bytes: Vec<u8>) -> Self {
        MemoryStorage {
            bytes: RwLock::new(bytes),
            id: unique_id(),
        }
    }

    /// A copy of everything.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.bytes.read().clone()
    }
}

/// The error of a read beyond the end, the same for every storage.
pub(crate) fn past_end(offset: u64, want: usize, len: u64) -> Error {
    let message = format!("the file ends at byte {len}; {want} bytes at {offset} are missing");
    Error::new(Code::CorruptTruncated, message).hint("restore it from a backup")
}

/// Reads from a slice with the bounds check of [`Storage::read_at`].
pub(crate) fn read_slice(bytes: &[u8], offset: u64, buf: &mut [u8]) -> Result<()> {
    let range = usize::try_from(offset)
        .ok()
        .and_then(|s| Some(s..s.checked_add(buf.len())?));
    match range.and_then(|r| bytes.get(r)) {
        Some(found) => {
            buf.copy_from_slice(found);
            Ok(())
        }
        None => Err(past_end(offset, buf.len(), bytes.len() as u64)),
    }
}

/// Writes into a vector, growing it with zeros where needed.
pub(crate) fn write_vec(bytes: &mut Vec<u8>, offset: u64, data: &[u8]) {
    let start = offset as usize;
    let end = start + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[start..end].copy_from_slice(data);
}

impl Storage for MemoryStorage {
    fn len(&self) -> Result<u64> {
        Ok(self.bytes.read().len() as u64)
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<()> {
        read_slice(&self.bytes.read(), offset, buf)
    }
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<()> {
        write_vec(&mut self.bytes.write(), offset, data);
        Ok(())
    }
    fn sync(&self) -> Result<()> {
        Ok(())
    }
    fn set_len(&self, len: u64) -> Result<()> {
        self.bytes.write().resize(len as usize, 0);
        Ok(())
    }
    fn map(&self, offset: u64, len: u64) -> Result<Region> {
        copy_region(self, offset, len)
    }
    fn identity(&self) -> Result<(u64, u64)> {
        Ok((0, self.id))
    }
    fn locks(&self) -> &dyn Locks {
        &NoLocks
    }
}

/// A region that copies the range out of `storage`.
pub(crate) fn copy_region(storage: &dyn Storage, offset: u64, len: u64) -> Result<Region> {
    if offset
        .checked_add(len)
        .is_none_or(|end| storage.len().is_ok_and(|have| end > have))
    {
        return Err(past_end(offset, len as usize, storage.len()?));
    }
    let mut out = AlignedBytes::zeroed(len as usize);
    storage.read_at(offset, out.as_mut_slice())?;
    Ok(Region::Owned(Arc::new(out)))
}
