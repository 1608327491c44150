//! The rows of an edge segment: for each node its edges in one direction (F-144).
//!
//! A row is sorted by edge type, then by the node at the other end. Layout: span u32 (one more than
//! the highest node number that can have a row), rows u32, edges u32, shift u8, bytes of a type u8,
//! reserved u16; where `shift` is 255 the rows are *dense*: span + 1 offsets u32, row `n` being that
//! of node `n`. Else they are *sparse*: (span >> shift) + 2 starts u32 of the groups of nodes that
//! share their upper bits, the nodes that have a row, ascending, u32, and rows + 1 offsets u32. Then,
//! edge by edge in the order of the rows: the other ends u32; the edge types, 1 or 2 bytes each, zeros
//! to a multiple of 4; and, in rows of incoming edges, the edge's number u32. The number of an edge
//! is its place among the outgoing ones.

use super::{Part, number, numbers};
use crate::error::Result;
use crate::format::Malformed;
use crate::format::codec::{Reader, Writer};
use std::ops::Range;

const HEAD_BYTES: u64 = 16;
const DENSE: u8 = 255;

/// One edge as a row holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Whose row it is in.
    pub node: u32,
    /// Number of its type.
    pub kind: u32,
    /// The node at the other end.
    pub other: u32,
    /// Its number, for incoming edges; ignored for outgoing ones.
    pub edge: u32,
}

/// Writes rows. `entries` ascend by node, type, other end; `types` is one more than the highest type
/// number, `span` than the highest node number.
pub fn encode_rows(w: &mut Writer, entries: &[Entry], span: u32, types: u32, incoming: bool) {
    let mut nodes: Vec<u32> = entries.iter().map(|e| e.node).collect();
    nodes.dedup();
    let dense = nodes.len() as u64 * 2 >= u64::from(span);
    let shift = if dense {
        DENSE
    } else {
        shift_for(span, nodes.len() as u64)
    };
    let kind_bytes: u8 = if types <= 256 { 1 } else { 2 };
    w.u32(span);
    w.u32(nodes.len() as u32);
    w.u32(entries.len() as u32);
    w.u8(shift);
    w.u8(kind_bytes);
    w.u16(0);
    if dense {
        encode_offsets(w, entries, 0..span);
    } else {
        let mut start = 0;
        for group in 0..=(span >> shift) + 1 {
            while nodes.get(start).is_some_and(|n| n >> shift < group) {
                start += 1;
            }
            w.u32(start as u32);
        }
        nodes.iter().for_each(|n| w.u32(*n));
        encode_offsets(w, entries, nodes.iter().copied());
    }
    entries.iter().for_each(|e| w.u32(e.other));
    for e in entries {
        match kind_bytes {
            1 => w.u8(e.kind as u8),
            _ => w.u16(e.kind as u16),
        }
    }
    w.align(4);
    if incoming {
        entries.iter().for_each(|e| w.u32(e.edge));
    }
}

/// Where the rows of `nodes` end among the entries, after a zero.
fn encode_offsets(w: &mut Writer, entries: &[Entry], nodes: impl Iterator<Item = u32>) {
    let mut end = 0;
    w.u32(0);
    for node in nodes {
        while entries.get(end).is_some_and(|e| e.node == node) {
            end += 1;
        }
        w.u32(end as u32);
    }
}

/// How many low bits of a node number a group spans, so that there are about as many groups as rows.
fn shift_for(span: u32, rows: u64) -> u8 {
    let shift = (0..31).find(|s| u64::from(span >> s) <= rows.max(1));
    shift.unwrap_or(31)
}

/// The way into rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// One more than the highest node number that can have a row.
    pub span: u32,
    /// How many nodes have one; not counted where rows are dense.
    rows: u32,
    /// Edges in all.
    pub edges: u32,
    shift: u8,
    kind_bytes: u8,
    incoming: bool,
}

/// The edges of one node in one direction.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// Place of the first among all edges of the rows.
    pub first: u32,
    /// The nodes at the other ends.
    pub others: &'a [u32],
}

/// The types of a row's edges.
#[derive(Clone, Copy)]
pub enum Kinds<'a> {
    /// One byte each.
    Narrow(&'a [u8]),
    /// Two bytes each.
    Wide(&'a [u16]),
}

impl Kinds<'_> {
    /// The type of the `i`-th edge; none behind the last.
    #[must_use]
    #[inline]
    pub fn get(self, i: usize) -> Option<u32> {
        match self {
            Kinds::Narrow(kinds) => kinds.get(i).map(|k| u32::from(*k)),
            Kinds::Wide(kinds) => kinds.get(i).map(|k| u32::from(*k)),
        }
    }

    /// The places of the edges of one type.
    #[must_use]
    pub fn of(self, kind: u32) -> Range<usize> {
        match self {
            Kinds::Narrow(kinds) => {
                let start = kinds.partition_point(|k| u32::from(*k) < kind);
                start..start + kinds[start..].partition_point(|k| u32::from(*k) == kind)
            }
            Kinds::Wide(kinds) => {
                let start = kinds.partition_point(|k| u32::from(*k) < kind);
                start..start + kinds[start..].partition_point(|k| u32::from(*k) == kind)
            }
        }
    }
}

