//! The scan with AVX-512: 32 rows of a unit at a time.

use super::avx2::weave;
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
    let fold = |x| _mm256_add_epi16(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64::<1>(x));
    let (even, odd) = (fold(even), fold(odd));
    weave(even, odd, out);
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
