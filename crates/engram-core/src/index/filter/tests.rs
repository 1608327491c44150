//! Laws of the filter language, against an oracle that flattens everything into vectors.

use super::generators::{filter, near_part, record, scalar};
use super::*;
use crate::error::{Code, Error};
use crate::value::Value;
use proptest::prelude::*;

fn text(s: &str) -> Value {
    Value::Str(s.to_owned())
}

fn map(entries: &[(&str, Value)]) -> Value {
    Value::Map(
        entries
            .iter()
            .map(|(k, v)| ((*k).to_owned(), v.clone()))
            .collect(),
    )
}

fn matches(filter: &str, record: &Value) -> bool {
    parse(filter).unwrap().matches(&|name| record.get(name))
}

fn offset_of(error: &Error) -> usize {
    error
        .details()
        .iter()
        .find(|(key, _)| *key == "offset")
        .unwrap()
        .1
        .parse()
        .unwrap()
}

#[test]
fn canonical_text_of_every_form() {
    for (input, canonical) in [
        ("a=1", "a = 1"),
        ("a == 1.0", "a = 1.0"),
        ("a != 'x'", "a != \"x\""),
        ("a>1 && b<=2 || !c=true", "a > 1 AND b <= 2 OR NOT c = true"),
        ("(a=1 or b=2) and c=3", "(a = 1 OR b = 2) AND c = 3"),
        ("a=1 or (b=2 and c=3)", "a = 1 OR b = 2 AND c = 3"),
        ("not (a=1 and b=2)", "NOT (a = 1 AND b = 2)"),
        ("not not a exists", "NOT NOT EXISTS a"),
        ("exists a.b.c", "EXISTS a.b.c"),
        ("a is null", "a IS NULL"),
        ("a = null", "a IS NULL"),
        ("a Is Not Null", "a IS NOT NULL"),
        ("a in (3, 'x', 1, 1.0, null)", "a IN [null, 1, 3, \"x\"]"),
        ("a not in []", "a NOT IN []"),
        (
            "a between 1 and 2.5 and b=1",
            "a BETWEEN 1 AND 2.5 AND b = 1",
        ),
        ("a not between 'x' and 'y'", "a NOT BETWEEN \"x\" AND \"y\""),
        (
            "a like 'x%' or a not like '_'",
            "a LIKE \"x%\" OR a NOT LIKE \"_\"",
        ),
        ("a not contains 1", "a NOT CONTAINS 1"),
        ("a not startswith 'x'", "a NOT STARTSWITH \"x\""),
        ("a not exists", "NOT EXISTS a"),
        (
            "a contains any [1, 'x']",
            "a CONTAINS 1 OR a CONTAINS \"x\"",
        ),
        (
            "not a contains all (1, 2)",
            "NOT (a CONTAINS 1 AND a CONTAINS 2)",
        ),
        (
            "a not contains any [1, 2]",
            "a NOT CONTAINS 1 AND a NOT CONTAINS 2",
        ),
        (
            "a not contains all [1, 2]",
            "a NOT CONTAINS 1 OR a NOT CONTAINS 2",
        ),
        ("a contains any [1]", "a CONTAINS 1"),
        ("a contains any []", "a IN []"),
        ("a not contains any []", "a NOT IN []"),
        ("a contains all []", "EXISTS a"),
        ("a not contains all []", "a IN []"),
        (
            "like = 1 and any = 2 and between.now = 3",
            "like = 1 AND any = 2 AND between.now = 3",
        ),
        (
            "a contains 'it''s \\u00e9 \\ud83d\\ude00 \\x41'",
            "a CONTAINS \"it's \u{e9} \u{1f600} A\"",
        ),
        (
            "a startswith \"say \"\"hi\"\"\"",
            "a STARTSWITH \"say \\\"hi\\\"\"",
        ),
        (
            "`first name`.`a``b`.in = -5",
            "`first name`.`a``b`.`in` = -5",
        ),
        ("content-type = 1e3", "content-type = 1000.0"),
        (
            "_id = \"x\" and _created > -9223372036854775808",
            "_id = \"x\" AND _created > -9223372036854775808",
        ),
        ("\u{915}\u{94d}\u{937} = 1", "\u{915}\u{94d}\u{937} = 1"),
    ] {
        assert_eq!(parse(input).unwrap().to_string(), canonical, "{input}");
    }
}

