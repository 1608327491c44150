//! Several vectors against many rows.
#![allow(
    clippy::single_range_in_vec_init,
    reason = "one document is a slice of one range"
)]

use super::*;
use crate::kernel::byte_panel::BytePanel;
use crate::kernel::panel::{Panel, Weights};
use crate::kernel::rows::dot_at;
use std::ops::Range;

const ONE: Weights<'_> = Weights::Same(1.0);

/// Vectors and rows, so that groups are whole, of one register, and partly filled at every level,
/// and tiles are of every size.
const SIZES: [(usize, usize); 8] = [
    (1, 1),
    (3, 14),
    (4, 3),
    (16, 12),
    (17, 27),
    (32, 5),
    (33, 40),
    (70, 16),
];

fn levels_and_depths() -> impl Iterator<Item = (Level, bool)> {
    Level::available().flat_map(|level| [(level, false), (level, true)])
}

fn dims() -> impl Iterator<Item = usize> {
    lengths()
        .into_iter()
        .skip(1)
        .filter(|n| n % 7 < 3 || *n > 120)
}

/// Overlapping ranges of rows, one of them partly and one wholly beyond the end.
fn documents(rows: usize) -> Vec<Range<usize>> {
    let (third, end) = (rows / 3, rows + 3);
    vec![0..rows, third..rows, third..third + 1, 1..end, end..end + 2]
}

/// The MaxSim of each document by the definition, and the sum of the terms' sizes.
fn max_sims(query: &[f32], rows: &[f32], dim: usize) -> Vec<(f64, f64)> {
    let count = rows.len() / dim;
    let one = |document: Range<usize>| {
        let (start, end) = (document.start.min(count), document.end.min(count));
        let tokens = &rows[start * dim..end.max(start) * dim];
        let largest = |q: &[f32]| {
            let sizes = tokens.chunks_exact(dim).map(|t| magnitude(q, t));
            sizes.fold(0.0, f64::max)
        };
        let size = query.chunks_exact(dim).map(largest).sum();
        (reference::max_sim(query, tokens, dim), size)
    };
    documents(count).into_iter().map(one).collect()
}

fn assert_close(found: &[f32], wanted: &[(f64, f64)], slack: f64, dim: usize, what: &str) {
    assert_eq!(found.len(), wanted.len());
    for (found, (wanted, size)) in found.iter().zip(wanted) {
        let error = (f64::from(*found) - wanted).abs();
        let close = error <= slack + tolerance(*size, dim) || f64::from(*found) == *wanted;
        assert!(close, "{found} against {wanted}, {dim} dimensions, {what}");
    }
}

#[test]
fn max_sim_agrees_with_the_reference_for_every_element_at_every_level() {
    for (dim, (count, rows)) in dims().flat_map(|d| SIZES.map(|s| (d, s))).step_by(7) {
        let (query, stored) = (vector(count * dim, 1), Stored::new(dim, rows, 2));
        for rows in stored.rows() {
            let mut decoded = Vec::new();
            (0..rows.count(dim)).for_each(|i| rows.decode(dim, i, &mut decoded));
            let wanted = max_sims(&query, &decoded, dim);
            for level in Level::available() {
                let panel = Panel::at(level, &query, dim);
                let (mut found, mut plain) = (vec![1.0], Vec::new());
                panel.max_sim(rows, ONE, &documents(rows.count(dim)), &mut found);
                assert_close(&found, &wanted, 0.0, dim, &format!("{level:?} {count}"));
                panel.max_sim(
                    Rows::F32(&decoded),
                    ONE,
                    &documents(rows.count(dim)),
                    &mut plain,
                );
                assert_eq!(found, plain, "decoded rows give other bits");
            }
        }
    }
}

#[test]
fn a_byte_panel_is_off_by_its_error_at_most() {
    for (dim, (count, rows)) in dims().flat_map(|d| SIZES.map(|s| (d, s))).step_by(7) {
        let (query, stored) = (vector(count * dim, 1), Stored::new(dim, rows, 2));
        let rows = Rows::I8 {
            codes: &stored.codes,
            scales: &stored.scales,
        };
        let mut decoded = Vec::new();
        (0..rows.count(dim)).for_each(|i| rows.decode(dim, i, &mut decoded));
        let norms = decoded
            .chunks_exact(dim)
            .map(|r| reference::dot(r, r).sqrt());
        let norm = norms.fold(0.0, f64::max);
        let wanted = max_sims(&query, &decoded, dim);
        for (level, fine) in levels_and_depths() {
            let panel = BytePanel::at(level, &query, dim, fine);
            let mut found = vec![1.0];
            let documents = documents(rows.count(dim));
            panel.max_sim(&stored.codes, &stored.scales, ONE, &documents, &mut found);
            let slack = f64::from(panel.error().unwrap_or(0.0)) * norm;
            let rough = f64::from(
                BytePanel::at(level, &query, dim, false)
                    .error()
                    .unwrap_or(0.0),
            ) * norm;
            assert!(!fine || slack <= rough / 200.0 + 1e-5);
            assert_close(&found, &wanted, slack, dim, &format!("{level:?} {count}"));
        }
    }
}

#[test]
fn a_byte_panel_is_not_off_where_nothing_is_lost() {
    // Whole numbers up to 127 are what a byte can say.
    let (dim, rows) = (130, 9);
    let mut query = vec![0.0; dim * 3];
    query
        .iter_mut()
        .zip(bytes(dim * 3, 1))
        .for_each(|(q, b)| *q = f32::from(b.cast_signed() / 2));
    query.chunks_exact_mut(dim).for_each(|q| q[0] = 127.0);
    let codes = signed(&bytes(dim * rows, 2));
    let decoded: Vec<f32> = codes.iter().map(|c| f32::from(*c)).collect();
    for (level, fine) in levels_and_depths() {
        let panel = BytePanel::at(level, &query, dim, fine);
        let mut found = Vec::new();
        panel.max_sim(&codes, &[1.0; 9], ONE, &[0..rows], &mut found);
        assert_eq!(panel.error().unwrap_or(0.0), 0.0);
        assert_eq!(
            f64::from(found[0]),
            reference::max_sim(&query, &decoded, dim)
        );
    }
}

