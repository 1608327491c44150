//! The best records by MaxSim.

use super::target::Target;
use crate::error::{Error, Result};
use crate::index::multi::{Precision, refine};
use crate::query::fuse::top;
use crate::query::plan::Found;
use crate::query::{Doc, Mask, Multi};
use crate::segment::MultiVectors;
use crate::state::Collection;
use std::ops::Range;

/// With so few records left of a segment, scoring them is cheaper than the tables of its codes.
const LEAST_ESTIMATED: usize = 64;
/// With so few tokens left in all, so it is for every segment: 1.2 ms of float32.
const FEW_TOKENS: usize = 1 << 15;

/// A row of a segment, and the segment's place among those of the collection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    part: u32,
    row: u32,
}

/// A score that is off by `error` at most.
struct Bounded {
    score: f32,
    error: f32,
    at: Row,
}

/// The rows of a segment that are to be searched.
struct Candidates {
    part: u32,
    rows: Vec<Row>,
    /// The tokens of each.
    ranges: Vec<Range<usize>>,
}

impl Candidates {
    fn new(vectors: &MultiVectors<'_>, masked: Option<&[u64]>, part: u32) -> Result<Candidates> {
        let is_allowed = |row: &u32| {
            let word = |words: &[u64]| words[*row as usize / 64] >> (row % 64) & 1 == 1;
            masked.is_none_or(word)
        };
        let rows = (0..vectors.rows().len()).filter(is_allowed);
        let rows: Vec<Row> = rows.map(|row| Row { part, row }).collect();
        let ranges = rows.iter().map(|at| vectors.range(at.row));
        Ok(Candidates {
            part,
            ranges: ranges.collect::<Result<_>>()?,
            rows,
        })
    }

    fn tokens(&self) -> usize {
        self.ranges.iter().map(Range::len).sum()
    }
}

/// The best `depth` records.
pub(in crate::query) fn search(
    c: &Collection,
    wanted: &Multi<'_>,
    mask: &Mask,
    depth: usize,
) -> Result<Found> {
    let mut found = Found::nothing();
    let Some(target) = Target::resolve(c, wanted)? else {
        return Ok(found);
    };
    let mut search = Search::new(c, target)?;
    search.memory(mask);
    let candidates = search.candidates(mask)?;
    let rows = candidates.iter().map(|some| some.rows.len());
    found.records = (search.known.len() + rows.sum::<usize>()) as u64;
    let tokens = candidates.iter().map(Candidates::tokens).sum::<usize>();
    let exact = wanted.exact || wanted.recall >= 1.0 || tokens <= FEW_TOKENS;
    for some in &candidates {
        if exact || !search.estimate(some)? {
            search.score_rough(some)?;
        }
    }
    let estimated = search.estimates.len();
    if estimated > 0 {
        let scored = search.refine_estimates(depth, wanted.recall)?;
        found.exact = scored == estimated;
        found.notes.push(("estimated", estimated.to_string()));
        found.notes.push(("of these scored", scored.to_string()));
    }
    search.settle(depth)?;
    found.list = top(c, mask, search.known, depth)?;
    Ok(found)
}

struct Search<'a> {
    c: &'a Collection,
    target: Target,
    /// By segment; none where it has no vectors in the space.
    vectors: Vec<Option<MultiVectors<'a>>>,
    /// Exact scores.
    known: Vec<(f32, Doc)>,
    /// Scores whose error is known.
    bounded: Vec<Bounded>,
    /// Scores by codes.
    estimates: Vec<(f32, Row)>,
}

impl<'a> Search<'a> {
    fn new(c: &'a Collection, target: Target) -> Result<Search<'a>> {
        let vectors = c.segments.iter().map(|v| target.vectors_of(&v.segment));
        Ok(Search {
            vectors: vectors.collect::<Result<_>>()?,
            c,
            target,
            known: Vec::new(),
            bounded: Vec::new(),
            estimates: Vec::new(),
        })
    }

    /// Scores the records in memory.
    fn memory(&mut self, mask: &Mask) {
        for (entry, i) in mask.memory.iter().zip(0u32..) {
            let embedding = entry.record.embedding(self.target.space);
            if let Some(score) = embedding.and_then(|e| self.target.score_embedding(e)) {
                let doc = Doc::new(self.c.segments.len(), i);
                self.known.push((score, doc));
            }
        }
    }

    fn candidates(&self, mask: &Mask) -> Result<Vec<Candidates>> {
        let parts = self.vectors.iter().zip(&mask.segments).zip(0u32..);
        let some = parts.filter_map(|((vectors, allowed), part)| {
            let vectors = vectors.as_ref()?;
            let masked = vectors.rows().mask(allowed);
            Some(Candidates::new(vectors, masked.as_deref(), part))
        });
        some.collect()
    }

    fn vectors(&self, part: u32) -> Result<&MultiVectors<'a>> {
        let vectors = self.vectors.get(part as usize).and_then(Option::as_ref);
        vectors.ok_or_else(|| Error::internal("a row without vectors"))
    }

