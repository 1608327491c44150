//! The graph: edges as bytes, and the ways through them.
//!
//! Owns: the byte forms of an edge segment's parts (`names`: ids and edge types; `rows`: who is
//! joined to whom) and the algorithms over any [`Adjacency`] (`walk`, `path`, `dijkstra`,
//! `pagerank`, `connect`). Nodes are numbers here; ids are asked for only to break ties, so the same
//! edges give the same answer however they lie in segments.

mod connect;
mod dijkstra;
mod names;
mod numbers;
mod pagerank;
mod path;
mod rows;
#[cfg(test)]
mod tests;
mod trail;
mod walk;

pub use connect::connect;
pub use dijkstra::cheapest_path;
pub use names::{Names, encode_names};
pub use numbers::{NodeMap, NodeSet};
pub use pagerank::{PageRank, personalized_pagerank};
pub use path::shortest_path;
pub use rows::{Entry, Kinds, Row, Rows, encode_rows};
pub use walk::{Reached, neighbourhood};

use crate::error::{Error, Result};
use crate::format::Malformed;
use crate::format::codec::Reader;
use std::ops::Range;

/// Which edges of a node a walk follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From source to target.
    Out,
    /// From target to source.
    In,
    /// Both ways.
    Both,
}

impl Direction {
    /// Every direction with the name that users give.
    pub const ALL: [(Direction, &'static str); 3] = [
        (Direction::Out, "out"),
        (Direction::In, "in"),
        (Direction::Both, "both"),
    ];

    /// The direction of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Direction> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(d, _)| *d)
    }

    /// The same edges, walked the other way.
    #[must_use]
    pub fn reversed(self) -> Direction {
        match self {
            Direction::Out => Direction::In,
            Direction::In => Direction::Out,
            Direction::Both => Direction::Both,
        }
    }
}

/// A graph whose nodes are numbers.
pub trait Adjacency {
    /// Calls `f` with the other end of every edge that can be walked from `node`; `backwards`, of
    /// every edge by which a walk can come to it. An end may come more than once.
    fn each(&self, node: u32, backwards: bool, f: impl FnMut(u32)) -> Result<()>;

    /// As [`Adjacency::each`], with what it costs to walk the edge: finite, 0 or more.
    fn each_weighted(&self, node: u32, backwards: bool, f: impl FnMut(u32, f64)) -> Result<()>;

    /// The id of a node, which breaks ties.
    fn name(&self, node: u32) -> Result<&str>;
}

/// One part of a segment, whose bytes are checked before they are handed out.
pub trait Part<'a>: Copy {
    /// Its length in bytes.
    fn size(self) -> u64;
    /// The bytes of `range`, which counts from the start of the part.
    fn bytes(self, range: Range<u64>) -> Result<&'a [u8]>;
    /// The error of bytes that cannot be right.
    fn damaged(self, why: Malformed) -> Error;
}

/// The number at byte `at` of a part.
fn number<'a>(part: impl Part<'a>, at: u64) -> Result<u32> {
    let bytes = part.bytes(at..at + 4)?;
    Reader::new(bytes).u32().map_err(|why| part.damaged(why))
}

/// The numbers from byte `at` of a part on.
fn numbers<'a>(part: impl Part<'a>, at: u64, count: u32) -> Result<&'a [u32]> {
    let bytes = part.bytes(at..at + u64::from(count) * 4)?;
    bytemuck::try_cast_slice(bytes).map_err(|_| part.damaged(Malformed("a row is not aligned")))
}
