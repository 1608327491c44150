//! Makes a transaction durable: one append, one sync, one published word.

use super::engine::{Engine, Relaxed};
use super::gate::WriteGuard;
use super::head::{Head, checkpoint_at, commit_frame_len, log_extent_len};
use crate::error::Result;
use crate::format::frame::{Kind, Publish};
use crate::state::{Collection, State};
use crate::store::log::{self, NewFrame};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most bytes that a relaxed writer leaves unsynced.
const RELAXED_BYTES: u64 = 8 << 20;
/// Longest time that a relaxed writer leaves a commit unsynced while others follow.
const RELAXED_TIME: Duration = Duration::from_secs(1);
/// Records in memory that call for a checkpoint, whatever their size: each query scans them.
const MEMORY_RECORDS: usize = 4096;
/// Edges in memory that call for a checkpoint: each opening of the file reads them from the log.
const MEMORY_EDGES: u64 = 16_384;

impl WriteGuard {
    /// Appends `body` as one commit, publishes it, and checkpoints where that is due.
    pub(super) fn append(&self, state: State, body: &[u8], relaxed: bool) -> Result<Arc<State>> {
        let engine = &*self.engine;
        let state = Arc::new(state);
        self.append_frame(&state, body, relaxed).inspect_err(|e| {
            log::void(&*engine.storage, engine.head.lock().tail);
            engine.poison(e);
        })?;
        if checkpoint_is_due(&engine.head.lock(), &state) {
            // The commit is durable already, so a checkpoint that fails does not fail it; it has
            // poisoned the handle, and the next write says why.
            if let Ok(state) = self.checkpoint((*state).clone(), None) {
                return Ok(state);
            }
        }
        Ok(state)
    }

    fn append_frame(&self, state: &Arc<State>, body: &[u8], relaxed: bool) -> Result<()> {
        let engine = &*self.engine;
        let storage = &*engine.storage;
        let frame = NewFrame {
            kind: Kind::Commit,
            commit: state.commit,
            time_us: state.time_us,
            body,
        };
        let written = {
            let mut head = engine.head.lock();
            let len = log_extent_len(live_bytes(state));
            let tail = head.tail;
            log::write(storage, tail, &mut head.space, len, &frame)?
        };
        let how = self.settle(body.len() as u64, relaxed)?;
        log::publish(storage, &written, how)?;
        let mut head = engine.head.lock();
        // A reader of this process may have caught up with the published frame already.
        if head.tail.next < written.tail.next {
            head.advance(written.tail);
            head.log_bytes += commit_frame_len(body.len());
            engine.publish_state(&mut head, state.clone())?;
        }
        Ok(())
    }

    /// Syncs, unless a relaxed writer may still wait.
    fn settle(&self, bytes: u64, relaxed: bool) -> Result<Publish> {
        let mut waiting = self.engine.relaxed.lock();
        if relaxed {
            waiting.bytes += bytes;
            let since = *waiting.since.get_or_insert_with(Instant::now);
            if waiting.bytes < RELAXED_BYTES && since.elapsed() < RELAXED_TIME {
                return Ok(Publish::Relaxed);
            }
        }
        self.engine.storage.sync()?;
        *waiting = Relaxed::default();
        Ok(Publish::Full)
    }
}

impl Engine {
    /// Syncs what a relaxed writer has left unsynced.
    pub(super) fn settle_relaxed(&self) -> Result<()> {
        let mut waiting = self.relaxed.lock();
        if waiting.since.is_some() {
            self.storage.sync()?;
            *waiting = Relaxed::default();
        }
        Ok(())
    }
}

/// Bytes of all segments, and of records and edges in memory.
pub(super) fn live_bytes(state: &State) -> u64 {
    let of = |c: &Collection| {
        let records: u64 = c.segments.iter().map(|v| v.segment.len_bytes()).sum();
        let edges = c.graph.segments.iter().map(|v| v.segment.len_bytes());
        records + c.memory_bytes + edges.sum::<u64>() + c.graph.memory().bytes()
    };
    state.collections.values().map(|c| of(c)).sum()
}

fn checkpoint_is_due(head: &Head, state: &State) -> bool {
    let limit = checkpoint_at(live_bytes(state));
    let in_memory: usize = state.collections.values().map(|c| c.memory.len()).sum();
    let edges = |c: &Arc<Collection>| c.graph.memory().len();
    let edges_in_memory: u64 = state.collections.values().map(edges).sum();
    let newly_dead: u64 = state
        .collections
        .values()
        .flat_map(|c| &c.segments)
        .map(|v| {
            let new = v.dead.len() - v.at.dead.len();
            new * v.segment.len_bytes() / u64::from(v.segment.records().max(1))
        })
        .sum();
    let dead_edges = state.collections.values().flat_map(|c| &c.graph.segments);
    let newly_dead = newly_dead
        + dead_edges
            .map(|v| {
                let new = v.dead.len() - v.at.dead.len();
                new * v.segment.len_bytes() / u64::from(v.segment.edges().max(1))
            })
            .sum::<u64>();
    head.log_bytes > limit
        || in_memory > MEMORY_RECORDS
        || edges_in_memory > MEMORY_EDGES
        || newly_dead > 4 * limit
}
