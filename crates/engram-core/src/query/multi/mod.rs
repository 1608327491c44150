//! The multi-vector retriever: MaxSim (Khattab & Zaharia, SIGIR 2020).
//!
//! Owns: which records are scored, and how closely. Where segments have codes of their tokens, records
//! are estimated, and `index::multi::refine` decides how many of the best are scored; where they have
//! none, where few tokens are left, or where every record is to be compared, all are. Vectors of bytes
//! are scored by whole numbers first, whose error is known, and what could be among the best again.
//! Final scores are those of `index::multi::TokenQuery`, the same bits wherever a record lies.

mod search;
mod target;

use super::{Doc, Mask, Multi};
use crate::error::Result;
use crate::state::{Collection, Location};
use target::Target;

pub(super) use search::search;

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
        let range = std::slice::from_ref(&range);
        let tokens = vectors.some(range)?;
        target.query.score(&tokens, range, &mut out);
        Ok(out.first().copied())
    };
    docs.iter().map(one).collect()
}
