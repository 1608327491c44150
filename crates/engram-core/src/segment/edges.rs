//! Segments of edges: nodes by number, edges by node in both directions, properties (F-141 to F-146).
//!
//! Node and type numbers run on from segment to segment of a collection: each names those that the
//! ones before it do not, and its edges may lead to theirs. Incoming edges and the order of hashes
//! can be made again from the outgoing edges and the ids.

use super::blocks::{Blocks, Primers, Unpacked};
use super::parts::BlocksWriter;
use crate::error::{Error, Result};
use crate::format::Malformed;
use crate::format::codec::{Reader, Writer};
use crate::format::limits::MAX_EDGE_TYPES;
use crate::format::manifest::SegmentRef;
use crate::format::segment::{Part, SegmentWriter, kind};
use crate::index::graph::{self, Entry, Kinds, Names, Row, Rows, encode_names, encode_rows};
use crate::store::{Sealed, Storage};
use crate::value::Value;
use std::collections::HashMap;
use std::collections::hash_map;
use std::ops::Range;
use std::sync::Arc;

/// Space of the rows of outgoing edges.
const OUT: u16 = 0;
/// Space of the rows of incoming edges.
const IN: u16 = 1;

/// What a segment of edges is made of.
pub struct NewEdges<'a> {
    /// Number of the first node it names.
    pub first_node: u32,
    /// The ids of the nodes it names.
    pub nodes: Vec<&'a str>,
    /// Number of the first edge type it names.
    pub first_type: u32,
    /// The edge types it names.
    pub types: Vec<&'a str>,
    /// Every edge in the row of its source, ascending; what its number means the caller decides.
    pub edges: Vec<Entry>,
}

impl NewEdges<'_> {
    /// The bytes of the segment and the CRC-32 of its footer. `properties` appends those of the edge of
    /// a number as an encoded value, or nothing for none; it is asked edge by edge.
    pub fn build(
        self,
        id: u64,
        properties: impl FnMut(u32, &mut Vec<u8>) -> Result<()>,
    ) -> Result<(Vec<u8>, u32)> {
        let span = self.first_node + self.nodes.len() as u32;
        let types = self.first_type + self.types.len() as u32;
        let mut edges = self.edges;
        let mut segment = SegmentWriter::new(id, edges.len() as u32);
        let mut names = Writer::new();
        encode_names(&mut names, self.first_node, &self.nodes)?;
        segment.part(kind::NODES, 0, &names.bytes);
        segment.part_with(kind::ROWS, OUT, |w| {
            encode_rows(w, &edges, span, types, false);
        });
        let properties = encode_properties(&edges, properties)?;
        for (e, number) in edges.iter_mut().zip(0u32..) {
            e.edge = number;
            std::mem::swap(&mut e.node, &mut e.other);
        }
        edges.sort_unstable();
        segment.part_with(kind::ROWS, IN, |w| {
            encode_rows(w, &edges, span, types, true);
        });
        let mut w = Writer::new();
        w.u32(self.first_type);
        w.len(self.types.len());
        self.types.iter().for_each(|t| w.str(t));
        segment.part(kind::EDGE_TYPES, 0, &w.bytes);
        if let Some(properties) = properties {
            segment.part(kind::PROPERTIES, 0, &properties);
        }
        Ok(segment.finish())
    }
}

/// The properties part; none where no edge has any.
fn encode_properties(
    edges: &[Entry],
    mut properties: impl FnMut(u32, &mut Vec<u8>) -> Result<()>,
) -> Result<Option<Vec<u8>>> {
    let (mut blocks, mut entry, mut any) = (BlocksWriter::default(), Vec::new(), false);
    for edge in edges {
        entry.clear();
        properties(edge.edge, &mut entry)?;
        any |= !entry.is_empty();
        blocks.push(&entry).map_err(|e| packing(&e))?;
    }
    let blocks = blocks.finish().map_err(|e| packing(&e))?;
    Ok(any.then_some(blocks))
}

fn packing(e: &std::io::Error) -> Error {
    Error::internal(format!("a block cannot be packed: {e}"))
}

/// A part as the readers of `index::graph` see it.
#[derive(Clone, Copy)]
struct PartOf<'a> {
    sealed: &'a Sealed,
    part: Part,
}

impl<'a> graph::Part<'a> for PartOf<'a> {
    fn size(self) -> u64 {
        self.part.len
    }
    #[inline]
    fn bytes(self, range: Range<u64>) -> Result<&'a [u8]> {
        self.sealed.bytes(self.part, range)
    }
    fn damaged(self, why: Malformed) -> Error {
        self.sealed.damaged(why)
    }
}

/// One direction of the edges.
struct Side {
    part: Part,
    rows: Rows,
}

