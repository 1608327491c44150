//! The records in memory as a list, made once for each state that is queried.

use super::Entry;
use parking_lot::Mutex;
use std::sync::Arc;

type Memory = imbl::OrdMap<Arc<str>, Arc<Entry>>;

/// The list of the state that was asked for last.
#[derive(Default)]
pub struct MemoryList {
    latest: Mutex<(Memory, Arc<[Arc<Entry>]>)>,
}

impl MemoryList {
    /// The records of `memory`, by id.
    #[must_use]
    pub fn of(&self, memory: &Memory) -> Arc<[Arc<Entry>]> {
        let mut latest = self.latest.lock();
        if !latest.0.ptr_eq(memory) {
            *latest = (memory.clone(), memory.values().cloned().collect());
        }
        latest.1.clone()
    }
}
