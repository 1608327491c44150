//! Questions about the edges of one collection: neighbours, ways, what is near, what joins.
//!
//! Every answer is in an order that depends on the edges and ids alone: ties break by id. An edge
//! type that no edge has matches nothing.

use super::walker::{Scope, Walker};
use crate::bitset::Bitset;
use crate::error::{Code, Error, Result};
use crate::index::graph::{
    PageRank, Reached, cheapest_path, connect, neighbourhood as walk, personalized_pagerank,
    shortest_path,
};
use crate::state::{Collection, Edge, EdgeRef, Entry, Location};
use roaring::RoaringBitmap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A way from one record to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The records on it, both ends included.
    pub ids: Vec<String>,
    /// Source, type and target of the edge of each step.
    pub edges: Vec<[String; 3]>,
    /// The sum of the weights, or the number of steps.
    pub cost: f64,
}

/// Some records and the edges between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subgraph {
    /// Ids, with how many hops they are from those asked for, nearest first.
    pub nodes: Vec<(String, u32)>,
    /// Every edge with both ends among them, by source, type and target.
    pub edges: Vec<Edge>,
}

/// Which records a walk came to.
pub struct Within {
    /// Ordinals by segment; a record that is dead in its segment is not among them.
    pub segments: Vec<Bitset>,
    /// Records in memory, by id.
    pub memory: Vec<Arc<Entry>>,
}

/// The error of an id that is no record.
#[must_use]
pub fn not_a_record(id: &str) -> Error {
    let shown: String = id.chars().take(80).collect();
    Error::new(Code::RecordNotFound, format!("no record {shown:?}")).detail("id", shown)
}

/// The number of a record; none where it is there and has no edges.
fn node_of(c: &Collection, id: &str) -> Result<Option<u32>> {
    let node = c.graph.node(id)?;
    match node {
        Some(node) if c.graph.is_record(node)? => Ok(Some(node)),
        _ if c.find(id)?.is_some() => Ok(node),
        _ => Err(not_a_record(id)),
    }
}

fn nodes_of<'a>(c: &Collection, ids: impl IntoIterator<Item = &'a str>) -> Result<Vec<u32>> {
    let nodes = ids.into_iter().map(|id| node_of(c, id));
    nodes.filter_map(Result::transpose).collect()
}

/// The records within `hops` hops of `start` but itself, with their distance: nearest first, then by
/// id, `limit` at most.
pub fn neighbors<'a>(
    c: &'a Collection,
    start: &str,
    scope: &Scope<'_>,
    hops: u32,
    limit: usize,
) -> Result<Vec<(&'a str, u32)>> {
    let Some(start) = node_of(c, start)? else {
        return Ok(Vec::new());
    };
    let walker = Walker::new(&c.graph, scope);
    let reached = walk(&walker, &[start], hops, limit.saturating_add(1))?;
    let others = reached.iter().filter(|r| r.node != start);
    let named: Result<Vec<(&str, u32)>> = others
        .map(|r| Ok((c.graph.node_id(r.node)?, r.hops)))
        .collect();
    let mut named = named?;
    named.sort_unstable_by_key(|(id, hops)| (*hops, *id));
    named.truncate(limit);
    Ok(named)
}

/// The edges of a record, by source, type and target.
pub fn edges_of(c: &Collection, id: &str, scope: &Scope<'_>) -> Result<Vec<Edge>> {
    let Some(node) = node_of(c, id)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    Walker::new(&c.graph, scope).each_edge(node, |edge| found.push(edge))?;
    named_edges(c, found)
}

/// How many edges a record has; one from a record to itself counts once.
pub fn degree(c: &Collection, id: &str, scope: &Scope<'_>) -> Result<u64> {
    let Some(node) = node_of(c, id)? else {
        return Ok(0);
    };
    let mut count = 0;
    Walker::new(&c.graph, scope).each_edge(node, |_| count += 1)?;
    Ok(count)
}

/// One edge.
pub fn edge(c: &Collection, source: &str, kind: &str, target: &str) -> Result<Option<Edge>> {
    let Some((source, kind, target)) = c.graph.key(source, kind, target)? else {
        return Ok(None);
    };
    let at = c.graph.find(source, kind, target)?;
    at.map(|at| {
        c.graph.edge(EdgeRef {
            source,
            kind,
            target,
            at,
        })
    })
    .transpose()
}

