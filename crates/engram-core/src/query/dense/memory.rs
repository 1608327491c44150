//! Records in memory: whole, or by codes.

use super::super::candidates::count;
use super::Search;
use crate::error::Result;
use crate::index::vector::At;
use crate::state::VectorsView;

/// The records in memory that a query may find, by slot.
pub(super) struct InMemory {
    pub(super) view: VectorsView,
    /// Slots when they were looked at; other threads may have added more since.
    pub(super) slots: usize,
    pub(super) wanted: Vec<u64>,
}

impl Search<'_> {
    /// Offers what is in memory.
    pub(super) fn memory_exactly(&mut self) {
        let part = self.memory_by_place();
        for (entry, row) in self.mask.memory.iter().zip(0u32..) {
            if let Some(vector) = entry.record.vector(self.target.space()) {
                self.best.offer(self.target.score(vector), At { part, row });
                self.records += 1;
                self.scored += 1;
            }
        }
    }

    /// The records in memory as slots with codes, where there are any; what has a slot but cannot be
    /// coded is offered at once.
    pub(super) fn in_memory(&mut self) -> Result<Option<InMemory>> {
        let (c, space, part) = (self.c, self.target.space(), self.memory_by_slot());
        let Some(view) = c.vectors.view(c, space)? else {
            return Ok(None);
        };
        let slots = view.slots();
        let Some((codes, coded)) = slots.codes(space) else {
            return Ok(None);
        };
        let mut wanted = vec![0u64; codes.count.div_ceil(64)];
        if self.mask.memory.len() == c.memory.len() {
            let alive = view.alive();
            wanted
                .iter_mut()
                .zip(alive)
                .for_each(|(word, alive)| *word = *alive);
        } else {
            for slot in self.mask.memory.iter().filter_map(|e| slots.slot_of(e)) {
                wanted[slot as usize / 64] |= 1 << (slot % 64);
            }
        }
        for slot in slots.whole(space) {
            if wanted[*slot as usize / 64] >> (slot % 64) & 1 == 1
                && let Some(vector) = slots.entry(*slot).and_then(|e| e.record.vector(space))
            {
                let at = At { part, row: *slot };
                self.best.offer(self.target.score(vector), at);
                self.records += 1;
                self.scored += 1;
            }
        }
        wanted
            .iter_mut()
            .zip(coded)
            .for_each(|(word, coded)| *word &= coded);
        self.records += count(&wanted);
        let count = codes.count;
        drop(slots);
        Ok(Some(InMemory {
            view,
            slots: count,
            wanted,
        }))
    }
}
