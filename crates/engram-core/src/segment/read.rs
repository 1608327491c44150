//! Reads a segment. Every chunk is checked against its checksum before its first use.

use super::parts::{BlockAt, BlocksHead, VectorsHead, id_hash, lower_bound, unpack};
use crate::error::{Code, Error, Result};
use crate::format::codec::Reader;
use crate::format::manifest::SegmentRef;
use crate::format::record::{Record, decode_text};
use crate::format::segment::{CHUNK_BYTES, Directory, Part, kind};
use crate::format::{Decode, Malformed};
use crate::index::text::TextIndexReader;
use crate::store::{Region, Storage};
use crate::value::Value;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Times and metadata of a record.
pub struct Meta {
    /// First put, microseconds since 1970.
    pub created_us: i64,
    /// Last put or update, microseconds since 1970.
    pub updated_us: i64,
    /// A map.
    pub metadata: Value,
}

/// The vectors of one space.
#[derive(Clone, Copy)]
pub struct Plane<'a> {
    /// Ordinals that have a vector; row j belongs to the j-th of them.
    pub rows: &'a RoaringBitmap,
    /// Length of each vector.
    pub dimension: usize,
    /// The vectors, row after row.
    pub data: &'a [f32],
    /// One over the norm of each row.
    pub inverse_norms: &'a [f32],
}

/// An open segment.
pub struct Segment {
    id: u64,
    offset: u64,
    records: u32,
    region: Region,
    directory: Directory,
    checked: Vec<AtomicU64>,
    rows: BTreeMap<u16, OnceLock<RoaringBitmap>>,
}

impl Segment {
    /// Maps the segment of a manifest entry and checks its outside.
    pub fn open(storage: &dyn Storage, at: &SegmentRef) -> Result<Segment> {
        let region = storage.map(at.extent.offset, at.len)?;
        let wrong =
            |why: Malformed| why.into_error(Code::CorruptSegment, "the segment", at.extent.offset);
        let directory = Directory::decode(&region, at.footer_crc).map_err(wrong)?;
        if directory.id != at.id || directory.records != at.records {
            return Err(wrong(Malformed(
                "it is not the one that the manifest names",
            )));
        }
        let vectors = directory.parts.iter().filter(|p| p.kind == kind::VECTORS);
        let rows = vectors.map(|p| (p.space, OnceLock::new())).collect();
        let words = directory.chunk_crcs.len().div_ceil(64);
        Ok(Segment {
            id: at.id,
            offset: at.extent.offset,
            records: at.records,
            region,
            directory,
            checked: (0..words).map(|_| AtomicU64::new(0)).collect(),
            rows,
        })
    }

