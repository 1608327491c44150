//! What a checkpoint writes: records in memory become segments, and segments with too much dead
//! weight, or too many small ones, become new ones.
//!
//! Bounds: a segment is at most an eighth of the database, a quarter where much is written at once (so
//! that rewriting one needs little room beside it), and a checkpoint rewrites about four times the bytes that brought it about, so dead
//! weight stays below a quarter in a steady state. `benches/` holds the churn measurement.

use super::coding::coding;
use super::edges;
use crate::error::{Error, Result};
use crate::format::Extent;
use crate::format::manifest::SegmentRef;
use crate::segment::{Coding, Segment, SegmentBuilder, TextParts};
use crate::state::{Collection, Entry, SegmentView};
use crate::store::Storage;
use crate::store::space::Space;
use roaring::RoaringBitmap;
use std::sync::Arc;

/// Share of dead records from which a segment is rewritten.
const DEAD_SHARE: f64 = 0.25;
/// Segments of one collection from which small ones are merged.
const MANY: usize = 12;
/// A segment has no more bytes of records, whatever the size of the database.
const MAX_BYTES: u64 = 64 << 20;
/// Below this many bytes of records a segment is not cut further.
const SMALLEST_BYTES: u64 = 256 << 10;
/// From so many bytes of records on, their words are taken apart in a thread of their own.
const SIDE_BY_SIDE_BYTES: u64 = 64 << 10;
/// Records of a segment that are read at a time.
const AT_A_TIME: u64 = 1024;

/// Where new segments go.
pub(super) struct Output<'a> {
    pub(super) storage: &'a dyn Storage,
    pub(super) space: &'a mut Space,
    pub(super) next_segment: &'a mut u64,
    /// Bytes of the whole database, which bound a segment.
    pub(super) total: u64,
    /// The generation that will name them.
    pub(super) generation: u64,
    /// Segments that are built at a time; each takes about four times its bytes of memory.
    pub(super) at_a_time: usize,
}

impl Output<'_> {
    /// Largest segment to be merged, in bytes of records.
    fn max_bytes(&self) -> u64 {
        (self.total / 8).clamp(SMALLEST_BYTES, MAX_BYTES)
    }

    /// Largest segment to be built where `fresh` bytes come from memory: a bulk load ends in fewer
    /// segments, and they need not be merged.
    fn max_built(&self, fresh: u64) -> u64 {
        self.max_bytes()
            .max(fresh.min(self.total / 4).min(MAX_BYTES))
    }

    /// Writes the bytes of a segment and opens it.
    pub(super) fn write_raw(
        &mut self,
        bytes: &[u8],
        id: u64,
        records: u32,
        footer_crc: u32,
        dead: RoaringBitmap,
    ) -> Result<SegmentView> {
        let at = self.place(bytes, id, records, footer_crc, dead)?;
        let segment = Arc::new(Segment::open(self.storage, &at)?);
        Ok(SegmentView {
            dead: Arc::new(at.dead.clone().into()),
            at,
            segment,
        })
    }

    /// Writes the bytes of a segment of any sort.
    pub(super) fn place(
        &mut self,
        bytes: &[u8],
        id: u64,
        records: u32,
        footer_crc: u32,
        dead: RoaringBitmap,
    ) -> Result<SegmentRef> {
        let len = bytes.len() as u64;
        let extent = self.space.allocate(len);
        self.storage.write_at(extent.offset, bytes)?;
        pad(self.storage, extent, len)?;
        Ok(SegmentRef {
            id,
            extent,
            born: self.generation,
            len,
            records,
            footer_crc,
            dead,
        })
    }
}

/// Zeros behind `len`: an extent must exist whole, and hold nothing of what was there before.
pub(super) fn pad(storage: &dyn Storage, extent: Extent, len: u64) -> Result<()> {
    storage.write_at(extent.offset + len, &vec![0; (extent.len - len) as usize])
}

/// Bytes of a segment that belong to live records.
fn live_bytes(c: &Collection, view: &SegmentView) -> u64 {
    let len = view.segment.len_bytes() - c.given_up_bytes(view);
    len * view.live() / u64::from(view.segment.records().max(1))
}

