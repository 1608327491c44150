//! Laws of columns: they answer as the evaluation of each record does.

use super::*;
use crate::index::filter::generators::{record, scalar, test};
use crate::index::filter::{Filter, Path, Test};
use crate::value::Value;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn part(records: &[Value]) -> Vec<u8> {
    let mut writer = ColumnsWriter::new();
    for (i, metadata) in records.iter().enumerate() {
        writer.add(metadata, i % 3 != 0, 1_000_000 * i as i64, 0);
    }
    writer.finish()
}

/// The column of a path, if it has one.
fn column<'a>(part: &'a [u8], path: &[String], records: usize) -> Option<Column<'a>> {
    let dir_len = length(&part[..HEAD_BYTES as usize]).unwrap() as usize;
    let directory = Directory::decode(&part[..dir_len]).unwrap();
    match directory.find(&name(path)).unwrap() {
        Found::At(range) => {
            let bytes = &part[dir_len + range.start as usize..dir_len + range.end as usize];
            Some(Column::decode(bytes, records as u32).unwrap())
        }
        Found::Absent => None,
        Found::NoColumn => panic!("a small segment has a column for each path"),
    }
}

fn ordinals(acc: &[u64]) -> Vec<usize> {
    let all = 0..acc.len() * 64;
    all.filter(|o| acc[o / 64] >> (o % 64) & 1 == 1).collect()
}

fn passing(records: &[Value], path: &[String], test: &Test, negated: bool) -> Vec<usize> {
    let leaf = Filter::Leaf {
        path: Path(path.to_vec()),
        test: test.clone(),
        negated,
    };
    let passes = |r: &Value| leaf.matches(&|field| r.get(field));
    let all = 0..records.len();
    all.filter(|i| passes(&records[*i])).collect()
}

fn full(records: usize) -> Vec<u64> {
    let mut words = vec![u64::MAX; records.div_ceil(64)];
    if let (Some(last), 1..) = (words.last_mut(), records % 64) {
        *last = (1 << (records % 64)) - 1;
    }
    words
}

/// Compares the answer of a column, and what it promises, with that of the records.
fn check(records: &[Value], part: &[u8], path: &[String], test: &Test) {
    let Some(column) = column(part, path, records.len()) else {
        assert!(passing(records, path, &Test::Exists, false).is_empty());
        return;
    };
    let wanted = column.accept(test).unwrap();
    for negated in [false, true] {
        let expected = passing(records, path, test, negated);
        let mut acc = full(records.len());
        column.keep(&wanted, negated, &mut acc).unwrap();
        if wanted.is_exact() {
            assert_eq!(ordinals(&acc), expected, "{path:?} {test:?} {negated}");
            assert!(negated || !wanted.is_nothing() || expected.is_empty());
        } else if !negated {
            let kept = ordinals(&acc);
            assert!(
                expected.iter().all(|o| kept.contains(o)),
                "{path:?} {test:?}"
            );
        }
        let mut present = full(records.len());
        column.keep_present(&mut present).unwrap();
        assert_eq!(
            ordinals(&present),
            passing(records, path, &Test::Exists, false)
        );
        assert!(column.estimate(&wanted, negated) as usize <= records.len());
    }
}

/// Every value at a path and how many records have it, by what filters take for equal.
fn counts(records: &[Value], path: &[String]) -> Vec<(Value, u64)> {
    let values: Vec<Value> = records.iter().flat_map(|r| reached(r, path)).collect();
    let mut distinct: Vec<Value> = Vec::new();
    for value in values {
        if !distinct.iter().any(|v| order::equal(v, &value)) {
            distinct.push(value);
        }
    }
    let mut out: Vec<(Value, u64)> = distinct
        .into_iter()
        .map(|v| {
            let n = passing(records, path, &Test::Equal(v.clone()), false).len();
            (v, n as u64)
        })
        .collect();
    out.sort_by(|a, b| order::compare(&a.0, &b.0));
    out
}

fn reached(value: &Value, path: &[String]) -> Vec<Value> {
    match (path.split_first(), value) {
        (None, Value::Map(_) | Value::Bytes(_)) => Vec::new(),
        (None, Value::List(items)) => {
            let scalars = items
                .iter()
                .filter(|v| !matches!(v, Value::List(_) | Value::Map(_) | Value::Bytes(_)));
            scalars.cloned().collect()
        }
        (None, scalar) => vec![scalar.clone()],
        (Some((part, rest)), Value::Map(_)) => value
            .get(part)
            .map_or(Vec::new(), |inner| reached(inner, rest)),
        (Some(_), Value::List(items)) => {
            items.iter().flat_map(|item| reached(item, path)).collect()
        }
        _ => Vec::new(),
    }
}

