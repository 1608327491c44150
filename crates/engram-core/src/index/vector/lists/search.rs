//! A query among lists: which of them are near, and exact scores of the rows in these that the codes do
//! not rule out.

use super::super::best::{At, Best};
use super::super::cascade::Counts;
use super::super::query::{Query, SLACK};
use super::write::Places;
use super::{Head, NO_ROW};
use crate::error::Result;
use crate::format::record::Metric;
use crate::kernel::nibble::{ROWS, bounds, not_below};
use crate::kernel::{Rows, dot_each, l2_squared_each, norm_squared};

/// How far beyond its centre a list is taken to reach, in its radius. Rows are not spread evenly: what
/// matters is how far the nearest to a query lie, and larger lists reach further.
const REACH: f32 = 0.3;

/// The centres of lists.
#[derive(Clone, Copy)]
pub struct Centres<'a> {
    /// Length of each.
    pub dimension: usize,
    /// The centres as bytes, and what these stand for.
    pub codes: &'a [i8],
    /// See `codes`.
    pub scales: &'a [f32],
    /// Root mean squares of the distances of rows from their first centre.
    pub radii: &'a [f32],
    /// Entries of each list.
    pub counts: &'a [u32],
}

/// Lists by how near a query they are.
#[derive(Default)]
pub struct Order {
    products: Vec<f32>,
    /// How near, and which list; in order as far as `sorted`.
    lists: Vec<(f32, u32)>,
}

impl Order {
    /// Puts those first that hold the nearest `share` of all entries, and returns them in order, the nearest
    /// first.
    pub fn nearest(
        &mut self,
        query: &Query<'_>,
        centres: &Centres<'_>,
        share: f32,
    ) -> &[(f32, u32)] {
        let (metric, vector) = (query.metric(), query.vector());
        let rows = Rows::I8 {
            codes: centres.codes,
            scales: centres.scales,
        };
        let out = &mut self.products;
        match metric {
            Metric::L2 => l2_squared_each(vector, rows, centres.dimension, out),
            Metric::Cosine | Metric::Dot => dot_each(vector, rows, centres.dimension, out),
        }
        let length = norm_squared(vector).sqrt();
        let key = |(product, radius): (&f32, &f32)| match metric {
            Metric::L2 => {
                let distance = product.max(0.0).sqrt();
                -product + 2.0 * REACH * distance * radius - radius * radius
            }
            Metric::Cosine | Metric::Dot => product + REACH * length * radius,
        };
        self.lists.clear();
        let keys = self.products.iter().zip(centres.radii).map(key);
        self.lists.extend(keys.zip(0u32..));
        let all: u64 = centres.counts.iter().map(|n| u64::from(*n)).sum();
        let wanted = (all as f64 * f64::from(share)).ceil() as u64;
        let count = self.select(centres.counts, wanted);
        &self.lists[..count]
    }

    /// Sorts as many to the front as hold `wanted` entries, and returns their number.
    fn select(&mut self, counts: &[u32], wanted: u64) -> usize {
        let larger = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        let entries = |lists: &[(f32, u32)]| -> u64 {
            lists
                .iter()
                .map(|(_, l)| u64::from(counts[*l as usize]))
                .sum()
        };
        let mut front = 16;
        while front < self.lists.len() {
            self.lists.select_nth_unstable_by(front, larger);
            if entries(&self.lists[..front]) >= wanted {
                break;
            }
            front *= 2;
        }
        let front = front.min(self.lists.len());
        self.lists[..front].sort_unstable_by(larger);
        let mut sum = 0;
        let enough = self.lists[..front].iter().position(|(_, list)| {
            sum += u64::from(counts[*list as usize]);
            sum >= wanted
        });
        enough.map_or(front, |last| last + 1)
    }

    /// The product of the query and a centre, under L2 the square of their distance.
    fn product(&self, list: u32) -> f32 {
        self.products[list as usize]
    }
}

/// The entries of lists, and the rows behind them.
pub trait Listed {
    /// The blocks of a list, and the numbers of its rows, as many as fill up the blocks.
    fn list(&self, list: u32) -> Result<(&[u8], &[u32])>;
    /// Where a row lies; none where it is not wanted.
    fn locate(&self, row: u32) -> Option<At>;
    /// Replaces `out` by the exact scores of some rows of one part.
    fn scores(&self, part: u32, rows: &[u32], out: &mut Vec<f32>) -> Result<()>;
}

/// Memory of searches.
#[derive(Default)]
pub struct ListsScratch {
    order: Order,
    bounds: Vec<f32>,
    maxima: Vec<f32>,
    pool: Vec<f32>,
    /// Rows that were looked at, sorted.
    seen: Vec<u32>,
    fresh: Vec<u32>,
    queue: Vec<(At, f32)>,
    rows: Vec<u32>,
    scores: Vec<f32>,
    excluded: Vec<f32>,
}

/// How a search went.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// What it did.
    pub counts: Counts,
    /// Of the rows that look good enough, the share that was wanted.
    pub wanted: f64,
}

