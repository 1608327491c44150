//! What the file costs: steady churn keeps it small without a call, `optimize` brings it down to the
//! live data, and what was deleted is nowhere in it.
#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

mod support;

use engram_core::db::{Database, NewRecord, NewVector, OpenOptions};
use engram_core::format::record::Metric;
use engram_core::format::space::Embedding;
use engram_core::store::sim::{Plan, SimPlace};
use engram_core::value::Value;
use support::{Dice, announce, long};

const SEED: u64 = 0x5eed_0040;
const DIMENSION: usize = 384;

/// A text of `n` words out of 4,000.
fn words(dice: &mut Dice, n: usize) -> String {
    let word = |i: u64| {
        let mut dice = Dice(i);
        (0..3 + i % 7)
            .map(|_| char::from(b'a' + dice.roll(26) as u8))
            .collect::<String>()
    };
    // Squared, so that some words are common, as in a language.
    let pick = |dice: &mut Dice| dice.roll(63) * dice.roll(64);
    (0..n)
        .map(|_| word(pick(dice)))
        .collect::<Vec<_>>()
        .join(" ")
}

fn put(db: &Database, dice: &mut Dice, ids: &[u64]) -> u64 {
    let mut tx = db.begin().unwrap();
    if !tx.state().collections.contains_key("churn") {
        tx.create_collection("churn", Metric::Cosine, "en").unwrap();
    }
    let mut raw = 0;
    for id in ids {
        let text = words(dice, 80);
        raw += (text.len() + 4 * DIMENSION) as u64;
        let record = NewRecord {
            id: &format!("record-{id}"),
            text: Some(text),
            metadata: Value::Map(vec![("n".into(), Value::Int(*id as i64))]),
            vectors: vec![NewVector {
                space: "v",
                identity: None,
                embedding: Embedding::Dense((0..DIMENSION).map(|_| dice.float()).collect()),
            }],
            times_us: None,
        };
        tx.put("churn", record).unwrap();
    }
    tx.commit().unwrap();
    raw
}

/// Text and float32 bytes of every live record.
fn raw_bytes(db: &Database) -> u64 {
    let state = db.latest().unwrap();
    let c = state.collection("churn").unwrap();
    let size = |r: &engram_core::format::record::Record| {
        let vectors: usize = r.vectors.iter().map(|(_, v)| v.size_bytes()).sum();
        (r.text.as_ref().map_or(0, String::len) + vectors) as u64
    };
    let memory: u64 = c.memory.values().map(|e| size(&e.record)).sum();
    let segments = c.segments.iter().map(|view| {
        let records = view
            .segment
            .records_of(&view.live_ordinals(), true)
            .unwrap();
        records.iter().map(size).sum::<u64>()
    });
    memory + segments.sum::<u64>()
}

#[test]
fn steady_churn_keeps_the_file_below_2_2_times_the_live_data() {
    for (records, batch, rounds) in [
        (4000, 10, 4),
        (4000, 400, 4),
        (9000, 50, if long() { 6 } else { 1 }),
    ] {
        let plan = Plan::new(None);
        let place = SimPlace::new(plan.clone(), None);
        let db = Database::open_place(place.clone(), OpenOptions::default()).unwrap();
        let mut dice = Dice(SEED);
        for chunk in (0..records).collect::<Vec<u64>>().chunks(500) {
            put(&db, &mut dice, chunk);
        }
        let (start, live) = (plan.written_bytes(), raw_bytes(&db));
        let (mut worst, mut user, mut parts) = (0.0f64, 0, [0; 4]);
        for _ in 0..records * rounds / batch {
            let ids: Vec<u64> = (0..batch).map(|_| dice.roll(records)).collect();
            user += put(&db, &mut dice, &ids);
            let stats = db.stats().unwrap();
            let ratio = stats.file_bytes as f64 / live as f64;
            if ratio > worst {
                (worst, parts) = (
                    ratio,
                    [
                        stats.live_bytes,
                        stats.dead_bytes,
                        stats.free_bytes,
                        stats.log_bytes,
                    ],
                );
            }
        }
        let amplification = (plan.written_bytes() - start) as f64 / user as f64;
        announce(&format!(
            "churn: {records} records, batches of {batch}, {rounds} turnovers, live {:.1} MB: file at most {worst:.2} x live, {amplification:.1} bytes written for one; then live, dead, free, log: {:.2?}",
            live as f64 / 1e6,
            parts.map(|p| p as f64 / live as f64)
        ));
        assert!(
            worst < 2.2,
            "the file grew to {worst:.2} times the live data"
        );
        assert!(
            amplification < 12.0,
            "{amplification:.1} bytes written for one"
        );
        db.optimize().unwrap();
        let ratio = db.stats().unwrap().file_bytes as f64 / raw_bytes(&db) as f64;
        assert!(
            ratio <= 1.1,
            "after optimize the file is {ratio:.2} times the live data"
        );
        let report = db.verify(true).unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
    }
}