fn paths() -> Vec<Vec<String>> {
    let names = ["a", "b", "c d"];
    let one = |a: &str| vec![a.to_owned()];
    let two = names
        .iter()
        .flat_map(|a| names.map(|b| vec![(*a).to_owned(), b.to_owned()]));
    names.iter().map(|a| one(a)).chain(two).collect()
}

/// Metadata as people have it: flat, each field of one type, some missing.
fn plain_record() -> impl Strategy<Value = Value> {
    let text = |s: &'static str| s.prop_map(Value::Str);
    let field = |name: &'static str, value: BoxedStrategy<Value>| {
        proptest::option::of(value).prop_map(move |v| v.map(|v| (name.to_owned(), v)))
    };
    let tags = prop::collection::vec(text("t[0-4]"), 0..4).prop_map(Value::List);
    (
        field("a", (0i64..2000).prop_map(Value::Int).boxed()),
        field("b", prop_oneof![text("[a-c]{0,2}"), tags].boxed()),
        field(
            "c d",
            any::<i32>()
                .prop_map(|x| Value::Float(f64::from(x) / 8.0))
                .boxed(),
        ),
    )
        .prop_map(|(a, b, c)| Value::Map([a, b, c].into_iter().flatten().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn columns_answer_as_the_records_do(records in prop::collection::vec(record(), 1..12),
                                        tests in prop::collection::vec(test(), 1..12)) {
        let part = part(&records);
        for path in paths() {
            tests.iter().for_each(|test| check(&records, &part, &path, test));
        }
    }

    #[test]
    fn plain_columns_answer_as_the_records_do(records in prop::collection::vec(plain_record(), 1..700),
                                              tests in prop::collection::vec(test(), 1..6),
                                              bound in 0i64..2000, of in any::<prop::sample::Index>()) {
        let part = part(&records);
        let known = of.get(&records).get("a").cloned().unwrap_or(Value::Null);
        let own = [Test::Less(Value::Int(bound)), Test::Equal(known),
                   Test::Between(Value::Int(bound), Value::Int(bound + 90))];
        for path in paths().into_iter().take(3) {
            tests.iter().chain(&own).for_each(|test| check(&records, &part, &path, test));
        }
    }

    #[test]
    fn values_are_counted(records in prop::collection::vec(prop_oneof![record(), plain_record()], 1..40)) {
        let part = part(&records);
        for path in paths() {
            let mut found = Vec::new();
            if let Some(column) = column(&part, &path, records.len()) {
                prop_assert!(column.is_exact());
                column.count_values(&full(records.len()), |v, n| found.push((v, n))).unwrap();
            }
            let wanted = counts(&records, &path);
            prop_assert_eq!(found.len(), wanted.len());
            for (found, wanted) in found.iter().zip(&wanted) {
                prop_assert!(order::equal(&found.0, &wanted.0) && found.1 == wanted.1, "{:?} {:?}", found, wanted);
            }
        }
    }

    #[test]
    fn long_strings_are_hashed_and_still_found(
        texts in prop::collection::vec("[a-z]{40,90}", 200..300), probe in "[a-z]{40,90}", other in scalar(),
    ) {
        let field = |v: Value| Value::Map(vec![("a".to_owned(), v)]);
        let mut records: Vec<Value> = texts.iter().map(|t| field(Value::Str(t.clone()))).collect();
        records.push(field(Value::List(vec![other.clone(), Value::Str(texts[0].clone())])));
        records.push(Value::Map(Vec::new()));
        let part = part(&records);
        let path = ["a".to_owned()];
        prop_assert!(!column(&part, &path, records.len()).unwrap().is_exact());
        for text in [&texts[0], &texts[7], &probe] {
            check(&records, &part, &path, &Test::Equal(Value::Str(text.clone())));
            check(&records, &part, &path, &Test::Less(Value::Str(text.clone())));
            check(&records, &part, &path, &Test::StartsWith(text[..2].to_owned()));
            check(&records, &part, &path, &Test::Contains(Value::Str(text[..2].to_owned())));
        }
        check(&records, &part, &path, &Test::Equal(other));
        check(&records, &part, &path, &Test::Exists);
    }

    #[test]
    fn hostile_columns_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), records in 1u32..200,
                                   test in test()) {
        look_at(&bytes, records, &test);
        if let Ok(directory) = Directory::decode(&bytes) {
            let _ = directory.find(b"\x01a");
            let _ = directory.paths();
        }
    }

    #[test]
    fn damaged_columns_never_panic(records in prop::collection::vec(plain_record(), 1..80),
                                   at in any::<prop::sample::Index>(), flip in 1u8..=255, test in test()) {
        let mut part = part(&records);
        let dir_len = length(&part[..8]).unwrap() as usize;
        let i = at.index(part.len());
        part[i] ^= flip;
        let n = records.len() as u32;
        if let Ok(directory) = Directory::decode(part.get(..dir_len).unwrap_or_default()) {
            for path in paths() {
                if let Ok(Found::At(range)) = directory.find(&name(&path)) {
                    let range = dir_len + range.start as usize..dir_len + range.end as usize;
                    look_at(part.get(range).unwrap_or_default(), n, &test);
                }
            }
            let _ = directory.paths();
        }
    }
}

