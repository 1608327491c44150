//! How well the codes of a space do: the live index against the exact search.
//!
//! Owns: what is asked for (stored embeddings; of token vectors the first 32, as many as a question
//! has), and how answers are compared.

use super::fuse::top;
use super::plan::Found;
use super::{Dense, Mask, Multi, dense, multi, vectors};
use crate::error::{Code, Error, Result};
use crate::format::limits::MAX_K;
use crate::format::space::Embedding;
use crate::state::Collection;
use std::time::Instant;

/// Token vectors of a stored record that make a question.
const TOKENS: usize = 32;

/// What a recall check measures with.
#[derive(Clone, Copy, Debug)]
pub struct RecallCheck<'a> {
    /// Name of the space, of dense vectors or multi-vectors.
    pub space: &'a str,
    /// Stored embeddings that are asked for, evenly spread over the records; each is asked for its
    /// neighbours, itself left out.
    pub sample: usize,
    /// Neighbours of each.
    pub k: usize,
    /// The recall that is asked for.
    pub recall: f32,
}

/// What a recall check found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecallReport {
    /// Vectors that were asked for.
    pub queries: usize,
    /// Share of the true neighbours that were found, over all queries; 1 where there are none.
    pub recall: f64,
    /// The least share of one query.
    pub worst: f64,
    /// Queries that did not go by codes at all.
    pub exact: usize,
    /// Mean microseconds of a query by codes.
    pub took_us: f64,
    /// Mean microseconds of an exact query.
    pub exact_us: f64,
}

/// Asks for stored vectors by codes and exactly, and compares.
pub fn recall_check(c: &Collection, check: &RecallCheck<'_>) -> Result<RecallReport> {
    if check.k == 0 || check.k >= MAX_K || check.sample == 0 {
        let message = format!("sample and k must be 1 at least, and k below {MAX_K}");
        return Err(Error::new(Code::InputInvalid, message));
    }
    let mask = Mask::new(c, None)?;
    let mut queries = vectors::spread(c, &mask, check.space, check.sample)?;
    let (mut found, mut wanted, mut worst, mut exact) = (0, 0, 1f64, 0);
    let (mut took, mut exact_took) = (0.0, 0.0);
    for (doc, embedding) in &mut queries {
        if let Embedding::Multi(tokens) = embedding {
            tokens.data.truncate(TOKENS * tokens.dimension as usize);
        }
        let ask = |exact: bool, took: &mut f64| {
            let clock = Instant::now();
            let answer = search(c, check, &mask, embedding, exact)?;
            *took += clock.elapsed().as_secs_f64() * 1e6;
            let mut list = answer.list;
            list.retain(|(_, other)| *other != *doc);
            Ok::<_, Error>((top(c, &mask, list, check.k)?, answer.exact))
        };
        let (approximate, was_exact) = ask(false, &mut took)?;
        let (truth, _) = ask(true, &mut exact_took)?;
        exact += usize::from(was_exact);
        // Whoever scores as the last true neighbour is as good as that one.
        let bar = truth.last().map_or(f32::NEG_INFINITY, |(score, _)| *score);
        let hits = approximate
            .iter()
            .filter(|(s, _)| *s >= bar)
            .count()
            .min(truth.len());
        found += hits;
        wanted += truth.len();
        worst = worst.min(share(hits, truth.len()));
    }
    let n = queries.len().max(1) as f64;
    Ok(RecallReport {
        queries: queries.len(),
        recall: share(found, wanted),
        worst,
        exact,
        took_us: took / n,
        exact_us: exact_took / n,
    })
}

/// One search, for as many more as the record that is asked for.
fn search(
    c: &Collection,
    check: &RecallCheck<'_>,
    mask: &Mask,
    embedding: &Embedding,
    exact: bool,
) -> Result<Found> {
    let (space, identity, recall) = (check.space, None, check.recall);
    match embedding {
        Embedding::Dense(vector) => {
            let wanted = Dense {
                space,
                identity,
                vector,
                exact,
                recall,
                threads: 1,
            };
            dense::search(c, &wanted, mask, check.k + 1)
        }
        Embedding::Multi(tokens) => {
            let wanted = Multi {
                space,
                identity,
                tokens,
                exact,
                recall,
            };
            multi::search(c, &wanted, mask, check.k + 1)
        }
        Embedding::Sparse(_) => {
            let message =
                format!("the space {space:?} is sparse, which is always searched exactly");
            Err(Error::new(Code::InputInvalid, message))
        }
    }
}

fn share(found: usize, wanted: usize) -> f64 {
    if wanted == 0 {
        1.0
    } else {
        found as f64 / wanted as f64
    }
}
