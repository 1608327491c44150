//! MaxSim of coded rows: sums of table entries instead of products.
//!
//! Owns: [`Lookup`]. A row is the sum of nine codewords: a coarse one, and one for each of eight
//! subspaces (product quantization of residuals, Jegou, Douze and Schmid, TPAMI 2011). The products
//! of a codeword with 32 query vectors are one entry, so that a row costs nine loads and additions
//! for all of them. The loops are plain integer ones that the compiler makes vectors of.
//!
//! Invariant: sums fit into 16 bits, the same at every level. Codes without a codeword count 0.

use super::Level;
use super::level::at_each_level;
use super::register::Register;
use std::ops::Range;

/// Query vectors that an entry serves.
pub const LOOKUP_LANES: usize = 32;
/// Subspaces of the fine codes: bytes of a row beside its coarse code.
pub const SUBSPACES: usize = 8;
/// Codewords of a subspace.
pub const CODEWORDS: usize = 256;

/// Products of one codeword with the query vectors, in steps of [`Lookup::step`].
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Entry([i16; LOOKUP_LANES]);

/// The products of query vectors with codewords.
pub struct Lookup {
    level: Level,
    /// Groups of 32 query vectors: how many are real, and the entries.
    groups: Vec<(usize, Vec<Entry>, Box<[Entry; SUBSPACES * CODEWORDS]>)>,
    step: f32,
}

impl Lookup {
    /// Rounds products to entries. `coarse` holds `stride` floats for each coarse codeword, `fine`
    /// as many for each codeword of each subspace in order, of which the first `count` are those
    /// with the query vectors.
    ///
    /// What is missing counts 0, and so does what is not a number.
    #[must_use]
    pub fn new(coarse: &[f32], fine: &[f32], stride: usize, count: usize) -> Lookup {
        Lookup::at(Level::best(), coarse, fine, stride, count)
    }

    pub(super) fn at(
        level: Level,
        coarse: &[f32],
        fine: &[f32],
        stride: usize,
        count: usize,
    ) -> Lookup {
        let largest = |x: &[f32]| x.iter().fold(0.0f32, |m, x| m.max(x.abs()));
        let stride = stride.max(1);
        let subspaces = fine.chunks(CODEWORDS * stride);
        // The largest sum of nine entries, each off by half a step, is then within 16 bits.
        let most = largest(coarse) + subspaces.map(largest).sum::<f32>();
        let step = most / f32::from(i16::MAX - 8);
        let inverse = if step > 0.0 { 1.0 / step } else { 0.0 };
        let entries = |products: &[f32], first: usize| {
            let rows = products.len() / stride;
            let mut out = vec![Entry([0; LOOKUP_LANES]); rows];
            let end = count.min(first + LOOKUP_LANES).min(stride);
            // SAFETY: levels are handed on only where they are available; the body is safe code.
            unsafe { round_all(level, (products, stride), first..end, inverse, &mut out) };
            out
        };
        let group = |first: usize| {
            let mut all = entries(fine, first);
            all.resize(SUBSPACES * CODEWORDS, Entry([0; LOOKUP_LANES]));
            let fine = all.into_boxed_slice().try_into();
            let fine = fine.unwrap_or_else(|_| unreachable!("it was given this length"));
            (
                (count - first).min(LOOKUP_LANES),
                entries(coarse, first),
                fine,
            )
        };
        Lookup {
            level,
            groups: (0..count).step_by(LOOKUP_LANES).map(group).collect(),
            step,
        }
    }

    /// Replaces `out` by about the MaxSim of each document, a range of coded rows; rows that are not
    /// there are left out. A document without rows scores minus infinity.
    pub fn max_sim(
        &self,
        coarse: &[u16],
        fine: &[[u8; SUBSPACES]],
        documents: &[Range<usize>],
        out: &mut Vec<f32>,
    ) {
        out.clear();
        out.resize(documents.len(), 0.0);
        // SAFETY: a table has the level that was available when it was made; the body is safe code.
        unsafe { max_sim_all(self.level, self, (coarse, fine), documents, out) };
    }
}

at_each_level!(
    fn round_all(
        products: (&[f32], usize),
        lanes: Range<usize>,
        inverse: f32,
        out: &mut [Entry],
    ) = round_body
);
at_each_level!(
    fn max_sim_all(
        table: &Lookup,
        codes: (&[u16], &[[u8; SUBSPACES]]),
        documents: &[Range<usize>],
        out: &mut [f32],
    ) = max_sim_body
);

/// Rounds some lanes of each row to entries.
#[inline(always)]
unsafe fn round_body<V: Register>(
    (products, stride): (&[f32], usize),
    lanes: Range<usize>,
    inverse: f32,
    out: &mut [Entry],
) {
    // Adding 1.5 x 2^23 leaves the nearest integer in the low bits; what is no number leaves zeros.
    let round = |x: f32| (x * inverse + 12_582_912.0).to_bits() as i16;
    for (row, entry) in products.chunks_exact(stride).zip(out) {
        let row = row.get(lanes.clone()).unwrap_or(&[]);
        match row.first_chunk::<LOOKUP_LANES>() {
            Some(row) => {
                for (lane, x) in entry.0.iter_mut().zip(row) {
                    *lane = round(*x);
                }
            }
            None => {
                for (lane, x) in entry.0.iter_mut().zip(row) {
                    *lane = round(*x);
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn max_sim_body<V: Register>(
    table: &Lookup,
    (coarse, fine): (&[u16], &[[u8; SUBSPACES]]),
    documents: &[Range<usize>],
    out: &mut [f32],
) {
    let count = coarse.len().min(fine.len());
    for (document, score) in documents.iter().zip(out) {
        let (start, end) = (document.start.min(count), document.end.min(count));
        if start >= end {
            *score = f32::NEG_INFINITY;
            continue;
        }
        let mut sum = 0i64;
        for (real, coarse_entries, fine_entries) in &table.groups {
            let mut best = [i16::MIN; LOOKUP_LANES];
            for (c, f) in coarse[start..end].iter().zip(&fine[start..end]) {
                let mut row = match coarse_entries.get(usize::from(*c)) {
                    Some(entry) => entry.0,
                    None => [0; LOOKUP_LANES],
                };
                for (subspace, code) in f.iter().enumerate() {
                    let entry = &fine_entries[subspace * CODEWORDS + usize::from(*code)];
                    for (x, y) in row.iter_mut().zip(&entry.0) {
                        *x = x.saturating_add(*y);
                    }
                }
                for (best, x) in best.iter_mut().zip(row) {
                    *best = (*best).max(x);
                }
            }
            sum += best.iter().take(*real).map(|x| i64::from(*x)).sum::<i64>();
        }
        *score = sum as f32 * table.step;
    }
}
