//! One collection at one commit.

use super::graph::Graph;
use super::{Dead, ListView, MemoryList, MemoryTexts, MemoryVectors, TermPlaces};
use crate::bitset::Allowed;
use crate::error::{Code, Error, Result};
use crate::format::manifest::{CollectionMeta, SegmentRef};
use crate::format::record::{Metric, Parts, Record};
use crate::format::space::Space;
use crate::index::text::{Analyzer, TermCounts, TextSettings};
use crate::segment::{EdgeSegment, ListSegment, Segment};
use roaring::RoaringBitmap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// A record that is not in a segment yet.
pub struct Entry {
    /// The record.
    pub record: Record,
    terms: OnceLock<TermCounts>,
    /// Its slot among the texts in memory, and the generation of that; see `texts`.
    slot: AtomicU64,
}

/// No slot.
const NO_SLOT: u64 = u64::MAX;

/// Two entries are equal only if they are one.
impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Entry {
    pub(super) fn new(record: Record) -> Entry {
        Entry {
            record,
            terms: OnceLock::new(),
            slot: AtomicU64::new(NO_SLOT),
        }
    }

    /// Its terms, if they were counted.
    pub fn known_terms(&self) -> Option<&TermCounts> {
        self.terms.get()
    }

    pub(super) fn set_slot(&self, generation: u32, slot: u32) {
        let packed = u64::from(generation) << 32 | u64::from(slot);
        self.slot.store(packed, Ordering::Relaxed);
    }

    /// Its slot in a generation, if that was the last to take it in.
    pub(super) fn slot(&self, generation: u32) -> Option<u32> {
        let packed = self.slot.load(Ordering::Relaxed);
        (packed >> 32 == u64::from(generation)).then_some(packed as u32)
    }

    /// Whether any generation took it in.
    pub(super) fn has_slot(&self) -> bool {
        self.slot.load(Ordering::Relaxed) != NO_SLOT
    }

    /// Its terms, counted at the first text query that looks at it.
    pub fn terms(&self, analyzer: &Analyzer) -> Option<&TermCounts> {
        let text = self.record.text.as_deref()?;
        Some(self.terms.get_or_init(|| TermCounts::new(text, analyzer)))
    }
}

/// A segment and what is dead in it.
#[derive(Clone)]
pub struct SegmentView {
    /// The manifest's entry; its bitmap is the one at the checkpoint, not this state's.
    pub at: SegmentRef,
    /// The open segment.
    pub segment: Arc<Segment>,
    /// Ordinals that were replaced or deleted.
    pub dead: Arc<Dead>,
}

impl SegmentView {
    /// Live records.
    #[must_use]
    pub fn live(&self) -> u64 {
        u64::from(self.segment.records()) - self.dead.len()
    }

    /// Ordinals of live records.
    #[must_use]
    pub fn live_ordinals(&self) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        all.insert_range(0..self.segment.records());
        all - self.dead.ordinals()
    }

    /// Live records as the mask of a query.
    #[must_use]
    pub fn alive(&self) -> Allowed {
        self.dead.allowed(self.segment.records())
    }
}

/// Where a live record lies.
#[derive(Clone)]
pub enum Location {
    /// Not in a segment yet.
    Memory(Arc<Entry>),
    /// In a segment, under an ordinal.
    Segment(usize, u32),
}

/// One collection.
#[derive(Clone)]
pub struct Collection {
    /// Its id in the file.
    pub id: u32,
    /// Its name.
    pub name: Arc<str>,
    /// How its vectors are compared.
    pub metric: Metric,
    /// How its text is analysed.
    pub analyzer: Arc<Analyzer>,
    /// Language code of the analyzer.
    pub language: Arc<str>,
    /// Microseconds since 1970.
    pub created_us: i64,
    /// Vector spaces; records refer to them by index.
    pub spaces: Vec<Space>,
    /// Segments.
    pub segments: Vec<SegmentView>,
    /// Records that are not in a segment yet, by id.
    pub memory: imbl::OrdMap<Arc<str>, Arc<Entry>>,
    /// About how many bytes they take.
    pub memory_bytes: u64,
    /// Edges between its records.
    pub graph: Arc<Graph>,
    /// Lists over the vectors of some segments.
    pub lists: Vec<ListView>,
    /// The words of those records, found once for all states.
    pub texts: Arc<MemoryTexts>,
    /// Where terms stand in the segments, as far as queries asked.
    pub places: Arc<TermPlaces>,
    /// The same records as a list.
    pub listed: Arc<MemoryList>,
    /// The codes of their vectors, likewise made once.
    pub vectors: Arc<MemoryVectors>,
}

impl Collection {
    /// An empty collection; `language` is a code, or the text form of text settings.
    pub fn new(
        id: u32,
        name: &str,
        metric: Metric,
        language: &str,
        created_us: i64,
    ) -> Result<Collection> {
        let settings = TextSettings::parse(language).map_err(|why| {
            Error::new(Code::InputInvalid, why)
                .hint("use a two-letter code such as \"en\" or \"de\", or \"none\" for no stemming")
        })?;
        Ok(Collection {
            id,
            name: Arc::from(name),
            metric,
            analyzer: Arc::new(Analyzer::with(settings)),
            language: Arc::from(settings.language.code()),
            created_us,
            spaces: Vec::new(),
            segments: Vec::new(),
            memory: imbl::OrdMap::new(),
            memory_bytes: 0,
            graph: Arc::default(),
            lists: Vec::new(),
            texts: Arc::default(),
            places: Arc::default(),
            listed: Arc::default(),
            vectors: Arc::default(),
        })
    }

