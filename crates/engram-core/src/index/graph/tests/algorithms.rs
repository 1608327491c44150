//! Walks, paths, PageRank and trees against definitions written down as loops.

use super::super::*;
use crate::error::Result;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Edges as a list; ids that do not follow the numbers.
#[derive(Clone, Debug)]
struct Plain {
    nodes: u32,
    edges: Vec<(u32, u32, f64)>,
    ids: Vec<String>,
}

impl Adjacency for Plain {
    fn each(&self, node: u32, backwards: bool, mut f: impl FnMut(u32)) -> Result<()> {
        self.each_weighted(node, backwards, |end, _| f(end))
    }
    fn each_weighted(&self, node: u32, backwards: bool, mut f: impl FnMut(u32, f64)) -> Result<()> {
        for &(a, b, weight) in &self.edges {
            let (from, to) = if backwards { (b, a) } else { (a, b) };
            if from == node {
                f(to, weight);
            }
        }
        Ok(())
    }
    fn name(&self, node: u32) -> Result<&str> {
        Ok(&self.ids[node as usize])
    }
}

fn graphs() -> impl Strategy<Value = Plain> {
    (1u32..14).prop_flat_map(|nodes| {
        let edge = (0..nodes, 0..nodes, 0u8..4).prop_map(|(a, b, w)| (a, b, f64::from(w)));
        let ids: Vec<String> = (0..nodes)
            .map(|i| format!("{}", (i * 7 + 3) % 17))
            .collect();
        (prop::collection::vec(edge, 0..40), Just(ids).prop_shuffle())
            .prop_map(move |(edges, ids)| Plain { nodes, edges, ids })
    })
}

/// Hops and cost of every node from `start` by relaxing every edge until nothing changes, comparing
/// by `better`.
fn relax<K: Copy + PartialOrd>(
    g: &Plain,
    start: u32,
    zero: K,
    plus: impl Fn(K, f64) -> K,
) -> BTreeMap<u32, K> {
    let mut best = BTreeMap::from([(start, zero)]);
    loop {
        let mut changed = false;
        for &(a, b, weight) in &g.edges {
            if let Some(&key) = best.get(&a) {
                let through = plus(key, weight);
                if best.get(&b).is_none_or(|known| through < *known) {
                    best.insert(b, through);
                    changed = true;
                }
            }
        }
        if !changed {
            return best;
        }
    }
}

/// The best path whose ids come first: from the end back, every node whose best way goes on at its
/// best, then forwards by the first id.
fn first_path<K: Copy + PartialOrd>(
    g: &Plain,
    start: u32,
    end: u32,
    best: &BTreeMap<u32, K>,
    plus: impl Fn(K, f64) -> K,
) -> Option<Vec<u32>> {
    best.get(&end)?;
    let tight: Vec<(u32, u32)> = g
        .edges
        .iter()
        .filter(|(a, b, w)| a != b && best.get(a).is_some_and(|k| plus(*k, *w) == best[b]))
        .map(|(a, b, _)| (*a, *b))
        .collect();
    let mut leads = BTreeSet::from([end]);
    for _ in 0..g.nodes {
        for (a, b) in &tight {
            if leads.contains(b) {
                leads.insert(*a);
            }
        }
    }
    let mut path = vec![start];
    while path[path.len() - 1] != end {
        let at = path[path.len() - 1];
        let next = tight.iter().filter(|(a, b)| *a == at && leads.contains(b));
        let next = next.map(|(_, b)| *b).min_by_key(|b| &g.ids[*b as usize]);
        path.push(next.unwrap());
    }
    Some(path)
}

fn hops(key: u32, _: f64) -> u32 {
    key + 1
}

fn cost(key: (f64, u32), weight: f64) -> (f64, u32) {
    (key.0 + weight, key.1 + 1)
}

