//! The cascade: bounds of all rows from their codes, exact scores of those whose bound reaches the
//! k-th best score so far.
//!
//! Owns: which rows are scored. No depth is fixed beforehand: how many rows are scored follows from
//! the recall asked for, by way of the distance between estimate and bound, and from the data, by
//! way of the scores found. It holds under any mask, since each row stands for itself.
//!
//! Invariants: every score is exact; a row is missed only where its bound is below its score and
//! below the k-th best. Parts are scanned whole before the first score is taken, so that the bar is
//! one for all of them.

use super::best::{At, Best};
use super::codes::Codes;
use super::query::{Prepared, Query};
use crate::error::Result;
use crate::kernel::nibble::{ROWS, bounds, not_below};

/// Exact scores of the rows of a part.
pub trait Rows {
    /// Replaces `out` by the scores of `rows`, higher being nearer.
    fn scores(&self, rows: &[u32], out: &mut Vec<f32>) -> Result<()>;
}

/// Codes to scan.
pub struct Part<'a, R> {
    /// What the part is called in [`At`].
    pub part: u32,
    /// The codes.
    pub codes: Codes<'a>,
    /// Which rows may be found, row i being bit i; all where there is none.
    pub wanted: Option<&'a [u64]>,
    /// The rows behind the codes.
    pub rows: R,
}

/// What a search did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows whose codes were scanned.
    pub scanned: u64,
    /// Rows that were scored exactly.
    pub scored: u64,
}

/// Blocks of a group. Each part begins with a new group.
const GROUP: usize = 16;

/// Memory of a search, to be used again.
#[derive(Default)]
pub struct Scratch {
    /// Of each row; left as it was where the maximum of the block is negative infinity.
    bounds: Vec<f32>,
    /// Of each block, as many as fill up groups.
    maxima: Vec<f32>,
    /// Of each group.
    summits: Vec<f32>,
    pool: Vec<f32>,
    queue: Vec<(f32, At)>,
    rows: Vec<u32>,
    scores: Vec<f32>,
}

impl Scratch {
    /// Makes room for so many groups. What is in it already is overwritten by the scan.
    fn make_room(&mut self, groups: usize) {
        self.bounds.resize(groups * GROUP * ROWS, 0.0);
        self.maxima.resize(groups * GROUP, 0.0);
        self.summits.resize(groups, 0.0);
    }
}

/// How many rows are scored before the bar is looked at again: enough for the kernel to ask for
/// rows ahead of their use.
const BATCH: usize = 32;

/// Bytes of codes that are worth a thread: reading them takes some times as long as starting it.
/// Tests have fewer.
const BYTES_PER_THREAD: usize = if cfg!(any(test, feature = "testing")) {
    4 << 10
} else {
    4 << 20
};

/// Offers `best` every row of `parts` that the bounds do not rule out. Up to `threads` threads share
/// the scan of codes; what is found does not depend on them.
pub fn search<R: Rows>(
    query: &Query<'_>,
    parts: &[Part<'_, R>],
    threads: usize,
    best: &mut Best,
    scratch: &mut Scratch,
) -> Result<Counts> {
    scan_all(query, parts, threads, scratch);
    score_all(query, parts, best, scratch)
}

/// Offers each of `bests` what [`search`] offers for its query and parts. The searches go through the codes
/// side by side, part by part, so that these are read once from afar.
pub fn search_together<R: Rows>(
    searches: &[(Query<'_>, Vec<Part<'_, R>>)],
    bests: &mut [Best],
    scratches: &mut Vec<Scratch>,
) -> Result<Vec<Counts>> {
    scratches.resize_with(searches.len().max(scratches.len()), Scratch::default);
    let prepared = searches.iter().map(|(query, parts)| prepare(query, parts));
    let prepared: Vec<Vec<Prepared>> = prepared.collect();
    let places = searches.iter().zip(&prepared).zip(scratches.iter_mut());
    let mut strips: Vec<Vec<Strip<'_>>> = places
        .map(|(((_, parts), prepared), scratch)| strips(parts, prepared, scratch))
        .collect();
    for part in 0..strips.iter().map(Vec::len).max().unwrap_or_default() {
        for ((query, _), strips) in searches.iter().zip(&mut strips) {
            if let Some(strip) = strips.get_mut(part) {
                strip.scan(query);
            }
        }
    }
    drop(strips);
    let places = searches.iter().zip(bests).zip(scratches);
    places
        .map(|(((query, parts), best), scratch)| score_all(query, parts, best, scratch))
        .collect()
}

/// Scores what the bounds do not rule out.
fn score_all<R: Rows>(
    query: &Query<'_>,
    parts: &[Part<'_, R>],
    best: &mut Best,
    scratch: &mut Scratch,
) -> Result<Counts> {
    let mut counts = Counts {
        scanned: parts.iter().map(|part| part.codes.count as u64).sum(),
        scored: 0,
    };
    // First the few that look best, so that the bar is nearly where it will end.
    let first = first_bar(scratch, best.k() * 2 + 24);
    let first = first.max(query.bound_of(best.bar()));
    gather(parts, scratch, first, f32::INFINITY);
    counts.scored += score(query, parts, scratch, best)?;
    gather(parts, scratch, query.bound_of(best.bar()), first);
    counts.scored += score(query, parts, scratch, best)?;
    Ok(counts)
}

/// A part and where its bounds go.
struct Strip<'a> {
    codes: Codes<'a>,
    wanted: Option<&'a [u64]>,
    prepared: &'a Prepared,
    bounds: &'a mut [f32],
    maxima: &'a mut [f32],
    summits: &'a mut [f32],
}

/// The query beside each centre of the parts.
fn prepare<R>(query: &Query<'_>, parts: &[Part<'_, R>]) -> Vec<Prepared> {
    let mut prepared: Vec<Prepared> = Vec::new();
    for part in parts {
        if !prepared.iter().any(|p| p.centre() == part.codes.centre) {
            prepared.push(query.prepare(part.codes.centre));
        }
    }
    prepared
}

