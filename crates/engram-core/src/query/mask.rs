//! Which live records pass a filter.

use super::Doc;
use crate::bitset::{Allowed, Bitset};
use crate::error::{Code, Error, Result};
use crate::index::filter::{Filter, Path, iso_time, suggest};
use crate::segment::{Meta, collect_paths};
use crate::state::{Collection, Entry};
use crate::value::Value;
use roaring::RoaringBitmap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Fields that every record has, beside its metadata. Times are ISO 8601 in UTC, so that they
/// compare as text.
pub const BUILT_IN_FIELDS: [&str; 4] = ["_id", "_text", "_created", "_updated"];

/// The records that pass.
pub struct Mask {
    /// How many of them lie in segments.
    in_segments: u64,
    /// Ordinals by segment.
    pub(super) segments: Vec<Allowed>,
    /// Records in memory, by id.
    pub(super) memory: Vec<Arc<Entry>>,
}

/// Built-in fields of the record that is looked at, as far as the filter names them.
#[derive(Default)]
struct BuiltIn {
    id: Option<Value>,
    text: Option<Value>,
    created: Option<Value>,
    updated: Option<Value>,
}

impl BuiltIn {
    fn get(&self, name: &str) -> Option<&Value> {
        match name {
            "_id" => self.id.as_ref(),
            "_text" => self.text.as_ref(),
            "_created" => self.created.as_ref(),
            "_updated" => self.updated.as_ref(),
            _ => None,
        }
    }
}

fn passes(filter: &Filter, metadata: &Value, built_in: &BuiltIn) -> bool {
    filter.matches(&|name| match BUILT_IN_FIELDS.contains(&name) {
        true => built_in.get(name),
        false => metadata.get(name),
    })
}

impl Mask {
    /// Every live record that passes; all of them without a filter.
    pub fn new(c: &Collection, filter: Option<&Filter>) -> Result<Mask> {
        let mut mask = Mask {
            in_segments: 0,
            segments: Vec::with_capacity(c.segments.len()),
            memory: Vec::new(),
        };
        for view in &c.segments {
            let allowed = match filter {
                Some(filter) => filter_segment(filter, &view.segment, &view.live_ordinals())?,
                None => view.alive(),
            };
            mask.in_segments += u64::from(allowed.count(view.segment.records()));
            mask.segments.push(allowed);
        }
        let names = filter.map(roots).unwrap_or_default();
        for entry in c.memory.values() {
            let r = &entry.record;
            let keep = filter.is_none_or(|filter| {
                let wants = |name: &str| names.contains(name);
                let built_in = BuiltIn {
                    id: wants("_id").then(|| Value::Str(r.id.clone())),
                    text: r.text.clone().filter(|_| wants("_text")).map(Value::Str),
                    created: wants("_created").then(|| Value::Str(iso_time(r.created_us))),
                    updated: wants("_updated").then(|| Value::Str(iso_time(r.updated_us))),
                };
                passes(filter, &r.metadata, &built_in)
            });
            if keep {
                mask.memory.push(entry.clone());
            }
        }
        Ok(mask)
    }

    /// How many records pass.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.memory.len() as u64 + self.in_segments
    }

    /// Whether no record passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What passes in one segment.
    #[must_use]
    pub fn segment(&self, segment: usize) -> &Allowed {
        &self.segments[segment]
    }

    /// Records in memory that pass, by id.
    #[must_use]
    pub fn memory(&self) -> &[Arc<Entry>] {
        &self.memory
    }

    /// The ids of all that pass, segments first.
    pub fn ids(&self, c: &Collection) -> Result<Vec<String>> {
        let mut out = Vec::with_capacity(self.len() as usize);
        for (view, allowed) in c.segments.iter().zip(&self.segments) {
            for ordinal in allowed.ordinals_from(0, view.segment.records()) {
                out.push(view.segment.record_id(ordinal)?.to_owned());
            }
        }
        out.extend(self.memory.iter().map(|e| e.record.id.clone()));
        Ok(out)
    }

    pub(super) fn entry(&self, index: u32) -> &Arc<Entry> {
        &self.memory[index as usize]
    }

    pub(super) fn id<'a>(&'a self, c: &'a Collection, doc: Doc) -> Result<&'a str> {
        match c.segments.get(doc.part as usize) {
            Some(view) => view.segment.record_id(doc.ordinal),
            None => Ok(&self.entry(doc.ordinal).record.id),
        }
    }
}

fn roots(filter: &Filter) -> BTreeSet<&str> {
    filter.paths().into_iter().map(Path::root).collect()
}

fn filter_segment(
    filter: &Filter,
    segment: &crate::segment::Segment,
    live: &RoaringBitmap,
) -> Result<Allowed> {
    let names = roots(filter);
    let wants = |name: &str| names.contains(name);
    let mut ids = Vec::new();
    if wants("_id") {
        for ordinal in live {
            ids.push(segment.record_id(ordinal)?);
        }
    }
    let mut texts = Vec::new();
    if wants("_text") {
        segment.each_text(live, |_, text| texts.push(text.map(str::to_owned)))?;
    }
    let (mut ids, mut texts) = (ids.into_iter(), texts.into_iter());
    let mut passing = Vec::new();
    segment.each_meta(live, |ordinal, meta: Meta| {
        let built_in = BuiltIn {
            id: ids.next().map(|id| Value::Str(id.to_owned())),
            text: texts.next().flatten().map(Value::Str),
            created: wants("_created").then(|| Value::Str(iso_time(meta.created_us))),
            updated: wants("_updated").then(|| Value::Str(iso_time(meta.updated_us))),
        };
        if passes(filter, &meta.metadata, &built_in) {
            passing.push(ordinal);
        }
    })?;
    let records = segment.records();
    Ok(Allowed::Some(Bitset::from_ordinals(passing, records)))
}

/// Refuses a field that no record of the collection has. A field of a record that was deleted or
/// replaced still counts as known until its segment is rewritten.
pub(super) fn check_fields(c: &Collection, filter: &Filter) -> Result<()> {
    if c.live() == 0 {
        return Ok(());
    }
    let mut unknown: Vec<String> = filter
        .paths()
        .into_iter()
        .filter(|p| !BUILT_IN_FIELDS.contains(&p.root()))
        .map(|p| p.0.join("."))
        .collect();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for view in &c.segments {
        known.extend(view.segment.fields()?.into_iter().map(str::to_owned));
    }
    unknown.retain(|name| !known.contains(name));
    if unknown.is_empty() {
        return Ok(());
    }
    for entry in c.memory.values() {
        collect_paths(&entry.record.metadata, &mut String::new(), &mut known);
    }
    unknown.retain(|name| !known.contains(name));
    let Some(name) = unknown.first() else {
        return Ok(());
    };
    let message = format!("no record of collection {:?} has a field {name:?}", c.name);
    let error = Error::new(Code::FilterUnknownField, message).detail("field", name);
    let near = suggest(name, known.iter().map(String::as_str));
    Err(match near.is_empty() {
        false => error.hint(format!(
            "did you mean {}? (missing=\"ignore\" turns this off)",
            near.join(" or ")
        )),
        true => {
            let some: Vec<&str> = known.iter().take(12).map(String::as_str).collect();
            let fields = if some.is_empty() {
                "none".to_owned()
            } else {
                some.join(", ")
            };
            error.hint(format!(
                "known fields: {fields} (missing=\"ignore\" turns this off)"
            ))
        }
    })
}
