//! Ranking: the best of one list, and the fusion of several.

use super::request::{Fusion, Retriever, Wanted};
use super::{Doc, Mask};
use crate::error::Result;
use crate::state::Collection;
use std::collections::BTreeMap;

/// Rank constant (Cormack, Clarke and Buettcher, SIGIR 2009).
const RRF_K: f32 = 60.0;

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
fn sort<T>(
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
    });
    candidates.collect()
}

/// Gives each candidate its fused score, and sorts.
pub(super) fn fuse(
    c: &Collection,
    mask: &Mask,
    fusion: Fusion,
    lists: &[Ranked],
    weights: &[f32],
    candidates: &mut Vec<Candidate>,
) -> Result<()> {
    match fusion {
        Fusion::Convex => convex(weights, candidates),
        Fusion::Rrf => reciprocal_rank(lists, candidates),
    }
    sort(c, mask, candidates, |x| (x.score, x.doc))
}

/// The weighted sum of scores, each stretched so that the best candidate has 1 and the worst 0.
fn convex(weights: &[f32], candidates: &mut [Candidate]) {
    let total: f32 = weights.iter().sum();
    for (i, weight) in weights.iter().enumerate() {
        let present = || candidates.iter().filter_map(|x| x.scores[i]);
        let (low, high) = present().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), s| {
            (l.min(s), h.max(s))
        });
        let share = weight / total;
        for x in candidates.iter_mut() {
            x.score += match x.scores[i] {
                Some(s) if high > low => share * ((s - low) / (high - low)),
                Some(_) => share,
                None => 0.0,
            };
        }
    }
}

fn reciprocal_rank(lists: &[Ranked], candidates: &mut [Candidate]) {
    let mut fused: BTreeMap<Doc, f32> = BTreeMap::new();
    for list in lists {
        for (rank, (_, doc)) in list.iter().enumerate() {
            *fused.entry(*doc).or_default() += 1.0 / (RRF_K + rank as f32 + 1.0);
        }
    }
    for x in candidates {
        x.score = fused.get(&x.doc).copied().unwrap_or_default();
    }
}

/// The share of each retriever in the fused score: what the caller gave, else the default.
pub(super) fn weights(retrievers: &[Retriever<'_>]) -> Vec<f32> {
    let default = |r: &Retriever<'_>| match r.wanted {
        Wanted::Lexical(_) | Wanted::Dense(_) | Wanted::Sparse(_) | Wanted::Multi(_) => 1.0,
    };
    retrievers
        .iter()
        .map(|r| r.weight.unwrap_or_else(|| default(r)))
        .collect()
}