    /// Its id in the file.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }
    /// Records in it, dead ones included.
    #[must_use]
    pub fn records(&self) -> u32 {
        self.records
    }
    /// Its bytes as they lie in the file.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.region
    }
    /// Its length in bytes.
    #[must_use]
    pub fn len_bytes(&self) -> u64 {
        self.region.len() as u64
    }

    fn damaged(&self, why: Malformed) -> Error {
        why.into_error(Code::CorruptSegment, "the segment", self.offset)
            .detail("segment", self.id)
    }

    pub(super) fn ok<T>(&self, decoded: Decode<T>) -> Result<T> {
        decoded.map_err(|why| self.damaged(why))
    }

    /// Checks the chunks that cover `range`, each at its first use only.
    fn check(&self, range: Range<usize>) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        for chunk in range.start / CHUNK_BYTES..=(range.end - 1) / CHUNK_BYTES {
            let (word, bit) = (&self.checked[chunk / 64], 1u64 << (chunk % 64));
            if word.load(Ordering::Acquire) & bit == 0 {
                let end = ((chunk + 1) * CHUNK_BYTES).min(self.directory.data_len as usize);
                let crc = crc32fast::hash(&self.region[chunk * CHUNK_BYTES..end]);
                if crc != self.directory.chunk_crcs[chunk] {
                    let why = Malformed("the checksum of a chunk does not match");
                    return Err(self.damaged(why).detail("chunk", chunk));
                }
                word.fetch_or(bit, Ordering::Release);
            }
        }
        Ok(())
    }

    /// Checks every chunk anew, and returns how many there are.
    pub fn check_all(&self) -> Result<usize> {
        self.checked
            .iter()
            .for_each(|w| w.store(0, Ordering::Release));
        self.check(0..self.directory.data_len as usize)?;
        Ok(self.directory.chunk_crcs.len())
    }

    fn part(&self, kind: u16, space: u16) -> Option<Part> {
        self.directory
            .parts
            .iter()
            .find(|p| p.kind == kind && p.space == space)
            .copied()
    }

    pub(super) fn need(&self, kind: u16) -> Result<Part> {
        self.part(kind, 0)
            .ok_or_else(|| self.damaged(Malformed("a part is missing")))
    }

    /// Checked bytes of a part.
    pub(super) fn bytes(&self, part: Part, range: Range<u64>) -> Result<&[u8]> {
        if range.start > range.end || range.end > part.len {
            return Err(self.damaged(Malformed("a part is too short")));
        }
        let at = (part.offset + range.start) as usize..(part.offset + range.end) as usize;
        self.check(at.clone())?;
        Ok(&self.region[at])
    }

    fn whole(&self, part: Part) -> Result<&[u8]> {
        self.bytes(part, 0..part.len)
    }

    /// The id of a record.
    pub fn record_id(&self, ordinal: u32) -> Result<&str> {
        let part = self.need(kind::IDS)?;
        let at = u64::from(ordinal) * 4;
        let mut r = Reader::new(self.bytes(part, at..at + 8)?);
        let (start, end) = (self.ok(r.u32())?, self.ok(r.u32())?);
        let base = (u64::from(self.records) + 1) * 4;
        let bytes = self.bytes(part, base + u64::from(start)..base + u64::from(end))?;
        std::str::from_utf8(bytes).map_err(|_| self.damaged(Malformed("an id is not UTF-8")))
    }

    /// The ordinal of an id, dead or not.
    pub fn find(&self, id: &str) -> Result<Option<u32>> {
        let part = self.need(kind::ID_MAP)?;
        let n = self.records as usize;
        if part.len != n as u64 * 12 {
            return Err(self.damaged(Malformed("the id map has the wrong length")));
        }
        let (hashes, _) = self.bytes(part, 0..n as u64 * 8)?.as_chunks::<8>();
        let hash = id_hash(id);
        let mut at = lower_bound(hashes, hash);
        while at < n && u64::from_le_bytes(hashes[at]) == hash {
            let entry = n as u64 * 8 + at as u64 * 4;
            let ordinal = self.ok(Reader::new(self.bytes(part, entry..entry + 4)?).u32())?;
            if ordinal < self.records && self.record_id(ordinal)? == id {
                return Ok(Some(ordinal));
            }
            at += 1;
        }
        Ok(None)
    }

    fn block_raw(&self, part: Part, head: BlocksHead, at: BlockAt) -> Result<Vec<u8>> {
        let base = BlocksHead::BYTES + head.index_len();
        let packed = self.bytes(part, base + at.start..base + at.end)?;
        self.ok(unpack(packed, at.raw_len))
    }

    fn blocks(&self, part: Part) -> Result<(BlocksHead, &[u8])> {
        let head = self.ok(BlocksHead::decode(self.bytes(part, 0..BlocksHead::BYTES)?))?;
        let index = self.bytes(
            part,
            BlocksHead::BYTES..BlocksHead::BYTES + head.index_len(),
        )?;
        Ok((head, index))
    }

    /// Runs `f` on the entry of one ordinal.
    fn entry<T>(&self, kind: u16, ordinal: u32, f: impl FnOnce(&[u8]) -> Decode<T>) -> Result<T> {
        let part = self.need(kind)?;
        let (head, index) = self.blocks(part)?;
        let block = self.ok(head.find(index, ordinal).and_then(|i| head.block(index, i)))?;
        let raw = self.block_raw(part, head, block)?;
        let mut r = Reader::new(&raw);
        for _ in block.first..ordinal {
            self.ok(r.blob())?;
        }
        self.ok(r.blob().and_then(f))
    }

    /// Runs `f` on every entry whose ordinal is in `wanted`, in order.
    fn each_entry(
        &self,
        kind: u16,
        wanted: &RoaringBitmap,
        mut f: impl FnMut(u32, &[u8]) -> Decode<()>,
    ) -> Result<()> {
        let part = self.need(kind)?;
        let (head, index) = self.blocks(part)?;
        for i in 0..head.blocks {
            let block = self.ok(head.block(index, i))?;
            let end = match i + 1 < head.blocks {
                true => self.ok(head.block(index, i + 1))?.first,
                false => self.records,
            };
            if block.first >= end || wanted.range_cardinality(block.first..end) == 0 {
                continue;
            }
            let raw = self.block_raw(part, head, block)?;
            let mut r = Reader::new(&raw);
            for ordinal in block.first..end {
                let entry = self.ok(r.blob())?;
                if wanted.contains(ordinal) {
                    self.ok(f(ordinal, entry))?;
                }
            }
        }
        Ok(())
    }

    /// The text of a record.
    pub fn text(&self, ordinal: u32) -> Result<Option<String>> {
        self.entry(kind::TEXTS, ordinal, |e| {
            Ok(decode_text(&mut Reader::new(e))?.map(str::to_owned))
        })
    }

    /// Times and metadata of a record.
    pub fn meta(&self, ordinal: u32) -> Result<Meta> {
        self.entry(kind::METADATA, ordinal, decode_meta)
    }

    /// Runs `f` on the times and metadata of every wanted record, in order.
    pub fn each_meta(&self, wanted: &RoaringBitmap, mut f: impl FnMut(u32, Meta)) -> Result<()> {
        self.each_entry(kind::METADATA, wanted, |ordinal, e| {
            f(ordinal, decode_meta(e)?);
            Ok(())
        })
    }

    /// Runs `f` on the text of every wanted record, in order.
    pub fn each_text(
        &self,
        wanted: &RoaringBitmap,
        mut f: impl FnMut(u32, Option<&str>),
    ) -> Result<()> {
        self.each_entry(kind::TEXTS, wanted, |ordinal, e| {
            f(ordinal, decode_text(&mut Reader::new(e))?);
            Ok(())
        })
    }

    /// A whole record; vectors only where asked for.
    pub fn record(&self, ordinal: u32, vectors: bool) -> Result<Record> {
        let meta = self.meta(ordinal)?;
        Ok(Record {
            id: self.record_id(ordinal)?.to_owned(),
            text: self.text(ordinal)?,
            metadata: meta.metadata,
            created_us: meta.created_us,
            updated_us: meta.updated_us,
            vectors: if vectors {
                self.record_vectors(ordinal)?
            } else {
                Vec::new()
            },
        })
    }

    fn record_vectors(&self, ordinal: u32) -> Result<Vec<(u16, Vec<f32>)>> {
        let mut out = Vec::new();
        for space in self.spaces() {
            if let Some(v) = self.vector(space, ordinal)? {
                out.push((space, v.to_vec()));
            }
        }
        Ok(out)
    }

    /// Every wanted record in order, each block unpacked once; vectors only where asked for.
    pub fn records_of(&self, wanted: &RoaringBitmap, vectors: bool) -> Result<Vec<Record>> {
        let mut out = Vec::with_capacity(wanted.len() as usize);
        let mut texts = Vec::with_capacity(wanted.len() as usize);
        self.each_text(wanted, |_, text| texts.push(text.map(str::to_owned)))?;
        let mut texts = texts.into_iter();
        self.each_meta(wanted, |ordinal, meta| {
            out.push((ordinal, meta, texts.next().flatten()));
        })?;
        out.into_iter()
            .map(|(ordinal, meta, text)| {
                Ok(Record {
                    id: self.record_id(ordinal)?.to_owned(),
                    text,
                    metadata: meta.metadata,
                    created_us: meta.created_us,
                    updated_us: meta.updated_us,
                    vectors: if vectors {
                        self.record_vectors(ordinal)?
                    } else {
                        Vec::new()
                    },
                })
            })
            .collect()
    }

    /// The spaces that any of its records has a vector in.
    pub fn spaces(&self) -> impl Iterator<Item = u16> + '_ {
        self.rows.keys().copied()
    }

    /// The head of a vectors part and the ordinals that have a vector.
    fn vectors_head(&self, space: u16) -> Result<Option<(Part, VectorsHead, &RoaringBitmap)>> {
        let (Some(part), Some(cell)) = (self.part(kind::VECTORS, space), self.rows.get(&space))
        else {
            return Ok(None);
        };
        let head = self.ok(VectorsHead::decode(
            self.bytes(part, 0..VectorsHead::BYTES)?,
        ))?;
        let rows = match cell.get() {
            Some(rows) => rows,
            None => {
                let end = VectorsHead::BYTES + u64::from(head.bitmap_len);
                let rows =
                    RoaringBitmap::deserialize_from(self.bytes(part, VectorsHead::BYTES..end)?)
                        .map_err(|_| self.damaged(Malformed("a bitmap cannot be read")))?;
                if rows.len() != u64::from(head.count)
                    || rows.max().is_some_and(|max| max >= self.records)
                {
                    return Err(self.damaged(Malformed("a bitmap contradicts its part")));
                }
                cell.get_or_init(|| rows)
            }
        };
        Ok(Some((part, head, rows)))
    }

    /// Ordinals that have a vector in `space`.
    pub fn rows(&self, space: u16) -> Result<Option<&RoaringBitmap>> {
        Ok(self.vectors_head(space)?.map(|(_, _, rows)| rows))
    }

    /// All vectors of a space.
    pub fn plane(&self, space: u16) -> Result<Option<Plane<'_>>> {
        let Some((part, head, rows)) = self.vectors_head(space)? else {
            return Ok(None);
        };
        let plane_end = head.plane_at() + head.plane_len();
        let norms_end = head.norms_at() + u64::from(head.count) * 4;
        Ok(Some(Plane {
            rows,
            dimension: head.dimension as usize,
            data: self.floats(part, head.plane_at()..plane_end)?,
            inverse_norms: self.floats(part, head.norms_at()..norms_end)?,
        }))
    }

    /// One vector.
    pub fn vector(&self, space: u16, ordinal: u32) -> Result<Option<&[f32]>> {
        let Some((part, head, rows)) = self.vectors_head(space)? else {
            return Ok(None);
        };
        if !rows.contains(ordinal) {
            return Ok(None);
        }
        let stride = u64::from(head.dimension) * 4;
        let start = head.plane_at() + (rows.rank(ordinal) - 1) * stride;
        self.floats(part, start..start + stride).map(Some)
    }

    fn floats(&self, part: Part, range: Range<u64>) -> Result<&[f32]> {
        bytemuck::try_cast_slice(self.bytes(part, range)?)
            .map_err(|_| self.damaged(Malformed("a plane is not aligned")))
    }

    /// The full-text index.
    pub fn text_index(&self) -> Result<TextIndexReader<'_>> {
        TextIndexReader::open(self.whole(self.need(kind::TEXT_INDEX)?)?)
    }

    /// The bytes of a part, for comparison with fresh ones.
    pub fn part_bytes(&self, kind: u16, space: u16) -> Result<Option<&[u8]>> {
        self.part(kind, space)
            .map(|part| self.whole(part))
            .transpose()
    }
}

fn decode_meta(entry: &[u8]) -> Decode<Meta> {
    let mut r = Reader::new(entry);
    let meta = Meta {
        created_us: r.i64()?,
        updated_us: r.i64()?,
        metadata: r.value()?,
    };
    r.finish()?;
    Ok(meta)
}