/// An open segment of edges.
pub struct EdgeSegment {
    sealed: Sealed,
    primers: Primers,
    nodes: Part,
    names: Names,
    out: Side,
    into: Side,
    properties: Option<Part>,
    first_type: u32,
    types: Vec<Arc<str>>,
    type_numbers: HashMap<Arc<str>, u32>,
}

impl EdgeSegment {
    /// Maps the segment of a manifest entry, and checks its outside and its edge types.
    pub fn open(storage: &dyn Storage, at: &SegmentRef) -> Result<EdgeSegment> {
        let sealed = Sealed::open(storage, at)?;
        let nodes = sealed.need(kind::NODES, 0)?;
        let of = |part| PartOf {
            sealed: &sealed,
            part,
        };
        let names = Names::open(of(nodes))?;
        let side = |space| {
            let part = sealed.need(kind::ROWS, space)?;
            let rows = Rows::open(of(part), space == IN)?;
            Ok::<_, Error>(Side { part, rows })
        };
        let (out, into) = (side(OUT)?, side(IN)?);
        let counts = [out.rows.edges, into.rows.edges];
        let spans = [out.rows.span, into.rows.span];
        if counts != [at.records; 2] || spans != [names.end(); 2] {
            return Err(sealed.damaged(Malformed("the parts of its edges contradict each other")));
        }
        let bytes = sealed.whole(sealed.need(kind::EDGE_TYPES, 0)?)?;
        let (first_type, types) = sealed.ok(read_types(bytes))?;
        let numbered = types.iter().cloned().zip(first_type..);
        Ok(EdgeSegment {
            nodes,
            names,
            out,
            into,
            properties: sealed.part(kind::PROPERTIES, 0),
            primers: Primers::new(&sealed),
            first_type,
            type_numbers: numbered.collect(),
            types,
            sealed,
        })
    }

    /// Its frame.
    #[must_use]
    pub fn sealed(&self) -> &Sealed {
        &self.sealed
    }

    /// Edges in it, dead ones included.
    #[must_use]
    pub fn edges(&self) -> u32 {
        self.sealed.records()
    }

    /// Its length in bytes.
    #[must_use]
    pub fn len_bytes(&self) -> u64 {
        self.sealed.raw().len() as u64
    }

    /// The numbers of the nodes that it names.
    #[must_use]
    pub fn node_range(&self) -> Range<u32> {
        self.names.first..self.names.end()
    }

    /// The numbers of the edge types that it names.
    #[must_use]
    pub fn type_range(&self) -> Range<u32> {
        self.first_type..self.first_type + self.types.len() as u32
    }

    fn of(&self, part: Part) -> PartOf<'_> {
        PartOf {
            sealed: &self.sealed,
            part,
        }
    }

    /// The id of a node that it names.
    pub fn node_id(&self, node: u32) -> Result<&str> {
        self.names.name(self.of(self.nodes), node)
    }

    /// The number of an id, where it names it.
    pub fn node(&self, id: &str) -> Result<Option<u32>> {
        self.names.find(self.of(self.nodes), id)
    }

    /// The name of an edge type that it names.
    #[must_use]
    pub fn type_name(&self, number: u32) -> Option<&Arc<str>> {
        let i = number.checked_sub(self.first_type)?;
        self.types.get(i as usize)
    }

    /// The edge types that it names, in order.
    #[must_use]
    pub fn types(&self) -> &[Arc<str>] {
        &self.types
    }

    /// The number of an edge type, where it names it.
    #[must_use]
    pub fn type_number(&self, name: &str) -> Option<u32> {
        self.type_numbers.get(name).copied()
    }

    fn side(&self, incoming: bool) -> &Side {
        if incoming { &self.into } else { &self.out }
    }

    /// The edges of a node that leave it, or enter it.
    #[inline]
    pub fn row(&self, node: u32, incoming: bool) -> Result<Row<'_>> {
        let side = self.side(incoming);
        side.rows.row(self.of(side.part), node)
    }

    /// The types of the edges of a row.
    pub fn kinds(&self, row: Row<'_>, incoming: bool) -> Result<Kinds<'_>> {
        let side = self.side(incoming);
        side.rows.kinds(self.of(side.part), row)
    }

    /// The numbers of the edges of a row of incoming edges.
    pub fn edge_numbers(&self, row: Row<'_>) -> Result<&[u32]> {
        self.into.rows.edge_numbers(self.of(self.into.part), row)
    }

    /// The nodes that may have edges that leave them, or enter them, ascending.
    pub fn nodes_with_rows(&self, incoming: bool) -> Result<Vec<u32>> {
        let side = self.side(incoming);
        side.rows.nodes(self.of(side.part))
    }

    /// The number of an edge.
    pub fn find(&self, source: u32, kind: u32, target: u32) -> Result<Option<u32>> {
        let row = self.row(source, false)?;
        let of_kind = self.kinds(row, false)?.of(kind);
        let found = row.others[of_kind.clone()].binary_search(&target);
        Ok(found.ok().map(|i| row.first + (of_kind.start + i) as u32))
    }

    /// The properties of its edges in blocks, where any has some: entries by number of the edge, each
    /// an encoded map, or nothing for none.
    pub(crate) fn property_blocks(&self) -> Result<Option<Blocks<'_>>> {
        let open = |part| Blocks::open(&self.sealed, &self.primers, part, self.edges());
        self.properties.map(open).transpose()
    }

    /// Reads the properties of many edges.
    pub(crate) fn properties(&self) -> Result<PropertyReader<'_>> {
        Ok(PropertyReader {
            sealed: &self.sealed,
            blocks: self.property_blocks()?,
            block: None,
        })
    }

    /// Reads one property of edges in any order.
    pub(crate) fn weights(&self) -> Result<Weights<'_>> {
        Ok(Weights {
            sealed: &self.sealed,
            blocks: self.property_blocks()?,
            unpacked: HashMap::new(),
        })
    }

    /// The properties of one edge, a map.
    pub fn properties_of(&self, edge: u32) -> Result<Value> {
        match self.property_blocks()? {
            None => Ok(Value::Map(Vec::new())),
            Some(blocks) => blocks.entry(edge, decode_properties),
        }
    }
}

