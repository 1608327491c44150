//! Where a handle stands in the file, and how states are made from what lies there.

use crate::error::{Code, Error, Result};
use crate::format::frame;
use crate::format::manifest::{Manifest, SegmentRef};
use crate::format::ops::decode_all;
use crate::format::superblock::Superblock;
use crate::format::{Extent, FORMAT_MAJOR, FORMAT_MINOR};
use crate::segment::{EdgeSegment, ListSegment, Segment};
use crate::state::{Collection, State};
use crate::store::log::{self, Frame, Tail};
use crate::store::space::Space;
use crate::store::{ManifestAt, Region, Storage};
use std::collections::HashMap;
use std::sync::Arc;

/// The word that tells whether anything is new.
pub(super) struct Watch {
    pub(super) region: Option<Region>,
    pub(super) offset: usize,
    pub(super) words: [u64; 2],
}

impl Watch {
    pub(super) fn news(&self) -> bool {
        let word = self.region.as_ref().and_then(|r| r.load_word(self.offset));
        word.is_some_and(|w| self.words.contains(&w))
    }
}

/// Where this handle stands in the file.
pub(super) struct Head {
    pub(super) tail: Tail,
    pub(super) space: Space,
    pub(super) manifest: Arc<Manifest>,
    pub(super) manifest_at: ManifestAt,
    pub(super) log: Vec<Extent>,
    pub(super) log_bytes: u64,
    /// The state of the manifest, before the log; without a pin of its own.
    pub(super) base: State,
    pub(super) watched: Option<(Extent, Region)>,
}

impl Head {
    pub(super) fn new(manifest: Arc<Manifest>, manifest_at: ManifestAt, state: &State) -> Head {
        Head {
            tail: Tail::start(manifest.log, manifest.first_frame),
            space: Space::new(&manifest.free, &manifest.pending, manifest.end),
            log: vec![manifest.log],
            log_bytes: 0,
            manifest,
            manifest_at,
            base: State {
                pin: None,
                ..state.clone()
            },
            watched: None,
        }
    }

    /// Steps over a frame.
    pub(super) fn pass(&mut self, frame: &Frame, storage: &dyn Storage) -> Result<()> {
        self.advance(log::after(self.tail, frame, storage.len()?)?);
        Ok(())
    }

    /// Moves to a later tail of the same log.
    pub(super) fn advance(&mut self, tail: Tail) {
        if tail.extent != self.tail.extent {
            self.space.take(tail.extent);
            self.log.push(tail.extent);
        }
        self.tail = tail;
    }
}

/// The state after a commit frame.
pub(super) fn replay(before: &State, frame: &Frame) -> Result<State> {
    let ops = decode_all(&frame.body)
        .map_err(|why| why.into_error(Code::CorruptLog, "a log frame", frame.offset))?;
    let mut state = before.clone();
    for op in ops {
        state.apply(op).map_err(|e| match e.is_corruption() {
            true => e,
            // What a caller may be blamed for was refused before it came into the log.
            false => Error::new(Code::CorruptLog, format!("a log frame is wrong: {e}"))
                .detail("offset", frame.offset),
        })?;
    }
    state.commit = frame.header.commit;
    state.time_us = frame.header.time_us;
    Ok(state)
}

/// The state of a manifest; segments that `known` has open are taken from there.
pub(super) fn build_state(
    storage: &dyn Storage,
    manifest: &Manifest,
    known: Option<&State>,
) -> Result<State> {
    let views = known
        .iter()
        .flat_map(|s| s.collections.values())
        .flat_map(|c| &c.segments);
    let open: HashMap<u64, Arc<Segment>> = views.map(|v| (v.at.id, v.segment.clone())).collect();
    let edges = known
        .iter()
        .flat_map(|s| s.collections.values())
        .flat_map(|c| &c.graph.segments);
    let open_edges: HashMap<u64, Arc<EdgeSegment>> =
        edges.map(|v| (v.at.id, v.segment.clone())).collect();
    let lists = known
        .iter()
        .flat_map(|s| s.collections.values())
        .flat_map(|c| &c.lists);
    let open_lists: HashMap<u64, Arc<ListSegment>> =
        lists.map(|v| (v.at.id, v.lists.clone())).collect();
    let mut collections = imbl::OrdMap::new();
    for meta in &manifest.collections {
        let segment = |at: &SegmentRef| match open.get(&at.id) {
            Some(segment) => Ok(segment.clone()),
            None => Ok(Arc::new(Segment::open(storage, at)?)),
        };
        let edge_segment = |at: &SegmentRef| match open_edges.get(&at.id) {
            Some(segment) => Ok(segment.clone()),
            None => Ok(Arc::new(EdgeSegment::open(storage, at)?)),
        };
        let list_segment = |at: &SegmentRef| match open_lists.get(&at.id) {
            Some(segment) => Ok(segment.clone()),
            None => Ok(Arc::new(ListSegment::open(storage, at)?)),
        };
        let collection = Collection::from_meta(meta, segment, edge_segment, list_segment)?;
        collections.insert(collection.name.clone(), Arc::new(collection));
    }
    Ok(State {
        commit: manifest.commit,
        time_us: manifest.time_us,
        collections,
        snapshots: Arc::new(manifest.snapshots.clone()),
        next_collection: manifest.next_collection,
        generation: manifest.generation,
        pin: None,
    })
}

/// Length of a fresh log extent for a database of `live_bytes`.
pub(super) fn log_extent_len(live_bytes: u64) -> u64 {
    crate::format::page_ceil((live_bytes / 64).clamp(16 << 10, 1 << 20))
}

/// Log bytes that call for a checkpoint.
pub(super) fn checkpoint_at(live_bytes: u64) -> u64 {
    (live_bytes / 32).clamp(64 << 10, 8 << 20)
}

/// Bytes of a frame that holds `body_len` bytes of operations.
pub(super) fn commit_frame_len(body_len: usize) -> u64 {
    frame::frame_len(body_len)
}

/// The superblock that points to a manifest.
pub(super) fn superblock(file_id: [u8; 16], generation: u64, at: ManifestAt) -> Superblock {
    Superblock {
        version: (FORMAT_MAJOR, FORMAT_MINOR),
        file_id,
        generation,
        manifest: at.extent,
        manifest_len: at.len,
        manifest_crc: at.crc,
    }
}
