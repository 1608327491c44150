//! MaxSim of bytes by bytes with AVX-512 VNNI: the integer twin of `panel` and `tile`.
//!
//! Owns: [`VnniPanel`]. A register holds four dimensions of sixteen vectors; the instruction adds
//! the four products of each to its lane. It wants one side unsigned, so rows get 128 added, and
//! sums start from what that adds too much. Sums are exact integers.

use super::aligned::Aligned;
use super::panel::Weights;
use super::prefetch::prefetch_line;
use super::reference;
use std::arch::x86_64::*;
use std::ops::Range;

/// Vectors in a register.
const LANES: usize = 16;
/// Dimensions that a lane takes at once.
const DIMS: usize = 4;

/// Steps of the second byte of a fine panel in one of the first.
const FINER: f32 = 254.0;

/// Vectors rounded to signed bytes, laid across the lanes.
pub(super) struct VnniPanel {
    dim: usize,
    count: usize,
    /// Whether each number has two bytes, the second for what the first leaves.
    fine: bool,
    /// Groups of two registers of bytes, the last of one where that is enough. A group starts with
    /// what its sums start from, then `dim.div_ceil(DIMS)` times its width of four bytes. In a fine
    /// panel the two registers are the two bytes of sixteen vectors.
    words: Aligned<i32>,
    /// What a byte of each vector stands for; zeros up to whole registers.
    scales: Aligned<f32>,
    error: f32,
}

/// Rows of a document: the first byte, bytes from one to the next, and a scale for each.
#[derive(Clone, Copy)]
struct Document<'a> {
    rows: *const i8,
    stride: usize,
    scales: &'a [f32],
    weights: Weights<'a>,
    /// Which of the weights belongs to row 0.
    first: usize,
}

impl VnniPanel {
    /// Rounds and lays out whole vectors. Must be used where [`Level::Avx512`](super::Level) is.
    pub(super) fn new(vectors: &[f32], dim: usize, fine: bool) -> VnniPanel {
        let count = vectors.len().checked_div(dim).unwrap_or(0);
        let stride = count.next_multiple_of(LANES);
        let depth = 1 + dim.div_ceil(DIMS);
        let mut panel = VnniPanel {
            dim,
            count,
            fine,
            words: Aligned::zeros(stride * depth * if fine { 2 } else { 1 }),
            scales: Aligned::zeros(stride),
            error: 0.0,
        };
        for (i, vector) in vectors.chunks_exact(dim.max(1)).take(count).enumerate() {
            panel.put(i, vector);
        }
        panel
    }

    /// Rounds and lays out vector `i`.
    fn put(&mut self, i: usize, vector: &[f32]) {
        let stride = self.count.next_multiple_of(LANES);
        let depth = 1 + self.dim.div_ceil(DIMS);
        let (codes, scale) = round(vector);
        let decoded = codes.iter().map(|c| f32::from(*c) * scale);
        let mut rest: Vec<f32> = vector.iter().zip(decoded).map(|(x, y)| x - y).collect();
        let words = self.words.as_mut_slice();
        if self.fine {
            let step = scale / FINER;
            let second = round_to(&rest, step);
            for (x, code) in rest.iter_mut().zip(&second) {
                *x -= f32::from(*code) * step;
            }
            let group = &mut words[i / LANES * 2 * LANES * depth..];
            lay_out(&codes, &mut group[i % LANES..], 2 * LANES);
            lay_out(&second, &mut group[LANES + i % LANES..], 2 * LANES);
            self.scales.as_mut_slice()[i] = step;
        } else {
            let first = i / (2 * LANES) * (2 * LANES);
            let width = (2 * LANES).min(stride - first);
            lay_out(&codes, &mut words[first * depth..][i - first..], width);
            self.scales.as_mut_slice()[i] = scale;
        }
        self.error += reference::dot(&rest, &rest).sqrt() as f32;
    }

