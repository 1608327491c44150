//! Every byte of a small file damaged, and every length it can be cut to: what comes out is a correct
//! answer or a typed error.
#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

mod support;

use engram_core::db::{Database, DoctorOptions, OpenOptions, doctor};
use engram_core::error::{Class, Error, Result};
use engram_core::format::space::Matrix;
use engram_core::index::graph::{Direction, PageRank};
use engram_core::query::{Request, Retriever, Scope, graph, run};
use engram_core::state::Collection;
use engram_core::store::sim::{Plan, SimPlace};
use std::path::Path;
use std::time::Duration;
use support::model::{Model, model_of};
use support::script::{Author, Step, Write};
use support::{announce, in_parallel, long};

const SEED: u64 = 0x5eed_0020;

/// A few collections, a snapshot, segments with dead records, and a log of several frames.
fn script() -> Author {
    use engram_core::format::record::Metric;
    let mut a = Author::new(SEED);
    a.add(Step::Commit(vec![
        Write::Create("notes", Metric::Cosine),
        Write::Create("other", Metric::L2),
    ]));
    a.small_commits(12);
    a.edge_commit(30, 12);
    a.add(Step::Snapshot("kept"));
    a.edge_commit(2, 12);
    a.small_commits(6);
    a.add(Step::Checkpoint);
    a.small_commits(5);
    a
}

/// The file, what it shows, and the answers to a few queries.
struct Sample {
    bytes: Vec<u8>,
    model: Model,
    answers: Vec<String>,
}

fn sample() -> Sample {
    let script = script();
    let place = SimPlace::new(Plan::new(None), None);
    let db = Database::open_place(place.clone(), OpenOptions::default()).unwrap();
    for step in &script.steps {
        step.run(&db).unwrap();
    }
    let model = model_of(&db).unwrap();
    assert_eq!(model, script.model);
    let answers = answers(&db).unwrap();
    assert!(db.verify(true).unwrap().problems.is_empty());
    Sample {
        bytes: place.bytes(),
        model,
        answers,
    }
}

/// Answers of every kind of query.
fn answers(db: &Database) -> Result<Vec<String>> {
    let state = db.latest()?;
    let mut out = Vec::new();
    for c in state.collections.values() {
        let dimension = c.space("v").map(|v| c.spaces[usize::from(v)].dimension);
        let vector = vec![0.25; dimension.unwrap_or(0) as usize];
        let dense = || Retriever::dense("v", &vector);
        let tokens = Matrix {
            dimension: 3,
            data: vec![0.5, -0.5, 0.25, 0.1, 0.9, -0.3],
        };
        let request = |lexical: Option<_>, dense: Option<_>, filter| {
            let lexical = lexical.map(Retriever::lexical).into_iter();
            Request {
                filter,
                ignore_missing: true,
                ..Request::new(lexical.chain(dense).collect(), 7)
            }
        };
        let mut requests = vec![
            request(Some("river \"silver stone\" har*"), None, None),
            request(
                Some("mark garden"),
                None,
                Some("n >= 20 AND tags CONTAINS 'river'"),
            ),
        ];
        if !vector.is_empty() {
            requests.push(request(None, Some(dense()), None));
            requests.push(request(Some("paper"), Some(dense()), Some("n < 70")));
        }
        if c.space("t").is_some() {
            requests.push(request(None, Some(Retriever::multi("t", &tokens)), None));
        }
        for r in &requests {
            let (hits, report) = run(c, r)?;
            let hits: Vec<_> = hits.iter().map(|h| (&h.id, h.score.to_bits())).collect();
            out.push(format!("{} {:?} {hits:?}", c.name, report.matched));
        }
        out.extend(ways(c)?);
        for id in ["mark", "notes-3", "nobody"] {
            out.push(format!(
                "{:?}",
                c.get(id, true)?.map(|r| (r.text, r.vectors))
            ));
        }
    }
    Ok(out)
}

/// Answers about edges.
fn ways(c: &Collection) -> Result<Vec<String>> {
    let scope = Scope {
        types: None,
        direction: Direction::Both,
    };
    let mut out = Vec::new();
    let ids = ["mark", "notes-3", "notes-7"];
    for id in ids {
        if c.find(id)?.is_none() {
            return Ok(out);
        }
        let near = graph::neighbors(c, id, &scope, 3, 9)?;
        out.push(format!("{near:?} {:?}", graph::edges_of(c, id, &scope)?));
    }
    let ends = [ids[0], ids[1]];
    for weight in [None, Some("weight")] {
        out.push(format!("{:?}", graph::path(c, ends, &scope, weight, 20)?));
    }
    out.push(format!("{:?}", graph::joined(c, &ids, &scope, 9)?));
    let spread = PageRank {
        damping: 0.5,
        epsilon: 1e-3,
    };
    let scores = graph::pagerank(c, &[("mark", 1.0)], &scope, spread, 9)?;
    out.push(format!("{scores:?}"));
    Ok(out)
}

