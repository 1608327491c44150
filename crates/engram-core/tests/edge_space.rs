//! What edges cost and what is left of them: churn keeps segments few and the file small, deleted edges
//! leave no trace after `optimize`, and `doctor` reads in one direction what is damaged in the other.
#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

mod support;

use engram_core::db::{
    Database, DoctorOptions, DoctorReport, NewEdge, NewRecord, OpenOptions, doctor,
};
use engram_core::format::record::Metric;
use engram_core::format::segment::kind;
use engram_core::state::State;
use engram_core::value::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use support::{Dice, announce, long};

type Edges = BTreeMap<[String; 3], Value>;

fn open(path: &Path) -> Database {
    Database::open(path, OpenOptions::default()).unwrap()
}

fn put_records(db: &Database, n: u64) {
    let mut tx = db.begin().unwrap();
    tx.create_collection("g", Metric::Cosine, "en").unwrap();
    for i in 0..n {
        let record = NewRecord {
            id: &format!("record-{i}"),
            text: None,
            metadata: Value::Map(vec![]),
            vectors: vec![],
            times_us: None,
        };
        tx.put("g", record).unwrap();
    }
    tx.commit().unwrap();
}

fn key(dice: &mut Dice, records: u64) -> [String; 3] {
    let id = |n: u64| format!("record-{n}");
    let kind = format!("type-{}", dice.roll(3));
    [id(dice.roll(records)), kind, id(dice.roll(records))]
}

fn put(db: &Database, edges: &[([String; 3], Value)]) {
    let mut tx = db.begin().unwrap();
    for ([source, kind, target], properties) in edges {
        let properties = properties.clone();
        let edge = NewEdge {
            source,
            kind,
            target,
            properties,
        };
        tx.put_edge("g", edge).unwrap();
    }
    tx.commit().unwrap();
}

fn edges_of(state: &State) -> Edges {
    let graph = &state.collection("g").unwrap().graph;
    let mut scan = engram_core::query::EdgeScan::default();
    let mut all = Edges::new();
    loop {
        let batch = scan.next_batch(graph, 100).unwrap();
        if batch.is_empty() {
            return all;
        }
        for e in batch {
            let twice = all.insert([e.source, e.kind, e.target], e.properties);
            assert!(twice.is_none());
        }
    }
}

#[test]
fn steady_churn_of_edges_keeps_segments_few_and_the_file_small() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("churn.engram");
    let (db, mut dice, records) = (open(&path), Dice(0x5eed_0060), 4_000);
    put_records(&db, records);
    let mut model = Edges::new();
    let (mut worst, mut most) = (0.0f64, 0);
    let rounds = if long() { 1500 } else { 250 };
    for round in 0..rounds {
        let new: Vec<_> = (0..200)
            .map(|_| {
                let properties = vec![("n".to_owned(), Value::Int(dice.roll(1000) as i64))];
                (key(&mut dice, records), Value::Map(properties))
            })
            .collect();
        put(&db, &new);
        model.extend(new);
        let mut tx = db.begin().unwrap();
        while model.len() > 20_000 {
            let [source, kind, target] = key(&mut dice, records);
            let probe = [source, kind, target];
            let next = model.range(probe..).next().map(|(key, _)| key.clone());
            let Some([source, kind, target]) = next else {
                continue;
            };
            assert!(tx.delete_edge("g", &source, &kind, &target).unwrap());
            model.remove(&[source, kind, target]);
        }
        tx.commit().unwrap();
        let stats = db.stats().unwrap();
        let segments = db
            .latest()
            .unwrap()
            .collection("g")
            .unwrap()
            .graph
            .segments
            .len();
        most = most.max(segments);
        if round > 120 {
            worst = worst.max(stats.file_bytes as f64 / stats.live_bytes as f64);
        }
    }
    assert_eq!(edges_of(&db.latest().unwrap()), model);
    assert!(db.verify(true).unwrap().problems.is_empty());
    let full = db.stats().unwrap().file_bytes;
    db.optimize().unwrap();
    let stats = db.stats().unwrap();
    let bytes = stats.file_bytes as f64 / model.len() as f64;
    announce(&format!(
        "edges: churn of {rounds} rounds, file at most {worst:.2} x live, {most} segments, {full} bytes before and {} after optimize, {bytes:.0} an edge",
        stats.file_bytes
    ));
    assert!(worst < 4.0, "{worst}");
    assert!(most <= 7, "{most}");
    assert_eq!(edges_of(&db.latest().unwrap()), model);
    let graph = &db.latest().unwrap().collection("g").unwrap().graph.clone();
    assert_eq!(graph.segments.len(), 1);
}

