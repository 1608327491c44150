//! A filter on one segment: which way each test goes, and in which order.
//!
//! Owns: the plan. Every test narrows a set of ordinals that are still in question, so that what is
//! dear is asked of few records. Tests of a conjunction and of a disjunction go by what they cost,
//! then by how few records they are expected to keep. The meaning is that of `index::filter`; columns
//! answer exactly, and where they cannot the records themselves are asked.
//!
//! Sets are words of 64 ordinals, bit j of word w for ordinal 64 w + j; no bit is set beyond the
//! records of the segment. Every function here only clears bits.

mod run;

use run::Run;

use crate::error::Result;
use crate::index::column::{self};
use crate::index::filter::{BUILT_IN_FIELDS, Filter, Path, Test};
use crate::segment::Segment;
use std::time::Duration;

/// How a test was answered, the cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Not at all: nothing was left to ask about.
    NotAsked,
    /// By the dictionary: no record has the path or a value that fits.
    Dictionary,
    /// By the column.
    Column,
    /// By the map from ids to records.
    IdMap,
    /// By the column, and the metadata of the records that it leaves.
    ColumnAndMetadata,
    /// By the ids of the records in question.
    Ids,
    /// By the metadata of the records in question.
    Metadata,
    /// By the texts of the records in question.
    Texts,
    /// By each record: those that are in no segment yet.
    Records,
}

impl Method {
    /// Its name in plans.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Method::NotAsked => "not asked",
            Method::Dictionary => "dictionary",
            Method::Column => "column",
            Method::IdMap => "id map",
            Method::ColumnAndMetadata => "column, then metadata",
            Method::Ids => "ids",
            Method::Metadata => "metadata",
            Method::Texts => "texts",
            Method::Records => "records",
        }
    }
}

/// What one test of a filter did, over all segments.
#[derive(Clone, Debug)]
pub struct Step {
    /// The test, in the words of the filter language.
    pub predicate: String,
    /// The dearest way that it went.
    pub method: Method,
    /// How many of all records it was expected to keep.
    pub estimated: u64,
    /// Records that were in question when it was asked.
    pub asked: u64,
    /// How many of these it kept.
    pub kept: u64,
    /// Time that it took.
    pub took: Duration,
}

/// A filter made ready for segments.
pub(super) struct Plan<'f> {
    root: Node<'f>,
    leaves: usize,
}

enum Node<'f> {
    Leaf(Leaf<'f>),
    And(Vec<Node<'f>>),
    Or(Vec<Node<'f>>),
    Not(Box<Node<'f>>),
}

struct Leaf<'f> {
    filter: &'f Filter,
    test: &'f Test,
    negated: bool,
    field: Field,
    number: usize,
}

/// Where the values of a path come from.
enum Field {
    /// A column, by the name of the path.
    Column(Vec<u8>),
    Id,
    Text,
    /// No record can have it.
    Nowhere,
}

impl<'f> Plan<'f> {
    /// Makes a filter ready.
    pub(super) fn new(filter: &'f Filter) -> Plan<'f> {
        let mut leaves = 0;
        let root = Node::new(filter, &mut leaves);
        Plan { root, leaves }
    }

    /// Rows for a report, one a test in the order of the filter.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut out = Vec::with_capacity(self.leaves);
        self.root.each_leaf(&mut |leaf| {
            out.push(Step {
                predicate: leaf.filter.to_string(),
                method: Method::NotAsked,
                estimated: 0,
                asked: 0,
                kept: 0,
                took: Duration::ZERO,
            });
        });
        out
    }

    /// Clears in `acc` what does not pass; tells what it did where `steps` are given.
    pub(super) fn keep(
        &self,
        segment: &Segment,
        acc: &mut [u64],
        steps: Option<&mut Vec<Step>>,
    ) -> Result<()> {
        let mut run = Run { segment, steps };
        let weighed = run.weigh(&self.root)?;
        run.keep(&weighed, acc)
    }
}

impl<'f> Node<'f> {
    fn new(filter: &'f Filter, leaves: &mut usize) -> Node<'f> {
        match filter {
            Filter::Leaf {
                path,
                test,
                negated,
            } => {
                *leaves += 1;
                Node::Leaf(Leaf {
                    filter,
                    test,
                    negated: *negated,
                    field: Field::new(path),
                    number: *leaves - 1,
                })
            }
            Filter::And(parts) => Node::And(parts.iter().map(|p| Node::new(p, leaves)).collect()),
            Filter::Or(parts) => Node::Or(parts.iter().map(|p| Node::new(p, leaves)).collect()),
            Filter::Not(inner) => Node::Not(Box::new(Node::new(inner, leaves))),
        }
    }

    fn each_leaf(&self, f: &mut impl FnMut(&Leaf<'f>)) {
        match self {
            Node::Leaf(leaf) => f(leaf),
            Node::And(parts) | Node::Or(parts) => parts.iter().for_each(|part| part.each_leaf(f)),
            Node::Not(inner) => inner.each_leaf(f),
        }
    }
}

impl Field {
    fn new(path: &Path) -> Field {
        match path.0.as_slice() {
            [name] if name == "_id" => Field::Id,
            [name] if name == "_text" => Field::Text,
            [name, _, ..] if BUILT_IN_FIELDS.contains(&name.as_str()) => Field::Nowhere,
            parts => Field::Column(column::name(parts)),
        }
    }
}
