//! The manifest: everything the file holds at one generation (F-060 to F-066).
//!
//! A manifest is written whole at each checkpoint, never changed, and found through the superblock
//! or through a checkpoint frame of the log before it. A named snapshot is a kept list of
//! collections; segments that only a snapshot names stay until the snapshot goes.
//!
//! Layout: magic u32, CRC-32 of the body u32, length of the body u64, body. The head lets `doctor`
//! find manifests where both superblocks are lost.

use super::codec::{Reader, Writer};
use super::record::Metric;
use super::space::Space;
use super::{Decode, Extent, MAX_NUMBER, Malformed, is_time};
use roaring::RoaringBitmap;

const MAGIC: u32 = 0x464e_414d;
/// Bytes before the body.
pub const HEAD_BYTES: u64 = 16;

/// A segment as a collection lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentRef {
    /// Never used again in this file.
    pub id: u64,
    /// Where it lies.
    pub extent: Extent,
    /// The generation that wrote it there.
    pub born: u64,
    /// Exact length in bytes; the extent is rounded up to pages.
    pub len: u64,
    /// Records in it, dead ones included.
    pub records: u32,
    /// CRC-32 of its footer, which in turn covers every byte (F-073).
    pub footer_crc: u32,
    /// Ordinals of records that were replaced or deleted.
    pub dead: RoaringBitmap,
}

/// An extent that some handle may still read (F-065).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Where it lies.
    pub extent: Extent,
    /// The first generation that named it.
    pub born: u64,
    /// The first generation that does not name it any more.
    pub freed: u64,
}

/// A collection as a manifest lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectionMeta {
    /// Never used again in this file.
    pub id: u32,
    /// Unique among the collections of one list.
    pub name: String,
    /// How its vectors are compared.
    pub metric: Metric,
    /// Language code of its text analysis.
    pub language: String,
    /// Microseconds since 1970.
    pub created_us: i64,
    /// Its vector spaces; records refer to them by index.
    pub spaces: Vec<Space>,
    /// Its segments.
    pub segments: Vec<SegmentRef>,
    /// Its segments of edges; a count of records is one of edges there, an ordinal an edge's number.
    pub edges: Vec<SegmentRef>,
    /// Its segments of lists (F-180); a count of records is one of entries there. A snapshot has none.
    pub lists: Vec<SegmentRef>,
}

/// A named snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotMeta {
    /// Unique among snapshots.
    pub name: String,
    /// The commit it shows.
    pub commit: u64,
    /// When that commit was made, microseconds since 1970.
    pub time_us: i64,
    /// The collections at that commit.
    pub collections: Vec<CollectionMeta>,
}

/// A decoded manifest.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Manifest {
    /// Its number, one more than that of the manifest before it.
    pub generation: u64,
    /// The commit whose state it holds.
    pub commit: u64,
    /// When that commit was made, microseconds since 1970.
    pub time_us: i64,
    /// Number of the first frame of its log.
    pub first_frame: u64,
    /// Next unused segment id.
    pub next_segment: u64,
    /// Next unused collection id.
    pub next_collection: u32,
    /// First extent of its log.
    pub log: Extent,
    /// One past the last byte that any extent takes.
    pub end: u64,
    /// Collections, by name.
    pub collections: Vec<CollectionMeta>,
    /// Named snapshots, by name.
    pub snapshots: Vec<SnapshotMeta>,
    /// Free extents, by offset.
    pub free: Vec<Extent>,
    /// Extents that are no longer named, not yet free for reuse.
    pub pending: Vec<Pending>,
}

fn encode_extent(w: &mut Writer, extent: Extent) {
    w.u64(extent.offset);
    w.u64(extent.len);
}

fn decode_extent(r: &mut Reader<'_>) -> Decode<Extent> {
    Ok(Extent {
        offset: r.u64()?,
        len: r.u64()?,
    })
}

fn list<T>(r: &mut Reader<'_>, item: impl Fn(&mut Reader<'_>) -> Decode<T>) -> Decode<Vec<T>> {
    (0..r.count()?).map(|_| item(r)).collect()
}

