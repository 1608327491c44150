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

const ONE: u64 = 1 << 60;

/// How far relevance spreads.
#[derive(Clone, Copy, Debug)]
pub struct PageRank {
    /// Probability of going on, within 0 and 1.
    pub damping: f64,
    /// A node is pushed while what it has not passed on is more than this for each of its edges.
    pub epsilon: f64,
}

/// What a node has got.
#[derive(Default)]
struct Share {
    score: u64,
    /// What it has not passed on.
    rest: u64,
    /// How many edges it has, 1 at least; 0 while nobody has counted.
    edges: u64,
    waiting: bool,
}

struct Spread<'a, A> {
    graph: &'a A,
    seeds: Vec<(u32, u64)>,
    damping: u64,
    threshold: u64,
    shares: NodeMap<Share>,
    /// The nodes of `shares`.
    touched: Vec<u32>,
    /// Nodes that may have enough to be pushed.
    waiting: Vec<u32>,
}

fn product(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) >> 60) as u64
}

impl<A: Adjacency> Spread<'_, A> {
    fn give(&mut self, node: u32, mass: u64) {
        let share = self.shares.entry(node).or_insert_with(|| {
            self.touched.push(node);
            Share::default()
        });
        share.rest += mass;
        if !share.waiting && share.rest > self.threshold.saturating_mul(share.edges.max(1)) {
            share.waiting = true;
            self.waiting.push(node);
        }
    }

    fn give_to_seeds(&mut self, mass: u64) {
        let seeds = std::mem::take(&mut self.seeds);
        for (node, share) in &seeds {
            self.give(*node, product(mass, *share));
        }
        self.seeds = seeds;
    }

    /// Pushes every waiting node that has enough; false where none has.
    fn round(&mut self) -> Result<bool> {
        let mut pushed = Vec::new();
        let mut ends = Vec::new();
        for node in std::mem::take(&mut self.waiting) {
            let start = ends.len();
            self.graph.each(node, false, |end| ends.push(end))?;
            if let Some(share) = self.shares.get_mut(&node) {
                share.waiting = false;
                share.edges = (ends.len() - start).max(1) as u64;
                if share.rest > self.threshold.saturating_mul(share.edges) {
                    pushed.push((node, std::mem::take(&mut share.rest), start..ends.len()));
                } else {
                    ends.truncate(start);
                }
            }
        }
        let mut back = 0;
        for (node, mass, range) in &pushed {
            let on = product(*mass, self.damping);
            let each = on / (range.len() as u64).max(1);
            let mut kept = mass - on;
            if range.is_empty() {
                back += on;
            } else {
                kept += on - each * range.len() as u64;
            }
            if let Some(share) = self.shares.get_mut(node) {
                share.score += kept;
            }
            for end in &ends[range.clone()] {
                self.give(*end, each);
            }
        }
        if back > 0 {
            self.give_to_seeds(back);
        }
        Ok(!pushed.is_empty())
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
        seeds: seeds
            .iter()
            .map(|(n, w)| (*n, share(*w).min(ONE)))
            .collect(),
        damping: (options.damping * ONE as f64) as u64,
        threshold: (options.epsilon * ONE as f64) as u64,
        shares: NodeMap::default(),
        touched: Vec::new(),
        waiting: Vec::new(),
    };
    spread.give_to_seeds(ONE);
    while spread.round()? {}
    let score = |node: &u32| {
        let share = spread.shares.get(node).map_or(0, |s| s.score);
        (share > 0).then_some((*node, share as f64 / ONE as f64))
    };
    Ok(spread.touched.iter().filter_map(score).collect())
}
