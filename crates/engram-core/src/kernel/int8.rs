//! Products of signed bytes, in integers.
//!
//! Owns: the dot product of two `i8` vectors. Exact: every level gives the same integer. A sum
//! stays within `i32` up to 131,071 elements, and wraps beyond.

use super::Level;

/// The dot product of `a` and `b`, up to the shorter one.
#[must_use]
pub fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    dot_i8_at(Level::best(), a, b)
}

/// Replaces `out` by the dot product of `query` with each row of `dim` bytes.
///
/// A last row that is not complete is left out, and `dim` 0 gives no rows.
pub fn dot_i8_each(query: &[i8], rows: &[i8], dim: usize, out: &mut Vec<i32>) {
    dot_i8_each_at(Level::best(), query, rows, dim, out);
}

pub(super) fn dot_i8_at(level: Level, a: &[i8], b: &[i8]) -> i32 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    match level {
        Level::Portable => portable(a, b),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::dot(a, b),
        // SAFETY: levels are handed on only where they are available.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::dot_avx2(a, b) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::dot_avx512(a, b) },
    }
}

pub(super) fn dot_i8_each_at(
    level: Level,
    query: &[i8],
    rows: &[i8],
    dim: usize,
    out: &mut Vec<i32>,
) {
    out.clear();
    if dim == 0 {
        return;
    }
    out.reserve(rows.len() / dim);
    let query = &query[..query.len().min(dim)];
    match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: levels are handed on only where they are available.
        Level::Avx512 => unsafe { x86::each_avx512(query, rows, dim, out) },
        _ => out.extend(
            rows.chunks_exact(dim)
                .map(|row| dot_i8_at(level, query, row)),
        ),
    }
}

fn portable(a: &[i8], b: &[i8]) -> i32 {
    let product = |(&x, &y)| i32::from(x) * i32::from(y);
    a.iter()
        .zip(b)
        .map(product)
        .fold(0, |sum: i32, p| sum.wrapping_add(p))
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2")]
    pub(super) fn dot_avx2(a: &[i8], b: &[i8]) -> i32 {
        let ((a_blocks, a_rest), (b_blocks, b_rest)) = (a.as_chunks::<32>(), b.as_chunks::<32>());
        let mut sums = [_mm256_setzero_si256(); 2];
        for (x, y) in a_blocks.iter().zip(b_blocks) {
            for (half, sum) in sums.iter_mut().enumerate() {
                // SAFETY: sixteen of the 32 bytes of each block are read.
                let (x, y) = unsafe {
                    (
                        _mm_loadu_si128(x.as_ptr().add(16 * half).cast()),
                        _mm_loadu_si128(y.as_ptr().add(16 * half).cast()),
                    )
                };
                // Multiplying as 16 bits is exact; the byte instruction would saturate.
                let products = _mm256_madd_epi16(_mm256_cvtepi8_epi16(x), _mm256_cvtepi8_epi16(y));
                *sum = _mm256_add_epi32(*sum, products);
            }
        }
        let [low, high] = sums;
        let eight = _mm256_add_epi32(low, high);
        let four = _mm_add_epi32(
            _mm256_castsi256_si128(eight),
            _mm256_extracti128_si256::<1>(eight),
        );
        let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b1110>(four));
        let one = _mm_add_epi32(two, _mm_shuffle_epi32::<0b01>(two));
        _mm_cvtsi128_si32(one).wrapping_add(super::portable(a_rest, b_rest))
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub(super) fn dot_avx512(a: &[i8], b: &[i8]) -> i32 {
        biased(a, b).wrapping_sub(bias(b))
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub(super) fn each_avx512(query: &[i8], rows: &[i8], dim: usize, out: &mut Vec<i32>) {
        let bias = bias(query);
        for row in rows.chunks_exact(dim) {
            out.push(biased(&row[..query.len()], query).wrapping_sub(bias));
        }
    }

    /// The dot product of `a + 128` and `b`: the instruction multiplies unsigned by signed bytes.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn biased(a: &[i8], b: &[i8]) -> i32 {
        let flip = _mm512_set1_epi8(-128);
        let mut sums = [_mm512_setzero_si512(); 2];
        let (blocks, rest) = (a.len() / 64, a.len() % 64);
        for block in 0..blocks {
            // SAFETY: both slices have 64 bytes there; the callers cut them to one length.
            let (x, y) = unsafe {
                (
                    _mm512_loadu_si512(a.as_ptr().add(64 * block).cast()),
                    _mm512_loadu_si512(b.as_ptr().add(64 * block).cast()),
                )
            };
            let sum = &mut sums[block % 2];
            *sum = _mm512_dpbusd_epi32(*sum, _mm512_xor_si512(x, flip), y);
        }
        let [mut low, high] = sums;
        if rest > 0 {
            let mask = (1u64 << rest) - 1;
            // SAFETY: bytes that the mask leaves out are not read.
            let (x, y) = unsafe {
                (
                    _mm512_maskz_loadu_epi8(mask, a.as_ptr().add(64 * blocks)),
                    _mm512_maskz_loadu_epi8(mask, b.as_ptr().add(64 * blocks)),
                )
            };
            low = _mm512_dpbusd_epi32(low, _mm512_xor_si512(x, flip), y);
        }
        _mm512_reduce_add_epi32(_mm512_add_epi32(low, high))
    }

    /// What `biased` adds to the product: 128 times the sum of `b`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn bias(b: &[i8]) -> i32 {
        b.iter()
            .map(|x| i32::from(*x))
            .sum::<i32>()
            .wrapping_mul(128)
    }
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use std::arch::aarch64::*;

    pub(super) fn dot(a: &[i8], b: &[i8]) -> i32 {
        let ((a_blocks, a_rest), (b_blocks, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
        // SAFETY: every aarch64 processor has NEON; sixteen bytes of each block are read.
        let sum = unsafe {
            let mut sums = vdupq_n_s32(0);
            for (x, y) in a_blocks.iter().zip(b_blocks) {
                let (x, y) = (vld1q_s8(x.as_ptr()), vld1q_s8(y.as_ptr()));
                sums = vpadalq_s16(sums, vmull_s8(vget_low_s8(x), vget_low_s8(y)));
                sums = vpadalq_s16(sums, vmull_s8(vget_high_s8(x), vget_high_s8(y)));
            }
            vaddvq_s32(sums)
        };
        sum.wrapping_add(super::portable(a_rest, b_rest))
    }
}
