//! The bytes of an index, each piece checked before its first use.
//!
//! Owns: the one way in which the readers get at bytes. Invariant: what [`Source::get`] hands out was
//! checked by the guard, where there is one. What [`Source::get_open`] hands out behind the range that
//! was asked for was not: it is there so that wide loads end within memory, and never decides a result.

use super::layout::corrupt;
use crate::error::Result;
use crate::kernel::unpack;
use std::ops::Range;

/// Checks bytes before they are read, for instance against checksums.
pub trait Guard: Sync {
    /// Proves that the bytes of `range` are as they were written.
    fn check(&self, range: Range<usize>) -> Result<()>;
}

/// The bytes of an index.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    bytes: &'a [u8],
    guard: Option<(usize, &'a dyn Guard)>,
}

impl<'a> From<&'a [u8]> for Source<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Source { bytes, guard: None }
    }
}

impl<'a> Source<'a> {
    /// Bytes that `guard` checks, for which the first of them is number `start`.
    #[must_use]
    pub fn guarded(bytes: &'a [u8], start: usize, guard: &'a dyn Guard) -> Self {
        let guard = Some((start, guard));
        Source { bytes, guard }
    }

    /// Tells the processor that the bytes from `start` on will be read.
    #[inline]
    pub(super) fn prefetch(&self, start: u64) {
        if let Some(bytes) = self.bytes.get(start as usize..) {
            unpack::will_read(bytes);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Some of them, checked.
    pub(super) fn get(&self, range: Range<u64>) -> Result<&'a [u8]> {
        let length = range.end.saturating_sub(range.start) as usize;
        let open = self.get_open(range)?;
        open.get(..length)
            .ok_or_else(|| corrupt("a range beyond the end"))
    }

    /// The same, with whatever follows.
    #[inline]
    pub(super) fn get_open(&self, range: Range<u64>) -> Result<&'a [u8]> {
        if range.start > range.end || range.end > self.len() {
            return Err(corrupt("a range beyond the end"));
        }
        let (start, end) = (range.start as usize, range.end as usize);
        if let Some((first, guard)) = self.guard {
            guard.check(first + start..first + end)?;
        }
        self.bytes
            .get(start..)
            .ok_or_else(|| corrupt("a range beyond the end"))
    }
}
