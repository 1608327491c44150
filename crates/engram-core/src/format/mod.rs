//! Byte layouts of the file: encode, decode, checksums. No I/O, no unsafe.
//!
//! Owns every structure that `docs/internals/format.md` specifies; rule ids such as F-010 there are
//! cited here. Invariant: decoding hostile bytes returns [`Malformed`], and never panics, loops or
//! allocates by an unchecked length. All integers are little-endian with explicit widths.
#![deny(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::arithmetic_side_effects
)]

pub mod codec;
pub mod frame;
pub mod limits;
pub mod manifest;
pub mod ops;
pub mod record;
pub mod segment;
pub mod space;
pub mod superblock;

use crate::error::{Code, Error};

/// Major version: a reader refuses a file with a higher one (F-003).
pub const FORMAT_MAJOR: u16 = 1;
/// Minor version: a reader opens a file with a higher one read-only (F-003).
pub const FORMAT_MINOR: u16 = 0;
/// Extents start at multiples of this (F-004).
pub const PAGE_BYTES: u64 = 4096;
/// The two superblocks take the first two pages; extents come after (F-010).
pub const FIRST_EXTENT: u64 = 2 * PAGE_BYTES;

/// Highest generation, commit, frame or segment number: a million a second for two thousand years.
/// Below it, no sum of such numbers overflows.
pub const MAX_NUMBER: u64 = 1 << 56;

/// Whether a time of the engine's own clock is one: such sums must not overflow either.
#[must_use]
pub fn is_time(time_us: i64) -> bool {
    time_us.unsigned_abs() < 1 << 60
}

/// Why bytes could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl Malformed {
    /// Turns it into a user-facing error of the structure that was being read.
    #[must_use]
    pub fn into_error(self, code: Code, what: &str, offset: u64) -> Error {
        Error::new(
            code,
            format!("{what} at byte {offset} is damaged: {}", self.0),
        )
        .detail("offset", offset)
        .hint("run `engram doctor` on the file; it lists what it must drop")
    }
}

/// Result of decoding.
pub type Decode<T> = Result<T, Malformed>;

/// A page-aligned range of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Extent {
    /// First byte.
    pub offset: u64,
    /// Length in bytes, a multiple of [`PAGE_BYTES`].
    pub len: u64,
}

impl Extent {
    /// One past the last byte.
    #[must_use]
    pub fn end(self) -> u64 {
        self.offset.saturating_add(self.len)
    }

    /// Checks alignment and that the range lies in a file of `file_len` bytes (F-004).
    pub fn check(self, file_len: u64) -> Decode<Extent> {
        let aligned = self.offset.is_multiple_of(PAGE_BYTES) && self.len.is_multiple_of(PAGE_BYTES);
        if !aligned || self.offset < FIRST_EXTENT || self.len == 0 {
            return Err(Malformed("an extent is not aligned"));
        }
        match self.offset.checked_add(self.len) {
            Some(end) if end <= file_len => Ok(self),
            _ => Err(Malformed("an extent lies beyond the end of the file")),
        }
    }
}

/// Rounds a length up to whole pages.
#[must_use]
pub fn page_ceil(len: u64) -> u64 {
    len.div_ceil(PAGE_BYTES).saturating_mul(PAGE_BYTES)
}
