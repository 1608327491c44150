//! Products and distances of one query with rows.

use super::*;
use crate::kernel::rows::{dot_at, each_at, l2_squared_at, picked_at};
use crate::kernel::{dot, dot_each, dot_many, l2_squared, norm_squared};
use proptest::prelude::*;

fn assert_close(found: f32, wanted: f64, magnitude: f64, n: usize) {
    let error = (f64::from(found) - wanted).abs();
    assert!(
        error <= tolerance(magnitude, n),
        "{found} against {wanted}, n {n}"
    );
}

fn check(a: &[f32], b: &[f32]) {
    let (n, distance) = (a.len(), reference::l2_squared(a, b));
    for level in Level::available() {
        let wanted = reference::dot(a, b);
        assert_close(dot_at(level, a, b), wanted, magnitude(a, b), n);
        assert_close(l2_squared_at(level, a, b), distance, distance, n);
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
    assert_eq!(
        decode(Rows::F16(&[f16::ONE, f16::from_f32(-2.0)]), 2, 0),
        [1.0, -2.0]
    );
    let i8 = Rows::I8 {
        codes: &[1, -2, 127, -127],
        scales: &[1.0, 0.5],
    };
    assert_eq!(decode(i8, 2, 1), [63.5, -63.5]);
    let bits = Rows::Bit(&[0, 0, 0b101, 2]);
    let mut signs = [1.0; 66];
    for i in [0, 2, 65] {
        signs[i] = -1.0;
    }
    assert_eq!(decode(bits, 66, 1), signs);
    assert_eq!(decode(bits, 66, 2), [0.0; 0]);
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
fn a_norm_is_that_of_the_reference_to_the_last_bit_or_next_to_it() {
    for n in lengths() {
        let a = vector(n, 9);
        // Nothing adds up to -0.
        let (found, wanted) = (norm_squared(&a), reference::dot(&a, &a).abs() as f32);
        assert!(found.to_bits().abs_diff(wanted.to_bits()) <= 1, "{n}");
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
        each_at(
            level,
            false,
            &[1.0; 64],
            Rows::F16(&[f16::from_bits(1); 64]),
            64,
            &mut out,
        );
        assert_eq!(out, [64.0 * 2f32.powi(-24)]);
    }
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
