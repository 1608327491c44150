//! Cheapest paths by the sum of what the edges cost: Dijkstra's algorithm from both ends (Pohl 1971,
//! with the stopping rule of Goldberg and Werneck, "Computing point-to-point shortest paths from
//! external memory", ALENEX 2005).
//!
//! Ways are compared by cost, then by the number of edges, so that edges of cost 0 cannot lead in
//! circles. The search goes on while it may find another way as good as the best, so that of all of
//! them the one whose ids come first is chosen.

use super::Adjacency;
use super::trail::{Noted, Side, first_by_id};
use crate::error::Result;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// What a way costs, and how many edges it has.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Key {
    cost: f64,
    hops: u32,
}

impl Key {
    const ZERO: Key = Key { cost: 0.0, hops: 0 };

    fn plus(self, other: Key) -> Key {
        Key {
            cost: self.cost + other.cost,
            hops: self.hops + other.hops,
        }
    }
}

/// A node to be looked at; costs are finite, so keys are ordered.
#[derive(Clone, Copy, PartialEq)]
struct Open {
    key: Key,
    node: u32,
}

impl Eq for Open {}

impl Ord for Open {
    fn cmp(&self, other: &Open) -> Ordering {
        let cost = self.key.cost.total_cmp(&other.key.cost);
        cost.then(self.key.hops.cmp(&other.key.hops))
            .then(self.node.cmp(&other.node))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Open) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

struct Half {
    side: Side<Key>,
    open: BinaryHeap<Reverse<Open>>,
    backwards: bool,
}

impl Half {
    fn new(node: u32, backwards: bool) -> Half {
        let key = Key::ZERO;
        Half {
            side: Side::new(&[node], key),
            open: BinaryHeap::from([Reverse(Open { key, node })]),
            backwards,
        }
    }

    /// The key of the next node, passing over those that were reached better since.
    fn next_key(&mut self) -> Option<Key> {
        while let Some(Reverse(next)) = self.open.peek() {
            if self.side.key(next.node) == Some(next.key) {
                return Some(next.key);
            }
            self.open.pop();
        }
        None
    }

    /// Looks at every node of key `key`, the next one, and lowers `best` to the best sum seen.
    fn settle<A: Adjacency>(
        &mut self,
        graph: &A,
        key: Key,
        other: &Side<Key>,
        best: &mut Option<Key>,
    ) -> Result<()> {
        while self.next_key() == Some(key) {
            let Some(Reverse(Open { node: from, .. })) = self.open.pop() else {
                break;
            };
            let (side, open) = (&mut self.side, &mut self.open);
            graph.each_weighted(from, self.backwards, |node, cost| {
                let key = key.plus(Key { cost, hops: 1 });
                let noted = side.note(node, from, key);
                if matches!(noted, Noted::New | Noted::Better) {
                    open.push(Reverse(Open { key, node }));
                    if let Some(rest) = other.key(node) {
                        let sum = key.plus(rest);
                        if best.is_none_or(|b| sum < b) {
                            *best = Some(sum);
                        }
                    }
                }
            })?;
        }
        Ok(())
    }
}

/// The nodes of the cheapest path from `start` to `end`, both included; None where there is no path.
/// Of several, one with the fewest edges, and of these the one whose ids come first in order.
pub fn cheapest_path<A: Adjacency>(graph: &A, start: u32, end: u32) -> Result<Option<Vec<u32>>> {
    if start == end {
        return Ok(Some(vec![start]));
    }
    let (mut from_start, mut from_end) = (Half::new(start, false), Half::new(end, true));
    let mut best: Option<Key> = None;
    while let (Some(a), Some(b)) = (from_start.next_key(), from_end.next_key()) {
        if best.is_some_and(|best| a.plus(b) > best) {
            break;
        }
        if a <= b {
            from_start.settle(graph, a, &from_end.side, &mut best)?;
        } else {
            from_end.settle(graph, b, &from_start.side, &mut best)?;
        }
    }
    let Some(best) = best else {
        return Ok(None);
    };
    let (a, b) = (&from_start.side, &from_end.side);
    let known = if a.found.len() <= b.found.len() { a } else { b };
    let at_best = |node: &u32| match (a.key(*node), b.key(*node)) {
        (Some(x), Some(y)) => x.plus(y) == best,
        _ => false,
    };
    let meets: Vec<u32> = known.found.iter().copied().filter(at_best).collect();
    first_by_id(graph, &[start], &[end], [a, b], &meets).map(Some)
}
