//! What joins some nodes to each other: a small tree that holds them all.
//!
//! The tree grows from one node by the shortest path to the nearest of those still missing
//! (Takahashi and Matsuyama, "An approximate solution for the Steiner problem in graphs", Math.
//! Japonica 24, 1980): at most twice as many edges as the smallest tree has.

use super::{Adjacency, NodeMap, NodeSet};
use crate::error::Result;
use std::collections::hash_map::Entry;

/// What joins some nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Every node of it: those asked for that can be reached, and those between.
    pub nodes: Vec<u32>,
    /// Those that it cannot reach within the limit.
    pub apart: Vec<u32>,
}

/// Joins `wanted`, in the order of their ids, by paths of at most `max_hops` edges each.
pub fn connect<A: Adjacency>(graph: &A, wanted: &[u32], max_hops: u32) -> Result<Tree> {
    let mut missing: NodeSet = wanted.iter().copied().collect();
    let mut tree = Tree::default();
    let Some(first) = by_name(graph, wanted)?.first().copied() else {
        return Ok(tree);
    };
    missing.remove(&first);
    tree.nodes.push(first);
    while !missing.is_empty() {
        let Some(way) = nearest(graph, &tree.nodes, &missing, max_hops)? else {
            break;
        };
        for node in way {
            missing.remove(&node);
            tree.nodes.push(node);
        }
    }
    let apart: Vec<u32> = wanted
        .iter()
        .copied()
        .filter(|n| missing.remove(n))
        .collect();
    tree.apart = by_name(graph, &apart)?;
    Ok(tree)
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