#[test]
fn deleted_edges_leave_no_trace_after_optimize() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("trace.engram");
    let db = open(&path);
    put_records(&db, 20);
    let secret = Value::Map(vec![("why".into(), Value::Str("secret-property".into()))]);
    let edge = |a: &str, kind: &str, b: &str| [a.to_owned(), kind.to_owned(), b.to_owned()];
    let kept = (edge("record-1", "open", "record-2"), Value::Map(vec![]));
    put(
        &db,
        &[
            (edge("record-3", "secret-type", "record-4"), secret),
            kept.clone(),
        ],
    );
    db.checkpoint().unwrap();
    let mut tx = db.begin().unwrap();
    tx.delete("g", "record-4").unwrap();
    tx.delete("g", "record-3").unwrap();
    tx.commit().unwrap();
    db.optimize().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for gone in ["secret-type", "secret-property", "record-3", "record-4"] {
        let found = bytes.windows(gone.len()).any(|w| w == gone.as_bytes());
        assert!(!found, "{gone} is still there");
    }
    assert_eq!(edges_of(&db.latest().unwrap()), Edges::from([kept]));
    // The last edge takes its segment along.
    let mut tx = db.begin().unwrap();
    assert!(tx.delete_edge("g", "record-1", "open", "record-2").unwrap());
    tx.commit().unwrap();
    db.checkpoint().unwrap();
    let state = db.latest().unwrap();
    assert!(state.collection("g").unwrap().graph.is_empty());
}

fn repair(path: &Path) -> DoctorReport {
    let options = DoctorOptions {
        dry_run: false,
        rebuild: false,
        vacuum: false,
        lock_timeout: Duration::from_secs(5),
    };
    doctor(path, options).unwrap()
}

#[test]
fn doctor_reads_in_one_direction_what_is_damaged_in_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("whole.engram");
    let db = open(&path);
    // So many that the names fill several chunks: what opens a segment is in the first.
    let (mut dice, records) = (Dice(3), 12_000);
    put_records(&db, records);
    let edges: Edges = (0..40_000)
        .map(|i| {
            let properties = vec![("n".to_owned(), Value::Int(i))];
            (key(&mut dice, records), Value::Map(properties))
        })
        .collect();
    let all: Vec<_> = edges.clone().into_iter().collect();
    put(&db, &all);
    db.optimize().unwrap();
    let state = db.latest().unwrap();
    let view = state.collection("g").unwrap().graph.segments[0].clone();
    let middle = |kind: u16, space: u16| {
        let part = view.segment.sealed().part(kind, space).unwrap();
        view.at.extent.offset + part.offset + part.len / 2
    };
    let (out, into) = (middle(kind::ROWS, 0), middle(kind::ROWS, 1));
    let (names, properties) = (middle(kind::NODES, 0), middle(kind::PROPERTIES, 0));
    drop((db, state));
    let whole = std::fs::read(&path).unwrap();
    let damaged = |places: &[u64]| {
        let mut bytes = whole.clone();
        places.iter().for_each(|at| bytes[*at as usize] ^= 0xff);
        let path = dir.path().join("damaged.engram");
        std::fs::write(&path, bytes).unwrap();
        let report = repair(&path);
        assert_eq!(report.records_kept, records);
        let total = edges.len() as u64;
        assert_eq!(
            report.edges_kept + report.edges_dropped,
            total,
            "{:?}",
            report.dropped
        );
        let after = open(&path);
        assert!(after.verify(true).unwrap().problems.is_empty());
        (report, edges_of(&after.latest().unwrap()))
    };
    for one_direction in [[out], [into]] {
        let (report, after) = damaged(&one_direction);
        assert!(report.dropped.is_empty(), "{:?}", report.dropped);
        assert_eq!(after, edges);
    }
    for lossy in [vec![out, into], vec![names]] {
        let (report, after) = damaged(&lossy);
        assert_eq!(after.len() as u64, report.edges_kept);
        assert!(report.edges_dropped > 0 && report.edges_dropped < edges.len() as u64);
        assert!(
            after
                .iter()
                .all(|(key, value)| edges.get(key) == Some(value))
        );
    }
    let (report, after) = damaged(&[properties]);
    let changed = after
        .iter()
        .filter(|(key, value)| edges.get(*key) != Some(value));
    let (changed, said) = (changed.count(), report.dropped.len());
    assert_eq!((after.len(), changed), (edges.len(), said));
    assert!(changed > 0 && changed < edges.len() / 2);
}
