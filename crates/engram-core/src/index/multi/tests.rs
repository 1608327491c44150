//! Laws of token vectors, their scores and their codes, against plain arithmetic.

use super::*;
use crate::error::Error;
use crate::format::codec::Writer;
use crate::format::space::{Element, Embedding, Matrix};
use crate::index::normal::Normal;
use crate::kernel::{Rows, reference};
use proptest::prelude::*;
use std::ops::Range;

fn rounded(dimension: usize, data: Vec<f32>, element: Element) -> Matrix {
    let dimension = dimension as u32;
    let mut embedding = Embedding::Multi(Matrix { dimension, data });
    embedding.round(element);
    match embedding {
        Embedding::Multi(matrix) => matrix,
        _ => unreachable!(),
    }
}

/// A segment's tokens, written and to be read.
struct Stored {
    words: Vec<u64>,
    layout: Layout,
    ranges: Vec<Range<usize>>,
    codes: Option<Vec<u64>>,
}

fn as_words(bytes: &[u8]) -> Vec<u64> {
    let mut words = vec![0u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(bytes);
    words
}

impl Stored {
    fn new(matrices: &[Matrix], element: Element) -> Stored {
        let dimension = matrices[0].dimension as usize;
        let mut writer = TokensWriter::new(element, dimension);
        let (mut ranges, mut tokens) = (Vec::new(), 0);
        for matrix in matrices {
            writer.push(matrix).unwrap();
            ranges.push(tokens..tokens + matrix.rows().len());
            tokens += matrix.rows().len();
        }
        let mut w = Writer::new();
        writer.write(&mut w);
        Stored {
            words: as_words(&w.bytes),
            layout: Layout {
                element,
                dimension,
                records: matrices.len() as u32,
                tokens: tokens as u32,
            },
            ranges,
            codes: encode_codes(&writer).map(|bytes| as_words(&bytes)),
        }
    }

    fn cast<T: bytemuck::AnyBitPattern>(&self, at: Range<u64>) -> &[T] {
        let bytes: &[u8] = bytemuck::cast_slice(&self.words);
        bytemuck::cast_slice(&bytes[at.start as usize..at.end as usize])
    }

    fn tokens(&self) -> Tokens<'_> {
        let all = || 0..self.layout.tokens;
        let plane = self.layout.plane(all());
        Tokens {
            rows: match self.layout.element {
                Element::F32 => Rows::F32(self.cast(plane)),
                Element::F16 => Rows::F16(self.cast(plane)),
                Element::Bit => Rows::Bit(self.cast(plane)),
                Element::I8 => Rows::I8 {
                    codes: self.cast(plane),
                    scales: self.cast(self.layout.scales(all())),
                },
            },
            inverse_norms: (self.layout.element != Element::Bit)
                .then(|| self.cast(self.layout.norms(all()))),
        }
    }

    fn codes(&self) -> TokenCodes<'_> {
        TokenCodes::open(bytemuck::cast_slice(self.codes.as_deref().unwrap())).unwrap()
    }
}

/// The MaxSim of vectors by definition, and the sum of the sizes of its products.
fn max_sim(query: &[f32], document: &[f32], dim: usize, cosine: bool) -> (f64, f64) {
    let norm = |v: &[f32]| {
        // A vector of zeros stays one.
        match reference::dot(v, v).sqrt() {
            norm if cosine && norm > 0.0 => norm,
            _ => 1.0,
        }
    };
    let mut sum = (0.0, 0.0);
    for q in query.chunks_exact(dim) {
        let product = |d: &[f32]| reference::dot(q, d) / (norm(q) * norm(d));
        sum.0 += document
            .chunks_exact(dim)
            .map(product)
            .fold(f64::NEG_INFINITY, f64::max);
        sum.1 += if cosine {
            1.0
        } else {
            document.iter().chain(q).map(|x| f64::from(x * x)).sum()
        };
    }
    sum
}

fn some_matrices(element: Element) -> impl Strategy<Value = (usize, Vec<Matrix>, Vec<f32>)> {
    (1usize..70).prop_flat_map(move |dim| {
        let number = || -3.0f32..3.0;
        let matrix = (1usize..40).prop_flat_map(move |n| prop::collection::vec(number(), n * dim));
        let query = (1usize..40).prop_flat_map(move |n| prop::collection::vec(number(), n * dim));
        (prop::collection::vec(matrix, 1..6), query).prop_map(move |(all, query)| {
            let all = all.into_iter().map(|data| rounded(dim, data, element));
            (dim, all.collect(), query)
        })
    })
}

