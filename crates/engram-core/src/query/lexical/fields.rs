//! Words in metadata: the `field:word` conditions of a text query.
//!
//! Owns: their meaning. A record meets one if a scalar at the path, by itself or in a list there, has the
//! words once it is taken apart as texts are. Columns answer by their distinct values; where a column does
//! not hold all of them, the records are asked.

use super::plan::{Part, Place};
use crate::error::Result;
use crate::index::column;
use crate::index::text::{Analyzer, Condition, TermCounts};
use crate::segment::{PathColumn, Segment};
use crate::state::{SegmentView, TextsView};
use crate::value::Value;
use roaring::RoaringBitmap;

/// The live documents of a part that meet the condition on a field.
pub(super) fn docs(
    part: &Part<'_>,
    path: &[String],
    inner: &Condition,
    analyzer: &Analyzer,
) -> Result<Vec<u32>> {
    let holds = |value: &Value| has_words(value, inner, analyzer);
    match &part.place {
        Place::Segment(view, _) => in_segment(view, path, &holds),
        Place::Memory(view) => Ok(in_memory(view, path, &holds)),
    }
}

fn has_words(value: &Value, inner: &Condition, analyzer: &Analyzer) -> bool {
    let has = |text: &str| inner.frequency(&TermCounts::new(text, analyzer)) > 0;
    match value {
        Value::Str(text) => has(text),
        Value::Int(number) => has(&number.to_string()),
        Value::Float(number) => has(&number.to_string()),
        Value::Bool(truth) => has(if *truth { "true" } else { "false" }),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Bytes(_) => false,
    }
}

/// Whether any scalar at the path meets it.
fn is_met(metadata: &Value, path: &[String], holds: &dyn Fn(&Value) -> bool) -> bool {
    match (metadata, path.split_first()) {
        (Value::List(items), _) => items.iter().any(|item| is_met(item, path, holds)),
        (Value::Map(_), Some((name, rest))) => {
            let inner = metadata.get(name);
            inner.is_some_and(|inner| is_met(inner, rest, holds))
        }
        (scalar, None) => holds(scalar),
        (_, Some(_)) => false,
    }
}

fn in_segment(
    view: &SegmentView,
    path: &[String],
    holds: &dyn Fn(&Value) -> bool,
) -> Result<Vec<u32>> {
    let segment: &Segment = &view.segment;
    let live = match segment.column(&column::name(path))? {
        PathColumn::Absent => return Ok(Vec::new()),
        PathColumn::Unknown => view.live_ordinals(),
        PathColumn::Column(column) => {
            let mut words = vec![u64::MAX; segment.records().div_ceil(64) as usize];
            let wanted = segment.ok(column.accept_values(holds))?;
            segment.ok(column.keep(&wanted, false, &mut words))?;
            let left = ones(&words).filter(|o| *o < segment.records() && !view.dead.contains(*o));
            if wanted.is_exact() {
                return Ok(left.collect());
            }
            left.collect::<RoaringBitmap>()
        }
    };
    let mut found = Vec::new();
    segment.each_meta(&live, |ordinal, meta| {
        if is_met(&meta.metadata, path, holds) {
            found.push(ordinal);
        }
    })?;
    Ok(found)
}

fn ones(words: &[u64]) -> impl Iterator<Item = u32> {
    words.iter().zip(0u32..).flat_map(|(word, number)| {
        let bits = (0..64).filter(move |bit| word >> bit & 1 == 1);
        bits.map(move |bit| number * 64 + bit)
    })
}

fn in_memory(view: &TextsView, path: &[String], holds: &dyn Fn(&Value) -> bool) -> Vec<u32> {
    let slots = view.slots();
    let is_met = |slot: &u32| {
        let entry = slots.entry(*slot);
        entry.is_some_and(|entry| is_met(&entry.record.metadata, path, holds))
    };
    (0..view.count())
        .filter(|slot| view.is_alive(*slot))
        .filter(is_met)
        .collect()
}
