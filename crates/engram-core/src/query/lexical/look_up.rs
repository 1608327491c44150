//! Looking documents up in the rows of a part.
//!
//! Owns: what single documents get from rows, where that is cheaper than to add the rows up.

use super::plan::{Lists, Part, Place, Plan};
use super::rows::{Rows, Source};
use super::run::Runner;
use crate::error::Result;
use crate::index::text::{List, TermScorer};
use crate::kernel::unpack;

/// A document that can still reach the bar, with what the rows so far gave it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) ordinal: u32,
    pub(super) score: f32,
}

impl Runner {
    /// The scores of `ordinals`, ascending, in their order; 0 for those without a word of the query.
    pub(super) fn scores(
        &mut self,
        plan: &Plan<'_>,
        part: &Part<'_>,
        ordinals: &[u32],
    ) -> Result<&[Candidate]> {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        let all = ordinals.iter().map(|&ordinal| Candidate {
            ordinal,
            score: 0.0,
        });
        candidates.extend(all);
        for (lists, &scorer) in part.lists.iter().zip(&plan.scorers) {
            match (lists, &part.place) {
                (Lists::Term(info), Place::Segment(_, reader)) => {
                    let list = reader.list_at(*info)?;
                    self.look_up(&mut candidates, &list, scorer, 0.0)?;
                }
                (Lists::Docs(docs), _) => {
                    for found in &mut candidates {
                        if let Some(tf) = docs.frequency(found.ordinal) {
                            found.score += scorer.score(tf, part.doc_len(found.ordinal));
                        }
                    }
                }
                _ => {}
            }
        }
        self.candidates = candidates;
        Ok(&self.candidates)
    }

    /// Looks the candidates up in the rows from `first` on, and drops those that cannot reach the bar.
    pub(super) fn complete(&mut self, rows: &Rows<'_>, first: usize, bar: f32) -> Result<()> {
        for number in first..rows.order.len() {
            let Some(row) = rows.get(number).filter(|_| !self.candidates.is_empty()) else {
                return Ok(());
            };
            let after = rows.rest(number + 1);
            let mut candidates = std::mem::take(&mut self.candidates);
            match &row.source {
                Source::Scored(range) => {
                    let ordinals = self.arena_ordinals.get(range.clone()).unwrap_or_default();
                    let scores = self.arena_scores.get(range.clone()).unwrap_or_default();
                    look_up_scored(&mut candidates, ordinals, scores);
                }
                Source::Blocks(list) => {
                    self.look_up(&mut candidates, list, row.scorer, bar - after)?;
                }
            }
            candidates.retain(|found| found.score + after >= bar);
            self.candidates = candidates;
        }
        Ok(())
    }

    /// Adds what each candidate has in a list. One that cannot reach `bar` is left as it is.
    pub(super) fn look_up(
        &mut self,
        candidates: &mut [Candidate],
        list: &List<'_>,
        scorer: TermScorer,
        bar: f32,
    ) -> Result<()> {
        let (mut at, mut decoded) = (0, None);
        for found in candidates {
            at = list.find(found.ordinal, at);
            if at >= list.blocks() {
                break;
            }
            if bar > 0.0 && found.score + scorer.bound(self.share(list, at)) < bar {
                continue;
            }
            let tf = if let Some(bitmap) = list.bitmap(at)? {
                let bit = found.ordinal % unpack::BLOCK as u32;
                if bitmap >> bit & 1 == 0 {
                    continue;
                }
                let rank = (bitmap & ((1 << bit) - 1)).count_ones();
                Some(list.dense_frequency(at, rank, bitmap.count_ones())?)
            } else {
                if decoded != Some(at) {
                    list.decode(at, &mut self.block)?;
                    decoded = Some(at);
                }
                let place = self.block.ordinals().binary_search(&found.ordinal);
                place
                    .ok()
                    .and_then(|i| self.block.frequencies().get(i).copied())
            };
            if let Some(tf) = tf {
                found.score += scorer.score(tf, list.doc_len(found.ordinal));
            }
        }
        Ok(())
    }
}

fn look_up_scored(candidates: &mut [Candidate], mut ordinals: &[u32], mut scores: &[f32]) {
    for found in candidates {
        let below = ordinals.partition_point(|&ordinal| ordinal < found.ordinal);
        ordinals = ordinals.get(below..).unwrap_or_default();
        scores = scores.get(below..).unwrap_or_default();
        if ordinals.first() == Some(&found.ordinal) {
            found.score += scores.first().copied().unwrap_or(0.0);
        }
    }
}
