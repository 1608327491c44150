//! The multi-vector retriever: MaxSim (Khattab & Zaharia, SIGIR 2020).
//!
//! Owns: which records are scored exactly. Where a segment has codes of its tokens they are estimated,
//! and `index::multi::refine` decides how many of the best are scored; where it has none, or every
//! record is to be compared, all are, int8 ones behind a cheaper score whose error is known. Scores
//! are those of `index::multi::TokenQuery`, the same bits wherever a record lies.

use super::fuse::top;
use super::plan::Found;
use super::similarity::unknown_space;
use super::{Doc, Mask, Multi};
use crate::checks;
use crate::error::{Code, Error, Result};
use crate::format::record::Metric;
use crate::format::space::{Embedding, Kind};
use crate::index::multi::{TokenQuery, Tokens, refine};
use crate::segment::{MultiVectors, Segment};
use crate::state::{Collection, Location};
use std::ops::Range;

/// With so few records left of a segment, scoring them is cheaper than the tables of its codes.
const LEAST_ESTIMATED: usize = 64;

/// A query that fits its space.
struct Target {
    space: u16,
    query: TokenQuery,
}

impl Target {
    fn resolve(c: &Collection, wanted: &Multi<'_>) -> Result<Option<Target>> {
        let mut embedding = Embedding::Multi(wanted.tokens.clone());
        checks::embedding(wanted.space, &embedding, c.metric)?;
        checks::recall(wanted.recall)?;
        let Some(index) = c.space(wanted.space) else {
            if c.spaces.is_empty() && c.live() == 0 {
                return Ok(None);
            }
            return Err(unknown_space(c, wanted.space));
        };
        let space = &c.spaces[usize::from(index)];
        if wanted.identity.is_some() {
            checks::identity(wanted.space, space.identity.as_deref(), wanted.identity)?;
        }
        checks::kind(space, Kind::Multi)?;
        if space.truncate {
            embedding.truncate(space.dimension);
            checks::embedding(wanted.space, &embedding, c.metric)?;
        }
        let dimension = embedding.dimension() as usize;
        checks::dimension(wanted.space, space.dimension, dimension)?;
        let Embedding::Multi(tokens) = embedding else {
            return Ok(None);
        };
        Ok(Some(Target {
            space: index,
            query: TokenQuery::new(&tokens.data, dimension, c.metric == Metric::Cosine),
        }))
    }

    /// The token vectors of a segment, to compare with.
    fn vectors_of<'s>(&self, segment: &'s Segment) -> Result<Option<MultiVectors<'s>>> {
        let vectors = segment.multi(self.space)?;
        if vectors.is_some_and(|v| v.dimension() != self.query.dimension()) {
            let message = "token vectors have another dimension than their space";
            return Err(Error::new(Code::CorruptSegment, message));
        }
        Ok(vectors)
    }

    fn score_embedding(&self, embedding: &Embedding) -> Option<f32> {
        match embedding {
            Embedding::Multi(m) => Some(self.query.score_of(&m.data)),
            _ => None,
        }
    }
}

/// A row of a segment, and the segment's place among those of the collection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    part: u32,
    row: u32,
}

/// The scores that a search has so far.
#[derive(Default)]
struct Scores {
    /// Exact ones.
    known: Vec<(f32, Doc)>,
    /// Scores that are off by the second number at most.
    bounded: Vec<(f32, f32, Row)>,
    /// Scores by codes.
    estimates: Vec<(f32, Row)>,
}

struct Search<'a> {
    target: Target,
    /// By segment; none where it has no vectors in the space.
    vectors: Vec<Option<MultiVectors<'a>>>,
    scores: Scores,
    records: u64,
}

