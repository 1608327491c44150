//! The loop, written once over independent lanes and compiled once per instruction set.
//!
//! Owns: the generic body and its `#[target_feature]` copies. `kernel::mod` picks one.
//!
//! Invariants: the body is `#[inline(always)]`, so that it is compiled with the features of the
//! copy that calls it. `WIDE` is four registers of that set, so that four chains of additions hide
//! the latency of each other, and `NARROW` is one, for what is left over; only what is shorter than
//! a register goes one by one. The order of additions depends on the length and the level alone:
//! the same processor gives the same bits.

/// `acc + x * y`, in one rounding where the hardware has the instruction.
///
/// Without that instruction `mul_add` calls the C library for each element, hence the flag.
#[inline(always)]
fn multiply_add<const FUSED: bool>(acc: f32, x: f32, y: f32) -> f32 {
    if FUSED {
        x.mul_add(y, acc)
    } else {
        acc + x * y
    }
}

/// Adds the product, or with `DISTANCE` the squared difference, of each pair to its lane.
#[inline(always)]
fn add_block<const LANES: usize, const FUSED: bool, const DISTANCE: bool>(
    lanes: &mut [f32; LANES],
    a: &[f32; LANES],
    b: &[f32; LANES],
) {
    for ((lane, &x), &y) in lanes.iter_mut().zip(a).zip(b) {
        let (x, y) = if DISTANCE { (x - y, x - y) } else { (x, y) };
        *lane = multiply_add::<FUSED>(*lane, x, y);
    }
}

#[inline(always)]
fn body<const WIDE: usize, const NARROW: usize, const FUSED: bool, const DISTANCE: bool>(
    a: &[f32],
    b: &[f32],
) -> f32 {
    let n = a.len().min(b.len());
    let (a, b) = (a.get(..n).unwrap_or(a), b.get(..n).unwrap_or(b));
    let ((a_wide, a), (b_wide, b)) = (a.as_chunks::<WIDE>(), b.as_chunks::<WIDE>());
    let mut wide = [0.0f32; WIDE];
    for (x, y) in a_wide.iter().zip(b_wide) {
        add_block::<WIDE, FUSED, DISTANCE>(&mut wide, x, y);
    }
    let mut narrow = [0.0f32; NARROW];
    for part in wide.as_chunks::<NARROW>().0 {
        for (lane, &x) in narrow.iter_mut().zip(part) {
            *lane += x;
        }
    }
    let ((a_narrow, a), (b_narrow, b)) = (a.as_chunks::<NARROW>(), b.as_chunks::<NARROW>());
    for (x, y) in a_narrow.iter().zip(b_narrow) {
        add_block::<NARROW, FUSED, DISTANCE>(&mut narrow, x, y);
    }
    let mut single = [sum_lanes(narrow)];
    for (&x, &y) in a.iter().zip(b) {
        add_block::<1, FUSED, DISTANCE>(&mut single, &[x], &[y]);
    }
    let [sum] = single;
    sum
}

/// Folds the lanes in halves: fewer roundings than one after the other, and it vectorises.
#[inline(always)]
fn sum_lanes<const LANES: usize>(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        let (low, high) = lanes.split_at_mut(width);
        for (x, &mut y) in low.iter_mut().zip(high) {
            *x += y;
        }
    }
    lanes.first().copied().unwrap_or(0.0)
}

macro_rules! compiled_for {
    ($wide:literal, $narrow:literal, $fused:expr, $dot:ident, $l2:ident, $many:ident
     $(, $features:literal)?) => {
        $(#[target_feature(enable = $features)])?
        pub(super) fn $dot(a: &[f32], b: &[f32]) -> f32 {
            body::<$wide, $narrow, { $fused }, false>(a, b)
        }
        $(#[target_feature(enable = $features)])?
        pub(super) fn $l2(a: &[f32], b: &[f32]) -> f32 {
            body::<$wide, $narrow, { $fused }, true>(a, b)
        }
        $(#[target_feature(enable = $features)])?
        pub(super) fn $many(query: &[f32], rows: &[f32], dim: usize, out: &mut Vec<f32>) {
            let score = |row| body::<$wide, $narrow, { $fused }, false>(query, row);
            out.extend(rows.chunks_exact(dim).map(score));
        }
    };
}

compiled_for!(
    16,
    4,
    cfg!(target_arch = "aarch64"),
    dot_portable,
    l2_portable,
    dot_many_portable
);
#[cfg(target_arch = "x86_64")]
compiled_for!(32, 8, true, dot_avx2, l2_avx2, dot_many_avx2, "avx2,fma");
#[cfg(target_arch = "x86_64")]
compiled_for!(
    64,
    16,
    true,
    dot_avx512,
    l2_avx512,
    dot_many_avx512,
    "avx512f"
);
