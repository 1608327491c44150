//! One hop through links: what the first hits link to is worth a share of their score.
//!
//! Owns: which records that are, and what they gain. On questions that need two documents the second one
//! often shares no word with the question; what links to it does.

use super::fuse::{Candidate, sort};
use super::{Doc, Mask};
use crate::error::Result;
use crate::state::{Collection, Location};
use std::collections::{BTreeMap, HashMap};

/// How many hits pass their score on.
const FIRST: usize = 5;

/// Adds to what the first hits link to, along outgoing edges of any type, `share` of the best of their
/// scores. What is no candidate yet becomes one, where the mask allows it. Returns how many gained.
/// Complexity: linear in the edges of the first hits.
pub(super) fn pass_on(
    c: &Collection,
    mask: &Mask,
    share: f32,
    list: &mut Vec<Candidate>,
) -> Result<u64> {
    let mut gains: BTreeMap<u32, f32> = BTreeMap::new();
    for x in list.iter().take(FIRST).filter(|x| x.score > 0.0) {
        let Some(node) = c.graph.node(mask.id(c, x.doc)?)? else {
            continue;
        };
        c.graph.each_end(node, false, None, |other| {
            if other != node {
                let gain = gains.entry(other).or_default();
                *gain = gain.max(share * x.score);
            }
        })?;
    }
    let places: HashMap<Doc, usize> = list.iter().map(|x| x.doc).zip(0..).collect();
    let retrievers = list.first().map_or(0, |x| x.scores.len());
    let mut gained = 0;
    for (node, gain) in gains {
        let Some(doc) = doc_of(c, mask, c.graph.node_id(node)?)? else {
            continue;
        };
        gained += 1;
        match places.get(&doc) {
            Some(place) => list[*place].score += gain,
            None => list.push(Candidate {
                doc,
                score: gain,
                scores: vec![None; retrievers],
                stretched: vec![0.0; retrievers],
            }),
        }
    }
    sort(c, mask, list, |x| (x.score, x.doc))?;
    Ok(gained)
}

/// The record of an id, where the mask allows it.
fn doc_of(c: &Collection, mask: &Mask, id: &str) -> Result<Option<Doc>> {
    Ok(match c.find(id)? {
        Some(Location::Segment(part, ordinal)) => mask
            .segment(part)
            .contains(ordinal)
            .then(|| Doc::new(part, ordinal)),
        Some(Location::Memory(_)) => {
            let place = mask.memory().binary_search_by(|e| (*e.record.id).cmp(id));
            place.ok().map(|i| Doc::new(c.segments.len(), i as u32))
        }
        None => None,
    })
}
