//! Codes of the vectors of records that are in no segment yet.
//!
//! Owns: a list of the records in memory in the order in which queries first saw them, with their
//! codes, shared by the states of a collection. It is append-only: a record gets the next *slot* when
//! the first query that can see it arrives, and a [`VectorsView`] says which slots one state has.
//! Following another state costs what differs between the two, so a reader beside a busy writer pays
//! for the new records alone. Invariants: within a generation a slot never changes its record, and row
//! i of each space's codes is that of slot i. Once most slots are dead a new generation begins; views
//! keep the one they were made for.

use super::{Collection, Entry};
use crate::error::Result;
use crate::index::vector::{Codes, CodesBuilder, codable};
use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

type Memory = imbl::OrdMap<Arc<str>, Arc<Entry>>;

/// Slots that a generation may have dead before it is dropped, beside as many as are live.
const SPARE_SLOTS: u32 = 64;

/// The codes of one collection, whatever its state.
#[derive(Default)]
pub struct MemoryVectors {
    latest: Mutex<Latest>,
}

#[derive(Default)]
struct Latest {
    followed: Memory,
    view: VectorsView,
}

/// What is in the slots. Grows only.
#[derive(Default)]
pub struct VectorSlots {
    entries: Vec<Arc<Entry>>,
    /// Slots by the address of the entry, which the list above keeps where it is.
    places: HashMap<usize, u32>,
    spaces: BTreeMap<u16, SpaceSlots>,
}

/// The codes of one space.
struct SpaceSlots {
    codes: CodesBuilder,
    /// A bit for each slot that has a code.
    coded: Vec<u64>,
    /// Slots whose vectors cannot be coded.
    whole: Vec<u32>,
}

/// The slots of one state.
#[derive(Clone, Default)]
pub struct VectorsView {
    generation: Arc<RwLock<VectorSlots>>,
    /// A bit for each slot that the state has.
    alive: Vec<u64>,
    live: u32,
}

impl MemoryVectors {
    /// The view of a state of the collection, with codes of a space; none where no segment says how
    /// to code it.
    pub fn view(&self, c: &Collection, space: u16) -> Result<Option<VectorsView>> {
        let mut latest = self.latest.lock();
        if !latest.followed.ptr_eq(&c.memory) {
            let mut view = latest.view.clone();
            view.follow(&latest.followed, &c.memory);
            latest.view = view;
            latest.followed = c.memory.clone();
        }
        let view = latest.view.clone();
        drop(latest);
        if !view.slots().is_coded(space) {
            let known = view.slots().spaces.contains_key(&space);
            let builder = match known {
                true => None,
                false => builder(c, space)?,
            };
            view.generation.write().code(space, builder);
        }
        let coded = view.slots().is_coded(space);
        Ok(coded.then_some(view))
    }
}

/// What codes of a space are to be made with.
fn builder(c: &Collection, space: u16) -> Result<Option<CodesBuilder>> {
    // The largest segment has the centre that most of the others have.
    let mut largest: Option<Codes<'_>> = None;
    for view in &c.segments {
        if let Some(vectors) = view.segment.dense(space)?
            && let Some(codes) = view.segment.codes(space, &vectors)?
            && largest.is_none_or(|other| other.count < codes.count)
        {
            largest = Some(codes);
        }
    }
    Ok(largest.map(|codes| CodesBuilder::new(c.metric, codes.centre)))
}

impl VectorsView {
    /// Becomes the view of `to`, from that of `from`.
    fn follow(&mut self, from: &Memory, to: &Memory) {
        use imbl::ordmap::DiffItem::{Add, Remove, Update};
        for change in from.diff(to) {
            match change {
                Add(_, new) => self.add(new),
                Remove(_, old) => self.remove(old),
                Update { old, new } => {
                    self.remove(old.1);
                    self.add(new.1);
                }
            }
        }
        let slots = self.slots().entries.len() as u32;
        if slots > 2 * self.live + SPARE_SLOTS {
            *self = VectorsView::default();
            to.values().for_each(|entry| self.add(entry));
        }
    }

    fn add(&mut self, entry: &Arc<Entry>) {
        let slot = self.generation.write().slot_for(entry);
        let word = slot as usize / 64;
        self.alive.resize(self.alive.len().max(word + 1), 0);
        self.live += u32::from(self.alive[word] >> (slot % 64) & 1 == 0);
        self.alive[word] |= 1 << (slot % 64);
    }

    fn remove(&mut self, entry: &Arc<Entry>) {
        let Some(slot) = self.slots().slot_of(entry) else {
            return;
        };
        if let Some(word) = self.alive.get_mut(slot as usize / 64) {
            self.live -= (*word >> (slot % 64) & 1) as u32;
            *word &= !(1 << (slot % 64));
        }
    }

    /// What is in the slots, those of other states included.
    pub fn slots(&self) -> RwLockReadGuard<'_, VectorSlots> {
        self.generation.read()
    }

    /// Which slots the state has: bit i of word j for slot 64 j + i.
    #[must_use]
    pub fn alive(&self) -> &[u64] {
        &self.alive
    }
}

impl VectorSlots {
    /// The slot of a record, a new one if need be.
    fn slot_for(&mut self, entry: &Arc<Entry>) -> u32 {
        let next = self.entries.len() as u32;
        let slot = *self.places.entry(Arc::as_ptr(entry).addr()).or_insert(next);
        if slot == next {
            self.entries.push(entry.clone());
        }
        slot
    }

