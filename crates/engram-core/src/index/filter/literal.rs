//! Order and equality of scalar values.
//!
//! Owns: the one comparison that filters use, and the sorted set behind `IN`. Invariant: integers
//! are never rounded to floats, so `9007199254740993 = 9007199254740992.0` is false.

use crate::value::Value;
use std::cmp::Ordering;

/// Compares two scalars of one type, integers and floats being one type.
///
/// `None` for values of different types, for lists, maps and bytes, and for NaN.
pub fn compare_literals(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Float(b)) => compare_int_float(*a, *b),
        (Value::Float(a), Value::Int(b)) => compare_int_float(*b, *a).map(Ordering::reverse),
        (Value::Str(a), Value::Str(b)) => Some(a.as_str().cmp(b.as_str())),
        _ => None,
    }
}

fn compare_int_float(int: i64, float: f64) -> Option<Ordering> {
    // 2^63 is a float, i64::MAX is not; every float in [-2^63, 2^63) truncates to an exact i64.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        None
    } else if float >= LIMIT {
        Some(Ordering::Less)
    } else if float < -LIMIT {
        Some(Ordering::Greater)
    } else {
        let whole = int.cmp(&(float.trunc() as i64));
        Some(whole.then_with(|| 0.0.partial_cmp(&float.fract()).unwrap_or(Ordering::Equal)))
    }
}

/// Scalars, sorted by type and value, each once: what `IN` looks into.
///
/// Integers and floats of one value are one member, the one given first.
#[derive(Clone, Debug, PartialEq)]
pub struct LiteralSet(Vec<Value>);

impl LiteralSet {
    /// Sorts and deduplicates. Lists, maps, bytes and NaN equal no literal and are left out.
    pub fn new(mut values: Vec<Value>) -> Self {
        values.retain(|value| compare_literals(value, value).is_some());
        values.sort_by(total_order);
        values.dedup_by(|b, a| total_order(a, b) == Ordering::Equal);
        LiteralSet(values)
    }

    /// The members in order.
    pub fn values(&self) -> &[Value] {
        &self.0
    }

    /// Whether some member equals `value`.
    pub fn contains(&self, value: &Value) -> bool {
        compare_literals(value, value).is_some()
            && self
                .0
                .binary_search_by(|member| total_order(member, value))
                .is_ok()
    }
}

fn total_order(a: &Value, b: &Value) -> Ordering {
    type_rank(a)
        .cmp(&type_rank(b))
        .then_with(|| compare_literals(a, b).unwrap_or(Ordering::Equal))
}

fn type_rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) | Value::Float(_) => 2,
        Value::Str(_) => 3,
        Value::List(_) => 4,
        Value::Map(_) => 5,
        Value::Bytes(_) => 6,
    }
}
