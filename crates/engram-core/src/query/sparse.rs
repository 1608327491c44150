//! The sparse retriever: inner products with the weights of a query.
//!
//! Owns: which records it finds: those that share a dimension with the query. Exact. A segment whose
//! bound is below the bar is left out.

use super::fuse::top;
use super::plan::Found;
use super::similarity::space_of;
use super::{Doc, Mask, Sparse};
use crate::checks;
use crate::error::Result;
use crate::format::space::{Embedding, Kind};
use crate::index::sparse::inner_product;
use crate::index::vector::{At, Best};
use crate::state::{Collection, Location};

/// Checks what is wanted against the collection, and gives the index of the space; none where the
/// collection is empty yet.
fn resolve(c: &Collection, wanted: &Sparse<'_>) -> Result<Option<u16>> {
    let embedding = Embedding::Sparse(wanted.entries.to_vec());
    checks::embedding(wanted.space, &embedding, c.metric)?;
    let space = space_of(c, wanted.space, wanted.identity, Kind::Sparse)?;
    Ok(space.map(|(index, _)| index))
}

/// The best `depth` records.
pub(super) fn search(
    c: &Collection,
    wanted: &Sparse<'_>,
    mask: &Mask,
    depth: usize,
) -> Result<Found> {
    let mut found = Found::nothing();
    let Some(space) = resolve(c, wanted)? else {
        return Ok(found);
    };
    let mut best = Best::new(depth);
    let memory = c.segments.len() as u32;
    for (entry, row) in mask.memory.iter().zip(0u32..) {
        if let Some(Embedding::Sparse(entries)) = entry.record.embedding(space) {
            found.records += 1;
            let score = inner_product(wanted.entries, entries);
            if score > 0.0 {
                best.offer(score, At { part: memory, row });
            }
        }
    }
    let mut scores = Vec::new();
    let mut skipped = 0;
    for ((view, allowed), part) in c.segments.iter().zip(&mask.segments).zip(0u32..) {
        let Some((index, rows)) = view.segment.sparse(space)? else {
            continue;
        };
        let masked = rows.mask(allowed);
        let is_allowed = |row: u32| {
            let word = |words: &[u64]| words[row as usize / 64] >> (row % 64) & 1 == 1;
            masked.as_deref().is_none_or(word)
        };
        found.records += match masked.as_deref() {
            None => u64::from(rows.len()),
            Some(words) => words.iter().map(|w| u64::from(w.count_ones())).sum(),
        };
        if index.bound(wanted.entries) < best.bar() {
            skipped += 1;
            continue;
        }
        index.scores(wanted.entries, &mut scores)?;
        for (score, row) in scores.iter().zip(0u32..) {
            if *score > 0.0 && *score >= best.bar() && is_allowed(row) {
                best.offer(*score, At { part, row });
            }
        }
    }
    if skipped > 0 {
        found.notes.push(("segments skipped", skipped.to_string()));
    }
    for (score, at) in best.into_found() {
        let ordinal = match c.segments.get(at.part as usize) {
            None => Some(at.row),
            Some(view) => view
                .segment
                .sparse(space)?
                .and_then(|(_, rows)| rows.ordinal(at.row)),
        };
        found.list.push((
            score,
            Doc::new(at.part as usize, ordinal.unwrap_or(u32::MAX)),
        ));
    }
    found.list = top(c, mask, std::mem::take(&mut found.list), depth)?;
    Ok(found)
}

/// The scores of some records; none for one without weights in the space.
pub(super) fn scores(
    c: &Collection,
    wanted: &Sparse<'_>,
    mask: &Mask,
    docs: &[Doc],
) -> Result<Vec<Option<f32>>> {
    let Some(space) = resolve(c, wanted)? else {
        return Ok(vec![None; docs.len()]);
    };
    let score = |entries: &Embedding| match entries {
        Embedding::Sparse(entries) => Some(inner_product(wanted.entries, entries)),
        _ => None,
    };
    let one = |doc: &Doc| match doc.location(c, mask) {
        Location::Memory(entry) => Ok(entry.record.embedding(space).and_then(score)),
        Location::Segment(i, ordinal) => {
            let embedding = c.segments[i].segment.embedding(space, ordinal)?;
            Ok(embedding.as_ref().and_then(score))
        }
    };
    docs.iter().map(one).collect()
}
