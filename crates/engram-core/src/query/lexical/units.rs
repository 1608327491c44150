//! The documents of what a query is made of, in one part.
//!
//! Owns: finding the live documents of a term, of a group of terms that count as one, and of a phrase,
//! with how often each has it.

use super::fields;
use super::plan::{Part, Place};
use crate::error::Result;
use crate::index::text::{
    Analyzer, Block, Condition, Group, Phrase, TermInfo, TextIndexReader, TextQuery, collect_near,
    phrase_frequency,
};
use crate::state::{SegmentView, TextsView};
use std::collections::BTreeMap;

/// What scores as one term does.
pub(super) enum Kind<'q> {
    Term(&'q str),
    /// The occurrences of its terms count as those of one.
    Group(&'q Group),
    Phrase(&'q Phrase),
}

pub(super) struct Unit<'q> {
    pub(super) kind: Kind<'q>,
    /// How often the query holds it.
    pub(super) times: f32,
}

impl<'q> Unit<'q> {
    /// The term, if it is one; else an empty one.
    pub(super) fn term(&self) -> &'q str {
        match self.kind {
            Kind::Term(term) => term,
            _ => "",
        }
    }
}

/// Live documents, ascending, and how often each has what was looked for.
#[derive(Default)]
pub(super) struct Docs {
    pub(super) ordinals: Vec<u32>,
    pub(super) frequencies: Vec<u32>,
}

impl Docs {
    fn push(&mut self, ordinal: u32, frequency: u32) {
        self.ordinals.push(ordinal);
        self.frequencies.push(frequency);
    }
}

impl Docs {
    /// How often a document has it; nothing if it does not.
    pub(super) fn frequency(&self, ordinal: u32) -> Option<u32> {
        let at = self.ordinals.binary_search(&ordinal).ok()?;
        self.frequencies.get(at).copied()
    }
}

impl FromIterator<(u32, u32)> for Docs {
    fn from_iter<I: IntoIterator<Item = (u32, u32)>>(docs: I) -> Self {
        let (ordinals, frequencies) = docs.into_iter().unzip();
        Docs {
            ordinals,
            frequencies,
        }
    }
}

/// The units of a query, in their order.
pub(super) fn of(query: &TextQuery) -> Vec<Unit<'_>> {
    let terms = query.terms.iter().map(|term| Unit {
        kind: Kind::Term(&term.term),
        times: term.weight,
    });
    let groups = query.groups.iter().map(|group| Unit {
        kind: Kind::Group(group),
        times: 1.0,
    });
    let phrases = query.preferred.iter().map(|phrase| Unit {
        kind: Kind::Phrase(phrase),
        times: 1.0,
    });
    terms.chain(groups).chain(phrases).collect()
}

impl Part<'_> {
    /// The live documents of a unit.
    pub(super) fn docs_of(&self, kind: &Kind<'_>) -> Result<Docs> {
        match (&self.place, kind) {
            (Place::Segment(view, reader), Kind::Term(term)) => {
                let infos: Vec<TermInfo> = reader.lookup(term)?.into_iter().collect();
                terms_in_segment(view, reader, &infos)
            }
            (Place::Segment(view, reader), Kind::Group(group)) => {
                terms_in_segment(view, reader, &expand(reader, group)?)
            }
            (Place::Segment(view, reader), Kind::Phrase(phrase)) => {
                phrase_in_segment(view, reader, phrase)
            }
            (Place::Memory(view), Kind::Term(term)) => Ok(terms_in_memory(view, |slots, sink| {
                sink(slots.postings(term));
            })),
            (Place::Memory(view), Kind::Group(group)) => {
                Ok(terms_in_memory(view, |slots, sink| {
                    let terms = slots.terms(|term| group.contains(term));
                    terms.for_each(|term| sink(slots.postings(term)));
                }))
            }
            (Place::Memory(view), Kind::Phrase(phrase)) => Ok(phrase_in_memory(view, phrase)),
        }
    }

    /// The live documents that meet a condition.
    pub(super) fn docs_that(&self, condition: &Condition, analyzer: &Analyzer) -> Result<Vec<u32>> {
        let kind = match condition {
            Condition::Term(term) => Kind::Term(term),
            Condition::Group(group) => Kind::Group(group),
            Condition::Phrase(phrase) => Kind::Phrase(phrase),
            Condition::Field(path, inner) => return fields::docs(self, path, inner, analyzer),
        };
        Ok(self.docs_of(&kind)?.ordinals)
    }
}

