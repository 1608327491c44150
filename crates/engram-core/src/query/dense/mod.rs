//! The dense retriever: codes first, exact similarity for what they leave.
//!
//! Owns: which records are compared exactly. All of them where the caller wants it so, where few
//! pass the filter, where there are no codes, and in memory; else those that `index::vector` cannot
//! rule out. A score is always that of the whole vector.

mod memory;

use super::candidates::{Candidates, Exact, Whole, count};
use super::fuse::top;
use super::lists::{by_lists, has_any};
use super::plan::Found;
use super::similarity::Target;
use super::{Dense, Doc, Mask};
use crate::error::{Error, Result};
use crate::index::vector::{
    At, Best, Part, Query, Scratch, deviations, search as cascade, search_together as cascades,
};
use crate::state::{Collection, Entry};
use memory::InMemory;
use std::cell::RefCell;
use std::sync::Arc;

/// Up to so many candidates, and so many more for each hit wanted, all are scored: preparing codes
/// costs more.
const FEW: u64 = 128;
const FEW_PER_HIT: u64 = 4;
/// Bytes of vectors that are worth a thread; tests have fewer.
const BYTES_PER_THREAD: u64 = if cfg!(any(test, feature = "testing")) {
    16 << 10
} else {
    4 << 20
};
/// Up to so many records in memory are scored without codes.
const MANY_IN_MEMORY: usize = 64;

thread_local! {
    /// Bounds of the last search of this thread; making room anew for each costs a tenth of it.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
    /// The same of searches that went together.
    static SCRATCHES: RefCell<Vec<Scratch>> = RefCell::default();
}

/// One search under way.
struct Search<'a> {
    c: &'a Collection,
    mask: &'a Mask,
    target: Target<'a>,
    segments: Vec<Candidates<'a>>,
    /// Where records in memory are found by their codes.
    memory: Option<InMemory>,
    best: Best,
    /// Records that have a vector and pass.
    records: u64,
    /// Rows that were scored without asking their codes.
    scored: u64,
    /// Entries of lists that were read.
    listed: u64,
}

/// The best `depth` records.
pub(super) fn search(
    c: &Collection,
    wanted: &Dense<'_>,
    mask: &Mask,
    depth: usize,
) -> Result<Found> {
    let Some(target) = Target::resolve(c, wanted)? else {
        return Ok(Found::nothing());
    };
    let mut search = Search::new(c, mask, target, depth)?;
    let scanned = match search.query(wanted) {
        None => search.exactly(wanted.threads)?,
        Some(query) => search.by_codes(&query, wanted)?,
    };
    search.into_answer(scanned)
}

