//! Laws of masks and facets, against the evaluation of every live record.

use super::*;
use crate::db::{Database, NewRecord, OpenOptions};
use crate::error::Code;
use crate::format::record::Metric;
use crate::index::column::{compare_values, equal_values};
use crate::index::filter::generators::{filter, near_part, record as metadata};
use crate::index::filter::{BUILT_IN_FIELDS, Path, iso_time};
use crate::value::Value;
use proptest::prelude::*;

/// What is done to the collection, in this order.
#[derive(Clone, Debug)]
enum Change {
    Put(String, Option<String>, Value, i64),
    Delete(String),
    Checkpoint,
}

fn change() -> impl Strategy<Value = Change> {
    let id = "[ab]{1,2}";
    let text = proptest::option::of("[ab]{0,3}");
    // A second, a day and some centuries: their texts share ever less.
    let time = prop_oneof![0i64..4_000_000, 0i64..1 << 36, 0i64..1 << 53];
    let put = (id, text, metadata(), time);
    prop_oneof![
        12 => put.prop_map(|(id, text, metadata, time)| Change::Put(id, text, metadata, time)),
        2 => id.prop_map(Change::Delete),
        1 => Just(Change::Checkpoint),
    ]
}

fn database(changes: &[Change]) -> Database {
    let db = Database::memory(OpenOptions::default()).unwrap();
    let mut tx = db.begin().unwrap();
    tx.create_collection("c", Metric::Cosine, "en").unwrap();
    tx.commit().unwrap();
    for change in changes {
        if matches!(change, Change::Checkpoint) {
            db.checkpoint().unwrap();
            continue;
        }
        let mut tx = db.begin().unwrap();
        match change {
            Change::Put(id, text, metadata, time) => {
                let record = NewRecord {
                    id,
                    text: text.clone(),
                    metadata: metadata.clone(),
                    vectors: Vec::new(),
                    times_us: Some((*time, time + 1)),
                };
                tx.put("c", record).unwrap();
            }
            Change::Delete(id) => {
                tx.delete("c", id).unwrap();
            }
            Change::Checkpoint => {}
        }
        tx.commit().unwrap();
    }
    db
}

fn live(c: &Collection) -> Vec<Record> {
    let mut out: Vec<Record> = c.memory.values().map(|e| e.record.clone()).collect();
    for view in &c.segments {
        let records = view.segment.records_of(&view.live_ordinals(), false);
        out.extend(records.unwrap());
    }
    out.sort_by(|a, b| a.id.cmp(&b.id));
    out
}

/// The metadata of a record with its own fields in the place of what they hide.
fn seen(r: &Record) -> Value {
    let mut fields = vec![("_id".to_owned(), Value::Str(r.id.clone()))];
    fields.extend(r.text.clone().map(|t| ("_text".to_owned(), Value::Str(t))));
    fields.push(("_created".to_owned(), Value::Str(iso_time(r.created_us))));
    fields.push(("_updated".to_owned(), Value::Str(iso_time(r.updated_us))));
    if let Value::Map(entries) = &r.metadata {
        let visible = entries
            .iter()
            .filter(|(key, _)| !BUILT_IN_FIELDS.contains(&key.as_str()));
        fields.extend(visible.cloned());
    }
    Value::Map(fields)
}

fn part() -> impl Strategy<Value = String> {
    let built_in = prop::sample::select(&BUILT_IN_FIELDS[..]).prop_map(str::to_owned);
    prop_oneof![3 => near_part(), 1 => built_in]
}

fn sorted_ids(mask: &Mask, c: &Collection) -> Vec<String> {
    let mut ids = mask.ids(c).unwrap();
    ids.sort();
    ids
}

/// Each value at a path of the records and how many have it, by comparing all with all.
fn counted(records: &[Value], path: &Path) -> Vec<(Value, u64)> {
    let holds = |v: &Value, r: &Value| {
        let leaf = Filter::Leaf {
            path: path.clone(),
            test: crate::index::filter::Test::Equal(v.clone()),
            negated: false,
        };
        leaf.matches(&|name| r.get(name))
    };
    let mut out: Vec<(Value, u64)> = Vec::new();
    let mut values = Vec::new();
    records.iter().for_each(|r| scalars(r, &mut values));
    values.sort_by(compare_values);
    values.dedup_by(|b, a| equal_values(a, b));
    for value in values {
        let n = records.iter().filter(|r| holds(&value, r)).count();
        if n > 0 {
            out.push((value, n as u64));
        }
    }
    out.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    out
}

