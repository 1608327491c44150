//! Many writers at once, in processes and threads, and readers beside them.
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

mod support;

use engram_core::db::{Database, NewRecord, OpenOptions};
use engram_core::format::record::Metric;
use engram_core::state::State;
use engram_core::value::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use support::announce;
use support::worker::{Worker, hear, orders, say};

const BATCH: usize = 3;

fn open(path: &Path) -> Database {
    let options = OpenOptions {
        lock_timeout: Duration::from_secs(60),
        ..OpenOptions::default()
    };
    Database::open(path, options).unwrap()
}

fn fresh(path: &Path) -> Database {
    let db = open(path);
    let mut tx = db.begin().unwrap();
    tx.create_collection("race", Metric::Cosine, "en").unwrap();
    tx.commit().unwrap();
    db
}

/// Commits one batch.
fn commit(db: &Database, writer: u64, n: usize) -> u64 {
    let mut tx = db.begin().unwrap();
    for i in 0..BATCH {
        let record = NewRecord {
            id: &format!("{writer}/{n}/{i}"),
            text: Some(format!("batch {n} of writer {writer}")),
            metadata: Value::Map(vec![]),
            vectors: vec![],
            times_us: None,
        };
        tx.put("race", record).unwrap();
    }
    tx.commit().unwrap()
}

/// How many whole batches a state holds; a torn one is a failure.
fn batches(state: &State) -> usize {
    let c = state.collection("race").unwrap();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut note = |id: &str| {
        *seen
            .entry(id.rsplit_once('/').unwrap().0.to_owned())
            .or_insert(0) += 1
    };
    c.memory.keys().for_each(|id| note(id));
    for view in &c.segments {
        for ordinal in view.live_ordinals() {
            note(view.segment.record_id(ordinal).unwrap());
        }
    }
    assert!(seen.values().all(|n| *n == BATCH), "a torn batch");
    seen.len()
}

fn assert_all_there(db: &Database, want: usize) {
    let state = db.latest().unwrap();
    assert_eq!(batches(&state), want);
    assert_eq!(
        state.commit,
        1 + want as u64,
        "a commit is missing or counted twice"
    );
    let report = db.verify(true).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
}

/// Reads until the parent hangs up; says how often.
#[test]
#[ignore = "runs as a process of its own"]
fn reader_process() {
    let Some((path, _)) = orders() else { return };
    let read_only = OpenOptions {
        read_only: true,
        ..OpenOptions::default()
    };
    let db = Database::open(&path, read_only).unwrap();
    let ended = std::thread::spawn(|| while hear().is_some() {});
    say("ready");
    let (mut last, mut reads, mut changes) = (0, 0u64, 0u64);
    while !ended.is_finished() {
        let state = db.latest().unwrap();
        assert!(state.commit >= last, "commit {} after {last}", state.commit);
        changes += u64::from(state.commit > last);
        last = state.commit;
        assert_eq!(
            batches(&state) as u64 + 1,
            last,
            "a state shows another number of commits"
        );
        reads += 1;
    }
    say(&format!("{reads} {changes}"));
}

#[test]
#[ignore = "runs as a process of its own"]
fn writer_process() {
    let Some((path, number)) = orders() else {
        return;
    };
    let db = open(&path);
    say("ready");
    hear();
    for n in 0..200 {
        commit(&db, number, n);
    }
}

#[test]
fn eight_processes_of_200_commits_make_1600_and_readers_beside_them_see_whole_batches() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("race.engram");
    let db = fresh(&path);
    let mut readers: Vec<Worker> = (0..2)
        .map(|i| Worker::start("reader_process", &path, i))
        .collect();
    let mut writers: Vec<Worker> = (0..8)
        .map(|i| Worker::start("writer_process", &path, i))
        .collect();
    for worker in readers.iter_mut().chain(&mut writers) {
        assert_eq!(worker.next().as_deref(), Some("ready"));
    }
    writers.iter_mut().for_each(|w| w.tell("go"));
    writers.into_iter().for_each(Worker::finish);
    let mut said = Vec::new();
    for reader in &mut readers {
        drop(reader.input.take());
        said.push(reader.next().unwrap_or_else(|| "a reader died".to_owned()));
    }
    readers.into_iter().for_each(Worker::finish);
    assert_all_there(&db, 1600);
    announce(&format!(
        "race: 1600 commits of 8 processes; reads and changes seen beside them: {said:?}"
    ));
}

#[test]
fn threads_on_one_handle_and_on_several_commit_one_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("threads.engram");
    let shared = fresh(&path);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let shared = &shared;
            scope.spawn(move || (0..40).for_each(|n| assert!(commit(shared, writer, n) > 0)));
            let path = &path;
            scope.spawn(move || {
                let own = open(path);
                (0..40).for_each(|n| assert!(commit(&own, 4 + writer, n) > 0));
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = 0;
                while last < 321 {
                    let state = shared.latest().unwrap();
                    assert!(state.commit >= last);
                    last = state.commit;
                    assert_eq!(batches(&state) as u64 + 1, last);
                }
            });
        }
    });
    assert_all_there(&shared, 320);
    assert_all_there(&open(&path), 320);
}

#[test]
#[ignore = "runs as a process of its own"]
fn obedient_writer_process() {
    let Some((path, number)) = orders() else {
        return;
    };
    let db = open(&path);
    while let Some(order) = hear() {
        match order.as_str() {
            "checkpoint" => db.checkpoint().unwrap(),
            "optimize" => drop(db.optimize().unwrap()),
            n => assert!(commit(&db, number, n.parse().unwrap()) > 0),
        }
        say("done");
    }
}

#[test]
fn a_handle_sees_what_another_process_committed_at_its_next_call() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("seen.engram");
    let db = fresh(&path);
    let mut writer = Worker::start("obedient_writer_process", &path, 1);
    for n in 0..120 {
        if n % 40 == 20 {
            writer.tell("checkpoint");
            assert_eq!(writer.next().as_deref(), Some("done"));
        }
        if n % 50 == 33 {
            writer.tell("optimize");
            assert_eq!(writer.next().as_deref(), Some("done"));
        }
        writer.tell(&n.to_string());
        assert_eq!(writer.next().as_deref(), Some("done"));
        let state = db.latest().unwrap();
        assert_eq!(state.commit, n + 2);
        assert!(
            state
                .collection("race")
                .unwrap()
                .get(&format!("1/{n}/2"), false)
                .unwrap()
                .is_some()
        );
        if n % 30 == 7 {
            // And the other way round.
            db.checkpoint().unwrap();
        }
    }
    writer.finish();
}
