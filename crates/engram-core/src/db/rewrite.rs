//! Whole new files: creation, `optimize`, `backup`, and the result of `doctor`.
//!
//! A new file holds live records only, segments packed one behind the other, and the segments that
//! named snapshots need. It takes its place whole or not at all (`store::place`).

use super::checkpoint::{to_manifest, write_manifest};
use super::commit::live_bytes;
use super::compact::{Output, rewrite};
use super::edges;
use super::engine::Engine;
use super::gate::WriteGuard;
use super::head::{log_extent_len, superblock};
use super::lists;
use crate::error::Result;
use crate::format::FIRST_EXTENT;
use crate::format::frame::{Kind, Publish};
use crate::format::manifest::SegmentRef;
use crate::segment::{EdgeSegment, ListSegment, Segment};
use crate::state::{EdgeView, Graph, ListView, SegmentView, State};
use crate::store::log::{self, NewFrame};
use crate::store::space::Space;
use crate::store::{Sealed, Storage, fork};
use std::collections::HashMap;
use std::sync::Arc;

/// What a rewrite did.
#[derive(Clone, Copy, Debug, Default)]
pub struct RewriteReport {
    /// Length of the file before.
    pub bytes_before: u64,
    /// Length of the file after.
    pub bytes_after: u64,
    /// Live records.
    pub records: u64,
    /// Live edges.
    pub edges: u64,
    /// Segments after.
    pub segments: usize,
}

/// What a new file starts from.
pub(super) struct Seed {
    pub(super) file_id: [u8; 16],
    pub(super) generation: u64,
    pub(super) first_frame: u64,
    pub(super) next_segment: u64,
    /// Whether segments without dead records are written anew as well.
    pub(super) rebuild: bool,
}

/// A random file id: clock, process, address space and stack address, hashed.
pub(super) fn new_file_id() -> [u8; 16] {
    let probe = 0u8;
    let seed = format!(
        "{}-{}-{:p}-{}",
        crate::store::locks::now_us(),
        std::process::id(),
        &raw const probe,
        fork::epoch()
    );
    xxhash_rust::xxh3::xxh3_128(seed.as_bytes()).to_le_bytes()
}

/// Writes a whole file that holds `state`. `source` is where its snapshots' segments lie.
pub(super) fn write_file(
    target: &dyn Storage,
    state: &State,
    source: &dyn Storage,
    seed: &Seed,
) -> Result<RewriteReport> {
    target.write_at(0, &vec![0; FIRST_EXTENT as usize])?;
    let mut space = Space::new(&[], &[], 0);
    let mut next_segment = seed.next_segment;
    let mut state = state.clone();
    let total = live_bytes(&state);
    let mut out = Output {
        storage: target,
        space: &mut space,
        next_segment: &mut next_segment,
        total,
        generation: seed.generation,
        at_a_time: 2,
    };
    let mut copied: HashMap<u64, SegmentRef> = HashMap::new();
    for c in state.collections.clone().values() {
        let fresh = rewrite_collection(&mut out, c, seed.rebuild, &mut copied)?;
        state.collections.insert(c.name.clone(), Arc::new(fresh));
    }
    copy_snapshots(&mut out, &mut state, source, &mut copied)?;
    state.generation = seed.generation;

    let log = space.allocate(log_extent_len(live_bytes(&state)));
    log::format_extent(target, log)?;
    let mut manifest = to_manifest(&state, next_segment);
    (manifest.log, manifest.first_frame) = (log, seed.first_frame);
    let at = write_manifest(target, &mut space, &mut manifest)?;
    // Both slots, so that one damaged superblock is never the only one.
    for generation in [seed.generation.saturating_sub(1), seed.generation] {
        let block = superblock(seed.file_id, generation, at);
        target.write_at(block.slot_offset(), &block.encode())?;
    }
    target.sync()?;
    Ok(RewriteReport {
        bytes_before: 0,
        bytes_after: target.len()?,
        records: state.records(),
        edges: state.edges(),
        segments: manifest.segments().len(),
    })
}

/// A collection in the new file: clean segments are copied, the rest is written anew.
fn rewrite_collection(
    out: &mut Output<'_>,
    c: &crate::state::Collection,
    rebuild: bool,
    copied: &mut HashMap<u64, SegmentRef>,
) -> Result<crate::state::Collection> {
    // A clean segment of a good size is as the new one would be.
    let enough = (out.total / 32).min(8 << 20);
    let clean = |v: &SegmentView| {
        let whole = v.dead.is_empty() && c.given_up_bytes(v) == 0;
        !rebuild && whole && v.segment.len_bytes() >= enough
    };
    let written = rewrite(out, c, |i| !clean(&c.segments[i]))?;
    let mut segments = Vec::new();
    for view in written.segments {
        let came_along = c.segments.iter().any(|v| v.at.id == view.at.id);
        if came_along {
            segments.push(copy_segment(out, &view.segment, &view.at, copied)?);
        } else {
            segments.push(view);
        }
    }
    let graph = rewrite_graph(out, &c.graph, rebuild, copied)?;
    let mut written = crate::state::Collection {
        segments,
        graph: Arc::new(graph),
        ..written
    };
    let kept = match !rebuild && lists::are_whole(&written)? {
        true => std::mem::take(&mut written.lists),
        false => Vec::new(),
    };
    if kept.is_empty() {
        written.lists = lists::over_all(out, &written)?;
    }
    for view in kept {
        let at = copy_sealed(out, view.lists.sealed(), &view.at, copied)?;
        let lists = Arc::new(ListSegment::open(out.storage, &at)?);
        written.lists.push(ListView { at, lists });
    }
    Ok(written)
}

