//! Distance kernels over `f32` slices: dot product, squared Euclidean distance, squared norm.
//!
//! Owns: the choice of instruction set at run time and the only `unsafe` blocks of vector search.
//! The loops themselves are in `lanes`; the `f64` reference that every level is tested against
//! is `reference`.
//!
//! Invariants:
//! - Slices of unequal length are read up to the shorter one; no length panics.
//! - The result is within `2e-6 * n.max(64).sqrt() * sum(|a_i * b_i|)` of the reference (relative
//!   to the sum of absolute terms, since cancellation makes a bound relative to the result
//!   impossible). Levels may differ from each other within that tolerance: lanes add in another
//!   order and FMA rounds once.
//! - NaN and infinity follow IEEE 754 through the sum. Callers reject non-finite vectors before
//!   they store or search them; the kernels do not check.
//!
//! Complexity: linear in the length, no allocation but the output of [`dot_many`].

mod lanes;
pub mod planes;
pub mod reference;

/// Instruction sets that a build of the loops exists for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// What the target promises without a check (SSE2 on x86-64, NEON on aarch64).
    Portable,
    /// AVX2 with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 foundation.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// Every level of this architecture, the slowest first.
    pub const ALL: &'static [Level] = &[
        Level::Portable,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512,
    ];

    /// Whether this processor can run the level.
    pub fn is_available(self) -> bool {
        match self {
            Level::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => is_x86_feature_detected!("avx512f"),
        }
    }

    /// The fastest level this processor can run.
    pub fn best() -> Level {
        // The standard library caches the detection, so this is a load and a test per level.
        let available = Level::ALL
            .iter()
            .rev()
            .copied()
            .find(|level| level.is_available());
        available.unwrap_or(Level::Portable)
    }
}

/// The dot product of `a` and `b`.
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    dot_at(Level::best(), a, b)
}

/// The squared Euclidean distance between `a` and `b`.
#[must_use]
pub fn l2_squared(a: &[f32], b: &[f32]) -> f32 {
    l2_squared_at(Level::best(), a, b)
}

/// The squared Euclidean norm of `a`.
#[must_use]
pub fn norm_squared(a: &[f32]) -> f32 {
    dot(a, a)
}

/// Replaces `out` by the dot product of `query` with each row of `rows`, `dim` floats to a row.
///
/// A last row that is not complete is left out, and `dim` 0 gives no rows.
pub fn dot_many(query: &[f32], rows: &[f32], dim: usize, out: &mut Vec<f32>) {
    out.clear();
    if dim == 0 {
        return;
    }
    out.reserve(rows.len() / dim);
    match Level::best() {
        Level::Portable => lanes::dot_many_portable(query, rows, dim, out),
        // SAFETY: `Level::best` returns only a level whose features this processor has.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { lanes::dot_many_avx2(query, rows, dim, out) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { lanes::dot_many_avx512(query, rows, dim, out) },
    }
}

fn dot_at(level: Level, a: &[f32], b: &[f32]) -> f32 {
    match level {
        Level::Portable => lanes::dot_portable(a, b),
        // SAFETY: callers pass only a level for which `is_available` holds.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { lanes::dot_avx2(a, b) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { lanes::dot_avx512(a, b) },
    }
}

fn l2_squared_at(level: Level, a: &[f32], b: &[f32]) -> f32 {
    match level {
        Level::Portable => lanes::l2_portable(a, b),
        // SAFETY: callers pass only a level for which `is_available` holds.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { lanes::l2_avx2(a, b) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { lanes::l2_avx512(a, b) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lengths() -> Vec<usize> {
        (0..130).chain([384, 768, 1024, 1536, 3072]).collect()
    }

    /// A deterministic vector with values in [-1, 1).
    fn vector(length: usize, seed: u64) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        (0..length).map(|_| next()).collect()
    }

    fn assert_close(found: f32, wanted: f64, magnitude: f64, n: usize) {
        let tolerance = 2e-6 * (n.max(64) as f64).sqrt() * magnitude + 1e-30;
        assert!(
            (f64::from(found) - wanted).abs() <= tolerance,
            "{found} against {wanted}, n {n}"
        );
    }

    fn check(a: &[f32], b: &[f32]) {
        let absolute = |v: &[f32]| v.iter().map(|x| x.abs()).collect::<Vec<_>>();
        let magnitude = reference::dot(&absolute(a), &absolute(b));
        let distance = reference::l2_squared(a, b);
        for &level in Level::ALL.iter().filter(|level| level.is_available()) {
            assert_close(
                dot_at(level, a, b),
                reference::dot(a, b),
                magnitude,
                a.len(),
            );
            assert_close(l2_squared_at(level, a, b), distance, distance, a.len());
        }
        assert_close(
            norm_squared(a),
            reference::dot(a, a),
            reference::dot(a, a),
            a.len(),
        );
    }

    #[test]
    fn every_level_agrees_with_the_reference_at_every_length() {
        for n in lengths() {
            check(&vector(n, 1), &vector(n, 2));
            check(&vector(n, 3), &vector(n, 3));
        }
    }

    #[test]
    fn the_shorter_slice_decides() {
        assert_eq!(dot(&[1.0, 2.0], &[3.0]), 3.0);
        assert_eq!(l2_squared(&[], &[3.0]), 0.0);
    }

    #[test]
    fn dot_many_is_dot_per_complete_row() {
        for dim in [1, 3, 8, 65, 384] {
            let (query, mut rows) = (vector(dim, 5), vector(dim * 7, 6));
            rows.truncate(dim * 7 - usize::from(dim > 1));
            let mut out = vec![9.0];
            dot_many(&query, &rows, dim, &mut out);
            let wanted: Vec<f32> = rows.chunks_exact(dim).map(|row| dot(&query, row)).collect();
            assert_eq!(out, wanted);
        }
        let mut out = vec![1.0];
        dot_many(&[], &[1.0], 0, &mut out);
        assert!(out.is_empty());
    }

    #[test]
    fn non_finite_values_reach_the_result() {
        let mut a = vector(100, 1);
        a[77] = f32::NAN;
        assert!(dot(&a, &vector(100, 2)).is_nan());
    }

    proptest! {
        #[test]
        fn every_level_agrees_on_any_finite_vectors(
            pairs in prop::collection::vec((-1e6f32..1e6, -1e6f32..1e6), 0..200)
        ) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            check(&a, &b);
        }
    }
}
