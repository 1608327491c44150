//! Counts of values: how many of the chosen records have which value at a path.
//!
//! Owns: the sums over segments and memory. A record counts once for each distinct value that it has, by
//! itself or in a list; maps and lists in lists are no values. Equal numbers are one value, whatever
//! their type. Exact.

use super::{Mask, fields};
use crate::bitset::{Allowed, Bitset};
use crate::error::{Code, Error, Result};
use crate::index::column::{self, compare_values, equal_values};
use crate::index::filter::{BUILT_IN_FIELDS, Path, iso_time};
use crate::segment::{PathColumn, Segment};
use crate::state::Collection;
use crate::value::Value;
use roaring::RoaringBitmap;

/// The values at one path.
#[derive(Clone, Debug, PartialEq)]
pub struct Facet {
    /// The most frequent values and how many records have each; of equally frequent ones in the order
    /// null, false, true, numbers, strings.
    pub values: Vec<(Value, u64)>,
    /// How many distinct values there are.
    pub distinct: u64,
}

/// Counts the values at each of `paths` among the records that a mask lets through; the `limit` most
/// frequent of each come back.
///
/// Errors: `filter.unknown_field` for a path that no record has, unless `ignore_missing`;
/// `input.invalid` for `_id` and `_text`.
pub fn facets(
    c: &Collection,
    mask: &Mask,
    paths: &[Path],
    limit: usize,
    ignore_missing: bool,
) -> Result<Vec<Facet>> {
    let one = |path: &Path| {
        if matches!(path.root(), "_id" | "_text") {
            let message = format!("field {:?} has another value in each record", path.root());
            return Err(Error::new(Code::InputInvalid, message)
                .hint("count the values of a metadata field, or of _created and _updated"));
        }
        if !ignore_missing {
            fields::check_path(c, path)?;
        }
        let mut counts = Counts::default();
        for (i, view) in c.segments.iter().enumerate() {
            counts.add_segment(&view.segment, mask.segment(i), path)?;
        }
        for entry in mask.memory() {
            let r = &entry.record;
            counts.add_record(&r.metadata, r.created_us, r.updated_us, path);
        }
        Ok(counts.finish(limit))
    };
    paths.iter().map(one).collect()
}

/// Values and how many records have each, in any order and perhaps in several pieces.
#[derive(Default)]
struct Counts(Vec<(Value, u64)>);

impl Counts {
    fn add(&mut self, value: Value, records: u64) {
        self.0.push((value, records));
    }

    fn add_segment(&mut self, segment: &Segment, allowed: &Allowed, path: &Path) -> Result<()> {
        let full;
        let wanted = match allowed {
            Allowed::Some(set) => set,
            Allowed::All => {
                full = Bitset::full(segment.records());
                &full
            }
        };
        if wanted.is_empty() {
            return Ok(());
        }
        match segment.column(&column::name(&path.0))? {
            PathColumn::Absent => Ok(()),
            PathColumn::Column(column) if column.is_exact() => {
                segment.ok(column.count_values(wanted.words(), |value, n| self.add(value, n)))
            }
            PathColumn::Column(_) | PathColumn::Unknown => {
                let wanted: RoaringBitmap = wanted.iter().collect();
                segment.each_meta(&wanted, |_, meta| {
                    self.add_record(&meta.metadata, meta.created_us, meta.updated_us, path);
                })
            }
        }
    }

    fn add_record(&mut self, metadata: &Value, created_us: i64, updated_us: i64, path: &Path) {
        let mut values = Vec::new();
        match path.0.as_slice() {
            [name] if name == "_created" => values.push(Value::Str(iso_time(created_us))),
            [name] if name == "_updated" => values.push(Value::Str(iso_time(updated_us))),
            [root, ..] if BUILT_IN_FIELDS.contains(&root.as_str()) => {}
            parts => reach(metadata, parts, &mut values),
        }
        values.sort_by(compare_values);
        values.dedup_by(|b, a| equal_values(a, b));
        values.into_iter().for_each(|value| self.add(value, 1));
    }

    fn finish(self, limit: usize) -> Facet {
        let mut values = self.0;
        // Each segment gives its values in order, and the sort merges such runs.
        values.sort_by(|a, b| compare_values(&a.0, &b.0));
        values.dedup_by(|next, kept| {
            let same = equal_values(&kept.0, &next.0);
            kept.1 += if same { next.1 } else { 0 };
            same
        });
        let distinct = values.len() as u64;
        // The sort keeps the order of values among equally frequent ones.
        values.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        values.truncate(limit);
        Facet { values, distinct }
    }
}

/// The scalars at `parts` below `value`, and those in lists there.
fn reach(value: &Value, parts: &[String], out: &mut Vec<Value>) {
    let scalar = |v: &Value| match v {
        Value::List(_) | Value::Map(_) | Value::Bytes(_) => false,
        Value::Float(x) => !x.is_nan(),
        _ => true,
    };
    match (parts.split_first(), value) {
        (None, Value::List(items)) => out.extend(items.iter().filter(|v| scalar(v)).cloned()),
        (None, other) if scalar(other) => out.push(other.clone()),
        (Some((part, rest)), Value::Map(_)) => {
            if let Some(inner) = value.get(part) {
                reach(inner, rest, out);
            }
        }
        (Some(_), Value::List(items)) => items.iter().for_each(|item| reach(item, parts, out)),
        _ => {}
    }
}