/// Offers `best` the rows in the lists nearest to the query that the bounds do not rule out; these lists have
/// `share` of all entries. `first` rows are scored before the bar is looked at.
pub fn search_lists<S: Listed>(
    query: &Query<'_>,
    (head, centres, places): (&Head, &Centres<'_>, &Places),
    (share, first): (f32, usize),
    source: &S,
    best: &mut Best,
    scratch: &mut ListsScratch,
) -> Result<Reading> {
    let mut order = std::mem::take(&mut scratch.order);
    let near = order.nearest(query, centres, share).len();
    let near = &order.lists[..near];
    let blocks = |list: u32| (places.0[list as usize + 1] - places.0[list as usize]) as usize;
    let all: usize = near.iter().map(|(_, list)| blocks(*list)).sum();
    scratch.bounds.resize(all * ROWS, 0.0);
    scratch.maxima.resize(all, 0.0);
    let prepared = query.prepare(&vec![0.0; centres.dimension]);
    let lookup = query.lookup_at(&prepared, head.noise);
    let square = norm_squared(query.vector());
    let (mut at, mut numbers) = (0, Vec::with_capacity(near.len()));
    for (_, list) in near {
        let (codes, rows) = source.list(*list)?;
        let product = order.product(*list);
        let base = match query.metric() {
            Metric::L2 => -product + (square + product) * SLACK,
            Metric::Cosine | Metric::Dot => product + (square + product.abs()) * SLACK,
        };
        let end = at + blocks(*list);
        let out = &mut scratch.bounds[at * ROWS..end * ROWS];
        let lookup = crate::kernel::nibble::Lookup { base, ..lookup };
        bounds(codes, lookup, None, out, &mut scratch.maxima[at..end]);
        numbers.push((at, rows));
        at = end;
    }
    let mut counts = Counts {
        scanned: near
            .iter()
            .map(|(_, l)| u64::from(centres.counts[*l as usize]))
            .sum(),
        scored: 0,
    };
    scratch.seen.clear();
    scratch.excluded.clear();
    let mut done = f32::INFINITY;
    let mut passed = Vec::new();
    for round in 0..2 {
        let bar = match round {
            0 => scratch.first_bar(first).max(query.bound_of(best.bar())),
            _ => query.bound_of(best.bar()),
        };
        scratch.gather(&numbers, bar, done, source);
        counts.scored += scratch.score(query, source, best, &mut passed)?;
        done = bar;
    }
    let bar = query.bound_of(best.bar());
    let above = |bounds: &[f32]| bounds.iter().filter(|b| **b >= bar).count() as f64;
    let (wanted, excluded) = (above(&passed), above(&scratch.excluded));
    scratch.order = order;
    Ok(Reading {
        counts,
        wanted: wanted.max(1.0) / (wanted.max(1.0) + excluded),
    })
}

impl ListsScratch {
    /// A bar that about `n` rows reach, or a few times as many.
    fn first_bar(&mut self, n: usize) -> f32 {
        self.pool.clear();
        self.pool.extend_from_slice(&self.maxima);
        match self.pool.len() {
            len if len <= n * 2 => f32::MIN,
            _ => *self.pool.select_nth_unstable_by(n, |a, b| b.total_cmp(a)).1,
        }
    }

    /// Fills the queue with the wanted rows whose bound is from `bar` on and below `done`, each once, by
    /// where they lie.
    fn gather<S: Listed>(&mut self, lists: &[(usize, &[u32])], bar: f32, done: f32, source: &S) {
        let bar = bar.max(f32::MIN);
        self.queue.clear();
        self.fresh.clear();
        let ends = lists
            .iter()
            .skip(1)
            .map(|(at, _)| *at)
            .chain([self.maxima.len()]);
        let bounds = self.bounds.as_chunks::<ROWS>().0;
        for ((start, rows), end) in lists.iter().zip(ends) {
            for block in *start..end {
                if self.maxima[block] < bar {
                    continue;
                }
                let of_block = &bounds[block];
                let mut bits = not_below(of_block, bar) & !not_below(of_block, done);
                while bits != 0 {
                    let j = bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    let row = rows[(block - start) * ROWS + j];
                    if row == NO_ROW || self.seen.binary_search(&row).is_ok() {
                        continue;
                    }
                    self.fresh.push(row);
                    match source.locate(row) {
                        Some(at) => self.queue.push((at, of_block[j])),
                        None => self.excluded.push(of_block[j]),
                    }
                }
            }
        }
        self.seen.append(&mut self.fresh);
        self.seen.sort_unstable();
        // Of two entries of a row, the one that promises more stays.
        self.queue
            .sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        self.queue.dedup_by_key(|(at, _)| *at);
    }

    /// Scores the rows of the queue whose bounds still reach the bar, notes their bounds, and returns how many.
    fn score<S: Listed>(
        &mut self,
        query: &Query<'_>,
        source: &S,
        best: &mut Best,
        passed: &mut Vec<f32>,
    ) -> Result<u64> {
        let mut scored = 0;
        for of_part in self.queue.chunk_by(|a, b| a.0.part == b.0.part) {
            let part = of_part[0].0.part;
            let bar = query.bound_of(best.bar());
            let still = of_part.iter().filter(|(_, bound)| *bound >= bar);
            self.rows.clear();
            for (at, bound) in still {
                self.rows.push(at.row);
                passed.push(*bound);
            }
            source.scores(part, &self.rows, &mut self.scores)?;
            scored += self.rows.len() as u64;
            for (row, score) in self.rows.iter().zip(&self.scores) {
                best.offer(*score, At { part, row: *row });
            }
        }
        Ok(scored)
    }
}
