//! Lists over the vectors of many segments: what a query does not read must not be missed, whatever is
//! deleted, replaced or filtered, and however metadata and vectors hang together.
#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

mod support;

use engram_core::db::{
    Database, DoctorOptions, NewRecord, NewVector, OpenOptions, doctor, set_least_rows,
};
use engram_core::error::Class;
use engram_core::format::record::Metric;
use engram_core::format::space::{Element, Embedding, Space};
use engram_core::query::{Hit, RecallCheck, Report, Request, Retriever, Wanted, recall_check, run};
use engram_core::state::State;
use engram_core::store::sim::{Plan, SimPlace};
use engram_core::value::Value;
use std::sync::Arc;
use std::time::Duration;
use support::Dice;

const DIMENSION: usize = 48;
/// Topics that vectors lie around; metadata names them.
const TOPICS: u64 = 60;
/// Rows from which there are lists in this test.
const LEAST: u64 = 1200;

/// A vector near its topic.
fn vector(i: u64, topic: u64, salt: u64) -> Vec<f32> {
    let mut around = Dice(topic + 1);
    let mut own = Dice(1_000_003 * (i + 1) + salt);
    let normal = |dice: &mut Dice| (0..4).map(|_| dice.float()).sum::<f32>();
    (0..DIMENSION)
        .map(|_| normal(&mut around) * 2.0 + normal(&mut own))
        .collect()
}

fn create(db: &Database, metric: Metric, element: Element) {
    set_least_rows(LEAST);
    let mut tx = db.begin().unwrap();
    tx.create_collection("c", metric, "en").unwrap();
    let space = Space {
        element,
        ..Space::dense("v", DIMENSION as u32, None)
    };
    tx.add_space("c", space).unwrap();
    tx.commit().unwrap();
}