fn blames_the_file(e: &Error) -> bool {
    matches!(e.code().class(), Class::Corrupt | Class::Incompatible)
}

/// What damage came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Correct,
    Refused,
}

/// Opens damaged bytes and uses all of them.
fn outcome(sample: &Sample, bytes: Vec<u8>, what: &str) -> Outcome {
    let place = SimPlace::new(Plan::new(None), Some(bytes));
    let typed = |e: Error| {
        assert!(blames_the_file(&e), "{what}: {e:?}");
        Outcome::Refused
    };
    let db = match Database::open_place(place, OpenOptions::default()) {
        Ok(db) => db,
        Err(e) => return typed(e),
    };
    let mut worst = Outcome::Correct;
    match model_of(&db) {
        Ok(model) => assert!(model == sample.model, "{what}: a wrong answer"),
        Err(e) => worst = typed(e),
    }
    match answers(&db) {
        Ok(found) => assert_eq!(found, sample.answers, "{what}: a wrong answer"),
        Err(e) => worst = typed(e),
    }
    let report = match db.verify(true) {
        Ok(report) => report,
        Err(e) => return typed(e),
    };
    // Whatever made reading fail is found by `verify`.
    assert!(
        worst == Outcome::Correct || !report.problems.is_empty(),
        "{what}: verify saw nothing"
    );
    match report.problems.is_empty() {
        true => worst,
        false => Outcome::Refused,
    }
}

#[test]
fn a_damaged_byte_gives_a_correct_answer_or_a_typed_error() {
    let sample = sample();
    // Each bit by itself in the long run; else one pattern a byte, another one for its neighbour.
    let patterns: &[u8] = &[0xff, 0x01, 0x80, 0x10, 0x02, 0x40, 0x04, 0x20, 0x08];
    let count = if long() { patterns.len() } else { 1 };
    // The short run takes one byte in 16 of stretches that hold nothing.
    let holds = |at: usize| {
        let around = at.saturating_sub(32)..(at + 32).min(sample.bytes.len());
        sample.bytes[around].iter().any(|b| *b != 0)
    };
    let places: Vec<usize> = (0..sample.bytes.len())
        .filter(|at| long() || at.is_multiple_of(16) || holds(*at))
        .collect();
    let refused = in_parallel(&places, |&at| {
        let mut refused = 0;
        for i in 0..count {
            let mut bytes = sample.bytes.clone();
            bytes[at] ^= patterns[(at + i) % patterns.len()];
            let what = format!(
                "seed {SEED:#x}, byte {at} flipped by {:#x}",
                patterns[(at + i) % patterns.len()]
            );
            refused += u64::from(outcome(&sample, bytes, &what) == Outcome::Refused);
        }
        refused
    });
    announce(&format!(
        "corruption: {} flips in a file of {} bytes, {refused} noticed, the rest without effect",
        places.len() * count,
        sample.bytes.len()
    ));
    assert!(refused > 0);
}

#[test]
fn a_file_cut_off_at_any_length_gives_a_correct_answer_or_a_typed_error() {
    let sample = sample();
    let near_a_page = |len: usize| len % 4096 < 80 || len % 4096 > 4080;
    let lengths: Vec<usize> = (0..sample.bytes.len())
        .filter(|len| long() || len.is_multiple_of(8) || near_a_page(*len))
        .collect();
    let refused = in_parallel(&lengths, |&len| {
        let what = format!("seed {SEED:#x}, cut to {len} of {}", sample.bytes.len());
        let bytes = sample.bytes[..len].to_vec();
        u64::from(outcome(&sample, bytes, &what) == Outcome::Refused)
    });
    announce(&format!(
        "corruption: {} truncations, {refused} noticed",
        lengths.len()
    ));
}

/// The same through a mapped file, at fewer places.
#[test]
fn a_damaged_file_on_disk_gives_a_correct_answer_or_a_typed_error() {
    let sample = sample();
    let dir = tempfile::tempdir().unwrap();
    let stride = if long() { 23 } else { 211 };
    let places: Vec<usize> = (0..sample.bytes.len()).step_by(stride).collect();
    in_parallel(&places, |&at| {
        for cut in [false, true] {
            let mut bytes = sample.bytes.clone();
            match cut {
                true => bytes.truncate(at),
                false => bytes[at] ^= 0xff,
            }
            let path = dir.path().join(format!("{at}-{cut}.engram"));
            std::fs::write(&path, &bytes).unwrap();
            read_file(&sample, &path, &format!("byte {at}, cut: {cut}"));
            std::fs::remove_file(&path).unwrap();
        }
        1
    });
    announce(&format!(
        "corruption: {} flips and truncations of files on disk",
        2 * places.len()
    ));
}

