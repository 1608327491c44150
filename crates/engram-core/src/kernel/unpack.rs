//! Posting blocks: bit-packed gaps and frequencies back to numbers, scores of a block, and the scan of
//! an accumulator.
//!
//! Owns: the choice of body at run time and the `unsafe` that AVX-512 needs. Invariants: every body
//! gives the same bits as the plain loop (integers, or `f32` operations that IEEE 754 rounds one way);
//! nothing beyond the slices handed in is read or written. Limits: [`BLOCK`] values, [`MAX_BITS`]
//! bits each. Values are packed lowest bit first, without gaps between them.
//!
//! Source of the layout: frame of reference over blocks of 128 (Zukowski, Heman, Nes and Boncz, ICDE
//! 2006); of the AVX-512 body: one byte permutation and one variable shift for sixteen values.

#[cfg(target_arch = "x86_64")]
use super::Level;

/// Values of a full block.
pub const BLOCK: usize = 128;
/// Widest packed value.
pub const MAX_BITS: u32 = 31;

/// Bytes that a wide load may read behind the packed values.
const SLACK: usize = 64;
const PADDED: usize = BLOCK * 4 + SLACK;

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

#[cfg(target_arch = "x86_64")]
#[inline]
fn has_avx512() -> bool {
    Level::best() == Level::Avx512
}

/// Bytes that `count` values of `bits` bits take.
#[must_use]
pub fn packed_bytes(count: usize, bits: u32) -> usize {
    (count * bits as usize).div_ceil(8)
}

/// Runs `body` on the packed bytes with [`SLACK`] more behind them; false if they are too short.
#[inline]
fn with_slack(packed: &[u8], needed: usize, body: impl FnOnce(&[u8])) -> bool {
    if packed.len() >= needed + SLACK {
        body(packed);
        return true;
    }
    let Some(exact) = packed.get(..needed) else {
        return false;
    };
    let mut padded = [0; PADDED];
    if let Some(to) = padded.get_mut(..needed) {
        to.copy_from_slice(exact);
    }
    body(&padded);
    true
}

/// Unpacks `count` values and adds `add` to each; what is behind them in `out` is not defined.
///
/// False, with `out` unchanged, if `packed` is too short, `bits` or `count` too large. Sums wrap.
#[must_use]
#[inline]
pub fn values(packed: &[u8], bits: u32, count: usize, add: u32, out: &mut [u32; BLOCK]) -> bool {
    if bits > MAX_BITS || count > BLOCK {
        return false;
    }
    if bits == 0 {
        out.fill(add);
        return true;
    }
    with_slack(packed, packed_bytes(count, bits), |bytes| {
        #[cfg(target_arch = "x86_64")]
        if bits <= wide::MAX_BITS && has_avx512() {
            // SAFETY: the level has the features; `with_slack` leaves SLACK bytes behind the values.
            return unsafe { wide::values(bytes, bits, count, add, out) };
        }
        each_value(bytes, bits, count, |i, value| {
            if let Some(to) = out.get_mut(i) {
                *to = value.wrapping_add(add);
            }
        });
    })
}

/// Unpacks `count` gaps, and gives the ordinals they stand for: each is the one before plus the gap
/// plus one, the first `first` plus its gap.
///
/// False as for [`values`]. Sums wrap: the caller checks the last.
#[must_use]
#[inline]
pub fn ordinals(
    packed: &[u8],
    bits: u32,
    count: usize,
    first: u32,
    out: &mut [u32; BLOCK],
) -> bool {
    if bits > MAX_BITS || count > BLOCK {
        return false;
    }
    with_slack(packed, packed_bytes(count, bits), |bytes| {
        #[cfg(target_arch = "x86_64")]
        if bits <= wide::MAX_BITS && has_avx512() {
            // SAFETY: as in `values`.
            return unsafe { wide::ordinals(bytes, bits, count, first, out) };
        }
        let mut next = first;
        each_value(bytes, bits, count, |i, gap| {
            next = next.wrapping_add(gap);
            if let Some(to) = out.get_mut(i) {
                *to = next;
            }
            next = next.wrapping_add(1);
        });
    })
}

fn each_value(bytes: &[u8], bits: u32, count: usize, mut sink: impl FnMut(usize, u32)) {
    let mask = (1u64 << bits) - 1;
    let mut bit = 0;
    for i in 0..count {
        let window = bytes.get(bit / 8..).and_then(|rest| rest.first_chunk());
        let window = window.map_or(0, |window| u64::from_le_bytes(*window));
        sink(i, ((window >> (bit % 8)) & mask) as u32);
        bit += bits as usize;
    }
}

