//! The places of ones in a bit stream.
//!
//! With AVX-512, compressing the numbers 0 to 63 by a word leaves the places of its ones.

use super::BLOCK;
#[cfg(target_arch = "x86_64")]
use crate::kernel::level::is_avx512;

/// Bits within which [`ones`] looks.
pub const MAX_PLACES: usize = 4096;
const PLACES: usize = BLOCK + 64;

/// Where ones are in a bit stream; room for a word of them more than a block has.
pub type Places = [u16; PLACES];

/// Places to be filled.
pub const NO_PLACES: Places = [0; PLACES];

/// AVX-512 with VBMI2, which Ice Lake and Zen 4 brought together with the rest of the level.
#[cfg(target_arch = "x86_64")]
#[inline]
fn has_compress() -> bool {
    is_avx512() && is_x86_feature_detected!("avx512vbmi2")
}

/// Where the first `count` ones of a bit stream are: `out[i]` is the place of the i-th, counted from bit
/// `start` of `bytes`. What is behind them in `out` is not defined.
///
/// `None` if there are fewer within [`MAX_PLACES`] bits. The result is where the last of them ends.
#[must_use]
#[inline]
pub fn ones(bytes: &[u8], start: usize, count: usize, out: &mut Places) -> Option<usize> {
    if count > BLOCK {
        return None;
    }
    let rest = bytes.get(start / 8..)?;
    #[cfg(target_arch = "x86_64")]
    if has_compress() {
        // SAFETY: the features were found.
        return unsafe { wide::ones(rest, start, count, out) };
    }
    ones_body(rest, start, count, |bits, base, found| {
        ones_of(bits, base, out.get_mut(found..).unwrap_or_default());
        out.get((count.max(1)) - 1).copied().unwrap_or(0)
    })
}

/// Walks over words until `count` ones were found. `each` takes a word, its place and how many ones were
/// found before it, fewer than `count`, and returns the place that is the last one's if it is known.
#[inline(always)]
fn ones_body(
    rest: &[u8],
    start: usize,
    count: usize,
    mut each: impl FnMut(u64, u16, usize) -> u16,
) -> Option<usize> {
    if count == 0 {
        return Some(start);
    }
    let mut found = 0;
    for word in 0..MAX_PLACES / 64 {
        let (bits, is_last) = word_at(rest, start % 8 + 64 * word);
        let last = each(bits, (64 * word) as u16, found);
        found += bits.count_ones() as usize;
        if found >= count {
            return Some(start + usize::from(last) + 1);
        }
        if is_last {
            return None;
        }
    }
    None
}

/// Where one number `index` of the bits from `start` on is, and where the one before it, both one more
/// and counted from there; that before the first is 0.
#[must_use]
#[inline]
pub fn one_at(bytes: &[u8], start: usize, index: u32) -> Option<(usize, usize)> {
    let rest = bytes.get(start / 8..)?;
    let (mut left, mut before) = (index, 0);
    for word in 0..MAX_PLACES / 64 {
        let (mut bits, is_last) = word_at(rest, start % 8 + 64 * word);
        let ones = bits.count_ones();
        if left < ones {
            let mut at = bits.trailing_zeros() as usize;
            for _ in 0..left {
                before = 64 * word + at + 1;
                bits &= bits - 1;
                at = bits.trailing_zeros() as usize;
            }
            return Some((64 * word + at + 1, before));
        }
        left -= ones;
        if ones > 0 {
            before = 64 * word + 64 - bits.leading_zeros() as usize;
        }
        if is_last {
            return None;
        }
    }
    None
}

/// 64 bits from bit `at` on, zeros behind the end, and whether that is within them.
#[inline(always)]
fn word_at(bytes: &[u8], at: usize) -> (u64, bool) {
    let (rest, shift) = (bytes.get(at / 8..).unwrap_or_default(), at % 8);
    match rest.first_chunk::<9>() {
        Some(window) => (join(window, shift), false),
        None => (last_word(rest, shift), true),
    }
}

#[inline(always)]
fn join(window: &[u8; 9], shift: usize) -> u64 {
    let [low @ .., high] = *window;
    u64::from_le_bytes(low) >> shift | u64::from(high) << 1 << (63 - shift)
}

#[cold]
fn last_word(rest: &[u8], shift: usize) -> u64 {
    let mut padded = [0; 9];
    padded
        .iter_mut()
        .zip(rest)
        .for_each(|(to, from)| *to = *from);
    join(&padded, shift)
}

fn ones_of(mut bits: u64, base: u16, out: &mut [u16]) {
    for to in out.iter_mut().take(bits.count_ones() as usize) {
        *to = base + bits.trailing_zeros() as u16;
        bits &= bits - 1;
    }
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use super::{BLOCK, Places};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,popcnt")]
    pub(super) fn ones(rest: &[u8], start: usize, count: usize, out: &mut Places) -> Option<usize> {
        const NUMBERS: [u8; 64] = {
            let mut numbers = [0; 64];
            let mut i = 0;
            while i < 64 {
                numbers[i] = i as u8;
                i += 1;
            }
            numbers
        };
        // SAFETY: the array is 64 bytes.
        let numbers = unsafe { _mm512_loadu_si512(NUMBERS.as_ptr().cast()) };
        super::ones_body(rest, start, count, |bits, base, found| {
            // SAFETY: fewer than `count`, at most BLOCK, were found before, so that the 64 places end
            // within `out`; the features are those of the function around.
            unsafe {
                let places = _mm512_maskz_compress_epi8(bits, numbers);
                let base = _mm512_set1_epi16(base as i16);
                let low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(places));
                let high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(places));
                let to = out.as_mut_ptr().add(found);
                _mm512_storeu_si512(to.cast(), _mm512_add_epi16(low, base));
                _mm512_storeu_si512(to.add(32).cast(), _mm512_add_epi16(high, base));
                *out.get_unchecked(count.min(BLOCK) - 1)
            }
        })
    }
}
