//! What a checkpoint does with edges: those in memory become a segment, together with the segments
//! that are not much larger, or have too much dead weight.
//!
//! Only segments at the end are merged: the ones before them do not know their numbers, so nodes and
//! types that are left without an edge go, and the others are numbered anew. A merge of all of
//! them leaves no trace of what was deleted.

use super::super::compact::Output;
use super::super::verify::wrong;
use crate::error::Result;
use crate::format::codec::Writer;
use crate::index::graph::Entry;
use crate::segment::{EdgeSegment, NewEdges, PropertyReader};
use crate::state::{EdgeAt, EdgeView, Graph, Properties};
use roaring::RoaringBitmap;
use std::sync::Arc;

/// Share of dead edges from which a segment is rewritten.
const DEAD_SHARE: f64 = 0.25;
/// A segment is merged with what comes after it unless it has so many times as many edges. So there
/// are few segments, and an edge is moved about so many times for each fourfold growth.
const LARGER: u64 = 4;

/// The first of the segments to be written anew; all of them, and memory, from there on.
fn choose(graph: &Graph) -> usize {
    let mut first = graph.segments.len();
    let mut after = graph.memory().len();
    for (i, view) in graph.segments.iter().enumerate().rev() {
        let share = view.dead.len() as f64 / f64::from(view.segment.edges().max(1));
        if share >= DEAD_SHARE || (after > 0 && view.live() < LARGER * after) {
            first = i;
        }
        after += view.live();
    }
    first
}

/// The graph with nothing in memory; None where it is so already and nothing is worth rewriting.
pub(in crate::db) fn flush(out: &mut Output<'_>, graph: &Graph) -> Result<Option<Graph>> {
    let first = choose(graph);
    if !graph.memory().is_empty() || first < graph.segments.len() {
        return rewrite(out, graph, first).map(Some);
    }
    // Numbers that were given out and are not used are forgotten.
    let unused = !graph.memory().is_unused();
    Ok(unused.then(|| Graph::from_segments(graph.segments.clone())))
}

/// The graph with the segments from `first` on and the edges in memory written as one.
pub(in crate::db) fn rewrite(out: &mut Output<'_>, graph: &Graph, first: usize) -> Result<Graph> {
    let mut segments = graph.segments[..first].to_vec();
    let kept = Graph::from_segments(segments.clone());
    let merged = Merged::gather(graph, first, &kept)?;
    if !merged.edges.is_empty() {
        let id = *out.next_segment;
        *out.next_segment += 1;
        let count = merged.edges.len() as u32;
        let (bytes, footer_crc) = merged.build(graph, id)?;
        let at = out.place(&bytes, id, count, footer_crc, RoaringBitmap::new())?;
        segments.push(EdgeView {
            segment: Arc::new(EdgeSegment::open(out.storage, &at)?),
            dead: Arc::default(),
            at,
        });
    }
    Ok(Graph::from_segments(segments))
}

/// New numbers for those from `first` on that are used, in their order.
struct Renumbering {
    first: u32,
    /// By old number less `first`: first whether it is used, then the new number.
    table: Vec<u32>,
}

const UNUSED: u32 = u32::MAX;

impl Renumbering {
    fn new(first: u32, end: u32) -> Renumbering {
        Renumbering {
            first,
            table: vec![UNUSED; (end - first) as usize],
        }
    }

    /// Notes that a number is used; false where there is no such number.
    fn note(&mut self, number: u32) -> bool {
        let Some(i) = number.checked_sub(self.first) else {
            return true;
        };
        let slot = self.table.get_mut(i as usize);
        slot.map(|slot| *slot = 0).is_some()
    }

    /// Gives the new numbers, and returns the old ones that are used.
    fn number(&mut self) -> Vec<u32> {
        let mut used = Vec::new();
        for (i, slot) in (0u32..).zip(&mut self.table) {
            if *slot != UNUSED {
                *slot = self.first + used.len() as u32;
                used.push(self.first + i);
            }
        }
        used
    }

    fn of(&self, number: u32) -> u32 {
        match number.checked_sub(self.first) {
            None => number,
            Some(i) => self.table[i as usize],
        }
    }
}

