//! One code a record, as bit planes: plane i holds bit i of every code.
//!
//! Owns: the layout, and the comparison of codes with ranges, 64 records an operation (the vertical
//! layout of Li and Patel, "BitWeaving", SIGMOD 2013). The loop over a block is
//! `kernel::planes`.
//!
//! Layout: the codes of 512 records make a block: for each plane, the highest bit first, 8 words u64,
//! bit j of word w standing for record 64 w + j; the last block has as many words as its records
//! need. Codes of b bits take b / 8 bytes a record; with 0 bits every code is 0 and nothing is
//! stored.

use crate::format::codec::Writer;
use crate::format::{Decode, Malformed};
use crate::kernel::planes::{self, BLOCK_WORDS};
use std::ops::Range;

/// Ranges beyond which it is cheaper to look each code up than to compare it with each range.
const MANY: usize = 24;

/// Bits that codes below `codes` take.
pub(super) fn bits_for(codes: usize) -> u32 {
    codes
        .saturating_sub(1)
        .checked_ilog2()
        .map_or(0, |top| top + 1)
}

/// Appends the planes of `codes`, each below 2^`bits`.
pub(super) fn encode(w: &mut Writer, codes: &[u32], bits: u32) {
    for block in codes.chunks(BLOCK_WORDS * 64) {
        for bit in (0..bits).rev() {
            for part in block.chunks(64) {
                let word = part.iter().enumerate();
                w.u64(word.fold(0, |word, (j, code)| word | u64::from(code >> bit & 1) << j));
            }
        }
    }
}

/// The planes of a column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planes<'a> {
    bytes: &'a [u8],
    bits: u32,
    records: u32,
}

