//! What the database holds and what it costs.

use super::engine::Engine;
use crate::error::Result;
use crate::format::space::Space;
use crate::index::text::TextSettings;
use crate::state::{Collection, State};
use std::collections::BTreeMap;

/// Figures of one collection.
#[derive(Clone, Debug)]
pub struct CollectionStats {
    /// Live records.
    pub records: u64,
    /// Live edges between them.
    pub edges: u64,
    /// Segments, those of edges included.
    pub segments: usize,
    /// Bytes of its segments that belong to live records and edges, and of those in memory.
    pub live_bytes: u64,
    /// What it does with its text.
    pub text: TextSettings,
    /// Vector spaces with the number of live records in each.
    pub spaces: Vec<(Space, u64)>,
}

/// Figures of the whole database.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Latest commit.
    pub commit: u64,
    /// When it was made, microseconds since 1970.
    pub time_us: i64,
    /// Generation of the manifest.
    pub generation: u64,
    /// Length of the file.
    pub file_bytes: u64,
    /// Bytes that belong to live records.
    pub live_bytes: u64,
    /// Bytes of replaced or deleted records in segments.
    pub dead_bytes: u64,
    /// Bytes that are free or will be.
    pub free_bytes: u64,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// Segments, those that only snapshots name included.
    pub segments: usize,
    /// Live records.
    pub records: u64,
    /// Live edges.
    pub edges: u64,
    /// Named snapshots.
    pub snapshots: usize,
    /// By name.
    pub collections: BTreeMap<String, CollectionStats>,
}

/// Live records that have a vector in a space.
pub fn records_in_space(c: &Collection, space: u16) -> Result<u64> {
    let mut n = c
        .memory
        .values()
        .filter(|e| e.record.embedding(space).is_some())
        .count() as u64;
    for view in &c.segments {
        if let Some(rows) = view.segment.rows(space)? {
            n += rows.difference_len(&view.dead);
        }
    }
    Ok(n)
}

/// Whether any live record has an embedding in a space.
pub fn any_in_space(c: &Collection, space: u16) -> Result<bool> {
    for view in &c.segments {
        if let Some(rows) = view.segment.rows(space)?
            && (view.dead.is_empty() && !rows.is_empty() || rows.difference_len(&view.dead) > 0)
        {
            return Ok(true);
        }
    }
    let mut memory = c.memory.values();
    Ok(memory.any(|e| e.record.embedding(space).is_some()))
}

impl Engine {
    /// Figures of `state`.
    pub(super) fn stats(&self, state: &State) -> Result<Stats> {
        let mut collections = BTreeMap::new();
        let (mut live, mut dead) = (0, 0);
        for c in state.collections.values() {
            let mut bytes = c.memory_bytes + c.graph.memory().bytes();
            for view in &c.graph.segments {
                bytes += view.live_bytes();
                dead += view.segment.len_bytes() - view.live_bytes();
            }
            for view in &c.segments {
                let (len, records) = (view.segment.len_bytes(), u64::from(view.segment.records()));
                let alive = (len - c.given_up_bytes(view)) * view.live() / records.max(1);
                bytes += alive;
                dead += len - alive;
            }
            bytes += c.lists.iter().map(|v| v.at.len).sum::<u64>();
            live += bytes;
            let spaces = c.spaces.iter().zip(0u16..).filter(|(s, _)| s.is_shown());
            let stats = CollectionStats {
                records: c.live(),
                edges: c.graph.edges(),
                segments: c.segments.len() + c.graph.segments.len(),
                live_bytes: bytes,
                text: *c.analyzer.settings(),
                spaces: spaces
                    .map(|(s, i)| Ok((s.clone(), records_in_space(c, i)?)))
                    .collect::<Result<_>>()?,
            };
            collections.insert(c.name.to_string(), stats);
        }
        let head = self.head.lock();
        Ok(Stats {
            commit: state.commit,
            time_us: state.time_us,
            generation: head.manifest.generation,
            file_bytes: self.storage.len()?,
            live_bytes: live,
            dead_bytes: dead,
            free_bytes: head.space.free_bytes(),
            log_bytes: head.log.iter().map(|e| e.len).sum(),
            segments: head.manifest.segments().len(),
            records: state.records(),
            edges: state.edges(),
            snapshots: state.snapshots.len(),
            collections,
        })
    }
}
