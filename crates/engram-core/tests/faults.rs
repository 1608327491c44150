//! Writes and syncs that fail, and a full disk: the commit fails and says why, nothing acknowledged is
//! lost, reads go on, and the handle refuses writes until it is opened again.
#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

mod support;

use engram_core::db::{Database, OpenOptions};
use engram_core::error::Code;
use engram_core::store::sim::{Fault, Plan, SimPlace, Survival};
use std::sync::Arc;
use support::model::{Model, model_of};
use support::script::{Step, everything};
use support::{announce, in_parallel, long};

const SEED: u64 = 0x5eed_0010;

fn open(place: &Arc<SimPlace>) -> Database {
    Database::open_place(place.clone(), OpenOptions::default()).unwrap()
}

/// Runs `steps` while they succeed; the number of those that did, and the error of the one after.
fn run(db: &Database, steps: &[Step]) -> (usize, Option<Code>) {
    for (i, step) in steps.iter().enumerate() {
        if let Err(e) = step.run(db) {
            return (i, Some(e.code()));
        }
    }
    (steps.len(), None)
}

fn sound(db: &Database, what: &str) -> Model {
    let model = model_of(db).unwrap_or_else(|e| panic!("{what}: {e:?}"));
    let report = db.verify(true).unwrap_or_else(|e| panic!("{what}: {e:?}"));
    assert!(report.problems.is_empty(), "{what}: {:?}", report.problems);
    model
}

#[test]
fn after_a_failed_write_reads_go_on_and_nothing_acknowledged_is_lost() {
    let script = everything(SEED);
    let plan = Plan::new(None);
    let place = SimPlace::new(plan.clone(), None);
    let db = open(&place);
    let created = plan.steps();
    assert_eq!(run(&db, &script.steps).1, None);
    drop(db);
    let points: Vec<(u64, Fault)> = (created..plan.steps())
        .flat_map(|i| [(i, Fault::Fail), (i, Fault::Full)])
        .filter(|(i, fault)| long() || i % 4 == if *fault == Fault::Fail { 0 } else { 2 })
        .collect();
    let silent = in_parallel(&points, |&(i, fault)| {
        let what = format!("seed {SEED:#x}, step {i}, {fault:?}");
        let place = SimPlace::new(Plan::new(Some((i, fault))), None);
        let db = open(&place);
        let (acked, error) = run(&db, &script.steps);
        // A checkpoint that a commit brings about does not fail the commit; the next write says it.
        let quiet = error == Some(Code::IoPoisoned);
        let expected = if fault == Fault::Fail {
            Code::IoFailed
        } else {
            Code::IoFull
        };
        let Some(error) = error else {
            panic!("{what}: nobody was told");
        };
        assert!(quiet || error == expected, "{what}: {error:?}");
        // Reads go on, with what was acknowledged.
        let seen = model_of(&db).unwrap_or_else(|e| panic!("{what}: {e:?}"));
        let allowed = &script.history[acked..(acked + 2).min(script.history.len())];
        assert!(allowed.contains(&seen), "{what}: reads go wrong");
        // Writes do not, unless it was a step that leaves the file as it was (`optimize`).
        let again = script.steps[acked].run(&db);
        let optimize = matches!(script.steps[acked], Step::Optimize);
        if !optimize {
            assert_eq!(
                again.err().map(|e| e.code()),
                Some(Code::IoPoisoned),
                "{what}"
            );
        }
        // The same after opening again, and after a power cut.
        let after_cut = place.after_crash(Survival::Reordered(i));
        drop(db);
        let db = open(&place);
        assert!(
            allowed.contains(&sound(&db, &what)),
            "{what}: after opening again"
        );
        let cut = open(&SimPlace::new(Plan::new(None), after_cut));
        assert!(
            allowed.contains(&sound(&cut, &what)),
            "{what}: after a power cut"
        );
        u64::from(quiet)
    });
    announce(&format!(
        "faults: {} points, {silent} of them in checkpoints behind a commit",
        points.len()
    ));
}

/// A handle that was open beside the one that failed goes on, and what it commits stays.
#[test]
fn after_a_failed_write_another_handle_goes_on() {
    let script = everything(SEED + 1);
    let plan = Plan::new(None);
    let place = SimPlace::new(plan.clone(), None);
    let db = open(&place);
    let created = plan.steps();
    run(&db, &script.steps);
    drop(db);
    let stride = if long() { 1 } else { 4 };
    let points: Vec<u64> = (created..plan.steps()).step_by(stride).collect();
    in_parallel(&points, |&i| {
        let what = format!("seed {:#x}, step {i}", SEED + 1);
        let place = SimPlace::new(Plan::new(Some((i, Fault::Fail))), None);
        let (first, second) = (open(&place), open(&place));
        let (acked, _) = run(&first, &script.steps);
        // Whether the step in flight happened is known once the other handle writes.
        let mark = Step::Commit(vec![support::script::Write::Create(
            "beside",
            engram_core::format::record::Metric::L2,
        )]);
        mark.run(&second)
            .unwrap_or_else(|e| panic!("{what}: {e:?}"));
        let expected = model_of(&second).unwrap();
        let candidates: Vec<Model> = script.history[acked..(acked + 2).min(script.history.len())]
            .iter()
            .map(|m| {
                let mut m = m.clone();
                mark.imagine(&mut m);
                m
            })
            .collect();
        assert!(
            candidates.contains(&expected),
            "{what}: the other handle sees something else"
        );
        let third = open(&place);
        assert_eq!(
            sound(&third, &what),
            expected,
            "{what}: a new handle sees something else"
        );
        for survival in [Survival::Lost, Survival::Kept, Survival::Reordered(i)] {
            let cut = open(&SimPlace::new(Plan::new(None), place.after_crash(survival)));
            assert_eq!(
                sound(&cut, &what),
                expected,
                "{what}: after a power cut, {survival:?}"
            );
        }
        1
    });
    announce(&format!(
        "faults beside another handle: {} points",
        points.len()
    ));
}
