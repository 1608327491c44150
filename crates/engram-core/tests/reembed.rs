//! Laws of the space that is filled beside that of the texts, and of what it leaves behind.
#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

mod support;

use engram_core::db::{
    Database, DoctorOptions, NewRecord, NewVector, OpenOptions, RecordUpdate, doctor, next_space,
    pending, pending_count,
};
use engram_core::error::Code;
use engram_core::format::codec::{Reader, Writer};
use engram_core::format::ops::Op;
use engram_core::format::record::Metric;
use engram_core::format::space::{Embedding, NEXT, Space, TEXT};
use engram_core::state::Collection;
use engram_core::store::sim::{Plan, SimPlace};
use engram_core::value::Value;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

const WIDTH: u32 = 256;

fn open(place: &Arc<SimPlace>) -> Database {
    Database::open_place(place.clone(), OpenOptions::default()).unwrap()
}

fn vector(seed: usize, model: usize) -> Embedding {
    let number = |i: u32| ((seed * 7 + model * 31 + i as usize * 13) % 101) as f32 + 1.0;
    Embedding::Dense((0..WIDTH).map(number).collect())
}

/// Text `i`, embedded by model `model` unless it is none.
fn put(db: &Database, ids: std::ops::Range<usize>, model: Option<usize>) {
    let mut tx = db.begin().unwrap();
    for i in ids {
        let identity = model.map(|m| format!("m{m}"));
        let embedded = identity
            .as_deref()
            .zip(model)
            .map(|(identity, m)| NewVector {
                space: TEXT,
                identity: Some(identity),
                embedding: vector(i, m),
            });
        let record = NewRecord {
            id: &format!("r{i}"),
            text: Some(format!("text number {i}")),
            metadata: Value::Map(vec![("n".into(), Value::Int(i as i64))]),
            vectors: embedded.into_iter().collect(),
            times_us: Some((1_000_000 + i as i64, 2_000_000 + i as i64)),
        };
        tx.put("c", record).unwrap();
    }
    tx.commit().unwrap();
}

fn collection(db: &Database) -> Arc<Collection> {
    db.latest().unwrap().collection("c").unwrap().clone()
}

fn filled(place: &Arc<SimPlace>, records: usize) -> Database {
    let db = open(place);
    let mut tx = db.begin().unwrap();
    tx.create_collection("c", Metric::Cosine, "en").unwrap();
    tx.commit().unwrap();
    put(&db, 0..records, Some(0));
    db
}

/// Embeds up to `limit` pending texts with a model; how many there were.
fn step(db: &Database, model: usize, limit: usize) -> usize {
    let found = pending(&collection(db), NEXT, limit, &HashSet::new()).unwrap();
    let identity = format!("m{model}");
    let rows = found.iter().map(|(id, text)| {
        let number = text.rsplit(' ').next().unwrap().parse().unwrap();
        (id.clone(), text.clone(), vector(number, model))
    });
    let mut tx = db.begin().unwrap();
    tx.begin_next("c", Space::dense(NEXT, WIDTH, Some(&identity)))
        .unwrap();
    let set = tx
        .set_embeddings("c", NEXT, Some(&identity), rows.collect())
        .unwrap();
    assert_eq!(set, found.len());
    tx.commit().unwrap();
    found.len()
}

fn switch(db: &Database) {
    let mut tx = db.begin().unwrap();
    tx.switch_next("c").unwrap();
    tx.commit().unwrap();
}

/// Every record has the embedding of its text by that model, and nothing else of the old one shows.
fn assert_is_of(db: &Database, model: usize, records: usize) {
    let c = collection(db);
    let index = c.space(TEXT).unwrap();
    let identity = format!("m{model}");
    assert_eq!(
        c.spaces[usize::from(index)].identity.as_deref(),
        Some(identity.as_str())
    );
    assert_eq!((c.space(NEXT), c.space("")), (None, None));
    for i in 0..records {
        let record = c.get(&format!("r{i}"), true).unwrap().unwrap();
        assert_eq!(record.vectors, [(index, vector(i, model))], "{i}");
        assert_eq!(
            (record.created_us, record.updated_us),
            (1_000_000 + i as i64, 2_000_000 + i as i64)
        );
    }
    let report = db.verify(true).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
}