/// The best `depth` records.
pub(super) fn search(
    c: &Collection,
    wanted: &Multi<'_>,
    mask: &Mask,
    depth: usize,
) -> Result<Found> {
    let mut found = Found {
        list: Vec::new(),
        records: 0,
        exact: true,
        notes: Vec::new(),
    };
    let Some(target) = Target::resolve(c, wanted)? else {
        return Ok(found);
    };
    let mut search = Search {
        target,
        vectors: Vec::with_capacity(c.segments.len()),
        scores: Scores::default(),
        records: 0,
    };
    search.memory(c, mask);
    for part in 0..c.segments.len() {
        search.segment(c, mask, part, wanted.exact || wanted.recall >= 1.0)?;
    }
    let estimated = search.scores.estimates.len();
    if estimated > 0 {
        let scored = search.settle_estimates(depth, wanted.recall)?;
        found.exact = scored == estimated;
        found.notes.push(("estimated", estimated.to_string()));
        found.notes.push(("of these scored", scored.to_string()));
    }
    search.settle_bounded(depth)?;
    found.records = search.records;
    found.list = top(c, mask, search.scores.known, depth)?;
    Ok(found)
}

impl<'a> Search<'a> {
    fn memory(&mut self, c: &Collection, mask: &Mask) {
        for (entry, i) in mask.memory.iter().zip(0u32..) {
            let embedding = entry.record.embedding(self.target.space);
            if let Some(score) = embedding.and_then(|e| self.target.score_embedding(e)) {
                self.records += 1;
                let doc = Doc::new(c.segments.len(), i);
                self.scores.known.push((score, doc));
            }
        }
    }

    fn segment(&mut self, c: &'a Collection, mask: &Mask, part: usize, exact: bool) -> Result<()> {
        let segment = &c.segments[part].segment;
        let vectors = self.target.vectors_of(segment)?;
        self.vectors.push(vectors);
        let Some(vectors) = vectors else {
            return Ok(());
        };
        let masked = vectors.rows().mask(&mask.segments[part]);
        let is_allowed = |row: &u32| {
            let word = |words: &[u64]| words[*row as usize / 64] >> (row % 64) & 1 == 1;
            masked.as_deref().is_none_or(word)
        };
        let rows: Vec<u32> = (0..vectors.rows().len()).filter(is_allowed).collect();
        let ranges: Vec<Range<usize>> = rows
            .iter()
            .map(|row| vectors.range(*row))
            .collect::<Result<_>>()?;
        self.records += rows.len() as u64;
        let place = |row: &u32| Row {
            part: part as u32,
            row: *row,
        };
        let mut scores = Vec::new();
        if !exact
            && rows.len() >= LEAST_ESTIMATED
            && let Some(codes) = segment.token_codes(self.target.space, &vectors)?
        {
            let lookup = codes.lookup(self.target.query.vectors());
            codes.estimate(&lookup, &ranges, &mut scores);
            let estimates = scores.iter().copied().zip(rows.iter().map(place));
            self.scores.estimates.extend(estimates);
            return Ok(());
        }
        for range in &ranges {
            vectors.some(range)?;
        }
        let Some(range) = ranges.first() else {
            return Ok(());
        };
        let tokens = vectors.some(range)?;
        let error = self.target.query.estimate(&tokens, &ranges, &mut scores);
        let bounded = scores.iter().zip(rows.iter().map(place));
        self.scores
            .bounded
            .extend(bounded.map(|(s, at)| (*s, error, at)));
        Ok(())
    }

