//! The dense vectors of records that are known: read, or scored against a query.

use super::similarity::{Target, unknown_space};
use super::{Dense, Doc, Mask};
use crate::error::Result;
use crate::format::space::Embedding;
use crate::state::{Collection, Location};

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

/// About `n` records that have an embedding in a space, evenly spread, and their embeddings.
pub(super) fn spread(
    c: &Collection,
    mask: &Mask,
    space: &str,
    n: usize,
) -> Result<Vec<(Doc, Embedding)>> {
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
    let in_memory = entries.filter(|(e, _)| e.record.embedding(index).is_some());
    docs.extend(in_memory.map(|(_, i)| Doc::new(c.segments.len(), i)));
    let step = docs.len().div_ceil(n.max(1)).max(1);
    let mut out = Vec::new();
    for doc in docs.into_iter().step_by(step) {
        let embedding = match doc.location(c, mask) {
            Location::Memory(entry) => entry.record.embedding(index).cloned(),
            Location::Segment(i, ordinal) => c.segments[i].segment.embedding(index, ordinal)?,
        };
        out.extend(embedding.map(|embedding| (doc, embedding)));
    }
    Ok(out)
}
