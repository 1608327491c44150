//! Bit streams: fixed widths, numbers below a bound, and ascending positions.
//!
//! Owns: both directions. Invariants: bits are filled lowest first; reading beyond the end is an error,
//! never a panic; a decoded position lies within the range it was coded in. Sources: truncated binary
//! codes; binary interpolative coding (Moffat and Stuiver, Information Retrieval 2000).

use super::layout::corrupt;
use crate::error::Result;

/// Appends bits to bytes.
#[derive(Default)]
pub(super) struct BitWriter {
    pending: u64,
    used: u32,
}

impl BitWriter {
    /// Appends the `count` lowest bits of `value`, 32 at most; the others must be 0.
    pub(super) fn put(&mut self, value: u32, count: u32, out: &mut Vec<u8>) {
        self.pending |= u64::from(value) << self.used;
        self.used += count;
        if self.used >= 32 {
            out.extend_from_slice(&(self.pending as u32).to_le_bytes());
            self.pending >>= 32;
            self.used -= 32;
        }
    }

    /// Fills the last byte with zeros.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        let bytes = self.used.div_ceil(8) as usize;
        out.extend(self.pending.to_le_bytes().iter().take(bytes));
        (self.pending, self.used) = (0, 0);
    }

    /// Appends a number below `bound`, in one bit less where it is small.
    fn put_below(&mut self, value: u32, bound: u32, out: &mut Vec<u8>) {
        let bits = bound.ilog2();
        let short = (2u64 << bits) - u64::from(bound);
        if u64::from(value) < short {
            self.put(value, bits, out);
        } else {
            let code = u64::from(value) + short;
            self.put((code >> 1) as u32, bits, out);
            self.put((code & 1) as u32, 1, out);
        }
    }

    /// Appends positions that never fall and lie within `low..=high`.
    pub(super) fn put_positions(
        &mut self,
        positions: &[u32],
        low: u32,
        high: u32,
        out: &mut Vec<u8>,
    ) {
        let (before, after) = positions.split_at(positions.len() / 2);
        if let (Some((&middle, after)), true) = (after.split_first(), low < high) {
            self.put_below(middle - low, high - low + 1, out);
            self.put_positions(before, low, middle, out);
            self.put_positions(after, middle, high, out);
        }
    }
}

/// Takes bits from bytes.
#[derive(Clone, Copy)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    /// Starts `at` bits into `bytes`.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        BitReader { bytes, at }
    }

    /// The bit it stands at.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Takes `count` bits, 31 at most.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> Result<u32> {
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let window = match rest.first_chunk() {
            Some(window) => u64::from_le_bytes(*window),
            None => {
                let mut window = [0; 8];
                window
                    .iter_mut()
                    .zip(rest)
                    .for_each(|(to, from)| *to = *from);
                u64::from_le_bytes(window)
            }
        };
        let start = self.at % 8;
        self.at += count as usize;
        if self.at > self.bytes.len() * 8 {
            return Err(corrupt("ends within its bits"));
        }
        Ok(((window >> start) & ((1 << count) - 1)) as u32)
    }

    /// Takes a number below `bound`, which is at least 1 and at most 2^31.
    #[inline]
    fn take_below(&mut self, bound: u32) -> Result<u32> {
        let bits = bound.ilog2();
        let short = (2u64 << bits) - u64::from(bound);
        let value = u64::from(self.take(bits)?);
        if value < short {
            return Ok(value as u32);
        }
        let code = value << 1 | u64::from(self.take(1)?);
        // Below twice 2^bits, so the difference is below `bound`.
        Ok((code - short) as u32)
    }

    /// Takes `count` positions within `low..=high`, in order.
    pub(super) fn take_positions(
        &mut self,
        count: u32,
        low: u32,
        high: u32,
        sink: &mut impl FnMut(u32),
    ) -> Result<()> {
        match count {
            0 => {}
            _ if low >= high => (0..count).for_each(|_| sink(low)),
            1 => sink(low + self.take_below(high - low + 1)?),
            _ => {
                // The middle comes first in the stream but between the halves in order, so the lower
                // half is kept until the middle is out.
                let before = count / 2;
                let middle = low + self.take_below(high - low + 1)?;
                self.take_positions(before, low, middle, sink)?;
                sink(middle);
                self.take_positions(count - before - 1, middle, high, sink)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn positions_come_back(
            docs in prop::collection::vec((prop::collection::vec(0u32..5000, 0..20), 1u32..100), 0..20)
        ) {
            let (mut writer, mut bytes) = (BitWriter::default(), Vec::new());
            let mut wanted = Vec::new();
            for (mut positions, room) in docs {
                positions.sort_unstable();
                let high = positions.last().copied().unwrap_or(0) + room - 1;
                writer.put_positions(&positions, 0, high, &mut bytes);
                wanted.push((positions, high));
            }
            writer.finish(&mut bytes);
            let mut reader = BitReader::new(&bytes, 0);
            for (positions, high) in &wanted {
                let mut found = Vec::new();
                reader.take_positions(positions.len() as u32, 0, *high, &mut |p| found.push(p)).unwrap();
                prop_assert_eq!(&found, positions);
            }
            prop_assert_eq!(reader.at.div_ceil(8), bytes.len());
            prop_assert!(reader.take_positions(40, 0, 1 << 30, &mut |_| ()).is_err());
        }

        #[test]
        fn numbers_below_a_bound_come_back(bound in 1u32..=1 << 31, share in 0.0f64..1.0) {
            let value = (f64::from(bound) * share) as u32;
            let (mut writer, mut bytes) = (BitWriter::default(), Vec::new());
            writer.put(1, 3, &mut bytes);
            for value in [value, 0, bound - 1] {
                writer.put_below(value, bound, &mut bytes);
            }
            writer.finish(&mut bytes);
            let mut reader = BitReader::new(&bytes, 3);
            for value in [value, 0, bound - 1] {
                prop_assert_eq!(reader.take_below(bound).unwrap(), value);
            }
        }
    }
}
