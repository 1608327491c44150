//! Several `f32` vectors against many rows: MaxSim, nearest rows, tables of products.
//!
//! Owns: [`Panel`], vectors laid across the lanes, and its three questions. The loop is in `tile`.
//! MaxSim is the late interaction of ColBERT (Khattab and Zaharia, SIGIR 2020).
//!
//! Invariant: a stored row gives the same bits as the decoded one. Complexity: linear in the
//! product of vectors, rows and dimensions; allocates a block of decoded rows where they are not
//! `f32`, and the outputs.

use super::Level;
use super::aligned::Aligned;
use super::level::at_each_level;
use super::register::Register;
use super::row::{BitRow, F16Row, I8Row, Row};
use super::rows::Rows;
use super::tile::{Largest, Nearest, Table, sweep};
use std::ops::Range;

/// Rows that are decoded at a time: 12 KiB at 128 dimensions, so block and panel share the cache
/// that is nearest; a multiple of the rows of a tile.
const BLOCK_ROWS: usize = 24;

/// What the products with a row are multiplied by before the largest is taken: under cosine, one
/// over its norm.
#[derive(Clone, Copy, Debug)]
pub enum Weights<'a> {
    /// The same for all rows.
    Same(f32),
    /// One for each row; a row without one counts 0.
    Each(&'a [f32]),
}

impl Weights<'_> {
    #[inline(always)]
    pub(super) fn of(self, row: usize) -> f32 {
        match self {
            Weights::Same(weight) => weight,
            Weights::Each(weights) => weights.get(row).copied().unwrap_or(0.0),
        }
    }
}

/// Vectors laid across the lanes of registers.
pub struct Panel {
    level: Level,
    dim: usize,
    count: usize,
    /// Groups of two registers of vectors, the last of one where that is enough; each group
    /// `dim` times its width, zeros for the vectors that are missing.
    lanes: Aligned<f32>,
}

impl Panel {
    /// Lays out the vectors of `dim` elements in `vectors`; what is left over is ignored.
    ///
    /// The panel is for the level of this moment, and is used at it.
    #[must_use]
    pub fn new(vectors: &[f32], dim: usize) -> Panel {
        Panel::at(Level::best(), vectors, dim)
    }

    pub(super) fn at(level: Level, vectors: &[f32], dim: usize) -> Panel {
        let count = vectors.len().checked_div(dim).unwrap_or(0);
        let mut panel = Panel {
            level,
            dim,
            count,
            lanes: Aligned::zeros(0),
        };
        panel.lanes = Aligned::zeros(panel.stride() * dim);
        let lanes = panel.lanes.as_mut_slice();
        let stride = count.next_multiple_of(level.lanes());
        for first in (0..stride).step_by(2 * level.lanes()) {
            let width = (2 * level.lanes()).min(stride - first);
            let group = &mut lanes[first * dim..][..width * dim];
            let vectors = vectors[first * dim..count * dim].chunks_exact(dim);
            for (i, vector) in vectors.take(width).enumerate() {
                for (lane, x) in group.chunks_exact_mut(width).zip(vector) {
                    lane[i] = *x;
                }
            }
        }
        panel
    }

    /// Vectors in it.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Vectors in it, rounded up to whole registers: the floats of a row of [`Panel::products`].
    #[must_use]
    pub fn stride(&self) -> usize {
        self.count.next_multiple_of(self.level.lanes())
    }

    /// Replaces `out` by the MaxSim of each document: the sum over the vectors of the panel of the
    /// largest dot product with a row of the document, times the weight of that row.
    ///
    /// A document is a range of rows of `rows`, whose length is that of the panel's vectors; rows
    /// that are not there are left out. A document without rows scores minus infinity, and a panel
    /// without vectors 0.
    pub fn max_sim(
        &self,
        rows: Rows<'_>,
        weights: Weights<'_>,
        documents: &[Range<usize>],
        out: &mut Vec<f32>,
    ) {
        out.clear();
        out.reserve(documents.len());
        let count = rows.count(self.dim);
        let mut block = Aligned::<f32>::zeros(match rows {
            Rows::F32(_) => 0,
            _ => BLOCK_ROWS * self.dim,
        });
        // SAFETY: a panel has the level that was available when it was made.
        unsafe {
            max_sim_all(
                self.level,
                self,
                (rows, count),
                weights,
                documents,
                block.as_mut_slice(),
                out,
            )
        };
    }

