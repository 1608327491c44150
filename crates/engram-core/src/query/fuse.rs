//! Ranking: the best of one list, and reciprocal rank fusion of two.

use super::{Doc, Hit, Mask, Retriever};
use crate::error::Result;
use crate::state::Collection;
use std::collections::BTreeMap;

/// Rank constant (Cormack, Clarke and Buettcher, SIGIR 2009).
const RRF_K: f32 = 60.0;

/// How many candidates of each retriever are fused for `k` hits: deeper ranks add at most
/// 1 / (60 + depth) to a score.
pub(super) fn depth(k: usize) -> usize {
    k.saturating_mul(4).max(100)
}

/// One list of candidates, best first.
pub(super) type Ranked = Vec<(f32, Doc)>;

/// The best `n` by (-score, id).
pub(super) fn top(c: &Collection, mask: &Mask, mut scores: Ranked, n: usize) -> Result<Ranked> {
    if scores.len() > n {
        let (_, nth, _) = scores.select_nth_unstable_by(n - 1, |a, b| b.0.total_cmp(&a.0));
        // All that tie with the last place stay until their ids have decided.
        let bar = nth.0;
        scores.retain(|(score, _)| *score >= bar);
    }
    let mut named: Vec<(f32, &str, Doc)> = scores
        .into_iter()
        .map(|(score, doc)| Ok((score, mask.id(c, doc)?, doc)))
        .collect::<Result<_>>()?;
    named.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    named.truncate(n);
    Ok(named
        .into_iter()
        .map(|(score, _, doc)| (score, doc))
        .collect())
}

/// The best `k` of all lists together.
pub(super) fn fuse(
    c: &Collection,
    mask: &Mask,
    lists: &[(Retriever, Ranked)],
    k: usize,
) -> Result<Vec<Hit>> {
    let mut found: BTreeMap<Doc, (f32, Option<f32>, Option<f32>)> = BTreeMap::new();
    for (retriever, list) in lists {
        for (rank, (score, doc)) in list.iter().enumerate() {
            let (fused, lexical, dense) = found.entry(*doc).or_default();
            *fused += match lists.len() {
                1 => *score,
                _ => 1.0 / (RRF_K + rank as f32 + 1.0),
            };
            match retriever {
                Retriever::Lexical => *lexical = Some(*score),
                Retriever::Dense => *dense = Some(*score),
            }
        }
    }
    let fused = found
        .iter()
        .map(|(doc, (score, _, _))| (*score, *doc))
        .collect();
    top(c, mask, fused, k)?
        .into_iter()
        .map(|(score, doc)| {
            let (_, lexical, dense) = found[&doc];
            let id = mask.id(c, doc)?.to_owned();
            Ok(Hit {
                id,
                at: doc.location(c, mask),
                score,
                lexical,
                dense,
            })
        })
        .collect()
}