fn read_file(sample: &Sample, path: &Path, what: &str) {
    let done = Database::open(path, OpenOptions::default()).and_then(|db| {
        assert!(model_of(&db)? == sample.model, "{what}: a wrong answer");
        assert_eq!(answers(&db)?, sample.answers, "{what}: a wrong answer");
        db.verify(true)
    });
    if let Err(e) = done {
        assert!(blames_the_file(&e), "{what}: {e:?}");
    }
}

const REPAIR: DoctorOptions = DoctorOptions {
    dry_run: false,
    rebuild: false,
    vacuum: false,
    lock_timeout: Duration::from_secs(1),
};

/// `doctor` makes a sound file of a damaged one, keeps what the damage left alone, names what it did
/// not keep; and with `dry_run` it changes nothing and says the same.
#[test]
fn doctor_keeps_what_the_damage_left_alone() {
    let sample = sample();
    let dir = tempfile::tempdir().unwrap();
    let stride = if long() { 97 } else { 1_009 };
    let places: Vec<usize> = (0..sample.bytes.len()).step_by(stride).collect();
    let given_up = in_parallel(&places, |&at| {
        let what = format!("seed {SEED:#x}, 64 bytes from {at} damaged");
        let mut bytes = sample.bytes.clone();
        bytes[at..].iter_mut().take(64).for_each(|b| *b ^= 0xa5);
        let path = dir.path().join(format!("{at}.engram"));
        std::fs::write(&path, &bytes).unwrap();
        let dry = doctor(
            &path,
            DoctorOptions {
                dry_run: true,
                ..REPAIR
            },
        );
        assert!(
            std::fs::read(&path).unwrap() == bytes,
            "{what}: a dry run wrote"
        );
        let real = doctor(&path, REPAIR);
        let report = match (&dry, &real) {
            (Ok(dry), Ok(real)) => {
                assert_eq!(
                    dry.dropped, real.dropped,
                    "{what}: a dry run says something else"
                );
                real
            }
            (_, Err(e)) if blames_the_file(e) => {
                announce(&format!("{what}: {e:?}"));
                assert!(dry.is_err(), "{what}");
                return 1;
            }
            other => panic!("{what}: {other:?}"),
        };
        let db = Database::open(&path, OpenOptions::default()).unwrap();
        assert!(db.verify(true).unwrap().problems.is_empty(), "{what}");
        let found = model_of(&db).unwrap();
        assert_kept(
            &sample.model,
            &found,
            &report.dropped,
            [report.records_dropped, report.edges_dropped],
            &what,
        );
        std::fs::remove_file(&path).unwrap();
        0
    });
    announce(&format!(
        "doctor: {} damaged files, {given_up} beyond repair",
        places.len()
    ));
    assert_eq!(given_up, 0);
}

/// Nothing is there that was not, and what is missing was counted and listed.
fn assert_kept(
    before: &Model,
    after: &Model,
    dropped: &[String],
    [records, edges]: [u64; 2],
    what: &str,
) {
    let (mut missing, mut changed) = (0u64, 0u64);
    let (mut missing_edges, mut changed_edges) = (0u64, 0u64);
    for (name, content) in &before.collections {
        let Some(kept) = after.collections.get(name) else {
            panic!("{what}: collection {name} is gone");
        };
        for (id, row) in &content.rows {
            match kept.rows.get(id) {
                None => missing += 1,
                Some(found) if found != row => changed += 1,
                Some(_) => {}
            }
        }
        for (key, properties) in &content.edges {
            match kept.edges.get(key) {
                None => missing_edges += 1,
                Some(found) if found != properties => changed_edges += 1,
                Some(_) => {}
            }
        }
    }
    let log_was_hit = dropped
        .iter()
        .any(|d| d.contains("log") || d.contains("manifest"));
    if dropped.is_empty() {
        let lost = [missing, changed, missing_edges, changed_edges];
        assert_eq!(lost, [0; 4], "{what}: lost without a word");
    } else if !log_was_hit {
        // A dropped record may have been put again by a commit of the log.
        assert!(missing <= records, "{what}: {missing} missing, {dropped:?}");
        assert!(
            missing_edges <= edges,
            "{what}: {missing_edges} edges missing, {dropped:?}"
        );
        let properties = dropped.iter().filter(|d| d.contains("properties")).count();
        assert!(changed_edges <= properties as u64, "{what}: {dropped:?}");
        let vectors = dropped.iter().filter(|d| d.contains("vectors")).count();
        assert!(
            changed <= vectors as u64,
            "{what}: {changed} records changed, {dropped:?}"
        );
    }
}