#[test]
fn syntax_errors_say_where_and_how_to_mend_it() {
    for (input, offset, expected) in [
        ("", 0, "expected a field"),
        ("year >", 6, "expected a value, found the end"),
        ("city = Paris", 7, "expected a value, found `Paris`"),
        ("year 2020", 5, "expected an operator"),
        ("year = 2020 lang = 1", 12, "expected AND, OR or the end"),
        ("(year = 2020", 12, "expected AND, OR or `)`"),
        ("a = 'x", 4, "a quote without its partner"),
        ("`a = 1", 0, "a back quote without its partner"),
        ("a = 'C:\\data'", 7, "an unknown escape"),
        ("day >= 2024-01-31", 7, "this is no number"),
        ("a = 9223372036854775808", 4, "out of range"),
        ("a = 1e999", 4, "out of range"),
        ("a > true", 4, "expected a number or a string, found `true`"),
        ("a STARTSWITH 3", 13, "expected a string, found a number"),
        ("a IN 3", 5, "expected `[`"),
        ("a IN [1 2]", 8, "expected `,` or `]`"),
        ("a NOT = 3", 6, "expected IN, BETWEEN"),
        ("a LIKE 3", 7, "expected a string, found a number"),
        ("a BETWEEN 1 OR 2", 12, "expected AND"),
        (
            "a BETWEEN 1 AND 'x'",
            16,
            "expected a value of the same type",
        ),
        ("a BETWEEN null AND 2", 10, "expected a number or a string"),
        ("a CONTAINS ALL 3", 15, "expected `[`"),
        ("a > NOW", 7, "expected `()`"),
        ("a > NOW() - 7", 13, "expected seconds, minutes"),
        ("a > NOW() - x", 12, "expected a whole number"),
        ("a > - 5", 4, "expected a value"),
        ("a IS 3", 5, "expected NULL"),
        ("a = \u{201c}x\u{201d}", 4, "has no meaning"),
        ("and = 3", 0, "expected a field"),
        ("a. = 3", 3, "expected a field"),
    ] {
        let error = parse(input).unwrap_err();
        assert_eq!(error.code(), Code::FilterSyntax, "{input}");
        assert!(
            error.message().contains(expected),
            "{input}: {}",
            error.message()
        );
        assert_eq!(offset_of(&error), offset, "{input}");
        assert!(error.hint_text().is_some(), "{input}");
    }
    let error = parse("city = Paris").unwrap_err();
    assert_eq!(error.hint_text(), Some("quote strings: \"Paris\""));
}

#[test]
fn now_is_the_time_of_parsing() {
    let at = 1_709_251_199_999_999;
    for (moment, text) in [
        ("NOW()", "2024-02-29T23:59:59.999999Z"),
        ("now() - 7 days", "2024-02-22T23:59:59.999999Z"),
        ("now() -7 Days", "2024-02-22T23:59:59.999999Z"),
        ("now()+1 second", "2024-03-01T00:00:00.999999Z"),
        ("now() - 90 minutes", "2024-02-29T22:29:59.999999Z"),
        ("now() - -2 hours", "2024-03-01T01:59:59.999999Z"),
        ("TODAY()", "2024-02-29"),
        ("today() - 8 weeks", "2024-01-04"),
    ] {
        let filter = parse_at(&format!("_created >= {moment}"), &|| at).unwrap();
        assert_eq!(filter.to_string(), format!("_created >= \"{text}\""));
        assert!(parse_at(&format!("a in [{moment}, 1] and b = 2"), &|| at).is_ok());
    }
    let far = parse_at("a = now() + 9223372036854775807 weeks", &|| at).unwrap();
    assert_eq!(far.to_string(), "a = \"38504-08-17T21:30:06.846976Z\"");
}

