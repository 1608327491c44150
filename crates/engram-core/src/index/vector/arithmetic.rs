//! Sums that come out the same on every machine, for what is stored and later made again to compare.
//!
//! The kernels add in as many lanes as the processor has, and round where it multiplies and adds at
//! once. Here the lanes are sixteen, folded in halves, one rounding a step, whatever the processor.

const LANES: usize = 16;

/// Sum of `term` over pairs of numbers; what one slice has too many is left out.
#[inline(always)]
fn sum(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0f32; LANES];
    for (x, y) in a.iter().zip(b) {
        for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += term(*x, *y);
        }
    }
    for ((lane, x), y) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += term(*x, *y);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        let (low, high) = lanes.split_at_mut(width);
        low.iter_mut().zip(high).for_each(|(x, y)| *x += *y);
    }
    lanes[0]
}

/// The inner product.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    sum(a, b, |x, y| x * y)
}

/// The sum of magnitudes.
pub(super) fn magnitudes(a: &[f32]) -> f32 {
    sum(a, a, |x, _| x.abs())
}

/// The nearest bfloat16, as its bits.
pub(super) fn bfloat16(x: f32) -> u16 {
    let bits = x.to_bits();
    // Half of the last place, less a trifle where the last place is even.
    let rounded = bits.saturating_add(0x7fff + (bits >> 16 & 1));
    (rounded >> 16) as u16
}

/// The least bfloat16 that is not below `x`, as its bits.
pub(super) fn bfloat16_up(x: f32) -> u16 {
    let bits = x.to_bits();
    let cut = if x > 0.0 {
        bits.saturating_add(0xffff)
    } else {
        bits
    };
    (cut >> 16) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(bits: u16) -> f32 {
        f32::from_bits(u32::from(bits) << 16)
    }

    proptest! {
        #[test]
        fn sums_are_near_those_of_f64(a in prop::collection::vec(-1f32..1.0, 0..200)) {
            let b: Vec<f32> = a.iter().map(|x| 0.5 - x).collect();
            let pairs = || a.iter().zip(&b).map(|(x, y)| f64::from(*x) * f64::from(*y));
            prop_assert!((f64::from(dot(&a, &b)) - pairs().sum::<f64>()).abs() < 1e-4);
            let size: f64 = a.iter().map(|x| f64::from(x.abs())).sum();
            prop_assert!((f64::from(magnitudes(&a)) - size).abs() < 1e-4);
        }

        #[test]
        fn bfloat16_is_near_and_up_is_not_below(x in -1e30f32..1e30, small in -1e-30f32..1e-30) {
            for x in [x, small, 0.0, -0.0, 1.0] {
                prop_assert!((value(bfloat16(x)) - x).abs() <= x.abs() / 256.0);
                let up = value(bfloat16_up(x));
                prop_assert!(up >= x && up - x <= x.abs() / 128.0);
            }
        }
    }
}
