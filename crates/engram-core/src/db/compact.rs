//! What a checkpoint writes: records in memory become segments, and segments with too much dead
//! weight, or too many small ones, become new ones.
//!
//! Bounds: a segment is at most an eighth of the database (so that rewriting one needs little room
//! beside it), and a checkpoint rewrites about four times the bytes that brought it about, so dead
//! weight stays below a quarter in a steady state. `benches/` holds the churn measurement.

use crate::error::Result;
use crate::format::Extent;
use crate::format::manifest::SegmentRef;
use crate::segment::{Segment, SegmentBuilder};
use crate::state::{Collection, SegmentView};
use crate::store::Storage;
use crate::store::space::Space;
use roaring::RoaringBitmap;
use std::sync::Arc;

/// Share of dead records from which a segment is rewritten.
const DEAD_SHARE: f64 = 0.25;
/// Segments of one collection from which small ones are merged.
const MANY: usize = 16;

/// Where new segments go.
pub(super) struct Output<'a> {
    pub(super) storage: &'a dyn Storage,
    pub(super) space: &'a mut Space,
    pub(super) next_segment: &'a mut u64,
    /// Bytes of the whole database, which bound a segment.
    pub(super) total: u64,
}

impl Output<'_> {
    /// Largest segment to be built, in bytes of records.
    fn max_bytes(&self) -> u64 {
        (self.total / 8).clamp(1 << 20, 64 << 20)
    }

    /// Writes what a builder holds.
    fn write(&mut self, builder: SegmentBuilder<'_>) -> Result<SegmentView> {
        let (id, records) = (*self.next_segment, builder.len() as u32);
        let (bytes, footer_crc) = builder.finish(id)?;
        *self.next_segment += 1;
        self.write_raw(&bytes, id, records, footer_crc, RoaringBitmap::new())
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
        let len = bytes.len() as u64;
        let extent = self.space.allocate(len);
        self.storage.write_at(extent.offset, bytes)?;
        pad(self.storage, extent, len)?;
        let at = SegmentRef {
            id,
            extent,
            len,
            records,
            footer_crc,
            dead: dead.clone(),
        };
        let segment = Arc::new(Segment::open(self.storage, &at)?);
        Ok(SegmentView {
            at,
            segment,
            dead: Arc::new(dead),
        })
    }
}

/// Zeros behind `len`: an extent must exist whole, and hold nothing of what was there before.
pub(super) fn pad(storage: &dyn Storage, extent: Extent, len: u64) -> Result<()> {
    storage.write_at(extent.offset + len, &vec![0; (extent.len - len) as usize])
}

/// Bytes of a segment that belong to live records.
fn live_bytes(view: &SegmentView) -> u64 {
    view.segment.len_bytes() * view.live() / u64::from(view.segment.records().max(1))
}

/// Which segments to rewrite together with the records in memory.
fn choose(c: &Collection, max_bytes: u64) -> Vec<usize> {
    let dead_share = |v: &SegmentView| v.dead.len() as f64 / f64::from(v.segment.records().max(1));
    let mut chosen = Vec::new();
    let mut budget = (4 * c.memory_bytes).max(max_bytes);
    let mut order: Vec<usize> = (0..c.segments.len()).collect();
    order.sort_by(|a, b| dead_share(&c.segments[*b]).total_cmp(&dead_share(&c.segments[*a])));
    for i in order {
        let (view, cost) = (&c.segments[i], live_bytes(&c.segments[i]));
        let worth = dead_share(view) >= DEAD_SHARE && (cost <= budget || chosen.is_empty());
        if worth || view.live() == 0 {
            chosen.push(i);
            budget = budget.saturating_sub(cost);
        }
    }
    let mut rest: Vec<usize> = (0..c.segments.len())
        .filter(|i| !chosen.contains(i))
        .collect();
    if rest.len() >= MANY {
        rest.sort_by_key(|i| live_bytes(&c.segments[*i]));
        let mut merged = c.memory_bytes;
        for (taken, i) in rest.into_iter().enumerate() {
            let cost = live_bytes(&c.segments[i]);
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

/// The collection with nothing in memory.
pub(super) fn flush(out: &mut Output<'_>, c: &Collection) -> Result<Collection> {
    let chosen = choose(c, out.max_bytes());
    if c.memory.is_empty() && chosen.is_empty() {
        return Ok(c.clone());
    }
    rewrite(out, c, |i| chosen.contains(&i))
}

/// The collection with the records in memory and the segments that `replace` names written anew.
pub(super) fn rewrite(
    out: &mut Output<'_>,
    c: &Collection,
    replace: impl Fn(usize) -> bool,
) -> Result<Collection> {
    let mut fresh = Vec::new();
    let mut builder = SegmentBuilder::new(&c.analyzer);
    let max = out.max_bytes() as usize;
    let mut add = |record: &crate::format::record::Record| -> Result<()> {
        builder.add(record)?;
        if builder.bytes() >= max {
            let full = std::mem::replace(&mut builder, SegmentBuilder::new(&c.analyzer));
            fresh.push(out.write(full)?);
        }
        Ok(())
    };
    let mut kept = Vec::new();
    for (i, view) in c.segments.iter().enumerate() {
        if replace(i) {
            for record in view.segment.records_of(&view.live_ordinals(), true)? {
                add(&record)?;
            }
        } else {
            kept.push(view.clone());
        }
    }
    for entry in c.memory.values() {
        add(&entry.record)?;
    }
    if !builder.is_empty() {
        fresh.push(out.write(builder)?);
    }
    kept.extend(fresh);
    Ok(Collection {
        segments: kept,
        memory: imbl::OrdMap::new(),
        memory_bytes: 0,
        ..c.clone()
    })
}
