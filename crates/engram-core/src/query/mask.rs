//! Which live records pass a filter.

use super::Doc;
use super::filter::{Method, Plan, Step};
use super::graph::Within;
use crate::bitset::{Allowed, Bitset};
use crate::error::Result;
use crate::index::filter::{BUILT_IN_FIELDS, Filter, iso_time};
use crate::state::{Collection, Entry, SegmentView};
use crate::value::Value;
use std::sync::Arc;
use std::time::Instant;

/// The records that pass.
pub struct Mask {
    /// How many of them lie in segments.
    in_segments: u64,
    /// Ordinals by segment.
    pub(super) segments: Vec<Allowed>,
    /// Records in memory, by id.
    pub(super) memory: Arc<[Arc<Entry>]>,
}

impl Mask {
    /// Every live record that passes; all of them without a filter.
    pub fn new(c: &Collection, filter: Option<&Filter>) -> Result<Mask> {
        let plan = filter.map(Plan::new);
        let mut mask = Mask::in_segments(c, plan.as_ref(), None)?;
        mask.add_memory(c, filter);
        Ok(mask)
    }

    /// The same with a filter, and what each of its tests did; the last row is that of the whole filter
    /// on the records in memory, if there are any.
    pub fn explained(c: &Collection, filter: &Filter) -> Result<(Mask, Vec<Step>)> {
        let plan = Plan::new(filter);
        let mut steps = plan.steps();
        let mut mask = Mask::in_segments(c, Some(&plan), Some(&mut steps))?;
        if !c.memory.is_empty() {
            let started = Instant::now();
            mask.add_memory(c, Some(filter));
            steps.push(Step {
                predicate: filter.to_string(),
                method: Method::Records,
                estimated: c.memory.len() as u64,
                asked: c.memory.len() as u64,
                kept: mask.memory.len() as u64,
                took: started.elapsed(),
            });
        }
        Ok((mask, steps))
    }

    fn in_segments(
        c: &Collection,
        plan: Option<&Plan<'_>>,
        mut steps: Option<&mut Vec<Step>>,
    ) -> Result<Mask> {
        let mut mask = Mask {
            in_segments: 0,
            segments: Vec::with_capacity(c.segments.len()),
            memory: Arc::default(),
        };
        for view in &c.segments {
            let allowed = match plan {
                Some(plan) => filter_segment(plan, view, steps.as_deref_mut())?,
                None => view.alive(),
            };
            mask.in_segments += u64::from(allowed.count(view.segment.records()));
            mask.segments.push(allowed);
        }
        Ok(mask)
    }

    fn add_memory(&mut self, c: &Collection, filter: Option<&Filter>) {
        let Some(filter) = filter else {
            self.memory = c.listed.of(&c.memory);
            return;
        };
        let paths = filter.paths();
        let wants = |name: &str| paths.iter().any(|path| path.root() == name);
        let wanted = BUILT_IN_FIELDS.map(wants);
        let entries = c.memory.values();
        self.memory = entries
            .filter(|e| passes(filter, e, wanted))
            .cloned()
            .collect();
    }

    /// Drops the records that are not in `within` too.
    pub fn keep(&mut self, within: Within, c: &Collection) {
        let places = self
            .segments
            .iter_mut()
            .zip(within.segments)
            .zip(&c.segments);
        self.in_segments = 0;
        for ((allowed, mut set), view) in places {
            match allowed {
                Allowed::All => *allowed = Allowed::Some(set),
                Allowed::Some(passed) => {
                    set.intersect(passed);
                    *passed = set;
                }
            }
            self.in_segments += u64::from(allowed.count(view.segment.records()));
        }
        // Both are in the order of the ids.
        let mut near = within.memory.iter().peekable();
        let is_near = |entry: &&Arc<Entry>| {
            while near
                .next_if(|other| other.record.id < entry.record.id)
                .is_some()
            {}
            near.peek()
                .is_some_and(|other| other.record.id == entry.record.id)
        };
        self.memory = self.memory.iter().filter(is_near).cloned().collect();
    }

    /// Only some of the records that pass.
    pub(super) fn only(&self, c: &Collection, docs: impl IntoIterator<Item = Doc>) -> Mask {
        let mut by_part: Vec<Vec<u32>> = vec![Vec::new(); c.segments.len() + 1];
        for doc in docs {
            if let Some(ordinals) = by_part.get_mut(doc.part as usize) {
                ordinals.push(doc.ordinal);
            }
        }
        let mut in_memory = by_part.pop().unwrap_or_default();
        in_memory.sort_unstable();
        let memory = in_memory
            .iter()
            .filter_map(|at| self.memory.get(*at as usize));
        let sets = by_part.into_iter().zip(&c.segments);
        Mask {
            memory: memory.cloned().collect(),
            in_segments: 0,
            segments: sets
                .map(|(ordinals, view)| {
                    Allowed::Some(Bitset::from_ordinals(ordinals, view.segment.records()))
                })
                .collect(),
        }
        .counted(c)
    }

    fn counted(mut self, c: &Collection) -> Mask {
        let counts = self.segments.iter().zip(&c.segments);
        let counts = counts.map(|(allowed, view)| allowed.count(view.segment.records()));
        self.in_segments = counts.map(u64::from).sum();
        self
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

/// What a filter lets through of the live records of a segment.
fn filter_segment(
    plan: &Plan<'_>,
    view: &SegmentView,
    steps: Option<&mut Vec<Step>>,
) -> Result<Allowed> {
    let records = view.segment.records();
    let live = view.dead.alive(records);
    let mut acc = match live {
        Some(live) => live.words().to_vec(),
        None => full_words(records),
    };
    plan.keep(&view.segment, &mut acc, steps)?;
    let passing = Bitset::from_words(acc, records);
    Ok(match live.is_none() && passing.is_full() {
        true => Allowed::All,
        false => Allowed::Some(passing),
    })
}

/// Words with a bit for each record.
fn full_words(records: u32) -> Vec<u64> {
    let mut words = vec![u64::MAX; records.div_ceil(64) as usize];
    if let (Some(last), 1..) = (words.last_mut(), records % 64) {
        *last = (1 << (records % 64)) - 1;
    }
    words
}

/// Whether a record in memory passes; `wanted` tells which built-in fields the filter names.
fn passes(filter: &Filter, entry: &Entry, wanted: [bool; 4]) -> bool {
    let r = &entry.record;
    let [id, text, created, updated] = wanted;
    let built_in = [
        id.then(|| Value::Str(r.id.clone())),
        r.text.as_ref().filter(|_| text).cloned().map(Value::Str),
        created.then(|| Value::Str(iso_time(r.created_us))),
        updated.then(|| Value::Str(iso_time(r.updated_us))),
    ];
    filter.matches(
        &|name| match BUILT_IN_FIELDS.iter().position(|field| *field == name) {
            Some(field) => built_in[field].as_ref(),
            None => r.metadata.get(name),
        },
    )
}