    /// The sum of the distances between the vectors and what they were rounded to.
    pub(super) fn error(&self) -> f32 {
        self.error
    }

    /// See [`BytePanel::max_sim`](super::BytePanel::max_sim).
    pub(super) fn max_sim(
        &self,
        codes: &[i8],
        scales: &[f32],
        weights: Weights<'_>,
        documents: &[Range<usize>],
        out: &mut Vec<f32>,
    ) {
        out.clear();
        out.reserve(documents.len());
        let rows = codes.len().checked_div(self.dim).unwrap_or(0);
        let rows = rows.min(scales.len());
        let mut padded = Vec::new();
        for document in documents {
            let (start, end) = (document.start.min(rows), document.end.min(rows));
            let count = end.saturating_sub(start);
            let codes = &codes[start * self.dim..][..count * self.dim];
            let (rows, stride) = match self.dim.is_multiple_of(DIMS) {
                true => (codes, self.dim),
                false => {
                    let stride = self.dim.next_multiple_of(DIMS);
                    padded.clear();
                    for row in codes.chunks_exact(self.dim) {
                        padded.extend_from_slice(row);
                        padded.resize(padded.len().next_multiple_of(stride), 0);
                    }
                    (padded.as_slice(), stride)
                }
            };
            let document = Document {
                rows: rows.as_ptr(),
                stride,
                scales: &scales[start..][..count],
                weights,
                first: start,
            };
            // SAFETY: whoever makes a panel promises the level; the document is that of the slices,
            // its rows are whole steps of DIMS bytes.
            out.push(unsafe { self.sum(document) });
        }
    }

    /// The MaxSim of one document.
    #[target_feature(enable = "avx512f,avx512vnni")]
    unsafe fn sum(&self, document: Document<'_>) -> f32 {
        let stride = self.count.next_multiple_of(LANES);
        let steps = self.dim.div_ceil(DIMS);
        let mut sum = 0.0;
        if self.fine {
            for first in (0..stride).step_by(LANES) {
                let words = &self.words.as_slice()[2 * first * (1 + steps)..];
                let scales = &self.scales.as_slice()[first..];
                // SAFETY: as below; a group has two registers.
                sum += unsafe { group_sum::<2, 1>(words, steps, document, scales) };
            }
            return sum;
        }
        for first in (0..stride).step_by(2 * LANES) {
            let words = &self.words.as_slice()[first * (1 + steps)..];
            let scales = &self.scales.as_slice()[first..];
            // SAFETY: the group has its width and `steps`; the document is the caller's promise.
            sum += unsafe {
                if first + 2 * LANES <= stride {
                    group_sum::<2, 2>(words, steps, document, scales)
                } else {
                    group_sum::<1, 1>(words, steps, document, scales)
                }
            };
        }
        sum
    }
}

/// Rounds a vector to bytes of -127 to 127, and tells what a byte stands for.
fn round(vector: &[f32]) -> (Vec<i8>, f32) {
    let largest = vector.iter().fold(0.0f32, |m, x| m.max(x.abs()));
    let scale = largest / 127.0;
    (round_to(vector, scale), scale)
}

fn round_to(vector: &[f32], step: f32) -> Vec<i8> {
    let inverse = if step > 0.0 { 1.0 / step } else { 0.0 };
    // The conversion saturates.
    let codes = vector.iter().map(|x| (x * inverse).round() as i8);
    codes.map(|code| code.max(-127)).collect()
}

/// Writes the words of one vector, `width` apart, behind the start of its sums.
fn lay_out(codes: &[i8], words: &mut [i32], width: usize) {
    words[0] = -128 * codes.iter().map(|c| i32::from(*c)).sum::<i32>();
    for (i, some) in codes.chunks(DIMS).enumerate() {
        let mut four = [0u8; DIMS];
        for (byte, code) in four.iter_mut().zip(some) {
            *byte = code.cast_unsigned();
        }
        words[(1 + i) * width] = i32::from_le_bytes(four);
    }
}

