//! A text query against one state: which lists it reads and what their documents score.
//!
//! Owns: the *units* of a query (terms, groups of terms that count as one, phrases), their documents in
//! each part (segments in order, then memory), and the statistics, which count live records only.

use super::super::{Doc, Mask};
use super::units::{self, Docs, Unit};
use crate::bitset::Bitset;
use crate::error::Result;
use crate::index::text::{
    Analyzer, Condition, CorpusStats, Scale, TermInfo, TermScorer, TextIndexReader, TextQuery,
};
use crate::state::{Collection, InSegments, SegmentView, TextsView};
use std::borrow::Cow;
use std::sync::Arc;

/// Where documents lie.
pub(super) enum Place<'a> {
    Segment(&'a SegmentView, TextIndexReader<'a>),
    /// Ordinals are slots.
    Memory(Arc<TextsView>),
}

/// What a unit has in a part.
pub(super) enum Lists {
    None,
    /// A list of the index.
    Term(TermInfo),
    /// Live documents, found already.
    Docs(Docs),
}

/// A segment, or the records in memory.
pub(super) struct Part<'a> {
    pub(super) place: Place<'a>,
    /// One more than the highest ordinal.
    pub(super) limit: u32,
    /// What may be found; all where `None`.
    pub(super) allowed: Option<Cow<'a, Bitset>>,
    /// By unit.
    pub(super) lists: Vec<Lists>,
}

pub(super) struct Plan<'a> {
    pub(super) parts: Vec<Part<'a>>,
    /// By unit.
    pub(super) scorers: Vec<TermScorer>,
    pub(super) scale: Scale,
    /// Records with text that the filter left.
    pub(super) records: u64,
}

impl<'a> Plan<'a> {
    pub(super) fn new(c: &'a Collection, query: &TextQuery, mask: &'a Mask) -> Result<Self> {
        let mut parts = open_parts(c, mask)?;
        let mut stats = CorpusStats::default();
        let mut records = 0;
        for part in &parts {
            stats.add(part.stats());
            records += part.records_with_text()?;
        }
        let units = units::of(query);
        let places = places(c, &parts, &units)?;
        let mut dfs = vec![0; units.len()];
        for (number, part) in parts.iter_mut().enumerate() {
            part.lists.reserve_exact(units.len());
            for ((unit, df), places) in units.iter().zip(&mut dfs).zip(&places) {
                let info = places
                    .as_ref()
                    .and_then(|places| places.get(number).copied());
                let (lists, live) = part.find(unit, info)?;
                part.lists.push(lists);
                *df += live;
            }
        }
        let weighed = || dfs.iter().copied().zip(units.iter().map(|unit| unit.times));
        let scale = Scale::new(
            c.analyzer.settings().bm25(stats, query.is_of_pairs()),
            stats,
            weighed(),
        );
        let scorers = weighed().map(|(df, times)| scale.term(df, times)).collect();
        for part in &mut parts {
            part.restrict(&query.must, true, &c.analyzer)?;
            part.restrict(&query.must_not, false, &c.analyzer)?;
        }
        Ok(Plan {
            parts,
            scorers,
            scale,
            records,
        })
    }

    /// The record in memory that a slot is, as the mask numbers it.
    pub(super) fn doc_of_slot(&self, mask: &Mask, slot: u32) -> Option<Doc> {
        let (number, Place::Memory(view)) = (self.parts.len() - 1, &self.parts.last()?.place)
        else {
            return None;
        };
        let slots = view.slots();
        let id = slots.entry(slot)?.record.id.as_str();
        let known = mask
            .memory
            .binary_search_by(|e| e.record.id.as_str().cmp(id));
        Some(Doc::new(number, known.ok()? as u32))
    }
}

