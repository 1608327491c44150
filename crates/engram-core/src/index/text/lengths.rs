//! The number of terms of each document, and the byte that a lower bound of it is stored in.
//!
//! Owns: both directions of the lengths section and of the length code. Invariants: a code never stands
//! for more than the length it was made from, and codes rise with lengths.

use super::layout::corrupt;
use crate::error::Result;

/// Longest document.
pub(super) const MAX_LENGTH: u32 = 1 << 28;
/// The code that no document has: there is none.
pub(super) const NO_LENGTH: u8 = u8::MAX;
/// Lengths below this have a code of their own.
const EXACT: u32 = 32;
/// Codes for each power of two above.
const STEPS: u32 = 16;

/// The largest code that stands for no more than `length`.
pub(super) fn code_of(length: u32) -> u8 {
    if length < EXACT {
        return length as u8;
    }
    let exponent = length.ilog2();
    let mantissa = (length >> (exponent - STEPS.ilog2())) - STEPS;
    let code = EXACT + (exponent - EXACT.ilog2()) * STEPS + mantissa;
    code.min(u32::from(NO_LENGTH) - 1) as u8
}

/// The length that a code stands for.
pub(super) fn length_of(code: u8) -> u32 {
    let code = u32::from(code);
    if code < EXACT {
        return code;
    }
    let (octave, mantissa) = ((code - EXACT) / STEPS, (code - EXACT) % STEPS);
    (STEPS + mantissa) << (octave + EXACT.ilog2() - STEPS.ilog2())
}

/// The lengths section, read. All entries are as wide as the longest needs.
#[derive(Clone, Copy)]
pub(super) enum Lengths<'a> {
    One(&'a [u8]),
    Two(&'a [[u8; 2]]),
    Four(&'a [[u8; 4]]),
}

/// Bytes of an entry where the longest document has `max` terms.
pub(super) fn entry_bytes(max: u32) -> u64 {
    match max {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    }
}

/// Appends the section.
pub(super) fn encode(lengths: &[u32], out: &mut Vec<u8>) {
    let width = entry_bytes(lengths.iter().copied().max().unwrap_or(0)) as usize;
    for length in lengths {
        out.extend(length.to_le_bytes().iter().take(width));
    }
}

impl<'a> Lengths<'a> {
    pub(super) fn new(bytes: &'a [u8], max: u32) -> Self {
        match entry_bytes(max) {
            1 => Lengths::One(bytes),
            2 => Lengths::Two(bytes.as_chunks().0),
            _ => Lengths::Four(bytes.as_chunks().0),
        }
    }

    /// The length of one document; 0 beyond the last.
    #[inline]
    pub(super) fn get(&self, ordinal: u32) -> u32 {
        let at = ordinal as usize;
        match self {
            Lengths::One(all) => all.get(at).map_or(0, |&length| u32::from(length)),
            Lengths::Two(all) => all.get(at).map_or(0, |b| u32::from(u16::from_le_bytes(*b))),
            Lengths::Four(all) => all.get(at).map_or(0, |b| u32::from_le_bytes(*b)),
        }
    }

    /// The lengths of some documents, side by side with them.
    #[inline]
    pub(super) fn gather(&self, ordinals: &[u32], out: &mut [u32]) {
        fn each<T: Copy>(all: &[T], ordinals: &[u32], out: &mut [u32], length: impl Fn(T) -> u32) {
            for (to, &ordinal) in out.iter_mut().zip(ordinals) {
                *to = all.get(ordinal as usize).map_or(0, |&entry| length(entry));
            }
        }
        match self {
            Lengths::One(all) => each(all, ordinals, out, u32::from),
            Lengths::Two(all) => each(all, ordinals, out, |b| u32::from(u16::from_le_bytes(b))),
            Lengths::Four(all) => each(all, ordinals, out, u32::from_le_bytes),
        }
    }

    /// The lengths of all documents.
    pub(super) fn iter(self) -> impl Iterator<Item = u32> + 'a {
        let count = match self {
            Lengths::One(all) => all.len(),
            Lengths::Two(all) => all.len(),
            Lengths::Four(all) => all.len(),
        };
        (0..count as u32).map(move |ordinal| self.get(ordinal))
    }

    /// Proves that no length is above the limit.
    pub(super) fn check(self, min: u32, max: u32) -> Result<()> {
        let with_text = || self.iter().filter(|&length| length > 0);
        if with_text().min().unwrap_or(0) != min || with_text().max().unwrap_or(0) != max {
            return Err(corrupt("a shortest or longest document that is not there"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_bounds_its_length_from_below() {
        let lengths =
            (0..100_000).chain((17..28).flat_map(|e| [(1 << e) - 1, 1 << e, (1 << e) + 1]));
        let mut before = 0;
        for length in lengths.chain([MAX_LENGTH]) {
            let code = code_of(length);
            let low = length_of(code);
            assert!(
                code != NO_LENGTH && low <= length && code >= before,
                "{length}"
            );
            assert!(code == 254 || length - low <= length / 16, "{length} {low}");
            before = code;
        }
    }
}
