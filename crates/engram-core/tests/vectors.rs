//! Vector search through the whole engine: codes beside the exact scan, whatever is deleted, replaced
//! or filtered, and wherever the records lie.

#![allow(clippy::unwrap_used)]

use engram_core::db::{Database, NewRecord, NewVector, OpenOptions};
use engram_core::format::record::Metric;
use engram_core::format::space::{Element, Embedding, Space};
use engram_core::query::{
    Hit, RecallCheck, Report, Request, Retriever, Wanted, recall_check, run, run_many,
};
use engram_core::state::Collection;
use engram_core::value::Value;
use std::collections::BTreeMap;

const DIMENSION: usize = 64;

/// Vectors in clusters around a mean, from a seed.
fn vector(i: u64, salt: u64) -> Vec<f32> {
    let number = |a: u64, d: u64| {
        let mut z = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ d.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mut sum = 0.0;
        for _ in 0..4 {
            z = (z ^ z >> 29).wrapping_mul(0x94d0_49bb_1331_11eb);
            sum += (z >> 40) as f32 / (1u64 << 24) as f32 - 0.5;
        }
        sum
    };
    (0..DIMENSION as u64)
        .map(|d| number(1, d) + number(1000 + i % 41, d) + number(10_000 + i + salt * 1_000_003, d))
        .collect()
}

struct Fixture {
    db: Database,
    _dir: tempfile::TempDir,
}

impl Fixture {
    fn new(metric: Metric, element: Element) -> Fixture {
        let dir = tempfile::tempdir().unwrap();
        let db = Database::open(&dir.path().join("v.engram"), OpenOptions::default()).unwrap();
        let mut tx = db.begin().unwrap();
        tx.create_collection("c", metric, "en").unwrap();
        let space = Space {
            element,
            ..Space::dense("v", DIMENSION as u32, None)
        };
        tx.add_space("c", space).unwrap();
        tx.commit().unwrap();
        Fixture { db, _dir: dir }
    }

    /// Puts records, of which every fifth has no vector.
    fn put(&self, numbers: impl Iterator<Item = u64>, salt: u64) {
        let mut tx = self.db.begin().unwrap();
        for i in numbers {
            let embedding = NewVector {
                space: "v",
                identity: None,
                embedding: Embedding::Dense(vector(i, salt)),
            };
            let record = NewRecord {
                id: &format!("r{i:05}"),
                text: None,
                metadata: Value::Map(vec![("part".into(), Value::Int((i % 20) as i64))]),
                vectors: if i % 5 == 4 {
                    Vec::new()
                } else {
                    vec![embedding]
                },
                times_us: None,
            };
            tx.put("c", record).unwrap();
        }
        tx.commit().unwrap();
    }

    fn delete(&self, numbers: impl Iterator<Item = u64>) {
        let mut tx = self.db.begin().unwrap();
        for i in numbers {
            tx.delete("c", &format!("r{i:05}")).unwrap();
        }
        tx.commit().unwrap();
    }

    fn check(&self, filter: Option<&str>, by_codes: bool) {
        let state = self.db.latest().unwrap();
        let c = state.collection("c").unwrap();
        let (mut hits, mut wanted) = (0, 0);
        for q in 0..40 {
            let query = vector(q * 37, 99);
            let (exact, was_exact) = ask(c, &query, filter, true);
            assert!(was_exact);
            let (found, was_exact) = ask(c, &query, filter, false);
            assert_eq!(was_exact, !by_codes, "{filter:?}");
            for (of_all, expected) in [(true, &exact), (false, &found)] {
                let (shared, _) = ask_with(c, &query, filter, of_all, 3);
                let scores = |hits: &[Hit]| -> Vec<_> {
                    hits.iter().map(|h| (h.id.clone(), h.score)).collect()
                };
                assert_eq!(scores(&shared), scores(expected));
            }
            let bar = exact.last().unwrap().score;
            for hit in &found {
                let same = exact.iter().find(|other| other.id == hit.id);
                assert!(same.is_none_or(|other| other.score == hit.score));
                assert!(hit.score <= exact[0].score);
            }
            hits += found.iter().filter(|hit| hit.score >= bar).count();
            wanted += exact.len();
        }
        assert!(
            hits as f64 >= wanted as f64 * 0.985,
            "{filter:?}: {hits} of {wanted}"
        );
        let verified = self.db.verify(true).unwrap();
        assert!(verified.problems.is_empty(), "{:?}", verified.problems);
    }
}