/// Where the bounds of each part go.
fn strips<'a, R>(
    parts: &[Part<'a, R>],
    prepared: &'a [Prepared],
    scratch: &'a mut Scratch,
) -> Vec<Strip<'a>> {
    scratch.make_room(parts.iter().map(groups).sum());
    let (mut bounds, mut maxima) = (&mut scratch.bounds[..], &mut scratch.maxima[..]);
    let mut summits = &mut scratch.summits[..];
    let mut strips = Vec::with_capacity(parts.len());
    for part in parts {
        let own = |p: &&Prepared| p.centre() == part.codes.centre;
        let (Some(prepared), groups) = (prepared.iter().find(own), groups(part)) else {
            continue;
        };
        strips.push(Strip {
            codes: part.codes,
            wanted: part.wanted,
            prepared,
            bounds: take(&mut bounds, groups * GROUP * ROWS),
            maxima: take(&mut maxima, groups * GROUP),
            summits: take(&mut summits, groups),
        });
    }
    strips
}

/// The bounds of all parts.
fn scan_all<R>(query: &Query<'_>, parts: &[Part<'_, R>], threads: usize, scratch: &mut Scratch) {
    let prepared = prepare(query, parts);
    let mut strips = strips(parts, &prepared, scratch);
    let scan = |strips: &mut [Strip<'_>]| strips.iter_mut().for_each(|strip| strip.scan(query));
    let bytes = |strips: &[Strip<'_>]| strips.iter().map(|s| s.codes.blocks.len()).sum::<usize>();
    let mut left = bytes(&strips);
    let mut threads = threads.min(left / BYTES_PER_THREAD).max(1);
    std::thread::scope(|scope| {
        let mut rest = &mut strips[..];
        while threads > 1 {
            let share = left / threads;
            let own = (1..rest.len()).find(|n| bytes(&rest[..*n]) >= share);
            let count = own.unwrap_or(rest.len());
            let own = take(&mut rest, count);
            (left, threads) = (left - bytes(own), threads - 1);
            scope.spawn(move || scan(own));
        }
        scan(rest);
    });
}

/// Takes so many from the front.
fn take<'a, T>(rest: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    let (taken, left) = std::mem::take(rest).split_at_mut(count);
    *rest = left;
    taken
}

impl Strip<'_> {
    fn scan(&mut self, query: &Query<'_>) {
        let lookup = query.lookup(self.prepared, &self.codes);
        let (own, rest) = self.maxima.split_at_mut(self.codes.count.div_ceil(ROWS));
        rest.fill(f32::NEG_INFINITY);
        let out = &mut self.bounds[..own.len() * ROWS];
        bounds(self.codes.blocks, lookup, self.wanted, out, own);
        // What fills up the last block is no row.
        let tail = self.codes.count % ROWS;
        if let (1.., Some(max), Some(out)) = (tail, own.last_mut(), out.last_chunk_mut::<ROWS>())
            && *max > f32::NEG_INFINITY
        {
            out[tail..].fill(f32::NEG_INFINITY);
            *max = largest(out);
        }
        let groups = self.maxima.as_chunks::<GROUP>().0.iter();
        for (summit, group) in self.summits.iter_mut().zip(groups) {
            *summit = largest(group);
        }
    }
}

