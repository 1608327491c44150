//! Entries in compressed blocks, found by ordinal: texts, metadata, properties of edges (F-082).

use super::parts::{BlockAt, BlocksHead, unpack};
use crate::error::Result;
use crate::format::Decode;
use crate::format::codec::Reader;
use crate::format::segment::Part;
use crate::store::Sealed;
use roaring::RoaringBitmap;
use std::ops::Range;

/// A blocks part to be read.
#[derive(Clone, Copy)]
pub(crate) struct Blocks<'a> {
    sealed: &'a Sealed,
    part: Part,
    head: BlocksHead,
    index: &'a [u8],
    entries: u32,
}

/// An unpacked block.
pub(crate) struct Unpacked {
    first: u32,
    raw: Vec<u8>,
    entries: Vec<Range<usize>>,
}

impl Unpacked {
    /// The entry of an ordinal, where it is in this block.
    pub(crate) fn get(&self, ordinal: u32) -> Option<&[u8]> {
        let i = ordinal.checked_sub(self.first)?;
        self.raw.get(self.entries.get(i as usize)?.clone())
    }
}

impl<'a> Blocks<'a> {
    /// A part of `entries` entries.
    pub(crate) fn open(sealed: &'a Sealed, part: Part, entries: u32) -> Result<Blocks<'a>> {
        let head = sealed.ok(BlocksHead::decode(
            sealed.bytes(part, 0..BlocksHead::BYTES)?,
        ))?;
        let end = BlocksHead::BYTES + head.index_len();
        Ok(Blocks {
            sealed,
            part,
            head,
            index: sealed.bytes(part, BlocksHead::BYTES..end)?,
            entries,
        })
    }

    fn raw(&self, at: BlockAt) -> Result<Vec<u8>> {
        let base = BlocksHead::BYTES + self.head.index_len();
        let packed = self
            .sealed
            .bytes(self.part, base + at.start..base + at.end)?;
        self.sealed.ok(unpack(packed, at.raw_len))
    }

    fn at(&self, i: u32) -> Result<BlockAt> {
        self.sealed.ok(self.head.block(self.index, i))
    }

    /// The block that an ordinal is in.
    pub(crate) fn find(&self, ordinal: u32) -> Result<u32> {
        self.sealed.ok(self.head.find(self.index, ordinal))
    }

    /// The ordinals of a block.
    fn range(&self, i: u32) -> Result<Range<u32>> {
        let end = match i + 1 < self.head.blocks {
            true => self.at(i + 1)?.first,
            false => self.entries,
        };
        Ok(self.at(i)?.first..end)
    }

    /// Unpacks a block.
    pub(crate) fn unpack(&self, i: u32) -> Result<Unpacked> {
        let (range, raw) = (self.range(i)?, self.raw(self.at(i)?)?);
        let mut r = Reader::new(&raw);
        let mut entries = Vec::new();
        for _ in range.clone() {
            let len = self.sealed.ok(r.blob())?.len();
            let end = raw.len() - r.rest().len();
            entries.push(end - len..end);
        }
        Ok(Unpacked {
            first: range.start,
            raw,
            entries,
        })
    }

    /// Runs `f` on the entry of one ordinal.
    pub(crate) fn entry<T>(&self, ordinal: u32, f: impl FnOnce(&[u8]) -> Decode<T>) -> Result<T> {
        let block = self.at(self.find(ordinal)?)?;
        let raw = self.raw(block)?;
        let mut r = Reader::new(&raw);
        for _ in block.first..ordinal {
            self.sealed.ok(r.blob())?;
        }
        self.sealed.ok(r.blob().and_then(f))
    }

    /// Runs `f` on every entry whose ordinal is in `wanted`, in order.
    pub(crate) fn each(
        &self,
        wanted: &RoaringBitmap,
        mut f: impl FnMut(u32, &[u8]) -> Decode<()>,
    ) -> Result<()> {
        for i in 0..self.head.blocks {
            let range = self.range(i)?;
            if range.is_empty() || wanted.range_cardinality(range.clone()) == 0 {
                continue;
            }
            let raw = self.raw(self.at(i)?)?;
            let mut r = Reader::new(&raw);
            for ordinal in range {
                let entry = self.sealed.ok(r.blob())?;
                if wanted.contains(ordinal) {
                    self.sealed.ok(f(ordinal, entry))?;
                }
            }
        }
        Ok(())
    }
}