#[test]
fn a_space_that_was_filled_takes_the_place_of_that_of_the_texts() {
    for packed in [false, true] {
        let place = SimPlace::new(Plan::new(None), None);
        let mut db = filled(&place, 300);
        for model in 1..4 {
            while step(&db, model, 70) > 0 {
                let next = next_space(&collection(&db)).unwrap().unwrap();
                let left = pending_count(&collection(&db), NEXT).unwrap();
                assert_eq!(next.records + left, 300);
                let shown = db.stats().unwrap().collections["c"].spaces.len();
                assert_eq!(shown, 1);
                // As after a crash, another handle goes on.
                db = open(&place);
                if packed {
                    db.checkpoint().unwrap();
                }
            }
            switch(&db);
            assert_is_of(&db, model, 300);
            assert_is_of(&open(&place), model, 300);
        }
        assert!(db.stats().unwrap().dead_bytes > 0);
        let before = db.optimize().unwrap();
        assert_is_of(&db, 3, 300);
        assert_eq!(db.stats().unwrap().dead_bytes, 0);
        assert!(before.bytes_after < before.bytes_before);
        let fresh_place = SimPlace::new(Plan::new(None), None);
        let fresh = filled(&fresh_place, 0);
        put(&fresh, 0..300, Some(3));
        let fresh = fresh.optimize().unwrap().bytes_after;
        assert!(
            before.bytes_after <= fresh + 4096,
            "{before:?}, fresh {fresh}"
        );
    }
}

#[test]
fn what_others_write_meanwhile_is_embedded_again() {
    let place = SimPlace::new(Plan::new(None), None);
    let db = filled(&place, 50);
    assert_eq!(step(&db, 1, 40), 40);
    db.checkpoint().unwrap();
    assert_eq!(step(&db, 1, 40), 10);
    let left = || pending_count(&collection(&db), NEXT).unwrap();
    assert_eq!(left(), 0);
    // Replaced, by the old model and by none; and new.
    put(&db, 3..5, Some(0));
    put(&db, 7..8, None);
    put(&db, 50..52, Some(0));
    assert_eq!(left(), 5);
    let update = |id: &str, change: RecordUpdate<'_>| {
        let mut tx = db.begin().unwrap();
        tx.update("c", id, change).unwrap();
        tx.commit().unwrap();
    };
    // The text as it is, and metadata, keep what was prepared; another text does not.
    let text = |text: &str| RecordUpdate {
        text: Some(Some(text.to_owned())),
        ..RecordUpdate::default()
    };
    update("r9", text("text number 9"));
    let metadata = Value::Map(vec![("n".into(), Value::Int(-1))]);
    let metadata = RecordUpdate {
        metadata: Some(metadata),
        ..RecordUpdate::default()
    };
    update("r10", metadata);
    assert_eq!(left(), 5);
    update("r11", text("text number 111"));
    let without = RecordUpdate {
        drop_vectors: vec![TEXT.to_owned()],
        ..RecordUpdate::default()
    };
    update("r12", without);
    assert_eq!(left(), 7);
    // Those with an embedding of their own, and no text or none that was embedded, are not.
    let own = NewVector {
        space: "v",
        identity: None,
        embedding: vector(1, 1),
    };
    let mut tx = db.begin().unwrap();
    for (id, text, vectors) in [("own", Some("mine"), vec![own]), ("bare", None, vec![])] {
        let record = NewRecord {
            id,
            text: text.map(str::to_owned),
            metadata: Value::Map(vec![]),
            vectors,
            times_us: None,
        };
        tx.put("c", record).unwrap();
    }
    tx.commit().unwrap();
    assert_eq!(left(), 7);
    db.checkpoint().unwrap();
    assert_eq!(left(), 7);
    let skip = HashSet::from(["r7".to_owned(), "r51".to_owned()]);
    assert_eq!(
        pending(&collection(&db), NEXT, 100, &skip).unwrap().len(),
        5
    );
    assert_eq!(step(&db, 1, 100), 7);
    switch(&db);
    let c = collection(&db);
    let text = c.space(TEXT).unwrap();
    let of = |id: &str| c.get(id, true).unwrap().unwrap();
    assert_eq!(of("r11").embedding(text), Some(&vector(111, 1)));
    assert_eq!(of("r7").embedding(text), Some(&vector(7, 1)));
    assert_eq!(of("own").vectors, [(c.space("v").unwrap(), vector(1, 1))]);
    assert_eq!(of("bare").vectors, []);
}