/// Groups of a part.
fn groups<R>(part: &Part<'_, R>) -> usize {
    part.codes.count.div_ceil(ROWS * GROUP)
}

fn largest(bounds: &[f32]) -> f32 {
    let larger = |a: f32, b: &f32| if *b > a { *b } else { a };
    bounds.iter().fold(f32::NEG_INFINITY, larger)
}

/// A bar that about `n` rows reach, or a few times as many.
fn first_bar(scratch: &mut Scratch, n: usize) -> f32 {
    let Scratch {
        bounds,
        maxima,
        summits,
        pool,
        ..
    } = scratch;
    let some = |x: &f32| *x > f32::NEG_INFINITY;
    // As many groups as reach it have a row that does; else as many blocks; else row by row.
    for coarse in [&*summits, &*maxima] {
        pool.clear();
        pool.extend(coarse.iter().copied().filter(some));
        if pool.len() >= n * 2 {
            break;
        }
    }
    if pool.len() < n * 2 {
        pool.clear();
        for (max, rows) in maxima.iter().zip(bounds.as_chunks::<ROWS>().0) {
            if some(max) {
                pool.extend(rows.iter().copied().filter(some));
            }
        }
    }
    match pool.len() {
        len if len <= n => f32::MIN,
        _ => *pool.select_nth_unstable_by(n - 1, |a, b| b.total_cmp(a)).1,
    }
}

/// Fills the queue with the rows whose bound is from `bar` on and below `done`.
fn gather<R>(parts: &[Part<'_, R>], scratch: &mut Scratch, bar: f32, done: f32) {
    // Negative infinity is what is not wanted at all.
    let bar = bar.max(f32::MIN);
    let Scratch {
        bounds,
        maxima,
        summits,
        queue,
        ..
    } = scratch;
    queue.clear();
    let blocks = maxima.as_chunks::<GROUP>().0.iter();
    let rows = bounds.as_chunks::<ROWS>().0.as_chunks::<GROUP>().0.iter();
    let mut groups_left = summits.iter().zip(blocks.zip(rows));
    for (part, index) in parts.iter().zip(0u32..) {
        let own = groups_left.by_ref().take(groups(part)).zip(0u32..);
        for ((_, (maxima, rows)), g) in own.filter(|((summit, _), _)| **summit >= bar) {
            let blocks = maxima.iter().zip(rows).zip(0u32..);
            for ((_, rows), b) in blocks.filter(|((max, _), _)| **max >= bar) {
                let mut bits = not_below(rows, bar) & !not_below(rows, done);
                while bits != 0 {
                    let j = bits.trailing_zeros();
                    bits &= bits - 1;
                    let row = (g * GROUP as u32 + b) * ROWS as u32 + j;
                    queue.push((rows[j as usize], At { part: index, row }));
                }
            }
        }
    }
}

/// Scores the rows of the queue as far as their bounds still reach the bar, and returns how many.
fn score<R: Rows>(
    query: &Query<'_>,
    parts: &[Part<'_, R>],
    scratch: &mut Scratch,
    best: &mut Best,
) -> Result<u64> {
    let Scratch {
        queue,
        rows,
        scores,
        ..
    } = scratch;
    let mut scored = 0;
    for of_part in queue.chunk_by(|a, b| a.1.part == b.1.part) {
        let part = &parts[of_part[0].1.part as usize];
        for batch in of_part.chunks(BATCH) {
            let bar = query.bound_of(best.bar());
            rows.clear();
            rows.extend(
                batch
                    .iter()
                    .filter(|(b, _)| *b >= bar)
                    .map(|(_, at)| at.row),
            );
            part.rows.scores(rows, scores)?;
            scored += rows.len() as u64;
            for (row, score) in rows.iter().zip(&*scores) {
                best.offer(
                    *score,
                    At {
                        part: part.part,
                        row: *row,
                    },
                );
            }
        }
    }
    Ok(scored)
}