impl SegmentRef {
    fn encode(&self, w: &mut Writer) {
        w.u64(self.id);
        encode_extent(w, self.extent);
        w.u64(self.born);
        w.u64(self.len);
        w.u32(self.records);
        w.u32(self.footer_crc);
        let mut dead = Vec::with_capacity(self.dead.serialized_size());
        // Writing into a vector cannot fail; an empty bitmap would only fail the CRC-checked decode.
        if self.dead.serialize_into(&mut dead).is_err() {
            dead.clear();
        }
        w.blob(&dead);
    }

    fn decode(r: &mut Reader<'_>) -> Decode<SegmentRef> {
        let (id, extent, born) = (r.u64()?, decode_extent(r)?, r.u64()?);
        let (len, records, footer_crc) = (r.u64()?, r.u32()?, r.u32()?);
        let dead = RoaringBitmap::deserialize_from(r.blob()?)
            .map_err(|_| Malformed("a deletion bitmap is damaged"))?;
        if dead.max().is_some_and(|max| max >= records) || len > extent.len {
            return Err(Malformed("a segment entry contradicts itself"));
        }
        Ok(SegmentRef {
            id,
            extent,
            born,
            len,
            records,
            footer_crc,
            dead,
        })
    }
}

impl CollectionMeta {
    /// Every segment that it names, those of edges and lists included.
    pub fn all_segments(&self) -> impl Iterator<Item = &SegmentRef> {
        self.segments.iter().chain(&self.edges).chain(&self.lists)
    }

    fn encode(&self, w: &mut Writer) {
        w.u32(self.id);
        w.str(&self.name);
        w.u8(self.metric.code());
        w.str(&self.language);
        w.i64(self.created_us);
        w.len(self.spaces.len());
        self.spaces.iter().for_each(|s| s.encode(w));
        w.len(self.segments.len());
        self.segments.iter().for_each(|s| s.encode(w));
        w.len(self.edges.len());
        self.edges.iter().for_each(|s| s.encode(w));
    }

    fn decode(r: &mut Reader<'_>) -> Decode<CollectionMeta> {
        Ok(CollectionMeta {
            id: r.u32()?,
            name: r.str()?.to_owned(),
            metric: Metric::from_code(r.u8()?)?,
            language: r.str()?.to_owned(),
            created_us: r.i64()?,
            spaces: list(r, Space::decode)?,
            segments: list(r, SegmentRef::decode)?,
            edges: list(r, SegmentRef::decode)?,
            lists: Vec::new(),
        })
    }
}