/// Letters that no compressor shortens and nobody else writes.
fn marker(dice: &mut Dice) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    (0..40)
        .map(|_| char::from(LETTERS[dice.roll(62) as usize]))
        .collect()
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|w| w == what)
}

#[test]
fn what_was_deleted_is_nowhere_in_the_file_after_optimize_and_other_handles_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deleted.engram");
    let (db, other) = {
        let open = || Database::open(&path, OpenOptions::default()).unwrap();
        (open(), open())
    };
    let mut dice = Dice(SEED + 1);
    put(&db, &mut dice, &(0..1000).collect::<Vec<_>>());
    let mut secrets: Vec<Vec<u8>> = Vec::new();
    let mut ids = Vec::new();
    // Some in segments, some in the log; some deleted, some replaced.
    for round in 0..40 {
        let (id, text) = (marker(&mut dice), marker(&mut dice));
        let values: Vec<f32> = (0..DIMENSION).map(|_| dice.float()).collect();
        let mut tx = other.begin().unwrap();
        let record = NewRecord {
            id: &id,
            text: Some(format!("some words before {text} and after")),
            metadata: Value::Map(vec![("secret".into(), Value::Str(marker(&mut dice)))]),
            vectors: vec![NewVector {
                space: "v",
                identity: None,
                embedding: Embedding::Dense(values.clone()),
            }],
            times_us: None,
        };
        if let Value::Map(entries) = &record.metadata
            && let Value::Str(secret) = &entries[0].1
        {
            secrets.push(secret.as_bytes().to_vec());
        }
        tx.put("churn", record).unwrap();
        tx.commit().unwrap();
        secrets.push(id.as_bytes().to_vec());
        secrets.push(text.into_bytes());
        // Four floats in a row are 16 bytes that nobody else has.
        secrets.push(values[..4].iter().flat_map(|x| x.to_le_bytes()).collect());
        ids.push(id);
        if round == 25 {
            other.checkpoint().unwrap();
        }
    }
    let bytes = std::fs::read(&path).unwrap();
    let found = secrets.iter().filter(|s| holds(&bytes, s)).count();
    assert!(
        found > secrets.len() / 2,
        "the test would not see them: {found} of {}",
        secrets.len()
    );
    let reader = other.latest().unwrap();
    let mut tx = db.begin().unwrap();
    for id in &ids {
        assert!(tx.delete("churn", id).unwrap());
    }
    tx.commit().unwrap();
    db.optimize().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for secret in &secrets {
        assert!(
            !holds(&bytes, secret),
            "{:?} is still there",
            String::from_utf8_lossy(secret)
        );
    }
    let ratio = bytes.len() as f64 / raw_bytes(&db) as f64;
    announce(&format!(
        "optimize: file {ratio:.2} x live; {} secrets gone",
        secrets.len()
    ));
    assert!(ratio <= 1.1, "{ratio:.2}");
    // What was handed out stays readable; the other handle reads and writes on.
    assert!(
        reader
            .collection("churn")
            .unwrap()
            .get(&ids[0], true)
            .unwrap()
            .is_some()
    );
    assert_eq!(
        other.latest().unwrap().collection("churn").unwrap().live(),
        1000
    );
    put(&other, &mut dice, &[5000]);
    assert_eq!(
        db.latest().unwrap().collection("churn").unwrap().live(),
        1001
    );
    for handle in [&db, &other] {
        assert!(handle.verify(true).unwrap().problems.is_empty());
    }
    let names: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["deleted.engram"], "one file, always");
}