/// The part of a MaxSim that one group of `W` registers gives, of `V` registers of vectors: as many,
/// or half of them where each has two bytes. Padding lanes have zero bytes and add nothing.
///
/// # Safety
///
/// `words` holds `1 + steps` times `W` registers and `scales` `V`; the document's rows and scales
/// are there.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn group_sum<const W: usize, const V: usize>(
    words: &[i32],
    steps: usize,
    document: Document<'_>,
    scales: &[f32],
) -> f32 {
    let count = document.scales.len();
    if count == 0 {
        return f32::NEG_INFINITY;
    }
    let mut best = [_mm512_set1_ps(f32::NEG_INFINITY); V];
    let mut row = 0;
    // SAFETY: every tile ends at `count`; the rest is the caller's promise.
    unsafe {
        while row + 12 <= count {
            tile::<W, V, 12>(words.as_ptr(), steps, document, row, &mut best);
            row += 12;
        }
        while row + 4 <= count {
            tile::<W, V, 4>(words.as_ptr(), steps, document, row, &mut best);
            row += 4;
        }
        // A row that comes twice does no harm.
        if row < count && count >= 4 {
            tile::<W, V, 4>(words.as_ptr(), steps, document, count - 4, &mut best);
            row = count;
        }
        while row < count {
            tile::<W, V, 1>(words.as_ptr(), steps, document, row, &mut best);
            row += 1;
        }
    }
    let mut sum = _mm512_setzero_ps();
    for (w, best) in best.into_iter().enumerate() {
        // SAFETY: the caller promises a register of scales for each of words.
        let scale = unsafe { _mm512_loadu_ps(scales.as_ptr().add(w * LANES)) };
        sum = _mm512_fmadd_ps(best, scale, sum);
    }
    _mm512_reduce_add_ps(sum)
}

/// Takes rows `first..first + R` into the largest products.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn tile<const W: usize, const V: usize, const R: usize>(
    words: *const i32,
    steps: usize,
    document: Document<'_>,
    first: usize,
    best: &mut [__m512; V],
) {
    let stride = document.stride;
    let flip = _mm512_set1_epi8(-128);
    // SAFETY: the promises of `group_sum`.
    unsafe {
        let rows = document.rows.add(first * stride);
        let next = rows.wrapping_add(R * stride);
        let mut start = [_mm512_setzero_si512(); W];
        for (w, start) in start.iter_mut().enumerate() {
            *start = _mm512_loadu_si512(words.add(w * LANES).cast());
        }
        let mut sums = [start; R];
        for step in 0..steps {
            let mut lanes = start;
            for (w, lane) in lanes.iter_mut().enumerate() {
                *lane = _mm512_loadu_si512(words.add(((1 + step) * W + w) * LANES).cast());
            }
            // As in `tile`: many rows side by side, which the hardware does not see coming.
            prefetch_line(next.wrapping_add(step * R * DIMS).cast());
            for (r, sums) in sums.iter_mut().enumerate() {
                let four = rows.add(r * stride + step * DIMS).cast::<i32>();
                let x = _mm512_xor_si512(_mm512_set1_epi32(four.read_unaligned()), flip);
                for (sum, lane) in sums.iter_mut().zip(lanes) {
                    *sum = _mm512_dpbusd_epi32(*sum, x, lane);
                }
            }
        }
        for (r, sums) in sums.into_iter().enumerate() {
            let weight = document.weights.of(document.first + first + r);
            let scale = _mm512_set1_ps(document.scales[first + r] * weight);
            let products = sums.map(|sum| _mm512_cvtepi32_ps(sum));
            for (v, best) in best.iter_mut().enumerate() {
                let product = match W == V {
                    true => products[v],
                    false => _mm512_fmadd_ps(products[0], _mm512_set1_ps(FINER), products[1]),
                };
                *best = _mm512_max_ps(*best, _mm512_mul_ps(product, scale));
            }
        }
    }
}