#[test]
fn an_embedding_of_another_text_is_not_stored() {
    let place = SimPlace::new(Plan::new(None), None);
    let db = filled(&place, 3);
    step(&db, 1, 1);
    let mut tx = db.begin().unwrap();
    let rows = [
        ("r1", "text number 1"),
        ("r2", "an older text"),
        ("gone", "x"),
    ];
    let rows = rows.map(|(id, text)| (id.to_owned(), text.to_owned(), vector(1, 1)));
    let set = tx.set_embeddings("c", NEXT, Some("m1"), rows.to_vec());
    assert_eq!(set.unwrap(), 1);
    let other = tx.set_embeddings("c", NEXT, Some("m2"), rows.to_vec());
    assert_eq!(other.unwrap_err().code(), Code::EmbedderMismatch);
    let narrow = vec![(
        "r1".to_owned(),
        "text number 1".to_owned(),
        Embedding::Dense(vec![1.0]),
    )];
    let narrow = tx.set_embeddings("c", NEXT, Some("m1"), narrow);
    assert_eq!(narrow.unwrap_err().code(), Code::InputDimension);
}

#[test]
fn long_texts_come_a_few_at_a_time() {
    let place = SimPlace::new(Plan::new(None), None);
    let db = filled(&place, 0);
    for i in 0..40 {
        let mut tx = db.begin().unwrap();
        let record = NewRecord {
            id: &format!("long{i}"),
            text: Some("x ".repeat(400_000)),
            metadata: Value::Map(vec![]),
            vectors: vec![],
            times_us: None,
        };
        tx.put("c", record).unwrap();
        tx.commit().unwrap();
    }
    let found = || pending(&collection(&db), NEXT, 1_000, &HashSet::new()).unwrap();
    assert_eq!(pending_count(&collection(&db), NEXT).unwrap(), 40);
    // 16 MiB are 21 of them; those of a segment come together.
    assert!((21..40).contains(&found().len()));
    db.optimize().unwrap();
    assert!((21..=40).contains(&found().len()));
}

#[test]
fn another_model_begins_anew_and_the_name_is_reserved() {
    let place = SimPlace::new(Plan::new(None), None);
    let db = filled(&place, 30);
    step(&db, 1, 20);
    db.checkpoint().unwrap();
    let mut tx = db.begin().unwrap();
    let space = |identity| Space::dense(NEXT, WIDTH, Some(identity));
    assert!(tx.begin_next("c", space("m1")).unwrap());
    assert!(!tx.begin_next("c", space("m2")).unwrap());
    tx.commit().unwrap();
    assert_eq!(pending_count(&collection(&db), NEXT).unwrap(), 30);
    let mut tx = db.begin().unwrap();
    assert!(tx.drop_next("c").unwrap());
    assert!(!tx.drop_next("c").unwrap());
    assert_eq!(
        tx.switch_next("c").unwrap_err().code(),
        Code::EmbedderMismatch
    );
    let declared = tx.add_space("c", space("m1"));
    assert_eq!(declared.unwrap_err().code(), Code::InputInvalid);
    let named = NewRecord {
        id: "x",
        text: None,
        metadata: Value::Map(vec![]),
        vectors: vec![NewVector {
            space: NEXT,
            identity: None,
            embedding: vector(1, 1),
        }],
        times_us: None,
    };
    assert_eq!(tx.put("c", named).unwrap_err().code(), Code::InputInvalid);
    tx.commit().unwrap();
    assert_is_of(&db, 0, 30);
}

