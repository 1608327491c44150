//! Personalized PageRank: how near nodes are to some seeds, by all ways at once.
//!
//! A walker starts at a seed, follows a random edge with probability `damping`, else starts again; a
//! node's score is the share of time spent there. Computed by forward push (Andersen, Chung and Lang,
//! "Local graph partitioning using PageRank vectors", FOCS 2006), which touches only what is near.
//!
//! Deviations: every node above the threshold is pushed at once, round by round, and scores are
//! integers in units of 2^-60, so that no sum depends on the order of its terms and the same graph
//! gives the same scores to the bit. What is lost to rounding stays with the node that is pushed. A
//! node without edges sends the walker back to the seeds.

use super::{Adjacency, NodeMap};
use crate::error::Result;
use std::ops::Range;

const ONE: u64 = 1 << 60;

/// How far relevance spreads.
#[derive(Clone, Copy, Debug)]
pub struct PageRank {
    /// Probability of going on, within 0 and 1.
    pub damping: f64,
    /// A node is pushed while what it has not passed on is more than this for each of its edges.
    pub epsilon: f64,
}

/// What a node has got and not passed on, and above what it is looked at again.
struct Rest {
    mass: u64,
    limit: u64,
}

/// The rest of what is known of a node.
struct Known {
    node: u32,
    score: u64,
    /// Where its edges end, as places in `ends`; none while nobody has looked.
    edges: Option<Range<u32>>,
}

/// A node waits to be looked at: nothing that it gets makes it wait twice.
const WAITING: u64 = u64::MAX;

struct Spread<'a, A> {
    graph: &'a A,
    seeds: Vec<(u32, u64)>,
    damping: u64,
    threshold: u64,
    /// In the order in which nodes were reached, as `known`.
    rests: Vec<Rest>,
    known: Vec<Known>,
    /// Places in those, by node.
    places: NodeMap<u32>,
    /// Places of the ends of edges, row after row.
    ends: Vec<u32>,
    /// Places that may have enough to be pushed.
    waiting: Vec<u32>,
}

fn product(a: u64, b: u64) -> u64 {
    ((u128::from(a) * u128::from(b)) >> 60) as u64
}

impl<A: Adjacency> Spread<'_, A> {
    fn place(&mut self, node: u32) -> u32 {
        let (rests, known, limit) = (&mut self.rests, &mut self.known, self.threshold);
        *self.places.entry(node).or_insert_with(|| {
            rests.push(Rest { mass: 0, limit });
            known.push(Known {
                node,
                score: 0,
                edges: None,
            });
            known.len() as u32 - 1
        })
    }

    fn give(&mut self, place: u32, mass: u64) {
        let rest = &mut self.rests[place as usize];
        rest.mass += mass;
        if rest.mass > rest.limit {
            rest.limit = WAITING;
            self.waiting.push(place);
        }
    }

    fn give_to_seeds(&mut self, mass: u64) {
        for i in 0..self.seeds.len() {
            let (place, share) = self.seeds[i];
            self.give(place, product(mass, share));
        }
    }

    /// The edges of a node, looked up once.
    fn edges(&mut self, place: u32) -> Result<Range<u32>> {
        if let Some(edges) = &self.known[place as usize].edges {
            return Ok(edges.clone());
        }
        let mut ends = Vec::new();
        let node = self.known[place as usize].node;
        self.graph.each(node, false, |end| ends.push(end))?;
        let start = self.ends.len() as u32;
        for end in ends {
            let end = self.place(end);
            self.ends.push(end);
        }
        let edges = start..self.ends.len() as u32;
        self.known[place as usize].edges = Some(edges.clone());
        Ok(edges)
    }

    /// Pushes every waiting node that has enough; false where none has.
    fn round(&mut self) -> Result<bool> {
        let mut pushed = Vec::new();
        for place in std::mem::take(&mut self.waiting) {
            let edges = self.edges(place)?;
            let rest = &mut self.rests[place as usize];
            rest.limit = self.threshold.saturating_mul((edges.len() as u64).max(1));
            if rest.mass > rest.limit {
                let mass = std::mem::take(&mut rest.mass);
                let on = product(mass, self.damping);
                self.known[place as usize].score += mass - on;
                pushed.push((place, on, edges));
            }
        }
        let some = !pushed.is_empty();
        let mut back = 0;
        for (place, on, edges) in pushed {
            if edges.is_empty() {
                back += on;
                continue;
            }
            let each = on / edges.len() as u64;
            self.known[place as usize].score += on - each * edges.len() as u64;
            for i in edges {
                self.give(self.ends[i as usize], each);
            }
        }
        if back > 0 {
            self.give_to_seeds(back);
        }
        Ok(some)
    }
}

/// Scores of the nodes near `seeds`, whose weights are above 0, in no promised order. All scores
/// together are at most 1; a score is too low by at most what its node may still get: `epsilon` for
/// each of its edges where edges go both ways.
pub fn personalized_pagerank<A: Adjacency>(
    graph: &A,
    seeds: &[(u32, f64)],
    options: PageRank,
) -> Result<Vec<(u32, f64)>> {
    let total: f64 = seeds.iter().map(|(_, weight)| weight).sum();
    let share = |weight: f64| (weight / total * ONE as f64) as u64;
    let mut spread = Spread {
        graph,
        seeds: Vec::new(),
        damping: (options.damping * ONE as f64) as u64,
        threshold: (options.epsilon * ONE as f64) as u64,
        rests: Vec::new(),
        known: Vec::new(),
        places: NodeMap::default(),
        ends: Vec::new(),
        waiting: Vec::new(),
    };
    for (node, weight) in seeds {
        let seed = (spread.place(*node), share(*weight).min(ONE));
        spread.seeds.push(seed);
    }
    spread.give_to_seeds(ONE);
    while spread.round()? {}
    let scored = spread.known.iter().filter(|k| k.score > 0);
    Ok(scored
        .map(|k| (k.node, k.score as f64 / ONE as f64))
        .collect())
}
