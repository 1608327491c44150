//! A query over one state: filter, retrievers, fusion, shaping.
//!
//! `request` says what is asked for; `plan` runs it: `mask` evaluates the filter to the records that
//! pass; `dense` and `lexical` find the best of those; `fuse` makes one list of several; `shape`
//! cuts, groups and diversifies it. `graph` answers about edges, which `walker` walks. Scores depend
//! on the live records alone, never on how they lie in segments, and ties
//! break by id, so the same query on the same commit gives the same answer in every process.

mod candidates;
mod dense;
mod edge_scan;
mod facets;
mod fields;
mod filter;
mod fuse;
pub mod graph;
mod hop;
mod lexical;
mod lists;
mod mask;
mod multi;
mod plan;
mod recall;
mod request;
mod shape;
mod similarity;
mod snippets;
mod sparse;
mod steps;
mod together;
mod vectors;
mod walker;

pub use crate::index::filter::BUILT_IN_FIELDS;
pub use edge_scan::{EdgeScan, type_counts};
pub use facets::{Facet, facets};
pub use filter::{Method, Step};
pub use mask::Mask;
pub use plan::run;
pub use recall::{RecallCheck, RecallReport, recall_check};
pub use request::*;
pub use snippets::Highlighter;
pub use together::run_many;
pub use walker::Scope;

pub(crate) use lists::neighbours;

use crate::error::Result;
use crate::format::record::{Parts, Record};
use crate::index::filter::{Filter, parse};
use crate::state::{Collection, Location};

/// A record of a collection: its part (segments in order, then memory) and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Doc {
    part: u32,
    ordinal: u32,
}

/// Parses a filter and checks its fields against those of the collection.
pub fn parse_filter(c: &Collection, text: &str, ignore_missing: bool) -> Result<Filter> {
    let filter = parse(text)?;
    if !ignore_missing {
        fields::check(c, &filter)?;
    }
    fields::check_comparable(c, &filter)?;
    Ok(filter)
}

/// The records that pass a filter.
pub fn select(c: &Collection, filter: Option<&str>, ignore_missing: bool) -> Result<Mask> {
    let parsed = filter
        .map(|text| parse_filter(c, text, ignore_missing))
        .transpose()?;
    Mask::new(c, parsed.as_ref())
}

impl Doc {
    /// Part `c.segments.len()` is memory; its ordinals are indexes of the mask.
    pub(crate) fn new(part: usize, ordinal: u32) -> Doc {
        Doc {
            part: part as u32,
            ordinal,
        }
    }

    /// Its part and its place there.
    pub(crate) fn place(self) -> (usize, u32) {
        (self.part as usize, self.ordinal)
    }

    pub(crate) fn location(self, c: &Collection, mask: &Mask) -> Location {
        match c.segments.get(self.part as usize) {
            Some(_) => Location::Segment(self.part as usize, self.ordinal),
            None => Location::Memory(mask.entry(self.ordinal).clone()),
        }
    }
}

/// The record of a hit, or some of its parts.
pub fn record(c: &Collection, hit: &Hit, parts: Parts) -> Result<Record> {
    c.record_at(&hit.at, parts)
}

#[cfg(test)]
mod tests;