impl<'a> Planes<'a> {
    pub(super) fn new(bytes: &'a [u8], bits: u32, records: u32) -> Decode<Planes<'a>> {
        let wanted = u64::from(records.div_ceil(64)) * u64::from(bits) * 8;
        if bits > 32 || bytes.len() as u64 != wanted {
            return Err(Malformed("the planes of a column have the wrong length"));
        }
        Ok(Planes {
            bytes,
            bits,
            records,
        })
    }

    /// Drops from `acc` (bit j of word w for record 64 w + j) every record whose code, less `offset`,
    /// is in none of `ranges`. Blocks in which `acc` holds nothing are not looked at.
    pub(super) fn keep(&self, ranges: &[Range<u32>], offset: u32, acc: &mut [u64]) {
        // Codes have `bits` bits: what a range asks for beyond them is never met.
        let top = u32::MAX.checked_shr(32 - self.bits).unwrap_or(0);
        let code = |entry: u32| entry.saturating_add(offset);
        let bound = |range: &Range<u32>| {
            let asks = range.start < range.end && code(range.start) <= top;
            asks.then(|| (code(range.start), code(range.end - 1).min(top)))
        };
        let (one, many): ([_; 1], Vec<(u32, u32)>);
        let bounds = match ranges {
            // Most tests ask for one range.
            [range] => {
                one = [bound(range).unwrap_or((1, 0))];
                one.as_slice()
            }
            ranges => {
                many = ranges.iter().filter_map(bound).collect();
                many.as_slice()
            }
        };
        if bounds.contains(&(0, top)) {
            return;
        }
        if bounds.iter().all(|(low, high)| low > high) {
            return acc.fill(0);
        }
        match bounds.len() <= MANY {
            true => planes::keep(self.bytes, self.bits, bounds, acc),
            false => self.keep_codes(bounds, top, acc),
        }
    }

    /// The same by looking each code up.
    fn keep_codes(&self, bounds: &[(u32, u32)], top: u32, acc: &mut [u64]) {
        let mut wanted = vec![0u64; top as usize / 64 + 1];
        for code in bounds.iter().flat_map(|(low, high)| *low..=*high) {
            wanted[code as usize / 64] |= 1 << (code % 64);
        }
        let mut kept = vec![0u64; acc.len()];
        self.each(acc, |ordinal, code| {
            let found = wanted[code as usize / 64] >> (code % 64) & 1;
            kept[ordinal as usize / 64] |= found << (ordinal % 64);
        });
        acc.copy_from_slice(&kept);
    }

    /// Runs `f` on the ordinal and code of every record in `wanted`.
    pub(super) fn each(&self, wanted: &[u64], mut f: impl FnMut(u32, u32)) {
        let words = self.records.div_ceil(64) as usize;
        for (i, word) in wanted.iter().enumerate().take(words) {
            if *word == 0 {
                continue;
            }
            let codes = self.codes_of_word(i, words);
            let mut rest = *word;
            while rest != 0 {
                let j = rest.trailing_zeros();
                rest &= rest - 1;
                f(i as u32 * 64 + j, codes[j as usize]);
            }
        }
    }

    /// The codes of the 64 records of word `i`.
    fn codes_of_word(&self, i: usize, words: usize) -> [u32; 64] {
        let bits = self.bits as usize;
        let block = i / BLOCK_WORDS * BLOCK_WORDS;
        let in_block = (words - block).min(BLOCK_WORDS);
        let mut planes = [0u64; 32];
        for (bit, plane) in planes.iter_mut().enumerate().take(bits) {
            let at = block * bits + (bits - 1 - bit) * in_block + (i - block);
            let word = self.bytes.get(at * 8..).and_then(|rest| rest.first_chunk());
            *plane = word.map_or(0, |bytes| u64::from_le_bytes(*bytes));
        }
        planes::codes(&planes, bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn planes_answer_as_the_codes_do(
            bits in 0u32..18,
            seeds in prop::collection::vec(any::<u32>(), 1..1400),
            bounds in prop_oneof![
                9 => prop::collection::vec((any::<u32>(), any::<u32>()), 0..4),
                1 => prop::collection::vec((any::<u32>(), any::<u32>()), 20..60),
            ],
            dense in any::<bool>(),
        ) {
            let mask = (1u32 << bits) - 1;
            let codes: Vec<u32> = seeds.iter().map(|s| s & mask).collect();
            let mut w = Writer::new();
            encode(&mut w, &codes, bits);
            let n = codes.len() as u32;
            let planes = Planes::new(&w.bytes, bits, n).unwrap();
            prop_assert!(Planes::new(&w.bytes, bits + 1, n).is_err());
            let ranges: Vec<Range<u32>> = bounds
                .iter()
                .map(|(a, b)| (a & mask)..(b & mask) + u32::from(a % 2 == 0))
                .collect();
            let words = codes.len().div_ceil(64);
            let start: Vec<u64> = (0..words as u64)
                .map(|i| if dense { u64::MAX } else { i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (i % 64) })
                .collect();
            let mut acc = start.clone();
            let offset = seeds[0] % 3;
            planes.keep(&ranges, offset, &mut acc);
            for (o, code) in codes.iter().enumerate() {
                let was = start[o / 64] >> (o % 64) & 1 == 1;
                let is = acc[o / 64] >> (o % 64) & 1 == 1;
                let entry = code.checked_sub(offset);
                let wanted = ranges.iter().any(|r| entry.is_some_and(|e| r.contains(&e)));
                prop_assert_eq!(is, was && wanted, "{} {}", o, code);
            }
            let mut seen = Vec::new();
            let full = vec![u64::MAX; words];
            planes.each(&full, |o, code| if o < n { seen.push(code) });
            prop_assert_eq!(seen, codes);
        }
    }

    #[test]
    fn bits_hold_the_largest_code() {
        for (codes, bits) in [
            (0, 0),
            (1, 0),
            (2, 1),
            (3, 2),
            (4, 2),
            (5, 3),
            (256, 8),
            (257, 9),
        ] {
            assert_eq!(bits_for(codes), bits);
        }
    }
}
