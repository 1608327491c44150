//! Questions about edges against plain loops over them, wherever the edges lie: in memory, in one
//! segment or several, with dead ones among them, after reopening and optimizing.
#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

mod support;

use engram_core::db::{Database, NewEdge, NewRecord, OpenOptions};
use engram_core::error::Result;
use engram_core::format::record::Metric;
use engram_core::index::graph::{Direction, PageRank};
use engram_core::query::{Scope, graph};
use engram_core::state::{Collection, Edge, State};
use engram_core::value::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use support::Dice;

type Key = [String; 3];

fn open(path: &Path) -> Database {
    Database::open(path, OpenOptions::default()).unwrap()
}

fn record(id: &str) -> NewRecord<'_> {
    NewRecord {
        id,
        text: Some(format!("text of {id}")),
        metadata: Value::Map(vec![]),
        vectors: vec![],
        times_us: None,
    }
}

fn properties(weight: Option<i64>) -> Value {
    let entry = |w| ("w".to_owned(), Value::Int(w));
    Value::Map(weight.map(entry).into_iter().collect())
}

/// A database and what its edges should be.
struct Pair {
    db: Database,
    dice: Dice,
    ids: BTreeSet<String>,
    edges: BTreeMap<Key, Option<i64>>,
}

impl Pair {
    fn new(path: &Path, seed: u64, records: u64) -> Pair {
        let db = open(path);
        let mut tx = db.begin().unwrap();
        tx.create_collection("g", Metric::Cosine, "en").unwrap();
        let ids: BTreeSet<String> = (0..records).map(|i| format!("n{}", i * 7 % 100)).collect();
        ids.iter().for_each(|id| tx.put("g", record(id)).unwrap());
        tx.commit().unwrap();
        Pair {
            db,
            dice: Dice(seed),
            ids,
            edges: BTreeMap::new(),
        }
    }

    fn some_id(&mut self) -> String {
        let n = self.dice.roll(self.ids.len() as u64) as usize;
        self.ids.iter().nth(n).unwrap().clone()
    }

    fn put_edges(&mut self, n: usize) {
        let mut tx = self.db.begin().unwrap();
        for _ in 0..n {
            let kind = ["a", "b", "c", "d"][self.dice.roll(4) as usize];
            let key = [self.some_id(), kind.to_owned(), self.some_id()];
            let weight = (self.dice.roll(3) > 0).then(|| self.dice.roll(4) as i64);
            let edge = NewEdge {
                source: &key[0],
                kind: &key[1],
                target: &key[2],
                properties: properties(weight),
            };
            tx.put_edge("g", edge).unwrap();
            self.edges.insert(key, weight);
        }
        tx.commit().unwrap();
    }

    fn delete_some(&mut self, n: usize) {
        let mut tx = self.db.begin().unwrap();
        for _ in 0..n {
            let i = self.dice.roll(self.edges.len() as u64) as usize;
            let Some(key) = self.edges.keys().nth(i).cloned() else {
                break;
            };
            assert!(tx.delete_edge("g", &key[0], &key[1], &key[2]).unwrap());
            assert!(!tx.delete_edge("g", &key[0], &key[1], &key[2]).unwrap());
            self.edges.remove(&key);
        }
        let id = self.some_id();
        if self.dice.roll(2) == 0 {
            assert!(tx.delete("g", &id).unwrap());
            self.edges.retain(|key, _| key[0] != id && key[2] != id);
            if self.dice.roll(2) == 0 {
                tx.put("g", record(&id)).unwrap();
            } else {
                self.ids.remove(&id);
            }
        } else {
            // A record that is put again keeps its edges.
            tx.put("g", record(&id)).unwrap();
        }
        tx.commit().unwrap();
    }

    fn check(&mut self, what: &str) {
        let state = self.db.latest().unwrap();
        let plain = Plain {
            ids: &self.ids,
            edges: &self.edges,
        };
        plain.check(&state, &mut self.dice, what);
        let report = self.db.verify(true).unwrap();
        assert!(report.problems.is_empty(), "{what}: {:?}", report.problems);
        assert_eq!(report.edges, self.edges.len() as u64, "{what}");
    }
}

/// Edges as a map, and every question as a loop.
struct Plain<'a> {
    ids: &'a BTreeSet<String>,
    edges: &'a BTreeMap<Key, Option<i64>>,
}

