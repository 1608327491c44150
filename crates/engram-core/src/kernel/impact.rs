//! Scores of a block of postings, and the scan of an accumulator of them.
//!
//! Owns: [`Impact`], and the choice of body at run time. Invariant: every body gives the same bits as
//! the plain loop; all operations on `f32` are ones that IEEE 754 rounds one way.

#[cfg(target_arch = "x86_64")]
use super::level::is_avx512;

/// How a term's occurrences become a score; see [`impacts`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impact {
    /// What a score cannot reach.
    pub weight: f32,
    /// The part of the norm that is the same for every document.
    pub fixed: f32,
    /// The norm that each term of a document adds.
    pub per_len: f32,
    /// 2^23 times the quantum that scores are rounded to, so that adding it rounds.
    pub magic: f32,
    /// The smallest score of an occurrence: one quantum.
    pub floor: f32,
}

impl Impact {
    /// The score of `tf` occurrences in a document of `len` terms.
    #[must_use]
    #[inline(always)]
    pub fn of(&self, tf: f32, len: f32) -> f32 {
        let norm = self.fixed + self.per_len * len;
        let score = self.weight * (tf / (tf + norm));
        ((score + self.magic) - self.magic).max(self.floor)
    }
}

/// The score of each document: `tfs` and `lens` side by side, as many as there are in `out`.
#[inline]
pub fn impacts(impact: &Impact, tfs: &[u32], lens: &[u32], out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if is_avx512() {
        // SAFETY: the level has the features.
        return unsafe { wide::impacts(impact, tfs, lens, out) };
    }
    impacts_body(impact, tfs, lens, out);
}

#[inline(always)]
fn impacts_body(impact: &Impact, tfs: &[u32], lens: &[u32], out: &mut [f32]) {
    for ((to, &tf), &len) in out.iter_mut().zip(tfs).zip(lens) {
        // As signed numbers, which every level can convert; all are below 2^31.
        *to = impact.of(tf as i32 as f32, len as i32 as f32);
    }
}

/// Which of `scores` are at least `bar`: bit i of word j stands for 64 j + i. NaN is not.
pub fn at_least(scores: &[f32], bar: f32, sink: impl FnMut(usize, u64)) {
    #[cfg(target_arch = "x86_64")]
    if is_avx512() {
        // SAFETY: the level has the features.
        return unsafe { wide::at_least(scores, bar, sink) };
    }
    at_least_body(scores, sink, |chunk| {
        // Two passes: that any is above is rare, and found without a branch for each.
        if !chunk.iter().fold(false, |any, &score| any | (score >= bar)) {
            return 0;
        }
        mask_of(chunk, bar)
    });
}

fn mask_of(chunk: &[f32], bar: f32) -> u64 {
    let bits = chunk.iter().enumerate();
    bits.fold(0, |mask, (i, &score)| mask | u64::from(score >= bar) << i)
}

#[inline(always)]
fn at_least_body(
    scores: &[f32],
    mut sink: impl FnMut(usize, u64),
    mask: impl Fn(&[f32; 64]) -> u64,
) {
    let (full, rest) = scores.as_chunks::<64>();
    for (word, chunk) in full.iter().enumerate() {
        let mask = mask(chunk);
        if mask != 0 {
            sink(word, mask);
        }
    }
    let mut last = [f32::NAN; 64];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let mask = mask(&last);
    if mask != 0 {
        sink(full.len(), mask);
    }
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use super::Impact;
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    pub(super) fn impacts(impact: &Impact, tfs: &[u32], lens: &[u32], out: &mut [f32]) {
        super::impacts_body(impact, tfs, lens, out);
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    pub(super) fn at_least(scores: &[f32], bar: f32, sink: impl FnMut(usize, u64)) {
        let bar = _mm512_set1_ps(bar);
        super::at_least_body(scores, sink, |chunk| {
            let (quarters, _) = chunk.as_chunks::<16>();
            let mut mask = 0;
            for (i, quarter) in quarters.iter().enumerate() {
                // SAFETY: a quarter is sixteen floats, and the level has the features.
                let reached = unsafe {
                    _mm512_cmp_ps_mask::<_CMP_GE_OQ>(_mm512_loadu_ps(quarter.as_ptr()), bar)
                };
                mask |= u64::from(reached) << (16 * i);
            }
            mask
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_block_scores_as_each_document_does(
            docs in prop::collection::vec((1u32..5000, 1u32..1_000_000), 0..150),
            weight in 0.0f32..20.0, fixed in 0.0f32..2.0, per_len in 0.0f32..0.1, exponent in -20i32..0
        ) {
            let quantum = 2f32.powi(exponent);
            let impact = Impact { weight, fixed, per_len, magic: quantum * 8_388_608.0, floor: quantum };
            let (tfs, lens): (Vec<u32>, Vec<u32>) = docs.iter().copied().unzip();
            let mut out = vec![0.0; docs.len()];
            impacts(&impact, &tfs, &lens, &mut out);
            for (found, (tf, len)) in out.iter().zip(&docs) {
                prop_assert_eq!(found.to_bits(), impact.of(*tf as f32, *len as f32).to_bits());
                prop_assert_eq!(found % quantum, 0.0);
            }
        }

        #[test]
        fn the_scan_finds_what_reaches_the_bar(scores in prop::collection::vec(0u8..5, 0..400), bar in 0u8..6) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let mut found = Vec::new();
            at_least(&scores, f32::from(bar), |word, mask| {
                found.extend((0..64).filter(|i| mask >> i & 1 == 1).map(|i| word * 64 + i));
            });
            let wanted: Vec<usize> = (0..scores.len()).filter(|&i| scores[i] >= f32::from(bar)).collect();
            prop_assert_eq!(found, wanted);
        }
    }
}