/// Which segments to rewrite together with the records in memory.
fn choose(c: &Collection, max_bytes: u64, total: u64) -> Vec<usize> {
    let listed = |v: &SegmentView| c.lists.iter().any(|l| l.covers(v.at.id));
    // Lists would lose what is only rid of embeddings that were given up.
    let dead_share = |v: &SegmentView| match listed(v) {
        true => v.dead.len() as f64 / f64::from(v.segment.records().max(1)),
        false => 1.0 - live_bytes(c, v) as f64 / v.segment.len_bytes().max(1) as f64,
    };
    let mut chosen = Vec::new();
    // The old place of what is rewritten is free at the next checkpoint only: beyond an eighth of the
    // database at a time, that costs more room than the dead records do.
    let mut budget = (4 * c.memory_bytes).min(total / 8).max(SMALLEST_BYTES);
    let mut order: Vec<usize> = (0..c.segments.len()).collect();
    order.sort_by(|a, b| dead_share(&c.segments[*b]).total_cmp(&dead_share(&c.segments[*a])));
    for i in order {
        let (view, cost) = (&c.segments[i], live_bytes(c, &c.segments[i]));
        let worth = dead_share(view) >= DEAD_SHARE && (cost <= budget || chosen.is_empty());
        if worth || view.live() == 0 {
            chosen.push(i);
            budget = budget.saturating_sub(cost);
        }
    }
    let mut rest: Vec<usize> = (0..c.segments.len())
        .filter(|i| !chosen.contains(i))
        // What lists cover stays as it is: they would lose it.
        .filter(|i| !listed(&c.segments[*i]))
        .collect();
    if rest.len() >= MANY {
        rest.sort_by_key(|i| live_bytes(c, &c.segments[*i]));
        // Many records in memory fill segments of their own.
        let mut merged = match c.memory_bytes <= max_bytes / 2 {
            true => c.memory_bytes,
            false => 0,
        };
        for (taken, i) in rest.into_iter().enumerate() {
            let cost = live_bytes(c, &c.segments[i]);
            // Four at least, and on while the next is no larger than all before it together: each
            // record is then moved a number of times that grows with the logarithm of the size.
            if merged + cost > max_bytes || (taken >= 4 && cost > merged) {
                break;
            }
            merged += cost;
            chosen.push(i);
        }
    }
    chosen.sort_unstable();
    chosen
}

/// The collection with nothing in memory, edges neither.
pub(super) fn flush(out: &mut Output<'_>, c: &Collection) -> Result<Collection> {
    let chosen = choose(c, out.max_bytes(), out.total);
    let mut flushed = match c.memory.is_empty() && chosen.is_empty() {
        true => c.clone(),
        false => rewrite(out, c, |i| chosen.contains(&i))?,
    };
    if let Some(graph) = edges::flush(out, &c.graph)? {
        flushed.graph = Arc::new(graph);
    }
    Ok(flushed)
}

/// Records that go into a new segment.
enum Piece<'a> {
    /// Some live records of a segment.
    Stored(&'a SegmentView, RoaringBitmap),
    /// A record in memory.
    Memory(&'a Entry),
}

/// The records of a new segment, and about how many bytes they are.
#[derive(Default)]
struct Job<'a> {
    pieces: Vec<Piece<'a>>,
    bytes: u64,
}

/// The collection with the records in memory and the segments that `replace` names written anew.
pub(super) fn rewrite(
    out: &mut Output<'_>,
    c: &Collection,
    replace: impl Fn(usize) -> bool,
) -> Result<Collection> {
    let mut old = Vec::new();
    let mut segments = Vec::new();
    for (i, view) in c.segments.iter().enumerate() {
        if replace(i) {
            old.push(view);
        } else {
            segments.push(view.clone());
        }
    }
    let size = old.iter().map(|v| live_bytes(c, v)).sum::<u64>() + c.memory_bytes;
    let coding = coding(c, &old, &segments)?;
    for some in divide(&old, c, size, out.max_built(c.memory_bytes)).chunks(out.at_a_time) {
        let ids = *out.next_segment..*out.next_segment + some.len() as u64;
        *out.next_segment = ids.end;
        for (built, id) in build_all(c, &coding, some, ids.start).into_iter().zip(ids) {
            let (records, bytes, footer_crc) = built?;
            segments.push(out.write_raw(&bytes, id, records, footer_crc, RoaringBitmap::new())?);
        }
    }
    Ok(Collection {
        segments,
        memory: imbl::OrdMap::new(),
        memory_bytes: 0,
        texts: Arc::default(),
        listed: Arc::default(),
        vectors: Arc::default(),
        ..c.clone()
    })
}