fn put(db: &Database, numbers: impl Iterator<Item = u64>, salt: u64) {
    let mut tx = db.begin().unwrap();
    for i in numbers {
        let embedding = NewVector {
            space: "v",
            identity: None,
            embedding: Embedding::Dense(vector(i, i % TOPICS, salt)),
        };
        let fields = [("topic", i % TOPICS), ("dice", i * 7919 % 100)];
        let fields = fields.map(|(k, v)| (k.to_owned(), Value::Int(v as i64)));
        let record = NewRecord {
            id: &format!("r{i:05}"),
            text: None,
            metadata: Value::Map(fields.to_vec()),
            vectors: if i % 11 == 4 {
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

fn delete(db: &Database, ids: impl Iterator<Item = String>) {
    let mut tx = db.begin().unwrap();
    for id in ids {
        tx.delete("c", &id).unwrap();
    }
    tx.commit().unwrap();
}

fn in_memory() -> (Database, Arc<SimPlace>) {
    let place = SimPlace::new(Plan::new(None), None);
    let db = Database::open_place(place.clone(), OpenOptions::default()).unwrap();
    (db, place)
}

fn ask(state: &State, query: &[f32], filter: Option<&str>, exact: bool) -> (Vec<Hit>, Report) {
    let mut retriever = Retriever::dense("v", query);
    if let Wanted::Dense(dense) = &mut retriever.wanted {
        dense.exact = exact;
    }
    let request = Request {
        filter,
        ..Request::new(vec![retriever], 10)
    };
    run(state.collection("c").unwrap(), &request).unwrap()
}

/// How often queries found what they should, and went through lists.
#[derive(Default, Debug)]
struct Found {
    hits: usize,
    wanted: usize,
    through_lists: usize,
    queries: usize,
}

impl Found {
    fn recall(&self) -> f64 {
        self.hits as f64 / self.wanted.max(1) as f64
    }

    fn ask(&mut self, state: &State, query: &[f32], filter: Option<&str>) {
        let (exact, report) = ask(state, query, filter, true);
        assert!(report.retrievers[0].exact);
        let (found, report) = ask(state, query, filter, false);
        assert_eq!(found.len(), exact.len());
        for hit in &found {
            let same = exact.iter().find(|other| other.id == hit.id);
            assert!(same.is_none_or(|other| other.score == hit.score));
        }
        let mut ids: Vec<&str> = found.iter().map(|hit| hit.id.as_str()).collect();
        ids.sort_unstable();
        assert!(ids.is_sorted_by(|a, b| a < b), "a record was found twice");
        let notes = &report.retrievers[0].notes;
        self.through_lists += usize::from(notes.iter().any(|(name, _)| *name == "lists"));
        self.queries += 1;
        let bar = exact.last().map_or(0.0, |hit| hit.score);
        self.hits += found.iter().filter(|hit| hit.score >= bar).count();
        self.wanted += exact.len();
    }
}

fn lists_of(state: &State) -> Vec<u64> {
    let c = state.collection("c").unwrap();
    c.lists.iter().map(|v| v.lists.head().rows()).collect()
}

fn assert_sound(db: &Database) {
    let report = db.verify(true).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
}

#[test]
fn lists_find_what_the_exact_scan_finds_whatever_happens() {
    let filters = [
        None,
        Some("dice < 70"),
        Some("dice < 30"),
        Some("dice < 4"),
        Some("topic < 5"),
        Some("topic IN [7, 8, 31] OR dice < 2"),
    ];
    for (metric, element, seed) in [
        (Metric::Cosine, Element::F32, 1),
        (Metric::Dot, Element::F16, 2),
        (Metric::L2, Element::F32, 3),
        (Metric::Cosine, Element::I8, 4),
    ] {
        let (db, _) = in_memory();
        create(&db, metric, element);
        let (mut dice, mut end, mut found) = (Dice(seed), 0, [(); 2].map(|()| Found::default()));
        for step in 0..16 {
            match (step, dice.roll(8)) {
                (0..4, _) | (_, 0..3) => {
                    let more = 300 + dice.roll(500);
                    put(&db, end..end + more, 0);
                    end += more;
                }
                (_, 3) => {
                    let (first, len) = (dice.roll(end), dice.roll(end / 8));
                    put(&db, first..end.min(first + len), step);
                }
                (_, 4) => {
                    let part = 3 + dice.roll(20);
                    let some = (0..end).filter(|i| i % part == 1);
                    delete(&db, some.map(|i| format!("r{i:05}")));
                }
                (_, 5) => db.optimize().map(drop).unwrap(),
                _ => db.checkpoint().unwrap(),
            }
            if step % 3 == 2 {
                db.checkpoint().unwrap();
                assert_sound(&db);
            }
            let state = db.latest().unwrap();
            for _ in 0..6 {
                let (topic, i) = (dice.roll(TOPICS), 1_000_000 + dice.roll(1000));
                let query = vector(i, topic, 7);
                for filter in filters {
                    found[usize::from(filter.is_some())].ask(&state, &query, filter);
                }
            }
        }
        assert!(!lists_of(&db.latest().unwrap()).is_empty());
        for (found, part) in found.iter().zip([4, 16]) {
            assert!(found.recall() >= 0.985, "{metric:?} {element:?}: {found:?}");
            assert!(
                found.through_lists * part > found.queries,
                "{metric:?}: {found:?}"
            );
        }
    }
}

/// What lies nearest to a query is deleted, again and again: what is nearest then is found.
#[test]
fn deleting_what_is_near_hides_nothing() {
    let (db, _) = in_memory();
    create(&db, Metric::Cosine, Element::F32);
    put(&db, 0..4000, 0);
    db.optimize().unwrap();
    assert_eq!(lists_of(&db.latest().unwrap()).len(), 1);
    let mut found = Found::default();
    for q in 0..12 {
        let query = vector(2_000_000 + q, q * 5, 7);
        for _ in 0..6 {
            let state = db.latest().unwrap();
            found.ask(&state, &query, None);
            let (near, _) = ask(&state, &query, None, true);
            delete(&db, near.into_iter().map(|hit| hit.id));
        }
    }
    assert!(found.recall() >= 0.985, "{found:?}");
    assert!(found.through_lists > 12, "{found:?}");
}

#[test]
fn lists_grow_are_merged_and_made_again() {
    let (db, place) = in_memory();
    create(&db, Metric::Cosine, Element::F32);
    put(&db, 0..1000, 0);
    db.checkpoint().unwrap();
    assert_eq!(lists_of(&db.latest().unwrap()), []);
    let (mut most, mut covered) = (0, 0);
    for i in 1..24 {
        put(&db, i * 400..i * 400 + 400, 0);
        db.checkpoint().unwrap();
        let rows = lists_of(&db.latest().unwrap());
        most = most.max(rows.len());
        covered = rows.iter().sum::<u64>();
    }
    assert_eq!(most, 3);
    assert!(covered > 6000, "{covered}");
    assert_sound(&db);
    // A snapshot has no lists of its own, and answers without.
    db.create_snapshot("before").unwrap();
    db.optimize().unwrap();
    let whole = lists_of(&db.latest().unwrap());
    assert!(whole.len() == 1 && whole[0] > covered);
    assert_eq!(lists_of(&db.at_snapshot("before").unwrap()), []);
    let query = vector(3_000_000, 3, 7);
    let ids = |state: &State, exact| -> Vec<String> {
        let hits = ask(state, &query, None, exact).0.into_iter();
        hits.map(|hit| hit.id).collect()
    };
    let expected = ids(&db.latest().unwrap(), true);
    assert_eq!(ids(&db.at_snapshot("before").unwrap(), true), expected);
    // They are copied where nothing has changed.
    let id = |db: &Database| db.latest().unwrap().collection("c").unwrap().lists[0].at.id;
    let before = id(&db);
    db.optimize().unwrap();
    assert_eq!(id(&db), before);
    drop(db);
    let db = Database::open_place(place, OpenOptions::default()).unwrap();
    assert_eq!(lists_of(&db.latest().unwrap()), whole);
    let check = RecallCheck {
        space: "v",
        sample: 60,
        k: 10,
        recall: 0.99,
    };
    let report = recall_check(db.latest().unwrap().collection("c").unwrap(), &check).unwrap();
    assert!(report.recall >= 0.985 && report.exact == 0, "{report:?}");
    // Much is deleted: they go, and what is left has none.
    delete(&db, (0..9000).map(|i| format!("r{i:05}")));
    db.checkpoint().unwrap();
    assert_eq!(lists_of(&db.latest().unwrap()), []);
    assert_sound(&db);
}

/// Every byte of lists and of the manifest that names them, one pattern each: right answers or a typed error.
#[test]
fn damaged_lists_give_a_correct_answer_or_a_typed_error() {
    let (db, place) = in_memory();
    create(&db, Metric::Cosine, Element::F32);
    put(&db, 0..1600, 0);
    db.checkpoint().unwrap();
    let state = db.latest().unwrap();
    let at = state.collection("c").unwrap().lists[0].at.clone();
    let query = vector(3_000_000, 3, 7);
    let answer = |db: &Database| {
        let state = db.latest()?;
        let (hits, _) = {
            let retriever = Retriever::dense("v", &query);
            run(state.collection("c")?, &Request::new(vec![retriever], 10))?
        };
        let hits = hits.into_iter().map(|hit| (hit.id, hit.score.to_bits()));
        Ok::<_, engram_core::error::Error>(hits.collect::<Vec<_>>())
    };
    let (expected, bytes) = (answer(&db).unwrap(), place.bytes());
    let lists = at.extent.offset as usize..(at.extent.offset + at.len) as usize;
    let around = lists.end..bytes.len();
    let places = lists.clone().step_by(53).chain(lists.end - 300..lists.end);
    let places: Vec<usize> = places.chain(around.step_by(37)).collect();
    let noticed = support::in_parallel(&places, |&at| {
        let mut bytes = bytes.clone();
        bytes[at] ^= [0xff, 0x01, 0x80, 0x10][at % 4];
        let place = SimPlace::new(Plan::new(None), Some(bytes));
        let done = Database::open_place(place, OpenOptions::default()).and_then(|db| {
            assert_eq!(answer(&db)?, expected, "byte {at}: a wrong answer");
            Ok(db.verify(true)?.problems.len())
        });
        match done {
            Ok(problems) => u64::from(problems > 0),
            Err(e) => {
                let class = e.code().class();
                assert!(
                    matches!(class, Class::Corrupt | Class::Incompatible),
                    "{at}: {e:?}"
                );
                1
            }
        }
    });
    assert!(
        noticed as usize * 2 > places.len(),
        "{noticed} of {}",
        places.len()
    );
}

/// `doctor` makes lists again, whatever became of them.
#[test]
fn doctor_makes_lists_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lists.engram");
    let db = Database::open(&path, OpenOptions::default()).unwrap();
    create(&db, Metric::L2, Element::F32);
    put(&db, 0..2000, 0);
    db.checkpoint().unwrap();
    let state = db.latest().unwrap();
    let (rows, at) = (
        lists_of(&state),
        state.collection("c").unwrap().lists[0].at.clone(),
    );
    let records = state.records();
    drop((db, state));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[at.extent.offset as usize..][..at.len as usize].fill(0x5a);
    std::fs::write(&path, &bytes).unwrap();
    for rebuild in [false, true] {
        let options = DoctorOptions {
            dry_run: false,
            rebuild,
            vacuum: false,
            lock_timeout: Duration::from_secs(1),
        };
        let report = doctor(&path, options).unwrap();
        assert_eq!(
            (report.records_dropped, report.problems.is_empty()),
            (0, rebuild)
        );
        let db = Database::open(&path, OpenOptions::default()).unwrap();
        assert_eq!(db.latest().unwrap().records(), records);
        assert_eq!(lists_of(&db.latest().unwrap()), rows);
        assert_sound(&db);
    }
}
