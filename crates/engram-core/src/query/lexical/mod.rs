//! The lexical retriever: the best records by BM25.
//!
//! `plan` finds what a query reads in each part, `units` the documents of its pieces, `run` the best of a
//! part, `best` those of all. Statistics count live records only, over all segments and memory, so that a
//! score does not depend on where records lie. Document frequencies are those of the collection, not of
//! the filter.

mod best;
mod fields;
mod look_up;
mod plan;
mod rows;
mod run;
#[cfg(test)]
mod tests;
mod units;

use super::fields as fields_of;
use super::fuse::top;
use super::plan::Found;
use super::{Doc, Mask};
use crate::error::Result;
use crate::index::filter::Path;
use crate::index::text::TextQuery;
use crate::state::Collection;
use best::Best;
use plan::{Place, Plan};
use run::Runner;
use std::cell::RefCell;
use std::collections::HashMap;

/// The query that a text is for a collection: what its fields are decides what a colon means.
pub(super) fn parse(c: &Collection, text: &str) -> Result<TextQuery> {
    let (known, failed) = (RefCell::new(HashMap::new()), RefCell::new(None));
    let is_field = |name: &str| {
        if let Some(&is_field) = known.borrow().get(name) {
            return is_field;
        }
        let path = Path(name.split('.').map(str::to_owned).collect());
        let found = match fields_of::is_built_in(&path) {
            true => Ok(false),
            false => fields_of::has_path(c, &path),
        };
        let is_field = found.unwrap_or_else(|error| {
            *failed.borrow_mut() = Some(error);
            false
        });
        known.borrow_mut().insert(name.to_owned(), is_field);
        is_field
    };
    let query = TextQuery::parse_with(text, &c.analyzer, is_field);
    match failed.into_inner() {
        Some(error) => Err(error),
        None => Ok(query),
    }
}

/// A text query with its places in every part, found once for all that is asked of it.
pub(super) struct Search<'a> {
    plan: Plan<'a>,
    runner: Runner,
}

impl<'a> Search<'a> {
    pub(super) fn new(c: &'a Collection, query: &TextQuery, mask: &'a Mask) -> Result<Self> {
        Ok(Search {
            plan: Plan::new(c, query, mask)?,
            runner: Runner::new(),
        })
    }

    /// Every document that can be among the best `k`, in no order.
    fn offered(&mut self, mask: &Mask, k: usize) -> Result<Vec<(f32, Doc)>> {
        let Search { plan, runner } = self;
        let mut best = Best::new(k);
        for number in 0..plan.parts.len() {
            runner.search(plan, number, &mut best)?;
        }
        let mut list = best.into_found();
        // Records in memory were known by their slots.
        list.retain_mut(|(_, doc)| {
            match plan.parts.get(doc.part as usize).map(|part| &part.place) {
                Some(Place::Memory(_)) => match plan.doc_of_slot(mask, doc.ordinal) {
                    Some(named) => {
                        *doc = named;
                        true
                    }
                    None => false,
                },
                _ => true,
            }
        });
        Ok(list)
    }

    /// What a document can get at most from each term and group of the query, in their order.
    pub(super) fn weights(&self) -> Vec<f32> {
        self.plan
            .scorers
            .iter()
            .map(|scorer| scorer.bound(1.0))
            .collect()
    }
}

/// The best `depth` records, ties by id.
pub(super) fn best(
    c: &Collection,
    search: &mut Search<'_>,
    mask: &Mask,
    depth: usize,
) -> Result<Found> {
    let list = search.offered(mask, depth.max(1))?;
    let plan = &search.plan;
    Ok(Found {
        list: top(c, mask, list, depth)?,
        records: plan.records,
        exact: true,
        notes: Vec::new(),
    })
}

/// The records in which any word of the query stands, and that meet its conditions.
pub(super) fn matching(c: &Collection, search: &mut Search<'_>, mask: &Mask) -> Result<Mask> {
    // More than there can be.
    let all = search.offered(mask, u32::MAX as usize)?;
    Ok(mask.only(c, all.into_iter().map(|(_, doc)| doc)))
}

/// The scores of some records: 0 for one with text in which no word of the query stands, or that a
/// condition of the query leaves out; none for one without text.
pub(super) fn scores(
    search: &mut Search<'_>,
    mask: &Mask,
    docs: &[Doc],
) -> Result<Vec<Option<f32>>> {
    let Search { plan, runner } = search;
    let mut out = vec![None; docs.len()];
    for (number, part) in plan.parts.iter().enumerate() {
        // Ordinals of the part, each with its place in `docs`.
        let here = docs
            .iter()
            .enumerate()
            .filter(|(_, doc)| doc.part as usize == number);
        let mut wanted: Vec<(u32, usize)> = here
            .filter_map(|(i, doc)| Some((part.ordinal_of(mask, *doc)?, i)))
            .collect();
        wanted.sort_unstable();
        let ordinals: Vec<u32> = wanted.iter().map(|(ordinal, _)| *ordinal).collect();
        if ordinals.is_empty() {
            continue;
        }
        let found = runner.scores(plan, part, &ordinals)?;
        for (candidate, (ordinal, i)) in found.iter().zip(wanted) {
            let is_allowed = part
                .allowed
                .as_ref()
                .is_none_or(|set| set.contains(ordinal));
            let score = if is_allowed { candidate.score } else { 0.0 };
            if let Some(to) = out.get_mut(i).filter(|_| part.has_text(ordinal)) {
                *to = Some(score);
            }
        }
    }
    Ok(out)
}
