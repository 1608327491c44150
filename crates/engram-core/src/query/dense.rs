//! The dense retriever: exact similarity of every record that has a vector.

use super::fuse::top;
use super::plan::Found;
use super::{Dense, Doc, Mask};
use crate::bitset::Allowed;
use crate::checks;
use crate::error::{Code, Error, Result};
use crate::format::record::Metric;
use crate::format::space::Kind;
use crate::kernel;
use crate::segment::{Plane, inverse_norm};
use crate::state::{Collection, Location};
use std::collections::BTreeMap;

/// The best `depth` records.
pub(super) fn search(
    c: &Collection,
    wanted: &Dense<'_>,
    mask: &Mask,
    depth: usize,
) -> Result<Found> {
    let scores = score(c, wanted, mask)?;
    Ok(Found {
        records: scores.len() as u64,
        list: top(c, mask, scores, depth)?,
        exact: true,
        notes: Vec::new(),
    })
}

/// The scores of some records; None for one without a vector.
pub(super) fn scores(
    c: &Collection,
    wanted: &Dense<'_>,
    mask: &Mask,
    docs: &[Doc],
) -> Result<Vec<Option<f32>>> {
    let all: BTreeMap<Doc, f32> = score(c, wanted, mask)?
        .into_iter()
        .map(|(s, d)| (d, s))
        .collect();
    Ok(docs.iter().map(|d| all.get(d).copied()).collect())
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

/// Scores of all candidates.
fn score(c: &Collection, wanted: &Dense<'_>, mask: &Mask) -> Result<Vec<(f32, Doc)>> {
    checks::vector(wanted.space, wanted.vector, c.metric)?;
    let Some(index) = c.space(wanted.space) else {
        if c.spaces.is_empty() && c.live() == 0 {
            return Ok(Vec::new());
        }
        let known: Vec<&str> = c.spaces.iter().map(|s| s.name.as_str()).collect();
        let message = format!(
            "collection {:?} has no vector space {:?}",
            c.name, wanted.space
        );
        let error = Error::new(Code::InputInvalid, message);
        return Err(match known.is_empty() {
            true => error.hint("none of its records has a vector"),
            false => error.hint(format!("there are: {}", known.join(", "))),
        });
    };
    let space = &c.spaces[usize::from(index)];
    if wanted.identity.is_some() {
        checks::identity(wanted.space, space.identity.as_deref(), wanted.identity)?;
    }
    checks::kind(space, Kind::Dense)?;
    let mut query = wanted.vector;
    if space.truncate && query.len() > space.dimension as usize {
        query = &query[..space.dimension as usize];
        checks::vector(wanted.space, query, c.metric)?;
    }
    checks::dimension(wanted.space, space.dimension, query.len())?;
    let scorer = Scorer {
        metric: c.metric,
        query,
        inverse: inverse_norm(query),
    };
    let mut out = Vec::new();
    for (part, (view, allowed)) in c.segments.iter().zip(&mask.segments).enumerate() {
        if let Some(plane) = view.segment.plane(index)? {
            if plane.dimension != query.len() {
                let message = "a vector plane has another dimension than its space";
                return Err(Error::new(Code::CorruptSegment, message));
            }
            scorer.plane(&plane, allowed, |score, ordinal| {
                out.push((score, Doc::new(part, ordinal)));
            });
        }
    }
    for (entry, i) in mask.memory.iter().zip(0u32..) {
        if let Some(vector) = entry.record.vector(index) {
            let score = scorer.one(vector, inverse_norm(vector));
            out.push((score, Doc::new(c.segments.len(), i)));
        }
    }
    Ok(out)
}

struct Scorer<'a> {
    metric: Metric,
    query: &'a [f32],
    inverse: f32,
}

impl Scorer<'_> {
    /// The score of one vector; the same arithmetic wherever the vector lies.
    fn one(&self, vector: &[f32], inverse: f32) -> f32 {
        match self.metric {
            Metric::Cosine => kernel::dot(self.query, vector) * (self.inverse * inverse),
            Metric::Dot => kernel::dot(self.query, vector),
            Metric::L2 => -kernel::l2_squared(self.query, vector).sqrt(),
        }
    }

    /// The scores of the `wanted` rows.
    fn plane(&self, plane: &Plane<'_>, wanted: &Allowed, mut sink: impl FnMut(f32, u32)) {
        let mut buffer = Vec::new();
        for (j, ordinal) in plane.rows.iter().enumerate() {
            if wanted.contains(ordinal) {
                let vector = plane.row(j, &mut buffer);
                sink(self.one(vector, plane.inverse_norms[j]), ordinal);
            }
        }
    }
}
