//! The score of token vectors for a query.
//!
//! Owns: [`TokenQuery`], and the arithmetic of MaxSim, which is the same wherever the vectors lie and
//! however they are kept.

use super::tokens::inverse_norm;
use crate::kernel::{BytePanel, Panel, Rows, Weights, norm_squared};
use std::ops::Range;
use std::sync::OnceLock;

/// Token vectors to be scored.
#[derive(Clone, Copy)]
pub struct Tokens<'a> {
    /// The vectors.
    pub rows: Rows<'a>,
    /// One over the norm of each; none for binary ones.
    pub inverse_norms: Option<&'a [f32]>,
}

/// How closely a score is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// With the query's numbers in a byte each, where the vectors are bytes.
    Rough,
    /// In two bytes each.
    Fine,
    /// As they are.
    Exact,
}

/// The vectors of a query, laid out to be compared.
pub struct TokenQuery {
    dimension: usize,
    cosine: bool,
    vectors: Vec<f32>,
    panel: Panel,
    /// Rough and fine.
    bytes: [OnceLock<BytePanel>; 2],
}

impl TokenQuery {
    /// A query of vectors of `dimension` numbers, which `cosine` brings to norm 1.
    #[must_use]
    pub fn new(vectors: &[f32], dimension: usize, cosine: bool) -> TokenQuery {
        let mut vectors = vectors.to_vec();
        if cosine {
            for row in vectors.chunks_exact_mut(dimension.max(1)) {
                let inverse = inverse_norm(row);
                row.iter_mut().for_each(|x| *x *= inverse);
            }
        }
        TokenQuery {
            dimension,
            cosine,
            panel: Panel::new(&vectors, dimension),
            vectors,
            bytes: Default::default(),
        }
    }

    /// Length of each vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The vectors, as they are compared.
    #[must_use]
    pub fn vectors(&self) -> &[f32] {
        &self.vectors
    }

    fn weights<'a>(&self, tokens: &Tokens<'a>) -> Weights<'a> {
        match (self.cosine, tokens.inverse_norms) {
            (false, _) => Weights::Same(1.0),
            (true, Some(inverse_norms)) => Weights::Each(inverse_norms),
            // The norm of a vector of +1 and -1 is the root of its length.
            (true, None) => Weights::Same(1.0 / (self.dimension as f32).sqrt()),
        }
    }

    /// Replaces `out` by the scores of records, each a range of rows.
    pub fn score(&self, tokens: &Tokens<'_>, records: &[Range<usize>], out: &mut Vec<f32>) {
        self.panel
            .max_sim(tokens.rows, self.weights(tokens), records, out);
    }

    /// The score of one record whose vectors are given as `f32`, rounded to their element type.
    ///
    /// The same bits as [`TokenQuery::score`] of the same vectors as they are kept.
    #[must_use]
    pub fn score_of(&self, vectors: &[f32]) -> f32 {
        let rows = vectors.chunks_exact(self.dimension.max(1));
        let inverse_norms: Vec<f32> = rows.map(inverse_norm).collect();
        let tokens = Tokens {
            rows: Rows::F32(vectors),
            inverse_norms: Some(&inverse_norms),
        };
        let mut out = Vec::new();
        self.score(
            &tokens,
            std::slice::from_ref(&(0..inverse_norms.len())),
            &mut out,
        );
        out.first().copied().unwrap_or(f32::NEG_INFINITY)
    }

    /// Replaces `out` by scores that are off by the result at most, and cheaper where it is not 0.
    pub fn estimate(
        &self,
        precision: Precision,
        tokens: &Tokens<'_>,
        records: &[Range<usize>],
        out: &mut Vec<f32>,
    ) -> f32 {
        let (Rows::I8 { codes, scales }, true) = (tokens.rows, precision != Precision::Exact)
        else {
            self.score(tokens, records, out);
            return 0.0;
        };
        let fine = precision == Precision::Fine;
        let bytes = self.bytes[usize::from(fine)]
            .get_or_init(|| BytePanel::new(&self.vectors, self.dimension, fine));
        bytes.max_sim(codes, scales, self.weights(tokens), records, out);
        let Some(rounding) = bytes.error() else {
            // Then it was computed as `score` does.
            return 0.0;
        };
        let queries = self.vectors.chunks_exact(self.dimension.max(1));
        let size: f32 = queries.map(|q| norm_squared(q).sqrt()).sum();
        // Both are rounded sums of `f32`, too.
        self.most_norm(tokens, records) * (rounding * 1.0001 + 1e-5 * size)
    }

    /// The largest norm of a token of some records, as it counts.
    fn most_norm(&self, tokens: &Tokens<'_>, records: &[Range<usize>]) -> f32 {
        let Some(inverse_norms) = tokens.inverse_norms.filter(|_| !self.cosine) else {
            return 1.0;
        };
        let of = |range: &Range<usize>| inverse_norms.get(range.clone()).unwrap_or(&[]).iter();
        let least = records.iter().flat_map(of).filter(|x| **x > 0.0);
        let least = least.fold(f32::INFINITY, |m, x| m.min(*x));
        1.0001 / least
    }
}
