//! The code scan: sums of table entries over rows of 1-bit codes, four dimensions to a lookup
//! ("fast scan", André, Kermarrec and Le Scouarnec, VLDB 2015), and from each sum an upper bound.
//!
//! Owns: the order of bits in a block, which is part of the file format (F-150), and the loops over
//! it. What the codes mean, and what the tables are made of, is `index::vector`.
//!
//! A *block* holds [`ROWS`] rows. Its codes come in *units* of 64 bytes, 16 dimensions each: byte j
//! of the first half has dimensions 0-3 of row j in its low four bits and dimensions 4-7 in its high
//! ones, byte j of the second half dimensions 8-15 likewise. Behind the units stand two bfloat16
//! factors a row, first the 32 `scale`, then the 32 `offset`.
//!
//! Invariants: every level gives the same bits. The sums are integers, and the arithmetic on them is
//! one multiplication or addition at a time, never fused. The caller's tables hold entries that
//! cannot overflow: at most 63 each, and at most 65,535 in sum.
//!
//! Speed: bound by the cache that the codes come from, 80 GB/s from the third level of a Zen 5 with
//! AVX2 or AVX-512 alike, so that only fewer bytes would be faster.

use super::Level;
use super::prefetch::prefetch;

/// Wanted blocks between the one that is read and the one that is asked for: where some are left
/// out, the processor does not see by itself which come next.
const AHEAD: usize = 3;

/// Rows of a block.
pub const ROWS: usize = 32;
/// Dimensions of a unit.
pub const UNIT_DIMENSIONS: usize = 16;
/// Bytes of the codes of a unit.
pub const UNIT_BYTES: usize = 64;
/// Bytes of the tables of a unit: for the low and for the high four bits, each a table of 16 entries
/// twice for the first half, then twice for the second half, as registers of 512 bits hold them.
pub const TABLE_BYTES: usize = 128;
/// Bytes of the factors of a block.
pub const FACTOR_BYTES: usize = ROWS * 4;
/// Largest entry of a table.
pub const MAX_ENTRY: u8 = 63;

/// Bytes of a block whose codes take `units` units.
#[must_use]
pub const fn block_bytes(units: usize) -> usize {
    units * UNIT_BYTES + FACTOR_BYTES
}

/// What a scan needs beside codes: the tables of a query, and how a sum becomes a number.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    /// [`TABLE_BYTES`] for each unit; the number of units is a multiple of 4.
    pub tables: &'a [u8],
    /// Worth of one in a sum.
    pub step: f32,
    /// Added to each sum.
    pub bias: f32,
    /// What the offsets of rows are multiplied by.
    pub weight: f32,
    /// Added to the bound of every row.
    pub base: f32,
}

/// Writes to `out[j]` `scale * (sum * step + bias) + (offset * weight + base)` of row j, and to `maxima[b]` the largest
/// of block b.
///
/// Bit j of `wanted`, counted from the lowest of the first word, says whether row j is looked at; a
/// row that is not counts as negative infinity. A block without any is skipped: its maximum is
/// negative infinity, and its part of `out` is left as it was.
///
/// # Panics
/// If `out` does not hold [`ROWS`] numbers for each of `maxima`, if there are fewer blocks or fewer
/// words than that, or if the tables are not whole.
pub fn bounds(
    blocks: &[u8],
    lookup: Lookup<'_>,
    wanted: Option<&[u64]>,
    out: &mut [f32],
    maxima: &mut [f32],
) {
    bounds_at(Level::best(), blocks, lookup, wanted, out, maxima);
}

/// The rows of a block of bounds that are not below `bar`, row j as bit j.
#[must_use]
#[inline]
pub fn not_below(bounds: &[f32; ROWS], bar: f32) -> u32 {
    let bit = |(j, bound): (u32, &f32)| u32::from(*bound >= bar) << j;
    (0..).zip(bounds).map(bit).fold(0, |a, b| a | b)
}

fn bounds_at(
    level: Level,
    blocks: &[u8],
    lookup: Lookup<'_>,
    wanted: Option<&[u64]>,
    out: &mut [f32],
    maxima: &mut [f32],
) {
    let units = lookup.tables.len() / TABLE_BYTES;
    assert!(units.is_multiple_of(4) && lookup.tables.len().is_multiple_of(TABLE_BYTES));
    assert!(out.len() == maxima.len() * ROWS && blocks.len() >= maxima.len() * block_bytes(units));
    assert!(wanted.is_none_or(|words| words.len() * 64 >= out.len()));
    match level {
        Level::Portable => portable::scan(blocks, lookup, wanted, out, maxima),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::scan(blocks, lookup, wanted, out, maxima),
        // SAFETY: levels are handed on only where they are available.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::scan(blocks, lookup, wanted, out, maxima) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::scan(blocks, lookup, wanted, out, maxima) },
    }
}