fn look_at(bytes: &[u8], records: u32, test: &Test) {
    let Ok(column) = Column::decode(bytes, records) else {
        return;
    };
    let mut acc = full(records as usize);
    if let Ok(wanted) = column.accept(test) {
        let _ = column.estimate(&wanted, false);
        let _ = column.keep(&wanted, false, &mut acc);
        let _ = column.keep(&wanted, true, &mut acc);
    }
    let _ = column.keep_present(&mut acc);
    let _ = column.count_values(&full(records as usize), |_, _| {});
}

#[test]
fn built_in_fields_hide_metadata_of_the_same_name() {
    let hidden = |name: &str| (name.to_owned(), Value::Int(1));
    let records = vec![Value::Map(vec![hidden("_created"), hidden("_id"), hidden("a")]); 5];
    let part = part(&records);
    let directory = Directory::decode(&part).unwrap();
    let paths = directory.paths().unwrap();
    assert_eq!(
        paths,
        [vec!["a"], vec!["_text"], vec!["_created"], vec!["_updated"]]
    );
    let created = column(&part, &["_created".to_owned()], 5).unwrap();
    let second = Value::Str("1970-01-01T00:00:02".to_owned());
    for (test, wanted) in [
        (Test::GreaterEqual(second.clone()), vec![2, 3, 4]),
        (Test::Less(second), vec![0, 1]),
        (Test::StartsWith("1970-01-01T00:00:03".to_owned()), vec![3]),
        (Test::Contains(Value::Str(":04".to_owned())), vec![4]),
    ] {
        let mut acc = full(5);
        column_keep(&created, &test, &mut acc);
        assert_eq!(ordinals(&acc), wanted, "{test:?}");
    }
    let mut texts = full(5);
    column_keep(
        &column(&part, &["_text".to_owned()], 5).unwrap(),
        &Test::Exists,
        &mut texts,
    );
    assert_eq!(ordinals(&texts), [1, 2, 4]);
}

fn column_keep(column: &Column<'_>, test: &Test, acc: &mut [u64]) {
    let wanted = column.accept(test).unwrap();
    column.keep(&wanted, false, acc).unwrap();
}

#[test]
fn paths_beyond_the_limit_have_no_column() {
    let wide = |from: usize| {
        let fields = from..from + 3000;
        Value::Map(fields.map(|i| (format!("f{i}"), Value::Null)).collect())
    };
    let part = part(&[wide(0), wide(3000)]);
    let dir_len = length(&part[..8]).unwrap() as usize;
    let directory = Directory::decode(&part[..dir_len]).unwrap();
    assert!(directory.is_partial());
    let found: BTreeMap<bool, usize> = (0..6000).fold(BTreeMap::new(), |mut all, i| {
        let found = directory.find(&name(&[format!("f{i}")])).unwrap();
        *all.entry(found == Found::NoColumn).or_default() += 1;
        all
    });
    // The built-in fields of the first record are among the columns.
    assert_eq!(found[&false], MAX_COLUMNS - 3);
    let built_in = directory.find(&name(&["_updated".to_owned()])).unwrap();
    assert!(matches!(built_in, Found::At(_)));
}

#[test]
fn the_same_records_give_the_same_bytes() {
    let record = |i: i64| {
        let text = |s: String| Value::Str(s);
        let tags = (0..i % 4).map(|t| text(format!("tag {t}"))).collect();
        Value::Map(vec![
            ("year".to_owned(), Value::Int(1900 + i % 90)),
            ("tags".to_owned(), Value::List(tags)),
            (
                "title".to_owned(),
                text(format!("the title of number {i}, which is long")),
            ),
        ])
    };
    let records: Vec<Value> = (0..500).map(record).collect();
    assert_eq!(part(&records), part(&records));
}