#[test]
fn limits_hold_at_the_limit_and_fail_beyond_it() {
    let nested = |n: usize| format!("{}a = 1{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(&nested(MAX_FILTER_DEPTH)).is_ok());
    assert_eq!(
        parse(&nested(MAX_FILTER_DEPTH + 1)).unwrap_err().code(),
        Code::InputLimit
    );
    assert!(parse(&format!("{}a = 1", "NOT ".repeat(MAX_FILTER_DEPTH))).is_ok());
    assert_eq!(
        parse(&"!".repeat(100_000)).unwrap_err().code(),
        Code::InputLimit
    );
    let list = |n: usize| format!("a IN [{}1]", "1,".repeat(n - 1));
    assert!(parse(&list(MAX_FILTER_NODES - 1)).is_ok());
    assert_eq!(
        parse(&list(MAX_FILTER_NODES)).unwrap_err().code(),
        Code::InputLimit
    );
    let padded = |n: usize| format!("a = 1{}", " ".repeat(n - 5));
    assert!(parse(&padded(MAX_FILTER_BYTES)).is_ok());
    assert_eq!(
        parse(&padded(MAX_FILTER_BYTES + 1)).unwrap_err().code(),
        Code::InputLimit
    );
}

#[test]
fn a_missing_field_matches_no_test() {
    let record = map(&[
        ("a", map(&[("b", Value::Int(1))])),
        ("empty", Value::List(vec![])),
    ]);
    for test in [
        "= 1",
        "!= 1",
        "< 1",
        ">= 1",
        "CONTAINS 1",
        "STARTSWITH \"\"",
        "IN [1]",
        "NOT IN [1]",
        "IS NULL",
        "IS NOT NULL",
        "EXISTS",
    ] {
        for path in ["x", "a.x", "a.b.x", "empty.x"] {
            assert!(
                !matches(&format!("{path} {test}"), &record),
                "{path} {test}"
            );
            assert!(
                matches(&format!("NOT {path} {test}"), &record),
                "NOT {path} {test}"
            );
        }
    }
}

#[test]
fn lists_are_searched_and_maps_in_lists_are_entered() {
    let author = |name: &str| map(&[("name", text(name))]);
    let record = map(&[
        (
            "tags",
            Value::List(vec![text("red"), text("reddish"), Value::Int(7)]),
        ),
        ("by", Value::List(vec![author("Ada"), author("Bob")])),
        ("title", text("the red one")),
        ("none", Value::List(vec![])),
        ("void", Value::Null),
    ]);
    for (filter, wanted) in [
        ("tags = \"red\"", true),
        ("tags = \"re\"", false),
        ("tags != \"red\"", false),
        ("tags != \"blue\"", true),
        ("tags CONTAINS \"red\"", true),
        ("tags CONTAINS \"re\"", false),
        ("title CONTAINS \"re\"", true),
        ("title CONTAINS 7", false),
        ("tags > 6.5", true),
        ("tags STARTSWITH \"reddi\"", true),
        ("tags NOT IN [\"red\", 9]", false),
        ("by.name = \"Bob\"", true),
        ("by.name != \"Bob\"", false),
        ("by.name IN (\"Cid\", \"Ada\")", true),
        ("by EXISTS AND none EXISTS AND void EXISTS", true),
        ("none = 1", false),
        ("none != 1", true),
        ("void IS NULL AND void = null AND void IN [null]", true),
        ("void != 3", true),
        ("title IS NOT NULL", true),
        ("title > 3", false),
    ] {
        assert_eq!(matches(filter, &record), wanted, "{filter}");
    }
}

#[test]
fn numbers_compare_by_exact_value() {
    let record = map(&[
        ("n", Value::Int(9_007_199_254_740_993)),
        ("max", Value::Int(i64::MAX)),
    ]);
    for (filter, wanted) in [
        ("n = 9007199254740992.0", false),
        ("n > 9007199254740992.0", true),
        ("n = 9007199254740993", true),
        ("n IN [9007199254740992.0, 9007199254740994.0]", false),
        ("max < 9223372036854775808.0", true),
        ("max = 9223372036854775808.0", false),
        ("max > 1e18", true),
        ("max > -1e300", true),
        ("n = true", false),
    ] {
        assert_eq!(matches(filter, &record), wanted, "{filter}");
    }
    assert!(matches(
        "t = true AND NOT t = 1 AND t != 1",
        &map(&[("t", Value::Bool(true))])
    ));
    assert!(matches(
        "z = 0 AND z = 0.0 AND z >= 0 AND z > -0.5",
        &map(&[("z", Value::Float(-0.0))])
    ));
}

#[test]
fn paths_come_once_and_sorted() {
    let filter = parse("b.c = 1 AND (a = 2 OR NOT b.c = 3)").unwrap();
    let paths: Vec<String> = filter.paths().iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["a", "b.c"]);
    assert_eq!(filter.paths()[1].root(), "b");
}

