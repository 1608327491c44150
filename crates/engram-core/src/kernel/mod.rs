//! Distances and bit tricks, built for several instruction sets and chosen at run time.
//!
//! Owns: the choice of instruction set ([`Level`]) and the only `unsafe` blocks of search. Loops
//! over `f32` are written once over [`Register`](register::Register) (`rows`, `tile`), whatever the
//! stored elements are ([`Rows`]); loops over integers have a body for each level (`int8`, `bits`).
//! `reference` is the plain definition that every level is tested against.
//!
//! Invariants:
//! - Slices of unequal length are read up to the shorter one; no length panics.
//! - The result is within `2e-6 * n.max(64).sqrt() * sum(|a_i * b_i|)` of the reference (relative
//!   to the sum of absolute terms, since cancellation makes a bound relative to the result
//!   impossible). Levels may differ from each other within that tolerance: lanes add in another
//!   order and FMA rounds once. Integer kernels are exact at every level.
//! - At one level a row gives the same bits alone, in a scan, by its number, and decoded to `f32`.
//! - NaN and infinity follow IEEE 754 through a sum. Callers reject non-finite vectors before
//!   they store or search them; the kernels do not check. Subnormal numbers count in full: no
//!   kernel touches the rounding or flushing mode of the processor.
//!
//! Complexity: linear in the length, no allocation but the outputs.

mod aligned;
mod bits;
mod byte_panel;
mod extract;
pub mod impact;
mod int8;
mod level;
mod lookup;
pub mod nibble;
mod panel;
pub mod planes;
mod prefetch;
pub mod reference;
mod register;
mod row;
mod rows;
#[cfg(test)]
mod tests;
mod tile;
pub mod unpack;
#[cfg(target_arch = "x86_64")]
mod vnni;

pub use bits::{hamming, hamming_each};
pub use byte_panel::BytePanel;
pub use extract::extract;
pub use int8::{dot_i8, dot_i8_each};
pub use level::Level;
#[cfg(any(test, feature = "testing"))]
pub use level::force_level;
pub use lookup::{CODEWORDS, LOOKUP_LANES, Lookup, SUBSPACES};
pub use panel::{Panel, Weights};
pub use rows::{Rows, dot_each, dot_rows, l2_squared_each, l2_squared_rows};

/// The dot product of `a` and `b`.
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    rows::dot_at(Level::best(), a, b)
}

/// The squared Euclidean distance between `a` and `b`.
#[must_use]
pub fn l2_squared(a: &[f32], b: &[f32]) -> f32 {
    rows::l2_squared_at(Level::best(), a, b)
}

/// The squared Euclidean norm of `a`.
///
/// Added up in `f64` and in one order, whatever the level: norms are stored, and the same records
/// must give the same bytes on every machine.
#[must_use]
pub fn norm_squared(a: &[f32]) -> f32 {
    let (blocks, rest) = a.as_chunks::<8>();
    let mut lanes = [0.0f64; 8];
    for block in blocks {
        for (lane, x) in lanes.iter_mut().zip(block) {
            *lane += f64::from(*x) * f64::from(*x);
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane += f64::from(*x) * f64::from(*x);
    }
    lanes.iter().sum::<f64>() as f32
}

/// Replaces `out` by the dot product of `query` with each row of `rows`, `dim` floats to a row.
///
/// A last row that is not complete is left out, and `dim` 0 gives no rows.
pub fn dot_many(query: &[f32], rows: &[f32], dim: usize, out: &mut Vec<f32>) {
    dot_each(query, Rows::F32(rows), dim, out);
}
