//! Distances between rows of bits.
//!
//! Owns: the Hamming distance. Exact: every level gives the same integer. The product of an `f32`
//! query with a row of bits is in [`rows`](super::rows).

use super::Level;

/// In how many bits `a` and `b` differ, up to the shorter one.
#[must_use]
pub fn hamming(a: &[u8], b: &[u8]) -> u32 {
    hamming_at(Level::best(), a, b)
}

/// Replaces `out` by the Hamming distance of `query` from each row of `bytes` bytes.
///
/// A last row that is not complete is left out, and `bytes` 0 gives no rows.
pub fn hamming_each(query: &[u8], rows: &[u8], bytes: usize, out: &mut Vec<u32>) {
    hamming_each_at(Level::best(), query, rows, bytes, out);
}

pub(super) fn hamming_at(level: Level, a: &[u8], b: &[u8]) -> u32 {
    let n = a.len().min(b.len());
    let mut out = 0;
    rows_at(level, &a[..n], &b[..n], n, &mut |distance| out = distance);
    out
}

pub(super) fn hamming_each_at(
    level: Level,
    query: &[u8],
    rows: &[u8],
    bytes: usize,
    out: &mut Vec<u32>,
) {
    out.clear();
    out.reserve(rows.len().checked_div(bytes).unwrap_or(0));
    let query = &query[..query.len().min(bytes)];
    rows_at(level, query, rows, bytes, &mut |distance| {
        out.push(distance)
    });
}

/// Gives `sink` the distance of each row of `bytes` bytes, of which `query` covers the first.
fn rows_at(level: Level, query: &[u8], rows: &[u8], bytes: usize, sink: &mut impl FnMut(u32)) {
    if bytes == 0 {
        return;
    }
    match level {
        Level::Portable => portable(query, rows, bytes, sink),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::rows(query, rows, bytes, sink),
        // SAFETY: levels are handed on only where they are available.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::rows_avx2(query, rows, bytes, sink) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::rows_avx512(query, rows, bytes, sink) },
    }
}

#[inline(always)]
fn portable(query: &[u8], rows: &[u8], bytes: usize, sink: &mut impl FnMut(u32)) {
    for row in rows.chunks_exact(bytes) {
        sink(by_words(query, row));
    }
}

/// Eight bytes at a time; compiled with POPCNT it is one instruction a word.
#[inline(always)]
fn by_words(a: &[u8], b: &[u8]) -> u32 {
    let b = b.get(..a.len()).unwrap_or(b);
    let ((a_words, a_rest), (b_words, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sum = 0;
    for (x, y) in a_words.iter().zip(b_words) {
        sum += (u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y)).count_ones();
    }
    for (x, y) in a_rest.iter().zip(b_rest) {
        sum += (x ^ y).count_ones();
    }
    sum
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    // POPCNT on words keeps up with the shuffles that AVX2 would need up to some 64 bytes a row,
    // and rows are seldom longer.
    #[target_feature(enable = "avx2,popcnt")]
    pub(super) fn rows_avx2(query: &[u8], rows: &[u8], bytes: usize, sink: &mut impl FnMut(u32)) {
        for row in rows.chunks_exact(bytes) {
            sink(super::by_words(query, row));
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq")]
    pub(super) fn rows_avx512(query: &[u8], rows: &[u8], bytes: usize, sink: &mut impl FnMut(u32)) {
        let (blocks, rest) = (query.len() / 64, query.len() % 64);
        let mask = (1u64 << rest) - 1;
        for row in rows.chunks_exact(bytes) {
            let mut sums = _mm512_setzero_si512();
            for block in 0..blocks {
                // SAFETY: query and row have 64 bytes there: the query is not longer than a row.
                let (x, y) = unsafe {
                    (
                        _mm512_loadu_si512(query.as_ptr().add(64 * block).cast()),
                        _mm512_loadu_si512(row.as_ptr().add(64 * block).cast()),
                    )
                };
                let ones = _mm512_popcnt_epi64(_mm512_xor_si512(x, y));
                sums = _mm512_add_epi64(sums, ones);
            }
            // SAFETY: bytes that the mask leaves out are not read.
            let (x, y) = unsafe {
                (
                    _mm512_maskz_loadu_epi8(mask, query.as_ptr().add(64 * blocks).cast()),
                    _mm512_maskz_loadu_epi8(mask, row.as_ptr().add(64 * blocks).cast()),
                )
            };
            let ones = _mm512_popcnt_epi64(_mm512_xor_si512(x, y));
            sink(_mm512_reduce_add_epi64(_mm512_add_epi64(sums, ones)) as u32);
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use std::arch::aarch64::*;

    pub(super) fn rows(query: &[u8], rows: &[u8], bytes: usize, sink: &mut impl FnMut(u32)) {
        let (blocks, rest) = query.as_chunks::<16>();
        for row in rows.chunks_exact(bytes) {
            let (row_blocks, row_rest) = row.as_chunks::<16>();
            // SAFETY: every aarch64 processor has NEON; sixteen bytes of each block are read.
            let ones = unsafe {
                let mut sums = vdupq_n_u32(0);
                for (x, y) in blocks.iter().zip(row_blocks) {
                    let differ = veorq_u8(vld1q_u8(x.as_ptr()), vld1q_u8(y.as_ptr()));
                    sums = vpadalq_u16(sums, vpaddlq_u8(vcntq_u8(differ)));
                }
                vaddvq_u32(sums)
            };
            let at = blocks.len() * 16;
            let tail = row.get(at..).unwrap_or(row_rest);
            sink(ones + super::by_words(rest, tail));
        }
    }
}
