//! What a checkpoint does with edges: those in memory become a segment, together with the segments
//! that are not much larger, or have too much dead weight.
//!
//! Only segments at the end are merged: the ones before them do not know their numbers, so nodes and
//! types that are left without an edge go, and the others are numbered anew. A merge of all of
//! them leaves no trace of what was deleted.

use super::super::compact::Output;
use crate::error::Result;
use crate::format::codec::Writer;
use crate::segment::{EdgeSegment, NewEdges, PropertyReader};
use crate::state::{EdgeAt, EdgeRef, EdgeView, Graph, Properties};
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
        let (bytes, footer_crc) = merged.build(graph, &kept, id)?;
        let count = merged.edges.len() as u32;
        let at = out.place(&bytes, id, count, footer_crc, RoaringBitmap::new())?;
        segments.push(EdgeView {
            segment: Arc::new(EdgeSegment::open(out.storage, &at)?),
            dead: Arc::default(),
            at,
        });
    }
    Ok(Graph::from_segments(segments))
}

/// Edges that become one segment.
struct Merged<'a> {
    edges: Vec<EdgeRef<'a>>,
    /// New numbers of nodes, from the first that is numbered anew.
    nodes: Renumbering,
    /// New numbers of types.
    types: Renumbering,
}

/// New numbers for those from `first` on that are used, in their order.
struct Renumbering {
    first: u32,
    used: RoaringBitmap,
}

impl Renumbering {
    fn note(&mut self, number: u32) {
        if number >= self.first {
            self.used.insert(number);
        }
    }

    fn of(&self, number: u32) -> u32 {
        match number < self.first {
            true => number,
            // At least 1: only used numbers are asked for.
            false => self.first + (self.used.rank(number) as u32).saturating_sub(1),
        }
    }

    /// As a table, where many numbers are asked for.
    fn table(&self) -> Vec<u32> {
        let end = self.used.max().map_or(0, |max| max - self.first + 1);
        let mut table = vec![0; end as usize];
        for (number, new) in self.used.iter().zip(self.first..) {
            table[(number - self.first) as usize] = new;
        }
        table
    }
}

impl<'a> Merged<'a> {
    fn gather(graph: &'a Graph, first: usize, kept: &Graph) -> Result<Merged<'a>> {
        let mut merged = Merged {
            edges: Vec::new(),
            nodes: Renumbering {
                first: kept.stored_nodes(),
                used: RoaringBitmap::new(),
            },
            types: Renumbering {
                first: kept.stored_types(),
                used: RoaringBitmap::new(),
            },
        };
        for v in first..graph.segments.len() {
            graph.each_live(v, |edge| merged.edges.push(edge))?;
        }
        let memory = graph.memory().iter();
        merged
            .edges
            .extend(memory.map(|((source, kind, target), properties)| EdgeRef {
                source,
                kind,
                target,
                at: EdgeAt::Memory(properties),
            }));
        for edge in &merged.edges {
            merged.nodes.note(edge.source);
            merged.nodes.note(edge.target);
            merged.types.note(edge.kind);
        }
        // New numbers follow the order of the old ones, so this is the order of the new keys too.
        merged
            .edges
            .sort_unstable_by_key(|e| (e.source, e.kind, e.target));
        Ok(merged)
    }

    fn build(&self, graph: &Graph, kept: &Graph, id: u64) -> Result<(Vec<u8>, u32)> {
        let nodes = self.nodes.used.iter().map(|n| graph.node_id(n));
        let types = self.types.used.iter().map(|k| graph.kind_name(k));
        let table = self.nodes.table();
        let node = |n: u32| match n.checked_sub(kept.stored_nodes()) {
            None => n,
            Some(i) => table[i as usize],
        };
        let renumbered = self.edges.iter();
        let new = NewEdges {
            first_node: kept.stored_nodes(),
            nodes: nodes.collect::<Result<_>>()?,
            first_type: kept.stored_types(),
            types: types.collect::<Result<_>>()?,
            edges: renumbered
                .map(|e| (node(e.source), self.types.of(e.kind), node(e.target)))
                .collect(),
        };
        let readers = graph.segments.iter().map(|v| v.segment.properties());
        let mut readers: Vec<PropertyReader<'_>> = readers.collect::<Result<_>>()?;
        new.build(id, |i, entry| match self.edges[i].at {
            EdgeAt::Memory(properties) => {
                encode(properties, entry);
                Ok(())
            }
            EdgeAt::Segment(v, edge) => {
                entry.extend_from_slice(readers[v].entry(edge)?);
                Ok(())
            }
        })
    }
}

fn encode(properties: &Properties, entry: &mut Vec<u8>) {
    if let Some(properties) = properties {
        let mut w = Writer::new();
        w.value(properties);
        entry.extend_from_slice(&w.bytes);
    }
}
