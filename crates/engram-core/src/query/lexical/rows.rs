//! The rows of a part: what each unit of a query has there, and the most that it can give.
//!
//! Owns: their order and bounds. Invariant: no document gets more from a row than its bound.

use super::plan::{Lists, Part, Place, Plan};
use super::run::Runner;
use crate::error::Result;
use crate::index::text::{List, TermScorer};
use std::ops::Range;

/// What it takes to look a document up, and to decode a block for that; the unit is that of `run`.
const LOOKUP_COST: usize = 12;
const BLOCK_COST: usize = 50;

/// Where the documents of a row are.
pub(super) enum Source<'a> {
    /// Scored already: a range of the arena.
    Scored(Range<usize>),
    Blocks(List<'a>),
}

pub(super) struct Row<'a> {
    /// What no document gets more than; a multiple of the quantum.
    pub(super) bound: f32,
    pub(super) df: usize,
    pub(super) scorer: TermScorer,
    pub(super) source: Source<'a>,
}

impl Row<'_> {
    /// What it costs to look so many documents up.
    pub(super) fn look_up_cost(&self, documents: usize) -> usize {
        let blocks = match &self.source {
            Source::Scored(_) => 0,
            Source::Blocks(list) if list.is_dense() => 0,
            Source::Blocks(list) => list.blocks().min(documents),
        };
        documents * LOOKUP_COST + blocks * BLOCK_COST
    }
}

/// The rows of a part, the highest bound first.
pub(super) struct Rows<'a> {
    pub(super) rows: Vec<Row<'a>>,
    /// Places in `rows`, which are large and stay where they are.
    pub(super) order: Vec<u32>,
    /// For each row in that order what it and those behind it can add up to.
    pub(super) rest: Vec<f32>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(rows: Vec<Row<'a>>) -> Self {
        let bound = |place: u32| rows.get(place as usize).map_or(0.0, |row| row.bound);
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| bound(b).total_cmp(&bound(a)));
        let mut rest: Vec<f32> = order.iter().map(|&place| bound(place)).collect();
        let mut sum = 0.0;
        for most in rest.iter_mut().rev() {
            sum += *most;
            *most = sum;
        }
        Rows { rows, order, rest }
    }

    pub(super) fn get(&self, number: usize) -> Option<&Row<'a>> {
        self.rows.get(*self.order.get(number)? as usize)
    }

    /// What the rows from `number` on can add up to.
    pub(super) fn rest(&self, number: usize) -> f32 {
        self.rest.get(number).copied().unwrap_or(0.0)
    }
}

impl Runner {
    /// The rows of a part, the highest bound first. Short lists are scored at once.
    pub(super) fn rows<'a>(&mut self, plan: &Plan<'_>, part: &Part<'a>) -> Result<Rows<'a>> {
        self.arena_ordinals.clear();
        self.arena_scores.clear();
        let mut rows = Vec::with_capacity(part.lists.len());
        for (lists, &scorer) in part.lists.iter().zip(&plan.scorers) {
            let first = self.arena_scores.len();
            match (lists, &part.place) {
                (Lists::Term(info), Place::Segment(_, reader)) => {
                    let list = reader.list_at(*info)?;
                    if let Some(impacts) = list.all_impacts() {
                        let bounds = self.bounds.get_or_init(|| Box::new(plan.scale.bounds()));
                        rows.push(Row {
                            bound: scorer.bound(bounds.share(impacts)),
                            df: list.df() as usize,
                            scorer,
                            source: Source::Blocks(list),
                        });
                        continue;
                    }
                    self.score_block(part, &list, 0, scorer)?;
                    let count = self.block.count;
                    self.arena_ordinals.extend_from_slice(self.block.ordinals());
                    self.arena_scores.extend(self.scores.iter().take(count));
                }
                (Lists::Docs(docs), place) => {
                    self.arena_ordinals.extend_from_slice(&docs.ordinals);
                    let pairs = docs.ordinals.iter().zip(&docs.frequencies);
                    match place {
                        Place::Segment(_, reader) => self.arena_scores.extend(
                            pairs.map(|(&ordinal, &tf)| scorer.score(tf, reader.doc_len(ordinal))),
                        ),
                        Place::Memory(view) => {
                            let slots = view.slots();
                            let score = |(&slot, &tf)| scorer.score(tf, slots.doc_len(slot));
                            self.arena_scores.extend(pairs.map(score));
                        }
                    }
                }
                _ => continue,
            }
            let scored = self.arena_scores.get(first..).unwrap_or_default();
            rows.push(Row {
                bound: scored.iter().copied().fold(0.0, f32::max),
                df: scored.len(),
                scorer,
                source: Source::Scored(first..self.arena_scores.len()),
            });
        }
        Ok(Rows::new(rows))
    }

    /// Decodes a block of a list and scores its documents.
    pub(super) fn score_block(
        &mut self,
        part: &Part<'_>,
        list: &List<'_>,
        number: usize,
        scorer: TermScorer,
    ) -> Result<()> {
        list.decode(number, &mut self.block)?;
        if let Place::Segment(_, reader) = &part.place {
            reader.doc_lens(self.block.ordinals(), &mut self.lens);
        }
        let scores = self.scores.get_mut(..self.block.count).unwrap_or_default();
        scorer.scores(self.block.frequencies(), &self.lens, scores);
        Ok(())
    }

    pub(super) fn share(&self, list: &List<'_>, block: usize) -> f32 {
        // The bounds were made when the list became a row.
        self.bounds
            .get()
            .map_or(1.0, |bounds| bounds.share(list.impacts(block)))
    }
}
