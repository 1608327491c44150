//! The lists near a query instead of all codes.
//!
//! Owns: when lists may stand for the codes of the segments that they cover. They hold all rows, wanted or not, and
//! what share of them is read follows from how deep the wanted ones lie. Where more of the near rows turn
//! out to be left out than that allows for, by a filter or deleted, all codes are read after all: no pattern of what is
//! left out lowers the recall.

use super::candidates::Candidates;
use super::similarity::Target;
use super::{Dense, Mask, dense};
use crate::error::Result;
use crate::format::space::Embedding;
use crate::index::vector::lists::{Listed, ListsScratch, search_lists};
use crate::index::vector::{At, Best, Query};
use crate::segment::ListSegment;
use crate::state::{Collection, ListView};
use std::cell::RefCell;

/// Above this share of entries for each row, reading all codes is no slower.
const MOST_READ: f64 = 0.6;
/// How much deeper than planned the wanted rows may turn out to lie.
const DEEPER: f64 = 2.0;
/// Recall that the neighbours have which shares are taken from.
const SURE: f32 = 0.999;

thread_local! {
    /// Memory of the last search of this thread.
    static SCRATCH: RefCell<ListsScratch> = RefCell::default();
}

/// The lists of one segment of lists, and the segments that they cover.
struct Covering<'a> {
    lists: &'a ListSegment,
    target: &'a Target<'a>,
    /// The first row of each segment covered, and its candidates where it is still there.
    segments: Vec<(u32, Option<&'a Candidates<'a>>)>,
}

impl Listed for Covering<'_> {
    fn list(&self, list: u32) -> Result<(&[u8], &[u32])> {
        self.lists.list(list)
    }

    fn locate(&self, row: u32) -> Option<At> {
        let i = self.segments.partition_point(|(first, _)| *first <= row);
        let (first, candidates) = self.segments.get(i.checked_sub(1)?)?;
        let (row, candidates) = (row - first, (*candidates)?);
        let wanted = match &candidates.wanted {
            None => row < candidates.vectors.rows().len(),
            Some(words) => {
                let word = words.get(row as usize / 64).copied().unwrap_or(0);
                word >> (row % 64) & 1 == 1
            }
        };
        wanted.then_some(At {
            part: candidates.part,
            row,
        })
    }

    fn scores(&self, part: u32, rows: &[u32], out: &mut Vec<f32>) -> Result<()> {
        let of_part = |c: &&Candidates<'_>| c.part == part;
        let mut here = self.segments.iter().filter_map(|(_, c)| *c);
        match here.find(of_part) {
            Some(c) => self.target.scores_of(&c.vectors.some(rows)?, rows, out),
            None => out.clear(),
        }
        Ok(())
    }
}

/// What was found through lists.
#[derive(Default)]
pub(super) struct ByLists {
    /// The parts that were searched.
    pub(super) parts: Vec<u32>,
    /// Entries that were read, and rows that were scored.
    pub(super) scanned: u64,
    pub(super) scored: u64,
}

/// Whether any lists of a space could stand for codes.
pub(super) fn has_any(c: &Collection, space: u16) -> bool {
    c.lists.iter().any(|v| v.lists.space() == space)
}

/// Offers `best` what the lists near a query hold of candidates, of those that can go by lists.
pub(super) fn by_lists(
    c: &Collection,
    (target, recall): (&Target<'_>, f32),
    candidates: &[Candidates<'_>],
    query: &Query<'_>,
    best: &mut Best,
) -> Result<ByLists> {
    let mut done = ByLists::default();
    for view in c.lists.iter().filter(|v| v.lists.space() == target.space()) {
        if let Some(more) = search(c, view, (target, recall), candidates, query, best)? {
            done.parts.extend(more.parts);
            done.scanned += more.scanned;
            done.scored += more.scored;
        }
    }
    Ok(done)
}

/// Searches the lists of one segment of lists; none where that cannot be, or did not do.
fn search(
    c: &Collection,
    view: &ListView,
    (target, recall): (&Target<'_>, f32),
    candidates: &[Candidates<'_>],
    query: &Query<'_>,
    best: &mut Best,
) -> Result<Option<ByLists>> {
    let head = view.lists.head();
    let (mut segments, mut first) = (Vec::with_capacity(head.covered.len()), 0);
    for covered in &head.covered {
        let of = |one: &&Candidates<'_>| c.segments[one.part as usize].at.id == covered.id;
        segments.push((first, candidates.iter().find(of)));
        first += covered.rows;
    }
    let here = || segments.iter().filter_map(|(_, c)| *c);
    let wanted: u64 = here().map(|c| c.count).sum();
    if wanted == 0 {
        return Ok(None);
    }
    let pass = wanted as f64 / head.rows() as f64;
    let k = best.k() as f64;
    let Some((share, depth)) = head.share(k / pass, recall) else {
        return Ok(None);
    };
    let entries = f64::from(view.lists.sealed().records());
    if f64::from(share) * entries > MOST_READ * head.rows() as f64 {
        return Ok(None);
    }
    let parts = here().map(|c| c.part).collect();
    let source = Covering {
        lists: &view.lists,
        target,
        segments,
    };
    let (centres, places) = (view.lists.centres()?, view.lists.places()?);
    let mut own = Best::new(best.k());
    let enough = ((k * 2.0 + 24.0) / pass) as usize;
    let reading = SCRATCH.with_borrow_mut(|scratch| {
        let lists = (head, &centres, places);
        search_lists(query, lists, (share, enough), &source, &mut own, scratch)
    })?;
    let deep = k / reading.wanted > depth as f64 * DEEPER;
    if deep || own.bar() == f32::NEG_INFINITY {
        return Ok(None);
    }
    for (score, at) in own.into_found() {
        best.offer(score, at);
    }
    Ok(Some(ByLists {
        parts,
        scanned: reading.counts.scanned,
        scored: reading.counts.scored,
    }))
}

/// Asks for evenly spread vectors of a space, about `n` of them, and hands each on with its nearest, as index of a
/// segment and row; itself left out. Nothing is in memory.
pub(crate) fn neighbours(
    c: &Collection,
    space: &str,
    n: usize,
    depth: usize,
    mut each: impl FnMut(&[f32], &[(usize, u32)]) -> Result<()>,
) -> Result<()> {
    let mask = Mask::new(c, None)?;
    let index = c.space(space).unwrap_or_default();
    let asked = super::vectors::spread(c, &mask, space, n)?;
    for (doc, embedding) in asked {
        let Embedding::Dense(vector) = &embedding else {
            continue;
        };
        let wanted = Dense {
            space,
            identity: None,
            vector,
            exact: false,
            recall: SURE,
            threads: 1,
        };
        let found = dense::search(c, &wanted, &mask, depth + 1)?;
        let mut near = Vec::with_capacity(depth);
        for (_, other) in found.list.iter().filter(|(_, other)| *other != doc) {
            let (segment, ordinal) = other.place();
            let rows = c.segments[segment].segment.dense(index)?;
            near.extend(
                rows.and_then(|v| v.rows().row(ordinal))
                    .map(|row| (segment, row)),
            );
        }
        near.truncate(depth);
        each(vector, &near)?;
        // Vectors from all over the file: together they would be most of it.
        let segments = c.segments.iter();
        segments.for_each(|view| view.segment.sealed().forget());
    }
    Ok(())
}
