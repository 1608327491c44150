//! Half-precision numbers (IEEE 754 binary16) as their 16 bits.
//!
//! Owns: the conversions. Rust has no stable type for them, so they are `u16` throughout. Widening
//! is exact; narrowing rounds to nearest, ties to even, as the hardware does.

/// The value of a half-precision number. Exact; infinities and NaN stay what they are.
#[must_use]
#[inline]
pub fn widen(half: u16) -> f32 {
    let magnitude = u32::from(half & 0x7fff) << 13;
    // The exponent moves from bias 15 to bias 127; multiplying makes subnormals normal on the way.
    let finite = f32::from_bits(magnitude) * f32::from_bits(0x7780_0000);
    // At and above 0x7c00 the exponent is all ones: infinity and NaN, whose payload is kept.
    let bits = if half & 0x7c00 == 0x7c00 {
        magnitude | 0x7f80_0000
    } else {
        finite.to_bits()
    };
    f32::from_bits(bits | u32::from(half & 0x8000) << 16)
}

/// The nearest half-precision number, ties to even; beyond 65,519.99 it is infinity.
#[must_use]
#[inline]
pub fn narrow(x: f32) -> u16 {
    let bits = x.to_bits();
    let sign = (bits >> 16 & 0x8000) as u16;
    let magnitude = bits & 0x7fff_ffff;
    let half = if magnitude > 0x7f80_0000 {
        0x7e00
    } else if magnitude >= 0x4780_0000 {
        0x7c00
    } else if magnitude < 0x3880_0000 {
        // Subnormal: adding 0.5 leaves the multiples of 2^-24 in the low bits, rounded.
        (f32::from_bits(magnitude) + 0.5)
            .to_bits()
            .wrapping_sub(0x3f00_0000)
    } else {
        // Rounds the 13 bits that fall away; the carry may reach infinity, as it should.
        let odd = magnitude >> 13 & 1;
        (magnitude - 0x3800_0000 + 0xfff + odd) >> 13
    };
    sign | half as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widening_then_narrowing_gives_every_number_back() {
        for half in 0..=u16::MAX {
            let wide = widen(half);
            if wide.is_nan() {
                assert!(half & 0x7fff > 0x7c00 && narrow(wide) & 0x7fff == 0x7e00);
            } else {
                assert_eq!(narrow(wide), half, "{wide}");
            }
        }
        assert_eq!(
            [0x3c00, 0xc000, 0x0001, 0x7bff].map(widen),
            [1.0, -2.0, 2f32.powi(-24), 65504.0]
        );
    }

    #[test]
    fn narrowing_takes_the_nearest_and_the_even_one_between_two() {
        for half in 0..0x7bffu16 {
            let (low, high) = (widen(half), widen(half + 1));
            let middle = low + (high - low) / 2.0;
            let even = if half % 2 == 0 { half } else { half + 1 };
            assert_eq!(narrow(middle), even);
            assert_eq!(narrow(f32::from_bits(middle.to_bits() - 1)), half);
            assert_eq!(
                narrow(-f32::from_bits(middle.to_bits() + 1)),
                (half + 1) | 0x8000
            );
        }
        assert_eq!(narrow(65519.0), 0x7bff);
        assert_eq!(narrow(65520.0), 0x7c00);
    }
}
