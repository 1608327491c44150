//! What joins some nodes to each other: small trees that hold them all.
//!
//! A tree grows from one node by the shortest path to the nearest of those still missing (Takahashi
//! and Matsuyama, "An approximate solution for the Steiner problem in graphs", Math. Japonica 24,
//! 1980): where all can be joined, it has at most twice as many edges as the smallest tree.

use super::{Adjacency, shortest_path};
use crate::error::Result;

/// Joins `wanted` by paths of at most `max_hops` edges each. Gives the nodes of each tree, those asked
/// for and those between; one tree where all can be joined. Each grows from the first by id of those
/// that no earlier one could reach.
pub fn connect<A: Adjacency>(graph: &A, wanted: &[u32], max_hops: u32) -> Result<Vec<Vec<u32>>> {
    let mut missing = by_name(graph, wanted)?;
    let mut trees = Vec::new();
    while !missing.is_empty() {
        let mut tree = vec![missing.remove(0)];
        while !missing.is_empty()
            && let Some(way) = shortest_path(graph, &tree, &missing, max_hops)?
        {
            missing.retain(|node| !way.contains(node));
            tree.extend(way.into_iter().skip(1));
        }
        trees.push(tree);
    }
    Ok(trees)
}

/// Nodes in the order of their ids, each once.
fn by_name<A: Adjacency>(graph: &A, nodes: &[u32]) -> Result<Vec<u32>> {
    let named: Result<Vec<(&str, u32)>> = nodes.iter().map(|n| Ok((graph.name(*n)?, *n))).collect();
    let mut named = named?;
    named.sort_unstable();
    named.dedup();
    Ok(named.into_iter().map(|(_, n)| n).collect())
}