impl Manifest {
    /// Encodes the manifest.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.u64(self.generation);
        w.u64(self.commit);
        w.i64(self.time_us);
        w.u64(self.first_frame);
        w.u64(self.next_segment);
        w.u32(self.next_collection);
        encode_extent(&mut w, self.log);
        w.u64(self.end);
        w.len(self.collections.len());
        self.collections.iter().for_each(|c| c.encode(&mut w));
        w.len(self.snapshots.len());
        for s in &self.snapshots {
            w.str(&s.name);
            w.u64(s.commit);
            w.i64(s.time_us);
            w.len(s.collections.len());
            s.collections.iter().for_each(|c| c.encode(&mut w));
        }
        w.len(self.free.len());
        self.free.iter().for_each(|e| encode_extent(&mut w, *e));
        w.len(self.pending.len());
        for p in &self.pending {
            encode_extent(&mut w, p.extent);
            w.u64(p.born);
            w.u64(p.freed);
        }
        self.encode_lists(&mut w);
        let mut out = Writer::new();
        out.u32(MAGIC);
        out.u32(crc32fast::hash(&w.bytes));
        out.u64(w.bytes.len() as u64);
        out.bytes.extend_from_slice(&w.bytes);
        out.bytes
    }

    /// Appends the segments of lists, where there are any.
    fn encode_lists(&self, w: &mut Writer) {
        let having = || self.collections.iter().filter(|c| !c.lists.is_empty());
        if having().count() > 0 {
            w.len(having().count());
            for c in having() {
                w.u32(c.id);
                w.len(c.lists.len());
                c.lists.iter().for_each(|s| s.encode(w));
            }
        }
    }

    /// Reads what [`Manifest::encode_lists`] appends; manifests without any end before it.
    fn decode_lists(&mut self, r: &mut Reader<'_>) -> Decode<()> {
        if r.rest().is_empty() {
            return Ok(());
        }
        for _ in 0..r.count()? {
            let id = r.u32()?;
            let lists = list(r, SegmentRef::decode)?;
            let own = self.collections.iter_mut().find(|c| c.id == id);
            own.ok_or(Malformed("lists belong to no collection"))?.lists = lists;
        }
        Ok(())
    }

    /// The length of the manifest that starts with `head`, if one does.
    #[must_use]
    pub fn len_from_head(head: &[u8]) -> Option<u64> {
        let mut r = Reader::new(head);
        (r.u32().ok()? == MAGIC).then_some(())?;
        r.u32().ok()?;
        r.u64().ok()?.checked_add(HEAD_BYTES)
    }

    /// Decodes and checks a manifest.
    pub fn decode(bytes: &[u8]) -> Decode<Manifest> {
        let mut r = Reader::new(bytes);
        if r.u32()? != MAGIC {
            return Err(Malformed("it lacks the manifest magic"));
        }
        let (crc, len) = (r.u32()?, r.u64()?);
        if len != r.rest().len() as u64 || crc != crc32fast::hash(r.rest()) {
            return Err(Malformed("its checksum does not match"));
        }
        let mut out = Manifest {
            generation: r.u64()?,
            commit: r.u64()?,
            time_us: r.i64()?,
            first_frame: r.u64()?,
            next_segment: r.u64()?,
            next_collection: r.u32()?,
            log: decode_extent(&mut r)?,
            end: r.u64()?,
            collections: list(&mut r, CollectionMeta::decode)?,
            snapshots: list(&mut r, |r| {
                Ok(SnapshotMeta {
                    name: r.str()?.to_owned(),
                    commit: r.u64()?,
                    time_us: r.i64()?,
                    collections: list(r, CollectionMeta::decode)?,
                })
            })?,
            free: list(&mut r, decode_extent)?,
            pending: list(&mut r, |r| {
                Ok(Pending {
                    extent: decode_extent(r)?,
                    born: r.u64()?,
                    freed: r.u64()?,
                })
            })?,
        };
        out.decode_lists(&mut r)?;
        r.finish()?;
        out.check()?;
        Ok(out)
    }

    /// Whether numbers and extents are such as an engine can have written (F-066).
    fn check(&self) -> Decode<()> {
        let numbers = [
            self.generation,
            self.commit,
            self.first_frame,
            self.next_segment,
        ];
        if numbers.iter().any(|n| *n > MAX_NUMBER) || !is_time(self.time_us) {
            return Err(Malformed("a number is beyond any use"));
        }
        if self
            .pending
            .iter()
            .any(|p| p.born > p.freed || p.freed > self.generation)
        {
            return Err(Malformed("a pending extent was freed before it was used"));
        }
        let pending = self.pending.iter().map(|p| &p.extent);
        let segments = self.segments().into_iter().map(|s| &s.extent);
        let mut extents = self
            .free
            .iter()
            .chain(pending)
            .chain(segments)
            .chain([&self.log]);
        match extents.any(|e| e.end() > self.end) {
            true => Err(Malformed("an extent lies behind the end")),
            false => Ok(()),
        }
    }

    /// Every segment that this manifest names, its snapshots' included, each once, by offset.
    #[must_use]
    pub fn segments(&self) -> Vec<&SegmentRef> {
        let live = self.collections.iter();
        let kept = self.snapshots.iter().flat_map(|s| s.collections.iter());
        let all = live.chain(kept).flat_map(CollectionMeta::all_segments);
        let mut all: Vec<&SegmentRef> = all.collect();
        all.sort_by_key(|s| s.extent.offset);
        all.dedup_by_key(|s| s.extent.offset);
        all
    }
}