/// Edges by names, by source, type and target, each once.
fn named_edges(c: &Collection, mut edges: Vec<EdgeRef<'_>>) -> Result<Vec<Edge>> {
    // In the order in which properties lie in their blocks.
    edges.sort_unstable_by_key(|e| (e.source, e.kind, e.target));
    edges.dedup_by_key(|e| (e.source, e.kind, e.target));
    let mut named = c.graph.named(&edges)?;
    named.sort_unstable_by(|a, b| {
        (&a.source, &a.kind, &a.target).cmp(&(&b.source, &b.kind, &b.target))
    });
    Ok(named)
}

/// The shortest way between two records, by the number of edges, or by the sum of a property where
/// `weight` names one (1 where an edge lacks it). Of several, the one whose ids come first in order.
pub fn path(
    c: &Collection,
    [start, end]: [&str; 2],
    scope: &Scope<'_>,
    weight: Option<&str>,
    max_hops: u32,
) -> Result<Option<Path>> {
    let (from, to) = (node_of(c, start)?, node_of(c, end)?);
    if start == end {
        return Ok(Some(Path {
            ids: vec![start.to_owned()],
            edges: Vec::new(),
            cost: 0.0,
        }));
    }
    let (Some(from), Some(to)) = (from, to) else {
        return Ok(None);
    };
    let walker = Walker::weighted(&c.graph, scope, weight)?;
    let found = match weight {
        None => shortest_path(&walker, &[from], &[to], max_hops)?,
        Some(_) => cheapest_path(&walker, from, to)?,
    };
    found.map(|nodes| described(c, &walker, &nodes)).transpose()
}

fn described(c: &Collection, walker: &Walker<'_>, nodes: &[u32]) -> Result<Path> {
    let ids = nodes.iter().map(|n| Ok(c.graph.node_id(*n)?.to_owned()));
    let mut path = Path {
        ids: ids.collect::<Result<_>>()?,
        edges: Vec::with_capacity(nodes.len()),
        cost: 0.0,
    };
    for step in nodes.windows(2) {
        if let [from, to] = *step {
            let (edge, cost) = walker.best_edge(from, to)?;
            path.cost += cost;
            path.edges.push([
                c.graph.node_id(edge.source)?.to_owned(),
                c.graph.kind_name(edge.kind)?.to_owned(),
                c.graph.node_id(edge.target)?.to_owned(),
            ]);
        }
    }
    Ok(path)
}

