//! The best documents of one part.
//!
//! Owns: MaxScore (Turtle and Flood 1995) over an accumulator for the whole part, with block maxima (Ding
//! and Suel, SIGIR 2011). The rows of a query, one for each of its units, are sorted by the most that a
//! document can get from them. Rows that alone could lift a document over the bar are added up for all
//! their documents; the others are then looked up for the few documents that can still reach it, until
//! none of those can. Invariant: the result is that of adding everything, bit by bit, since scores and
//! bounds are multiples of one quantum and their sums are exact (see `index::text::bm25`).

use super::super::Doc;
use super::best::Best;
use super::look_up::Candidate;
use super::plan::{Part, Plan};
use super::rows::{Row, Rows, Source};
use crate::bitset::Bitset;
use crate::error::Result;
use crate::index::text::{Block, Bounds};
use crate::kernel::{impact, unpack};
use std::cell::OnceCell;

/// What it takes to add a document, and to scan the sums of 64 documents, in about the same unit (measured:
/// 0.7 ns).
const ADD_COST: usize = 1;
const SCAN_COST: usize = 2;
/// A part of so many documents for each that is added gets along without a scan of them all.
const SPARSE_SHARE: usize = 16;

/// Buffers that all parts of a query use one after the other.
#[derive(Default)]
pub(super) struct Runner {
    pub(super) block: Block,
    pub(super) lens: Vec<u32>,
    pub(super) scores: Vec<f32>,
    pub(super) arena_ordinals: Vec<u32>,
    pub(super) arena_scores: Vec<f32>,
    /// By ordinal; all 0 between parts.
    pub(super) sums: Vec<f32>,
    /// Which of `sums` are not 0, where few are; else nothing.
    pub(super) touched: Vec<u32>,
    pub(super) is_sparse: bool,
    pub(super) candidates: Vec<Candidate>,
    pub(super) bounds: OnceCell<Box<Bounds>>,
}

impl Runner {
    pub(super) fn new() -> Self {
        Runner {
            lens: vec![0; unpack::BLOCK],
            scores: vec![0.0; unpack::BLOCK],
            ..Runner::default()
        }
    }

    /// Offers to `best` every document of part `number` that can be among the best.
    pub(super) fn search(&mut self, plan: &Plan<'_>, number: usize, best: &mut Best) -> Result<()> {
        let Some(part) = plan.parts.get(number) else {
            return Ok(());
        };
        let allowed = part.allowed.as_deref();
        if allowed.is_some_and(Bitset::is_empty) {
            return Ok(());
        }
        let rows = self.rows(plan, part)?;
        if rows.order.is_empty() || rows.rest(0) < best.bar() {
            return Ok(());
        }
        if let [row] = rows.rows.as_slice() {
            return self.search_one(part, row, number, best);
        }
        let total: usize = rows.rows.iter().map(|row| row.df).sum();
        let few = allowed.filter(|set| {
            let costs = rows
                .rows
                .iter()
                .map(|row| row.look_up_cost(set.count() as usize));
            costs.sum::<usize>() < total * ADD_COST
        });
        if let Some(set) = few {
            self.candidates.clear();
            let all = set.iter().map(|ordinal| Candidate {
                ordinal,
                score: 0.0,
            });
            self.candidates.extend(all);
            self.complete(&rows, 0, best.bar())?;
        } else {
            self.sums
                .resize(self.sums.len().max(part.limit as usize), 0.0);
            self.is_sparse = total * SPARSE_SHARE < part.limit as usize;
            let outcome = self.narrow(part, &rows, best);
            self.reset(part);
            outcome?;
        }
        for found in &self.candidates {
            best.offer(found.score, Doc::new(number, found.ordinal));
        }
        Ok(())
    }

    /// A query of one row: blocks that cannot reach the bar are left out.
    fn search_one(
        &mut self,
        part: &Part<'_>,
        row: &Row<'_>,
        number: usize,
        best: &mut Best,
    ) -> Result<()> {
        let allowed = part.allowed.as_deref();
        let mut offer = |ordinals: &[u32], scores: &[f32]| {
            for (&ordinal, &score) in ordinals.iter().zip(scores) {
                if score >= best.bar() && allowed.is_none_or(|set| set.contains(ordinal)) {
                    best.offer(score, Doc::new(number, ordinal));
                }
            }
            best.bar()
        };
        match &row.source {
            Source::Scored(range) => {
                let ordinals = self.arena_ordinals.get(range.clone()).unwrap_or_default();
                offer(
                    ordinals,
                    self.arena_scores.get(range.clone()).unwrap_or_default(),
                );
            }
            Source::Blocks(list) => {
                let mut bar = offer(&[], &[]);
                for block in 0..list.blocks() {
                    if row.scorer.bound(self.share(list, block)) >= bar {
                        self.score_block(part, list, block, row.scorer)?;
                        bar = offer(self.block.ordinals(), &self.scores);
                    }
                }
            }
        }
        Ok(())
    }

    /// Leaves in `candidates` every document of the part whose score reaches the bar, with its score.
    fn narrow(&mut self, part: &Part<'_>, rows: &Rows<'_>, best: &Best) -> Result<()> {
        let mut bar = best.bar();
        let mut done = 0;
        if bar == 0.0 {
            // Nothing is known yet: the rarest rows name some documents, and what those score in full
            // is a bar that as many as are wanted reach.
            let mut seen = 0;
            while done < rows.order.len() && seen < 4 * best.k() {
                seen += self.add(part, rows, done, bar)?;
                done += 1;
            }
            bar = self.first_bar(part, rows, done, best.k())?;
        }
        let needed = rows.rest.iter().position(|most| *most < bar);
        let needed = needed.unwrap_or(rows.order.len());
        while done < needed {
            self.add(part, rows, done, bar)?;
            done += 1;
        }
        loop {
            let least = (bar - rows.rest(done)).max(f32::MIN_POSITIVE);
            if let Some(row) = rows.get(done) {
                let add = row.df * ADD_COST + part.limit as usize / 64 * SCAN_COST;
                if row.look_up_cost(self.count(part, least)) > add {
                    self.add(part, rows, done, bar)?;
                    done += 1;
                    continue;
                }
            }
            self.collect(part, least);
            return self.complete(rows, done, bar);
        }
    }

