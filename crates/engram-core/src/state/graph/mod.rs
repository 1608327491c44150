//! The edges of one collection at one commit.
//!
//! Invariants: an edge (source, type, target) is live in at most one place; both of its ends are
//! live records. Numbers of nodes and types run on from segment to segment and then through memory,
//! so they mean the same in all of them; they are the engine's own and change when segments are
//! merged. An empty graph costs one pointer.

mod change;
mod memory;
mod view;

pub use memory::{MemoryEdges, Numbered};
pub use view::{Edge, EdgeAt, EdgeRef, EdgeView, Properties};

use crate::error::{Code, Error, Result};
use crate::format::manifest::SegmentRef;
use crate::segment::{EdgeSegment, PropertyReader};
use crate::value::Value;
use std::sync::Arc;

/// The edges of a collection.
#[derive(Clone, Default)]
pub struct Graph {
    /// Segments of edges.
    pub segments: Vec<EdgeView>,
    memory: MemoryEdges,
}

impl Graph {
    /// The edges of a manifest's list; `open` finds each segment.
    pub fn from_refs(
        refs: &[SegmentRef],
        mut open: impl FnMut(&SegmentRef) -> Result<Arc<EdgeSegment>>,
    ) -> Result<Graph> {
        let mut graph = Graph::default();
        let edges: u64 = refs.iter().map(|at| u64::from(at.records)).sum();
        if edges >= u64::from(u32::MAX) {
            let message = "the manifest: a collection has too many edges";
            return Err(Error::new(Code::CorruptManifest, message));
        }
        for at in refs {
            let segment = open(at)?;
            let starts = (segment.node_range().start, segment.type_range().start);
            if starts != (graph.stored_nodes(), graph.stored_types()) {
                let message = "the manifest: the numbers of segments of edges do not run on";
                return Err(Error::new(Code::CorruptManifest, message));
            }
            graph.segments.push(EdgeView {
                segment,
                dead: Arc::new(at.dead.clone()),
                at: at.clone(),
            });
        }
        Ok(graph)
    }

    /// The edges of segments that follow each other, and none in memory.
    #[must_use]
    pub fn from_segments(segments: Vec<EdgeView>) -> Graph {
        Graph {
            segments,
            memory: MemoryEdges::default(),
        }
    }

    /// The manifest's list; only right while no edge is in memory.
    #[must_use]
    pub fn to_refs(&self) -> Vec<SegmentRef> {
        let segments = self.segments.iter();
        segments
            .map(|v| SegmentRef {
                dead: (*v.dead).clone(),
                ..v.at.clone()
            })
            .collect()
    }

    /// Live edges.
    #[must_use]
    pub fn edges(&self) -> u64 {
        self.memory.len() + self.segments.iter().map(EdgeView::live).sum::<u64>()
    }

