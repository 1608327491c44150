//! The multi-vector retriever: MaxSim (Khattab & Zaharia, SIGIR 2020) of every record that the filter
//! left.
//!
//! Owns: the score of a matrix of tokens: for each token of the query the largest inner product with a
//! token of the record, summed; of unit vectors under cosine. Exact: every matrix is compared.

use super::fuse::top;
use super::plan::Found;
use super::similarity::unknown_space;
use super::{Doc, Mask, Multi};
use crate::checks;
use crate::error::Result;
use crate::format::record::Metric;
use crate::format::space::{Embedding, Kind, Matrix};
use crate::index::vector::{At, Best};
use crate::kernel::{Panel, Rows};
use crate::segment::inverse_norm;
use crate::state::{Collection, Location};

/// A query that fits its space.
struct Target {
    space: u16,
    metric: Metric,
    panel: Panel,
}

fn unit_rows(matrix: &mut Matrix) {
    let dimension = matrix.dimension.max(1) as usize;
    for row in matrix.data.chunks_exact_mut(dimension) {
        let inverse = inverse_norm(row);
        row.iter_mut().for_each(|x| *x *= inverse);
    }
}

impl Target {
    fn resolve(c: &Collection, wanted: &Multi<'_>) -> Result<Option<Target>> {
        let mut embedding = Embedding::Multi(wanted.tokens.clone());
        checks::embedding(wanted.space, &embedding, c.metric)?;
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
        }
        let dimension = embedding.dimension();
        checks::dimension(wanted.space, space.dimension, dimension as usize)?;
        let Embedding::Multi(mut tokens) = embedding else {
            return Ok(None);
        };
        if c.metric == Metric::Cosine {
            unit_rows(&mut tokens);
        }
        Ok(Some(Target {
            space: index,
            metric: c.metric,
            panel: Panel::new(&tokens.data, dimension as usize),
        }))
    }

    fn score(&self, embedding: Embedding, out: &mut Vec<f32>) -> Option<f32> {
        let Embedding::Multi(mut tokens) = embedding else {
            return None;
        };
        if self.metric == Metric::Cosine {
            unit_rows(&mut tokens);
        }
        let all = 0..tokens.rows().len();
        self.panel.max_sim(Rows::F32(&tokens.data), &[all], out);
        out.first().copied()
    }
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
    let mut best = Best::new(depth);
    let mut out = Vec::new();
    let memory = c.segments.len() as u32;
    for (entry, row) in mask.memory.iter().zip(0u32..) {
        let embedding = entry.record.embedding(target.space).cloned();
        if let Some(score) = embedding.and_then(|e| target.score(e, &mut out)) {
            found.records += 1;
            best.offer(score, At { part: memory, row });
        }
    }
    for ((view, allowed), part) in c.segments.iter().zip(&mask.segments).zip(0u32..) {
        view.segment
            .each_embedding(target.space, &|o| allowed.contains(o), |row, embedding| {
                if let Some(score) = target.score(embedding, &mut out) {
                    found.records += 1;
                    best.offer(score, At { part, row });
                }
            })?;
    }
    let list = best.into_found().into_iter();
    let list = list.map(|(score, at)| (score, Doc::new(at.part as usize, at.row)));
    found.list = top(c, mask, list.collect(), depth)?;
    Ok(found)
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
        let embedding = match doc.location(c, mask) {
            Location::Memory(entry) => entry.record.embedding(target.space).cloned(),
            Location::Segment(i, ordinal) => {
                c.segments[i].segment.embedding(target.space, ordinal)?
            }
        };
        Ok(embedding.and_then(|e| target.score(e, &mut out)))
    };
    docs.iter().map(one).collect()
}