fn check_scores(dim: usize, matrices: &[Matrix], query: &[f32], element: Element) {
    let stored = Stored::new(matrices, element);
    let tokens = stored.tokens();
    for (matrix, range) in matrices.iter().zip(&stored.ranges) {
        let mut again = Vec::new();
        range
            .clone()
            .for_each(|row| tokens.rows.decode(dim, row, &mut again));
        assert_eq!(again, matrix.data, "{element:?}");
    }
    for cosine in [false, true] {
        let asked = TokenQuery::new(query, dim, cosine);
        let (mut scores, mut estimates) = (Vec::new(), Vec::new());
        asked.score(&tokens, &stored.ranges, &mut scores);
        let mut check_estimates = |precision| {
            let error = asked.estimate(precision, &tokens, &stored.ranges, &mut estimates);
            for (score, estimate) in scores.iter().zip(&estimates) {
                assert!((score - estimate).abs() <= error, "{precision:?}");
            }
            error
        };
        let rough = check_estimates(Precision::Rough);
        assert!(check_estimates(Precision::Fine) <= rough);
        assert_eq!(check_estimates(Precision::Exact), 0.0);
        for (i, matrix) in matrices.iter().enumerate() {
            assert_eq!(
                asked.score_of(&matrix.data),
                scores[i],
                "{element:?} {cosine}"
            );
            let (wanted, size) = max_sim(query, &matrix.data, dim, cosine);
            let off = (f64::from(scores[i]) - wanted).abs();
            assert!(
                off <= 1e-5 * size,
                "{element:?} {cosine}: {} {wanted}",
                scores[i]
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_kept_comes_back_and_scores_as_it_was(
        (dim, matrices, query) in some_matrices(Element::F32)
    ) {
        check_scores(dim, &matrices, &query, Element::F32);
    }

    #[test]
    fn so_it_does_in_half_precision((dim, matrices, query) in some_matrices(Element::F16)) {
        check_scores(dim, &matrices, &query, Element::F16);
    }

    #[test]
    fn so_it_does_in_bytes((dim, matrices, query) in some_matrices(Element::I8)) {
        check_scores(dim, &matrices, &query, Element::I8);
    }

    #[test]
    fn so_it_does_in_bits((dim, matrices, query) in some_matrices(Element::Bit)) {
        check_scores(dim, &matrices, &query, Element::Bit);
    }
}

/// Texts about topics: tokens near those of a vocabulary, which leans to the topic.
fn texts(count: usize, dim: usize, seed: u64) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    let mut normal = Normal(seed);
    let mean = normal.vector(dim);
    let vocabulary: Vec<Vec<f32>> = (0..500).map(|_| normal.vector(dim)).collect();
    let text = |topic: usize, tokens: usize, normal: &mut Normal| -> Vec<f32> {
        let mut out = Vec::new();
        for _ in 0..tokens {
            let word = if normal.below(3) == 0 {
                normal.below(500)
            } else {
                topic * 5 + normal.below(25)
            };
            let noise = normal.vector(dim);
            let token: Vec<f32> = (0..dim)
                .map(|d| mean[d] + vocabulary[word % 500][d] + 0.5 * noise[d])
                .collect();
            let norm = reference::dot(&token, &token).sqrt() as f32;
            out.extend(token.iter().map(|x| x / norm));
        }
        out
    };
    let mut some = |n: usize, tokens: usize| -> Vec<Vec<f32>> {
        (0..n)
            .map(|i| text(i * 7 % 100, tokens + i % 9, &mut normal))
            .collect()
    };
    (some(count, 26), some(30, 8))
}

/// For each query: how many of the true best ten are found, and how many records were scored.
fn found(stored: &Stored, queries: &[Vec<f32>]) -> (usize, usize) {
    let (codes, tokens) = (stored.codes(), stored.tokens());
    let (mut hits, mut scored) = (0, 0);
    for query in queries {
        let query = TokenQuery::new(query, stored.layout.dimension, true);
        let (mut exact, mut scores) = (Vec::new(), Vec::new());
        query.score(&tokens, &stored.ranges, &mut exact);
        codes.estimate(&codes.lookup(query.vectors()), &stored.ranges, &mut scores);
        let mut estimates: Vec<(f32, usize)> = scores.iter().copied().zip(0..).collect();
        estimates.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let found = refine::<usize>(&[], &mut estimates, (10, 0.99), |batch, out| {
            out.extend(batch.iter().map(|(_, i)| exact[*i]));
            Ok(())
        });
        let depth = found.unwrap();
        let reached = estimates[..depth].iter().map(|(_, i)| exact[*i]);
        let reached: Vec<f32> = reached.collect();
        exact.sort_by(|a, b| b.total_cmp(a));
        hits += reached.iter().filter(|score| **score >= exact[9]).count();
        scored += depth;
    }
    (hits, scored)
}

#[test]
fn codes_lead_to_the_best_and_spare_most_of_the_work() {
    let (documents, queries) = texts(800, 32, 1);
    for element in [Element::F32, Element::F16, Element::I8] {
        let matrices: Vec<Matrix> = documents
            .iter()
            .map(|d| rounded(32, d.clone(), element))
            .collect();
        let stored = Stored::new(&matrices, element);
        let (hits, scored) = found(&stored, &queries);
        assert!(
            hits * 1000 >= queries.len() * 10 * 990,
            "{element:?}: {hits} hits"
        );
        assert!(
            scored * 2 < queries.len() * 800,
            "{element:?}: {scored} scored"
        );
    }
}

#[test]
fn vectors_without_structure_cost_work_but_no_hits() {
    let mut normal = Normal(3);
    let matrices: Vec<Matrix> = (0..700)
        .map(|_| {
            rounded(
                16,
                (0..24 * 16).map(|_| normal.next()).collect(),
                Element::F32,
            )
        })
        .map(|mut m| {
            for row in m.data.chunks_exact_mut(16) {
                let norm = reference::dot(row, row).sqrt() as f32;
                row.iter_mut().for_each(|x| *x /= norm);
            }
            m
        })
        .collect();
    let queries: Vec<Vec<f32>> = (0..20).map(|_| normal.vector(16 * 12)).collect();
    let (hits, _) = found(&Stored::new(&matrices, Element::F32), &queries);
    assert!(hits >= 198, "{hits} of 200");
}

#[test]
fn codes_are_left_out_where_they_do_not_help() {
    let (documents, _) = texts(700, 16, 2);
    let with = |documents: &[Vec<f32>], element, factor: f32| {
        let mut matrices: Vec<Matrix> = documents
            .iter()
            .map(|d| rounded(16, d.clone(), element))
            .collect();
        matrices[0].data.iter_mut().for_each(|x| *x *= factor);
        Stored::new(&matrices, element).codes.is_some()
    };
    assert!(with(&documents, Element::F32, 1.0));
    assert!(!with(&documents[..250], Element::F32, 1.0), "few tokens");
    assert!(!with(&documents, Element::F32, 2.0), "unequal norms");
    assert!(!with(&documents, Element::F32, 0.0), "a vector of zeros");
    assert!(!with(&documents, Element::Bit, 1.0), "bits");
}

#[test]
fn codes_of_few_dimensions_leave_subspaces_empty() {
    let (documents, _) = texts(700, 3, 5);
    let matrices: Vec<Matrix> = documents
        .iter()
        .map(|d| rounded(3, d.clone(), Element::F32))
        .collect();
    let stored = Stored::new(&matrices, Element::F32);
    let query = TokenQuery::new(&documents[9], 3, true);
    let (mut exact, mut estimates) = (Vec::new(), Vec::new());
    query.score(&stored.tokens(), &stored.ranges, &mut exact);
    let codes = stored.codes();
    codes.estimate(
        &codes.lookup(query.vectors()),
        &stored.ranges,
        &mut estimates,
    );
    for (exact, estimate) in exact.iter().zip(&estimates) {
        assert!(
            (exact - estimate).abs() < 0.05 * exact.abs(),
            "{exact} {estimate}"
        );
    }
}

#[test]
fn damaged_codes_are_refused_or_read_within_bounds() {
    let (documents, queries) = texts(600, 16, 4);
    let matrices: Vec<Matrix> = documents
        .iter()
        .map(|d| rounded(16, d.clone(), Element::F32))
        .collect();
    let stored = Stored::new(&matrices, Element::F32);
    let words = stored.codes.clone().unwrap();
    let mut out = Vec::new();
    for cut in [0, 1, 2, 8, 9, 40, words.len() / 2, words.len() - 8] {
        assert!(
            TokenCodes::open(bytemuck::cast_slice(&words[..cut])).is_err(),
            "{cut}"
        );
    }
    let mut normal = Normal(8);
    for i in 0..200 {
        let mut words = words.clone();
        let at = if i < 100 {
            normal.below(4)
        } else {
            normal.below(words.len())
        };
        words[at] ^= 1 << normal.below(64);
        if let Ok(codes) = TokenCodes::open(bytemuck::cast_slice(&words))
            && codes.dimension == 16
        {
            codes.estimate(&codes.lookup(&queries[0]), &stored.ranges, &mut out);
            assert_eq!(out.len(), stored.ranges.len());
        }
    }
}

#[test]
fn refining_stops_when_estimates_are_exact_and_goes_on_when_they_say_nothing() {
    let mut normal = Normal(11);
    let exact: Vec<f32> = (0..3000).map(|_| normal.next()).collect();
    let depth = |noise: f32, normal: &mut Normal| {
        let noisy = |e: &f32| *e * (1.0 - noise) + normal.next() * noise;
        let mut estimates: Vec<(f32, usize)> = exact.iter().map(noisy).zip(0..).collect();
        estimates.sort_by(|a, b| b.0.total_cmp(&a.0));
        let score = |batch: &mut [(f32, usize)], out: &mut Vec<f32>| {
            out.extend(batch.iter().map(|(_, i)| exact[*i]));
            Ok(())
        };
        refine(&[], &mut estimates, (10, 0.99), score).unwrap()
    };
    assert_eq!(depth(0.0, &mut normal), 64);
    assert!((65..1500).contains(&depth(0.2, &mut normal)));
    assert!(depth(1.0, &mut normal) > 2500);
    let failed = refine(&[], &mut [(1.0, ())], (1, 0.99), |_, _| {
        Err(Error::internal("no"))
    });
    assert!(failed.is_err());
    let nothing = refine(&[], &mut [], (5, 0.99), |_: &mut [(f32, ())], _| Ok(()));
    assert_eq!(nothing.unwrap(), 0);
}
