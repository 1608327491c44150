//! The words of records that are in no segment yet.
//!
//! Owns: an inverted index over the records in memory, shared by the states of a collection. It is
//! append-only: a record gets the next *slot* when the first query that can see it arrives, and a
//! [`TextsView`] says which slots one state has. Following another state costs what differs between the
//! two, so a reader beside a busy writer pays for the new records alone, and a writer that nobody reads
//! beside pays nothing. Invariants: within a generation a slot never changes its record; postings ascend
//! by slot. Once most slots are dead a new generation begins; views keep the one they were made for.

use super::Entry;
use crate::index::text::{Analyzer, CorpusStats, TermCounts, TermHasher};
use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

type Memory = imbl::OrdMap<Arc<str>, Arc<Entry>>;
type Lists = HashMap<Box<str>, Vec<(u32, u32)>, BuildHasherDefault<TermHasher>>;

/// Slots that a generation may have dead before it is dropped, beside as many as are live.
const SPARE_SLOTS: usize = 64;

/// The index of one collection, whatever its state.
#[derive(Default)]
pub struct MemoryTexts {
    latest: Mutex<Latest>,
}

#[derive(Default)]
struct Latest {
    followed: Memory,
    view: Arc<TextsView>,
}

/// What is in the slots. Grows only.
#[derive(Default)]
pub struct Slots {
    docs: Vec<(Arc<Entry>, u32)>,
    lists: Lists,
}

/// The slots of one state.
#[derive(Clone, Default)]
pub struct TextsView {
    generation: Arc<RwLock<Slots>>,
    /// A bit for each slot that the state has.
    alive: Vec<u64>,
    slots: u32,
    live: u32,
    stats: CorpusStats,
}

impl MemoryTexts {
    /// The view of a state whose records in memory are `memory`.
    #[must_use]
    pub fn view(&self, memory: &Memory, analyzer: &Analyzer) -> Arc<TextsView> {
        let mut latest = self.latest.lock();
        if !latest.followed.ptr_eq(memory) {
            let mut view = (*latest.view).clone();
            for change in latest.followed.diff(memory) {
                use imbl::ordmap::DiffItem::{Add, Remove, Update};
                match change {
                    Add(_, new) => view.add(new, analyzer),
                    Remove(_, old) => view.remove(old),
                    Update { old, new } => {
                        view.remove(old.1);
                        view.add(new.1, analyzer);
                    }
                }
            }
            if view.slots as usize > 2 * view.live as usize + SPARE_SLOTS {
                view = TextsView::default();
                memory
                    .values()
                    .for_each(|e| view.take_in(e, analyzer, None));
            }
            latest.view = Arc::new(view);
            latest.followed = memory.clone();
        }
        latest.view.clone()
    }
}

impl TextsView {
    fn add(&mut self, entry: &Arc<Entry>, analyzer: &Analyzer) {
        let slot = self.slot_of(entry);
        self.take_in(entry, analyzer, slot);
    }

    /// Adds a record that has a slot, or is to get one.
    fn take_in(&mut self, entry: &Arc<Entry>, analyzer: &Analyzer, slot: Option<u32>) {
        let Some(terms) = entry.terms(analyzer) else {
            return;
        };
        let slot = slot.unwrap_or_else(|| {
            let slot = self.generation.write().push(entry, terms);
            entry.set_slot(self.generation_number(), slot);
            slot
        });
        // Slots that other states were given meanwhile are not this one's.
        self.slots = self.slots.max(slot + 1);
        self.alive.resize(self.slots.div_ceil(64) as usize, 0);
        if let Some(word) = self.alive.get_mut(slot as usize / 64)
            && *word >> (slot % 64) & 1 == 0
        {
            *word |= 1 << (slot % 64);
            self.live += 1;
            self.stats.add_doc(terms.doc_len());
        }
    }

    fn remove(&mut self, entry: &Arc<Entry>) {
        let Some(slot) = self.slot_of(entry) else {
            return;
        };
        let len = self.slots().doc_len(slot);
        if let Some(word) = self.alive.get_mut(slot as usize / 64)
            && *word >> (slot % 64) & 1 == 1
        {
            *word &= !(1 << (slot % 64));
            self.live -= 1;
            self.stats.remove_doc(len);
        }
    }

    /// Tells generations apart for as long as one of their views lives.
    fn generation_number(&self) -> u32 {
        (Arc::as_ptr(&self.generation) as usize >> 4) as u32
    }

    /// The slot of a record; none if it has no text, or was never seen.
    #[must_use]
    pub fn slot_of(&self, entry: &Arc<Entry>) -> Option<u32> {
        if !entry.has_slot() {
            return None;
        }
        let slots = self.slots();
        let is_here = |slot: &u32| {
            let known = slots.docs.get(*slot as usize);
            known.is_some_and(|(known, _)| Arc::ptr_eq(known, entry))
        };
        let noted = entry.slot(self.generation_number()).filter(is_here);
        // A record can have moved on to a newer generation: then it is looked for.
        noted.or_else(|| {
            let all = 0..slots.docs.len() as u32;
            all.into_iter().find(is_here)
        })
    }

    /// What is in the slots, those of other states included.
    pub fn slots(&self) -> RwLockReadGuard<'_, Slots> {
        self.generation.read()
    }

    /// How many slots there are below the last that is live.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.slots
    }

    /// Live slots.
    #[must_use]
    pub fn live(&self) -> u32 {
        self.live
    }

    /// Which slots are live: bit i of word j for slot 64 j + i.
    #[must_use]
    pub fn alive(&self) -> &[u64] {
        &self.alive
    }

    /// Whether the state has a slot.
    #[must_use]
    #[inline]
    pub fn is_alive(&self, slot: u32) -> bool {
        let word = self.alive.get(slot as usize / 64);
        word.is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    /// Sizes of the live records.
    #[must_use]
    pub fn stats(&self) -> CorpusStats {
        self.stats
    }
}

impl Slots {
    /// Gives a record the next slot.
    fn push(&mut self, entry: &Arc<Entry>, terms: &TermCounts) -> u32 {
        let slot = self.docs.len() as u32;
        self.docs.push((entry.clone(), terms.doc_len()));
        for found in terms.iter() {
            let posting = (slot, found.positions.len() as u32);
            match self.lists.get_mut(found.term) {
                Some(list) => list.push(posting),
                None => {
                    self.lists.insert(found.term.into(), vec![posting]);
                }
            }
        }
        slot
    }

    /// Slots and frequencies of a term, ascending.
    #[must_use]
    pub fn postings(&self, term: &str) -> &[(u32, u32)] {
        self.lists.get(term).map_or(&[], Vec::as_slice)
    }

    /// The number of terms of a record.
    #[must_use]
    #[inline]
    pub fn doc_len(&self, slot: u32) -> u32 {
        self.docs.get(slot as usize).map_or(0, |(_, len)| *len)
    }

    /// The record in a slot.
    #[must_use]
    pub fn entry(&self, slot: u32) -> Option<&Arc<Entry>> {
        self.docs.get(slot as usize).map(|(entry, _)| entry)
    }

    /// Every term for which `wanted` holds, in no order.
    pub fn terms<'a>(
        &'a self,
        wanted: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = &'a str> {
        self.lists
            .keys()
            .map(|term| &**term)
            .filter(move |term| wanted(term))
    }
}
