//! The dense retriever: codes first, exact similarity for what they leave.
//!
//! Owns: which records are compared exactly. All of them where the caller wants it so, where few
//! pass the filter, where there are no codes, and in memory; else those that `index::vector` cannot
//! rule out. A score is always that of the whole vector.

use super::fuse::top;
use super::plan::Found;
use super::similarity::{Target, unknown_space};
use super::{Dense, Doc, Mask};
use crate::error::Result;
use crate::index::vector::{At, Best, Part, Query, Rows, Scratch, deviations, search as cascade};
use crate::segment::Vectors;
use crate::state::{Collection, Location};
use std::borrow::Cow;
use std::cell::RefCell;

/// Up to so many candidates, and so many more for each hit wanted, all are scored: preparing codes
/// costs more.
const FEW: u64 = 128;
const FEW_PER_HIT: u64 = 4;

thread_local! {
    /// Bounds of the last search of this thread; making room anew for each costs a tenth of it.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The vectors of one segment that a query may find.
struct Candidates<'a> {
    part: u32,
    vectors: Vectors<'a>,
    /// By row; every row where there is none.
    wanted: Option<Cow<'a, [u64]>>,
    count: u64,
}

impl Candidates<'_> {
    /// The rows, ascending.
    fn rows(&self) -> Vec<u32> {
        match &self.wanted {
            None => (0..self.vectors.rows().len()).collect(),
            Some(words) => ones(words),
        }
    }
}

fn ones(words: &[u64]) -> Vec<u32> {
    let mut out = Vec::new();
    for (word, first) in words.iter().zip((0u32..).step_by(64)) {
        let mut rest = *word;
        while rest != 0 {
            out.push(first + rest.trailing_zeros());
            rest &= rest - 1;
        }
    }
    out
}

/// Scores rows of a segment by their number.
struct Exact<'a> {
    target: &'a Target<'a>,
    vectors: Vectors<'a>,
}

impl Rows for Exact<'_> {
    fn scores(&self, rows: &[u32], out: &mut Vec<f32>) -> Result<()> {
        self.target.scores_of(&self.vectors.some(rows)?, rows, out);
        Ok(())
    }
}

/// The best `depth` records.
pub(super) fn search(
    c: &Collection,
    wanted: &Dense<'_>,
    mask: &Mask,
    depth: usize,
) -> Result<Found> {
    let Some(target) = Target::resolve(c, wanted)? else {
        return Ok(Found {
            list: Vec::new(),
            records: 0,
            exact: true,
            notes: Vec::new(),
        });
    };
    let mut best = Best::new(depth);
    let mut records = in_memory(c, &target, mask, &mut best);
    let mut segments = Vec::with_capacity(c.segments.len());
    for ((view, allowed), part) in c.segments.iter().zip(&mask.segments).zip(0u32..) {
        if let Some(vectors) = target.vectors_of(&view.segment)? {
            let wanted = vectors.rows().mask(allowed);
            let count = match &wanted {
                None => u64::from(vectors.rows().len()),
                Some(words) => words.iter().map(|w| u64::from(w.count_ones())).sum(),
            };
            segments.push(Candidates {
                part,
                vectors,
                wanted,
                count,
            });
            records += count;
        }
    }
    let few = FEW + FEW_PER_HIT * depth as u64;
    let query = match wanted.exact || wanted.recall >= 1.0 || records <= few {
        true => None,
        false => Query::new(c.metric, target.query(), deviations(wanted.recall)),
    };
    let notes = match &query {
        None => {
            for candidates in &segments {
                exactly(&target, candidates, &mut best)?;
            }
            Vec::new()
        }
        Some(query) => by_codes(c, &target, query, &segments, &mut best)?,
    };
    let rows_of = |part: u32| {
        segments
            .iter()
            .find(|s| s.part == part)
            .map(|s| s.vectors.rows())
    };
    let doc = |at: At| {
        let ordinal = match rows_of(at.part) {
            None => Some(at.row),
            Some(rows) => rows.ordinal(at.row),
        };
        Doc::new(at.part as usize, ordinal.unwrap_or(u32::MAX))
    };
    let found = best.into_found().into_iter().map(|(s, at)| (s, doc(at)));
    Ok(Found {
        list: top(c, mask, found.collect(), depth)?,
        records,
        exact: notes.is_empty(),
        notes,
    })
}

/// Offers what is in memory, and returns how many records there have a vector.
fn in_memory(c: &Collection, target: &Target<'_>, mask: &Mask, best: &mut Best) -> u64 {
    let part = c.segments.len() as u32;
    let mut records = 0;
    for (entry, row) in mask.memory.iter().zip(0u32..) {
        if let Some(vector) = entry.record.vector(target.space()) {
            best.offer(target.score(vector), At { part, row });
            records += 1;
        }
    }
    records
}