    /// The slot of a record.
    #[must_use]
    pub fn slot_of(&self, entry: &Arc<Entry>) -> Option<u32> {
        self.places.get(&Arc::as_ptr(entry).addr()).copied()
    }

    /// The record in a slot.
    #[must_use]
    pub fn entry(&self, slot: u32) -> Option<&Arc<Entry>> {
        self.entries.get(slot as usize)
    }

    /// The codes of a space, and which slots have one.
    #[must_use]
    pub fn codes(&self, space: u16) -> Option<(Codes<'_>, &[u64])> {
        let of_space = self.spaces.get(&space)?;
        Some((of_space.codes.codes(), &of_space.coded))
    }

    /// The slots of a space whose vectors cannot be coded.
    #[must_use]
    pub fn whole(&self, space: u16) -> &[u32] {
        self.spaces.get(&space).map_or(&[], |s| &s.whole)
    }

    /// Whether every slot is coded, or has nothing to be.
    fn is_coded(&self, space: u16) -> bool {
        let coded = self.spaces.get(&space).map(|s| s.codes.count());
        coded == Some(self.entries.len())
    }

    /// Codes the slots of a space that are not coded yet, with a builder for a space that is new here.
    fn code(&mut self, space: u16, builder: Option<CodesBuilder>) {
        if let Some(codes) = builder {
            self.spaces.entry(space).or_insert(SpaceSlots {
                codes,
                coded: Vec::new(),
                whole: Vec::new(),
            });
        }
        let Some(of_space) = self.spaces.get_mut(&space) else {
            return;
        };
        let done = of_space.codes.count();
        for (entry, slot) in self.entries.iter().zip(0u32..).skip(done) {
            let word = slot as usize / 64;
            of_space.coded.resize(word + 1, 0);
            match entry.record.vector(space) {
                Some(vector) if codable(vector) => {
                    of_space.codes.push(vector);
                    of_space.coded[word] |= 1 << (slot % 64);
                    continue;
                }
                Some(_) => of_space.whole.push(slot),
                None => {}
            }
            of_space.codes.skip();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::record::{Metric, Record};
    use crate::format::space::{Embedding, Space};
    use crate::value::Value;
    use proptest::prelude::*;

    fn record(id: u8, number: f32) -> Record {
        let vector = vec![number, 1.0, -number];
        Record {
            id: format!("r{id}"),
            text: None,
            metadata: Value::Map(Vec::new()),
            created_us: 0,
            updated_us: 0,
            vectors: match id % 4 {
                3 => Vec::new(),
                _ => vec![(0, Embedding::Dense(vector))],
            },
        }
    }

    /// The records of the slots that a view has, by id, and whether each has a code.
    fn seen(view: &VectorsView) -> BTreeMap<String, bool> {
        let slots = view.slots();
        let (_, coded) = slots.codes(0).unwrap();
        let bit = |words: &[u64], slot: u32| words[slot as usize / 64] >> (slot % 64) & 1 == 1;
        let alive = |slot: &u32| (*slot as usize) < view.alive().len() * 64;
        (0..slots.entries.len() as u32)
            .filter(alive)
            .filter(|slot| bit(view.alive(), *slot))
            .map(|slot| {
                (
                    slots.entry(slot).unwrap().record.id.clone(),
                    bit(coded, slot),
                )
            })
            .collect()
    }

    proptest! {
        /// Whatever is put and deleted, and whichever state asks next, a view has the slots of its
        /// state, and codes for all vectors among them that can be coded.
        #[test]
        fn views_follow_states(
            steps in prop::collection::vec((0u8..40, any::<bool>(), -9f32..9.0), 1..120),
            asked in prop::collection::vec(0usize..200, 1..40),
        ) {
            let mut c = Collection::new(1, "c", Metric::Dot, "en", 0).unwrap();
            c.spaces.push(Space::dense("v", 3, None));
            let mut states = vec![c.clone()];
            for (id, put, number) in steps {
                match put {
                    true => c.put(record(id, if number > 8.0 { 1e20 } else { number })).unwrap(),
                    false => drop(c.delete(&format!("r{id}")).unwrap()),
                }
                states.push(c.clone());
            }
            // No segment says how to code the space.
            prop_assert!(c.vectors.view(&c, 0).unwrap().is_none());
            let mut known: Vec<VectorsView> = Vec::new();
            for i in asked {
                let state = &states[i % states.len()];
                // As if a segment had said it.
                let builder = CodesBuilder::new(Metric::Dot, &[0.5, 0.5, 0.5]);
                let view = match state.vectors.view(state, 0).unwrap() {
                    Some(view) => view,
                    None => {
                        let view = state.vectors.latest.lock().view.clone();
                        view.generation.write().code(0, Some(builder));
                        view
                    }
                };
                let expected: BTreeMap<String, bool> = state
                    .memory
                    .values()
                    .map(|e| (e.record.id.clone(), e.record.vector(0).is_some_and(codable)))
                    .collect();
                prop_assert_eq!(&seen(&view), &expected);
                for entry in state.memory.values() {
                    let slots = view.slots();
                    let slot = slots.slot_of(entry).unwrap();
                    prop_assert!(Arc::ptr_eq(slots.entry(slot).unwrap(), entry));
                    let whole = entry.record.vector(0).is_some_and(|v| !codable(v));
                    prop_assert_eq!(slots.whole(0).contains(&slot), whole);
                }
                known.push(view);
            }
            for view in known {
                let slots = view.slots();
                prop_assert!(slots.is_coded(0) || !slots.spaces.contains_key(&0));
            }
        }
    }
}
