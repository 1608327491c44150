//! Random runs of a database on disk against plain maps, with reopening, a second handle,
//! checkpoints, optimize and snapshots between the writes.
#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

mod support;

use engram_core::db::{Database, OpenOptions};
use engram_core::format::record::Metric;
use proptest::prelude::*;
use std::path::Path;
use support::Dice;
use support::model::{Model, collections_of, model_of};
use support::script::{Author, Step, Write};

/// What may come next; numbers are reduced to what is possible.
#[derive(Clone, Debug)]
enum Move {
    Commit,
    Large(usize),
    Edges(usize),
    Create,
    Drop,
    RolledBack,
    Checkpoint,
    Optimize,
    Snapshot(usize),
    Restore(usize),
    DropSnapshot(usize),
    Reopen,
    OtherHandle,
    LookBack(u64),
}

const SNAPSHOTS: [&str; 3] = ["a", "b", "c"];

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let any = prop_oneof![
        12 => Just(Move::Commit),
        1 => (1usize..400).prop_map(Move::Large),
        3 => (1usize..80).prop_map(Move::Edges),
        1 => Just(Move::Create),
        1 => Just(Move::Drop),
        1 => Just(Move::RolledBack),
        3 => Just(Move::Checkpoint),
        1 => Just(Move::Optimize),
        2 => (0usize..3).prop_map(Move::Snapshot),
        1 => (0usize..3).prop_map(Move::Restore),
        1 => (0usize..3).prop_map(Move::DropSnapshot),
        2 => Just(Move::Reopen),
        3 => Just(Move::OtherHandle),
        2 => (0u64..20).prop_map(Move::LookBack),
    ];
    prop::collection::vec(any, 1..60)
}

fn open(path: &Path) -> Database {
    Database::open(path, OpenOptions::default()).unwrap()
}

struct Machine<'a> {
    path: &'a Path,
    handles: [Database; 2],
    /// Which handle makes the next move.
    now: usize,
    author: Author,
    /// The model after each commit number.
    commits: Vec<Option<Model>>,
}

impl Machine<'_> {
    fn db(&self) -> &Database {
        &self.handles[self.now]
    }

    /// Runs the steps that the author added since `from`.
    fn catch_up(&mut self, from: usize) {
        for step in &self.author.steps[from..] {
            step.run(self.db()).unwrap();
        }
        let model = self.author.model.clone();
        let commit = model.commit as usize;
        self.commits.resize(commit + 1, None);
        self.commits[commit] = Some(model);
    }

    fn step(&mut self, step: Step) {
        let from = self.author.steps.len();
        self.author.add(step);
        self.catch_up(from);
    }

    fn make(&mut self, to: &Move) {
        let exists = |m: &Model, i: usize| m.snapshots.contains_key(SNAPSHOTS[i]);
        match to {
            Move::Commit => {
                let from = self.author.steps.len();
                self.author.small_commit();
                self.catch_up(from);
            }
            Move::Large(n) => {
                let from = self.author.steps.len();
                if self.author.model.collections.contains_key("large") {
                    self.author.large_commit(*n);
                    self.catch_up(from);
                }
            }
            Move::Edges(n) => {
                let from = self.author.steps.len();
                self.author.edge_commit(*n, 20);
                self.catch_up(from);
            }
            Move::Create if !self.author.model.collections.contains_key("other") => {
                self.step(Step::Commit(vec![Write::Create("other", Metric::L2)]));
            }
            Move::Drop if self.author.model.collections.contains_key("other") => {
                self.step(Step::Commit(vec![Write::Drop("other")]));
            }
            Move::RolledBack => {
                let write = self.author.put("notes", 60, 8);
                let mut tx = self.db().begin().unwrap();
                write.run(&mut tx).unwrap();
            }
            Move::Checkpoint => self.step(Step::Checkpoint),
            Move::Optimize => self.step(Step::Optimize),
            Move::Snapshot(i) if !exists(&self.author.model, *i) => {
                self.step(Step::Snapshot(SNAPSHOTS[*i]))
            }
            Move::Restore(i) if exists(&self.author.model, *i) => {
                self.step(Step::Restore(SNAPSHOTS[*i]))
            }
            Move::DropSnapshot(i) if exists(&self.author.model, *i) => {
                self.step(Step::DropSnapshot(SNAPSHOTS[*i]));
            }
            Move::Reopen => self.handles[self.now] = open(self.path),
            Move::OtherHandle => self.now = 1 - self.now,
            Move::LookBack(n) => self.look_back(*n),
            _ => {}
        }
    }

    /// An earlier commit is shown as it was, or not at all.
    fn look_back(&self, n: u64) {
        let commit = self.author.model.commit.saturating_sub(n);
        match self.db().at_commit(commit) {
            Ok(state) => {
                let then = self.commits[commit as usize].as_ref().unwrap();
                assert_eq!(collections_of(&state).unwrap(), then.collections);
            }
            Err(e) => assert_eq!(e.code().slug(), "history.not_retained"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if support::long() { 400 } else { 24 }, ..ProptestConfig::default() })]
    #[test]
    fn every_handle_shows_what_the_maps_hold(moves in moves(), seed in any::<u64>()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model.engram");
        let mut author = Author::new(0);
        author.dice = Dice(seed);
        let mut machine = Machine {
            path: &path,
            handles: [open(&path), open(&path)],
            now: 0,
            author,
            commits: vec![Some(Model::default())],
        };
        machine.step(Step::Commit(vec![
            Write::Create("notes", Metric::Cosine),
            Write::Create("large", Metric::Dot),
        ]));
        for (i, to) in moves.iter().enumerate() {
            machine.make(to);
            for db in &machine.handles {
                let state = db.latest().unwrap();
                prop_assert_eq!(state.commit, machine.author.model.commit);
                if i % 6 == 0 {
                    prop_assert!(collections_of(&state).unwrap() == machine.author.model.collections);
                }
            }
        }
        for db in machine.handles.iter().chain([&open(&path)]) {
            prop_assert!(model_of(db).unwrap() == machine.author.model);
            let report = db.verify(true).unwrap();
            prop_assert!(report.problems.is_empty(), "{:?}", report.problems);
        }
    }
}