/// The `limit` records nearest to some seeds by personalized PageRank, best first, then by id.
/// Weights of seeds are above 0; the seeds are among the records scored.
pub fn pagerank<'a>(
    c: &'a Collection,
    seeds: &[(&'a str, f64)],
    scope: &Scope<'_>,
    options: PageRank,
    limit: usize,
) -> Result<Vec<(&'a str, f64)>> {
    let mut weights: BTreeMap<&str, f64> = BTreeMap::new();
    for (id, weight) in seeds {
        *weights.entry(id).or_insert(0.0) += weight;
    }
    // A seed that no edge ever touched has no number. The highest ones are free, and have no edges.
    let (mut numbered, mut nameless) = (Vec::new(), Vec::new());
    for (id, weight) in weights {
        let node = node_of(c, id)?.unwrap_or_else(|| {
            nameless.push(id);
            u32::MAX - (nameless.len() as u32 - 1)
        });
        numbered.push((node, weight));
    }
    let name = |node: u32| match nameless.get((u32::MAX - node) as usize) {
        Some(id) => Ok(*id),
        None => c.graph.node_id(node),
    };
    let walker = Walker::new(&c.graph, scope);
    let scores = personalized_pagerank(&walker, &numbered, options)?;
    let scores: Result<Vec<(&str, f64)>> = scores
        .into_iter()
        .map(|(node, score)| Ok((name(node)?, score)))
        .collect();
    let mut scores = scores?;
    let best_first = |a: &(&str, f64), b: &(&str, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(b.0));
    if limit < scores.len() {
        scores.select_nth_unstable_by(limit, best_first);
        scores.truncate(limit);
    }
    scores.sort_unstable_by(best_first);
    Ok(scores)
}

/// The records within `hops` hops of `ids`, those included, and every edge between any two of them.
pub fn subgraph(c: &Collection, ids: &[&str], scope: &Scope<'_>, hops: u32) -> Result<Subgraph> {
    let walker = Walker::new(&c.graph, scope);
    let starts = nodes_of(c, ids.iter().copied())?;
    let reached = walk(&walker, &starts, hops, usize::MAX)?;
    let mut nodes: BTreeMap<String, u32> = ids.iter().map(|id| ((*id).to_owned(), 0)).collect();
    for r in &reached {
        nodes.insert(c.graph.node_id(r.node)?.to_owned(), r.hops);
    }
    let mut nodes: Vec<(String, u32)> = nodes.into_iter().collect();
    nodes.sort_by_key(|(_, hops)| *hops);
    let inside: RoaringBitmap = reached.iter().map(|r| r.node).collect();
    Ok(Subgraph {
        nodes,
        edges: edges_within(c, scope, &inside)?,
    })
}

/// Small connected sets of records that hold `ids`, joined by ways of at most `max_hops` edges, and
/// every edge between any two of their records; records that are not asked for are 1 away. The second
/// part says which of `ids` are in one set, in the order of their first ids.
pub fn joined(
    c: &Collection,
    ids: &[&str],
    scope: &Scope<'_>,
    max_hops: u32,
) -> Result<(Subgraph, Vec<Vec<String>>)> {
    let (mut linked, mut sets) = (Vec::new(), Vec::new());
    let wanted: BTreeSet<&str> = ids.iter().copied().collect();
    for id in &wanted {
        match node_of(c, id)? {
            Some(node) => linked.push(node),
            None => sets.push(vec![*id]),
        }
    }
    let mut nodes: BTreeSet<(u32, &str)> = sets.iter().map(|set| (0, set[0])).collect();
    let mut inside = RoaringBitmap::new();
    for tree in connect(&Walker::new(&c.graph, scope), &linked, max_hops)? {
        let named: Result<Vec<&str>> = tree.iter().map(|n| c.graph.node_id(*n)).collect();
        let named = named?;
        nodes.extend(
            named
                .iter()
                .map(|id| (u32::from(!wanted.contains(id)), *id)),
        );
        sets.push(named.into_iter().filter(|id| wanted.contains(id)).collect());
        inside.extend(tree);
    }
    sets.iter_mut().for_each(|set| set.sort_unstable());
    sets.sort_unstable();
    let owned = |set: Vec<&str>| set.into_iter().map(str::to_owned).collect();
    let graph = Subgraph {
        nodes: nodes
            .into_iter()
            .map(|(far, id)| (id.to_owned(), far))
            .collect(),
        edges: edges_within(c, scope, &inside)?,
    };
    Ok((graph, sets.into_iter().map(owned).collect()))
}

fn edges_within(c: &Collection, scope: &Scope<'_>, nodes: &RoaringBitmap) -> Result<Vec<Edge>> {
    let kinds = scope.kinds(&c.graph);
    let mut found = Vec::new();
    for node in nodes {
        c.graph.each_edge(node, false, kinds.as_deref(), |edge| {
            if nodes.contains(edge.target) {
                found.push(edge);
            }
        })?;
    }
    named_edges(c, found)
}

/// The records within `hops` hops of any of `starts`, those included, for a query to keep to. A start
/// that is no record is an error.
pub fn neighbourhood(
    c: &Collection,
    starts: &[&str],
    hops: u32,
    scope: &Scope<'_>,
) -> Result<Within> {
    let nodes = nodes_of(c, starts.iter().copied())?;
    let reached: Vec<Reached> = walk(&Walker::new(&c.graph, scope), &nodes, hops, usize::MAX)?;
    let mut ids: Vec<&str> = starts.to_vec();
    for r in &reached {
        ids.push(c.graph.node_id(r.node)?);
    }
    ids.sort_unstable();
    ids.dedup();
    let mut ordinals = vec![Vec::new(); c.segments.len()];
    let mut memory = Vec::new();
    for id in ids {
        match c.find(id)? {
            Some(Location::Segment(i, ordinal)) => ordinals[i].push(ordinal),
            Some(Location::Memory(entry)) => memory.push(entry),
            None => {}
        }
    }
    let sets = c.segments.iter().zip(ordinals);
    Ok(Within {
        segments: sets
            .map(|(view, ordinals)| Bitset::from_ordinals(ordinals, view.segment.records()))
            .collect(),
        memory,
    })
}