    /// Estimates records by codes; false where there are none, or not worth it.
    fn estimate(&mut self, some: &Candidates) -> Result<bool> {
        if some.rows.len() < LEAST_ESTIMATED {
            return Ok(false);
        }
        let segment = &self.c.segments[some.part as usize].segment;
        let vectors = self.vectors(some.part)?;
        let Some(codes) = segment.token_codes(self.target.space, vectors)? else {
            return Ok(false);
        };
        let mut scores = Vec::new();
        let lookup = codes.lookup(self.target.query.vectors());
        codes.estimate(&lookup, &some.ranges, &mut scores);
        let rows = some.rows.iter().copied();
        self.estimates.extend(scores.into_iter().zip(rows));
        Ok(true)
    }

    fn score_rough(&mut self, some: &Candidates) -> Result<()> {
        let scored = self.score(Precision::Rough, &some.rows, &some.ranges)?;
        self.bounded.extend(scored);
        Ok(())
    }

    /// The scores of rows of one segment.
    fn score(
        &self,
        precision: Precision,
        rows: &[Row],
        ranges: &[Range<usize>],
    ) -> Result<Vec<Bounded>> {
        let mut scores = Vec::new();
        let mut error = 0.0;
        if let Some(row) = rows.first() {
            let tokens = self.vectors(row.part)?.some(ranges)?;
            let query = &self.target.query;
            error = query.estimate(precision, &tokens, ranges, &mut scores);
        }
        let scored = scores.into_iter().zip(rows);
        let bounded = |(score, at): (f32, &Row)| Bounded {
            score,
            error,
            at: *at,
        };
        Ok(scored.map(bounded).collect())
    }

    /// The scores of rows of any segments, in the order of the rows.
    fn score_rows(&self, precision: Precision, mut rows: Vec<Row>) -> Result<Vec<Bounded>> {
        rows.sort_unstable();
        let mut out = Vec::with_capacity(rows.len());
        for rows in rows.chunk_by(|a, b| a.part == b.part) {
            let vectors = self.vectors(rows[0].part)?;
            let ranges = rows.iter().map(|at| vectors.range(at.row));
            let ranges = ranges.collect::<Result<Vec<_>>>()?;
            out.extend(self.score(precision, rows, &ranges)?);
        }
        Ok(out)
    }

    /// Scores the best of the estimated, as many as it takes; returns how many.
    fn refine_estimates(&mut self, depth: usize, recall: f32) -> Result<usize> {
        let mut estimates = std::mem::take(&mut self.estimates);
        estimates.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let known = self.known.iter().map(|(score, _)| *score);
        let known: Vec<f32> = known.chain(self.bounded.iter().map(|b| b.score)).collect();
        refine(&known, &mut estimates, (depth, recall), |batch, out| {
            // In the order in which they lie in the file.
            batch.sort_unstable_by_key(|(_, at)| *at);
            let rows = batch.iter().map(|(_, at)| *at).collect();
            let scored = self.score_rows(Precision::Rough, rows)?;
            out.extend(scored.iter().map(|b| b.score));
            self.bounded.extend(scored);
            Ok(())
        })
    }

    /// Scores ever more closely what could be among the best `depth` in view of the errors.
    fn settle(&mut self, depth: usize) -> Result<()> {
        for precision in [Precision::Fine, Precision::Exact] {
            let (sure, mut open): (Vec<_>, Vec<_>) = std::mem::take(&mut self.bounded)
                .into_iter()
                .partition(|b| b.error == 0.0);
            self.bounded = sure;
            open.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
            // What seems best comes first: known closely, it rules out most of the others.
            let rest = open.split_off(depth.min(open.len()));
            for some in [open, rest] {
                let bar = self.bar(depth);
                let some = some.iter().filter(|b| b.score + b.error >= bar);
                let scored = self.score_rows(precision, some.map(|b| b.at).collect())?;
                self.bounded.extend(scored);
            }
        }
        for b in std::mem::take(&mut self.bounded) {
            if let Some(ordinal) = self.vectors(b.at.part)?.rows().ordinal(b.at.row) {
                let doc = Doc::new(b.at.part as usize, ordinal);
                self.known.push((b.score, doc));
            }
        }
        Ok(())
    }

    /// What the last of the best `depth` scores at least.
    fn bar(&self, depth: usize) -> f32 {
        let known = self.known.iter().map(|(score, _)| *score);
        let least = self.bounded.iter().map(|b| b.score - b.error);
        let mut least: Vec<f32> = known.chain(least).collect();
        match depth.checked_sub(1) {
            Some(last) if last < least.len() => {
                *least.select_nth_unstable_by(last, |a, b| b.total_cmp(a)).1
            }
            _ => f32::NEG_INFINITY,
        }
    }
}