#[test]
fn suggestions_are_the_nearest_names() {
    let known = [
        "year",
        "author",
        "authors",
        "title",
        "lang",
        "yaer_of_birth",
    ];
    let near = |name: &str| suggest(name, known.iter().copied());
    assert_eq!(near("yaer"), ["year"]);
    assert_eq!(near("Author"), ["author", "authors"]);
    assert_eq!(near("titel"), ["title"]);
    assert_eq!(near("unrelated"), Vec::<String>::new());
    assert_eq!(near(&"x".repeat(5000)), Vec::<String>::new());
}

/// Every value at `path`, lists on the way opened.
fn oracle_reach(value: &Value, path: &[String]) -> Vec<Value> {
    match (path.first(), value) {
        (None, _) => vec![value.clone()],
        (Some(key), Value::Map(entries)) => entries
            .iter()
            .filter(|(k, _)| k == key)
            .flat_map(|(_, v)| oracle_reach(v, &path[1..]))
            .collect(),
        (Some(_), Value::List(items)) => items.iter().flat_map(|v| oracle_reach(v, path)).collect(),
        _ => vec![],
    }
}

/// A sign, or none where the two cannot be compared; integers by way of 128-bit arithmetic.
fn oracle_compare(a: &Value, b: &Value) -> Option<i32> {
    let sign = |o: std::cmp::Ordering| o as i32;
    match (a, b) {
        (Value::Null, Value::Null) => Some(0),
        (Value::Bool(x), Value::Bool(y)) => Some(i32::from(*x) - i32::from(*y)),
        (Value::Str(x), Value::Str(y)) => Some(sign(
            x.chars().collect::<Vec<_>>().cmp(&y.chars().collect()),
        )),
        (Value::Int(x), Value::Int(y)) => Some(sign(x.cmp(y))),
        (Value::Float(x), Value::Float(y)) => x.partial_cmp(y).map(sign),
        (Value::Float(_), Value::Int(_)) => oracle_compare(b, a).map(|s| -s),
        (Value::Int(x), Value::Float(y)) => {
            let (floor, x) = (y.floor(), i128::from(*x));
            // `as i128` saturates, far beyond every i64.
            Some(match x.cmp(&(floor as i128)) {
                std::cmp::Ordering::Equal if *y > floor => -1,
                other => sign(other),
            })
        }
        _ => None,
    }
}

