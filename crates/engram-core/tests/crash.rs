//! Power cuts at every write and sync: what is found afterwards is an acknowledged prefix.
//!
//! `docs/internals/crash-model.md` tells what the simulated disk may do. `ENGRAM_LONG=1` tries every
//! step with every survival; without it, every step is tried with three of six survivals.
#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

mod support;

use engram_core::db::{Database, OpenOptions};
use engram_core::error::Result;
use engram_core::format::record::Metric;
use engram_core::format::space::Embedding;
use engram_core::store::sim::{Fault, Plan, SimPlace, Survival};
use std::sync::Arc;
use support::model::{Model, model_of};
use support::script::{Author, Step, Write, everything, row};
use support::{Dice, announce, in_parallel, long};

const SEED: u64 = 0x5eed_0001;

fn options(relaxed: bool) -> OpenOptions {
    OpenOptions {
        relaxed,
        ..OpenOptions::default()
    }
}

/// Runs `steps` until one fails, and returns how many were acknowledged.
fn run(place: &Arc<SimPlace>, steps: &[Step], relaxed: bool) -> usize {
    let Ok(db) = Database::open_place(place.clone(), options(relaxed)) else {
        return 0;
    };
    steps.iter().take_while(|s| s.run(&db).is_ok()).count()
}

/// The steps of a whole run on a disk without faults.
fn count_steps(script: &Author, relaxed: bool) -> u64 {
    let plan = Plan::new(None);
    let place = SimPlace::new(plan.clone(), None);
    assert_eq!(run(&place, &script.steps, relaxed), script.steps.len());
    let db = Database::open_place(place, options(false)).unwrap();
    assert_eq!(
        model_of(&db).unwrap(),
        script.model,
        "the run differs from the model"
    );
    assert_sound(&db, true, "after the whole run");
    let state = db.latest().unwrap();
    assert_eq!(state.collection("listed").unwrap().lists.len(), 1);
    plan.steps()
}

fn assert_sound(db: &Database, deep: bool, what: &str) {
    let report = db
        .verify(deep)
        .unwrap_or_else(|e| panic!("{what}: verify: {e:?}"));
    assert!(report.problems.is_empty(), "{what}: {:?}", report.problems);
}

fn write_mark(db: &Database, id: &str) -> Result<u64> {
    let mut tx = db.begin()?;
    if !tx.state().collections.contains_key("after") {
        tx.create_collection("after", Metric::Cosine, "en")?;
    }
    Write::Put("after", id.into(), row(&mut Dice(9), 4)).run(&mut tx)?;
    tx.commit()
}

/// Opens what survived, and holds it against the states it may show. Returns which one it was.
fn assert_survives(bytes: Option<Vec<u8>>, allowed: &[Model], what: &str) -> Model {
    let place = SimPlace::new(Plan::new(None), bytes);
    let db = Database::open_place(place.clone(), options(false))
        .unwrap_or_else(|e| panic!("{what}: open: {e:?}"));
    let found = model_of(&db).unwrap_or_else(|e| panic!("{what}: read: {e:?}"));
    assert!(
        allowed.contains(&found),
        "{what}: found commit {}, allowed are {:?}",
        found.commit,
        allowed.iter().map(|m| m.commit).collect::<Vec<_>>()
    );
    assert_sound(&db, true, what);
    // It goes on: a write, a reopening, a checkpoint.
    let commit = write_mark(&db, "one").unwrap_or_else(|e| panic!("{what}: write: {e:?}"));
    assert_eq!(commit, found.commit + 1, "{what}");
    drop(db);
    let db = Database::open_place(place, options(false)).unwrap();
    db.checkpoint()
        .unwrap_or_else(|e| panic!("{what}: checkpoint: {e:?}"));
    let mut again = model_of(&db).unwrap();
    assert_eq!(
        again.collections.remove("after").map(|c| c.rows.len()),
        Some(1),
        "{what}"
    );
    assert_eq!(
        again.collections, found.collections,
        "{what}: after a further write"
    );
    assert_sound(&db, false, what);
    found
}

/// Survivals to try at step `i`.
fn survivals(i: u64) -> Vec<Survival> {
    let all = [
        Survival::Lost,
        Survival::Kept,
        Survival::Torn,
        Survival::Reordered(3 * i + 1),
        Survival::Reordered(3 * i + 2),
        Survival::Reordered(3 * i + 3),
    ];
    match long() {
        true => all.to_vec(),
        false => vec![all[0], all[1 + (i % 2) as usize], all[3 + (i % 3) as usize]],
    }
}

#[test]
fn after_a_power_cut_at_any_step_an_acknowledged_prefix_is_found() {
    let script = everything(SEED);
    let steps = count_steps(&script, false);
    let points = in_parallel(&(0..steps).collect::<Vec<_>>(), |&i| {
        let place = SimPlace::new(Plan::new(Some((i, Fault::Stop))), None);
        let acked = run(&place, &script.steps, false);
        let last = (acked + 2).min(script.history.len());
        let tries = survivals(i);
        for survival in &tries {
            let what = format!(
                "seed {SEED:#x}, stop at step {i} of {steps}, {survival:?}, {acked} acknowledged"
            );
            assert_survives(
                place.after_crash(*survival),
                &script.history[acked..last],
                &what,
            );
        }
        tries.len() as u64
    });
    announce(&format!(
        "crash: {points} points at {steps} steps, all recovered"
    ));
    assert!(points > 2000, "only {points} points");
}