    /// The score that `k` documents have at least; 0 if `k` cannot be named.
    fn first_bar(
        &mut self,
        part: &Part<'_>,
        rows: &Rows<'_>,
        done: usize,
        k: usize,
    ) -> Result<f32> {
        self.collect(part, f32::MIN_POSITIVE);
        if self.candidates.len() < k {
            return Ok(0.0);
        }
        if self.candidates.len() > k {
            let by_score = |a: &Candidate, b: &Candidate| b.score.total_cmp(&a.score);
            self.candidates.select_nth_unstable_by(k - 1, by_score);
            self.candidates.truncate(k);
        }
        self.candidates.sort_unstable_by_key(|found| found.ordinal);
        self.complete(rows, done, 0.0)?;
        let scores = self.candidates.iter().map(|found| found.score);
        Ok(scores.fold(f32::INFINITY, f32::min))
    }

    /// Adds a row to the sums of its documents, without blocks that cannot reach the bar. Returns how
    /// many documents it has.
    fn add(&mut self, part: &Part<'_>, rows: &Rows<'_>, number: usize, bar: f32) -> Result<usize> {
        let Some(row) = rows.get(number) else {
            return Ok(0);
        };
        match &row.source {
            Source::Scored(range) => {
                let ordinals = self.arena_ordinals.get(range.clone()).unwrap_or_default();
                let scores = self.arena_scores.get(range.clone()).unwrap_or_default();
                let touched = self.is_sparse.then_some(&mut self.touched);
                add_scores(&mut self.sums, ordinals, scores, touched);
            }
            Source::Blocks(list) => {
                let others = rows.rest(0) - row.bound;
                for block in 0..list.blocks() {
                    if row.scorer.bound(self.share(list, block)) + others < bar {
                        continue;
                    }
                    self.score_block(part, list, block, row.scorer)?;
                    let touched = self.is_sparse.then_some(&mut self.touched);
                    add_scores(&mut self.sums, self.block.ordinals(), &self.scores, touched);
                }
            }
        }
        Ok(row.df)
    }

    /// How many documents of a sum of at least `bar` there are, or a few more.
    fn count(&self, part: &Part<'_>, bar: f32) -> usize {
        if self.is_sparse {
            return self.touched.len();
        }
        let sums = self.sums.get(..part.limit as usize).unwrap_or_default();
        let allowed = part.allowed.as_deref();
        let mut count = 0;
        impact::at_least(sums, bar, |word, mask| {
            count += (mask & allowed_word(allowed, word)).count_ones() as usize;
        });
        count
    }

    /// Makes every allowed document whose sum is at least `bar` a candidate, ascending.
    fn collect(&mut self, part: &Part<'_>, bar: f32) {
        let allowed = part.allowed.as_deref();
        let (candidates, sums) = (&mut self.candidates, &self.sums);
        candidates.clear();
        let sums = sums.get(..part.limit as usize).unwrap_or_default();
        if self.is_sparse {
            let found = self.touched.iter().filter_map(|&ordinal| {
                let score = sums.get(ordinal as usize).copied().unwrap_or(0.0);
                let is_allowed = allowed.is_none_or(|set| set.contains(ordinal));
                (score >= bar && is_allowed).then_some(Candidate { ordinal, score })
            });
            candidates.extend(found);
            candidates.sort_unstable_by_key(|found| found.ordinal);
            return;
        }
        impact::at_least(sums, bar, |word, mask| {
            let mut left = mask & allowed_word(allowed, word);
            while left != 0 {
                let ordinal = word * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                let score = sums.get(ordinal).copied().unwrap_or(0.0);
                candidates.push(Candidate {
                    ordinal: ordinal as u32,
                    score,
                });
            }
        });
    }

    /// Makes all sums 0 again.
    fn reset(&mut self, part: &Part<'_>) {
        if !self.is_sparse {
            self.sums
                .iter_mut()
                .take(part.limit as usize)
                .for_each(|sum| *sum = 0.0);
        }
        for ordinal in self.touched.drain(..) {
            if let Some(sum) = self.sums.get_mut(ordinal as usize) {
                *sum = 0.0;
            }
        }
    }
}

/// Which of 64 documents are allowed.
fn allowed_word(allowed: Option<&Bitset>, word: usize) -> u64 {
    allowed.map_or(u64::MAX, |set| set.words().get(word).copied().unwrap_or(0))
}

/// Adds scores to the sums of their documents, and notes those that had none, if asked.
#[inline]
fn add_scores(sums: &mut [f32], ordinals: &[u32], scores: &[f32], touched: Option<&mut Vec<u32>>) {
    let pairs = ordinals.iter().zip(scores);
    let Some(touched) = touched else {
        for (&ordinal, &score) in pairs {
            if let Some(sum) = sums.get_mut(ordinal as usize) {
                *sum += score;
            }
        }
        return;
    };
    for (&ordinal, &score) in pairs {
        if let Some(sum) = sums.get_mut(ordinal as usize) {
            if *sum == 0.0 {
                touched.push(ordinal);
            }
            *sum += score;
        }
    }
}