/// Power iteration with the walker sent back from nodes without edges.
fn stationary(g: &Plain, seeds: &[(u32, f64)], damping: f64) -> Vec<f64> {
    let total: f64 = seeds.iter().map(|s| s.1).sum();
    let mut start = vec![0.0; g.nodes as usize];
    seeds
        .iter()
        .for_each(|(n, w)| start[*n as usize] += w / total);
    let mut now = start.clone();
    for _ in 0..600 {
        let mut next: Vec<f64> = start.iter().map(|s| s * (1.0 - damping)).collect();
        for node in 0..g.nodes {
            let ends: Vec<u32> = g
                .edges
                .iter()
                .filter(|e| e.0 == node)
                .map(|e| e.1)
                .collect();
            let mass = now[node as usize] * damping;
            match ends.is_empty() {
                true => next
                    .iter_mut()
                    .zip(&start)
                    .for_each(|(n, s)| *n += s * mass),
                false => ends
                    .iter()
                    .for_each(|e| next[*e as usize] += mass / ends.len() as f64),
            }
        }
        now = next;
    }
    now
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_neighbourhood_is_what_relaxing_reaches(g in graphs(), starts in prop::collection::vec(0u32..14, 0..3), n in 0u32..6) {
        let starts: Vec<u32> = starts.into_iter().filter(|s| *s < g.nodes).collect();
        let mut expected: BTreeMap<u32, u32> = BTreeMap::new();
        for start in &starts {
            for (node, far) in relax(&g, *start, 0u32, hops) {
                if far <= n {
                    let known = expected.entry(node).or_insert(far);
                    *known = (*known).min(far);
                }
            }
        }
        let found = neighbourhood(&g, &starts, n, usize::MAX).unwrap();
        prop_assert!(found.is_sorted_by_key(|r| r.hops));
        let as_map: BTreeMap<u32, u32> = found.iter().map(|r| (r.node, r.hops)).collect();
        prop_assert_eq!(as_map.len(), found.len());
        prop_assert_eq!(&as_map, &expected);
        // With enough of them, whole hops of the same.
        for enough in 0..6 {
            let some = neighbourhood(&g, &starts, n, enough).unwrap();
            prop_assert!(some.len() >= enough.min(found.len()) && some[..] == found[..some.len()]);
            prop_assert!(found.get(some.len()).is_none_or(|r| some.last().is_none_or(|l| l.hops < r.hops)));
        }
    }

    #[test]
    fn the_shortest_path_is_the_first_of_all_shortest_ones(g in graphs(), a in 0u32..14, b in 0u32..14, limit in 0u32..8) {
        let (a, b) = (a % g.nodes, b % g.nodes);
        let far = relax(&g, a, 0u32, hops);
        let expected = first_path(&g, a, b, &far, hops);
        prop_assert_eq!(&shortest_path(&g, &[a], &[b], u32::MAX).unwrap(), &expected);
        let within = expected.filter(|p| p.len() as u32 - 1 <= limit);
        prop_assert_eq!(shortest_path(&g, &[a], &[b], limit).unwrap(), within);
    }

    #[test]
    fn the_shortest_path_between_sets_is_the_first_of_all_pairs(g in graphs(), a in prop::collection::vec(0u32..14, 1..4), b in prop::collection::vec(0u32..14, 1..4)) {
        let within = |set: Vec<u32>| set.into_iter().map(|n| n % g.nodes).collect::<Vec<u32>>();
        let (a, b) = (within(a), within(b));
        let mut all = Vec::new();
        for start in &a {
            let far = relax(&g, *start, 0u32, hops);
            all.extend(b.iter().filter_map(|end| first_path(&g, *start, *end, &far, hops)));
        }
        let ids = |path: &Vec<u32>| path.iter().map(|n| g.ids[*n as usize].clone()).collect::<Vec<_>>();
        let expected = all.into_iter().min_by_key(|path| (path.len(), ids(path)));
        prop_assert_eq!(shortest_path(&g, &a, &b, u32::MAX).unwrap(), expected);
    }

    #[test]
    fn the_cheapest_path_is_the_first_of_all_cheapest_ones(g in graphs(), a in 0u32..14, b in 0u32..14) {
        let (a, b) = (a % g.nodes, b % g.nodes);
        let far = relax(&g, a, (0.0, 0), cost);
        prop_assert_eq!(cheapest_path(&g, a, b).unwrap(), first_path(&g, a, b, &far, cost));
    }

    #[test]
    fn pushed_scores_are_those_of_the_stationary_walk(g in graphs(), seeds in prop::collection::btree_map(0u32..14, 1u8..5, 1..4), damping in 0.1f64..0.9) {
        let mut seeds: Vec<(u32, f64)> = seeds.into_iter().map(|(n, w)| (n % g.nodes, f64::from(w))).collect();
        seeds.sort_by_key(|s| s.0);
        seeds.dedup_by_key(|s| s.0);
        let expected = stationary(&g, &seeds, damping);
        let scores = personalized_pagerank(&g, &seeds, PageRank { damping, epsilon: 1e-10 }).unwrap();
        let mut found = vec![0.0; g.nodes as usize];
        scores.iter().for_each(|(n, s)| found[*n as usize] += s);
        for (have, want) in found.iter().zip(&expected) {
            prop_assert!((have - want).abs() < 1e-7, "{found:?} {expected:?}");
        }
        // The order of the edges does not show.
        let mut turned = g.clone();
        turned.edges.reverse();
        let mut again = personalized_pagerank(&turned, &seeds, PageRank { damping, epsilon: 1e-10 }).unwrap();
        let mut scores = scores;
        again.sort_by_key(|s| s.0);
        scores.sort_by_key(|s| s.0);
        prop_assert_eq!(again, scores);
    }

    #[test]
    fn a_tree_joins_what_can_be_joined_with_few_nodes(g in graphs(), wanted in prop::collection::btree_set(0u32..14, 1..5)) {
        let mut both = g.clone();
        both.edges.extend(g.edges.iter().map(|(a, b, w)| (*b, *a, *w)));
        let mut wanted: Vec<u32> = wanted.into_iter().map(|n| n % g.nodes).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let trees = connect(&both, &wanted, u32::MAX).unwrap();
        let mut left = wanted.clone();
        for tree in &trees {
            let first = *left.iter().min_by_key(|n| &g.ids[**n as usize]).unwrap();
            prop_assert_eq!(first, tree[0]);
            let far = relax(&both, first, 0u32, hops);
            let (joined, apart): (Vec<u32>, Vec<u32>) = left.iter().partition(|n| far.contains_key(n));
            check_tree(&both, tree, &joined);
            left = apart;
        }
        prop_assert!(left.is_empty());
    }
}

