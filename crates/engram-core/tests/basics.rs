//! The engine end to end: what is put can be got, found, reopened, and is all there.

#![allow(clippy::unwrap_used)]

use engram_core::db::{Database, NewRecord, NewVector, OpenOptions};
use engram_core::format::record::Metric;
use engram_core::format::space::Embedding;
use engram_core::query::{Request, Retriever, run};
use engram_core::value::Value;

fn record<'a>(id: &'a str, text: &str, year: i64, v: [f32; 3]) -> NewRecord<'a> {
    NewRecord {
        id,
        text: Some(text.to_owned()),
        metadata: Value::Map(vec![("year".into(), Value::Int(year))]),
        vectors: vec![NewVector {
            space: "vector",
            identity: None,
            embedding: Embedding::Dense(v.to_vec()),
        }],
        times_us: None,
    }
}

#[test]
fn a_file_gives_back_what_was_put() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.engram");
    let db = Database::open(&path, OpenOptions::default()).unwrap();
    let mut tx = db.begin().unwrap();
    tx.create_collection("notes", Metric::Cosine, "en").unwrap();
    tx.put(
        "notes",
        record("n1", "Alice met Bob in Paris", 2024, [1.0, 0.0, 0.0]),
    )
    .unwrap();
    tx.put(
        "notes",
        record("n2", "The cat sat on the mat", 2020, [0.0, 1.0, 0.0]),
    )
    .unwrap();
    assert_eq!(tx.commit().unwrap(), 1);
    let other = Database::open(&path, OpenOptions::default()).unwrap();
    for round in 0..3 {
        for db in [&db, &other] {
            let state = db.latest().unwrap();
            let notes = state.collection("notes").unwrap();
            assert_eq!(notes.live(), 2);
            let got = notes.get("n1", true).unwrap().unwrap();
            assert_eq!(
                got.vectors,
                vec![(0, Embedding::Dense(vec![1.0, 0.0, 0.0]))]
            );
            let retrievers = vec![
                Retriever::lexical("bob in paris"),
                Retriever::dense("vector", &[0.9, 0.1, 0.0]),
            ];
            let request = Request {
                filter: Some("year >= 2020"),
                ..Request::new(retrievers, 5)
            };
            let (hits, report) = run(notes, &request).unwrap();
            assert_eq!(hits[0].id, "n1");
            assert_eq!(report.matched, 2);
            let verified = db.verify(true).unwrap();
            assert!(verified.problems.is_empty(), "{:?}", verified.problems);
        }
        if round == 0 {
            db.checkpoint().unwrap();
        } else {
            db.optimize().unwrap();
        }
    }
    assert_eq!(other.latest().unwrap().commit, 1);
}