/// The edges in the new file: one segment, copied where it is clean.
fn rewrite_graph(
    out: &mut Output<'_>,
    graph: &Graph,
    rebuild: bool,
    copied: &mut HashMap<u64, SegmentRef>,
) -> Result<Graph> {
    match &graph.segments[..] {
        [view] if !rebuild && view.dead.is_empty() && graph.memory().is_empty() => {
            let at = copy_sealed(out, view.segment.sealed(), &view.at, copied)?;
            Ok(Graph::from_segments(vec![EdgeView {
                segment: Arc::new(EdgeSegment::open(out.storage, &at)?),
                dead: Arc::default(),
                at,
            }]))
        }
        _ => edges::rewrite(out, graph, 0),
    }
}

/// Copies a segment of records.
fn copy_segment(
    out: &mut Output<'_>,
    segment: &Segment,
    at: &SegmentRef,
    copied: &mut HashMap<u64, SegmentRef>,
) -> Result<SegmentView> {
    let at = copy_sealed(out, segment.sealed(), at, copied)?;
    Ok(SegmentView {
        dead: Arc::new(at.dead.clone().into()),
        segment: Arc::new(Segment::open(out.storage, &at)?),
        at,
    })
}

/// Copies a segment of any sort byte for byte, once.
fn copy_sealed(
    out: &mut Output<'_>,
    sealed: &Sealed,
    at: &SegmentRef,
    copied: &mut HashMap<u64, SegmentRef>,
) -> Result<SegmentRef> {
    let dead = at.dead.clone();
    if let Some(done) = copied.get(&at.id) {
        return Ok(SegmentRef {
            dead,
            ..done.clone()
        });
    }
    sealed.check_all()?;
    let at = out.place(sealed.raw(), at.id, at.records, at.footer_crc, dead)?;
    copied.insert(at.id, at.clone());
    Ok(at)
}

/// Brings the snapshots along with every segment they name.
fn copy_snapshots(
    out: &mut Output<'_>,
    state: &mut State,
    source: &dyn Storage,
    copied: &mut HashMap<u64, SegmentRef>,
) -> Result<()> {
    let mut snapshots = (*state.snapshots).clone();
    for snapshot in &mut snapshots {
        let all = snapshot.collections.iter_mut();
        for at in all.flat_map(|c| c.segments.iter_mut().chain(&mut c.edges)) {
            *at = match copied.get(&at.id) {
                Some(done) => SegmentRef {
                    dead: at.dead.clone(),
                    ..done.clone()
                },
                None => copy_sealed(out, &Sealed::open(source, at)?, at, copied)?,
            };
        }
    }
    state.snapshots = Arc::new(snapshots);
    Ok(())
}

impl WriteGuard {
    /// Replaces the file by one without dead bytes. The engine must be opened anew afterwards.
    pub(super) fn replace_file(&self, state: &State, rebuild: bool) -> Result<RewriteReport> {
        let engine = &*self.engine;
        let (generation, next_frame, next_segment) = {
            let head = engine.head.lock();
            (
                head.manifest.generation,
                head.tail.next,
                head.manifest.next_segment,
            )
        };
        let seed = Seed {
            file_id: engine.file_id,
            generation: generation + 1,
            // Above every frame of the old file, the move included.
            first_frame: next_frame + 2,
            next_segment,
            rebuild,
        };
        let before = engine.storage.len()?;
        let mut report = RewriteReport::default();
        let mut fill = |target: &dyn Storage| {
            report = write_file(target, state, &*engine.storage, &seed)?;
            Ok(())
        };
        engine
            .place
            .replace(&mut fill, &mut || self.announce_move(state))?;
        Ok(RewriteReport {
            bytes_before: before,
            ..report
        })
    }

    /// Tells the handles that have the old file open to look at its path again. Where the swap does
    /// not happen after all, they find the same file there and go on.
    fn announce_move(&self, state: &State) -> Result<()> {
        let engine = &*self.engine;
        let mut head = engine.head.lock();
        let tail = head.tail;
        let (commit, time_us) = (state.commit, state.time_us);
        let frame = NewFrame {
            kind: Kind::Moved,
            commit,
            time_us,
            body: &[],
        };
        let len = log_extent_len(live_bytes(state));
        let written = log::write(&*engine.storage, tail, &mut head.space, len, &frame)?;
        engine.storage.sync()?;
        log::publish(&*engine.storage, &written, Publish::Full)
    }
}

impl Engine {
    /// Writes a copy of `state` as a new file at `path`.
    pub(super) fn backup(
        &self,
        state: &State,
        place: &dyn crate::store::Place,
    ) -> Result<RewriteReport> {
        let seed = Seed {
            file_id: new_file_id(),
            generation: 1,
            first_frame: 1,
            next_segment: self.head.lock().manifest.next_segment,
            rebuild: false,
        };
        let mut report = RewriteReport::default();
        let mut fill = |target: &dyn Storage| {
            report = write_file(target, state, &*self.storage, &seed)?;
            Ok(())
        };
        place.create(&mut fill)?;
        Ok(RewriteReport {
            bytes_before: self.storage.len()?,
            ..report
        })
    }
}
