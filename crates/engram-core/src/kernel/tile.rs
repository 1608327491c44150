//! Many products at once: a block of rows against a panel of vectors.
//!
//! Owns: the register-blocked loop, and what is done with its products ([`Sink`]). A panel holds
//! vectors across the lanes: for each dimension one register, or two, with that dimension of as
//! many vectors. A tile keeps one accumulator for each row and register, so that a loaded row
//! element serves all vectors and a loaded register all rows.
//!
//! Invariants: each product is one chain of additions over the dimensions in order, so its bits do
//! not depend on which tile made it. A sink takes the same row twice without harm.

use super::panel::Weights;
use super::prefetch::prefetch_line;
use super::register::Register;

/// What becomes of the products of a row with the `W * LANES` vectors of a panel.
pub(super) trait Sink<V: Register, const W: usize> {
    /// Takes the products of row `row`.
    ///
    /// # Safety
    ///
    /// The level of `V`.
    unsafe fn take(&mut self, row: usize, products: [V; W]);
}

/// Gives `sink` the products of `count` rows, `stride` floats apart, of which the first `n` count.
///
/// Sizes of tiles: 12 rows by two registers fill the 32 registers of AVX-512 and NEON, 4 rows the
/// 16 of the others, and 4 rows of two registers are just enough chains to hide the latency of the
/// multiplication. Up to three rows that are left over come with rows that had their turn already.
///
/// # Safety
///
/// `n * W * LANES` floats from `panel` on, `n` floats in each row; the level of `V`.
#[inline(always)]
pub(super) unsafe fn sweep<V: Register, const W: usize>(
    panel: *const f32,
    rows: *const f32,
    (count, stride, n): (usize, usize, usize),
    sink: &mut impl Sink<V, W>,
) {
    let mut row = 0;
    // SAFETY: every tile ends at `count`; the rest is the caller's promise.
    unsafe {
        if V::MANY {
            while row + 12 <= count {
                tile::<V, W, 12>(panel, rows, (row, stride, n), sink);
                row += 12;
            }
        }
        while row + 4 <= count {
            tile::<V, W, 4>(panel, rows, (row, stride, n), sink);
            row += 4;
        }
        if row < count && count >= 4 {
            tile::<V, W, 4>(panel, rows, (count - 4, stride, n), sink);
            row = count;
        }
        while row < count {
            tile::<V, W, 1>(panel, rows, (row, stride, n), sink);
            row += 1;
        }
    }
}

/// The products of rows `first..first + R`.
#[inline(always)]
unsafe fn tile<V: Register, const W: usize, const R: usize>(
    panel: *const f32,
    rows: *const f32,
    (first, stride, n): (usize, usize, usize),
    sink: &mut impl Sink<V, W>,
) {
    // SAFETY: the promises of `sweep`.
    unsafe {
        let rows = rows.add(first * stride);
        let next = rows.wrapping_add(R * stride);
        let mut sums = [[V::splat(0.0); W]; R];
        for d in 0..n {
            let mut lanes = [V::splat(0.0); W];
            for (w, lane) in lanes.iter_mut().enumerate() {
                *lane = V::load(panel.add((d * W + w) * V::LANES));
            }
            // A tile reads many rows side by side, which no prefetcher of the hardware follows; asking
            // for a part of the next tile in each step takes MaxSim over 51 MB from 8.1 ms to 3.5.
            prefetch_line(next.wrapping_add(d * R).cast());
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = V::splat(*rows.add(r * stride + d));
                for (sum, lane) in sums.iter_mut().zip(lanes) {
                    *sum = sum.mul_add(x, lane);
                }
            }
        }
        for (r, sums) in sums.into_iter().enumerate() {
            sink.take(first + r, sums);
        }
    }
}

/// The largest product of each vector with any row, after it was multiplied by the row's weight.
pub(super) struct Largest<'a, V, const W: usize> {
    pub(super) best: [V; W],
    pub(super) weights: Weights<'a>,
    /// Which of the weights belongs to row 0 of the sweep.
    pub(super) first: usize,
}

impl<V: Register, const W: usize> Sink<V, W> for Largest<'_, V, W> {
    #[inline(always)]
    unsafe fn take(&mut self, row: usize, products: [V; W]) {
        let weight = self.weights.of(self.first + row);
        for (best, product) in self.best.iter_mut().zip(products) {
            // SAFETY: the level is the caller's promise.
            *best = unsafe { best.max(product.mul(V::splat(weight))) };
        }
    }
}

/// The largest product of each vector, and the first row that gives it.
pub(super) struct Nearest<V, const W: usize> {
    pub(super) best: [V; W],
    /// Row numbers as floats: exact below 2^24.
    pub(super) row: [V; W],
}

impl<V: Register, const W: usize> Sink<V, W> for Nearest<V, W> {
    #[inline(always)]
    unsafe fn take(&mut self, row: usize, products: [V; W]) {
        let lanes = self.best.iter_mut().zip(&mut self.row);
        for ((best, at), product) in lanes.zip(products) {
            // SAFETY: the level is the caller's promise.
            unsafe {
                *at = product.if_greater(*best, V::splat(row as f32), *at);
                *best = product.if_greater(*best, product, *best);
            }
        }
    }
}

/// Every product: `stride` floats for each row, of which the panel fills `W * LANES`.
pub(super) struct Table {
    pub(super) out: *mut f32,
    pub(super) stride: usize,
}

impl<V: Register, const W: usize> Sink<V, W> for Table {
    #[inline(always)]
    unsafe fn take(&mut self, row: usize, products: [V; W]) {
        for (w, product) in products.into_iter().enumerate() {
            // SAFETY: whoever made the table gave it room for every row of the sweep.
            unsafe { product.store(self.out.add(row * self.stride + w * V::LANES)) };
        }
    }
}
