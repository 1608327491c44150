//! Reads a segment. Every chunk is checked against its checksum before its first use.

use super::blocks::{Blocks, Primers};
use super::parts::{id_hash, lower_bound};
use super::plane::VectorsHead;
use super::row_set::RowSet;
use crate::bitset::Bitset;
use crate::error::{Error, Result};
use crate::format::codec::Reader;
use crate::format::manifest::SegmentRef;
use crate::format::record::{Parts, Record, decode_text};
use crate::format::segment::{Part, kind};
use crate::format::space::Embedding;
use crate::format::{Decode, Malformed};
use crate::index::sparse::SparseReader;
use crate::index::text::{Guard, Source, TextIndexReader};
use crate::store::{Sealed, Storage};
use crate::value::Value;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

/// Times and metadata of a record.
pub struct Meta {
    /// First put, microseconds since 1970.
    pub created_us: i64,
    /// Last put or update, microseconds since 1970.
    pub updated_us: i64,
    /// A map.
    pub metadata: Value,
}

impl Guard for Sealed {
    fn check(&self, range: Range<usize>) -> Result<()> {
        Sealed::check(self, range)
    }
}

/// An open segment.
pub struct Segment {
    with_text: OnceLock<Bitset>,
    records: u32,
    sealed: Sealed,
    primers: Primers,
    /// By space: the kind of its part, and which ordinals have an embedding.
    rows: BTreeMap<u16, (u16, OnceLock<RowSet>)>,
}

impl Segment {
    /// Maps the segment of a manifest entry and checks its outside.
    pub fn open(storage: &dyn Storage, at: &SegmentRef) -> Result<Segment> {
        let sealed = Sealed::open(storage, at)?;
        let embeddings = |p: &&Part| [kind::VECTORS, kind::SPARSE, kind::MULTI].contains(&p.kind);
        let parts = sealed.parts().iter().filter(embeddings);
        let rows = parts
            .map(|p| (p.space, (p.kind, OnceLock::new())))
            .collect();
        Ok(Segment {
            records: at.records,
            primers: Primers::new(&sealed),
            sealed,
            with_text: OnceLock::new(),
            rows,
        })
    }

