//! Power cuts at every write and sync: what is found afterwards is an acknowledged prefix.
//!
//! `docs/internals/crash-model.md` tells what the simulated disk may do. `ENGRAM_LONG=1` tries every
//! step with every survival; without it, every step is tried with one survival or two.
#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

mod support;

use engram_core::db::{Database, OpenOptions};
use engram_core::error::{Code, Result};
use engram_core::format::record::Metric;
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
        again.collections.remove("after").map(|c| c.len()),
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
        false => vec![all[(i % 3) as usize], all[3 + (i / 3 % 3) as usize]],
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
