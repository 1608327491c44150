//! One side of a search from two ends, and the way through what both sides found.
//!
//! Owns the choice among equals: of all best ways the one whose ids, read in order, come first. Each
//! side keeps, for every node, all best steps by which it was reached; from the nodes where the
//! sides meet the steps of best ways are gathered, and one walk through them picks the way.

use super::{Adjacency, NodeMap, NodeSet};
use crate::error::{Error, Result};

const NONE: u32 = u32::MAX;

/// How a node was reached.
struct Label<K> {
    key: K,
    /// The last of its best steps.
    last: u32,
}

/// A step to a node from the one before it, and the step to the same node that was noted before.
struct Step {
    from: u32,
    before: u32,
}

/// What a search from one end has found.
pub(super) struct Side<K> {
    labels: NodeMap<Label<K>>,
    steps: Vec<Step>,
    /// Nodes in the order in which they were found.
    pub(super) found: Vec<u32>,
}

/// What noting a step did.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Noted {
    /// The node was not known.
    New,
    /// The node is reached better than before.
    Better,
    /// One more step as good as the best.
    Equal,
    /// There is a better way.
    Worse,
}

impl<K: Copy + PartialOrd> Side<K> {
    /// A search that starts at some nodes.
    pub(super) fn new(nodes: &[u32], key: K) -> Side<K> {
        let mut side = Side {
            labels: NodeMap::default(),
            steps: Vec::new(),
            found: Vec::with_capacity(nodes.len()),
        };
        for node in nodes {
            if side
                .labels
                .insert(*node, Label { key, last: NONE })
                .is_none()
            {
                side.found.push(*node);
            }
        }
        side
    }

    /// How far a node is, as far as is known.
    pub(super) fn key(&self, node: u32) -> Option<K> {
        self.labels.get(&node).map(|l| l.key)
    }

    /// Notes that `node` can be reached from `from` at `key`.
    #[inline]
    pub(super) fn note(&mut self, node: u32, from: u32, key: K) -> Noted {
        let step = self.steps.len() as u32;
        let new = Label { key, last: step };
        match self.labels.entry(node) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(new);
                self.found.push(node);
                self.steps.push(Step { from, before: NONE });
                Noted::New
            }
            std::collections::hash_map::Entry::Occupied(mut place) => {
                let known = place.get_mut();
                if key < known.key {
                    *known = new;
                    self.steps.push(Step { from, before: NONE });
                    Noted::Better
                } else if key == known.key {
                    let before = std::mem::replace(&mut known.last, step);
                    self.steps.push(Step { from, before });
                    Noted::Equal
                } else {
                    Noted::Worse
                }
            }
        }
    }

    /// The nodes from which `node` is best reached.
    fn before(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        let mut next = self.labels.get(&node).map_or(NONE, |l| l.last);
        std::iter::from_fn(move || {
            let step = self.steps.get(next as usize)?;
            next = step.before;
            Some(step.from)
        })
    }

    /// Calls `f` with every best step that lies on a way to any of `meets`: from, to. Returns the nodes
    /// on such ways.
    fn gather(&self, meets: &[u32], mut f: impl FnMut(u32, u32)) -> NodeSet {
        let mut seen = NodeSet::default();
        let mut open: Vec<u32> = meets.iter().copied().filter(|n| seen.insert(*n)).collect();
        while let Some(node) = open.pop() {
            for from in self.before(node) {
                f(from, node);
                if seen.insert(from) {
                    open.push(from);
                }
            }
        }
        seen
    }
}

/// The best way from one of `starts` to one of `ends` through `meets`, the nodes where a search from
/// each of them met the other at the best sum.
pub(super) fn first_by_id<A: Adjacency, K: Copy + PartialOrd>(
    graph: &A,
    starts: &[u32],
    ends: &[u32],
    sides: [&Side<K>; 2],
    meets: &[u32],
) -> Result<Vec<u32>> {
    let mut steps = Vec::new();
    let before = sides[0].gather(meets, |from, to| steps.push((from, to)));
    sides[1].gather(meets, |from, to| steps.push((to, from)));
    steps.sort_unstable();
    steps.dedup();
    let ends: NodeSet = ends.iter().copied().collect();
    let mut at = first(graph, starts.iter().copied().filter(|s| before.contains(s)))?;
    let mut way = vec![at];
    while !ends.contains(&at) {
        let here = steps.partition_point(|(from, _)| *from < at);
        let choices = steps[here..].iter().take_while(|(from, _)| *from == at);
        at = first(graph, choices.map(|(_, to)| *to))?;
        way.push(at);
    }
    Ok(way)
}

/// The node whose id comes first. The id of the only one is not looked up.
fn first<A: Adjacency>(graph: &A, nodes: impl Iterator<Item = u32>) -> Result<u32> {
    let mut nodes = nodes.peekable();
    let broken = || Error::internal("a way through the graph breaks off");
    let mut best = nodes.next().ok_or_else(broken)?;
    if nodes.peek().is_some() {
        let mut name = graph.name(best)?;
        for node in nodes {
            let other = graph.name(node)?;
            if other < name {
                (best, name) = (node, other);
            }
        }
    }
    Ok(best)
}
