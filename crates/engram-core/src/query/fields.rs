//! Which fields a collection has.
//!
//! Owns: the errors about a field that no record has, and about one that has nothing but bytes where a
//! filter compares. A field of a record that was deleted or replaced
//! still counts as known until its segment is rewritten.

use crate::error::{Code, Error, Result};
use crate::index::column;
use crate::index::filter::{
    BUILT_IN_FIELDS, Filter, Path, Test, any_reached, suggest, value_or_element,
};
use crate::segment::PathColumn;
use crate::state::Collection;
use crate::value::Value;
use std::collections::BTreeSet;

/// Names that a hint lists where none is near.
const LISTED: usize = 12;

/// Refuses a filter with a field that no record of the collection has.
pub(super) fn check(c: &Collection, filter: &Filter) -> Result<()> {
    if c.live() == 0 {
        return Ok(());
    }
    match filter {
        Filter::Leaf { path, .. } => check_path(c, path),
        Filter::And(parts) | Filter::Or(parts) => parts.iter().try_for_each(|part| check(c, part)),
        Filter::Not(inner) => check(c, inner),
    }
}

/// Refuses a field that no record of the collection has.
pub(super) fn check_path(c: &Collection, path: &Path) -> Result<()> {
    match is_built_in(path) || has_path(c, path)? {
        true => Ok(()),
        false => Err(unknown(c, &path.0.join("."))?),
    }
}

/// Whether a field is one that every record has.
pub(super) fn is_built_in(path: &Path) -> bool {
    BUILT_IN_FIELDS.contains(&path.root())
}

/// Whether the metadata of any record has a path.
pub(super) fn has_path(c: &Collection, path: &Path) -> Result<bool> {
    let name = column::name(&path.0);
    // New segments stand last, and are the likelier to have what is asked for.
    for view in c.segments.iter().rev() {
        if view.segment.may_have(&name)? {
            return Ok(true);
        }
    }
    let exists = Filter::Leaf {
        path: path.clone(),
        test: Test::Exists,
        negated: false,
    };
    let has = |metadata: &Value| exists.matches(&|field| metadata.get(field));
    Ok(c.memory.values().any(|entry| has(&entry.record.metadata)))
}

/// Refuses a test of a field of which all that could be compared is bytes: it would hold of no record.
pub(super) fn check_comparable(c: &Collection, filter: &Filter) -> Result<()> {
    match filter {
        Filter::Leaf {
            test: Test::Exists | Test::Equal(Value::Null),
            ..
        } => Ok(()),
        Filter::Leaf { path, .. } if is_built_in(path) || !is_only_bytes(c, path)? => Ok(()),
        Filter::Leaf { path, .. } => {
            let message = format!("the field \"{path}\" holds bytes, which no filter compares");
            Err(Error::new(Code::InputInvalid, message)
                .detail("field", path)
                .hint("ask whether it EXISTS or IS NULL, and compare a field beside it"))
        }
        Filter::And(parts) | Filter::Or(parts) => {
            parts.iter().try_for_each(|part| check_comparable(c, part))
        }
        Filter::Not(inner) => check_comparable(c, inner),
    }
}

/// Whether records have bytes at a path, and none has a number, a string or a truth value there.
fn is_only_bytes(c: &Collection, path: &Path) -> Result<bool> {
    let name = column::name(&path.0);
    let mut bytes = false;
    for view in c.segments.iter().rev() {
        match view.segment.column(&name)? {
            PathColumn::Absent => {}
            PathColumn::Column(column) if !column.is_comparable() => bytes |= column.has_bytes(),
            PathColumn::Column(_) | PathColumn::Unknown => return Ok(false),
        }
    }
    let Some((root, rest)) = path.0.split_first() else {
        return Ok(false);
    };
    let in_memory = |wanted: fn(&Value) -> bool| {
        let has = |value| any_reached(value, rest, &|v| value_or_element(v, &wanted));
        let mut entries = c.memory.values();
        entries.any(|entry| entry.record.metadata.get(root).is_some_and(has))
    };
    let is_scalar = |v: &Value| {
        matches!(
            v,
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_)
        )
    };
    Ok((bytes || in_memory(|v| matches!(v, Value::Bytes(_)))) && !in_memory(is_scalar))
}

/// The error about a field, with the nearest of those that there are.
fn unknown(c: &Collection, name: &str) -> Result<Error> {
    let mut known: BTreeSet<String> = BTreeSet::new();
    for view in &c.segments {
        known.extend(view.segment.fields()?);
    }
    for entry in c.memory.values() {
        collect(&entry.record.metadata, &mut String::new(), &mut known);
    }
    known.retain(|name| !BUILT_IN_FIELDS.contains(&name.as_str()));
    let message = format!("no record of collection {:?} has a field {name:?}", c.name);
    let error = Error::new(Code::FilterUnknownField, message).detail("field", name);
    let near = suggest(name, known.iter().map(String::as_str));
    if !near.is_empty() {
        let near = near.join(" or ");
        return Ok(error.hint(format!(
            "did you mean {near}? (missing=\"ignore\" turns this off)"
        )));
    }
    let some: Vec<&str> = known.iter().take(LISTED).map(String::as_str).collect();
    let fields = match some.is_empty() {
        true => "none".to_owned(),
        false => some.join(", "),
    };
    Ok(error.hint(format!(
        "known fields: {fields} (missing=\"ignore\" turns this off)"
    )))
}

/// Every dotted path of a metadata value, lists looked through.
fn collect(value: &Value, prefix: &mut String, out: &mut BTreeSet<String>) {
    match value {
        Value::Map(entries) => {
            for (key, inner) in entries {
                let mark = prefix.len();
                if mark > 0 {
                    prefix.push('.');
                }
                prefix.push_str(key);
                if !out.contains(prefix.as_str()) {
                    out.insert(prefix.clone());
                }
                collect(inner, prefix, out);
                prefix.truncate(mark);
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, prefix, out)),
        _ => {}
    }
}