    /// Its id in the file.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.sealed.id()
    }
    /// Records in it, dead ones included.
    #[must_use]
    pub fn records(&self) -> u32 {
        self.records
    }
    /// Its bytes as they lie in the file.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.sealed.raw()
    }
    /// Its length in bytes.
    #[must_use]
    pub fn len_bytes(&self) -> u64 {
        self.raw().len() as u64
    }
    /// Its frame.
    #[must_use]
    pub fn sealed(&self) -> &Sealed {
        &self.sealed
    }

    pub(super) fn damaged(&self, why: Malformed) -> Error {
        self.sealed.damaged(why)
    }

    pub(crate) fn ok<T>(&self, decoded: Decode<T>) -> Result<T> {
        self.sealed.ok(decoded)
    }

    /// Checks every chunk anew, and returns how many there are.
    pub fn check_all(&self) -> Result<usize> {
        self.sealed.check_all()
    }

    pub(super) fn part(&self, kind: u16, space: u16) -> Option<Part> {
        self.sealed.part(kind, space)
    }

    pub(super) fn need(&self, kind: u16) -> Result<Part> {
        self.sealed.need(kind, 0)
    }

    /// Checked bytes of a part.
    pub(super) fn bytes(&self, part: Part, range: Range<u64>) -> Result<&[u8]> {
        self.sealed.bytes(part, range)
    }

    pub(super) fn whole(&self, part: Part) -> Result<&[u8]> {
        self.sealed.whole(part)
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
        if part.len != n as u64 * 8 {
            return Err(self.damaged(Malformed("the id map has the wrong length")));
        }
        let (hashes, _) = self.bytes(part, 0..n as u64 * 4)?.as_chunks::<4>();
        let hash = id_hash(id);
        let mut at = lower_bound(hashes, hash);
        while at < n && u32::from_le_bytes(hashes[at]) == hash {
            let entry = (n + at) as u64 * 4;
            let ordinal = self.ok(Reader::new(self.bytes(part, entry..entry + 4)?).u32())?;
            if ordinal < self.records && self.record_id(ordinal)? == id {
                return Ok(Some(ordinal));
            }
            at += 1;
        }
        Ok(None)
    }

    fn blocks(&self, part: Part, entries: u32) -> Result<Blocks<'_>> {
        Blocks::open(&self.sealed, &self.primers, part, entries)
    }

    /// Runs `f` on the entry of one ordinal.
    fn entry<T>(&self, kind: u16, ordinal: u32, f: impl FnOnce(&[u8]) -> Decode<T>) -> Result<T> {
        self.blocks(self.need(kind)?, self.records)?
            .entry(ordinal, f)
    }

    /// Runs `f` on every entry whose ordinal is in `wanted`, in order.
    fn each_entry(
        &self,
        kind: u16,
        wanted: &RoaringBitmap,
        f: impl FnMut(u32, &[u8]) -> Decode<()>,
    ) -> Result<()> {
        self.blocks(self.need(kind)?, self.records)?.each(wanted, f)
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
    pub fn record(&self, ordinal: u32, parts: Parts) -> Result<Record> {
        let meta = parts.metadata.then(|| self.meta(ordinal)).transpose()?;
        let text = parts.text.then(|| self.text(ordinal)).transpose()?;
        let vectors = parts.vectors.then(|| self.record_vectors(ordinal));
        Ok(Record {
            id: self.record_id(ordinal)?.to_owned(),
            text: text.flatten(),
            created_us: meta.as_ref().map_or(0, |m| m.created_us),
            updated_us: meta.as_ref().map_or(0, |m| m.updated_us),
            metadata: meta.map_or_else(|| Value::Map(Vec::new()), |m| m.metadata),
            vectors: vectors.transpose()?.unwrap_or_default(),
        })
    }

    fn record_vectors(&self, ordinal: u32) -> Result<Vec<(u16, Embedding)>> {
        let mut out = Vec::new();
        for space in self.spaces() {
            if let Some(v) = self.embedding(space, ordinal)? {
                out.push((space, v));
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

    /// The part of a space's embeddings, its head, and the ordinals that have one.
    pub(super) fn vectors_head(&self, space: u16) -> Result<Option<(Part, VectorsHead, &RowSet)>> {
        let Some((kind, cell)) = self.rows.get(&space) else {
            return Ok(None);
        };
        let Some(part) = self.part(*kind, space) else {
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
                cell.get_or_init(|| RowSet::new(rows, self.records))
            }
        };
        Ok(Some((part, head, rows)))
    }

    /// Ordinals that have an embedding in `space`.
    pub fn rows(&self, space: u16) -> Result<Option<&RoaringBitmap>> {
        Ok(self
            .vectors_head(space)?
            .map(|(_, _, rows)| rows.ordinals()))
    }

    /// What a record has in a space.
    pub fn embedding(&self, space: u16, ordinal: u32) -> Result<Option<Embedding>> {
        let Some((part, head, rows)) = self.vectors_head(space)? else {
            return Ok(None);
        };
        let Some(row) = rows.row(ordinal) else {
            return Ok(None);
        };
        if part.kind == kind::MULTI {
            let vectors = self.multi(space)?;
            let matrix = vectors.map(|vectors| vectors.matrix(row)).transpose()?;
            return Ok(matrix.map(Embedding::Multi));
        }
        if part.kind == kind::SPARSE {
            let decode = |e: &[u8]| Embedding::decode(&mut Reader::new(e));
            let blocks = self.blocks(behind_head(part, &head), head.count)?;
            return blocks.entry(row, decode).map(Some);
        }
        let Some(vectors) = self.dense(space)? else {
            return Ok(None);
        };
        let plane = vectors.some(&[row])?;
        let vector = plane.row(row as usize, &mut Vec::new()).to_vec();
        Ok(Some(Embedding::Dense(vector)))
    }

    pub(super) fn unchecked(&self, part: Part, range: Range<u64>) -> Result<&[u8]> {
        self.sealed.unchecked(part, range)
    }

    pub(super) fn check_in(&self, part: Part, range: Range<u64>) -> Result<()> {
        self.sealed.check_in(part, range)
    }

    /// The weights of a sparse space by dimension, and which records have some.
    pub fn sparse(&self, space: u16) -> Result<Option<(SparseReader<'_>, &RowSet)>> {
        let Some(part) = self.part(kind::SPARSE_INDEX, space) else {
            return Ok(None);
        };
        let Some((_, _, rows)) = self.vectors_head(space)? else {
            return Ok(None);
        };
        let index = SparseReader::open(self.whole(part)?)?;
        if index.rows() != rows.len() {
            return Err(self.damaged(Malformed("a sparse index has another number of rows")));
        }
        Ok(Some((index, rows)))
    }

    /// The full-text index. What it reads is checked as it is read.
    pub fn text_index(&self) -> Result<TextIndexReader<'_>> {
        let part = self.need(kind::TEXT_INDEX)?;
        let at = part.offset as usize..(part.offset + part.len) as usize;
        let bytes = self.sealed.unchecked(part, 0..part.len)?;
        TextIndexReader::open(Source::guarded(bytes, at.start, &self.sealed))
    }

    /// Records that have words; counted once.
    pub fn with_text(&self) -> Result<&Bitset> {
        if let Some(known) = self.with_text.get() {
            return Ok(known);
        }
        let reader = self.text_index()?;
        let with_text = (0..self.records).filter(|ordinal| reader.doc_len(*ordinal) > 0);
        let counted = Bitset::from_ordinals(with_text, self.records);
        Ok(self.with_text.get_or_init(|| counted))
    }

    /// The bytes of a part, for comparison with fresh ones.
    pub fn part_bytes(&self, kind: u16, space: u16) -> Result<Option<&[u8]>> {
        self.part(kind, space)
            .map(|part| self.whole(part))
            .transpose()
    }
}

/// What follows the head and the bitmap of an embeddings part.
fn behind_head(part: Part, head: &VectorsHead) -> Part {
    Part {
        offset: part.offset + head.plane_at(),
        len: part.len.saturating_sub(head.plane_at()),
        ..part
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
