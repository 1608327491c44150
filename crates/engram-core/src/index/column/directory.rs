//! Which columns a segment has, and where they lie.
//!
//! Owns: the layout of the part: number of columns u32 (highest bit: there are paths without one),
//! bytes of the names u32; per column, ascending by name as bytes, the end of its name u32 and the end
//! of its bytes u32, each counted from the start of what it ends; the names; the columns. A name is the
//! path, each part a str.
//!
//! Finding a column takes log2(columns) comparisons and touches nothing but the directory.

use crate::format::codec::{Reader, Writer};
use crate::format::{Decode, Malformed};
use std::ops::Range;

const PARTIAL: u32 = 1 << 31;
/// Bytes that tell how long the directory is.
pub const HEAD_BYTES: u64 = 8;

/// A path as the directory writes it.
#[must_use]
pub fn name(parts: &[String]) -> Vec<u8> {
    let mut w = Writer::new();
    parts.iter().for_each(|part| w.str(part));
    w.bytes
}

/// The part: `columns` are names and bytes, ascending by name.
pub(super) fn encode(columns: &[(Vec<u8>, Vec<u8>)], partial: bool) -> Vec<u8> {
    let names: usize = columns.iter().map(|(name, _)| name.len()).sum();
    let mut w = Writer::new();
    w.u32(columns.len() as u32 | if partial { PARTIAL } else { 0 });
    w.u32(names as u32);
    let (mut name_end, mut end) = (0, 0);
    for (name, bytes) in columns {
        name_end += name.len() as u32;
        end += bytes.len() as u32;
        w.u32(name_end);
        w.u32(end);
    }
    columns
        .iter()
        .for_each(|(name, _)| w.bytes.extend_from_slice(name));
    columns
        .iter()
        .for_each(|(_, bytes)| w.bytes.extend_from_slice(bytes));
    w.bytes
}

/// How long the directory is, from its head.
pub fn length(head: &[u8]) -> Decode<u64> {
    let mut r = Reader::new(head);
    let (count, names) = (r.u32()? & !PARTIAL, r.u32()?);
    Ok(HEAD_BYTES + u64::from(count) * 8 + u64::from(names))
}

/// The directory of a segment.
#[derive(Clone, Copy, Debug)]
pub struct Directory<'a> {
    partial: bool,
    ends: &'a [[u8; 8]],
    names: &'a [u8],
}

/// What the directory says about a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Its column lies here, counted from the end of the directory.
    At(Range<u64>),
    /// No record has it.
    Absent,
    /// Some records may have it.
    NoColumn,
}

impl<'a> Directory<'a> {
    /// The directory that `bytes` spell.
    pub fn decode(bytes: &'a [u8]) -> Decode<Directory<'a>> {
        let mut r = Reader::new(bytes);
        let (count, names) = (r.u32()?, r.u32()?);
        let ends = r.take((count & !PARTIAL) as usize * 8)?;
        Ok(Directory {
            partial: count & PARTIAL != 0,
            ends: ends.as_chunks().0,
            names: r.take(names as usize)?,
        })
    }

    /// Whether there are paths without a column.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.partial
    }

    /// The end of name and column `i`.
    fn end(&self, i: Option<usize>) -> Decode<(usize, u64)> {
        let Some(i) = i else { return Ok((0, 0)) };
        let wrong = Malformed("a column is missing");
        let (name, column) = self.ends.get(i).ok_or(wrong)?.split_at(4);
        let (mut name, mut column) = (Reader::new(name), Reader::new(column));
        Ok((name.u32()? as usize, column.u32()?.into()))
    }

    fn name(&self, i: usize) -> Decode<&'a [u8]> {
        let (start, end) = (self.end(i.checked_sub(1))?.0, self.end(Some(i))?.0);
        let wrong = Malformed("a column has an impossible name");
        self.names.get(start..end).ok_or(wrong)
    }

    /// Where the column of the path lies that is spelled `name`.
    pub fn find(&self, name: &[u8]) -> Decode<Found> {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.name(middle)?.cmp(name) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    let start = self.end(middle.checked_sub(1))?.1;
                    return Ok(Found::At(start..self.end(Some(middle))?.1));
                }
            }
        }
        Ok(match self.partial {
            true => Found::NoColumn,
            false => Found::Absent,
        })
    }

    /// Every path, its parts outermost first.
    pub fn paths(&self) -> Decode<Vec<Vec<&'a str>>> {
        let path = |i| {
            let mut r = Reader::new(self.name(i)?);
            let mut parts = Vec::new();
            while !r.is_empty() {
                parts.push(r.str()?);
            }
            Ok(parts)
        };
        (0..self.ends.len()).map(path).collect()
    }
}
