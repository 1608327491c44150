//! Checkpoints: records in memory become segments, and a new manifest takes over.
//!
//! Order of events (F-090): segments, new log, manifest; sync; checkpoint frame in the old log, new
//! superblock; sync; publish the frame. Until the second sync the old generation is the truth; from
//! then on both the superblock and the old log lead to the new one.

use super::commit::live_bytes;
use super::compact::{Output, flush, pad};
use super::engine::Relaxed;
use super::gate::WriteGuard;
use super::head::{Head, log_extent_len, superblock};
use super::lists;
use crate::error::Result;
use crate::format::PAGE_BYTES;
use crate::format::frame::{CheckpointBody, Kind, Publish};
use crate::format::manifest::{CollectionMeta, Manifest, Pending, SnapshotMeta};
use crate::state::State;
use crate::store::log::{self, NewFrame};
use crate::store::space::Space;
use crate::store::{ManifestAt, Storage};
use std::collections::HashSet;
use std::sync::Arc;

/// How far a checkpoint has come, and with that, what a failure must undo.
enum Progress {
    /// Nobody can see anything of it but perhaps an unpublished frame.
    Hidden,
    /// The superblock may point to it; its slot held `before`.
    Announced { offset: u64, before: Vec<u8> },
    /// Other handles go on from it.
    Published,
}

impl WriteGuard {
    /// Makes `state` durable as a new generation, with a snapshot of it where a name is given. Any
    /// failure poisons the handle.
    pub(super) fn checkpoint(&self, state: State, snapshot: Option<&str>) -> Result<Arc<State>> {
        let mut progress = Progress::Hidden;
        let done = self.checkpoint_unguarded(state, snapshot, &mut progress);
        done.inspect_err(|e| {
            let storage = &*self.engine.storage;
            // A superblock that leads to the new generation beside a log that goes on in the old one
            // would lose what is committed there: both go, or the frame stays for the next writer.
            let hidden = match &progress {
                Progress::Hidden => true,
                Progress::Announced { offset, before } => storage.write_at(*offset, before).is_ok(),
                Progress::Published => false,
            };
            if hidden {
                log::void(storage, self.engine.head.lock().tail);
            }
            self.engine.poison(e);
        })
    }

    fn checkpoint_unguarded(
        &self,
        state: State,
        snapshot: Option<&str>,
        progress: &mut Progress,
    ) -> Result<Arc<State>> {
        let engine = &*self.engine;
        let storage = &*engine.storage;
        engine.mend_superblocks(&engine.head.lock())?;
        let (mut space, old, old_at, old_log, tail) = {
            let head = engine.head.lock();
            (
                head.space.clone(),
                head.manifest.clone(),
                head.manifest_at,
                head.log.clone(),
                head.tail,
            )
        };
        space.reclaim(old.generation, |range| engine.pins.any(range))?;
        let mut next_segment = old.next_segment;
        let state = State {
            generation: old.generation + 1,
            ..state
        };
        let mut state = flush_all(storage, &mut space, &mut next_segment, state)?;
        if let Some(name) = snapshot {
            add_snapshot(&mut state, name);
        }
        state.pin = Some(engine.pins.pin(state.generation)?);

        let new_log = space.allocate(log_extent_len(live_bytes(&state)));
        log::format_extent(storage, new_log)?;
        let mut manifest = to_manifest(&state, next_segment);
        (manifest.log, manifest.first_frame) = (new_log, tail.next + 1);
        release_unnamed(&mut space, &old, &manifest);
        let old_extents = old_log.iter().copied().chain([old_at.extent]);
        old_extents.for_each(|extent| {
            let (born, freed) = (old.generation, manifest.generation);
            space.release(Pending {
                extent,
                born,
                freed,
            });
        });
        let at = write_manifest(storage, &mut space, &mut manifest)?;
        storage.sync()?;

        let frame = CheckpointBody {
            generation: manifest.generation,
            manifest: at.extent,
            manifest_len: at.len,
            manifest_crc: at.crc,
        };
        let new = NewFrame {
            kind: Kind::Checkpoint,
            commit: state.commit,
            time_us: state.time_us,
            body: &frame.encode(),
        };
        let written = log::write(storage, tail, &mut space, 0, &new)?;
        let block = superblock(engine.file_id, manifest.generation, at);
        let mut before = vec![0; PAGE_BYTES as usize];
        storage.read_at(block.slot_offset(), &mut before)?;
        let offset = block.slot_offset();
        *progress = Progress::Announced { offset, before };
        storage.write_at(offset, &block.encode())?;
        storage.sync()?;
        *engine.relaxed.lock() = Relaxed::default();
        log::publish(storage, &written, Publish::Full)?;
        *progress = Progress::Published;

        let state = Arc::new(state);
        let (generation, end) = (manifest.generation, manifest.end);
        let mut head = engine.head.lock();
        if head.manifest.generation < manifest.generation {
            *head = Head::new(Arc::new(manifest), at, &state);
            engine.publish_state(&mut head, state.clone())?;
        }
        drop(head);
        // The other slot follows, so that no superblock names space that is used again from here on;
        // the next sync makes it durable, and until then the first one is.
        let other = superblock(engine.file_id, generation - 1, at);
        storage.write_at(other.slot_offset(), &other.encode())?;
        // Nothing that any pinned generation names lies behind the end.
        if storage.len()? > end {
            storage.set_len(end)?;
        }
        Ok(state)
    }
}

