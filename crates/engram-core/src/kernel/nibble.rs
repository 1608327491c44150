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
            let blocks = blocks.chunks_exact(codes_len + FACTOR_BYTES);
            let rows = out.as_chunks_mut::<ROWS>().0.iter_mut();
            for (b, ((block, out), max)) in blocks.zip(rows).zip(maxima).enumerate() {
                let of_block = |b: usize| match wanted {
                    Some(words) => words.get(b / 2).map_or(0, |w| (w >> (b % 2 * 32)) as u32),
                    None => u32::MAX,
                };
                let wanted = of_block(b);
                if wanted == 0 {
                    *max = f32::NEG_INFINITY;
                    continue;
                }
                let (codes, factors) = block.split_at(codes_len);
                let mut sums = [0u16; ROWS];
                $sums(codes, lookup.tables, &mut sums);
                finish(&sums, factors, lookup, wanted, out);
                *max = $largest(out);
            }
        }
    };
}

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

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::*;
    use std::arch::x86_64::*;

    /// Looks up 32 rows of half a unit.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn half(codes: &[u8], tables: &[u8], at: usize) -> __m256i {
        let load = |bytes: &[u8]| {
            let bytes: &[u8; 32] = bytes.as_chunks().0.first().unwrap_or(&[0; 32]);
            // SAFETY: the array has the 32 bytes that are read; no alignment is needed.
            unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
        };
        let nibble = _mm256_set1_epi8(15);
        let x = load(&codes[at..]);
        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(x), nibble);
        let low = _mm256_and_si256(x, nibble);
        _mm256_add_epi8(
            _mm256_shuffle_epi8(load(&tables[at..]), low),
            _mm256_shuffle_epi8(load(&tables[64 + at..]), high),
        )
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn sums(codes: &[u8], tables: &[u8], out: &mut [u16; ROWS]) {
        let (mut even, mut odd) = (_mm256_setzero_si256(), _mm256_setzero_si256());
        let units = codes.as_chunks::<UNIT_BYTES>().0;
        for (codes, tables) in units.iter().zip(tables.as_chunks::<TABLE_BYTES>().0) {
            let bytes = _mm256_add_epi8(half(codes, tables, 0), half(codes, tables, 32));
            // Taken as 16-bit numbers, the odd bytes are 256-fold too much in `even`; undone below.
            even = _mm256_add_epi16(even, bytes);
            odd = _mm256_add_epi16(odd, _mm256_srli_epi16::<8>(bytes));
        }
        even = _mm256_sub_epi16(even, _mm256_slli_epi16::<8>(odd));
        let (a, b) = (
            _mm256_unpacklo_epi16(even, odd),
            _mm256_unpackhi_epi16(even, odd),
        );
        let (low, high) = out.split_at_mut(16);
        // SAFETY: both halves have the 16 numbers of 2 bytes that are written.
        unsafe {
            _mm256_storeu_si256(
                low.as_mut_ptr().cast(),
                _mm256_permute2x128_si256::<0x20>(a, b),
            );
            _mm256_storeu_si256(
                high.as_mut_ptr().cast(),
                _mm256_permute2x128_si256::<0x31>(a, b),
            );
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn largest(bounds: &[f32; ROWS]) -> f32 {
        let load = |part: &[f32; 8]| {
            // SAFETY: the array has the 8 numbers that are read; no alignment is needed.
            unsafe { _mm256_loadu_ps(part.as_ptr()) }
        };
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| load(&bounds.as_chunks().0[i]));
        let max = _mm256_max_ps(_mm256_max_ps(a, b), _mm256_max_ps(c, d));
        let max = _mm_max_ps(_mm256_castps256_ps128(max), _mm256_extractf128_ps::<1>(max));
        let max = _mm_max_ps(max, _mm_movehl_ps(max, max));
        _mm_cvtss_f32(_mm_max_ss(max, _mm_movehdup_ps(max)))
    }

    scan_with!(sums, largest, "avx2,fma");
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::*;
    use std::arch::x86_64::*;

    /// Looks up 32 rows of a unit: one half of it in each half of the register.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn unit(codes: &[u8; UNIT_BYTES], tables: &[u8; TABLE_BYTES]) -> __m512i {
        // SAFETY: the arrays have the 64 and twice 64 bytes that are read; no alignment is needed.
        let (x, low_table, high_table) = unsafe {
            (
                _mm512_loadu_si512(codes.as_ptr().cast()),
                _mm512_loadu_si512(tables.as_ptr().cast()),
                _mm512_loadu_si512(tables.as_ptr().add(64).cast()),
            )
        };
        let nibble = _mm512_set1_epi8(15);
        let high = _mm512_and_si512(_mm512_srli_epi16::<4>(x), nibble);
        let low = _mm512_and_si512(x, nibble);
        _mm512_add_epi8(
            _mm512_shuffle_epi8(low_table, low),
            _mm512_shuffle_epi8(high_table, high),
        )
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn sums(codes: &[u8], tables: &[u8], out: &mut [u16; ROWS]) {
        let (mut even, mut odd) = (_mm512_setzero_si512(), _mm512_setzero_si512());
        let codes = codes.as_chunks::<UNIT_BYTES>().0.as_chunks::<2>().0;
        let tables = tables.as_chunks::<TABLE_BYTES>().0.as_chunks::<2>().0;
        for ([c0, c1], [t0, t1]) in codes.iter().zip(tables) {
            // Four entries of at most 63 fit a byte.
            let bytes = _mm512_add_epi8(unit(c0, t0), unit(c1, t1));
            // Taken as 16-bit numbers, the odd bytes are 256-fold too much in `even`; undone below.
            even = _mm512_add_epi16(even, bytes);
            odd = _mm512_add_epi16(odd, _mm512_srli_epi16::<8>(bytes));
        }
        even = _mm512_sub_epi16(even, _mm512_slli_epi16::<8>(odd));
        let fold =
            |x| _mm256_add_epi16(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64::<1>(x));
        let (even, odd) = (fold(even), fold(odd));
        let (a, b) = (
            _mm256_unpacklo_epi16(even, odd),
            _mm256_unpackhi_epi16(even, odd),
        );
        let (low, high) = out.split_at_mut(16);
        // SAFETY: both halves have the 16 numbers of 2 bytes that are written.
        unsafe {
            _mm256_storeu_si256(
                low.as_mut_ptr().cast(),
                _mm256_permute2x128_si256::<0x20>(a, b),
            );
            _mm256_storeu_si256(
                high.as_mut_ptr().cast(),
                _mm256_permute2x128_si256::<0x31>(a, b),
            );
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn largest(bounds: &[f32; ROWS]) -> f32 {
        let (low, high) = bounds.split_at(16);
        // SAFETY: both halves have the 16 numbers that are read; no alignment is needed.
        let (low, high) = unsafe {
            (
                _mm512_loadu_ps(low.as_ptr()),
                _mm512_loadu_ps(high.as_ptr()),
            )
        };
        _mm512_reduce_max_ps(_mm512_max_ps(low, high))
    }

    scan_with!(sums, largest, "avx512f,avx512bw");
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use super::*;
    use std::arch::aarch64::*;

    fn load(bytes: &[u8]) -> uint8x16_t {
        let bytes: &[u8; 16] = bytes.as_chunks().0.first().unwrap_or(&[0; 16]);
        // SAFETY: the array has the 16 bytes that are read; NEON is part of the target.
        unsafe { vld1q_u8(bytes.as_ptr()) }
    }

    #[inline(always)]
    fn sums(codes: &[u8], tables: &[u8], out: &mut [u16; ROWS]) {
        let units = codes.as_chunks::<UNIT_BYTES>().0;
        // SAFETY: NEON is part of the target, and only registers and whole arrays are touched.
        unsafe {
            let mut wide = [vdupq_n_u16(0); 4];
            for (codes, tables) in units.iter().zip(tables.as_chunks::<TABLE_BYTES>().0) {
                let table = |at: usize| load(&tables[at..]);
                let (t0, t1, t2, t3) = (table(0), table(64), table(32), table(96));
                for rows in 0..2 {
                    let (x, y) = (load(&codes[rows * 16..]), load(&codes[32 + rows * 16..]));
                    let nibble = vdupq_n_u8(15);
                    let a = vqtbl1q_u8(t0, vandq_u8(x, nibble));
                    let b = vqtbl1q_u8(t1, vshrq_n_u8::<4>(x));
                    let c = vqtbl1q_u8(t2, vandq_u8(y, nibble));
                    let d = vqtbl1q_u8(t3, vshrq_n_u8::<4>(y));
                    // Four entries of at most 63 fit a byte.
                    let bytes = vaddq_u8(vaddq_u8(a, b), vaddq_u8(c, d));
                    wide[rows * 2] = vaddw_u8(wide[rows * 2], vget_low_u8(bytes));
                    wide[rows * 2 + 1] = vaddw_high_u8(wide[rows * 2 + 1], bytes);
                }
            }
            for (part, sums) in out.as_chunks_mut::<8>().0.iter_mut().zip(wide) {
                vst1q_u16(part.as_mut_ptr(), sums);
            }
        }
    }

    scan_with!(sums, largest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bytes from a seed.
    fn bytes(n: usize, seed: u64) -> Vec<u8> {
        let mut state = seed | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 24) as u8
        };
        (0..n).map(|_| next()).collect()
    }

    /// What `bounds` is to compute, row by row and dimension group by dimension group.
    fn oracle(blocks: &[u8], lookup: Lookup<'_>, wanted: &[bool]) -> Vec<f32> {
        let units = lookup.tables.len() / TABLE_BYTES;
        let number = |b: &[u8]| f32::from_bits(u32::from(u16::from_le_bytes([b[0], b[1]])) << 16);
        let mut out = Vec::new();
        for (row, wanted) in wanted.iter().enumerate() {
            let (block, j) = (&blocks[row / ROWS * block_bytes(units)..], row % ROWS);
            let mut sum = 0u32;
            for group in 0..units * 4 {
                let byte = block[group / 4 * UNIT_BYTES + group % 4 / 2 * 32 + j];
                let code = if group % 2 == 0 { byte & 15 } else { byte >> 4 };
                let table = group / 4 * TABLE_BYTES + group % 2 * 64 + group % 4 / 2 * 32;
                sum += u32::from(lookup.tables[table + usize::from(code)]);
            }
            let factors = &block[units * UNIT_BYTES..];
            let bound = number(&factors[j * 2..]) * (sum as f32 * lookup.step + lookup.bias)
                + (number(&factors[64 + j * 2..]) * lookup.weight + lookup.base);
            out.push(if *wanted { bound } else { f32::NEG_INFINITY });
        }
        out
    }

    fn tables(units: usize, largest: u8, seed: u64) -> Vec<u8> {
        let entries = bytes(units * 64, seed);
        let mut tables = Vec::new();
        for unit in entries.chunks_exact(64) {
            for group in [0, 2, 1, 3] {
                for _ in 0..2 {
                    let entries = unit[group * 16..][..16].iter();
                    tables
                        .extend(entries.map(|e| (u16::from(*e) * u16::from(largest) / 255) as u8));
                }
            }
        }
        tables
    }

    fn codes(blocks: usize, units: usize, seed: u64) -> Vec<u8> {
        let mut out = bytes(blocks * block_bytes(units), seed);
        for block in out.chunks_exact_mut(block_bytes(units)) {
            // Any finite bfloat16.
            for factor in block[units * UNIT_BYTES..].as_chunks_mut::<2>().0 {
                factor[1] = factor[1] & 0x80 | 0x30 | factor[1] & 0x0f;
            }
        }
        out
    }

    proptest! {
        #[test]
        fn every_level_gives_the_bits_of_the_oracle(
            blocks in 0usize..9, quarter_units in 1usize..20, seed: u64, density in 0u8..5,
            masked: bool,
        ) {
            let units = quarter_units * 4;
            let largest = MAX_ENTRY.min((65_535 / (units * 4)) as u8);
            let (codes, tables) = (codes(blocks, units, seed), tables(units, largest, seed ^ 1));
            let lookup = Lookup { tables: &tables, step: 0.013, bias: -3.7, weight: 1.1, base: 0.3 };
            let words: Vec<u64> = bytes(blocks.div_ceil(2) * 64, seed ^ 2)
                .chunks_exact(64)
                .map(|b| (0..64).fold(0, |w, i| w | u64::from(b[i] % 4 < density) << i))
                .map(|w: u64| if density == 1 { w & 0xffff_ffff } else { w })
                .collect();
            let wanted: Vec<bool> = (0..blocks * ROWS)
                .map(|row| !masked || words[row / 64] >> (row % 64) & 1 == 1)
                .collect();
            let expected = oracle(&codes, lookup, &wanted);
            for level in Level::available() {
                let mut out = vec![7.0; blocks * ROWS];
                let mut maxima = vec![7.0; blocks];
                let words = masked.then_some(&*words);
                bounds_at(level, &codes, lookup, words, &mut out, &mut maxima);
                for (b, expected) in expected.chunks_exact(ROWS).enumerate() {
                    let max = expected.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    prop_assert_eq!(maxima[b].to_bits(), max.to_bits(), "{:?}", level);
                    if max > f32::NEG_INFINITY {
                        for (got, want) in out[b * ROWS..].iter().zip(expected) {
                            prop_assert_eq!(got.to_bits(), want.to_bits(), "{:?}", level);
                        }
                    }
                }
            }
        }

        #[test]
        fn the_full_range_of_sums_is_kept(units in 1usize..260, code: u8) {
            let units = units * 4;
            let largest = MAX_ENTRY.min((65_535 / (units * 4)) as u8);
            let tables = vec![largest; units * TABLE_BYTES];
            let mut block = vec![code; block_bytes(units)];
            for j in 0..ROWS {
                block[units * UNIT_BYTES + j * 2..][..2].copy_from_slice(&[0x80, 0x3f]);
                block[units * UNIT_BYTES + 64 + j * 2..][..2].copy_from_slice(&[0, 0]);
            }
            let lookup = Lookup { tables: &tables, step: 1.0, bias: 0.0, weight: 1.0, base: 0.0 };
            for level in Level::available() {
                let (mut out, mut maxima) = ([0.0; ROWS], [0.0]);
                bounds_at(level, &block, lookup, None, &mut out, &mut maxima);
                prop_assert_eq!(out, [(units * 4) as f32 * f32::from(largest); ROWS]);
            }
        }
    }

    #[test]
    fn not_below_takes_the_bar_itself_and_no_nan() {
        let mut bounds = [f32::NEG_INFINITY; ROWS];
        (bounds[0], bounds[5], bounds[31], bounds[7]) = (1.0, 2.0, f32::INFINITY, f32::NAN);
        assert_eq!(not_below(&bounds, 1.0), 1 << 0 | 1 << 5 | 1 << 31);
        assert_eq!(not_below(&bounds, 1.5), 1 << 5 | 1 << 31);
    }
}