fn oracle(filter: &Filter, record: &Value) -> bool {
    let (path, test) = match filter {
        Filter::And(parts) => return !parts.iter().any(|part| !oracle(part, record)),
        Filter::Or(parts) => return parts.iter().filter(|part| oracle(part, record)).count() > 0,
        Filter::Not(inner) => return !oracle(inner, record),
        Filter::Leaf {
            path,
            test,
            negated: true,
        } => {
            let there = !oracle_reach(record, &path.0).is_empty();
            let positive = Filter::Leaf {
                path: path.clone(),
                test: test.clone(),
                negated: false,
            };
            return there && !oracle(&positive, record);
        }
        Filter::Leaf { path, test, .. } => (path, test),
    };
    let reached = oracle_reach(record, &path.0);
    let flat: Vec<Value> = reached
        .iter()
        .flat_map(|v| {
            if let Value::List(items) = v {
                items.clone()
            } else {
                vec![v.clone()]
            }
        })
        .collect();
    let equals = |x: &Value| flat.iter().any(|v| oracle_compare(v, x) == Some(0));
    let ordered = |x: &Value, signs: &[i32]| {
        let has_order = |v: &Value| !matches!(v, Value::Null | Value::Bool(_));
        flat.iter()
            .any(|v| has_order(v) && oracle_compare(v, x).is_some_and(|s| signs.contains(&s)))
    };
    match test {
        Test::Exists => !reached.is_empty(),
        Test::Equal(x) => equals(x),
        Test::In(set) => set.values().iter().any(equals),
        Test::Less(x) => ordered(x, &[-1]),
        Test::LessEqual(x) => ordered(x, &[-1, 0]),
        Test::Greater(x) => ordered(x, &[1]),
        Test::GreaterEqual(x) => ordered(x, &[1, 0]),
        Test::Between(low, high) => flat.iter().any(|v| {
            !matches!(v, Value::Null | Value::Bool(_))
                && oracle_compare(v, low).is_some_and(|s| s >= 0)
                && oracle_compare(v, high).is_some_and(|s| s <= 0)
        }),
        Test::Like(like) => flat
            .iter()
            .any(|v| matches!(v, Value::Str(s) if like.matches(s))),
        Test::StartsWith(start) => flat
            .iter()
            .any(|v| matches!(v, Value::Str(s) if s.find(start.as_str()) == Some(0))),
        Test::Contains(x) => reached.iter().any(|v| match (v, x) {
            (Value::List(items), x) => items.iter().any(|i| oracle_compare(i, x) == Some(0)),
            (Value::Str(s), Value::Str(part)) => s.find(part.as_str()).is_some(),
            _ => false,
        }),
    }
}

fn odd_part() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[`a-z_. -]{0,4}", Just("In".to_owned())]
}

proptest! {
    #[test]
    fn printed_filters_parse_back(filter in filter(odd_part())) {
        let printed = filter.to_string();
        prop_assert_eq!(parse(&printed).map_err(|e| format!("{printed}: {e}")), Ok(filter));
    }

    #[test]
    fn matching_agrees_with_the_oracle(filter in filter(near_part()), record in record()) {
        let found = filter.matches(&|name| record.get(name));
        prop_assert_eq!(found, oracle(&filter, &record), "{} on {:?}", filter, record);
    }

    #[test]
    fn any_text_parses_or_fails_inside_itself(input in any::<String>()) {
        if let Err(error) = parse(&input) {
            prop_assert!(offset_of(&error) <= input.len());
        }
    }

    #[test]
    fn text_made_of_the_language_never_panics(
        input in "([ab.`'\"\\\\()!=<>&|,0-9e-]| AND | OR | NOT | IN |\\[|\\]| IS | NULL ){0,30}"
    ) {
        let _ = parse(&input);
    }

    #[test]
    fn sets_hold_exactly_what_equals_a_member(values in prop::collection::vec(scalar(), 0..6),
                                              probe in scalar()) {
        let wanted = values.iter().any(|v| oracle_compare(v, &probe) == Some(0));
        prop_assert_eq!(LiteralSet::new(values).contains(&probe), wanted);
    }
}
