//! A sealed run of bytes: the frame of a segment, mapped, every chunk checked before its first use.
//!
//! Owns what segments of records and of edges have in common (F-070 to F-074). What the parts hold
//! is not known here.

use super::{Region, Storage};
use crate::error::{Code, Error, Result};
use crate::format::manifest::SegmentRef;
use crate::format::segment::{CHUNK_BYTES, Directory, Part};
use crate::format::{Decode, Malformed};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// An open frame.
pub struct Sealed {
    offset: u64,
    region: Region,
    directory: Directory,
    checked: Vec<AtomicU64>,
}

impl Sealed {
    /// Maps the segment of a manifest entry and checks its outside.
    pub fn open(storage: &dyn Storage, at: &SegmentRef) -> Result<Sealed> {
        let region = storage.map(at.extent.offset, at.len)?;
        let wrong =
            |why: Malformed| why.into_error(Code::CorruptSegment, "the segment", at.extent.offset);
        let directory = Directory::decode(&region, at.footer_crc).map_err(wrong)?;
        if directory.id != at.id || directory.records != at.records {
            return Err(wrong(Malformed(
                "it is not the one that the manifest names",
            )));
        }
        let words = directory.chunk_crcs.len().div_ceil(64);
        Ok(Sealed {
            offset: at.extent.offset,
            region,
            directory,
            checked: (0..words).map(|_| AtomicU64::new(0)).collect(),
        })
    }

    /// Lets go of the memory of its pages; see [`Region::forget`].
    pub fn forget(&self) {
        self.region.forget();
    }

    /// Its id in the file.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.directory.id
    }
    /// Records, or edges, in it, dead ones included.
    #[must_use]
    pub fn records(&self) -> u32 {
        self.directory.records
    }
    /// Its bytes as they lie in the file.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.region
    }
    /// Its parts, in the order in which they lie.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.directory.parts
    }

    /// The error of bytes that cannot be right.
    #[must_use]
    pub fn damaged(&self, why: Malformed) -> Error {
        why.into_error(Code::CorruptSegment, "the segment", self.offset)
            .detail("segment", self.id())
    }

    /// Names the segment in an error of decoding.
    pub fn ok<T>(&self, decoded: Decode<T>) -> Result<T> {
        decoded.map_err(|why| self.damaged(why))
    }

    /// Checks the chunks that cover `range`, each at its first use only.
    #[inline]
    pub fn check(&self, range: Range<usize>) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        for chunk in range.start / CHUNK_BYTES..=(range.end - 1) / CHUNK_BYTES {
            let (word, bit) = (&self.checked[chunk / 64], 1u64 << (chunk % 64));
            if word.load(Ordering::Acquire) & bit == 0 {
                self.check_chunk(chunk)?;
                word.fetch_or(bit, Ordering::Release);
            }
        }
        Ok(())
    }

    #[cold]
    fn check_chunk(&self, chunk: usize) -> Result<()> {
        let end = ((chunk + 1) * CHUNK_BYTES).min(self.directory.data_len as usize);
        let crc = crc32fast::hash(&self.region[chunk * CHUNK_BYTES..end]);
        if crc == self.directory.chunk_crcs[chunk] {
            return Ok(());
        }
        let why = Malformed("the checksum of a chunk does not match");
        Err(self.damaged(why).detail("chunk", chunk))
    }

    /// Checks every chunk anew, and returns how many there are.
    pub fn check_all(&self) -> Result<usize> {
        self.checked
            .iter()
            .for_each(|w| w.store(0, Ordering::Release));
        self.check(0..self.directory.data_len as usize)?;
        Ok(self.directory.chunk_crcs.len())
    }

    /// A part, where there is one.
    #[must_use]
    pub fn part(&self, kind: u16, space: u16) -> Option<Part> {
        self.directory
            .parts
            .iter()
            .find(|p| p.kind == kind && p.space == space)
            .copied()
    }

    /// A part that every segment of its sort has.
    pub fn need(&self, kind: u16, space: u16) -> Result<Part> {
        self.part(kind, space)
            .ok_or_else(|| self.damaged(Malformed("a part is missing")))
    }

    /// Checked bytes of a part; `range` counts from its start.
    #[inline]
    pub fn bytes(&self, part: Part, range: Range<u64>) -> Result<&[u8]> {
        let bytes = self.unchecked(part, range.clone())?;
        self.check_in(part, range)?;
        Ok(bytes)
    }

    /// Bytes of a part that [`Sealed::check_in`] has yet to be asked about.
    #[inline]
    pub fn unchecked(&self, part: Part, range: Range<u64>) -> Result<&[u8]> {
        if range.start > range.end || range.end > part.len {
            return Err(self.damaged(Malformed("a part is too short")));
        }
        Ok(&self.region[(part.offset + range.start) as usize..(part.offset + range.end) as usize])
    }

    /// Checks the chunks that cover a range of a part.
    #[inline]
    pub fn check_in(&self, part: Part, range: Range<u64>) -> Result<()> {
        self.check((part.offset + range.start) as usize..(part.offset + range.end) as usize)
    }

    /// All checked bytes of a part.
    pub fn whole(&self, part: Part) -> Result<&[u8]> {
        self.bytes(part, 0..part.len)
    }
}
