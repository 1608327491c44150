//! Neighbourhoods: breadth-first search to a number of hops.

use super::{Adjacency, NodeSet};
use crate::error::Result;

/// A node and how many hops it is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The node.
    pub node: u32,
    /// Edges on the shortest way to it.
    pub hops: u32,
}

/// Every node within `hops` hops of any of `starts`, the starts included at 0, nearest first, in no
/// promised order among equals. Where `enough` are found after a whole hop, it goes no further.
pub fn neighbourhood<A: Adjacency>(
    graph: &A,
    starts: &[u32],
    hops: u32,
    enough: usize,
) -> Result<Vec<Reached>> {
    let mut seen = NodeSet::with_capacity_and_hasher(56, Default::default());
    let mut reached: Vec<Reached> = Vec::with_capacity(56);
    for &node in starts {
        if seen.insert(node) {
            reached.push(Reached { node, hops: 0 });
        }
    }
    let mut ring = 0..reached.len();
    for hop in 1..=hops {
        if ring.is_empty() || reached.len() >= enough {
            break;
        }
        for i in ring.clone() {
            let node = reached[i].node;
            graph.each(node, false, |node| {
                if seen.insert(node) {
                    reached.push(Reached { node, hops: hop });
                }
            })?;
        }
        ring = ring.end..reached.len();
    }
    Ok(reached)
}
