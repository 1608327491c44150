//! Closing the gaps of a bitmap: the bits at chosen places, moved next to each other.

/// The bits of `words` at the places of the ones of `places`, in order and without gaps.
///
/// Words that `words` lacks count as 0. The result has a bit for each one of `places`, and zeros up
/// to a whole word.
#[must_use]
pub fn extract(words: &[u64], places: &[u64]) -> Vec<u64> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("bmi2") {
        // SAFETY: the processor has the instruction, as just asked.
        return unsafe { bmi2(words, places) };
    }
    gather(words, places, portable)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "bmi2,popcnt")]
fn bmi2(words: &[u64], places: &[u64]) -> Vec<u64> {
    gather(words, places, |word, places| {
        std::arch::x86_64::_pext_u64(word, places)
    })
}

#[inline(always)]
fn gather(words: &[u64], places: &[u64], one: impl Fn(u64, u64) -> u64) -> Vec<u64> {
    let ones: usize = places.iter().map(|p| p.count_ones() as usize).sum();
    let mut out = Vec::with_capacity(ones.div_ceil(64));
    let (mut current, mut filled) = (0u64, 0u32);
    for (word, places) in words.iter().chain(std::iter::repeat(&0)).zip(places) {
        let (bits, n) = (one(*word, *places), places.count_ones());
        current |= bits.checked_shl(filled).unwrap_or(0);
        filled += n;
        if filled >= 64 {
            out.push(current);
            filled -= 64;
            // What did not fit: the highest `filled` of the `n` bits.
            current = bits.checked_shr(n - filled).unwrap_or(0);
        }
    }
    if filled > 0 {
        out.push(current);
    }
    out
}

/// One bit at a time.
fn portable(word: u64, places: u64) -> u64 {
    let (mut rest, mut out) = (word & places, 0);
    while rest != 0 {
        let lowest = rest & rest.wrapping_neg();
        out |= 1 << (places & (lowest - 1)).count_ones();
        rest ^= lowest;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_keep_their_order_and_close_their_gaps(
            words in prop::collection::vec(any::<u64>(), 0..9),
            places in prop::collection::vec(prop_oneof![Just(0), Just(u64::MAX), any::<u64>()], 0..9),
        ) {
            let bit = |words: &[u64], i: usize| words.get(i / 64).is_some_and(|w| w >> (i % 64) & 1 == 1);
            let chosen = (0..places.len() * 64).filter(|i| bit(&places, *i));
            let expected: Vec<bool> = chosen.map(|i| bit(&words, i)).collect();
            for out in [extract(&words, &places), gather(&words, &places, portable)] {
                prop_assert_eq!(out.len(), expected.len().div_ceil(64));
                let bits: Vec<bool> = (0..out.len() * 64).map(|i| bit(&out, i)).collect();
                prop_assert_eq!(&bits[..expected.len()], &expected[..]);
                prop_assert!(!bits[expected.len()..].contains(&true));
            }
        }
    }
}
