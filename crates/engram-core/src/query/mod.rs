//! A query over one state: filter, retrievers, fusion. Exact: every live record is looked at.
//!
//! `mask` evaluates the filter to the records that pass; `dense` and `lexical` score those; `fuse`
//! ranks them. `graph` answers about edges, which `walker` walks. Scores depend on the live records alone, never on how they lie in segments, and ties
//! break by id, so the same query on the same commit gives the same answer in every process.

mod dense;
mod edge_scan;
mod fuse;
pub mod graph;
mod lexical;
mod mask;
mod walker;

pub use edge_scan::{EdgeScan, type_counts};
pub use mask::{BUILT_IN_FIELDS, Mask};
pub use walker::Scope;

use crate::error::{Code, Error, Result};
use crate::format::limits::MAX_K;
use crate::format::record::Record;
use crate::index::filter::{self, Filter};
use crate::index::text::TextQuery;
use crate::state::{Collection, Location};
use std::time::Instant;

/// A record of a collection: its part (segments in order, then memory) and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Doc {
    part: u32,
    ordinal: u32,
}

/// A vector to look near.
pub struct Dense<'a> {
    /// Name of the space.
    pub space: &'a str,
    /// Identity of the embedder that made the vector, where one did.
    pub identity: Option<&'a str>,
    /// The vector.
    pub vector: &'a [f32],
}

/// What to look for.
pub struct Request<'a> {
    /// Text for BM25.
    pub lexical: Option<&'a str>,
    /// A vector.
    pub dense: Option<Dense<'a>>,
    /// Which records may be found.
    pub filter: Option<&'a str>,
    /// Whether a field that no record has is taken as missing instead of refused.
    pub ignore_missing: bool,
    /// Most hits.
    pub k: usize,
}

/// One hit.
#[derive(Clone)]
pub struct Hit {
    /// Id of the record.
    pub id: String,
    /// Where it lies.
    pub at: Location,
    /// Higher is better: fused where both retrievers ran, else that of the one.
    pub score: f32,
    /// BM25 score, where the record was among the lexical candidates.
    pub lexical: Option<f32>,
    /// Similarity, where the record was among the dense candidates.
    pub dense: Option<f32>,
}

/// What a query did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Live records of the collection.
    pub records: u64,
    /// Records that passed the filter.
    pub matched: u64,
    /// Of these, records with text, where the lexical retriever ran.
    pub lexical_records: Option<u64>,
    /// Of these, records with a vector in the space, where the dense retriever ran.
    pub dense_records: Option<u64>,
    /// Microseconds by stage.
    pub took_us: Vec<(&'static str, u64)>,
}

/// Parses a filter and checks its fields against those of the collection.
pub fn parse_filter(c: &Collection, text: &str, ignore_missing: bool) -> Result<Filter> {
    let filter = filter::parse(text)?;
    if !ignore_missing {
        mask::check_fields(c, &filter)?;
    }
    Ok(filter)
}

/// The records that pass a filter.
pub fn select(c: &Collection, filter: Option<&str>, ignore_missing: bool) -> Result<Mask> {
    let parsed = filter
        .map(|text| parse_filter(c, text, ignore_missing))
        .transpose()?;
    Mask::new(c, parsed.as_ref())
}

/// Answers a query.
pub fn run(c: &Collection, request: &Request<'_>) -> Result<(Vec<Hit>, Report)> {
    if request.k == 0 || request.k > MAX_K {
        let message = format!("k is {}, it must be from 1 to {MAX_K}", request.k);
        return Err(Error::new(Code::InputInvalid, message));
    }
    let mut report = Report {
        records: c.live(),
        ..Report::default()
    };
    let mut clock = Instant::now();
    let mut lap = |report: &mut Report, stage| {
        report
            .took_us
            .push((stage, clock.elapsed().as_micros() as u64));
        clock = Instant::now();
    };
    let mask = select(c, request.filter, request.ignore_missing)?;
    report.matched = mask.len();
    lap(&mut report, "filter");
    let both = request.lexical.is_some() && request.dense.is_some();
    let depth = if both {
        fuse::depth(request.k)
    } else {
        request.k
    };
    let mut lists = Vec::new();
    if let Some(text) = request.lexical {
        let query = TextQuery::parse(text, &c.analyzer);
        if query.is_empty() && request.dense.is_none() {
            return Err(
                Error::new(Code::QueryEmpty, "no word of the query can be searched for")
                    .hint("give at least one letter or digit"),
            );
        }
        let (scores, with_text) = lexical::score(c, &query, &mask)?;
        report.lexical_records = Some(with_text);
        lists.push((Retriever::Lexical, fuse::top(c, &mask, scores, depth)?));
        lap(&mut report, "lexical");
    }
    if let Some(wanted) = &request.dense {
        let scores = dense::score(c, wanted, &mask)?;
        report.dense_records = Some(scores.len() as u64);
        lists.push((Retriever::Dense, fuse::top(c, &mask, scores, depth)?));
        lap(&mut report, "dense");
    }
    let hits = fuse::fuse(c, &mask, &lists, request.k)?;
    lap(&mut report, "fuse");
    Ok((hits, report))
}

/// Which retriever a list of candidates comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retriever {
    Lexical,
    Dense,
}

impl Doc {
    /// Part `c.segments.len()` is memory; its ordinals are indexes of the mask.
    pub(crate) fn new(part: usize, ordinal: u32) -> Doc {
        Doc {
            part: part as u32,
            ordinal,
        }
    }

    pub(crate) fn location(self, c: &Collection, mask: &Mask) -> Location {
        match c.segments.get(self.part as usize) {
            Some(_) => Location::Segment(self.part as usize, self.ordinal),
            None => Location::Memory(mask.entry(self.ordinal).clone()),
        }
    }
}

/// The record of a hit.
pub fn record(c: &Collection, hit: &Hit, vectors: bool) -> Result<Record> {
    c.record_at(&hit.at, vectors)
}
