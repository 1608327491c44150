//! Shortest paths by the number of edges: breadth-first search from both ends (Pohl, "Bi-directional
//! search", Machine Intelligence 6, 1971), a whole level at a time, the smaller frontier first.

use super::Adjacency;
use super::trail::{Noted, Side, first_by_id};
use crate::error::Result;

/// A frontier of one side.
struct Front {
    side: Side<u32>,
    level: u32,
    /// Where its nodes start among those found.
    start: usize,
    backwards: bool,
}

impl Front {
    fn new(nodes: &[u32], backwards: bool) -> Front {
        Front {
            side: Side::new(nodes, 0),
            level: 0,
            start: 0,
            backwards,
        }
    }

    fn len(&self) -> usize {
        self.side.found.len() - self.start
    }

    /// Goes one level on, and returns the new nodes that `other` knows.
    fn advance<A: Adjacency>(&mut self, graph: &A, other: &Side<u32>) -> Result<Vec<u32>> {
        let end = self.side.found.len();
        self.level += 1;
        let mut meets = Vec::new();
        for i in self.start..end {
            let from = self.side.found[i];
            graph.each(from, self.backwards, |node| {
                let noted = self.side.note(node, from, self.level);
                if noted == Noted::New && other.key(node).is_some() {
                    meets.push(node);
                }
            })?;
        }
        self.start = end;
        Ok(meets)
    }
}

/// The nodes of the shortest path from any of `starts` to any of `ends`, both included; None where
/// there is none of at most `max_hops` edges. Of several, the one whose ids come first in order.
pub fn shortest_path<A: Adjacency>(
    graph: &A,
    starts: &[u32],
    ends: &[u32],
    max_hops: u32,
) -> Result<Option<Vec<u32>>> {
    let (mut from_start, mut from_end) = (Front::new(starts, false), Front::new(ends, true));
    let found = starts.iter().copied();
    let meets: Vec<u32> = found.filter(|s| from_end.side.key(*s).is_some()).collect();
    if !meets.is_empty() {
        let sides = [&from_start.side, &from_end.side];
        return first_by_id(graph, starts, ends, sides, &meets).map(Some);
    }
    while from_start.level + from_end.level < max_hops {
        let (smaller, other) = match from_start.len() <= from_end.len() {
            true => (&mut from_start, &mut from_end),
            false => (&mut from_end, &mut from_start),
        };
        if smaller.len() == 0 {
            break;
        }
        // Whole levels: when the sides first meet, every node in the middle of a shortest path is
        // known to both, so all shortest paths are.
        let meets = smaller.advance(graph, &other.side)?;
        if !meets.is_empty() {
            let sides = [&from_start.side, &from_end.side];
            return first_by_id(graph, starts, ends, sides, &meets).map(Some);
        }
    }
    Ok(None)
}