/// Edges that become one segment, still under their old numbers.
struct Merged<'a> {
    /// In the order of their keys; an edge's number is its number in its segment plus the edges of
    /// the segments before, and behind those of all segments its place in `memory`.
    edges: Vec<Entry>,
    memory: Vec<&'a Properties>,
    nodes: Renumbering,
    types: Renumbering,
    /// Whether an edge names a node or a type that is not there.
    strange: bool,
}

impl<'a> Merged<'a> {
    fn gather(graph: &'a Graph, first: usize, kept: &Graph) -> Result<Merged<'a>> {
        let mut merged = Merged {
            edges: Vec::with_capacity(graph.edges() as usize),
            memory: Vec::new(),
            nodes: Renumbering::new(kept.stored_nodes(), graph.node_count()),
            types: Renumbering::new(kept.stored_types(), graph.type_count()),
            strange: false,
        };
        let starts = starts(graph);
        for (v, start) in starts
            .iter()
            .enumerate()
            .take(graph.segments.len())
            .skip(first)
        {
            graph.each_live(v, |edge| {
                if let EdgeAt::Segment(_, number) = edge.at {
                    merged.push((edge.source, edge.kind, edge.target), start + number);
                }
            })?;
        }
        let stored = starts.last().copied().unwrap_or(0);
        for (key, properties) in graph.memory().iter() {
            merged.push(key, stored + merged.memory.len() as u32);
            merged.memory.push(properties);
        }
        if merged.strange {
            return Err(wrong(
                "an edge leads to a node or a type that nothing names",
            ));
        }
        // New numbers follow the order of the old ones, so this is the order of the new keys too.
        merged.edges.sort_unstable();
        Ok(merged)
    }

    fn push(&mut self, (node, kind, other): (u32, u32, u32), edge: u32) {
        let known = self.nodes.note(node) && self.nodes.note(other) && self.types.note(kind);
        self.strange |= !known;
        self.edges.push(Entry {
            node,
            kind,
            other,
            edge,
        });
    }

    fn build(mut self, graph: &Graph, id: u64) -> Result<(Vec<u8>, u32)> {
        let (nodes, types) = (self.nodes.number(), self.types.number());
        for e in &mut self.edges {
            (e.node, e.other) = (self.nodes.of(e.node), self.nodes.of(e.other));
            e.kind = self.types.of(e.kind);
        }
        let new = NewEdges {
            first_node: self.nodes.first,
            nodes: nodes
                .into_iter()
                .map(|n| graph.node_id(n))
                .collect::<Result<_>>()?,
            first_type: self.types.first,
            types: types
                .into_iter()
                .map(|k| graph.kind_name(k))
                .collect::<Result<_>>()?,
            edges: self.edges,
        };
        let starts = starts(graph);
        let stored = starts.last().copied().unwrap_or(0);
        let readers = graph.segments.iter().map(|v| v.segment.properties());
        let mut readers: Vec<PropertyReader<'_>> = readers.collect::<Result<_>>()?;
        new.build(id, |number, entry| {
            if let Some(i) = number.checked_sub(stored) {
                encode(self.memory[i as usize], entry);
                return Ok(());
            }
            let v = starts.partition_point(|start| *start <= number) - 1;
            entry.extend_from_slice(readers[v].entry(number - starts[v])?);
            Ok(())
        })
    }
}

/// How many edges there are in the segments before each, dead ones included, and in all of them. The
/// sum stays below 2^32, as `Graph::put` sees to.
fn starts(graph: &Graph) -> Vec<u32> {
    let counts = graph.segments.iter().map(|v| v.segment.edges());
    let sums = counts.scan(0u32, |sum, count| {
        *sum += count;
        Some(*sum)
    });
    std::iter::once(0).chain(sums).collect()
}

fn encode(properties: &Properties, entry: &mut Vec<u8>) {
    if let Some(properties) = properties {
        let mut w = Writer::new();
        w.value(properties);
        entry.extend_from_slice(&w.bytes);
    }
}
