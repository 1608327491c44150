//! Some words of bits at once.

/// Up to `COUNT` words as they lie in memory; operations work on each bit.
///
/// Every function asks that the processor has the features of the type; `load` and `store` also that
/// `words`, at most `COUNT`, words lie at their pointer. Words beyond are 0, and are not stored.
pub(super) trait Words: Copy {
    /// How many words it holds.
    const COUNT: usize;
    unsafe fn load(from: *const u8, words: usize) -> Self;
    unsafe fn store(self, to: *mut u64, words: usize);
    unsafe fn splat(word: u64) -> Self;
    unsafe fn and(self, other: Self) -> Self;
    unsafe fn or(self, other: Self) -> Self;
    /// What `other` has and this has not.
    unsafe fn not_and(self, other: Self) -> Self;
    /// Whether any bit is set.
    unsafe fn any(self) -> bool;
}

impl Words for u64 {
    const COUNT: usize = 1;

    #[inline(always)]
    unsafe fn load(from: *const u8, _: usize) -> u64 {
        // SAFETY: a part of a slice has one word at least.
        unsafe { from.cast::<u64>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u64, _: usize) {
        // SAFETY: as for `load`.
        unsafe { to.write(self) }
    }
    #[inline(always)]
    unsafe fn splat(word: u64) -> u64 {
        word
    }
    #[inline(always)]
    unsafe fn and(self, other: u64) -> u64 {
        self & other
    }
    #[inline(always)]
    unsafe fn or(self, other: u64) -> u64 {
        self | other
    }
    #[inline(always)]
    unsafe fn not_and(self, other: u64) -> u64 {
        !self & other
    }
    #[inline(always)]
    unsafe fn any(self) -> bool {
        self != 0
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Words;
    use std::arch::x86_64::*;

    impl Words for __m256i {
        const COUNT: usize = 4;

        #[inline(always)]
        unsafe fn load(from: *const u8, words: usize) -> __m256i {
            // SAFETY: `words` words can be read, and no others are.
            unsafe {
                match words {
                    4.. => _mm256_loadu_si256(from.cast()),
                    _ => _mm256_maskload_epi64(from.cast(), first(words)),
                }
            }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut u64, words: usize) {
            // SAFETY: `words` words can be written, and no others are.
            unsafe {
                match words {
                    4.. => _mm256_storeu_si256(to.cast(), self),
                    _ => _mm256_maskstore_epi64(to.cast(), first(words), self),
                }
            }
        }
        #[inline(always)]
        unsafe fn splat(word: u64) -> __m256i {
            // SAFETY: the processor has AVX2, as for all below.
            unsafe { _mm256_set1_epi64x(word as i64) }
        }
        #[inline(always)]
        unsafe fn and(self, other: __m256i) -> __m256i {
            // SAFETY: as above.
            unsafe { _mm256_and_si256(self, other) }
        }
        #[inline(always)]
        unsafe fn or(self, other: __m256i) -> __m256i {
            // SAFETY: as above.
            unsafe { _mm256_or_si256(self, other) }
        }
        #[inline(always)]
        unsafe fn not_and(self, other: __m256i) -> __m256i {
            // SAFETY: as above.
            unsafe { _mm256_andnot_si256(self, other) }
        }
        #[inline(always)]
        unsafe fn any(self) -> bool {
            // SAFETY: as above.
            unsafe { _mm256_testz_si256(self, self) == 0 }
        }
    }

    /// Ones in the first `words` words.
    #[inline(always)]
    unsafe fn first(words: usize) -> __m256i {
        // SAFETY: the processor has AVX2.
        unsafe {
            _mm256_cmpgt_epi64(
                _mm256_set1_epi64x(words as i64),
                _mm256_setr_epi64x(0, 1, 2, 3),
            )
        }
    }

    impl Words for __m512i {
        const COUNT: usize = 8;

        #[inline(always)]
        unsafe fn load(from: *const u8, words: usize) -> __m512i {
            // SAFETY: `words` words can be read, and no others are.
            unsafe { _mm512_maskz_loadu_epi64(lanes(words), from.cast()) }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut u64, words: usize) {
            // SAFETY: `words` words can be written, and no others are.
            unsafe { _mm512_mask_storeu_epi64(to.cast(), lanes(words), self) }
        }
        #[inline(always)]
        unsafe fn splat(word: u64) -> __m512i {
            // SAFETY: the processor has AVX-512, as for all below.
            unsafe { _mm512_set1_epi64(word as i64) }
        }
        #[inline(always)]
        unsafe fn and(self, other: __m512i) -> __m512i {
            // SAFETY: as above.
            unsafe { _mm512_and_si512(self, other) }
        }
        #[inline(always)]
        unsafe fn or(self, other: __m512i) -> __m512i {
            // SAFETY: as above.
            unsafe { _mm512_or_si512(self, other) }
        }
        #[inline(always)]
        unsafe fn not_and(self, other: __m512i) -> __m512i {
            // SAFETY: as above.
            unsafe { _mm512_andnot_si512(self, other) }
        }
        #[inline(always)]
        unsafe fn any(self) -> bool {
            // SAFETY: as above.
            unsafe { _mm512_test_epi64_mask(self, self) != 0 }
        }
    }

    /// The first `words` lanes.
    #[inline(always)]
    fn lanes(words: usize) -> __mmask8 {
        0xff >> 8usize.saturating_sub(words).min(7)
    }
}