/// The bounds of one block from its sums, and the largest of those wanted.
#[inline(always)]
fn finish(
    sums: &[u16; ROWS],
    factors: &[u8],
    lookup: Lookup<'_>,
    wanted: u32,
    out: &mut [f32; ROWS],
) {
    let (scales, offsets) = factors.split_at(ROWS * 2);
    let number = |pair: &[u8; 2]| f32::from_bits(u32::from(u16::from_le_bytes(*pair)) << 16);
    let factors = scales.as_chunks::<2>().0.iter().zip(offsets.as_chunks().0);
    for ((out, sum), (scale, offset)) in out.iter_mut().zip(sums).zip(factors) {
        let inner = f32::from(*sum) * lookup.step + lookup.bias;
        *out = number(scale) * inner + (number(offset) * lookup.weight + lookup.base);
    }
    if wanted != u32::MAX {
        for (j, out) in out.iter_mut().enumerate() {
            *out = if wanted >> j & 1 == 1 {
                *out
            } else {
                f32::NEG_INFINITY
            };
        }
    }
}

/// The largest, folded in halves.
#[inline(always)]
fn largest(bounds: &[f32; ROWS]) -> f32 {
    let mut lanes = *bounds;
    let mut width = ROWS;
    while width > 1 {
        width /= 2;
        let (low, high) = lanes.split_at_mut(width);
        for (x, &mut y) in low.iter_mut().zip(high) {
            *x = if y > *x { y } else { *x };
        }
    }
    lanes[0]
}

/// Blocks below `count` with a wanted row, ascending, and which rows those are.
#[inline(always)]
fn wanted_blocks(words: &[u64], count: usize) -> impl Iterator<Item = (usize, u32)> {
    let some = words.iter().enumerate().filter(|(_, word)| **word != 0);
    let halves =
        some.flat_map(|(i, word)| [(2 * i, *word as u32), (2 * i + 1, (word >> 32) as u32)]);
    halves.filter(move |(b, wanted)| *wanted != 0 && *b < count)
}

/// The loop over blocks, the same for all levels but for `$sums` and `$largest`.
macro_rules! scan_with {
    ($sums:expr, $largest:expr $(, $features:literal)?) => {
        $(#[target_feature(enable = $features)])?
        pub(super) fn scan(
            blocks: &[u8],
            lookup: Lookup<'_>,
            wanted: Option<&[u64]>,
            out: &mut [f32],
            maxima: &mut [f32],
        ) {
            let codes_len = lookup.tables.len() / TABLE_BYTES * UNIT_BYTES;
            let block_len = codes_len + FACTOR_BYTES;
            let out = out.as_chunks_mut::<ROWS>().0;
            let scan_one = |block: &[u8], wanted: u32, out: &mut [f32; ROWS]| {
                let (codes, factors) = block.split_at(codes_len);
                let mut sums = [0u16; ROWS];
                $sums(codes, lookup.tables, &mut sums);
                finish(&sums, factors, lookup, wanted, out);
                $largest(out)
            };
            let Some(words) = wanted else {
                let blocks = blocks.chunks_exact(block_len);
                for ((block, out), max) in blocks.zip(out).zip(maxima) {
                    *max = scan_one(block, u32::MAX, out);
                }
                return;
            };
            maxima.fill(f32::NEG_INFINITY);
            let block_at = |b: usize| &blocks[b * block_len..][..block_len];
            let mut ahead = wanted_blocks(words, maxima.len()).skip(AHEAD);
            for (b, wanted) in wanted_blocks(words, maxima.len()) {
                if let Some((next, _)) = ahead.next() {
                    prefetch(block_at(next).as_ptr(), block_len);
                }
                maxima[b] = scan_one(block_at(b), wanted, &mut out[b]);
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(test)]
mod tests;

mod portable {
    use super::*;

    #[inline(always)]
    fn sums(codes: &[u8], tables: &[u8], out: &mut [u16; ROWS]) {
        let units = codes.as_chunks::<UNIT_BYTES>().0;
        for (codes, tables) in units.iter().zip(tables.as_chunks::<TABLE_BYTES>().0) {
            let (low, high) = tables.split_at(64);
            for (half, rows) in codes.as_chunks::<ROWS>().0.iter().enumerate() {
                let (low, high) = (&low[half * 32..][..16], &high[half * 32..][..16]);
                for (sum, code) in out.iter_mut().zip(rows) {
                    let (a, b) = (low[usize::from(code & 15)], high[usize::from(code >> 4)]);
                    *sum += u16::from(a + b);
                }
            }
        }
    }

    scan_with!(sums, largest);
}
