//! Element types: how a number is kept, and what it is rounded to (F-043).

use super::name_of;
use crate::format::{Decode, Malformed};
use half::f16;

/// How the numbers of a space are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 half precision.
    F16,
    /// A signed byte times a scale of the vector.
    I8,
    /// The sign: +1 or -1.
    Bit,
}

impl Element {
    /// Every element type with the name users give.
    pub const ALL: [(Element, &'static str); 4] = [
        (Element::F32, "float32"),
        (Element::F16, "float16"),
        (Element::I8, "int8"),
        (Element::Bit, "binary"),
    ];

    /// The name users give.
    #[must_use]
    pub fn name(self) -> &'static str {
        name_of(&Self::ALL, &self)
    }

    /// The element type of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Element> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(e, _)| *e)
    }

    pub(crate) fn from_code(code: u8) -> Decode<Element> {
        let known = Self::ALL.get(usize::from(code));
        known
            .map(|(e, _)| *e)
            .ok_or(Malformed("an unknown element type"))
    }

    /// Bytes that one vector of `dimension` numbers takes in a plane; the scales of int8 come extra.
    #[must_use]
    pub fn stride(self, dimension: usize) -> usize {
        match self {
            Element::F32 => dimension.saturating_mul(4),
            Element::F16 => dimension.saturating_mul(2),
            Element::I8 => dimension,
            // Whole words, so that scans need no tail.
            Element::Bit => dimension.div_ceil(64).saturating_mul(8),
        }
    }

    /// Rounds one vector to what this type can hold. Doing it twice changes nothing.
    pub fn round(self, vector: &mut [f32]) {
        match self {
            Element::F32 => {}
            Element::F16 => vector.iter_mut().for_each(|x| *x = to_f16(*x).to_f32()),
            Element::I8 => {
                let scale = int8_scale(vector);
                vector
                    .iter_mut()
                    .for_each(|x| *x = f32::from(to_int8(*x, scale)) * scale);
            }
            Element::Bit => vector.iter_mut().for_each(|x| *x = sign(*x)),
        }
    }
}

/// The nearest half; what is too large for one becomes the largest.
#[must_use]
pub fn to_f16(x: f32) -> f16 {
    f16::from_f32(x.clamp(f16::MIN.to_f32(), f16::MAX.to_f32()))
}

/// The scale of a vector in int8: its largest magnitude over 127, rounded up to 16 bits of mantissa.
/// With so few, a byte times the scale is exact in float32, so the scale of the rounded vector is the
/// same again. 0 for a zero vector.
#[must_use]
pub fn int8_scale(vector: &[f32]) -> f32 {
    let largest = vector.iter().fold(0f32, |m, x| m.max(x.abs()));
    let bits = (largest / 127.0).to_bits();
    let scale = f32::from_bits(bits.saturating_add(0xff) & !0xff);
    // Below this a byte times the scale would leave the normal numbers, where it is not exact; and
    // 127 times the largest scale must not overflow.
    let most = f32::from_bits((f32::MAX / 127.0).to_bits() & !0xff);
    if largest < 1e-30 {
        0.0
    } else {
        scale.min(most)
    }
}

/// The byte that stands for `x` under a scale.
#[must_use]
pub fn to_int8(x: f32, scale: f32) -> i8 {
    if scale == 0.0 {
        0
    } else {
        (x / scale).round_ties_even().clamp(-127.0, 127.0) as i8
    }
}

/// +1 for zero and above, else -1.
#[must_use]
pub fn sign(x: f32) -> f32 {
    if x < 0.0 { -1.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rounding_twice_changes_nothing(v in prop::collection::vec(prop::num::f32::NORMAL, 1..40)) {
            for (element, _) in Element::ALL {
                let mut once = v.clone();
                element.round(&mut once);
                let mut twice = once.clone();
                element.round(&mut twice);
                prop_assert_eq!(&once, &twice, "{:?}", element);
                prop_assert!(once.iter().all(|x| x.is_finite()));
            }
        }

        #[test]
        fn int8_is_within_half_a_step(v in prop::collection::vec(-1e3f32..1e3, 1..40)) {
            let mut rounded = v.clone();
            Element::I8.round(&mut rounded);
            let step = int8_scale(&v);
            for (x, y) in v.iter().zip(&rounded) {
                prop_assert!((x - y).abs() <= step * 0.5001);
            }
        }
    }
}