/// The score of each document: `tfs` and `lens` side by side, as many as there are in `out`.
#[inline]
pub fn impacts(impact: &Impact, tfs: &[u32], lens: &[u32], out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if has_avx512() {
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
pub fn at_least(scores: &[f32], bar: f32, mut sink: impl FnMut(usize, u64)) {
    let (full, rest) = scores.as_chunks::<64>();
    for (word, chunk) in full.iter().enumerate() {
        let mask = mask_of(chunk, bar);
        if mask != 0 {
            sink(word, mask);
        }
    }
    let mut last = 0;
    for (i, &score) in rest.iter().enumerate() {
        last |= u64::from(score >= bar) << i;
    }
    if last != 0 {
        sink(full.len(), last);
    }
}

#[inline]
fn mask_of(chunk: &[f32; 64], bar: f32) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if has_avx512() {
        // SAFETY: the level has the features.
        return unsafe { wide::mask_of(chunk, bar) };
    }
    // Two passes: that any is above is rare, and found without a branch for each.
    if !chunk.iter().fold(false, |any, &score| any | (score >= bar)) {
        return 0;
    }
    let bits = chunk.iter().enumerate();
    bits.fold(0, |mask, (i, &score)| mask | u64::from(score >= bar) << i)
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use super::{BLOCK, Impact};
    use std::arch::x86_64::*;

    /// A value and the bits before it in its first byte must fit 32 bits.
    pub(super) const MAX_BITS: u32 = 25;
    const WIDTHS: usize = MAX_BITS as usize + 1;

    /// For each width the bytes that lane i needs, and how far to shift them.
    const BYTES: [[u8; 64]; WIDTHS] = bytes();
    const SHIFTS: [[u32; 16]; WIDTHS] = shifts();

    const fn bytes() -> [[u8; 64]; WIDTHS] {
        let mut table = [[0; 64]; WIDTHS];
        let mut bits = 0;
        while bits < WIDTHS {
            let mut byte = 0;
            while byte < 64 {
                table[bits][byte] = ((byte / 4) * bits / 8 + byte % 4) as u8;
                byte += 1;
            }
            bits += 1;
        }
        table
    }

    const fn shifts() -> [[u32; 16]; WIDTHS] {
        let mut table = [[0; 16]; WIDTHS];
        let mut bits = 0;
        while bits < WIDTHS {
            let mut lane = 0;
            while lane < 16 {
                table[bits][lane] = (lane * bits % 8) as u32;
                lane += 1;
            }
            bits += 1;
        }
        table
    }

    struct Unpacker {
        bytes: __m512i,
        shifts: __m512i,
        mask: __m512i,
        stride: usize,
    }

    impl Unpacker {
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
        fn new(bits: u32) -> Unpacker {
            let width = (bits as usize).min(WIDTHS - 1);
            // SAFETY: both rows are 64 bytes.
            let (bytes, shifts) = unsafe {
                (
                    _mm512_loadu_si512(BYTES[width].as_ptr().cast()),
                    _mm512_loadu_si512(SHIFTS[width].as_ptr().cast()),
                )
            };
            Unpacker {
                bytes,
                shifts,
                mask: _mm512_set1_epi32((1i32 << width) - 1),
                // Sixteen values of b bits take 2 b bytes.
                stride: 2 * width,
            }
        }

        /// Values 16 j to 16 j + 15.
        ///
        /// # Safety
        /// 64 bytes from `stride * j` on must be readable.
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
        unsafe fn sixteen(&self, packed: *const u8, j: usize) -> __m512i {
            // SAFETY: the caller's promise.
            let raw = unsafe { _mm512_loadu_si512(packed.add(self.stride * j).cast()) };
            let windows = _mm512_permutexvar_epi8(self.bytes, raw);
            _mm512_and_si512(_mm512_srlv_epi32(windows, self.shifts), self.mask)
        }
    }

    /// # Safety
    /// `packed` must hold the values and 64 bytes more; `count` must not exceed [`BLOCK`].
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    pub(super) unsafe fn values(
        packed: &[u8],
        bits: u32,
        count: usize,
        add: u32,
        out: &mut [u32; BLOCK],
    ) {
        let unpacker = Unpacker::new(bits);
        let add = _mm512_set1_epi32(add as i32);
        for j in 0..count.min(BLOCK).div_ceil(16) {
            // SAFETY: sixteen values begin within the packed ones, and 64 bytes follow those.
            let found = unsafe { unpacker.sixteen(packed.as_ptr(), j) };
            // SAFETY: j is below 8, so that the store ends within `out`.
            unsafe {
                let to = out.as_mut_ptr().add(16 * j);
                _mm512_storeu_si512(to.cast(), _mm512_add_epi32(found, add));
            }
        }
    }

    /// # Safety
    /// As for [`values`].
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    pub(super) unsafe fn ordinals(
        packed: &[u8],
        bits: u32,
        count: usize,
        first: u32,
        out: &mut [u32; BLOCK],
    ) {
        let unpacker = Unpacker::new(bits);
        let (zero, one) = (_mm512_setzero_si512(), _mm512_set1_epi32(1));
        let last_lane = _mm512_set1_epi32(15);
        let mut before = _mm512_set1_epi32(first.wrapping_sub(1) as i32);
        for j in 0..count.min(BLOCK).div_ceil(16) {
            // SAFETY: as in `values`.
            let gaps = unsafe { unpacker.sixteen(packed.as_ptr(), j) };
            // Sums over 2, 4, 8, 16 lanes, each from those of half as many.
            let mut sum = _mm512_add_epi32(gaps, one);
            sum = _mm512_add_epi32(sum, _mm512_alignr_epi32::<15>(sum, zero));
            sum = _mm512_add_epi32(sum, _mm512_alignr_epi32::<14>(sum, zero));
            sum = _mm512_add_epi32(sum, _mm512_alignr_epi32::<12>(sum, zero));
            sum = _mm512_add_epi32(sum, _mm512_alignr_epi32::<8>(sum, zero));
            let found = _mm512_add_epi32(sum, before);
            before = _mm512_permutexvar_epi32(last_lane, found);
            // SAFETY: as in `values`.
            unsafe { _mm512_storeu_si512(out.as_mut_ptr().add(16 * j).cast(), found) };
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    pub(super) fn impacts(impact: &Impact, tfs: &[u32], lens: &[u32], out: &mut [f32]) {
        super::impacts_body(impact, tfs, lens, out);
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    pub(super) fn mask_of(chunk: &[f32; 64], bar: f32) -> u64 {
        let bar = _mm512_set1_ps(bar);
        let (quarters, _) = chunk.as_chunks::<16>();
        let mut mask = 0;
        for (i, quarter) in quarters.iter().enumerate() {
            // SAFETY: a quarter is sixteen floats.
            let scores = unsafe { _mm512_loadu_ps(quarter.as_ptr()) };
            mask |= u64::from(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(scores, bar)) << (16 * i);
        }
        mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pack(values: &[u32], bits: u32) -> Vec<u8> {
        let mut out = vec![0; packed_bytes(values.len(), bits)];
        for (i, value) in values.iter().enumerate() {
            for bit in 0..bits as usize {
                let at = i * bits as usize + bit;
                out[at / 8] |= ((value >> bit & 1) as u8) << (at % 8);
            }
        }
        out
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(
            bits in 0..=MAX_BITS, raw in prop::collection::vec(any::<u32>(), 0..=BLOCK),
            first in 0u32..1000, tail in 0usize..80
        ) {
            let wanted: Vec<u32> = raw.iter().map(|v| v & ((1u64 << bits) - 1) as u32).collect();
            let mut packed = pack(&wanted, bits);
            let exact = packed.len();
            packed.extend(vec![0xa5; tail]);
            let n = wanted.len();
            let mut out = [7; BLOCK];
            prop_assert!(values(&packed, bits, n, first, &mut out));
            let sums: Vec<u32> = wanted.iter().map(|v| v.wrapping_add(first)).collect();
            prop_assert_eq!(&out[..n], &sums);
            let mut next = first;
            let running: Vec<u32> = wanted.iter().map(|gap| {
                let ordinal = next.wrapping_add(*gap);
                next = ordinal.wrapping_add(1);
                ordinal
            }).collect();
            prop_assert!(ordinals(&packed, bits, n, first, &mut out));
            prop_assert_eq!(&out[..n], &running);
            if exact > 0 {
                let short = packed.get(..exact - 1).unwrap();
                prop_assert!(!values(short, bits, n, 0, &mut out) && !ordinals(short, bits, n, 0, &mut out));
            }
        }

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

    #[test]
    fn too_much_is_refused() {
        let mut out = [0; BLOCK];
        let bytes = [0; 1000];
        assert!(!values(&bytes, MAX_BITS + 1, 1, 0, &mut out));
        assert!(!values(&bytes, 1, BLOCK + 1, 0, &mut out));
        assert!(!ordinals(&bytes, MAX_BITS + 1, 1, 0, &mut out));
        assert!(!ordinals(&bytes, 1, BLOCK + 1, 0, &mut out));
    }
}
