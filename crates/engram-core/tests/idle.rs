//! A handle at rest costs no space, and wakes to the latest commit.
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

use engram_core::db::{Database, NewRecord, NewVector, OpenOptions};
use engram_core::format::frame::{Kind, Publish};
use engram_core::format::record::Metric;
use engram_core::format::space::Embedding;
use engram_core::state::State;
use engram_core::store::file::FileStorage;
use engram_core::store::log::{self, NewFrame, Tail};
use engram_core::store::space::Space;
use engram_core::store::{ManifestAt, Storage, read_manifest, read_superblock};
use engram_core::value::Value;

const RECORDS: usize = 2_000;
const DIMENSION: usize = 64;

fn put_all(db: &Database, round: usize) {
    let mut tx = db.begin().unwrap();
    if round == 0 {
        tx.create_collection("c", Metric::Dot, "none").unwrap();
    }
    for i in 0..RECORDS {
        let record = NewRecord {
            id: &i.to_string(),
            text: Some(format!("record {i} of round {round}")),
            metadata: Value::Map(Vec::new()),
            vectors: vec![NewVector {
                space: "v",
                identity: None,
                embedding: Embedding::Dense(
                    (0..DIMENSION)
                        .map(|d| (round * 31 + i * 7 + d) as f32)
                        .collect(),
                ),
            }],
            times_us: None,
        };
        tx.put("c", record).unwrap();
    }
    tx.commit().unwrap();
}

fn text_of(state: &State, id: &str) -> String {
    let c = state.collection("c").unwrap();
    c.get(id, false).unwrap().unwrap().text.unwrap()
}

#[test]
fn a_handle_at_rest_lets_its_space_be_used_and_wakes_to_the_latest_commit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.engram");
    let writer = Database::open(&path, OpenOptions::default()).unwrap();
    put_all(&writer, 0);
    let live = std::fs::metadata(&path).unwrap().len();
    let idle = Database::open(&path, OpenOptions::default()).unwrap();
    let held = idle.latest().unwrap();
    for round in 1..40 {
        idle.rest().unwrap();
        put_all(&writer, round);
        if round == 1 {
            // A state in use keeps what it looks at, though its handle rests.
            assert_eq!(text_of(&held, "7"), "record 7 of round 0");
        }
        if round % 9 == 0 {
            let seen = idle.latest().unwrap();
            assert_eq!(text_of(&seen, "7"), format!("record 7 of round {round}"));
            assert!(idle.verify(true).unwrap().problems.is_empty());
        }
    }
    let with_held = std::fs::metadata(&path).unwrap().len();
    assert!(
        with_held < 4 * live,
        "{with_held} of {live}: one old state is kept, not forty"
    );
    assert_eq!(text_of(&held, "7"), "record 7 of round 0");
    drop(held);
    for round in 40..44 {
        idle.rest().unwrap();
        put_all(&writer, round);
    }
    let after = std::fs::metadata(&path).unwrap().len();
    assert!(after as f64 <= 2.2 * live as f64, "{after} of {live}");
    idle.rest().unwrap();
    put_all(&idle, 44);
    assert_eq!(
        text_of(&writer.latest().unwrap(), "1999"),
        "record 1999 of round 44"
    );
}

#[test]
fn a_handle_at_rest_follows_a_replaced_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.engram");
    let writer = Database::open(&path, OpenOptions::default()).unwrap();
    put_all(&writer, 0);
    let idle = Database::open(&path, OpenOptions::default()).unwrap();
    idle.rest().unwrap();
    for round in 1..4 {
        put_all(&writer, round);
    }
    writer.optimize().unwrap();
    put_all(&writer, 4);
    assert_eq!(text_of(&idle.latest().unwrap(), "3"), "record 3 of round 4");
}

/// Writes what an `optimize` leaves behind that dies between its announcement and the swap.
fn announce_a_move_that_never_comes(path: &std::path::Path) {
    let storage = FileStorage::open(path, false).unwrap();
    let block = read_superblock(&storage).unwrap();
    let (extent, len, crc) = (block.manifest, block.manifest_len, block.manifest_crc);
    let manifest = read_manifest(&storage, ManifestAt { extent, len, crc }).unwrap();
    let mut tail = Tail::start(manifest.log, manifest.first_frame);
    let mut last = (0, 0);
    while let Some(frame) = log::read(&storage, tail).unwrap() {
        last = (frame.header.commit, frame.header.time_us);
        tail = log::after(tail, &frame, storage.len().unwrap()).unwrap();
    }
    let moved = NewFrame {
        kind: Kind::Moved,
        commit: last.0,
        time_us: last.1,
        body: &[],
    };
    let written = log::write(&storage, tail, &mut Space::default(), 0, &moved).unwrap();
    storage.sync().unwrap();
    log::publish(&storage, &written, Publish::Full).unwrap();
}

#[test]
fn a_reader_does_not_wait_for_a_move_that_never_comes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.engram");
    let writer = Database::open(&path, OpenOptions::default()).unwrap();
    put_all(&writer, 0);
    let reader = Database::open(&path, OpenOptions::default()).unwrap();
    let mut tx = writer.begin().unwrap();
    assert!(tx.delete("c", "0").unwrap());
    tx.commit().unwrap();
    announce_a_move_that_never_comes(&path);
    let (answer, answered) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let state = reader.latest().unwrap();
        answer.send(state.records()).unwrap();
        reader
    });
    let seen = answered.recv_timeout(std::time::Duration::from_secs(20));
    assert_eq!(seen.unwrap(), RECORDS as u64 - 1);
    put_all(&writer, 1);
    let again = Database::open(&path, OpenOptions::default()).unwrap();
    assert_eq!(
        text_of(&again.latest().unwrap(), "0"),
        "record 0 of round 1"
    );
    assert!(again.verify(true).unwrap().problems.is_empty());
}

#[test]
fn a_handle_that_only_writes_goes_to_rest_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.engram");
    let writer = Database::open(&path, OpenOptions::default()).unwrap();
    put_all(&writer, 0);
    let live = std::fs::metadata(&path).unwrap().len();
    let other = Database::open(&path, OpenOptions::default()).unwrap();
    let start = std::time::Instant::now();
    let mut round = 1;
    // Long enough for `other` to be sent to rest, and not to be looked at any more.
    while start.elapsed().as_millis() < 1_600 {
        put_all(&writer, round);
        round += 1;
    }
    put_all(&other, round);
    let within = || std::fs::metadata(&path).unwrap().len() as f64 <= 2.2 * live as f64;
    let mut calm = 0;
    while calm < 8 {
        assert!(start.elapsed().as_secs() < 40, "the handle keeps its pin");
        round += 1;
        put_all(&writer, round);
        calm = if within() { calm + 1 } else { 0 };
    }
    drop(other);
}
