//! Every kernel, at every level that this processor has, against the reference.

mod integers;
mod lookups;
mod panels;
mod rows;

use super::{Level, Rows, force_level, reference};
use half::f16;

pub(super) fn lengths() -> Vec<usize> {
    (0..130).chain([384, 768, 1024, 1536, 3072]).collect()
}

/// A stream of bits that depends on the seed alone.
pub(super) fn bits(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

/// A vector with values in [-1, 1).
pub(super) fn vector(length: usize, seed: u64) -> Vec<f32> {
    let mut next = bits(seed);
    let mut one = || (next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
    (0..length).map(|_| one()).collect()
}

pub(super) fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut next = bits(seed);
    (0..length).map(|_| (next() >> 32) as u8).collect()
}

pub(super) fn signed(bytes: &[u8]) -> Vec<i8> {
    bytes.iter().map(|b| b.cast_signed()).collect()
}

pub(super) fn tolerance(magnitude: f64, n: usize) -> f64 {
    2e-6 * (n.max(64) as f64).sqrt() * magnitude + 1e-30
}

pub(super) fn magnitude(a: &[f32], b: &[f32]) -> f64 {
    let absolute = |v: &[f32]| v.iter().map(|x| x.abs()).collect::<Vec<_>>();
    reference::dot(&absolute(a), &absolute(b))
}

/// Seven rows of each element type, owned.
pub(super) struct Stored {
    f32: Vec<f32>,
    f16: Vec<f16>,
    codes: Vec<i8>,
    scales: Vec<f32>,
    bits: Vec<u64>,
}

impl Stored {
    pub(super) fn new(dim: usize, rows: usize, seed: u64) -> Stored {
        let f32 = vector(dim * rows, seed);
        Stored {
            f16: f32.iter().map(|x| f16::from_f32(*x)).collect(),
            codes: signed(&bytes(dim * rows, seed + 1)),
            // 16 bits of mantissa, so that a product with a byte is exact.
            scales: (0..rows).map(|i| (40000 + i) as f32 / 65536.0).collect(),
            bits: std::iter::repeat_with(bits(seed + 2))
                .take(dim.div_ceil(64) * rows)
                .collect(),
            f32,
        }
    }

    pub(super) fn rows(&self) -> [Rows<'_>; 4] {
        let i8 = Rows::I8 {
            codes: &self.codes,
            scales: &self.scales,
        };
        [
            Rows::F32(&self.f32),
            Rows::F16(&self.f16),
            i8,
            Rows::Bit(&self.bits),
        ]
    }
}

#[test]
fn only_a_level_that_the_processor_has_can_be_forced() {
    for level in Level::ALL {
        assert_eq!(force_level(Some(*level)), level.is_available());
    }
    assert!(force_level(None));
    assert!(Level::best().is_available());
}