#[test]
fn snapshots_and_commits_of_before_keep_what_they_had() {
    let place = SimPlace::new(Plan::new(None), None);
    let db = filled(&place, 40);
    db.create_snapshot("before").unwrap();
    let commit = db.latest().unwrap().commit;
    while step(&db, 1, 15) > 0 {}
    let last = db.latest().unwrap().commit;
    switch(&db);
    let old = |state: &engram_core::state::State| {
        let c = state.collection("c").unwrap();
        let index = c.space(TEXT).unwrap();
        let identity = c.spaces[usize::from(index)].identity.clone();
        assert_eq!(identity.as_deref(), Some("m0"));
        for i in 0..40 {
            let record = c.get(&format!("r{i}"), true).unwrap().unwrap();
            assert_eq!(record.embedding(index), Some(&vector(i, 0)));
        }
    };
    old(&db.at_snapshot("before").unwrap());
    old(&db.at_commit(commit).unwrap());
    old(&db.at_commit(last).unwrap());
    db.optimize().unwrap();
    old(&db.at_snapshot("before").unwrap());
    assert_is_of(&db, 1, 40);
    db.restore_snapshot("before").unwrap();
    old(&db.latest().unwrap());
    while step(&db, 2, 25) > 0 {}
    switch(&db);
    assert_is_of(&db, 2, 40);
}

#[test]
fn doctor_and_backup_bring_along_what_is_there_and_nothing_given_up() {
    let place = SimPlace::new(Plan::new(None), None);
    let db = filled(&place, 60);
    while step(&db, 1, 25) > 0 {}
    switch(&db);
    step(&db, 2, 30);
    drop(db);
    let dir = tempfile::tempdir().unwrap();
    let [path, copy] = ["a.engram", "b.engram"].map(|name| dir.path().join(name));
    std::fs::write(&path, place.bytes()).unwrap();
    let options = DoctorOptions {
        dry_run: false,
        rebuild: true,
        vacuum: false,
        lock_timeout: Duration::from_secs(9),
    };
    let report = doctor(&path, options).unwrap();
    assert!(
        report.problems.is_empty() && report.dropped.is_empty(),
        "{report:?}"
    );
    let db = Database::open(&path, OpenOptions::default()).unwrap();
    assert_eq!(db.stats().unwrap().dead_bytes, 0);
    db.backup(&copy).unwrap();
    let db = Database::open(&copy, OpenOptions::default()).unwrap();
    assert_eq!(next_space(&collection(&db)).unwrap().unwrap().records, 30);
    step(&db, 2, 100);
    switch(&db);
    assert_is_of(&db, 2, 60);
}

#[test]
fn room_of_what_was_given_up_comes_back_while_others_write() {
    let place = SimPlace::new(Plan::new(None), None);
    let db = filled(&place, 2_000);
    while step(&db, 1, 500) > 0 {}
    switch(&db);
    let dead = db.stats().unwrap().dead_bytes;
    for round in 0..40 {
        put(&db, round * 50..round * 50 + 50, Some(1));
        db.checkpoint().unwrap();
    }
    assert!(db.stats().unwrap().dead_bytes < dead / 2);
    assert_is_of(&db, 1, 2_000);
}

#[test]
fn an_operation_on_a_space_that_is_not_there_is_damage() {
    let place = SimPlace::new(Plan::new(None), None);
    let db = filled(&place, 3);
    let mut state = (*db.latest().unwrap()).clone();
    let id = collection(&db).id;
    let name = |space: u16, name: &str| Op::NameSpace {
        collection: id,
        space,
        name: name.to_owned(),
    };
    let mut w = Writer::new();
    name(0, "x").encode(&mut w);
    assert_eq!(
        Op::decode(&mut Reader::new(&w.bytes)).unwrap(),
        name(0, "x")
    );
    for end in 0..w.bytes.len() {
        assert!(Op::decode(&mut Reader::new(&w.bytes[..end])).is_err());
    }
    assert_eq!(
        state.apply(name(1, "x")).unwrap_err().code(),
        Code::CorruptLog
    );
    state.apply(name(0, "")).unwrap();
    assert_eq!(
        state.apply(name(0, "x")).unwrap_err().code(),
        Code::CorruptLog
    );
    let c = state.collection("c").unwrap();
    let mut record = c.get("r1", true).unwrap().unwrap();
    assert_eq!(record.vectors, []);
    record.vectors.push((0, vector(1, 0)));
    let put = Op::Put {
        collection: id,
        record,
    };
    assert_eq!(state.apply(put).unwrap_err().code(), Code::CorruptLog);
}