impl Rows {
    /// Reads and checks the head of rows; `incoming` tells which of the two parts it is.
    pub fn open<'a>(part: impl Part<'a>, incoming: bool) -> Result<Rows> {
        let head = part.bytes(0..HEAD_BYTES)?;
        let read = || -> crate::format::Decode<(Rows, u16)> {
            let mut r = Reader::new(head);
            let rows = Rows {
                span: r.u32()?,
                rows: r.u32()?,
                edges: r.u32()?,
                shift: r.u8()?,
                kind_bytes: r.u8()?,
                incoming,
            };
            Ok((rows, r.u16()?))
        };
        let (rows, reserved) = read().map_err(|why| part.damaged(why))?;
        let shape = (rows.shift == DENSE || rows.shift < 32)
            && (rows.kind_bytes == 1 || rows.kind_bytes == 2)
            && reserved == 0;
        if !shape || rows.end() != part.size() {
            return Err(part.damaged(Malformed("rows of edges have an impossible size")));
        }
        Ok(rows)
    }

    fn groups(&self) -> u64 {
        u64::from(self.span.checked_shr(u32::from(self.shift)).unwrap_or(0)) + 2
    }

    fn nodes_at(&self) -> u64 {
        HEAD_BYTES + self.groups() * 4
    }

    fn offsets_at(&self) -> u64 {
        match self.shift {
            DENSE => HEAD_BYTES,
            _ => self.nodes_at() + u64::from(self.rows) * 4,
        }
    }

    fn others_at(&self) -> u64 {
        let offsets = if self.shift == DENSE {
            self.span
        } else {
            self.rows
        };
        self.offsets_at() + (u64::from(offsets) + 1) * 4
    }

    fn kinds_at(&self) -> u64 {
        self.others_at() + u64::from(self.edges) * 4
    }

    fn numbers_at(&self) -> u64 {
        let kinds = u64::from(self.edges) * u64::from(self.kind_bytes);
        self.kinds_at() + kinds.next_multiple_of(4)
    }

    fn end(&self) -> u64 {
        self.numbers_at()
            + if self.incoming {
                u64::from(self.edges) * 4
            } else {
                0
            }
    }

    /// The place of a node's row; none where it has no edges here.
    #[inline]
    fn place<'a>(&self, part: impl Part<'a>, node: u32) -> Result<Option<u32>> {
        if node >= self.span {
            return Ok(None);
        }
        if self.shift == DENSE {
            return Ok(Some(node));
        }
        let group = HEAD_BYTES + u64::from(node >> self.shift) * 4;
        let (start, end) = (number(part, group)?, number(part, group + 4)?);
        if start > end || end > self.rows {
            return Err(part.damaged(Malformed("groups of rows are out of order")));
        }
        let nodes = numbers(part, self.nodes_at() + u64::from(start) * 4, end - start)?;
        Ok(nodes.binary_search(&node).ok().map(|i| start + i as u32))
    }

    /// The edges of a node.
    #[inline]
    pub fn row<'a>(&self, part: impl Part<'a>, node: u32) -> Result<Row<'a>> {
        let Some(place) = self.place(part, node)? else {
            return Ok(Row {
                first: 0,
                others: &[],
            });
        };
        let at = self.offsets_at() + u64::from(place) * 4;
        let offsets = numbers(part, at, 2)?;
        let (Some(&first), Some(&end)) = (offsets.first(), offsets.get(1)) else {
            return Err(part.damaged(Malformed("a row is missing")));
        };
        if first > end || end > self.edges {
            return Err(part.damaged(Malformed("rows are out of order")));
        }
        let others = self.others_at() + u64::from(first) * 4;
        Ok(Row {
            first,
            others: numbers(part, others, end - first)?,
        })
    }

    /// The types of the edges of a row.
    pub fn kinds<'a>(&self, part: impl Part<'a>, row: Row<'_>) -> Result<Kinds<'a>> {
        let width = u64::from(self.kind_bytes);
        let at = self.kinds_at() + u64::from(row.first) * width;
        let bytes = part.bytes(at..at + row.others.len() as u64 * width)?;
        if width == 1 {
            return Ok(Kinds::Narrow(bytes));
        }
        let wide = bytemuck::try_cast_slice(bytes);
        wide.map(Kinds::Wide)
            .map_err(|_| part.damaged(Malformed("types are not aligned")))
    }

    /// The numbers of the edges of a row of incoming edges.
    pub fn edge_numbers<'a>(&self, part: impl Part<'a>, row: Row<'_>) -> Result<&'a [u32]> {
        let at = self.numbers_at() + u64::from(row.first) * 4;
        numbers(part, at, row.others.len() as u32)
    }

    /// The nodes that have a row, ascending; some may have an empty one.
    pub fn nodes<'a>(&self, part: impl Part<'a>) -> Result<Vec<u32>> {
        if self.shift == DENSE {
            return Ok((0..self.span).collect());
        }
        Ok(numbers(part, self.nodes_at(), self.rows)?.to_vec())
    }
}