/// Offers every candidate of a segment.
fn exactly(target: &Target<'_>, candidates: &Candidates<'_>, best: &mut Best) -> Result<()> {
    let (part, mut scores) = (candidates.part, Vec::new());
    let Candidates {
        vectors, wanted, ..
    } = candidates;
    if wanted.is_none() {
        target.all_scores(&vectors.all()?, &mut scores);
        for (score, row) in scores.iter().zip(0u32..) {
            best.offer(*score, At { part, row });
        }
        return Ok(());
    }
    let rows = candidates.rows();
    target.scores_of(&vectors.some(&rows)?, &rows, &mut scores);
    for (score, row) in scores.iter().zip(rows) {
        best.offer(*score, At { part, row });
    }
    Ok(())
}

/// Offers the candidates that the codes do not rule out, and tells how many were looked at how.
fn by_codes(
    c: &Collection,
    target: &Target<'_>,
    query: &Query<'_>,
    segments: &[Candidates<'_>],
    best: &mut Best,
) -> Result<Vec<(&'static str, String)>> {
    let (mut parts, mut scored) = (Vec::with_capacity(segments.len()), 0);
    for candidates in segments.iter().filter(|s| s.count > 0) {
        let Candidates {
            part,
            vectors,
            wanted,
            count,
        } = candidates;
        let segment = &c.segments[*part as usize].segment;
        match segment.codes(target.space(), vectors)? {
            Some(codes) => parts.push(Part {
                part: *part,
                codes,
                wanted: wanted.as_deref(),
                rows: Exact {
                    target,
                    vectors: *vectors,
                },
            }),
            None => {
                exactly(target, candidates, best)?;
                scored += count;
            }
        }
    }
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let counts = SCRATCH.with_borrow_mut(|scratch| cascade(query, &parts, best, scratch))?;
    Ok(vec![
        ("codes", counts.scanned.to_string()),
        ("scored", (counts.scored + scored).to_string()),
    ])
}

/// The scores of some records; None for one without a vector.
pub(super) fn scores(
    c: &Collection,
    wanted: &Dense<'_>,
    mask: &Mask,
    docs: &[Doc],
) -> Result<Vec<Option<f32>>> {
    let Some(target) = Target::resolve(c, wanted)? else {
        return Ok(vec![None; docs.len()]);
    };
    let mut out = Vec::with_capacity(docs.len());
    let mut score = Vec::new();
    for doc in docs {
        out.push(match doc.location(c, mask) {
            Location::Memory(entry) => entry.record.vector(target.space()).map(|v| target.score(v)),
            Location::Segment(i, ordinal) => {
                let vectors = target.vectors_of(&c.segments[i].segment)?;
                match vectors.and_then(|v| Some((v, v.rows().row(ordinal)?))) {
                    None => None,
                    Some((vectors, row)) => {
                        target.scores_of(&vectors.some(&[row])?, &[row], &mut score);
                        score.first().copied()
                    }
                }
            }
        });
    }
    Ok(out)
}

/// The vectors of some records, of those that have one.
pub(super) fn vectors_of(
    c: &Collection,
    mask: &Mask,
    space: &str,
    docs: &[Doc],
) -> Result<Vec<Vec<f32>>> {
    let Some(index) = c.space(space) else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    for doc in docs {
        match doc.location(c, mask) {
            Location::Memory(entry) => out.extend(entry.record.vector(index).map(<[f32]>::to_vec)),
            Location::Segment(i, ordinal) => {
                let embedding = c.segments[i].segment.embedding(index, ordinal)?;
                out.extend(embedding.and_then(|e| e.as_dense().map(<[f32]>::to_vec)));
            }
        }
    }
    Ok(out)
}

/// About `n` records that have a vector, evenly spread, and their vectors.
pub(super) fn spread(
    c: &Collection,
    mask: &Mask,
    space: &str,
    n: usize,
) -> Result<Vec<(Doc, Vec<f32>)>> {
    let Some(index) = c.space(space) else {
        return Err(unknown_space(c, space));
    };
    let mut docs = Vec::new();
    for ((view, allowed), part) in c.segments.iter().zip(&mask.segments).zip(0usize..) {
        if let Some(rows) = view.segment.rows(index)? {
            let live = rows.iter().filter(|ordinal| allowed.contains(*ordinal));
            docs.extend(live.map(|ordinal| Doc::new(part, ordinal)));
        }
    }
    let entries = mask.memory.iter().zip(0u32..);
    let in_memory = entries.filter(|(e, _)| e.record.vector(index).is_some());
    docs.extend(in_memory.map(|(_, i)| Doc::new(c.segments.len(), i)));
    let step = docs.len().div_ceil(n.max(1)).max(1);
    let docs: Vec<Doc> = docs.into_iter().step_by(step).collect();
    let vectors = vectors_of(c, mask, space, &docs)?;
    Ok(docs.into_iter().zip(vectors).collect())
}
