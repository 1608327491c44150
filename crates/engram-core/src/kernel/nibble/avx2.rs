//! The scan with AVX2: 32 rows of half a unit at a time.

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
    weave(even, odd, out);
}

/// Writes the sums of even and odd rows in the order of the rows.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn weave(even: __m256i, odd: __m256i, out: &mut [u16; ROWS]) {
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