impl<'a> Plain<'a> {
    /// The steps that a walk can take: from, to, cost, and the edge.
    fn steps(&self, scope: &Scope<'_>) -> Vec<(&'a str, &'a str, f64, &'a Key)> {
        let mut steps = Vec::new();
        for (key, weight) in self.edges {
            let wanted = scope.types.is_none_or(|types| types.contains(&key[1]));
            let cost = weight.map_or(1.0, |w| w as f64);
            if wanted && scope.direction != Direction::In {
                steps.push((&*key[0], &*key[2], cost, key));
            }
            if wanted && scope.direction != Direction::Out {
                steps.push((&*key[2], &*key[0], cost, key));
            }
        }
        steps
    }

    fn hops_from(&self, starts: &[&'a str], scope: &Scope<'_>) -> BTreeMap<&'a str, u32> {
        let steps = self.steps(scope);
        let mut far: BTreeMap<&str, u32> = starts.iter().map(|s| (*s, 0)).collect();
        for hop in 1..=self.ids.len() as u32 {
            for (from, to, _, _) in &steps {
                if far.get(from) == Some(&(hop - 1)) {
                    far.entry(to).or_insert(hop);
                }
            }
        }
        far
    }

    fn path(
        &self,
        start: &'a str,
        end: &'a str,
        scope: &Scope<'_>,
        weighted: bool,
    ) -> Option<graph::Path> {
        let steps = self.steps(scope);
        let mut best: BTreeMap<&str, (f64, u32, Vec<&str>)> = BTreeMap::new();
        best.insert(start, (0.0, 0, vec![start]));
        // Ways compared by cost, length and ids: as many rounds as a way can have steps.
        for _ in 0..self.ids.len() {
            let before = best.clone();
            for (from, to, cost, _) in &steps {
                if let Some((sum, hops, way)) = before.get(from) {
                    let sum = if weighted { sum + cost } else { sum + 1.0 };
                    let way = [&way[..], &[*to]].concat();
                    let new = (sum, hops + 1, way);
                    if best.get(to).is_none_or(|old| new < *old) {
                        best.insert(to, new);
                    }
                }
            }
        }
        let (cost, _, way) = best.remove(end)?;
        let edge = |from: &str, to: &str| {
            let of = steps.iter().filter(|s| s.0 == from && s.1 == to);
            let key = |s: &(&str, &str, f64, &Key)| {
                let cost = if weighted { s.2 } else { 1.0 };
                (cost, s.3[1].clone(), s.3[0] != from)
            };
            let best = of.min_by(|a, b| key(a).partial_cmp(&key(b)).unwrap());
            best.unwrap().3.clone()
        };
        Some(graph::Path {
            ids: way.iter().map(|id| (*id).to_owned()).collect(),
            edges: way.windows(2).map(|s| edge(s[0], s[1])).collect(),
            cost,
        })
    }

    fn edges_where(&self, wanted: impl Fn(&Key) -> bool) -> Vec<Edge> {
        let edges = self.edges.iter().filter(|(key, _)| wanted(key));
        edges
            .map(|(key, weight)| Edge {
                source: key[0].clone(),
                kind: key[1].clone(),
                target: key[2].clone(),
                properties: properties(*weight),
            })
            .collect()
    }

    fn check(&self, state: &State, dice: &mut Dice, what: &str) {
        let c = state.collection("g").unwrap();
        assert_eq!(c.graph.edges(), self.edges.len() as u64);
        let types = ["a".to_owned(), "c".to_owned(), "unknown".to_owned()];
        for (direction, name) in Direction::ALL {
            for types in [None, Some(&types[..])] {
                let scope = Scope { types, direction };
                for _ in 0..4 {
                    let pick = |dice: &mut Dice| {
                        let n = dice.roll(self.ids.len() as u64) as usize;
                        self.ids.iter().nth(n).unwrap().as_str()
                    };
                    let (start, end) = (pick(dice), pick(dice));
                    let what = format!("{what}, {name}, {types:?}, {start} {end}");
                    self.check_near(c, start, end, &scope, dice.roll(4) as u32, &what);
                    self.check_ways(c, start, end, &scope, &what);
                }
            }
        }
    }