    /// The collection of a manifest entry; `open` finds each segment, `open_edges` each of edges, `open_lists`
    /// each of lists.
    pub fn from_meta(
        meta: &CollectionMeta,
        mut open: impl FnMut(&SegmentRef) -> Result<Arc<Segment>>,
        open_edges: impl FnMut(&SegmentRef) -> Result<Arc<EdgeSegment>>,
        mut open_lists: impl FnMut(&SegmentRef) -> Result<Arc<ListSegment>>,
    ) -> Result<Collection> {
        let wrong = |why: String| Error::new(Code::CorruptManifest, format!("the manifest: {why}"));
        let mut c = Collection::new(
            meta.id,
            &meta.name,
            meta.metric,
            &meta.language,
            meta.created_us,
        )
        .map_err(|e| wrong(e.message().to_owned()))?;
        c.spaces.clone_from(&meta.spaces);
        for at in &meta.segments {
            let segment = open(at)?;
            if segment.spaces().any(|s| usize::from(s) >= c.spaces.len()) {
                return Err(wrong("a segment has a vector space too many".to_owned()));
            }
            c.segments.push(SegmentView {
                segment,
                dead: Arc::new(at.dead.clone().into()),
                at: at.clone(),
            });
        }
        c.graph = Arc::new(Graph::from_refs(&meta.edges, open_edges)?);
        for at in &meta.lists {
            let lists = open_lists(at)?;
            let space = c.spaces.get(usize::from(lists.space()));
            if space.is_none_or(|s| s.dimension as usize != lists.head().dimension) {
                return Err(wrong("lists do not fit their space".to_owned()));
            }
            c.lists.push(ListView {
                at: at.clone(),
                lists,
            });
        }
        Ok(c)
    }

    /// Its edges, to be changed.
    pub fn graph_mut(&mut self) -> &mut Graph {
        Arc::make_mut(&mut self.graph)
    }

    /// The manifest entry; only right while no record and no edge is in memory.
    #[must_use]
    pub fn to_meta(&self) -> CollectionMeta {
        let segments = self.segments.iter();
        CollectionMeta {
            id: self.id,
            name: self.name.to_string(),
            metric: self.metric,
            language: self.analyzer.settings().to_string(),
            created_us: self.created_us,
            spaces: self.spaces.clone(),
            segments: segments
                .map(|v| SegmentRef {
                    dead: v.dead.ordinals().clone(),
                    ..v.at.clone()
                })
                .collect(),
            edges: self.graph.to_refs(),
            lists: self.lists.iter().map(|v| v.at.clone()).collect(),
        }
    }

    /// Live records.
    #[must_use]
    pub fn live(&self) -> u64 {
        self.memory.len() as u64 + self.segments.iter().map(SegmentView::live).sum::<u64>()
    }

    /// Where the record of an id lies.
    pub fn find(&self, id: &str) -> Result<Option<Location>> {
        if let Some(entry) = self.memory.get(id) {
            return Ok(Some(Location::Memory(entry.clone())));
        }
        for (i, view) in self.segments.iter().enumerate().rev() {
            if let Some(ordinal) = view.segment.find(id)?
                && !view.dead.contains(ordinal)
            {
                return Ok(Some(Location::Segment(i, ordinal)));
            }
        }
        Ok(None)
    }

    /// The record at a location.
    pub fn record_at(&self, at: &Location, parts: Parts) -> Result<Record> {
        match at {
            Location::Memory(entry) => Ok(entry.record.part(parts)),
            Location::Segment(i, ordinal) => {
                let mut record = self.segments[*i].segment.record(*ordinal, parts)?;
                self.strip(&mut record);
                Ok(record)
            }
        }
    }

    /// The record of an id.
    pub fn get(&self, id: &str, vectors: bool) -> Result<Option<Record>> {
        self.find(id)?
            .map(|at| self.record_at(&at, Parts::all(vectors)))
            .transpose()
    }

    /// When the record of an id was first put.
    pub fn created_us_of(&self, id: &str) -> Result<Option<i64>> {
        Ok(match self.find(id)? {
            None => None,
            Some(Location::Memory(entry)) => Some(entry.record.created_us),
            Some(Location::Segment(i, ordinal)) => {
                Some(self.segments[i].segment.meta(ordinal)?.created_us)
            }
        })
    }

    /// Inserts a record, or replaces the one of the same id.
    pub fn put(&mut self, record: Record) -> Result<()> {
        self.forget(&record.id)?;
        self.memory_bytes += record.size_bytes() as u64;
        let key: Arc<str> = Arc::from(record.id.as_str());
        self.memory.insert(key, Arc::new(Entry::new(record)));
        Ok(())
    }

    /// Removes the record of an id with its edges, and tells whether there was one.
    pub fn delete(&mut self, id: &str) -> Result<bool> {
        if self.graph.node(id)?.is_some() {
            self.graph_mut().delete_node(id)?;
        }
        self.forget(id)
    }

    /// Removes the record of an id, and tells whether there was one.
    fn forget(&mut self, id: &str) -> Result<bool> {
        match self.find(id)? {
            None => Ok(false),
            Some(Location::Memory(entry)) => {
                self.memory_bytes -= entry.record.size_bytes() as u64;
                self.memory.remove(id);
                Ok(true)
            }
            Some(Location::Segment(i, ordinal)) => {
                Arc::make_mut(&mut self.segments[i].dead).insert(ordinal);
                Ok(true)
            }
        }
    }
}
