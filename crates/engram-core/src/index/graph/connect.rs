//! What joins some nodes to each other: small trees that hold them all.
//!
//! A tree grows from one node by the shortest path to the nearest of those still missing (Takahashi
//! and Matsuyama, "An approximate solution for the Steiner problem in graphs", Math. Japonica 24,
//! 1980): where all can be joined, it has at most twice as many edges as the smallest tree.

use super::{Adjacency, NodeMap, NodeSet};
use crate::error::Result;
use std::collections::hash_map::Entry;

/// Joins `wanted` by paths of at most `max_hops` edges each. Gives the nodes of each tree, those asked
/// for and those between; one tree where all can be joined. Each grows from the first by id of those
/// that no earlier one could reach.
pub fn connect<A: Adjacency>(graph: &A, wanted: &[u32], max_hops: u32) -> Result<Vec<Vec<u32>>> {
    let wanted = by_name(graph, wanted)?;
    let mut missing: NodeSet = wanted.iter().copied().collect();
    let mut trees = Vec::new();
    for start in wanted {
        if !missing.remove(&start) {
            continue;
        }
        let mut tree = vec![start];
        while !missing.is_empty()
            && let Some(way) = nearest(graph, &tree, &missing, max_hops)?
        {
            missing.retain(|node| !way.contains(node));
            tree.extend(way);
        }
        trees.push(tree);
    }
    Ok(trees)
}

/// The nodes between `tree` and the nearest of `missing`, that one included, the tree's excluded.
fn nearest<A: Adjacency>(
    graph: &A,
    tree: &[u32],
    missing: &NodeSet,
    max_hops: u32,
) -> Result<Option<Vec<u32>>> {
    // Nodes of the tree come from themselves.
    let mut from: NodeMap<u32> = tree.iter().map(|n| (*n, *n)).collect();
    let mut ring = by_name(graph, tree)?;
    for _ in 0..max_hops {
        let mut next = Vec::new();
        for &node in &ring {
            graph.each(node, false, |end| {
                if let Entry::Vacant(place) = from.entry(end) {
                    place.insert(node);
                    next.push(end);
                }
            })?;
        }
        let met: Vec<u32> = next
            .iter()
            .copied()
            .filter(|n| missing.contains(n))
            .collect();
        if let Some(&end) = by_name(graph, &met)?.first() {
            let mut way = vec![end];
            let before = |node: u32| from.get(&node).copied().unwrap_or(node);
            let mut at = before(end);
            while before(at) != at {
                way.push(at);
                at = before(at);
            }
            return Ok(Some(way));
        }
        if next.is_empty() {
            break;
        }
        // In the order of ids, so that each node is reached from the first of those that could.
        ring = by_name(graph, &next)?;
    }
    Ok(None)
}

/// Nodes in the order of their ids, each once.
fn by_name<A: Adjacency>(graph: &A, nodes: &[u32]) -> Result<Vec<u32>> {
    let named: Result<Vec<(&str, u32)>> = nodes.iter().map(|n| Ok((graph.name(*n)?, *n))).collect();
    let mut named = named?;
    named.sort_unstable();
    named.dedup();
    Ok(named.into_iter().map(|(_, n)| n).collect())
}