    fn check_near(
        &self,
        c: &Collection,
        start: &'a str,
        end: &'a str,
        scope: &Scope<'_>,
        hops: u32,
        what: &str,
    ) {
        let far = self.hops_from(&[start], scope);
        let mut expected: Vec<(&str, u32)> = far.iter().map(|(id, n)| (*id, *n)).collect();
        expected.retain(|(id, n)| *id != start && *n <= hops);
        expected.sort_by_key(|(_, n)| *n);
        for limit in [0, 1, 3, usize::MAX] {
            let near = graph::neighbors(c, start, scope, hops, limit).unwrap();
            let some = &expected[..limit.min(expected.len())];
            assert_eq!(near, some, "{what}, {hops} hops, limit {limit}");
        }
        let wanted = |key: &Key| scope.types.is_none_or(|types| types.contains(&key[1]));
        let own = self.edges_where(|key| {
            let out = key[0] == start && scope.direction != Direction::In;
            let into = key[2] == start && scope.direction != Direction::Out;
            wanted(key) && (out || into)
        });
        assert_eq!(graph::edges_of(c, start, scope).unwrap(), own, "{what}");
        let degree = graph::degree(c, start, scope).unwrap();
        assert_eq!(degree, own.len() as u64, "{what}");
        let starts = [start, end];
        let far = self.hops_from(&starts, scope);
        let inside: BTreeMap<&str, u32> = far.into_iter().filter(|(_, n)| *n <= hops).collect();
        let sub = graph::subgraph(c, &starts, scope, hops).unwrap();
        let mut nodes: Vec<(String, u32)> = inside
            .iter()
            .map(|(id, n)| ((*id).to_owned(), *n))
            .collect();
        nodes.sort_by_key(|(_, n)| *n);
        assert_eq!(sub.nodes, nodes, "{what}");
        let within = |key: &Key| inside.contains_key(&*key[0]) && inside.contains_key(&*key[2]);
        let edges = self.edges_where(|key| wanted(key) && within(key));
        assert_eq!(sub.edges, edges, "{what}");
        let records = graph::neighbourhood(c, &starts, hops, scope).unwrap();
        let memory = records.memory.iter().map(|e| e.record.id.clone());
        let mut found: BTreeSet<String> = memory.collect();
        for (view, set) in c.segments.iter().zip(&records.segments) {
            for ordinal in set.iter() {
                found.insert(view.segment.record_id(ordinal).unwrap().to_owned());
                assert!(!view.dead.contains(ordinal));
            }
        }
        let expected: BTreeSet<String> = inside.keys().map(|id| (*id).to_owned()).collect();
        assert_eq!(found, expected, "{what}");
    }

    fn check_ways(
        &self,
        c: &Collection,
        start: &'a str,
        end: &'a str,
        scope: &Scope<'_>,
        what: &str,
    ) {
        for weight in [None, Some("w")] {
            let expected = self.path(start, end, scope, weight.is_some());
            let found = graph::path(c, [start, end], scope, weight, u32::MAX).unwrap();
            assert_eq!(found, expected, "{what}, weight {weight:?}");
        }
        let (tree, sets) = graph::joined(c, &[start, end], scope, 50).unwrap();
        let (first, other) = (start.min(end), start.max(end));
        let far = self.hops_from(&[first], scope);
        match far.get(other) {
            Some(hops) => {
                assert_eq!(
                    (tree.nodes.len() as u32, sets.len()),
                    (hops + 1, 1),
                    "{what}"
                );
            }
            None => assert_eq!(sets, [[first.to_owned()], [other.to_owned()]], "{what}"),
        }
        // The walk itself is checked where it is written; here, that it starts and ends right.
        let spread = PageRank {
            damping: 0.5,
            epsilon: 1e-9,
        };
        let scores = graph::pagerank(c, &[(start, 1.0), (end, 3.0)], scope, spread, 1000).unwrap();
        let far = self.hops_from(&[start, end], scope);
        let found: BTreeSet<&str> = scores.iter().map(|s| s.0).collect();
        assert_eq!(found, far.keys().copied().collect(), "{what}");
        let total: f64 = scores.iter().map(|s| s.1).sum();
        assert!((total - 1.0).abs() < 1e-5, "{what}: {total}");
    }
}