    /// Runs `f` on the tokens of a row, which it may read.
    fn with_row<T>(
        &self,
        at: Row,
        f: impl FnOnce(&TokenQuery, &Tokens<'_>, &[Range<usize>]) -> T,
    ) -> Result<T> {
        let vectors = self.vectors.get(at.part as usize).copied().flatten();
        let vectors = vectors.ok_or_else(|| Error::internal("a row without vectors"))?;
        let range = vectors.range(at.row)?;
        let tokens = vectors.some(&range)?;
        Ok(f(&self.target.query, &tokens, std::slice::from_ref(&range)))
    }

    /// The exact score of a row.
    fn score(&self, at: Row) -> Result<f32> {
        let mut out = Vec::new();
        self.with_row(at, |query, tokens, range| {
            query.score(tokens, range, &mut out)
        })?;
        Ok(out.first().copied().unwrap_or(f32::NEG_INFINITY))
    }

    /// A score of a row, and by how much it is off at most.
    fn bounded(&self, at: Row) -> Result<(f32, f32)> {
        let mut out = Vec::new();
        let error = self.with_row(at, |query, tokens, range| {
            query.estimate(tokens, range, &mut out)
        })?;
        Ok((out.first().copied().unwrap_or(f32::NEG_INFINITY), error))
    }

    fn know(&mut self, score: f32, at: Row) {
        let vectors = self.vectors.get(at.part as usize).copied().flatten();
        if let Some(ordinal) = vectors.and_then(|v| v.rows().ordinal(at.row)) {
            let doc = Doc::new(at.part as usize, ordinal);
            self.scores.known.push((score, doc));
        }
    }

    /// Scores exactly what could be among the best `depth` in view of the errors.
    fn settle_bounded(&mut self, depth: usize) -> Result<()> {
        let bounded = std::mem::take(&mut self.scores.bounded);
        let known = self.scores.known.iter().map(|(score, _)| *score);
        let least = bounded.iter().map(|(score, error, _)| score - error);
        let mut least: Vec<f32> = known.chain(least).collect();
        let bar = match depth.checked_sub(1) {
            Some(last) if last < least.len() => {
                *least.select_nth_unstable_by(last, |a, b| b.total_cmp(a)).1
            }
            _ => f32::NEG_INFINITY,
        };
        for (score, error, at) in bounded {
            if error == 0.0 {
                self.know(score, at);
            } else if score + error >= bar {
                let score = self.score(at)?;
                self.know(score, at);
            }
        }
        Ok(())
    }

    /// Scores the best of the estimated, as many as it takes; returns how many.
    fn settle_estimates(&mut self, depth: usize, recall: f32) -> Result<usize> {
        let mut estimates = std::mem::take(&mut self.scores.estimates);
        estimates.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let known = self.scores.known.iter().map(|(score, _)| *score);
        let bounded = self.scores.bounded.iter().map(|(score, ..)| *score);
        let known: Vec<f32> = known.chain(bounded).collect();
        let scored = refine(&known, &estimates, (depth, recall), |batch, out| {
            out.clear();
            for (_, at) in batch {
                let (score, error) = self.bounded(*at)?;
                self.scores.bounded.push((score, error, *at));
                out.push(score);
            }
            Ok(())
        })?;
        Ok(scored)
    }
}

/// The scores of some records; none for one without tokens in the space.
pub(super) fn scores(
    c: &Collection,
    wanted: &Multi<'_>,
    mask: &Mask,
    docs: &[Doc],
) -> Result<Vec<Option<f32>>> {
    let Some(target) = Target::resolve(c, wanted)? else {
        return Ok(vec![None; docs.len()]);
    };
    let mut out = Vec::new();
    let one = |doc: &Doc| {
        let (i, ordinal) = match doc.location(c, mask) {
            Location::Segment(i, ordinal) => (i, ordinal),
            Location::Memory(entry) => {
                let embedding = entry.record.embedding(target.space);
                return Ok(embedding.and_then(|e| target.score_embedding(e)));
            }
        };
        let Some(vectors) = target.vectors_of(&c.segments[i].segment)? else {
            return Ok(None);
        };
        let Some(row) = vectors.rows().row(ordinal) else {
            return Ok(None);
        };
        let range = vectors.range(row)?;
        let tokens = vectors.some(&range)?;
        let query = &target.query;
        query.score(&tokens, std::slice::from_ref(&range), &mut out);
        Ok(out.first().copied())
    };
    docs.iter().map(one).collect()
}
