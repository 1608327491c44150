//! Looks for damage among edges: counts both directions again, and asks both ends for their records.

use super::super::verify::wrong;
use crate::error::{Error, Result};
use crate::format::segment::{Directory, kind};
use crate::index::graph::Entry;
use crate::segment::{EdgeSegment, NewEdges};
use crate::state::{Collection, EdgeRef, Graph};
use roaring::RoaringBitmap;
use std::collections::BTreeSet;

/// Reads every edge of a segment, builds the segment again from them, and compares.
pub(in crate::db) fn verify_segment(segment: &EdgeSegment) -> Result<()> {
    let (nodes, types) = (segment.node_range(), segment.type_range());
    let mut edges = Vec::new();
    for node in segment.nodes_with_rows(false)? {
        let row = segment.row(node, false)?;
        let kinds = segment.kinds(row, false)?;
        for (i, other) in row.others.iter().enumerate() {
            let kind = kinds.get(i).unwrap_or(types.end);
            if *other >= nodes.end || kind >= types.end {
                return Err(wrong(
                    "an edge leads to a node or a type that nothing names",
                ));
            }
            edges.push(Entry {
                node,
                kind,
                other: *other,
                edge: edges.len() as u32,
            });
        }
    }
    let key = |e: &Entry| (e.node, e.kind, e.other);
    let ascending = edges.is_sorted_by(|a, b| key(a) < key(b));
    if edges.len() != segment.edges() as usize || !ascending {
        return Err(wrong("the edges of a segment are not in order"));
    }
    let mut properties = segment.properties()?;
    let mut ids = Vec::new();
    for node in nodes.clone() {
        let id = segment.node_id(node)?;
        if segment.node(id)? != Some(node) {
            return Err(wrong(format!(
                "the node dictionary does not lead to {id:?}"
            )));
        }
        ids.push(id);
    }
    let new = NewEdges {
        first_node: nodes.start,
        nodes: ids,
        first_type: types.start,
        types: segment.types().iter().map(|t| &**t).collect(),
        edges,
    };
    let (fresh, footer_crc) = new.build(segment.sealed().id(), |edge, entry| {
        properties.value(edge)?;
        entry.extend_from_slice(properties.entry(edge)?);
        Ok(())
    })?;
    compare(segment, &fresh, footer_crc)
}

/// Compares the parts that are not compressed, byte for byte.
fn compare(segment: &EdgeSegment, fresh: &[u8], footer_crc: u32) -> Result<()> {
    let again = Directory::decode(fresh, footer_crc)
        .map_err(|why| Error::internal(format!("a fresh segment cannot be read: {}", why.0)))?;
    let sealed = segment.sealed();
    for part in again.parts.iter().filter(|p| p.kind != kind::PROPERTIES) {
        let bytes = &fresh[part.offset as usize..(part.offset + part.len) as usize];
        let there = sealed.whole(sealed.need(part.kind, part.space)?)?;
        if there != bytes {
            let what = match (part.kind, part.space) {
                (kind::NODES, _) => "the node dictionary",
                (kind::ROWS, 0) => "the outgoing edges",
                (kind::ROWS, _) => "the incoming edges",
                _ => "the list of edge types",
            };
            let id = sealed.id();
            return Err(wrong(format!(
                "{what} of segment {id} do not match the rest"
            )));
        }
    }
    Ok(())
}

/// Every edge is live in one place only, every name has one number, and both ends are records.
pub(in crate::db) fn verify_graph(c: &Collection) -> Result<()> {
    let graph = &*c.graph;
    verify_numbers(graph)?;
    let (mut keys, mut nodes, mut live) = (BTreeSet::new(), RoaringBitmap::new(), 0);
    let mut note = |edge: EdgeRef<'_>| {
        keys.insert((edge.source, edge.kind, edge.target));
        nodes.extend([edge.source, edge.target]);
        live += 1;
    };
    for v in 0..graph.segments.len() {
        graph.each_live(v, &mut note)?;
    }
    for (key, _) in graph.memory().iter() {
        keys.insert(key);
        nodes.extend([key.0, key.2]);
        live += 1;
    }
    if keys.len() != live || live as u64 != graph.edges() {
        return Err(wrong(
            "an edge is live twice, or the count of edges is wrong",
        ));
    }
    for node in nodes {
        let id = graph.node_id(node)?;
        if c.find(id)?.is_none() {
            return Err(wrong(format!(
                "an edge has its end at {id:?}, which is no record"
            )));
        }
    }
    Ok(())
}

fn verify_numbers(graph: &Graph) -> Result<()> {
    for node in 0..graph.node_count() {
        let id = graph.node_id(node)?;
        if graph.node(id)? != Some(node) {
            return Err(wrong(format!("node {id:?} has two numbers")));
        }
    }
    for kind in 0..graph.type_count() {
        let name = graph.kind_name(kind)?;
        if graph.kind(name) != Some(kind) {
            return Err(wrong(format!("edge type {name:?} has two numbers")));
        }
    }
    Ok(())
}