fn ask(c: &Collection, query: &[f32], filter: Option<&str>, exact: bool) -> (Vec<Hit>, bool) {
    ask_with(c, query, filter, exact, 1)
}

fn ask_with(
    c: &Collection,
    query: &[f32],
    filter: Option<&str>,
    exact: bool,
    threads: usize,
) -> (Vec<Hit>, bool) {
    let mut retriever = Retriever::dense("v", query);
    if let Wanted::Dense(dense) = &mut retriever.wanted {
        dense.exact = exact;
        dense.threads = threads;
    }
    let request = Request {
        filter,
        ..Request::new(vec![retriever], 10)
    };
    let (hits, report) = run(c, &request).unwrap();
    (hits, report.retrievers[0].exact)
}

#[test]
fn codes_find_what_the_exact_scan_finds_whatever_happens() {
    for (metric, element) in [
        (Metric::Cosine, Element::F32),
        (Metric::Dot, Element::F16),
        (Metric::L2, Element::I8),
        (Metric::Cosine, Element::F16),
    ] {
        let fixture = Fixture::new(metric, element);
        fixture.put(0..1500, 1);
        fixture.db.checkpoint().unwrap();
        fixture.check(None, true);
        fixture.put(1500..4000, 1);
        fixture.db.checkpoint().unwrap();
        fixture.check(None, true);
        fixture.check(Some("part < 10"), true);
        fixture.delete((0..4000).filter(|i| i % 7 == 3));
        fixture.put((0..4000).filter(|i| i % 7 == 2), 2);
        fixture.check(None, true);
        // Rows of bytes are no longer than the codes that they lie among.
        fixture.check(Some("part IN [3, 7, 11]"), element != Element::I8);
        // Few are left: they are all scored.
        fixture.check(Some("part = 6"), false);
        fixture.db.optimize().unwrap();
        fixture.check(None, true);
        fixture.db.rebuild().unwrap();
        fixture.check(Some("part != 3"), true);
    }
}

#[test]
fn bits_are_compared_whole() {
    let fixture = Fixture::new(Metric::Cosine, Element::Bit);
    fixture.put(0..1000, 1);
    fixture.db.checkpoint().unwrap();
    fixture.check(None, false);
}

#[test]
fn a_recall_check_says_what_codes_find() {
    let fixture = Fixture::new(Metric::Cosine, Element::F32);
    fixture.put(0..3000, 1);
    fixture.db.checkpoint().unwrap();
    fixture.put(3000..3100, 1);
    let state = fixture.db.latest().unwrap();
    let c = state.collection("c").unwrap();
    let check = RecallCheck {
        space: "v",
        sample: 50,
        k: 10,
        recall: 0.99,
    };
    let report = recall_check(c, &check).unwrap();
    assert!((45..=50).contains(&report.queries) && report.exact == 0);
    assert!(report.recall >= 0.985 && report.worst >= 0.7, "{report:?}");
    let sure = recall_check(
        c,
        &RecallCheck {
            recall: 1.0,
            ..check
        },
    )
    .unwrap();
    assert_eq!((sure.recall, sure.exact), (1.0, sure.queries));
    for wrong in [
        RecallCheck { k: 0, ..check },
        RecallCheck {
            space: "w",
            ..check
        },
    ] {
        assert!(recall_check(c, &wrong).is_err());
    }
}

