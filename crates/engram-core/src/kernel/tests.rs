//! Every kernel, at every level that this processor has, against the reference.

use super::rows::{dot_at, each_at, l2_squared_at, picked_at};
use super::*;
use crate::kernel::bits::{hamming_at, hamming_each_at};
use crate::kernel::int8::{dot_i8_at, dot_i8_each_at};
use proptest::prelude::*;

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

fn signed(bytes: &[u8]) -> Vec<i8> {
    bytes.iter().map(|b| b.cast_signed()).collect()
}

pub(super) fn tolerance(magnitude: f64, n: usize) -> f64 {
    2e-6 * (n.max(64) as f64).sqrt() * magnitude + 1e-30
}

fn assert_close(found: f32, wanted: f64, magnitude: f64, n: usize) {
    let error = (f64::from(found) - wanted).abs();
    assert!(
        error <= tolerance(magnitude, n),
        "{found} against {wanted}, n {n}"
    );
}

fn magnitude(a: &[f32], b: &[f32]) -> f64 {
    let absolute = |v: &[f32]| v.iter().map(|x| x.abs()).collect::<Vec<_>>();
    reference::dot(&absolute(a), &absolute(b))
}

fn check(a: &[f32], b: &[f32]) {
    let (n, distance) = (a.len(), reference::l2_squared(a, b));
    for level in Level::available() {
        let wanted = reference::dot(a, b);
        assert_close(dot_at(level, a, b), wanted, magnitude(a, b), n);
        assert_close(l2_squared_at(level, a, b), distance, distance, n);
    }
}

/// Seven rows of each element type, owned.
struct Stored {
    f32: Vec<f32>,
    f16: Vec<u16>,
    codes: Vec<i8>,
    scales: Vec<f32>,
    bits: Vec<u8>,
}

impl Stored {
    fn new(dim: usize, rows: usize, seed: u64) -> Stored {
        let f32 = vector(dim * rows, seed);
        Stored {
            f16: f32.iter().map(|x| half::narrow(*x)).collect(),
            codes: signed(&bytes(dim * rows, seed + 1)),
            // 16 bits of mantissa, so that a product with a byte is exact.
            scales: (0..rows).map(|i| (40000 + i) as f32 / 65536.0).collect(),
            bits: bytes(dim.div_ceil(8) * rows, seed + 2),
            f32,
        }
    }

