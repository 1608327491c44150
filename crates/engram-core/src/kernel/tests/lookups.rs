//! MaxSim by tables.

use super::*;
use crate::kernel::lookup::{CODEWORDS, Lookup, SUBSPACES};

/// The MaxSim of rows of codewords by definition.
fn wanted(
    coarse: &[f32],
    fine: &[f32],
    stride: usize,
    count: usize,
    codes: &[(u16, [u8; 8])],
) -> f64 {
    let entry = |products: &[f32], row: usize, q: usize| {
        let product = products.get(row * stride + q).copied().unwrap_or(0.0);
        f64::from(product)
    };
    let row = |q: usize, (c, f): &(u16, [u8; 8])| {
        let codes = f.iter().enumerate();
        let sums = codes.map(|(m, code)| entry(fine, m * CODEWORDS + usize::from(*code), q));
        entry(coarse, usize::from(*c), q) + sums.sum::<f64>()
    };
    let best = |q| {
        codes
            .iter()
            .map(|r| row(q, r))
            .fold(f64::NEG_INFINITY, f64::max)
    };
    (0..count).map(best).sum()
}

#[test]
fn sums_of_entries_are_within_half_a_step_each_at_every_level() {
    for (count, coarse_words, rows) in [
        (1usize, 3usize, 1usize),
        (31, 20, 17),
        (32, 9, 40),
        (33, 300, 5),
        (80, 7, 9),
    ] {
        let mut next = bits(count as u64);
        let codes: Vec<(u16, [u8; 8])> = (0..rows)
            .map(|_| {
                (
                    (next() % (coarse_words + 1) as u64) as u16,
                    next().to_le_bytes(),
                )
            })
            .collect();
        let (of, fine_codes): (Vec<u16>, Vec<[u8; 8]>) = codes.iter().copied().unzip();
        for level in Level::available() {
            let stride = count.next_multiple_of(level.lanes());
            let coarse = vector(coarse_words * stride, 1);
            let fine: Vec<f32> = vector(SUBSPACES * CODEWORDS * stride, 2)
                .iter()
                .map(|x| x * 0.1)
                .collect();
            let table = Lookup::at(level, &coarse, &fine, stride, count);
            let mut out = vec![5.0];
            table.max_sim(
                &of,
                &fine_codes,
                &[0..rows, rows / 2..rows + 9, rows..rows + 3],
                &mut out,
            );
            for (found, range) in out.iter().zip([0..rows, rows / 2..rows]) {
                let wanted = wanted(&coarse, &fine, stride, count, &codes[range]);
                // Nine roundings for each vector, of steps of 1.8 / 32759.
                let slack = count as f64 * 9.0 * 0.5 * 1.81 / 32759.0 + 1e-4;
                assert!(
                    (f64::from(*found) - wanted).abs() <= slack,
                    "{found} {wanted}"
                );
            }
            assert_eq!(out[2], f32::NEG_INFINITY);
        }
    }
}

#[test]
fn every_level_gives_the_same_sums() {
    let (coarse, fine) = (vector(64 * 48, 1), vector(SUBSPACES * CODEWORDS * 48, 2));
    let mut next = bits(4);
    let of: Vec<u16> = (0..50).map(|_| (next() % 64) as u16).collect();
    let codes: Vec<[u8; 8]> = (0..50).map(|_| next().to_le_bytes()).collect();
    let score = |level| {
        let mut out = Vec::new();
        Lookup::at(level, &coarse, &fine, 48, 37).max_sim(&of, &codes, &[0..50, 3..9], &mut out);
        out
    };
    let wanted = score(Level::Portable);
    assert!(Level::available().all(|level| score(level) == wanted));
}

#[test]
fn tables_of_nothing_and_of_no_numbers_do_no_harm() {
    for level in Level::available() {
        let mut out = Vec::new();
        Lookup::at(level, &[], &[], 16, 3).max_sim(&[1], &[[2; 8]], &[0..1, 1..1], &mut out);
        assert_eq!(out, [0.0, f32::NEG_INFINITY]);
        Lookup::at(level, &[], &[], 16, 0).max_sim(&[1], &[[2; 8]], &[0..1, 1..1], &mut out);
        assert_eq!(out[0], 0.0);
        let bad = vec![f32::NAN; 16 * 8];
        Lookup::at(level, &bad, &[1.0; 64], 16, 3).max_sim(
            &[1],
            &[[2; 8]],
            &[0..1, 1..1],
            &mut out,
        );
        assert!(out[0].is_finite());
    }
}
