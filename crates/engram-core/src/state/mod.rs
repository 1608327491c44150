//! One commit in memory: collections, their segments with what is dead in them, and the records
//! that are not in a segment yet.
//!
//! Invariants: a `State` never changes once it is shared; cloning one is cheap (persistent maps and
//! reference counts); an id is live in at most one place of its collection. The state after a commit
//! depends only on the manifest and the operations since, so every handle arrives at the same one.

mod collection;
mod dead;
mod graph;
mod listed;
mod lists;
mod places;
mod spaces;
mod texts;
mod vectors;

pub use collection::{Collection, Entry, Location, SegmentView};
pub use dead::Dead;
pub use graph::{Edge, EdgeAt, EdgeRef, EdgeView, Graph, MemoryEdges, Numbered, Properties};
pub use listed::MemoryList;
pub use lists::ListView;
pub use places::{InSegments, TermPlaces};
pub use texts::{MemoryTexts, Slots, TextsView};
pub use vectors::{MemoryVectors, VectorSlots, VectorsView};

use crate::error::{Code, Error, Result};
use crate::format::manifest::SnapshotMeta;
use crate::format::ops::Op;
use crate::format::space::Embedding;
use crate::store::Storage;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Generations that this handle's states may still look at.
pub struct Pins {
    storage: Arc<dyn Storage>,
    counts: Mutex<BTreeMap<u64, usize>>,
}

/// Keeps the extents of one generation from being used again.
pub struct Pin {
    pins: Arc<Pins>,
    generation: u64,
}

impl Pins {
    /// No pins.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>) -> Arc<Pins> {
        Arc::new(Pins {
            storage,
            counts: Mutex::new(BTreeMap::new()),
        })
    }

    /// Pins `generation` for as long as the pin lives.
    pub fn pin(self: &Arc<Self>, generation: u64) -> Result<Arc<Pin>> {
        let mut counts = self.counts.lock();
        let count = counts.entry(generation).or_insert(0);
        if *count == 0 {
            self.storage.locks().pin(generation)?;
        }
        *count += 1;
        Ok(Arc::new(Pin {
            pins: self.clone(),
            generation,
        }))
    }

    /// Whether anybody, this handle included, pins a generation within `range`.
    pub fn any(&self, range: Range<u64>) -> Result<bool> {
        let own = self.counts.lock().range(range.clone()).next().is_some();
        Ok(own || self.storage.locks().pinned(range)?)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut counts = self.pins.counts.lock();
        if let Some(count) = counts.get_mut(&self.generation) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.generation);
                self.pins.storage.locks().unpin(self.generation);
            }
        }
    }
}

/// Everything at one commit.
#[derive(Clone)]
pub struct State {
    /// Number of the commit.
    pub commit: u64,
    /// When it was made, microseconds since 1970.
    pub time_us: i64,
    /// Collections by name.
    pub collections: imbl::OrdMap<Arc<str>, Arc<Collection>>,
    /// Named snapshots, by name.
    pub snapshots: Arc<Vec<SnapshotMeta>>,
    /// Next unused collection id.
    pub next_collection: u32,
    /// Generation of the manifest below it.
    pub generation: u64,
    /// Keeps that generation's extents in place.
    pub pin: Option<Arc<Pin>>,
}

impl State {
    /// The collection of a name.
    pub fn collection(&self, name: &str) -> Result<&Arc<Collection>> {
        self.collections.get(name).ok_or_else(|| {
            let error = Error::new(Code::CollectionNotFound, format!("no collection {name:?}"));
            let known: Vec<&str> = self.collections.keys().map(|k| &**k).collect();
            match known.is_empty() {
                true => error.hint("the database has no collections yet"),
                false => error.hint(format!("there are: {}", known.join(", "))),
            }
        })
    }

    fn by_id(&mut self, id: u32) -> Result<&mut Collection> {
        let name = self
            .collections
            .iter()
            .find(|(_, c)| c.id == id)
            .map(|(name, _)| name.clone());
        name.and_then(|name| self.collections.get_mut(&name))
            .map(Arc::make_mut)
            .ok_or_else(|| {
                Error::new(
                    Code::CorruptLog,
                    format!("the log names collection {id}, which is not there"),
                )
                .hint("run `engram doctor` on the file")
            })
    }

    /// The collection of a name, to be changed.
    pub fn collection_mut(&mut self, name: &str) -> Result<&mut Collection> {
        self.collection(name)?;
        match self.collections.get_mut(name) {
            Some(c) => Ok(Arc::make_mut(c)),
            None => Err(Error::internal("a collection vanished")),
        }
    }

    /// Does what one logged operation says.
    pub fn apply(&mut self, op: Op) -> Result<()> {
        match op {
            Op::CreateCollection {
                id,
                name,
                metric,
                language,
                created_us,
            } => {
                let collection = Collection::new(id, &name, metric, &language, created_us)?;
                self.next_collection = self.next_collection.max(id.saturating_add(1));
                self.collections
                    .insert(Arc::from(name), Arc::new(collection));
            }
            Op::DropCollection { collection } => {
                let name = self.by_id(collection)?.name.clone();
                self.collections.remove(&name);
            }
            Op::AddSpace { collection, space } => self.by_id(collection)?.spaces.push(space),
            Op::NameSpace {
                collection,
                space,
                name,
            } => self.by_id(collection)?.name_space(space, &name)?,
            Op::Put { collection, record } => {
                let c = self.by_id(collection)?;
                let fits = |(space, v): &(u16, Embedding)| {
                    let declared = c.spaces.get(usize::from(*space));
                    declared.is_some_and(|s| !s.is_given_up() && s.fits(v))
                };
                if !record.vectors.iter().all(fits) {
                    let message = "the log holds a vector that does not fit its space";
                    return Err(Error::new(Code::CorruptLog, message));
                }
                c.put(record)?;
            }
            Op::Delete { collection, id } => {
                self.by_id(collection)?.delete(&id)?;
            }
            Op::PutEdge {
                collection,
                source,
                kind,
                target,
                properties,
            } => {
                let graph = self.by_id(collection)?.graph_mut();
                graph.put(&source, &kind, &target, properties)?;
            }
            Op::DeleteEdge {
                collection,
                source,
                kind,
                target,
            } => {
                let graph = self.by_id(collection)?.graph_mut();
                graph.delete(&source, &kind, &target)?;
            }
        }
        Ok(())
    }

    /// Live edges of all collections.
    #[must_use]
    pub fn edges(&self) -> u64 {
        self.collections.values().map(|c| c.graph.edges()).sum()
    }

    /// Live records of all collections.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.collections.values().map(|c| c.live()).sum()
    }
}
