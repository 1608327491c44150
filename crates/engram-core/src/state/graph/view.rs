//! A segment of edges at one commit, and what one edge looks like.

use crate::error::Result;
use crate::format::manifest::SegmentRef;
use crate::index::graph::Row;
use crate::segment::EdgeSegment;
use crate::value::Value;
use roaring::RoaringBitmap;
use std::ops::Range;
use std::sync::Arc;

/// The properties of an edge in memory; none for an empty map.
pub type Properties = Option<Arc<Value>>;

/// A segment of edges and what is dead in it.
#[derive(Clone)]
pub struct EdgeView {
    /// The manifest's entry; its bitmap is the one at the checkpoint, not this state's.
    pub at: SegmentRef,
    /// The open segment.
    pub segment: Arc<EdgeSegment>,
    /// Numbers of edges that were replaced or deleted.
    pub dead: Arc<RoaringBitmap>,
}

impl EdgeView {
    /// Live edges.
    #[must_use]
    pub fn live(&self) -> u64 {
        u64::from(self.segment.edges()) - self.dead.len()
    }

    /// Bytes that belong to live edges.
    #[must_use]
    pub fn live_bytes(&self) -> u64 {
        let edges = u64::from(self.segment.edges().max(1));
        (u128::from(self.segment.len_bytes()) * u128::from(self.live()) / u128::from(edges)) as u64
    }
}

/// Where an edge is kept.
#[derive(Clone, Copy)]
pub enum EdgeAt<'a> {
    /// In a segment, under a number.
    Segment(usize, u32),
    /// Not in a segment yet.
    Memory(&'a Properties),
}

/// An edge by numbers.
#[derive(Clone, Copy)]
pub struct EdgeRef<'a> {
    /// Where it starts.
    pub source: u32,
    /// Its type.
    pub kind: u32,
    /// Where it ends.
    pub target: u32,
    /// Where it is kept.
    pub at: EdgeAt<'a>,
}

/// An edge by names.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// Id of the record where it starts.
    pub source: String,
    /// Its type.
    pub kind: String,
    /// Id of the record where it ends.
    pub target: String,
    /// A map.
    pub properties: Value,
}

impl EdgeView {
    /// Calls `f` with every live edge that leaves a node; the view is number `v` of its graph.
    pub fn each_edge<'a>(
        &'a self,
        v: usize,
        source: u32,
        mut f: impl FnMut(EdgeRef<'a>),
    ) -> Result<()> {
        let row = self.segment.row(source, false)?;
        if row.others.is_empty() {
            return Ok(());
        }
        let kinds = self.segment.kinds(row, false)?;
        self.each_live(row, false, None, |i, edge| {
            if let Some(kind) = kinds.get(i) {
                f(EdgeRef {
                    source,
                    kind,
                    target: row.others[i],
                    at: EdgeAt::Segment(v, edge),
                });
            }
        })
    }

    /// Whether a node has a live edge that leaves it, or enters it.
    pub(super) fn has_live(&self, node: u32, incoming: bool) -> Result<bool> {
        let row = self.segment.row(node, incoming)?;
        if row.others.is_empty() || self.dead.is_empty() {
            return Ok(!row.others.is_empty());
        }
        if incoming {
            let mut numbers = self.segment.edge_numbers(row)?.iter();
            return Ok(numbers.any(|edge| !self.dead.contains(*edge)));
        }
        let numbers = row.first..row.first + row.others.len() as u32;
        Ok(self.dead.range_cardinality(numbers) < row.others.len() as u64)
    }

    /// Calls `f` with the place in the row and the number of every live edge of a row; only those of
    /// `kinds` where given.
    pub(super) fn each_live(
        &self,
        row: Row<'_>,
        incoming: bool,
        kinds: Option<&[u32]>,
        mut f: impl FnMut(usize, u32),
    ) -> Result<()> {
        let whole = 0..row.others.len();
        let numbers = match incoming {
            true => Some(self.segment.edge_numbers(row)?),
            false => None,
        };
        let number = |i: usize| match numbers {
            Some(numbers) => numbers.get(i).copied(),
            None => Some(row.first + i as u32),
        };
        let mut live = |range: Range<usize>| {
            for i in range {
                if let Some(edge) = number(i)
                    && !self.dead.contains(edge)
                {
                    f(i, edge);
                }
            }
        };
        match kinds {
            None => live(whole),
            Some(kinds) => {
                let of_row = self.segment.kinds(row, incoming)?;
                kinds.iter().for_each(|kind| live(of_row.of(*kind)));
            }
        }
        Ok(())
    }
}
