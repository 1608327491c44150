//! How the vectors of new segments are coded: around which centre, for each space.
//!
//! A query works out its side of the codes once for each centre, so segments share one where they
//! can. A new one is taken from the records at hand where those are more than what keeps the old:
//! a collection that grows gets a new centre each time it doubles, and drifting data a fitting one.

use crate::error::Result;
use crate::format::space::{Element, Kind};
use crate::index::vector::{CENTRE_SAMPLE, CentreBuilder};
use crate::segment::Coding;
use crate::state::{Collection, SegmentView};
use std::collections::BTreeMap;

/// How to code the live records of `old` and those in memory, while `kept` stays as it is.
pub(super) fn coding(c: &Collection, old: &[&SegmentView], kept: &[SegmentView]) -> Result<Coding> {
    let mut centres = BTreeMap::new();
    for (space, index) in c.spaces.iter().zip(0u16..) {
        if space.kind != Kind::Dense || space.element == Element::Bit || space.is_given_up() {
            continue;
        }
        let fresh = fresh_rows(c, old, index)?;
        let known = known_centre(kept, index)?;
        let centre = match known {
            Some((rows, centre)) if rows >= fresh => centre,
            _ if fresh == 0 => continue,
            _ => fresh_centre(c, old, index, space.dimension as usize, fresh)?,
        };
        centres.insert(index, centre);
    }
    Ok(Coding { centres })
}

/// Rows of a space that are to be coded.
fn fresh_rows(c: &Collection, old: &[&SegmentView], space: u16) -> Result<u64> {
    let has = |e: &&std::sync::Arc<crate::state::Entry>| e.record.vector(space).is_some();
    let mut rows = c.memory.values().filter(has).count() as u64;
    for view in old {
        if let Some(having) = view.segment.rows(space)? {
            rows += having.len() - having.intersection_len(&view.dead);
        }
    }
    Ok(rows)
}

/// The centre of most rows that stay as they are, and how many those are.
fn known_centre(kept: &[SegmentView], space: u16) -> Result<Option<(u64, Vec<f32>)>> {
    let mut known: Vec<(u64, Vec<f32>)> = Vec::new();
    for view in kept {
        let Some(vectors) = view.segment.dense(space)? else {
            continue;
        };
        if let Some(codes) = view.segment.codes(space, &vectors)? {
            match known.iter_mut().find(|(_, centre)| centre == codes.centre) {
                Some((rows, _)) => *rows += codes.count as u64,
                None => known.push((codes.count as u64, codes.centre.to_vec())),
            }
        }
    }
    // The first of several that are equally many: the order of segments is part of the state.
    known.reverse();
    Ok(known.into_iter().max_by_key(|(rows, _)| *rows))
}

/// The mean of evenly spread ones among `fresh` rows.
fn fresh_centre(
    c: &Collection,
    old: &[&SegmentView],
    space: u16,
    dimension: usize,
    fresh: u64,
) -> Result<Vec<f32>> {
    let step = fresh.div_ceil(CENTRE_SAMPLE as u64).max(1) as usize;
    let mut builder = CentreBuilder::new(c.metric, dimension);
    let mut buffer = Vec::new();
    for view in old {
        let Some(vectors) = view.segment.dense(space)? else {
            continue;
        };
        let live = |ordinal: &u32| !view.dead.contains(*ordinal);
        for ordinal in vectors.rows().ordinals().iter().filter(live).step_by(step) {
            if let Some(row) = vectors.rows().row(ordinal) {
                builder.push(vectors.some(&[row])?.row(row as usize, &mut buffer));
            }
        }
    }
    let in_memory = c.memory.values().filter_map(|e| e.record.vector(space));
    in_memory.step_by(step).for_each(|v| builder.push(v));
    Ok(builder.finish())
}
