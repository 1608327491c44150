//! The plain definition of each kernel, in `f64`.
//!
//! Owns: what the fast loops are tested against. Invariant: one term after the other, nothing
//! clever. Linear. The fast side is `kernel::lanes`.

/// The dot product of `a` and `b`, up to the shorter length.
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(&x, &y)| f64::from(x) * f64::from(y))
        .sum()
}

/// The squared Euclidean distance between `a` and `b`, up to the shorter length.
#[must_use]
pub fn l2_squared(a: &[f32], b: &[f32]) -> f64 {
    let square = |d: f64| d * d;
    a.iter()
        .zip(b)
        .map(|(&x, &y)| square(f64::from(x) - f64::from(y)))
        .sum()
}
