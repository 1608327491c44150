//! A filter against one record.
//!
//! Owns: the meaning of each test, as the header of `filter` states it. Invariant: no allocation,
//! so that a scan over all records costs what it reads. The independent oracle is in `tests`.

use super::{Filter, Path, Test, compare_literals};
use crate::value::Value;
use std::cmp::Ordering;

impl Filter {
    /// Whether a record passes; `field` gives its outermost fields by name.
    ///
    /// Built-in fields such as `_id` are fields like others here: `field` answers for them.
    pub fn matches<'a>(&self, field: &dyn Fn(&str) -> Option<&'a Value>) -> bool {
        match self {
            Filter::Leaf {
                path,
                test,
                negated,
            } => matches_leaf(path, test, *negated, field),
            Filter::And(parts) => parts.iter().all(|part| part.matches(field)),
            Filter::Or(parts) => parts.iter().any(|part| part.matches(field)),
            Filter::Not(inner) => !inner.matches(field),
        }
    }
}

fn matches_leaf<'a>(
    path: &Path,
    test: &Test,
    negated: bool,
    field: &dyn Fn(&str) -> Option<&'a Value>,
) -> bool {
    let Some((root, rest)) = path.0.split_first() else {
        return false;
    };
    let Some(value) = field(root) else {
        return false;
    };
    let any = |accepts: &dyn Fn(&Value) -> bool| any_reached(value, rest, accepts);
    let passes = any(&|v| test.accepts(v));
    match negated {
        true => !passes && any(&|_| true),
        false => passes,
    }
}

impl Test {
    /// Whether one reached value passes.
    pub fn accepts(&self, value: &Value) -> bool {
        use Ordering::{Equal, Greater, Less};
        let is = |v: &Value, x: &Value, wanted: &[Ordering]| {
            is_orderable(v) && compare_literals(v, x).is_some_and(|o| wanted.contains(&o))
        };
        let ordered =
            |x: &Value, wanted: &[Ordering]| value_or_element(value, &|v| is(v, x, wanted));
        let text = |accepts: &dyn Fn(&str) -> bool| {
            value_or_element(value, &|v| matches!(v, Value::Str(text) if accepts(text)))
        };
        match self {
            Test::Exists => true,
            Test::Equal(x) => value_or_element(value, &|v| equal(v, x)),
            Test::In(set) => value_or_element(value, &|v| set.contains(v)),
            Test::Less(x) => ordered(x, &[Less]),
            Test::LessEqual(x) => ordered(x, &[Less, Equal]),
            Test::Greater(x) => ordered(x, &[Greater]),
            Test::GreaterEqual(x) => ordered(x, &[Greater, Equal]),
            Test::Between(low, high) => value_or_element(value, &|v| {
                is(v, low, &[Greater, Equal]) && is(v, high, &[Less, Equal])
            }),
            Test::StartsWith(start) => text(&|t| t.starts_with(start.as_str())),
            Test::Like(like) => text(&|t| like.matches(t)),
            Test::Contains(x) => match (value, x) {
                (Value::List(elements), _) => elements.iter().any(|element| equal(element, x)),
                (Value::Str(text), Value::Str(part)) => text.contains(part.as_str()),
                _ => false,
            },
        }
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    compare_literals(a, b) == Some(Ordering::Equal)
}

fn is_orderable(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_) | Value::Str(_))
}

/// Whether the value itself or, of a list, some element is accepted.
pub(crate) fn value_or_element(value: &Value, accepts: &dyn Fn(&Value) -> bool) -> bool {
    match value {
        Value::List(elements) => elements.iter().any(accepts),
        other => accepts(other),
    }
}

/// Whether some value at `parts` below `value` is accepted; lists on the way mean each element.
pub(crate) fn any_reached(
    value: &Value,
    parts: &[String],
    accepts: &dyn Fn(&Value) -> bool,
) -> bool {
    let Some((part, rest)) = parts.split_first() else {
        return accepts(value);
    };
    match value {
        Value::Map(_) => value
            .get(part)
            .is_some_and(|inner| any_reached(inner, rest, accepts)),
        Value::List(elements) => elements
            .iter()
            .any(|element| any_reached(element, parts, accepts)),
        _ => false,
    }
}