/// Divides records of `size` bytes into jobs of about the same and at most `most`, one for each new
/// segment. The division depends on the records only, never on the machine.
fn divide<'a>(old: &[&'a SegmentView], c: &'a Collection, size: u64, most: u64) -> Vec<Job<'a>> {
    let target = size.div_ceil(size.div_ceil(most).max(1)).max(1);
    let mut jobs = vec![Job::default()];
    let mut add = |piece, bytes: u64| {
        // What rounding leaves over is no segment of its own.
        let full = |job: &Job<'_>| job.bytes > 0 && job.bytes + bytes > target + target / 64;
        if jobs.last().is_some_and(full) {
            jobs.push(Job::default());
        }
        if let Some(job) = jobs.last_mut() {
            job.pieces.push(piece);
            job.bytes += bytes;
        }
    };
    for view in old {
        let ordinals: Vec<u32> = view.live_ordinals().iter().collect();
        let average = live_bytes(c, view) / (ordinals.len() as u64).max(1) + 1;
        // Small beside a job, so that jobs come out even.
        let share = (target / 16 / average).clamp(1, AT_A_TIME);
        for part in ordinals.chunks(share as usize) {
            let bytes = average * part.len() as u64;
            add(Piece::Stored(view, part.iter().copied().collect()), bytes);
        }
    }
    for entry in c.memory.values() {
        add(Piece::Memory(entry), entry.record.size_bytes() as u64);
    }
    jobs.retain(|job| !job.pieces.is_empty());
    jobs
}

/// A segment that is not in the file yet: number of records, bytes, CRC-32 of the footer.
type Built = (u32, Vec<u8>, u32);

/// Builds the segments of some jobs, side by side.
fn build_all(c: &Collection, coding: &Coding, jobs: &[Job<'_>], first: u64) -> Vec<Result<Built>> {
    if let [job] = jobs {
        return vec![build(c, coding, job, first)];
    }
    std::thread::scope(|scope| {
        let start = |(job, id)| scope.spawn(move || build(c, coding, job, id));
        let running: Vec<_> = jobs.iter().zip(first..).map(start).collect();
        let panicked = |_| Err(Error::internal("a thread that built a segment panicked"));
        let ended = running.into_iter().map(|thread| thread.join());
        ended.map(|built| built.unwrap_or_else(panicked)).collect()
    })
}

/// Builds the segment of a job, the words of a large one in a thread of their own.
fn build(c: &Collection, coding: &Coding, job: &Job<'_>, id: u64) -> Result<Built> {
    let builder = SegmentBuilder::new(&c.analyzer, &c.spaces, c.metric, coding);
    if job.bytes < SIDE_BY_SIDE_BYTES {
        return build_rest(c, builder, job, id, || words(c, job));
    }
    std::thread::scope(|scope| {
        let words = scope.spawn(|| words(c, job));
        let panicked = |_| Err(Error::internal("a thread that took texts apart panicked"));
        build_rest(c, builder, job, id, || {
            words.join().unwrap_or_else(panicked)
        })
    })
}

/// The text index of a job.
fn words(c: &Collection, job: &Job<'_>) -> Result<Vec<u8>> {
    let (mut parts, mut ordinal) = (TextParts::default(), 0);
    for piece in &job.pieces {
        match piece {
            Piece::Memory(entry) => {
                if let Some(text) = &entry.record.text {
                    parts.add(ordinal, text, &c.analyzer)?;
                }
                ordinal += 1;
            }
            Piece::Stored(view, ordinals) => {
                for (old, ordinal) in ordinals.iter().zip(ordinal..) {
                    parts.add_stored(ordinal, &view.segment, old);
                }
                ordinal += ordinals.len() as u32;
            }
        }
    }
    parts.finish()
}

/// The segment of a job, but for its text index.
fn build_rest(
    c: &Collection,
    mut builder: SegmentBuilder<'_>,
    job: &Job<'_>,
    id: u64,
    words: impl FnOnce() -> Result<Vec<u8>>,
) -> Result<Built> {
    for piece in &job.pieces {
        match piece {
            Piece::Memory(entry) => builder.add_rest(&entry.record)?,
            Piece::Stored(view, ordinals) => {
                let records = c.records_of(view, ordinals, true)?;
                records.iter().try_for_each(|r| builder.add_rest(r))?;
            }
        }
    }
    let records = builder.len() as u32;
    let (bytes, footer_crc) = builder.finish_with(id, words)?;
    Ok((records, bytes, footer_crc))
}