/// What the dictionaries of the segments have of each unit that is a term.
fn places(
    c: &Collection,
    parts: &[Part<'_>],
    units: &[Unit<'_>],
) -> Result<Vec<Option<InSegments>>> {
    // No term is empty, so nothing is known of what is none.
    let mut found = c.places.get(&c.segments, units.iter().map(Unit::term));
    let missing = || units.iter().map(Unit::term).zip(&found);
    let missing: Vec<&str> = missing()
        .filter(|(term, known)| known.is_none() && !term.is_empty())
        .map(|(term, _)| term)
        .collect();
    if missing.is_empty() {
        return Ok(found);
    }
    // Memory answers late: all places are found and asked for before the first is looked at.
    let readers = || parts.iter().filter_map(Part::reader);
    let mut located = Vec::with_capacity(parts.len() * missing.len());
    for reader in readers() {
        for term in &missing {
            located.push(reader.locate(term)?);
        }
    }
    let mut infos: Vec<Vec<Option<TermInfo>>> = vec![Vec::new(); missing.len()];
    let mut located = located.into_iter();
    for reader in readers() {
        for (term, infos) in missing.iter().zip(&mut infos) {
            let at = located.next();
            infos.push(at.map_or(Ok(None), |at| reader.lookup_at(term, at))?);
        }
    }
    let new: Vec<(&str, InSegments)> = missing
        .into_iter()
        .zip(infos.into_iter().map(InSegments::from))
        .collect();
    let mut next = new.iter();
    for (unit, known) in units.iter().zip(&mut found) {
        if known.is_none() && !unit.term().is_empty() {
            *known = next.next().map(|(_, places)| places.clone());
        }
    }
    c.places.add(&c.segments, new.into_iter());
    Ok(found)
}

/// The segments, and then memory if it has any text.
fn open_parts<'a>(c: &'a Collection, mask: &'a Mask) -> Result<Vec<Part<'a>>> {
    let mut parts = Vec::with_capacity(c.segments.len() + 1);
    for (view, allowed) in c.segments.iter().zip(&mask.segments) {
        let reader = view.segment.text_index()?;
        parts.push(Part {
            place: Place::Segment(view, reader),
            limit: reader.ordinal_limit(),
            allowed: allowed.as_set().map(Cow::Borrowed),
            lists: Vec::new(),
        });
    }
    if c.memory.is_empty() {
        return Ok(parts);
    }
    let view = c.texts.view(&c.memory, &c.analyzer);
    let allowed = match mask.memory.len() == c.memory.len() {
        true if view.live() == view.count() => None,
        true => Some(Bitset::from_words(view.alive().to_vec(), view.count())),
        false => {
            let slots = mask.memory.iter().filter_map(|entry| view.slot_of(entry));
            Some(Bitset::from_ordinals(slots, view.count()))
        }
    };
    parts.push(Part {
        limit: view.count(),
        allowed: allowed.map(Cow::Owned),
        lists: Vec::new(),
        place: Place::Memory(view),
    });
    Ok(parts)
}

impl<'a> Part<'a> {
    /// The ordinal of a document that lies here; none for one in memory without text.
    pub(super) fn ordinal_of(&self, mask: &Mask, doc: Doc) -> Option<u32> {
        match &self.place {
            Place::Segment(..) => Some(doc.ordinal),
            Place::Memory(view) => view.slot_of(mask.memory.get(doc.ordinal as usize)?),
        }
    }

    pub(super) fn has_text(&self, ordinal: u32) -> bool {
        self.doc_len(ordinal) > 0
    }

    /// The number of terms of a document.
    pub(super) fn doc_len(&self, ordinal: u32) -> u32 {
        match &self.place {
            Place::Segment(_, reader) => reader.doc_len(ordinal),
            Place::Memory(view) => view.slots().doc_len(ordinal),
        }
    }

    fn stats(&self) -> CorpusStats {
        match &self.place {
            Place::Segment(view, reader) => view.dead.text_stats(|| reader.live_stats(&view.dead)),
            Place::Memory(view) => view.stats(),
        }
    }

    fn records_with_text(&self) -> Result<u64> {
        Ok(match (&self.place, &self.allowed) {
            (Place::Segment(_, reader), None) => reader.doc_count().into(),
            (Place::Segment(view, reader), Some(allowed)) => {
                if reader.doc_count() == view.segment.records() {
                    return Ok(allowed.count().into());
                }
                let with_text = view.segment.with_text()?.words().iter();
                let both = with_text.zip(allowed.words());
                both.map(|(a, b)| u64::from((a & b).count_ones())).sum()
            }
            (Place::Memory(view), allowed) => {
                let slots = view.slots();
                let is_allowed =
                    |slot: &u32| allowed.as_ref().is_none_or(|set| set.contains(*slot));
                let allowed = (0..self.limit).filter(is_allowed);
                allowed.filter(|slot| slots.doc_len(*slot) > 0).count() as u64
            }
        })
    }

    fn reader(&self) -> Option<&TextIndexReader<'a>> {
        match &self.place {
            Place::Segment(_, reader) => Some(reader),
            Place::Memory(_) => None,
        }
    }

    /// The documents of a unit, and how many of them are live. Of a term in a segment it is known what
    /// the dictionary has.
    fn find(&self, unit: &Unit<'_>, known: Option<Option<TermInfo>>) -> Result<(Lists, u64)> {
        if let (units::Kind::Term(term), Place::Segment(view, reader), Some(known)) =
            (&unit.kind, &self.place, known)
        {
            let Some(info) = known else {
                return Ok((Lists::None, 0));
            };
            reader.prefetch(info);
            let live = live_df(view, reader, term, info)?;
            return Ok((Lists::Term(info), live.into()));
        }
        let docs = self.docs_of(&unit.kind)?;
        let live = docs.ordinals.len() as u64;
        Ok((
            if live == 0 {
                Lists::None
            } else {
                Lists::Docs(docs)
            },
            live,
        ))
    }

    /// Lets nothing be found for which one of the conditions does not hold, or, with `holds` false,
    /// holds.
    fn restrict(
        &mut self,
        conditions: &[Condition],
        holds: bool,
        analyzer: &Analyzer,
    ) -> Result<()> {
        for condition in conditions {
            let docs = self.docs_that(condition, analyzer)?;
            let mut set = Bitset::from_ordinals(docs, self.limit);
            if !holds {
                set.invert();
            }
            if let Some(allowed) = &self.allowed {
                set.intersect(allowed);
            }
            self.allowed = Some(Cow::Owned(set));
        }
        Ok(())
    }
}

/// Live documents of a term in a segment.
fn live_df(
    view: &SegmentView,
    reader: &TextIndexReader<'_>,
    term: &str,
    info: TermInfo,
) -> Result<u32> {
    let Some(alive) = view.dead.alive(view.segment.records()) else {
        return Ok(info.df);
    };
    let gone = view.dead.gone(term, |set| {
        if set.len() * 16 < u64::from(info.df) {
            reader.count_in(info, set)
        } else if set.len() == view.dead.len() {
            reader.count_outside(info, alive)
        } else {
            let mut rest = Bitset::full(view.segment.records());
            rest.intersect(&Bitset::without(view.segment.records(), set));
            reader.count_outside(info, &rest)
        }
    })?;
    Ok(info.df.saturating_sub(gone))
}