/// Relaxed commits may be lost, the last ones first; whatever syncs keeps all before it.
#[test]
fn after_a_power_cut_relaxed_commits_are_lost_from_the_end_only() {
    let script = everything(SEED + 1);
    let steps = count_steps(&script, true);
    let points = in_parallel(&(0..steps).collect::<Vec<_>>(), |&i| {
        let place = SimPlace::new(Plan::new(Some((i, Fault::Stop))), None);
        let acked = run(&place, &script.steps, true);
        let last = (acked + 2).min(script.history.len());
        let synced = script.steps[..acked]
            .iter()
            .rposition(|s| !matches!(s, Step::Commit(_)))
            .map_or(0, |at| at + 1);
        let tries = survivals(i);
        for survival in &tries {
            let what = format!(
                "relaxed, seed {:#x}, stop at step {i} of {steps}, {survival:?}, {synced} synced, {acked} acknowledged",
                SEED + 1
            );
            let bytes = place.after_crash(*survival);
            assert_survives(bytes, &script.history[synced..last], &what);
        }
        tries.len() as u64
    });
    announce(&format!(
        "crash, relaxed: {points} points at {steps} steps, all recovered"
    ));
}

/// The power goes again while the file is opened after a power cut, or at the first writes then.
#[test]
fn after_two_power_cuts_an_acknowledged_prefix_is_found() {
    let script = everything(SEED + 2);
    let steps = count_steps(&script, false);
    let stride = if long() { 1 } else { 11 };
    let first: Vec<u64> = (0..steps).step_by(stride).collect();
    let points = in_parallel(&first, |&i| {
        let place = SimPlace::new(Plan::new(Some((i, Fault::Stop))), None);
        let acked = run(&place, &script.steps, false);
        let last = (acked + 2).min(script.history.len());
        let survival = survivals(i)[(i % 3) as usize];
        let bytes = place.after_crash(survival);
        let after = [
            Step::Commit(vec![Write::Create("second", Metric::L2)]),
            Step::Checkpoint,
            Step::Commit(vec![Write::Put("second", "x".into(), row(&mut Dice(i), 3))]),
        ];
        let mut points = 0;
        for j in 0.. {
            let again = SimPlace::new(Plan::new(Some((j, Fault::Stop))), bytes.clone());
            let done = run(&again, &after, false);
            let mut allowed = Vec::new();
            for base in &script.history[acked..last] {
                let mut model = base.clone();
                let mut states = vec![model.clone()];
                for step in &after {
                    step.imagine(&mut model);
                    states.push(model.clone());
                }
                allowed.extend(states.into_iter().skip(done).take(2));
            }
            let second = survivals(i + j)[((i + j) % 3) as usize];
            let what = format!(
                "seed {:#x}, stop at step {i}, {survival:?}, then at {j}, {second:?}, {acked} + {done} acknowledged",
                SEED + 2
            );
            assert_survives(again.after_crash(second), &allowed, &what);
            points += 1;
            if done == after.len() {
                break;
            }
        }
        points
    });
    announce(&format!("crash, twice: {points} points, all recovered"));
}

/// A relaxed commit that survived a power cut without the one before it must not follow the next one
/// that takes that place.
#[test]
fn a_relaxed_commit_never_comes_back_behind_another_than_its_own_predecessor() {
    let put = |id: &str, seed: u64| {
        // Rows of the same length, so that frames start at the same bytes.
        let mut row = (*row(&mut Dice(seed), 8)).clone();
        row.text = Some(format!("text of seed {seed:04}"));
        row.metadata = engram_core::value::Value::Map(Vec::new());
        let vector = Embedding::Dense(vec![seed as f32; 8]);
        row.vectors = [("v".to_owned(), vector)].into_iter().collect();
        Step::Commit(vec![Write::Put("notes", id.into(), Arc::new(row))])
    };
    let first = [
        Step::Commit(vec![Write::Create("notes", Metric::Dot)]),
        put("space", 1),
        Step::Checkpoint,
    ];
    let relaxed = [put("a", 2), put("b", 3), put("c", 4)];
    for seed in 0..300 {
        let place = SimPlace::new(Plan::new(None), None);
        assert_eq!(run(&place, &first, false), 3);
        let db = Database::open_place(place.clone(), options(true)).unwrap();
        relaxed.iter().for_each(|s| s.run(&db).unwrap());
        let place = SimPlace::new(
            Plan::new(None),
            place.after_crash(Survival::Reordered(seed)),
        );
        drop(db);
        let db = Database::open_place(place.clone(), options(false)).unwrap();
        let mut model = model_of(&db).unwrap();
        let next = put("d", 5);
        next.run(&db).unwrap();
        next.imagine(&mut model);
        drop(db);
        let db = Database::open_place(place, options(false)).unwrap();
        assert!(
            model_of(&db).unwrap() == model,
            "seed {seed}: a lost commit came back"
        );
    }
}