/// Holds a tree against every set of nodes that joins the same.
fn check_tree(both: &Plain, tree: &[u32], joined: &[u32]) {
    let first = tree[0];
    let nodes: BTreeSet<u32> = tree.iter().copied().collect();
    assert_eq!(nodes.len(), tree.len());
    assert!(joined.iter().all(|n| nodes.contains(n)));
    // The nodes hang together by themselves.
    let only = |held: &dyn Fn(u32) -> bool| Plain {
        edges: both
            .edges
            .iter()
            .filter(|e| held(e.0) && held(e.1))
            .copied()
            .collect(),
        ..both.clone()
    };
    let inside = only(&|n| nodes.contains(&n));
    assert_eq!(relax(&inside, first, 0u32, hops).len(), nodes.len());
    // At most twice the edges of the smallest tree.
    let joins = |set: &u32| {
        let held = |n: u32| set >> n & 1 == 1;
        let reached = || relax(&only(&held), first, 0u32, hops);
        joined.iter().all(|n| held(*n)) && joined.iter().all(|n| reached().contains_key(n))
    };
    let sets = (0u32..1 << both.nodes).filter(joins);
    let smallest = sets.map(|set| set.count_ones() - 1).min().unwrap();
    assert!(nodes.len() as u32 - 1 <= 2 * smallest);
}

#[test]
fn costs_that_are_no_round_numbers_still_give_a_cheapest_path() {
    let weights = [0.1, 0.2, 0.3, 0.7, 1e-9, 1e9, 0.0];
    let mut seed = 5u64;
    let mut roll = |n: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(99);
        (seed >> 33) % n
    };
    for _ in 0..500 {
        let nodes = 12;
        let edges = (0..30).map(|_| {
            let (a, b, w) = (roll(nodes), roll(nodes), roll(7));
            (a as u32, b as u32, weights[w as usize])
        });
        let g = Plain {
            nodes: nodes as u32,
            edges: edges.collect(),
            ids: (0..nodes).map(|i| i.to_string()).collect(),
        };
        let far = relax(&g, 0, (0.0, 0), cost);
        for end in 0..nodes as u32 {
            let found = cheapest_path(&g, 0, end).unwrap();
            let sum = found.as_ref().map(|path| {
                path.windows(2)
                    .map(|step| {
                        let mut costs: Vec<f64> = g
                            .edges
                            .iter()
                            .filter(|e| [e.0, e.1] == *step)
                            .map(|e| e.2)
                            .collect();
                        costs.sort_by(f64::total_cmp);
                        costs[0]
                    })
                    .sum::<f64>()
            });
            let expected = far.get(&end).map(|k| k.0);
            assert!(
                match (sum, expected) {
                    (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * b.max(1.0),
                    (a, b) => a == b,
                },
                "{sum:?} {expected:?}"
            );
        }
    }
}
