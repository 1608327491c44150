//! Entries in compressed blocks, found by ordinal: texts, metadata, properties of edges (F-082).

use super::parts::{BlockAt, BlocksHead, MAX_PRIMER_BYTES, unpack};
use crate::error::Result;
use crate::format::codec::Reader;
use crate::format::segment::Part;
use crate::format::{Decode, Malformed};
use crate::store::Sealed;
use roaring::RoaringBitmap;
use std::ops::Range;
use std::sync::OnceLock;
use zstd::zstd_safe::DDict;

/// The dictionaries of the blocks parts of one segment, each unpacked at its first use.
pub(super) struct Primers(Vec<(u16, u16, OnceLock<DDict<'static>>)>);

impl Primers {
    /// Of the parts of `sealed`.
    pub(super) fn new(sealed: &Sealed) -> Primers {
        let parts = sealed.parts().iter();
        Primers(parts.map(|p| (p.kind, p.space, OnceLock::new())).collect())
    }

    fn of(&self, part: Part) -> Option<&OnceLock<DDict<'static>>> {
        let mut cells = self.0.iter();
        let cell = cells.find(|(kind, space, _)| (*kind, *space) == (part.kind, part.space));
        cell.map(|(_, _, cell)| cell)
    }
}

/// A blocks part to be read.
#[derive(Clone, Copy)]
pub(crate) struct Blocks<'a> {
    sealed: &'a Sealed,
    primers: &'a Primers,
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
    pub(super) fn open(
        sealed: &'a Sealed,
        primers: &'a Primers,
        part: Part,
        entries: u32,
    ) -> Result<Blocks<'a>> {
        let head = sealed.ok(BlocksHead::decode(
            sealed.bytes(part, 0..BlocksHead::BYTES)?,
        ))?;
        let end = BlocksHead::BYTES + head.index_len();
        Ok(Blocks {
            sealed,
            primers,
            part,
            head,
            index: sealed.bytes(part, BlocksHead::BYTES..end)?,
            entries,
        })
    }

    fn packed(&self, at: BlockAt) -> Result<&'a [u8]> {
        let base = BlocksHead::BYTES + self.head.index_len();
        self.sealed.bytes(self.part, base + at.start..base + at.end)
    }

    fn raw(&self, i: u32) -> Result<Vec<u8>> {
        let primer = match i < self.head.primed {
            true => None,
            false => self.primer()?,
        };
        let at = self.at(i)?;
        self.sealed.ok(unpack(self.packed(at)?, at.raw_len, primer))
    }

    /// The dictionary of the blocks behind it, where there is one.
    fn primer(&self) -> Result<Option<&'a DDict<'static>>> {
        let Some(cell) = self.primers.of(self.part) else {
            return Ok(None);
        };
        if self.head.primed == 0 || cell.get().is_some() {
            return Ok(cell.get());
        }
        let mut content = Vec::new();
        for i in 0..self.head.primed {
            let at = self.at(i)?;
            if content.len() + at.raw_len > MAX_PRIMER_BYTES {
                return Err(self.sealed.damaged(Malformed("a dictionary is too long")));
            }
            let raw = unpack(self.packed(at)?, at.raw_len, None);
            content.extend(self.sealed.ok(raw)?);
        }
        let wrong = || {
            self.sealed
                .damaged(Malformed("a dictionary cannot be used"))
        };
        let primer = DDict::try_create(&content).ok_or_else(wrong)?;
        Ok(Some(cell.get_or_init(|| primer)))
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
        let (range, raw) = (self.range(i)?, self.raw(i)?);
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
        let i = self.find(ordinal)?;
        let raw = self.raw(i)?;
        let mut r = Reader::new(&raw);
        for _ in self.at(i)?.first..ordinal {
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
            let raw = self.raw(i)?;
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

#[cfg(test)]
mod tests {
    use super::super::parts::BlocksWriter;
    use super::*;
    use crate::error::Code;
    use crate::format::Extent;
    use crate::format::manifest::SegmentRef;
    use crate::format::segment::{SegmentWriter, kind};
    use crate::store::memory::MemoryStorage;
    use proptest::prelude::*;

    fn sealed(entries: &[Vec<u8>], primed: impl Fn(&mut Vec<u8>)) -> Sealed {
        let mut blocks = BlocksWriter::default();
        for entry in entries {
            blocks.push(entry).unwrap();
        }
        let mut part = blocks.finish().unwrap();
        primed(&mut part);
        let mut segment = SegmentWriter::new(1, entries.len() as u32);
        segment.part(kind::TEXTS, 0, &part);
        let (bytes, footer_crc) = segment.finish();
        let len = bytes.len() as u64;
        let at = SegmentRef {
            id: 1,
            extent: Extent { offset: 0, len },
            born: 0,
            len,
            records: entries.len() as u32,
            footer_crc,
            dead: RoaringBitmap::new(),
        };
        Sealed::open(&MemoryStorage::with_bytes(bytes), &at).unwrap()
    }

    fn entry(size: usize, seed: usize) -> Vec<u8> {
        let words = (0..).map(|i| format!("{} ", (i * i + seed) % 701));
        words.flat_map(String::into_bytes).take(size).collect()
    }

    fn read(sealed: &Sealed, entries: u32) -> Result<Vec<Vec<u8>>> {
        let primers = Primers::new(sealed);
        let part = sealed.need(kind::TEXTS, 0)?;
        let blocks = Blocks::open(sealed, &primers, part, entries)?;
        (0..entries)
            .rev()
            .map(|i| blocks.entry(i, |e| Ok(e.to_vec())))
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn every_entry_is_read_back(sizes in prop::collection::vec(prop_oneof![
                0..900usize, 0..900usize, 0..900usize, 10_000..60_000usize], 0..400)) {
            let entries: Vec<_> = sizes.iter().zip(0..).map(|(s, i)| entry(*s, i)).collect();
            let mut found = read(&sealed(&entries, |_| ()), entries.len() as u32).unwrap();
            found.reverse();
            prop_assert_eq!(found, entries);
        }
    }

    #[test]
    fn a_dictionary_shortens_what_follows_and_is_needed_to_read_it() {
        let entries: Vec<_> = (0..400).map(|i| entry(500, i)).collect();
        let whole = sealed(&entries, |part| assert_eq!(part[4], 7));
        assert_eq!(read(&whole, 400).unwrap().len(), 400);
        for primed in [0, 6, 8, 65] {
            let wrong = read(&sealed(&entries, |part| part[4] = primed), 400);
            assert_eq!(wrong.unwrap_err().code(), Code::CorruptSegment, "{primed}");
        }
    }

    #[test]
    fn long_entries_have_no_dictionary() {
        let entries: Vec<_> = (0..12).map(|i| entry(40_000, i)).collect();
        sealed(&entries, |part| assert_eq!(part[4], 0));
    }
}