/// Reads the properties of many edges, best in the order of their numbers.
pub(crate) struct PropertyReader<'a> {
    sealed: &'a Sealed,
    blocks: Option<Blocks<'a>>,
    block: Option<Unpacked>,
}

impl PropertyReader<'_> {
    /// The encoded map of an edge, nothing for an empty one.
    pub(crate) fn entry(&mut self, edge: u32) -> Result<&[u8]> {
        let Some(blocks) = &self.blocks else {
            return Ok(&[]);
        };
        if self.block.as_ref().is_none_or(|b| b.get(edge).is_none()) {
            self.block = Some(blocks.unpack(blocks.find(edge)?)?);
        }
        let found = self.block.as_ref().and_then(|b| b.get(edge));
        found.ok_or_else(|| {
            self.sealed
                .damaged(Malformed("the properties of an edge are missing"))
        })
    }

    /// The map of an edge.
    pub(crate) fn value(&mut self, edge: u32) -> Result<Value> {
        let sealed = self.sealed;
        sealed.ok(decode_properties(self.entry(edge)?))
    }
}

/// Reads one property of edges in any order, keeping what it unpacked.
pub(crate) struct Weights<'a> {
    sealed: &'a Sealed,
    blocks: Option<Blocks<'a>>,
    unpacked: HashMap<u32, Unpacked>,
}

impl Weights<'_> {
    /// The property `name` of an edge, where it has it.
    pub(crate) fn get(&mut self, edge: u32, name: &str) -> Result<Option<Value>> {
        let Some(blocks) = &self.blocks else {
            return Ok(None);
        };
        let i = blocks.find(edge)?;
        let block = match self.unpacked.entry(i) {
            hash_map::Entry::Occupied(known) => known.into_mut(),
            hash_map::Entry::Vacant(place) => place.insert(blocks.unpack(i)?),
        };
        let entry = block.get(edge).unwrap_or_default();
        self.sealed.ok(property(entry, name))
    }
}

/// One property in an entry.
fn property(entry: &[u8], name: &str) -> crate::format::Decode<Option<Value>> {
    let Value::Map(entries) = decode_properties(entry)? else {
        return Ok(None);
    };
    let mut entries = entries.into_iter();
    Ok(entries.find(|(key, _)| key == name).map(|(_, value)| value))
}

fn read_types(bytes: &[u8]) -> crate::format::Decode<(u32, Vec<Arc<str>>)> {
    let mut r = Reader::new(bytes);
    let (first, count) = (r.u32()?, r.count()?);
    if u64::from(first) + count as u64 > MAX_EDGE_TYPES as u64 {
        return Err(Malformed("there are too many edge types"));
    }
    let types: crate::format::Decode<Vec<Arc<str>>> =
        (0..count).map(|_| Ok(Arc::from(r.str()?))).collect();
    Ok((first, types?))
}

/// The properties in an entry: a map, empty where the entry is.
pub(crate) fn decode_properties(entry: &[u8]) -> crate::format::Decode<Value> {
    if entry.is_empty() {
        return Ok(Value::Map(Vec::new()));
    }
    let mut r = Reader::new(entry);
    let value = r.value()?;
    r.finish()?;
    match value {
        Value::Map(_) => Ok(value),
        _ => Err(Malformed("the properties of an edge are no object")),
    }
}