#[test]
fn questions_are_answered_as_by_loops_over_the_edges() {
    let seeds = if support::long() { 40 } else { 6 };
    for seed in 0..seeds {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("g.engram");
        let mut pair = Pair::new(&path, seed, 14);
        pair.check("empty");
        pair.put_edges(25);
        pair.check("memory");
        pair.delete_some(4);
        pair.check("memory with deletions");
        pair.db.checkpoint().unwrap();
        pair.check("one segment");
        pair.put_edges(3);
        pair.delete_some(3);
        pair.check("a segment and memory");
        pair.db.checkpoint().unwrap();
        pair.put_edges(1);
        pair.db.checkpoint().unwrap();
        pair.check("segments");
        pair.db = open(&path);
        pair.put_edges(2);
        pair.delete_some(5);
        pair.check("reopened");
        pair.db.optimize().unwrap();
        pair.check("optimized");
    }
}

/// Answers in words, of one collection.
fn answers(c: &Collection, ids: &BTreeSet<String>) -> Result<String> {
    let mut out = String::new();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    for (direction, _) in Direction::ALL {
        let scope = Scope {
            types: None,
            direction,
        };
        let seeds = [(ids[0], 1.0), (ids[3], 2.0)];
        let spread = PageRank {
            damping: 0.85,
            epsilon: 1e-7,
        };
        out += &format!("{:?}", graph::pagerank(c, &seeds, &scope, spread, 9)?);
        out += &format!(
            "{:?}",
            graph::joined(c, &[ids[1], ids[5], ids[9]], &scope, 9)?
        );
        for end in &ids {
            let ways = [None, Some("w")].map(|w| graph::path(c, [ids[2], end], &scope, w, 99));
            out += &format!("{ways:?}");
        }
    }
    Ok(out)
}

#[test]
fn answers_do_not_depend_on_where_the_edges_lie() {
    for seed in 100..106 {
        let dir = tempfile::tempdir().unwrap();
        let mut pair = Pair::new(&dir.path().join("g.engram"), seed, 30);
        pair.put_edges(60);
        pair.db.checkpoint().unwrap();
        pair.put_edges(10);
        pair.delete_some(6);
        pair.db.checkpoint().unwrap();
        pair.put_edges(4);
        let state = pair.db.latest().unwrap();
        let scattered = answers(state.collection("g").unwrap(), &pair.ids).unwrap();
        pair.db.optimize().unwrap();
        let state = pair.db.latest().unwrap();
        let packed = answers(state.collection("g").unwrap(), &pair.ids).unwrap();
        assert_eq!(scattered, packed, "seed {seed}");
        // The same edges put in another order into another file.
        let other = Pair::new(&dir.path().join("h.engram"), seed, 30);
        let mut tx = other.db.begin().unwrap();
        for id in other.ids.difference(&pair.ids) {
            tx.delete("g", id).unwrap();
        }
        for (key, weight) in pair.edges.iter().rev() {
            let edge = NewEdge {
                source: &key[0],
                kind: &key[1],
                target: &key[2],
                properties: properties(*weight),
            };
            tx.put_edge("g", edge).unwrap();
        }
        tx.commit().unwrap();
        let state = other.db.latest().unwrap();
        let again = answers(state.collection("g").unwrap(), &pair.ids).unwrap();
        assert_eq!(scattered, again, "seed {seed}");
    }
}

#[test]
fn the_past_shows_the_edges_of_then() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g.engram");
    let mut pair = Pair::new(&path, 7, 12);
    type Moment = (u64, BTreeSet<String>, BTreeMap<Key, Option<i64>>);
    let mut past: Vec<Moment> = Vec::new();
    for round in 0..4 {
        pair.put_edges(8);
        pair.delete_some(2);
        let commit = pair.db.latest().unwrap().commit;
        past.push((commit, pair.ids.clone(), pair.edges.clone()));
        if round == 1 {
            pair.db.create_snapshot("kept").unwrap();
        }
    }
    let look = |state: Arc<State>,
                (ids, edges): (&BTreeSet<String>, &BTreeMap<Key, Option<i64>>)| {
        let plain = Plain { ids, edges };
        plain.check(&state, &mut Dice(3), "the past");
    };
    for (commit, ids, edges) in &past[1..] {
        look(pair.db.at_commit(*commit).unwrap(), (ids, edges));
    }
    pair.db.optimize().unwrap();
    look(
        pair.db.at_snapshot("kept").unwrap(),
        (&past[1].1, &past[1].2),
    );
    pair.db.restore_snapshot("kept").unwrap();
    (pair.ids, pair.edges) = (past[1].1.clone(), past[1].2.clone());
    pair.check("restored");
    let copy = dir.path().join("copy.engram");
    pair.db.backup(&copy).unwrap();
    pair.db = open(&copy);
    pair.check("backup");
}