/// Every scalar anywhere in a value.
fn scalars(value: &Value, out: &mut Vec<Value>) {
    match value {
        Value::Map(entries) => entries.iter().for_each(|(_, v)| scalars(v, out)),
        Value::List(items) => items.iter().for_each(|v| scalars(v, out)),
        scalar => out.push(scalar.clone()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_mask_holds_the_live_records_that_pass(
        changes in prop::collection::vec(change(), 1..30),
        filters in prop::collection::vec(filter(part()), 1..12),
    ) {
        let db = database(&changes);
        let state = db.latest().unwrap();
        let c = state.collection("c").unwrap();
        let records = live(c);
        for filter in &filters {
            let passing = records.iter().filter(|r| {
                let fields = seen(r);
                filter.matches(&|name| fields.get(name))
            });
            let expected: Vec<String> = passing.map(|r| r.id.clone()).collect();
            let mask = Mask::new(c, Some(filter)).unwrap();
            prop_assert_eq!(sorted_ids(&mask, c), expected.clone(), "{}", filter);
            prop_assert_eq!(mask.len(), expected.len() as u64);
            let (explained, steps) = Mask::explained(c, filter).unwrap();
            prop_assert_eq!(sorted_ids(&explained, c), expected);
            for step in steps {
                prop_assert!(step.kept <= step.asked, "{:?}", step);
            }
        }
        prop_assert_eq!(Mask::new(c, None).unwrap().len(), records.len() as u64);
        prop_assert!(db.verify(true).unwrap().problems.is_empty());
    }

    #[test]
    fn facets_count_the_records_of_a_mask(
        changes in prop::collection::vec(change(), 1..30), filter in filter(near_part()),
        limit in 0usize..9,
    ) {
        let db = database(&changes);
        let state = db.latest().unwrap();
        let c = state.collection("c").unwrap();
        let mask = Mask::new(c, Some(&filter)).unwrap();
        let chosen = mask.ids(c).unwrap();
        let records: Vec<Value> = live(c).iter().filter(|r| chosen.contains(&r.id)).map(seen).collect();
        let paths: Vec<Path> = [&["a"][..], &["b"], &["a", "b"], &["b", "c d"], &["_created"], &["_updated", "a"]]
            .iter().map(|parts| Path(parts.iter().map(|p| (*p).to_owned()).collect())).collect();
        let found = facets(c, &mask, &paths, limit, true).unwrap();
        for (facet, path) in found.iter().zip(&paths) {
            let mut wanted = counted(&records, path);
            prop_assert_eq!(facet.distinct as usize, wanted.len());
            wanted.truncate(limit);
            prop_assert_eq!(facet.values.len(), wanted.len());
            for (found, wanted) in facet.values.iter().zip(&wanted) {
                prop_assert!(equal_values(&found.0, &wanted.0) && found.1 == wanted.1,
                             "{} {:?} {:?}", path, found, wanted);
            }
        }
    }
}

/// A text that shares little with others.
fn title(i: i64) -> String {
    let hash = |seed: i64| xxhash_rust::xxh3::xxh3_64(&(i + seed).to_le_bytes());
    format!(
        "{:016x}{:016x}{:016x} title {i}",
        hash(0),
        hash(1 << 20),
        hash(1 << 30)
    )
}

/// One segment of `n` records, whose strings are too long for a dictionary.
fn library(n: i64) -> Database {
    let db = Database::memory(OpenOptions::default()).unwrap();
    let mut tx = db.begin().unwrap();
    tx.create_collection("c", Metric::Cosine, "en").unwrap();
    for i in 0..n {
        let fields = [
            ("year", Value::Int(1900 + i % 100)),
            ("title", Value::Str(title(i))),
            ("rare", Value::Null),
        ];
        let fields = fields.into_iter().take(if i % 50 == 0 { 3 } else { 2 });
        let record = NewRecord {
            id: &format!("r{i}"),
            text: (i % 2 == 0).then(|| format!("text {i}")),
            metadata: Value::Map(fields.map(|(k, v)| (k.to_owned(), v)).collect()),
            vectors: Vec::new(),
            times_us: None,
        };
        tx.put("c", record).unwrap();
    }
    tx.commit().unwrap();
    db.checkpoint().unwrap();
    db
}

#[test]
fn each_test_goes_the_cheapest_way() {
    let db = library(600);
    let state = db.latest().unwrap();
    let c = state.collection("c").unwrap();
    for (filter, methods, ids) in [
        ("year = 1911", vec![Method::Column], 6),
        ("year = 2911", vec![Method::Dictionary], 0),
        ("EXISTS rare AND year < 1950", vec![Method::Column; 2], 6),
        (
            &format!("title = '{}' AND year > 1905", title(11)),
            vec![Method::ColumnAndMetadata, Method::Column],
            1,
        ),
        (
            "_text CONTAINS 'text 1' AND title LIKE '%0' AND year = 1910 AND _id LIKE '%0'",
            vec![
                Method::Texts,
                Method::ColumnAndMetadata,
                Method::Column,
                Method::Ids,
            ],
            0,
        ),
        (
            "_id IN ['r1', 'r2', 'nobody'] OR year = 1950",
            vec![Method::IdMap, Method::Column],
            8,
        ),
        (
            "NOT EXISTS _text AND year != 1901",
            vec![Method::Texts, Method::Column],
            294,
        ),
        (
            "year = 2911 AND _text = 'x'",
            vec![Method::Dictionary, Method::NotAsked],
            0,
        ),
        (
            "nothing = 1 OR year IN [1900, 1901]",
            vec![Method::Dictionary, Method::Column],
            12,
        ),
    ] {
        let filter = parse(filter).unwrap();
        let (mask, steps) = Mask::explained(c, &filter).unwrap();
        let found: Vec<Method> = steps.iter().map(|s| s.method).collect();
        assert_eq!(found, methods, "{filter}");
        let records = live(c);
        let passing = records.iter().filter(|r| {
            let fields = seen(r);
            filter.matches(&|name| fields.get(name))
        });
        assert_eq!(mask.len() as usize, passing.count(), "{filter}");
        if ids > 0 {
            assert_eq!(mask.len(), ids, "{filter}");
        }
    }
    // What is dear is asked of what the rest has left.
    let filter = parse("title LIKE '%title 1_' AND year BETWEEN 1910 AND 1911").unwrap();
    let (_, steps) = Mask::explained(c, &filter).unwrap();
    assert_eq!((steps[0].asked, steps[0].kept), (12, 2));
    assert_eq!(
        (steps[1].asked, steps[1].kept, steps[1].estimated),
        (600, 12, 12)
    );
}

#[test]
fn a_title_is_found_by_its_hash() {
    let db = library(600);
    let state = db.latest().unwrap();
    let c = state.collection("c").unwrap();
    for record in live(c).iter().step_by(37) {
        let Some(Value::Str(title)) = record.metadata.get("title") else {
            panic!("every record has a title");
        };
        let equal = parse(&format!("title = '{title}'")).unwrap();
        let (mask, steps) = Mask::explained(c, &equal).unwrap();
        assert_eq!(mask.ids(c).unwrap(), std::slice::from_ref(&record.id));
        assert_eq!(
            (steps[0].method, steps[0].estimated),
            (Method::ColumnAndMetadata, 1)
        );
        let not = parse(&format!("title != '{title}'")).unwrap();
        assert_eq!(Mask::new(c, Some(&not)).unwrap().len(), 599);
    }
}

#[test]
fn unknown_fields_are_refused_with_the_nearest() {
    let db = library(60);
    let state = db.latest().unwrap();
    let c = state.collection("c").unwrap();
    for (filter, hint) in [
        ("yaer = 1", "did you mean year?"),
        ("year = 1 OR NOT titel = 'x'", "did you mean title?"),
        ("`year.y` = 1", "did you mean year?"),
        ("unrelated = 1", "known fields: rare, title, year"),
        ("year.x = 1", "did you mean year?"),
    ] {
        let error = parse_filter(c, filter, false).unwrap_err();
        assert_eq!(error.code(), Code::FilterUnknownField);
        assert!(error.hint_text().unwrap().starts_with(hint), "{error:?}");
        assert!(parse_filter(c, filter, true).is_ok());
    }
    assert!(parse_filter(c, "year = 1 AND _created > 'x' AND _id = 'y'", false).is_ok());
    let mask = Mask::new(c, None).unwrap();
    let path = |name: &str| [Path(vec![name.to_owned()])];
    let unknown = facets(c, &mask, &path("yaer"), 5, false).unwrap_err();
    assert_eq!(unknown.code(), Code::FilterUnknownField);
    let own = facets(c, &mask, &path("_id"), 5, false).unwrap_err();
    assert_eq!(own.code(), Code::InputInvalid);
}