/// Every collection with nothing in memory.
fn flush_all(
    storage: &dyn Storage,
    space: &mut Space,
    next_segment: &mut u64,
    mut state: State,
) -> Result<State> {
    let total = live_bytes(&state);
    let mut out = Output {
        storage,
        space,
        next_segment,
        total,
        generation: state.generation,
        at_a_time: 1,
    };
    for c in state.collections.clone().values() {
        let mut flushed = flush(&mut out, c)?;
        if let Some(lists) = lists::tend(&mut out, &flushed)? {
            flushed.lists = lists;
        }
        // From here on the bitmaps in `at` are the ones of the new manifest.
        for view in &mut flushed.segments {
            view.at.dead = view.dead.ordinals().clone();
        }
        if !flushed.graph.is_empty() {
            for view in &mut flushed.graph_mut().segments {
                view.at.dead = (*view.dead).clone();
            }
        }
        state.collections.insert(c.name.clone(), Arc::new(flushed));
    }
    Ok(state)
}

fn add_snapshot(state: &mut State, name: &str) {
    let mut snapshots = (*state.snapshots).clone();
    snapshots.push(SnapshotMeta {
        name: name.to_owned(),
        commit: state.commit,
        time_us: state.time_us,
        // Lists can be made again; to keep those of each snapshot would be dear.
        collections: state
            .collections
            .values()
            .map(|c| CollectionMeta {
                lists: Vec::new(),
                ..c.to_meta()
            })
            .collect(),
    });
    snapshots.sort_by(|a, b| a.name.cmp(&b.name));
    state.snapshots = Arc::new(snapshots);
}

/// The manifest of a flushed state; log, space and place are filled in by the caller.
pub(super) fn to_manifest(state: &State, next_segment: u64) -> Manifest {
    Manifest {
        generation: state.generation,
        commit: state.commit,
        time_us: state.time_us,
        next_segment,
        next_collection: state.next_collection,
        collections: state.collections.values().map(|c| c.to_meta()).collect(),
        snapshots: (*state.snapshots).clone(),
        ..Manifest::default()
    }
}

/// Gives up the segments that `old` names and `new` does not.
fn release_unnamed(space: &mut Space, old: &Manifest, new: &Manifest) {
    let named: HashSet<u64> = new.segments().iter().map(|s| s.extent.offset).collect();
    for segment in old.segments() {
        if !named.contains(&segment.extent.offset) {
            let (extent, born) = (segment.extent, segment.born);
            space.release(Pending {
                extent,
                born,
                freed: new.generation,
            });
        }
    }
}

/// Finds room for a manifest, completes it with the space that is left then, and writes it.
pub(super) fn write_manifest(
    storage: &dyn Storage,
    space: &mut Space,
    manifest: &mut Manifest,
) -> Result<ManifestAt> {
    let fill = |manifest: &mut Manifest, space: &Space| {
        manifest.free = space.free_extents();
        manifest.pending = space.pending().to_vec();
        manifest.end = space.end();
        manifest.encode()
    };
    // Taking room for it changes the lists in it by an entry at most.
    let estimate = fill(manifest, space).len() as u64 + 64;
    let extent = space.allocate(estimate);
    let bytes = fill(manifest, space);
    let len = bytes.len() as u64;
    if len > extent.len {
        return Err(crate::error::Error::internal(
            "a manifest outgrew its extent",
        ));
    }
    storage.write_at(extent.offset, &bytes)?;
    pad(storage, extent, len)?;
    Ok(ManifestAt {
        extent,
        len,
        crc: crc32fast::hash(&bytes),
    })
}
