//! The plain definition of each kernel, in `f64` or in integers.
//!
//! Owns: what the fast loops are tested against. Invariant: one term after the other, nothing
//! clever. Linear. The fast sides are the other files of this folder.

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

/// The dot product of `a` and `b`, up to the shorter length.
#[must_use]
pub fn dot_i8(a: &[i8], b: &[i8]) -> i64 {
    a.iter()
        .zip(b)
        .map(|(&x, &y)| i64::from(x) * i64::from(y))
        .sum()
}

/// In how many bits `a` and `b` differ, up to the shorter length.
#[must_use]
pub fn hamming(a: &[u8], b: &[u8]) -> u32 {
    a.iter().zip(b).map(|(&x, &y)| (x ^ y).count_ones()).sum()
}

/// The sum over the vectors of `query` of the largest dot product with a vector of `document`;
/// vectors of `dim` elements. 0 without query vectors, minus infinity without document vectors.
#[must_use]
pub fn max_sim(query: &[f32], document: &[f32], dim: usize) -> f64 {
    let best = |q: &[f32]| {
        let products = document.chunks_exact(dim).map(|d| dot(q, d));
        products.fold(f64::NEG_INFINITY, f64::max)
    };
    query.chunks_exact(dim).map(best).sum()
}
