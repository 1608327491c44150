//! The order of values in a dictionary, finer than that of filters.
//!
//! Owns: one total order of scalars: null, booleans, numbers by value (of equal ones integers first,
//! then floats by their bits), strings by byte. Invariant: it refines `compare_literals`, so that what a
//! filter takes for equal lies together.

use crate::index::filter::compare_literals;
use crate::value::Value;
use std::cmp::Ordering;

/// Whether a filter takes two values for the same.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    compare_literals(a, b) == Some(Ordering::Equal)
}

/// Compares two scalars; what is no scalar comes last.
pub(crate) fn compare(a: &Value, b: &Value) -> Ordering {
    rank(a)
        .cmp(&rank(b))
        .then_with(|| compare_literals(a, b).unwrap_or(Ordering::Equal))
        .then_with(|| match (a, b) {
            (Value::Int(_), Value::Float(_)) => Ordering::Less,
            (Value::Float(_), Value::Int(_)) => Ordering::Greater,
            (Value::Float(a), Value::Float(b)) => a.to_bits().cmp(&b.to_bits()),
            _ => Ordering::Equal,
        })
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) | Value::Float(_) => 2,
        Value::Str(_) => 3,
        Value::List(_) | Value::Map(_) | Value::Bytes(_) => 4,
    }
}