/// The terms of a segment that belong to a group.
fn expand(reader: &TextIndexReader<'_>, group: &Group) -> Result<Vec<TermInfo>> {
    match group {
        Group::Prefix(start) => {
            let mut out = Vec::new();
            let mut terms = reader.terms_from(start)?;
            while let Some(info) = terms.advance()? {
                if !terms.term().starts_with(start.as_bytes()) {
                    break;
                }
                out.push(info);
            }
            Ok(out)
        }
        Group::Near { words, distance } => {
            let mut out = BTreeMap::new();
            for word in words {
                collect_near(reader, word, *distance, &mut out)?;
            }
            Ok(out.into_values().collect())
        }
    }
}

/// Live documents that have any of `terms`, and how often all of them together.
fn terms_in_segment(
    view: &SegmentView,
    reader: &TextIndexReader<'_>,
    terms: &[TermInfo],
) -> Result<Docs> {
    let alive = view.dead.alive(view.segment.records());
    let is_live = |ordinal: u32| alive.is_none_or(|alive| alive.contains(ordinal));
    let mut block = Block::default();
    let mut frequencies = vec![0u32; reader.ordinal_limit() as usize];
    for info in terms {
        let list = reader.list_at(*info)?;
        for number in 0..list.blocks() {
            list.decode(number, &mut block)?;
            for (&ordinal, &tf) in block.ordinals().iter().zip(block.frequencies()) {
                if let Some(frequency) = frequencies.get_mut(ordinal as usize) {
                    *frequency = frequency.saturating_add(tf);
                }
            }
        }
    }
    let found = (0..)
        .zip(frequencies)
        .filter(|(_, frequency)| *frequency > 0);
    Ok(found.filter(|(ordinal, _)| is_live(*ordinal)).collect())
}

/// The same in memory, over the lists that `visit` hands to its sink.
fn terms_in_memory(
    view: &TextsView,
    visit: impl FnOnce(&crate::state::Slots, &mut dyn FnMut(&[(u32, u32)])),
) -> Docs {
    let slots = view.slots();
    let mut lists = Vec::new();
    visit(&slots, &mut |list: &[(u32, u32)]| lists.push(list.to_vec()));
    let is_live = |(slot, _): &(u32, u32)| view.is_alive(*slot);
    if let [list] = lists.as_slice() {
        return list.iter().copied().filter(is_live).collect();
    }
    let mut found: BTreeMap<u32, u32> = BTreeMap::new();
    for (slot, tf) in lists.into_iter().flatten().filter(is_live) {
        *found.entry(slot).or_default() += tf;
    }
    found.into_iter().collect()
}

fn phrase_in_memory(view: &TextsView, phrase: &Phrase) -> Docs {
    let slots = view.slots();
    let Some((first, _)) = phrase.terms.first() else {
        return Docs::default();
    };
    let frequency = |slot: u32| {
        let terms = slots.entry(slot)?.known_terms()?;
        let lists: Vec<(&[u32], u32)> = phrase
            .terms
            .iter()
            .map(|(term, at)| (terms.positions(term), *at))
            .collect();
        Some(phrase_frequency(&lists))
    };
    let live = slots
        .postings(first)
        .iter()
        .filter(|(slot, _)| view.is_alive(*slot));
    let found = live.filter_map(|(slot, _)| Some((*slot, frequency(*slot)?)));
    found.filter(|(_, frequency)| *frequency > 0).collect()
}

fn phrase_in_segment(
    view: &SegmentView,
    reader: &TextIndexReader<'_>,
    phrase: &Phrase,
) -> Result<Docs> {
    let mut cursors = Vec::new();
    for (term, distance) in &phrase.terms {
        match reader.postings(term)? {
            Some(postings) => cursors.push((postings, *distance, Vec::new())),
            None => return Ok(Docs::default()),
        }
    }
    // The rarest term leads, the next rarest follows.
    cursors.sort_by_key(|(postings, ..)| postings.df());
    let mut out = Docs::default();
    let Some((first, rest)) = cursors.split_first_mut() else {
        return Ok(out);
    };
    'docs: while let Some(posting) = first.0.next()? {
        if view.dead.contains(posting.ordinal) {
            continue;
        }
        for (postings, ..) in rest.iter_mut() {
            match postings.seek(posting.ordinal)? {
                Some(found) if found.ordinal == posting.ordinal => {}
                Some(_) => continue 'docs,
                None => return Ok(out),
            }
        }
        let mut lists: Vec<(&[u32], u32)> = Vec::with_capacity(rest.len() + 1);
        for (postings, distance, positions) in std::iter::once(&mut *first).chain(rest.iter_mut()) {
            positions.clear();
            postings.positions(positions)?;
            lists.push((positions, *distance));
        }
        let frequency = phrase_frequency(&lists);
        if frequency > 0 {
            out.push(posting.ordinal, frequency);
        }
    }
    Ok(out)
}