    /// Replaces `out` by the number of the row of `rows` with the largest dot product, and that
    /// product, for each vector of the panel; of equal rows the first. Without rows `out` is empty.
    ///
    /// # Panics
    ///
    /// If there are 2^24 rows or more.
    pub fn nearest(&self, rows: &[f32], out: &mut Vec<(u32, f32)>) {
        out.clear();
        let count = Rows::F32(rows).count(self.dim);
        assert!(count < 1 << 24, "row numbers are kept as floats");
        if count > 0 {
            // SAFETY: a panel has the level that was available when it was made.
            unsafe { nearest_all(self.level, self, rows, count, out) };
        }
        out.truncate(self.count);
    }

    /// Replaces `out` by the dot products: for each row [`Panel::stride`] floats, the first
    /// [`Panel::count`] of them those of the vectors, the others 0 (NaN where a row is not finite).
    pub fn products(&self, rows: &[f32], out: &mut Vec<f32>) {
        let count = Rows::F32(rows).count(self.dim);
        out.clear();
        out.resize(count * self.stride(), 0.0);
        // SAFETY: a panel has the level that was available when it was made.
        unsafe { products_all(self.level, self, rows, count, out) };
    }
}

at_each_level!(
    fn max_sim_all(
        panel: &Panel,
        rows: (Rows<'_>, usize),
        weights: Weights<'_>,
        documents: &[Range<usize>],
        block: &mut [f32],
        out: &mut Vec<f32>,
    ) = max_sim_body
);
at_each_level!(
    fn nearest_all(panel: &Panel, rows: &[f32], count: usize, out: &mut Vec<(u32, f32)>)
        = nearest_body
);
at_each_level!(
    fn products_all(panel: &Panel, rows: &[f32], count: usize, out: &mut Vec<f32>) = products_body
);

#[inline(always)]
unsafe fn max_sim_body<V: Register>(
    panel: &Panel,
    (rows, count): (Rows<'_>, usize),
    weights: Weights<'_>,
    documents: &[Range<usize>],
    block: &mut [f32],
    out: &mut Vec<f32>,
) {
    for document in documents {
        let (start, end) = (document.start.min(count), document.end.min(count));
        let tokens = (start, end.saturating_sub(start));
        let mut sum = 0.0;
        let mut first = 0;
        while first < panel.stride() {
            let wide = first + 2 * V::LANES <= panel.stride();
            // SAFETY: rows `start..end` are there, and the group has its width; the level is the
            // caller's promise.
            unsafe {
                let lanes = panel.lanes.as_slice().as_ptr().add(first * panel.dim);
                sum += if wide {
                    largest_sum::<V, 2>(panel, (lanes, first), (rows, weights), tokens, block)
                } else {
                    largest_sum::<V, 1>(panel, (lanes, first), (rows, weights), tokens, block)
                };
            }
            first += 2 * V::LANES;
        }
        out.push(sum);
    }
}

/// The part of a MaxSim that one group of the panel gives.
#[inline(always)]
unsafe fn largest_sum<V: Register, const W: usize>(
    panel: &Panel,
    (lanes, first): (*const f32, usize),
    (rows, weights): (Rows<'_>, Weights<'_>),
    (start, count): (usize, usize),
    block: &mut [f32],
) -> f32 {
    let dim = panel.dim;
    // SAFETY: `count` rows of `dim` elements from `start` on are there; the level is the caller's
    // promise.
    unsafe {
        let mut sink = Largest {
            best: [V::splat(f32::NEG_INFINITY); W],
            weights,
            first: start,
        };
        match rows {
            Rows::F32(x) => {
                let rows = x.as_ptr().add(start * dim);
                sweep::<V, W>(lanes, rows, (count, dim, dim), &mut sink);
            }
            Rows::F16(x) => {
                let row = F16Row(x.as_ptr()).skip(start, dim);
                sweep_decoded::<V, W>(lanes, row, (count, dim), block, &mut sink);
            }
            Rows::I8 { codes, scales } => {
                let row = I8Row(codes.as_ptr(), scales.as_ptr()).skip(start, dim);
                sweep_decoded::<V, W>(lanes, row, (count, dim), block, &mut sink);
            }
            Rows::Bit(x) => {
                let row = BitRow(x.as_ptr().cast()).skip(start, dim);
                sweep_decoded::<V, W>(lanes, row, (count, dim), block, &mut sink);
            }
        }
        let mut sum = 0.0;
        for (w, best) in sink.best.into_iter().enumerate() {
            sum += sum_first(best, panel.count - (first + w * V::LANES).min(panel.count));
        }
        sum
    }
}

/// The sum of the first `n` lanes, of all if there are no more.
#[inline(always)]
unsafe fn sum_first<V: Register>(x: V, n: usize) -> f32 {
    // SAFETY: the level is the caller's promise; no register has more than 16 lanes.
    unsafe {
        if n >= V::LANES {
            return x.sum();
        }
        let mut lanes = [0.0f32; 16];
        x.store(lanes.as_mut_ptr());
        lanes.iter().take(n).sum()
    }
}

/// [`sweep`] over rows that are decoded block by block.
#[inline(always)]
unsafe fn sweep_decoded<V: Register, const W: usize>(
    lanes: *const f32,
    first: impl Row,
    (count, dim): (usize, usize),
    block: &mut [f32],
    sink: &mut Largest<'_, V, W>,
) {
    let mut row = 0;
    while row < count {
        let rows = BLOCK_ROWS.min(count - row);
        // SAFETY: the block has room for `BLOCK_ROWS` rows, and `row + rows` are there.
        unsafe {
            for i in 0..rows {
                decode::<V>(first.skip(row + i, dim), &mut block[i * dim..][..dim]);
            }
            sweep::<V, W>(lanes, block.as_ptr(), (rows, dim, dim), sink);
        }
        sink.first += rows;
        row += rows;
    }
}

#[inline(always)]
unsafe fn decode<V: Register>(row: impl Row, out: &mut [f32]) {
    let (n, to) = (out.len(), out.as_mut_ptr());
    let mut at = 0;
    // SAFETY: every index is below `n`; the level is the caller's promise.
    unsafe {
        while at + V::LANES <= n {
            row.load::<V>(at).store(to.add(at));
            at += V::LANES;
        }
        if at < n {
            let mut rest = [0.0f32; 16];
            row.load_first::<V>(at, n - at).store(rest.as_mut_ptr());
            out[at..].copy_from_slice(&rest[..n - at]);
        }
    }
}

#[inline(always)]
unsafe fn nearest_body<V: Register>(
    panel: &Panel,
    rows: &[f32],
    count: usize,
    out: &mut Vec<(u32, f32)>,
) {
    let mut first = 0;
    while first < panel.stride() {
        let wide = first + 2 * V::LANES <= panel.stride();
        // SAFETY: `count` rows are there, and the group has its width; the level is the caller's
        // promise.
        unsafe {
            let lanes = panel.lanes.as_slice().as_ptr().add(first * panel.dim);
            if wide {
                nearest_of::<V, 2>(lanes, rows, (count, panel.dim), out);
            } else {
                nearest_of::<V, 1>(lanes, rows, (count, panel.dim), out);
            }
        }
        first += 2 * V::LANES;
    }
}

#[inline(always)]
unsafe fn nearest_of<V: Register, const W: usize>(
    lanes: *const f32,
    rows: &[f32],
    (count, dim): (usize, usize),
    out: &mut Vec<(u32, f32)>,
) {
    // SAFETY: the promises of `nearest_body`.
    unsafe {
        let mut sink = Nearest {
            best: [V::splat(f32::NEG_INFINITY); W],
            row: [V::splat(0.0); W],
        };
        sweep::<V, W>(lanes, rows.as_ptr(), (count, dim, dim), &mut sink);
        let (mut best, mut row) = ([0.0f32; 16], [0.0f32; 16]);
        for w in 0..W {
            sink.best[w].store(best.as_mut_ptr());
            sink.row[w].store(row.as_mut_ptr());
            for i in 0..V::LANES {
                out.push((row[i] as u32, best[i]));
            }
        }
    }
}

#[inline(always)]
unsafe fn products_body<V: Register>(
    panel: &Panel,
    rows: &[f32],
    count: usize,
    out: &mut Vec<f32>,
) {
    let (dim, stride) = (panel.dim, panel.stride());
    let mut first = 0;
    while first < stride {
        // SAFETY: `count` rows are there, `out` has a stride for each, and the group has its width;
        // the level is the caller's promise.
        unsafe {
            let lanes = panel.lanes.as_slice().as_ptr().add(first * dim);
            let mut sink = Table {
                out: out.as_mut_ptr().add(first),
                stride,
            };
            if first + 2 * V::LANES <= stride {
                sweep::<V, 2>(lanes, rows.as_ptr(), (count, dim, dim), &mut sink);
            } else {
                sweep::<V, 1>(lanes, rows.as_ptr(), (count, dim, dim), &mut sink);
            }
        }
        first += 2 * V::LANES;
    }
}
