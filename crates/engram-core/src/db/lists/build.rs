//! Building lists: centres, the lists of each row, what queries need to read, codes.

use super::super::compact::Output;
use crate::error::{Error, Result};
use crate::format::record::Metric;
use crate::index::vector::Query;
use crate::index::vector::lists::{
    Centres, Codebook, Covered, DEPTHS, Head, Needs, Order, Sample, each_list, lists_for,
    sample_for, unit,
};
use crate::query::neighbours;
use crate::segment::{ListSegment, NewLists, Plane, Segment};
use crate::state::{Collection, ListView};
use roaring::RoaringBitmap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows that are asked for their neighbours.
const ASKED: usize = 256;
/// Threads that find the lists of rows.
const THREADS: usize = 2;
/// Rows that a thread takes at a time.
const AT_A_TIME: usize = 4096;

/// The rows of some segments, numbered through all of them.
struct Planes<'a> {
    metric: Metric,
    planes: Vec<Plane<'a>>,
    /// Whose planes they are.
    segments: Vec<&'a Segment>,
    /// Where the rows of each begin, and the end of all.
    starts: Vec<u32>,
    /// Rows of the sample, and the plane that the last one of it came from.
    sample: usize,
    sampled: AtomicUsize,
}

impl<'a> Planes<'a> {
    fn new(c: &'a Collection, space: u16, chosen: &[usize]) -> Result<Planes<'a>> {
        let (mut planes, mut segments) = (Vec::new(), Vec::new());
        let (mut starts, mut end) = (Vec::new(), 0);
        for i in chosen {
            let segment = &*c.segments[*i].segment;
            if let Some(vectors) = segment.dense(space)? {
                planes.push(vectors.all()?);
                segments.push(segment);
                segment.sealed().forget();
                starts.push(end);
                end += vectors.rows().len();
            }
        }
        starts.push(end);
        Ok(Planes {
            metric: c.metric,
            planes,
            segments,
            starts,
            sample: 0,
            sampled: AtomicUsize::new(0),
        })
    }

    fn rows(&self) -> u32 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Appends a row as lists compare it. `at` is the plane of the row before, whose memory is let go of
    /// where that is another one: whoever goes through all rows has one plane in memory.
    fn push_row(&self, row: u32, at: &mut usize, out: &mut Vec<f32>) {
        let plane = self.starts.partition_point(|start| *start <= row) - 1;
        if plane != *at {
            self.segments[*at].sealed().forget();
            *at = plane;
        }
        let (row, mut buffer) = ((row - self.starts[plane]) as usize, Vec::new());
        unit(self.metric, self.planes[plane].row(row, &mut buffer), out);
    }

    /// The lists of some rows.
    fn assign(&self, book: &Codebook, rows: Range<u32>) -> Vec<([u32; 2], f32)> {
        let (mut out, mut vectors) = (Vec::with_capacity(rows.len()), Vec::new());
        let mut at = self.starts.partition_point(|start| *start <= rows.start) - 1;
        for first in rows.clone().step_by(AT_A_TIME) {
            vectors.clear();
            let end = rows.end.min(first + AT_A_TIME as u32);
            (first..end).for_each(|row| self.push_row(row, &mut at, &mut vectors));
            book.assign(&vectors, &mut out);
        }
        out
    }

    /// The lists of all rows.
    fn assign_all(&self, book: &Codebook) -> Result<Vec<([u32; 2], f32)>> {
        let share = (self.rows() as usize).div_ceil(THREADS).max(1) as u32;
        let shares = (0..self.rows()).step_by(share as usize);
        let shares = shares.map(|first| first..self.rows().min(first + share));
        std::thread::scope(|scope| {
            let running: Vec<_> = shares
                .map(|rows| scope.spawn(|| self.assign(book, rows)))
                .collect();
            let mut out = Vec::with_capacity(self.rows() as usize);
            for thread in running {
                let panicked = |_| Error::internal("a thread that looked for lists panicked");
                out.extend(thread.join().map_err(panicked)?);
            }
            Ok(out)
        })
    }
}

impl Sample for Planes<'_> {
    fn count(&self) -> usize {
        self.sample
    }

