//! The edges of one collection at one commit.
//!
//! Invariants: an edge (source, type, target) is live in at most one place; both of its ends are
//! live records. Numbers of nodes and types run on from segment to segment and then through memory,
//! so they mean the same in all of them; they are the engine's own and change when segments are
//! merged. An empty graph costs one pointer.

use super::edges::{MemoryEdges, Numbered};
use crate::error::{Code, Error, Result};
use crate::format::limits::MAX_EDGE_TYPES;
use crate::format::manifest::SegmentRef;
use crate::index::graph::Row;
use crate::segment::{EdgeSegment, PropertyReader};
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

    /// Whether a node has an edge.
    pub fn touches(&self, node: u32) -> Result<bool> {
        if self.memory.touches(node) {
            return Ok(true);
        }
        let mut found = false;
        for incoming in [false, true] {
            self.each_end(node, incoming, None, |_| found = true)?;
        }
        Ok(found)
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

    /// Inserts an edge, or replaces the properties of the one of the same key. That both ends are
    /// records is for the caller to see to.
    pub fn put(&mut self, source: &str, kind: &str, target: &str, properties: Value) -> Result<()> {
        let known = [self.node(source)?, self.node(target)?];
        self.put_between(known, [source, kind, target], properties)
    }

    /// As [`Graph::put`], with the numbers of both ends, as far as they have one.
    pub fn put_between(
        &mut self,
        known: [Option<u32>; 2],
        [source, kind, target]: [&str; 3],
        properties: Value,
    ) -> Result<()> {
        let start = match known[0] {
            Some(node) => node,
            None => self.new_node(source)?,
        };
        let end = match known[1] {
            Some(node) => node,
            None if source == target => start,
            None => self.new_node(target)?,
        };
        let (source, target) = (start, end);
        let kind = self.kind_or_new(kind)?;
        self.bury(source, kind, target)?;
        let stored: u64 = self
            .segments
            .iter()
            .map(|v| u64::from(v.segment.edges()))
            .sum();
        if stored + self.memory.len() >= u64::from(u32::MAX) {
            let message = "a collection has at most 4,294,967,294 edges";
            return Err(Error::new(Code::InputLimit, message));
        }
        self.memory.put(source, kind, target, properties);
        Ok(())
    }

    fn new_node(&mut self, id: &str) -> Result<u32> {
        let start = self.stored_nodes();
        next(start, &mut self.memory.nodes, id, u32::MAX, "nodes")
    }

    fn kind_or_new(&mut self, name: &str) -> Result<u32> {
        if let Some(kind) = self.kind(name) {
            return Ok(kind);
        }
        let start = self.stored_types();
        next(
            start,
            &mut self.memory.types,
            name,
            MAX_EDGE_TYPES as u32,
            "edge types",
        )
    }

    /// Marks an edge of a segment as dead, and tells whether it was there.
    fn bury(&mut self, source: u32, kind: u32, target: u32) -> Result<bool> {
        for view in &mut self.segments {
            if let Some(edge) = view.segment.find(source, kind, target)?
                && !view.dead.contains(edge)
            {
                Arc::make_mut(&mut view.dead).insert(edge);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes an edge, and tells whether there was one.
    pub fn delete(&mut self, source: &str, kind: &str, target: &str) -> Result<bool> {
        match self.key(source, kind, target)? {
            None => Ok(false),
            Some((source, kind, target)) => {
                Ok(self.memory.delete(source, kind, target) || self.bury(source, kind, target)?)
            }
        }
    }

    /// Removes every edge of a node.
    pub fn delete_node(&mut self, id: &str) -> Result<()> {
        let Some(node) = self.node(id)? else {
            return Ok(());
        };
        self.memory.delete_node(node);
        for view in &mut self.segments {
            let mut dying = Vec::new();
            for incoming in [false, true] {
                let row = view.segment.row(node, incoming)?;
                view.each_live(row, incoming, None, |_, edge| dying.push(edge))?;
            }
            if !dying.is_empty() {
                Arc::make_mut(&mut view.dead).extend(dying);
            }
        }
        Ok(())
    }
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

    /// Calls `f` with the place in the row and the number of every live edge of a row; only those of
    /// `kinds` where given.
    fn each_live(
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

fn next(start: u32, names: &mut Numbered, name: &str, limit: u32, what: &str) -> Result<u32> {
    match start.checked_add(names.len()) {
        Some(number) if number < limit => {
            names.push(name);
            Ok(number)
        }
        _ => Err(Error::new(
            Code::InputLimit,
            format!("a collection has at most {limit} {what}"),
        )
        .detail("limit", limit)),
    }
}

fn nameless(what: &str, number: u32) -> Error {
    let message = format!("an edge names {what} {number}, which is not there");
    Error::new(Code::CorruptSegment, message).hint("run `engram doctor` on the file")
}
