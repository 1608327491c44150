//! Random values, records and filters for the tests of everything that judges them.

use super::*;
use crate::value::Value;
use proptest::prelude::*;

pub(crate) fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3i64..4).prop_map(Value::Int),
        any::<i64>().prop_map(Value::Int),
        (-6i32..7).prop_map(|n| Value::Float(f64::from(n) / 2.0)),
        any::<i64>().prop_map(|n| Value::Float(n as f64)),
        any::<f64>()
            .prop_filter("finite", |x| x.is_finite())
            .prop_map(Value::Float),
        "[ab]{0,3}".prop_map(Value::Str),
        any::<String>().prop_map(Value::Str),
    ]
}

fn orderable() -> impl Strategy<Value = Value> {
    scalar().prop_filter("has an order", |v| {
        !matches!(v, Value::Null | Value::Bool(_))
    })
}

pub(crate) fn record() -> impl Strategy<Value = Value> {
    let value = scalar().prop_recursive(3, 16, 4, |inner| {
        let key = prop_oneof![Just("a"), Just("b"), Just("c d")];
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..4).prop_map(Value::Bytes),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::btree_map(key.prop_map(str::to_owned), inner, 0..3)
                .prop_map(|entries| Value::Map(entries.into_iter().collect())),
        ]
    });
    let key = prop_oneof![Just("a"), Just("b"), Just("c d")];
    prop::collection::btree_map(key.prop_map(str::to_owned), value, 0..4)
        .prop_map(|entries| Value::Map(entries.into_iter().collect()))
}

pub(crate) fn test() -> impl Strategy<Value = Test> {
    let set = || prop::collection::vec(scalar(), 0..5).prop_map(LiteralSet::new);
    prop_oneof![
        scalar().prop_map(Test::Equal),
        orderable().prop_map(Test::Less),
        orderable().prop_map(Test::LessEqual),
        orderable().prop_map(Test::Greater),
        orderable().prop_map(Test::GreaterEqual),
        scalar().prop_map(Test::Contains),
        "[ab]{0,2}".prop_map(Test::StartsWith),
        set().prop_map(Test::In),
        (orderable(), orderable())
            .prop_filter("of one type", |(a, b)| compare_literals(a, b).is_some())
            .prop_map(|(a, b)| Test::Between(a, b)),
        "[ab%_]{0,4}".prop_map(|pattern| Test::Like(Like::new(&pattern))),
        Just(Test::Exists),
    ]
}

pub(crate) fn filter(
    part: impl Strategy<Value = String> + 'static,
) -> impl Strategy<Value = Filter> {
    let path = prop::collection::vec(part, 1..4).prop_map(Path);
    let leaf = (path, test(), any::<bool>()).prop_map(|(path, test, negated)| Filter::Leaf {
        path,
        negated: negated
            && matches!(
                test,
                Test::Equal(_)
                    | Test::Between(..)
                    | Test::Contains(_)
                    | Test::StartsWith(_)
                    | Test::Like(_)
                    | Test::In(_)
            ),
        test,
    });
    leaf.prop_recursive(5, 24, 4, |inner| {
        let parts = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            parts.clone().prop_map(Filter::And),
            parts.prop_map(Filter::Or),
            inner.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
}

pub(crate) fn near_part() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("b"), Just("c d")].prop_map(str::to_owned)
}
