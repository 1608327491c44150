//! Posting blocks: Elias-Fano coded ordinals and unary frequencies back to numbers, scores of a block, and
//! the scan of an accumulator.
//!
//! Owns: the choice of body at run time and the `unsafe` that AVX-512 needs. Invariants: every body
//! gives the same bits as the plain loop (integers, or `f32` operations that IEEE 754 rounds one way);
//! nothing beyond the slices handed in is read or written. Limits: [`BLOCK`] values, [`MAX_BITS`]
//! bits each. Bits are packed lowest first, without gaps between values.
//!
//! Sources: Elias, JACM 1974; Fano 1971; Vigna, WSDM 2013 (ordinals as high and low bits). Of the AVX-512
//! bodies: one byte permutation and one variable shift unpack sixteen values, and compressing the numbers
//! 0 to 63 by a word leaves the places of its ones.

#[cfg(target_arch = "x86_64")]
use super::Level;

/// Values of a full block.
pub const BLOCK: usize = 128;
/// Widest packed value.
pub const MAX_BITS: u32 = 31;

/// Bits within which [`ones`] looks.
pub const MAX_PLACES: usize = 4096;
const PLACES: usize = BLOCK + 64;

/// Where ones are in a bit stream; room for a word of them more than a block has.
pub type Places = [u16; PLACES];

/// Places to be filled.
pub const NO_PLACES: Places = [0; PLACES];

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

/// AVX-512 with VBMI2, which Ice Lake and Zen 4 brought together with the rest of the level.
#[cfg(target_arch = "x86_64")]
#[inline]
fn has_compress() -> bool {
    has_avx512() && is_x86_feature_detected!("avx512vbmi2")
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

/// Ordinals from high bits, which are the places of ones, and low bits: value i is `first` plus
/// `places[i] - i` times 2^`bits` plus the i-th of the packed low bits. Sums wrap.
///
/// False as for [`values`].
#[must_use]
#[inline]
pub fn ordinals(
    low: &[u8],
    bits: u32,
    count: usize,
    first: u32,
    places: &Places,
    out: &mut [u32; BLOCK],
) -> bool {
    if !values(low, bits, count, first, out) {
        return false;
    }
    #[cfg(target_arch = "x86_64")]
    if has_avx512() {
        // SAFETY: the level has the features.
        unsafe { wide::add_high(bits, places, out) };
        return true;
    }
    add_high(bits, places, out);
    true
}

#[inline(always)]
fn add_high(bits: u32, places: &Places, out: &mut [u32; BLOCK]) {
    for ((to, &place), i) in out.iter_mut().zip(places).zip(0u32..) {
        *to = to.wrapping_add(u32::from(place).wrapping_sub(i) << bits);
    }
}

/// Differences between places, the first from -1: the lengths of unary codes. Returns the largest of the
/// first `count`.
#[inline]
pub fn steps(places: &Places, count: usize, out: &mut [u32; BLOCK]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if has_avx512() {
        // SAFETY: the level has the features.
        return unsafe { wide::steps(places, count, out) };
    }
    steps_body(places, count, out)
}

#[inline(always)]
fn steps_body(places: &Places, count: usize, out: &mut [u32; BLOCK]) -> u32 {
    let ([first, rest @ ..], [to, rest_to @ ..]) = (places, &mut *out);
    *to = u32::from(*first) + 1;
    for ((to, &place), &before) in rest_to.iter_mut().zip(rest).zip(places) {
        *to = u32::from(place.wrapping_sub(before));
    }
    out.iter().take(count).copied().fold(0, u32::max)
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

/// Tells the processor that the front of `bytes` will be read soon: three lines of the cache or four.
#[inline]
pub fn will_read(bytes: &[u8]) {
    super::prefetch::prefetch(bytes.as_ptr(), bytes.len().min(160));
}

/// Which of `scores` are at least `bar`: bit i of word j stands for 64 j + i. NaN is not.
pub fn at_least(scores: &[f32], bar: f32, sink: impl FnMut(usize, u64)) {
    #[cfg(target_arch = "x86_64")]
    if has_avx512() {
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
    use super::{BLOCK, Impact, Places};
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

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    pub(super) fn add_high(bits: u32, places: &Places, out: &mut [u32; BLOCK]) {
        super::add_high(bits, places, out);
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    pub(super) fn steps(places: &Places, count: usize, out: &mut [u32; BLOCK]) -> u32 {
        super::steps_body(places, count, out)
    }

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
            if exact > 0 {
                let short = packed.get(..exact - 1).unwrap();
                prop_assert!(!values(short, bits, n, 0, &mut out));
            }
        }

        #[test]
        fn the_ones_of_a_stream_are_found(
            gaps in prop::collection::vec(0usize..20, 0..=BLOCK), start in 0usize..70, tail in 0usize..20
        ) {
            let mut at = 0;
            let wanted: Vec<u16> = gaps.iter().map(|gap| { at += gap + 1; (at - 1) as u16 }).collect();
            let end = wanted.last().map_or(0, |last| usize::from(*last) + 1);
            let mut bytes = vec![0u8; (start + end).div_ceil(8)];
            for place in &wanted {
                let bit = start + usize::from(*place);
                bytes[bit / 8] |= 1 << (bit % 8);
            }
            let exact = bytes.clone();
            bytes.extend(vec![0xff; tail]);
            let mut places = NO_PLACES;
            let n = wanted.len();
            prop_assert_eq!(ones(&bytes, start, n, &mut places), Some(start + end));
            prop_assert_eq!(places.get(..n).unwrap(), &wanted);
            for (i, place) in (0..).zip(&wanted) {
                let before = wanted.get((i as usize).wrapping_sub(1)).map_or(0, |b| usize::from(*b) + 1);
                prop_assert_eq!(one_at(&bytes, start, i), Some((usize::from(*place) + 1, before)));
            }
            let mut lengths = [0; BLOCK];
            let longest = steps(&places, n, &mut lengths);
            let steps: Vec<u32> = gaps.iter().map(|gap| *gap as u32 + 1).collect();
            prop_assert_eq!(longest, steps.iter().copied().max().unwrap_or(0));
            prop_assert_eq!(lengths.get(..n).unwrap(), &steps);
            if n < BLOCK {
                prop_assert!(ones(&exact, start, n + 1, &mut places).is_none());
            }
        }

        #[test]
        fn ordinals_come_back_from_high_and_low_bits(
            mut raw in prop::collection::vec(0u32..100_000, 1..=BLOCK), bits in 0u32..17, first in 0u32..1000
        ) {
            raw.sort_unstable();
            raw.dedup();
            prop_assume!(raw.iter().max().unwrap() >> bits < 3000);
            let low: Vec<u32> = raw.iter().map(|v| v & ((1 << bits) - 1)).collect();
            let mut places = NO_PLACES;
            for (i, v) in raw.iter().enumerate() {
                places[i] = (v >> bits) as u16 + i as u16;
            }
            let mut out = [0; BLOCK];
            prop_assert!(ordinals(&pack(&low, bits), bits, raw.len(), first, &places, &mut out));
            let wanted: Vec<u32> = raw.iter().map(|v| v + first).collect();
            prop_assert_eq!(out.get(..raw.len()).unwrap(), &wanted);
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
        assert!(!ordinals(&bytes, MAX_BITS + 1, 1, 0, &NO_PLACES, &mut out));
        assert!(ones(&[0xff; 64], 0, BLOCK + 1, &mut NO_PLACES.clone()).is_none());
        assert!(ones(&[0; 1000], 0, 1, &mut NO_PLACES.clone()).is_none());
    }
}