    fn push(&self, i: usize, out: &mut Vec<f32>) {
        let row = i as u64 * u64::from(self.rows()) / self.sample as u64;
        let mut at = self.sampled.load(Ordering::Relaxed);
        self.push_row(row as u32, &mut at, out);
        self.sampled.store(at, Ordering::Relaxed);
    }
}

/// Lists over the rows of some segments.
pub(super) fn build(
    out: &mut Output<'_>,
    c: &Collection,
    space: u16,
    chosen: &[usize],
) -> Result<ListView> {
    let mut planes = Planes::new(c, space, chosen)?;
    let dimension = c.spaces[usize::from(space)].dimension as usize;
    let rows = planes.rows() as usize;
    let lists = lists_for(rows);
    planes.sample = sample_for(lists, rows);
    let book = Codebook::train(&planes, dimension, lists);
    let lists = book.lists();
    let assigned = planes.assign_all(&book)?;
    let mut counts = vec![0u32; lists];
    let (mut squares, mut firsts) = (vec![0f64; lists], vec![0f64; lists]);
    for (lists, square) in &assigned {
        each_list(*lists).for_each(|list| counts[list as usize] += 1);
        squares[lists[0] as usize] += f64::from(*square);
        firsts[lists[0] as usize] += 1.0;
    }
    let means = squares
        .iter()
        .zip(&firsts)
        .map(|(sum, n)| sum / f64::max(*n, 1.0));
    let radii: Vec<f32> = means.map(|mean| mean.sqrt() as f32).collect();
    let lists_of: Vec<[u32; 2]> = assigned.into_iter().map(|(lists, _)| lists).collect();
    let (codes, scales) = book.centres();
    let centres = Centres {
        dimension,
        codes,
        scales,
        radii: &radii,
        counts: &counts,
    };
    let needs = needs(c, space, chosen, &planes, &centres, &lists_of)?;
    let covered = chosen.iter().zip(planes.starts.windows(2));
    let covered = covered.map(|(i, ends)| Covered {
        id: c.segments[*i].at.id,
        rows: ends[1] - ends[0],
    });
    let new = NewLists {
        space,
        metric: c.metric,
        head: Head::new(dimension, lists, covered.collect(), &needs),
        book: &book,
        radii: &radii,
        counts: &counts,
        lists_of: &lists_of,
    };
    let id = *out.next_segment;
    *out.next_segment += 1;
    let mut at = 0;
    let (bytes, footer_crc, entries) = new.build(id, |row, vector| {
        planes.push_row(row, &mut at, vector);
        Ok(())
    })?;
    let at = out.place(&bytes, id, entries, footer_crc, RoaringBitmap::new())?;
    let lists = Arc::new(ListSegment::open(out.storage, &at)?);
    Ok(ListView { at, lists })
}

/// What share of the entries the neighbours of some rows need.
fn needs(
    c: &Collection,
    space: u16,
    chosen: &[usize],
    planes: &Planes<'_>,
    centres: &Centres<'_>,
    lists_of: &[[u32; 2]],
) -> Result<Needs> {
    let only = Collection {
        segments: chosen.iter().map(|i| c.segments[*i].clone()).collect(),
        lists: Vec::new(),
        ..c.clone()
    };
    let all: u64 = centres.counts.iter().map(|n| u64::from(*n)).sum();
    let (mut needs, mut order, mut ends) = (Needs::default(), Order::default(), Vec::new());
    let name = &c.spaces[usize::from(space)].name;
    neighbours(
        &only,
        name,
        ASKED,
        DEPTHS[DEPTHS.len() - 1],
        |vector, found| {
            // What cannot be coded as a query is compared with everything.
            let Some(query) = Query::new(c.metric, vector, 1.0) else {
                return Ok(());
            };
            ends.clear();
            ends.resize(centres.counts.len(), 1.0);
            let mut sum = 0;
            for (_, list) in order.nearest(&query, centres, 1.0) {
                sum += u64::from(centres.counts[*list as usize]);
                ends[*list as usize] = (sum as f64 / all as f64) as f32;
            }
            let need = |(segment, row): &(usize, u32)| {
                let lists = lists_of[(planes.starts[*segment] + row) as usize];
                each_list(lists)
                    .map(|l| ends[l as usize])
                    .fold(1.0, f32::min)
            };
            needs.note(&found.iter().map(need).collect::<Vec<f32>>());
            Ok(())
        },
    )?;
    Ok(needs)
}