    /// Whether it has never held an edge since its segments were last merged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.memory.is_unused()
    }

    /// The edges that are not in a segment yet.
    #[must_use]
    pub fn memory(&self) -> &MemoryEdges {
        &self.memory
    }

    /// One more than the highest node number in segments.
    #[must_use]
    pub fn stored_nodes(&self) -> u32 {
        self.segments
            .last()
            .map_or(0, |v| v.segment.node_range().end)
    }

    /// One more than the highest type number in segments.
    #[must_use]
    pub fn stored_types(&self) -> u32 {
        self.segments
            .last()
            .map_or(0, |v| v.segment.type_range().end)
    }

    /// The number of a node; none where the id has no edges and never had.
    pub fn node(&self, id: &str) -> Result<Option<u32>> {
        for view in &self.segments {
            if let Some(node) = view.segment.node(id)? {
                return Ok(Some(node));
            }
        }
        Ok(self.memory.nodes.find(id).map(|i| self.stored_nodes() + i))
    }

    /// The id of a node.
    pub fn node_id(&self, node: u32) -> Result<&str> {
        let holds = |v: &&EdgeView| v.segment.node_range().contains(&node);
        if let Some(view) = self.segments.iter().find(holds) {
            return view.segment.node_id(node);
        }
        let i = node.checked_sub(self.stored_nodes());
        let id = i.and_then(|i| self.memory.nodes.name(i));
        id.map(|id| &**id).ok_or_else(|| nameless("node", node))
    }

    /// The number of an edge type; none where no edge is of it and none was.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<u32> {
        let mut stored = self.segments.iter();
        let stored = stored.find_map(|v| v.segment.type_number(name));
        stored.or_else(|| {
            self.memory
                .types
                .find(name)
                .map(|i| self.stored_types() + i)
        })
    }

    /// The name of an edge type.
    pub fn kind_name(&self, kind: u32) -> Result<&str> {
        let mut stored = self.segments.iter();
        let name = match stored.find_map(|v| v.segment.type_name(kind)) {
            Some(name) => Some(name),
            None => {
                let i = kind.checked_sub(self.stored_types());
                i.and_then(|i| self.memory.types.name(i))
            }
        };
        name.map(|name| &**name)
            .ok_or_else(|| nameless("type", kind))
    }

    /// The names of all edge types that any edge has or had.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        let stored = self.segments.iter().flat_map(|v| v.segment.types());
        stored.chain(self.memory.types.iter()).map(|name| &**name)
    }

    /// Calls `f` with the other end of every edge that leaves a node, or enters it; only those of
    /// `kinds`, ascending, where given.
    #[inline]
    pub fn each_end(
        &self,
        node: u32,
        incoming: bool,
        kinds: Option<&[u32]>,
        mut f: impl FnMut(u32),
    ) -> Result<()> {
        for view in &self.segments {
            let row = view.segment.row(node, incoming)?;
            if kinds.is_none() && view.dead.is_empty() {
                row.others.iter().for_each(|other| f(*other));
            } else if !row.others.is_empty() {
                view.each_live(row, incoming, kinds, |i, _| f(row.others[i]))?;
            }
        }
        if !self.memory.is_empty() {
            self.memory
                .each(node, incoming, kinds, |_, other, _| f(other));
        }
        Ok(())
    }

    /// As [`Graph::each_end`], with the whole edge.
    pub fn each_edge<'a>(
        &'a self,
        node: u32,
        incoming: bool,
        kinds: Option<&[u32]>,
        mut f: impl FnMut(EdgeRef<'a>),
    ) -> Result<()> {
        let turned = |kind, other, at| match incoming {
            false => EdgeRef {
                source: node,
                kind,
                target: other,
                at,
            },
            true => EdgeRef {
                source: other,
                kind,
                target: node,
                at,
            },
        };
        for (v, view) in self.segments.iter().enumerate() {
            let row = view.segment.row(node, incoming)?;
            if row.others.is_empty() {
                continue;
            }
            let row_kinds = view.segment.kinds(row, incoming)?;
            view.each_live(row, incoming, kinds, |i, edge| {
                if let Some(kind) = row_kinds.get(i) {
                    f(turned(kind, row.others[i], EdgeAt::Segment(v, edge)));
                }
            })?;
        }
        self.memory
            .each(node, incoming, kinds, |kind, other, properties| {
                f(turned(kind, other, EdgeAt::Memory(properties)));
            });
        Ok(())
    }

    /// Whether a node is known to be a record: edges go with their records.
    pub fn is_record(&self, node: u32) -> Result<bool> {
        match node.checked_sub(self.stored_nodes()) {
            Some(place) => Ok(self.memory.is_record(place)),
            None => self.touches(node),
        }
    }

    /// Whether a node has an edge.
    fn touches(&self, node: u32) -> Result<bool> {
        if self.memory.touches(node) {
            return Ok(true);
        }
        for view in &self.segments {
            for incoming in [false, true] {
                if view.has_live(node, incoming)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The edge of a key.
    pub fn find(&self, source: u32, kind: u32, target: u32) -> Result<Option<EdgeAt<'_>>> {
        if let Some(properties) = self.memory.get(source, kind, target) {
            return Ok(Some(EdgeAt::Memory(properties)));
        }
        for (v, view) in self.segments.iter().enumerate() {
            if let Some(edge) = view.segment.find(source, kind, target)?
                && !view.dead.contains(edge)
            {
                return Ok(Some(EdgeAt::Segment(v, edge)));
            }
        }
        Ok(None)
    }

    /// The numbers of a key of names; none where one of them has none.
    pub fn key(&self, source: &str, kind: &str, target: &str) -> Result<Option<(u32, u32, u32)>> {
        let Some(kind) = self.kind(kind) else {
            return Ok(None);
        };
        Ok(match (self.node(source)?, self.node(target)?) {
            (Some(source), Some(target)) => Some((source, kind, target)),
            _ => None,
        })
    }

    /// The properties of an edge, a map.
    pub fn properties(&self, at: EdgeAt<'_>) -> Result<Value> {
        match at {
            EdgeAt::Segment(v, edge) => self.segments[v].segment.properties_of(edge),
            EdgeAt::Memory(properties) => Ok(properties
                .as_deref()
                .map_or_else(|| Value::Map(Vec::new()), Value::clone)),
        }
    }

    /// One more than the highest node number.
    #[must_use]
    pub fn node_count(&self) -> u32 {
        self.stored_nodes() + self.memory.nodes.len()
    }

    /// One more than the highest type number.
    #[must_use]
    pub fn type_count(&self) -> u32 {
        self.stored_types() + self.memory.types.len()
    }

    /// Edges by names, each block of properties unpacked once where they come by source, type and
    /// target.
    pub fn named(&self, edges: &[EdgeRef<'_>]) -> Result<Vec<Edge>> {
        let readers = self.segments.iter().map(|v| v.segment.properties());
        let mut readers: Vec<PropertyReader<'_>> = readers.collect::<Result<_>>()?;
        let named = edges.iter().map(|edge| {
            let properties = match edge.at {
                EdgeAt::Segment(v, number) => readers[v].value(number)?,
                EdgeAt::Memory(_) => self.properties(edge.at)?,
            };
            Ok(Edge {
                source: self.node_id(edge.source)?.to_owned(),
                kind: self.kind_name(edge.kind)?.to_owned(),
                target: self.node_id(edge.target)?.to_owned(),
                properties,
            })
        });
        named.collect()
    }

    /// An edge by names.
    pub fn edge(&self, edge: EdgeRef<'_>) -> Result<Edge> {
        Ok(Edge {
            source: self.node_id(edge.source)?.to_owned(),
            kind: self.kind_name(edge.kind)?.to_owned(),
            target: self.node_id(edge.target)?.to_owned(),
            properties: self.properties(edge.at)?,
        })
    }

    /// Calls `f` with every live edge of a segment, in the order of their numbers.
    pub fn each_live<'a>(&'a self, v: usize, mut f: impl FnMut(EdgeRef<'a>)) -> Result<()> {
        let view = &self.segments[v];
        for source in view.segment.nodes_with_rows(false)? {
            view.each_edge(v, source, &mut f)?;
        }
        Ok(())
    }
}

fn nameless(what: &str, number: u32) -> Error {
    let message = format!("an edge names {what} {number}, which is not there");
    Error::new(Code::CorruptSegment, message).hint("run `engram doctor` on the file")
}