/// The ids of the nearest vectors of a map, by plain arithmetic.
fn nearest(salts: &BTreeMap<u64, u64>, query: &[f32], wanted: impl Fn(u64) -> bool) -> Vec<String> {
    let has_vector = salts.iter().filter(|(i, _)| *i % 5 != 4 && wanted(**i));
    let distance = |i: u64, salt: u64| -> f64 {
        let v = vector(i, salt);
        let pairs = v.iter().zip(query);
        pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum()
    };
    let mut all: Vec<(f64, u64)> = has_vector.map(|(i, s)| (distance(*i, *s), *i)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all.truncate(10);
    all.into_iter().map(|(_, i)| format!("r{i:05}")).collect()
}

/// Several queries at once find what each finds alone; tells whether they went together.
fn check_together(c: &Collection, salt: u64) -> usize {
    let queries: Vec<Vec<f32>> = (0..5).map(|i| vector(salt * 3 + i, 77)).collect();
    let request = |q| Request::new(vec![Retriever::dense("v", q)], 7);
    let requests: Vec<Request<'_>> = queries.iter().map(|q| request(q)).collect();
    let found = |(hits, report): (Vec<Hit>, Report)| {
        let notes = report.retrievers.into_iter().flat_map(|ran| ran.notes);
        let (shared, notes): (Vec<_>, Vec<_>) = notes.partition(|(name, _)| *name == "together");
        let hits: Vec<(String, f32)> = hits.into_iter().map(|h| (h.id, h.score)).collect();
        ((hits, notes, report.more), shared.len())
    };
    let mut shared = 0;
    for (one, request) in run_many(c, &requests).into_iter().zip(&requests) {
        let (one, went_together) = found(one.unwrap());
        assert_eq!(one, found(run(c, request).unwrap()).0);
        shared += went_together;
    }
    assert!(shared == 0 || shared == requests.len());
    shared
}

/// Any interleaving of puts, replacements, deletions and checkpoints: the exact scan agrees with plain
/// arithmetic, and what goes by codes, in memory as in segments, finds the share it is asked for.
#[test]
fn codes_of_memory_find_what_plain_arithmetic_finds() {
    let (mut hits, mut wanted, mut by_codes, mut together) = (0, 0, 0, 0);
    for seed in 0..6u64 {
        let fixture = Fixture::new(Metric::L2, Element::F32);
        let mut salts = BTreeMap::new();
        for step in 0..14u64 {
            let mut z = (seed * 1000 + step + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut dice = |below: u64| {
                z = (z ^ z >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                (z >> 33) % below
            };
            let (first, len) = (dice(900), 1 + dice(500));
            match dice(8) {
                0 => fixture.db.checkpoint().unwrap(),
                1 | 2 => {
                    fixture.delete((first..first + len / 2).filter(|i| salts.contains_key(i)));
                    salts.retain(|i, _| !(first..first + len / 2).contains(i));
                }
                _ => {
                    fixture.put(first..first + len, step);
                    salts.extend((first..first + len).map(|i| (i, step)));
                }
            }
            if step == 3 {
                fixture.db.checkpoint().unwrap();
            }
            let state = fixture.db.latest().unwrap();
            let c = state.collection("c").unwrap();
            together += check_together(c, first);
            for (filter, bound) in [(None, 20), (Some("part < 13"), 13)] {
                let query = vector(first * 7 + step, 99);
                let ids = |hits: Vec<Hit>| hits.into_iter().map(|h| h.id).collect::<Vec<_>>();
                let truth = nearest(&salts, &query, |i| i % 20 < bound);
                assert_eq!(ids(ask(c, &query, filter, true).0), truth, "{seed} {step}");
                let (found, exact) = ask(c, &query, filter, false);
                let found = ids(found);
                assert_eq!(found.len(), truth.len());
                by_codes += usize::from(!exact && !c.memory.is_empty());
                hits += found.iter().filter(|id| truth.contains(id)).count();
                wanted += truth.len();
            }
        }
    }
    assert!(by_codes > 40, "{by_codes}");
    assert!(together > 40, "{together}");
    assert!(hits * 100 >= wanted * 99, "{hits} of {wanted}");
}