    fn rows(&self) -> [Rows<'_>; 4] {
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
fn every_level_agrees_with_the_reference_at_every_length() {
    for n in lengths() {
        check(&vector(n, 1), &vector(n, 2));
        check(&vector(n, 3), &vector(n, 3));
    }
}

#[test]
fn a_stored_row_gives_the_bits_of_the_decoded_one_at_every_length_and_level() {
    for dim in lengths().into_iter().skip(1) {
        let (query, stored) = (vector(dim, 5), Stored::new(dim, 7, 6));
        let numbers = [6u32, 0, 3, 3, 9, 1, u32::MAX, 5];
        for rows in stored.rows() {
            assert_eq!(rows.count(dim), 7);
            let mut decoded = Vec::new();
            (0..9).for_each(|i| rows.decode(dim, i, &mut decoded));
            for (level, distance) in Level::available().flat_map(|l| [(l, false), (l, true)]) {
                let one = if distance { l2_squared_at } else { dot_at };
                let wanted: Vec<f32> = decoded
                    .chunks_exact(dim)
                    .map(|row| one(level, &query, row))
                    .collect();
                let mut out = vec![9.0];
                each_at(level, distance, &query, rows, dim, &mut out);
                assert_eq!(out, wanted, "{level:?} {distance} {dim}");
                picked_at(level, distance, &query, rows, dim, &numbers, &mut out);
                assert_eq!(out.len(), numbers.len());
                for (number, score) in numbers.iter().zip(&out) {
                    match wanted.get(*number as usize) {
                        Some(wanted) => assert_eq!(score, wanted),
                        None => assert!(score.is_nan()),
                    }
                }
            }
        }
    }
}

#[test]
fn decoding_gives_what_each_type_stands_for() {
    let decode = |rows: Rows<'_>, dim, number| {
        let mut out = Vec::new();
        rows.decode(dim, number, &mut out);
        out
    };
    assert_eq!(decode(Rows::F32(&[1.0, 2.0, 3.0]), 1, 2), [3.0]);
    assert_eq!(decode(Rows::F16(&[0x3c00, 0xc000]), 2, 0), [1.0, -2.0]);
    let i8 = Rows::I8 {
        codes: &[1, -2, 127, -127],
        scales: &[1.0, 0.5],
    };
    assert_eq!(decode(i8, 2, 1), [63.5, -63.5]);
    let bits = Rows::Bit(&[0, 0, 0b0000_0101, 1]);
    assert_eq!(
        decode(bits, 9, 1),
        [1., -1., 1., -1., -1., -1., -1., -1., 1.]
    );
    assert_eq!(decode(bits, 9, 2), [0.0; 0]);
}

#[test]
fn the_shorter_of_query_and_row_decides() {
    assert_eq!(dot(&[1.0, 2.0], &[3.0]), 3.0);
    assert_eq!(l2_squared(&[], &[3.0]), 0.0);
    let stored = Stored::new(40, 3, 1);
    for (rows, level) in stored
        .rows()
        .into_iter()
        .flat_map(|r| Level::available().map(move |l| (r, l)))
    {
        let (short, mut long) = (vector(21, 2), vector(21, 2));
        long.extend(vector(60, 3));
        let (mut out, mut decoded) = (Vec::new(), Vec::new());
        rows.decode(40, 1, &mut decoded);
        each_at(level, false, &short, rows, 40, &mut out);
        assert_eq!(out[1], dot_at(level, &short, &decoded[..21]));
        each_at(level, false, &long, rows, 40, &mut out);
        assert_eq!(out[1], dot_at(level, &long[..40], &decoded));
    }
}

#[test]
fn rows_that_are_not_whole_and_rows_of_nothing_are_left_out() {
    let mut out = vec![1.0];
    dot_many(&[], &[1.0], 0, &mut out);
    assert!(out.is_empty());
    dot_many(&[2.0, 1.0], &[1.0, 1.0, 5.0], 2, &mut out);
    assert_eq!(out, [3.0]);
    let i8 = Rows::I8 {
        codes: &[1, 2, 3, 4],
        scales: &[1.0],
    };
    dot_each(&[1.0, 1.0], i8, 2, &mut out);
    assert_eq!(out, [3.0]);
}

#[test]
fn integer_kernels_are_exact_at_every_length_and_level() {
    for n in lengths() {
        let (a, b) = (bytes(n, 1), bytes(n * 5, 2));
        let extremes = vec![-128i8; n];
        for level in Level::available() {
            let (mut products, mut distances) = (vec![1], vec![1]);
            let (x, y) = (signed(&a), signed(&b));
            dot_i8_each_at(level, &x, &y, n, &mut products);
            hamming_each_at(level, &a, &b, n, &mut distances);
            assert_eq!(
                (products.len(), distances.len()),
                if n == 0 { (0, 0) } else { (5, 5) }
            );
            for i in 0..products.len() {
                let (row, bits) = (&y[i * n..][..n], &b[i * n..][..n]);
                let wanted = reference::dot_i8(&x, row) as i32;
                assert_eq!((products[i], dot_i8_at(level, &x, row)), (wanted, wanted));
                let wanted = reference::hamming(&a, bits);
                assert_eq!(
                    (distances[i], hamming_at(level, &a, bits)),
                    (wanted, wanted)
                );
            }
            assert_eq!(dot_i8_at(level, &extremes, &extremes), 128 * 128 * n as i32);
        }
    }
}

#[test]
fn integer_kernels_read_a_short_query_against_the_front_of_each_row() {
    let (query, rows) = (bytes(70, 1), bytes(300, 2));
    for level in Level::available() {
        let (mut products, mut distances) = (Vec::new(), Vec::new());
        dot_i8_each_at(level, &signed(&query), &signed(&rows), 100, &mut products);
        hamming_each_at(level, &query, &rows, 100, &mut distances);
        for i in 0..3 {
            let row = &rows[i * 100..][..70];
            assert_eq!(
                i64::from(products[i]),
                reference::dot_i8(&signed(&query), &signed(row))
            );
            assert_eq!(distances[i], reference::hamming(&query, row));
        }
        assert_eq!(
            hamming_at(level, &query, &rows[..3]),
            reference::hamming(&query[..3], &rows)
        );
        assert_eq!(dot_i8_at(level, &[3], &[]), 0);
    }
}

#[test]
fn non_finite_values_reach_the_result() {
    let mut a = vector(100, 1);
    a[77] = f32::NAN;
    for level in Level::available() {
        assert!(dot_at(level, &a, &vector(100, 2)).is_nan());
    }
}

#[test]
fn subnormal_numbers_count_in_full() {
    let tiny = vec![f32::from_bits(3); 64];
    let mut out = Vec::new();
    for level in Level::available() {
        assert_eq!(dot_at(level, &tiny, &[1.0; 64]), f32::from_bits(192));
        each_at(level, false, &[1.0; 64], Rows::F16(&[1; 64]), 64, &mut out);
        assert_eq!(out, [64.0 * 2f32.powi(-24)]);
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

proptest! {
    #[test]
    fn every_level_agrees_on_any_finite_vectors(
        pairs in prop::collection::vec((-1e6f32..1e6, -1e6f32..1e6), 0..200)
    ) {
        let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        check(&a, &b);
    }
}