#[test]
fn a_weight_counts_as_if_the_row_were_multiplied_by_it() {
    let (dim, count, rows) = (36, 20, 61);
    let (query, stored) = (vector(count * dim, 1), Stored::new(dim, rows, 2));
    let weights: Vec<f32> = (0..rows).map(|i| [0.25, 1.0, 4.0][i % 3]).collect();
    for level in Level::available() {
        for kind in stored.rows() {
            let (mut found, mut wanted) = (Vec::new(), Vec::new());
            let mut decoded = Vec::new();
            for (i, weight) in weights.iter().enumerate() {
                let at = decoded.len();
                kind.decode(dim, i, &mut decoded);
                // Powers of two, so that nothing is rounded.
                decoded[at..].iter_mut().for_each(|x| *x *= weight);
            }
            let (panel, documents) = (Panel::at(level, &query, dim), documents(rows));
            panel.max_sim(kind, Weights::Each(&weights), &documents, &mut found);
            panel.max_sim(Rows::F32(&decoded), ONE, &documents, &mut wanted);
            assert_eq!(found, wanted);
            panel.max_sim(kind, ONE, &documents, &mut wanted);
            panel.max_sim(kind, Weights::Same(0.5), &documents, &mut found);
            wanted.iter_mut().for_each(|x| *x *= 0.5);
            assert_eq!(found, wanted);
        }
        let (panel, documents) = (
            BytePanel::at(level, &query, dim, count > 9),
            documents(rows),
        );
        let scaled: Vec<f32> = (0..rows).map(|i| stored.scales[i] * weights[i]).collect();
        let (mut found, mut wanted) = (Vec::new(), Vec::new());
        let weights = Weights::Each(&weights);
        panel.max_sim(
            &stored.codes,
            &stored.scales,
            weights,
            &documents,
            &mut found,
        );
        panel.max_sim(&stored.codes, &scaled, ONE, &documents, &mut wanted);
        assert_eq!(found, wanted);
    }
}

#[test]
fn products_and_nearest_rows_agree_with_the_reference_at_every_level() {
    for (dim, (count, rows)) in dims().flat_map(|d| SIZES.map(|s| (d, s))).step_by(2) {
        let (query, rows) = (vector(count * dim, 3), vector(rows * dim, 4));
        for level in Level::available() {
            let panel = Panel::at(level, &query, dim);
            assert_eq!(panel.count(), count);
            let (mut products, mut nearest) = (vec![1.0], vec![(1, 1.0)]);
            panel.products(&rows, &mut products);
            panel.nearest(&rows, &mut nearest);
            assert_eq!(nearest.len(), count);
            for (i, q) in query.chunks_exact(dim).enumerate() {
                let mut best = (0, f32::NEG_INFINITY);
                for (j, row) in rows.chunks_exact(dim).enumerate() {
                    let found = products[j * panel.stride() + i];
                    let error = (f64::from(found) - reference::dot(q, row)).abs();
                    assert!(
                        error <= tolerance(magnitude(q, row), dim),
                        "{level:?} {dim} {i} {j}"
                    );
                    best = if found > best.1 {
                        (j as u32, found)
                    } else {
                        best
                    };
                }
                assert_eq!(nearest[i], best, "{level:?} {dim} {i}");
            }
            let padding = products
                .chunks_exact(panel.stride())
                .map(|row| &row[count..]);
            assert!(padding.flatten().all(|x| *x == 0.0));
        }
    }
}

#[test]
fn nothing_against_nothing_is_nothing() {
    for level in Level::available() {
        let (mut out, mut nearest) = (Vec::new(), vec![(1, 1.0)]);
        Panel::at(level, &[], 8).max_sim(Rows::F32(&[1.0; 16]), ONE, &[0..2, 5..9], &mut out);
        assert_eq!(out, [0.0, 0.0]);
        Panel::at(level, &[1.0; 8], 8).max_sim(Rows::F32(&[]), ONE, &[0..2], &mut out);
        assert_eq!(out, [f32::NEG_INFINITY]);
        BytePanel::at(level, &[1.0; 8], 8, true).max_sim(&[], &[], ONE, &[0..2], &mut out);
        assert_eq!(out, [f32::NEG_INFINITY]);
        Panel::at(level, &[1.0; 8], 0).max_sim(Rows::F32(&[1.0]), ONE, &[0..1], &mut out);
        assert_eq!(out, [0.0]);
        BytePanel::at(level, &[1.0; 8], 0, true).max_sim(&[1], &[1.0], ONE, &[0..1], &mut out);
        assert_eq!(out, [0.0]);
        Panel::at(level, &[1.0; 8], 8).nearest(&[], &mut nearest);
        assert!(nearest.is_empty());
    }
}

#[test]
fn of_equal_rows_the_first_is_nearest() {
    let row = vector(20, 1);
    let rows = [
        row.clone(),
        row.clone(),
        row.clone(),
        row.clone(),
        row.clone(),
    ]
    .concat();
    for level in Level::available() {
        let mut nearest = Vec::new();
        Panel::at(level, &row, 20).nearest(&rows, &mut nearest);
        assert_eq!(nearest[0].0, 0);
        assert!((nearest[0].1 - dot_at(level, &row, &row)).abs() < 1e-5);
    }
}