/// The best `depth` records of several searches, which share the scan of the codes; none where one of them
/// goes another way.
pub(super) fn search_together(
    c: &Collection,
    wanted: &[Dense<'_>],
    mask: &Mask,
    depth: usize,
) -> Result<Option<Vec<Found>>> {
    if mask.memory.len() > MANY_IN_MEMORY {
        return Ok(None);
    }
    let (mut searches, mut queries, mut bests) = (Vec::new(), Vec::new(), Vec::new());
    for one in wanted {
        let Some(target) = Target::resolve(c, one)? else {
            return Ok(None);
        };
        if has_any(c, target.space()) {
            return Ok(None);
        }
        let mut search = Search::new(c, mask, target, depth)?;
        let Some(query) = search.query(one) else {
            return Ok(None);
        };
        queries.push(query);
        search.memory_exactly();
        bests.push(search.take_best());
        searches.push(search);
    }
    let mut asked = Vec::with_capacity(searches.len());
    for (search, query) in searches.iter().zip(queries) {
        let parts = search.segments.iter().filter(|s| s.count > 0);
        let parts: Option<Vec<_>> = parts.map(|s| search.part(s)).collect::<Result<_>>()?;
        let Some(parts) = parts else {
            return Ok(None);
        };
        asked.push((query, parts));
    }
    let counts = SCRATCHES.with_borrow_mut(|scratches| cascades(&asked, &mut bests, scratches))?;
    drop(asked);
    let found = searches.into_iter().zip(bests).zip(counts);
    let found = found.map(|((mut search, best), counts)| {
        (search.best, search.scored) = (best, search.scored + counts.scored);
        let mut found = search.into_answer(counts.scanned)?;
        found.notes.push(("together", wanted.len().to_string()));
        Ok(found)
    });
    found.collect::<Result<_>>().map(Some)
}

impl<'a> Search<'a> {
    fn new(c: &'a Collection, mask: &'a Mask, target: Target<'a>, depth: usize) -> Result<Self> {
        let mut segments = Vec::with_capacity(c.segments.len());
        for ((view, allowed), part) in c.segments.iter().zip(&mask.segments).zip(0u32..) {
            if let Some(vectors) = target.vectors_of(&view.segment)? {
                let wanted = vectors.rows().mask(allowed);
                let count = match &wanted {
                    None => u64::from(vectors.rows().len()),
                    Some(words) => count(words),
                };
                segments.push(Candidates {
                    part,
                    vectors,
                    wanted,
                    count,
                });
            }
        }
        Ok(Search {
            c,
            mask,
            target,
            records: segments.iter().map(|s| s.count).sum(),
            segments,
            memory: None,
            best: Best::new(depth),
            scored: 0,
            listed: 0,
        })
    }

    /// The query for the codes, where these are worth looking at.
    fn query(&self, wanted: &Dense<'_>) -> Option<Query<'a>> {
        let few = FEW + FEW_PER_HIT * self.best.k() as u64;
        let candidates = self.records + self.mask.memory.len() as u64;
        match wanted.exact || wanted.recall >= 1.0 || candidates <= few {
            true => None,
            false => Query::new(
                self.c.metric,
                self.target.query(),
                deviations(wanted.recall),
            ),
        }
    }

    /// The codes of candidates, and what is behind them; none where these are to be scored at once.
    fn part<'s>(&'s self, candidates: &'s Candidates<'a>) -> Result<Option<Part<'s, Exact<'s>>>> {
        let (target, vectors) = (&self.target, candidates.vectors);
        let segment = &self.c.segments[candidates.part as usize].segment;
        let codes = segment.codes(target.space(), &vectors)?;
        let codes = codes.filter(|c| !candidates.are_cheaper_whole(c));
        Ok(codes.map(|codes| Part {
            part: candidates.part,
            codes,
            wanted: candidates.wanted.as_deref(),
            rows: Exact {
                target,
                whole: Whole::Segment(vectors),
            },
        }))
    }

    /// What was found, and how.
    fn into_answer(self, scanned: u64) -> Result<Found> {
        let (c, mask, depth, records) = (self.c, self.mask, self.best.k(), self.records);
        let mut notes = Vec::new();
        if self.listed > 0 {
            notes.push(("lists", self.listed.to_string()));
        }
        if scanned > 0 {
            notes.push(("codes", scanned.to_string()));
        }
        if !notes.is_empty() {
            notes.push(("scored", self.scored.to_string()));
        }
        Ok(Found {
            list: top(c, mask, self.into_found(), depth)?,
            records,
            exact: notes.is_empty(),
            notes,
        })
    }

    /// The part of records in memory by their place in the mask.
    fn memory_by_place(&self) -> u32 {
        self.c.segments.len() as u32
    }

    /// The part of records in memory by slot.
    fn memory_by_slot(&self) -> u32 {
        self.c.segments.len() as u32 + 1
    }

    /// What is best so far, to be put back: the rest can then be borrowed meanwhile.
    fn take_best(&mut self) -> Best {
        std::mem::replace(&mut self.best, Best::new(1))
    }

    /// Offers all candidates; no code is looked at.
    fn exactly(&mut self, threads: usize) -> Result<u64> {
        self.memory_exactly();
        let (target, depth) = (&self.target, self.best.k());
        let bytes = |c: &Candidates<'_>| c.count * c.vectors.row_bytes();
        let all: u64 = self.segments.iter().map(bytes).sum();
        let threads = (threads as u64).min(all / BYTES_PER_THREAD).max(1) as usize;
        let scan = |segments: &[Candidates<'_>], best: &mut Best| {
            let mut segments = segments.iter();
            segments.try_for_each(|candidates| candidates.score(target, best))
        };
        if threads == 1 {
            scan(&self.segments, &mut self.best)?;
            return Ok(0);
        }
        let shares = self.segments.chunks(self.segments.len().div_ceil(threads));
        let found = std::thread::scope(|scope| {
            let share = |segments| {
                move || {
                    let mut best = Best::new(depth);
                    scan(segments, &mut best).map(|()| best.into_found())
                }
            };
            let running: Vec<_> = shares.map(|own| scope.spawn(share(own))).collect();
            let ended = running.into_iter().map(|thread| thread.join());
            ended.collect::<Vec<_>>()
        });
        for share in found {
            let share =
                share.map_err(|_| Error::internal("a thread that compared vectors panicked"))?;
            share?
                .into_iter()
                .for_each(|(score, at)| self.best.offer(score, at));
        }
        Ok(0)
    }

    /// Offers the candidates that codes do not rule out, those of lists where these stand for more, and returns how
    /// many codes were looked at.
    fn by_codes(&mut self, query: &Query<'_>, wanted: &Dense<'_>) -> Result<u64> {
        if self.mask.memory.len() > MANY_IN_MEMORY {
            self.memory = self.in_memory()?;
        }
        if self.memory.is_none() {
            self.memory_exactly();
        }
        let mut best = self.take_best();
        let (target, mut scored) = (&self.target, self.scored);
        let asked = (target, wanted.recall);
        let listed = by_lists(self.c, asked, &self.segments, query, &mut best)?;
        scored += listed.scored;
        let mut parts = Vec::with_capacity(self.segments.len() + 1);
        let left = |s: &&Candidates<'_>| s.count > 0 && !listed.parts.contains(&s.part);
        for candidates in self.segments.iter().filter(left) {
            match self.part(candidates)? {
                Some(part) => parts.push(part),
                None => {
                    candidates.score(target, &mut best)?;
                    scored += candidates.count;
                }
            }
        }
        let slots = self.memory.as_ref().map(|m| (m, m.view.slots()));
        if let Some((memory, slots)) = &slots
            && let Some((mut codes, _)) = slots.codes(target.space())
        {
            codes.count = memory.slots;
            let whole = Whole::Memory(slots);
            parts.push(Part {
                part: self.memory_by_slot(),
                codes,
                wanted: Some(&memory.wanted),
                rows: Exact { target, whole },
            });
        }
        let counts = SCRATCH.with_borrow_mut(|scratch| {
            cascade(query, &parts, wanted.threads, &mut best, scratch)
        })?;
        drop(parts);
        drop(slots);
        (self.best, self.scored) = (best, scored + counts.scored);
        self.listed = listed.scanned;
        Ok(counts.scanned)
    }

    /// What was found, by record.
    fn into_found(self) -> Vec<(f32, Doc)> {
        let (by_place, by_slot) = (self.memory_by_place(), self.memory_by_slot());
        let Search {
            mask,
            segments,
            memory,
            best,
            ..
        } = self;
        let slots = memory.as_ref().map(|m| m.view.slots());
        let doc = |at: At| {
            let ordinal = match at.part {
                part if part == by_slot => {
                    let id = &*slots.as_ref()?.entry(at.row)?.record.id;
                    let by_id = |e: &Arc<Entry>| (*e.record.id).cmp(id);
                    mask.memory.binary_search_by(by_id).ok()? as u32
                }
                part if part == by_place => at.row,
                part => {
                    let of_part = segments.iter().find(|s| s.part == part)?;
                    of_part.vectors.rows().ordinal(at.row)?
                }
            };
            Some(Doc::new(at.part.min(by_place) as usize, ordinal))
        };
        let found = best.into_found().into_iter();
        found.filter_map(|(s, at)| Some((s, doc(at)?))).collect()
    }
}
