//! Ranking: the best of one list, and the fusion of several.

use super::request::{Fusion, Retriever, Wanted};
use super::{Doc, Mask};
use crate::error::Result;
use crate::state::Collection;
use std::collections::BTreeMap;

/// Rank constant (Cormack, Clarke and Buettcher, SIGIR 2009).
const RRF_K: f32 = 60.0;

/// What vectors count beside words, where the embedder knows all of the query.
const HALF: f32 = 0.5;

/// One list of candidates, best first.
pub(super) type Ranked = Vec<(f32, Doc)>;

/// A candidate of any retriever.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) doc: Doc,
    /// The score that ranks it.
    pub(super) score: f32,
    /// Raw scores by retriever.
    pub(super) scores: Vec<Option<f32>>,
    /// The same from 0, the worst candidate's, to 1, the best one's; empty until they are fused.
    pub(super) stretched: Vec<f32>,
}

/// The best `n` by (-score, id).
pub(super) fn top(c: &Collection, mask: &Mask, mut scores: Ranked, n: usize) -> Result<Ranked> {
    if scores.len() > n {
        let (_, nth, _) = scores.select_nth_unstable_by(n - 1, |a, b| b.0.total_cmp(&a.0));
        // All that tie with the last place stay until their ids have decided.
        let bar = nth.0;
        scores.retain(|(score, _)| *score >= bar);
    }
    sort(c, mask, &mut scores, |(score, doc)| (*score, *doc))?;
    scores.truncate(n);
    Ok(scores)
}

/// Sorts by (-score, id).
pub(super) fn sort<T>(
    c: &Collection,
    mask: &Mask,
    list: &mut Vec<T>,
    key: impl Fn(&T) -> (f32, Doc),
) -> Result<()> {
    let mut named: Vec<(f32, &str, T)> = std::mem::take(list)
        .into_iter()
        .map(|item| {
            let (score, doc) = key(&item);
            Ok((score, mask.id(c, doc)?, item))
        })
        .collect::<Result<_>>()?;
    named.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    list.extend(named.into_iter().map(|(_, _, item)| item));
    Ok(())
}

/// The candidates of all lists, with the ranks they have in them.
pub(super) fn unite(lists: &[Ranked]) -> Vec<Candidate> {
    let mut all: BTreeMap<Doc, Vec<Option<f32>>> = BTreeMap::new();
    for (i, list) in lists.iter().enumerate() {
        for (score, doc) in list {
            all.entry(*doc).or_insert_with(|| vec![None; lists.len()])[i] = Some(*score);
        }
    }
    let candidates = all.into_iter().map(|(doc, scores)| Candidate {
        doc,
        score: 0.0,
        scores,
        stretched: Vec::new(),
    });
    candidates.collect()
}

/// Gives each candidate its fused score, and sorts. Returns the share of each retriever.
pub(super) fn fuse(
    c: &Collection,
    mask: &Mask,
    fusion: Fusion,
    lists: &[Ranked],
    retrievers: &[Retriever<'_>],
    candidates: &mut Vec<Candidate>,
) -> Result<Vec<f32>> {
    let weights = match fusion {
        Fusion::Convex => convex(retrievers, candidates),
        Fusion::Rrf => reciprocal_rank(lists, candidates),
    };
    sort(c, mask, candidates, |x| (x.score, x.doc))?;
    Ok(weights)
}

/// The weighted sum of scores, each stretched so that the best candidate has 1 and the worst 0. What
/// has no text holds none of the words, which scores 0; what has no vector counts as the worst.
fn convex(retrievers: &[Retriever<'_>], candidates: &mut [Candidate]) -> Vec<f32> {
    for (i, retriever) in retrievers.iter().enumerate() {
        stretch(candidates, i, is_words(retriever));
    }
    let weights = weights(retrievers, candidates);
    let total: f32 = weights.iter().sum();
    for x in candidates.iter_mut() {
        let parts = x.stretched.iter().zip(&weights);
        x.score = parts.map(|(s, w)| s * (w / total)).sum();
    }
    weights
}

fn stretch(candidates: &mut [Candidate], i: usize, words: bool) {
    let score = |x: &Candidate| x.scores[i].or(words.then_some(0.0));
    let scored = candidates.iter().filter_map(score);
    let (low, high) = scored.fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), s| {
        (l.min(s), h.max(s))
    });
    for x in candidates {
        let stretched = match score(x) {
            Some(s) if high > low => (s - low) / (high - low),
            // All are the best, unless they hold none of the words.
            Some(s) if !words || s > 0.0 => 1.0,
            _ => 0.0,
        };
        x.stretched.push(stretched);
    }
}

/// Whether a retriever compares words; else vectors.
fn is_words(retriever: &Retriever<'_>) -> bool {
    matches!(retriever.wanted, Wanted::Lexical(_) | Wanted::Sparse(_))
}

/// The share of each retriever: what the caller gave, 1 where another has one. Where the caller gave
/// none, the side of the words (BM25, sparse) and the side of the vectors (dense, multi) count half each,
/// the vectors less where their embedder knows only a part of the query.
/// `docs/explanation/quality.md` has the measurements.
fn weights(retrievers: &[Retriever<'_>], candidates: &[Candidate]) -> Vec<f32> {
    if retrievers.iter().any(|r| r.weight.is_some()) {
        return retrievers.iter().map(|r| r.weight.unwrap_or(1.0)).collect();
    }
    let side = |words: bool| -> Vec<usize> {
        let members = 0..retrievers.len();
        members
            .filter(|i| is_words(&retrievers[*i]) == words)
            .collect()
    };
    let (words, vectors) = (side(true), side(false));
    let found = |side: &[usize]| {
        let any = |x: &Candidate| side.iter().any(|i| x.scores[*i].is_some_and(|s| s != 0.0));
        candidates.iter().any(any)
    };
    let of_vectors = match (found(&words), found(&vectors)) {
        (false, _) => 1.0,
        (_, false) => 0.0,
        _ => {
            let trust = vectors.iter().map(|i| retrievers[*i].trust);
            let trust = trust.fold(0.0, f32::max);
            HALF * trust
        }
    };
    let shares = |r: &Retriever<'_>| match is_words(r) {
        true => (1.0 - of_vectors) / words.len() as f32,
        false => of_vectors / vectors.len() as f32,
    };
    retrievers.iter().map(shares).collect()
}

fn reciprocal_rank(lists: &[Ranked], candidates: &mut [Candidate]) -> Vec<f32> {
    let mut fused: BTreeMap<Doc, f32> = BTreeMap::new();
    for list in lists {
        for (rank, (_, doc)) in list.iter().enumerate() {
            *fused.entry(*doc).or_default() += 1.0 / (RRF_K + rank as f32 + 1.0);
        }
    }
    for x in candidates {
        x.score = fused.get(&x.doc).copied().unwrap_or_default();
    }
    vec![1.0; lists.len()]
}
