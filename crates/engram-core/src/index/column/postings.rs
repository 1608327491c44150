//! The records of each dictionary entry, for columns of lists and for paths that few records have.
//!
//! Owns: their layout. u8 flags (bit 0: every record has the path; bit 1: a bitmap of those that have it
//! follows), u8 shift; with bit 1 the bitmap of ceil(records / 8) bytes; then per 2^shift entries the
//! start of the first in the lists u32; then the lists. List: varint 2 x records + form; form 0: the
//! gaps between ordinals, each less 1, the first as it is, as varints; form 1: a bitmap.
//!
//! Bitmaps have the lowest bit first. Complexity: reading a list takes up to 2^shift - 1 lists before
//! it, which hold at most some hundred bytes.

use crate::format::codec::{Reader, Writer};
use crate::format::{Decode, Malformed};
use std::ops::Range;

const EVERYWHERE: u8 = 1;
const PRESENCE: u8 = 2;
/// Most entries between two starts, as a power of two.
const MAX_SHIFT: u8 = 5;

/// Appends the lists of `entries`; each holds ascending ordinals below `records`.
pub(super) fn encode(w: &mut Writer, entries: &[Vec<u32>], records: u32) {
    let bitmap_bytes = records.div_ceil(8) as usize;
    let mut present = vec![0u8; bitmap_bytes];
    let mut lists = Writer::new();
    let mut starts = Vec::with_capacity(entries.len());
    for ordinals in entries {
        starts.push(lists.bytes.len() as u32);
        let mut gaps = Writer::new();
        let mut next = 0;
        for ordinal in ordinals {
            gaps.varint(u64::from(ordinal - next));
            next = ordinal + 1;
        }
        set_bits(&mut present, ordinals);
        let as_bitmap = gaps.bytes.len() > bitmap_bytes;
        lists.varint(ordinals.len() as u64 * 2 + u64::from(as_bitmap));
        if as_bitmap {
            let mut own = vec![0u8; bitmap_bytes];
            set_bits(&mut own, ordinals);
            lists.bytes.extend_from_slice(&own);
        } else {
            lists.bytes.extend_from_slice(&gaps.bytes);
        }
    }
    let count: u32 = present.iter().map(|byte| byte.count_ones()).sum();
    let mut flags = 0;
    if count == records {
        flags = EVERYWHERE;
    } else if count >= records / 16 {
        flags = PRESENCE;
    }
    // A start every entry costs 4 bytes; at most a sixteenth of the lists is spent on them.
    let wanted = |shift: &u8| starts.len().div_ceil(1 << shift) * 64 <= lists.bytes.len();
    let shift = (0..MAX_SHIFT).find(wanted).unwrap_or(MAX_SHIFT);
    w.u8(flags);
    w.u8(shift);
    if flags == PRESENCE {
        w.bytes.extend_from_slice(&present);
    }
    starts.iter().step_by(1 << shift).for_each(|s| w.u32(*s));
    w.bytes.extend_from_slice(&lists.bytes);
}

fn set_bits(bitmap: &mut [u8], ordinals: &[u32]) {
    for ordinal in ordinals {
        bitmap[*ordinal as usize / 8] |= 1 << (ordinal % 8);
    }
}

/// The lists of a column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Postings<'a> {
    entries: u32,
    records: u32,
    everywhere: bool,
    presence: Option<&'a [u8]>,
    shift: u8,
    starts: &'a [[u8; 4]],
    lists: &'a [u8],
}

const WRONG: Malformed = Malformed("the lists of a column contradict themselves");

impl<'a> Postings<'a> {
    pub(super) fn new(bytes: &'a [u8], entries: u32, records: u32) -> Decode<Postings<'a>> {
        let mut r = Reader::new(bytes);
        let (flags, shift) = (r.u8()?, r.u8()?);
        if flags > PRESENCE || shift > MAX_SHIFT {
            return Err(WRONG);
        }
        let presence = match flags {
            PRESENCE => Some(r.take(records.div_ceil(8) as usize)?),
            _ => None,
        };
        let starts = r.take(entries.div_ceil(1 << shift) as usize * 4)?;
        Ok(Postings {
            entries,
            records,
            everywhere: flags == EVERYWHERE,
            presence,
            shift,
            starts: starts.as_chunks().0,
            lists: r.rest(),
        })
    }

    /// Adds to `out` the records of the entries in `range`, and drops what is not a record.
    pub(super) fn add(&self, range: Range<u32>, out: &mut [u64]) -> Decode<()> {
        if range.is_empty() {
            return Ok(());
        }
        let mut r = self.list(range.start)?;
        for _ in range.start..range.end.min(self.entries) {
            read_list(&mut r, self.records, Some(out))?;
        }
        Ok(())
    }

    /// A cursor at the list of entry `i`.
    fn list(&self, i: u32) -> Decode<Reader<'a>> {
        let start = self.starts.get(i as usize >> self.shift).ok_or(WRONG)?;
        let start = u32::from_le_bytes(*start) as usize;
        let mut r = Reader::new(self.lists.get(start..).ok_or(WRONG)?);
        for _ in 0..i & ((1 << self.shift) - 1) {
            read_list(&mut r, self.records, None)?;
        }
        Ok(r)
    }

    /// Drops from `acc` every record that does not have the path.
    pub(super) fn keep_present(&self, acc: &mut [u64]) -> Decode<()> {
        if self.everywhere {
            return Ok(());
        }
        let mut present = vec![0; acc.len()];
        match self.presence {
            Some(bitmap) => add_bitmap(bitmap, &mut present),
            None => self.add(0..self.entries, &mut present)?,
        }
        acc.iter_mut().zip(&present).for_each(|(a, p)| *a &= p);
        Ok(())
    }
}

/// Reads a list, into `out` where it is given.
fn read_list(r: &mut Reader<'_>, records: u32, out: Option<&mut [u64]>) -> Decode<()> {
    let head = r.varint()?;
    if head & 1 == 1 {
        let bitmap = r.take(records.div_ceil(8) as usize)?;
        if let Some(out) = out {
            add_bitmap(bitmap, out);
        }
        return Ok(());
    }
    let count = head / 2;
    if count > r.rest().len() as u64 {
        return Err(WRONG);
    }
    let Some(out) = out else {
        for _ in 0..count {
            r.varint()?;
        }
        return Ok(());
    };
    let mut next = 0u64;
    for _ in 0..count {
        let ordinal = next.saturating_add(r.varint()?);
        next = ordinal.saturating_add(1);
        match out.get_mut((ordinal / 64) as usize) {
            Some(word) => *word |= 1 << (ordinal % 64),
            None => return Err(WRONG),
        }
    }
    Ok(())
}

fn add_bitmap(bitmap: &[u8], out: &mut [u64]) {
    for (word, bytes) in out.iter_mut().zip(bitmap.chunks(8)) {
        let mut eight = [0; 8];
        eight[..bytes.len()].copy_from_slice(bytes);
        *word |= u64::from_le_bytes(eight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn set_of(words: &[u64]) -> BTreeSet<u32> {
        let all = 0..words.len() as u32 * 64;
        all.filter(|o| words[*o as usize / 64] >> (o % 64) & 1 == 1)
            .collect()
    }

    proptest! {
        #[test]
        fn lists_read_back(records in 1u32..300,
                           lists in prop::collection::vec(prop::collection::btree_set(any::<u32>(), 0..60), 0..90)) {
            let lists: Vec<BTreeSet<u32>> = lists.iter()
                .map(|l| l.iter().map(|o| o % records).collect()).collect();
            let entries: Vec<Vec<u32>> = lists.iter().map(|l| l.iter().copied().collect()).collect();
            let mut w = Writer::new();
            encode(&mut w, &entries, records);
            let n = entries.len() as u32;
            let read = Postings::new(&w.bytes, n, records).unwrap();
            let words = records.div_ceil(64) as usize;
            for start in 0..n {
                for end in [start, start + 1, n, n + 3] {
                    let mut out = vec![0; words];
                    read.add(start..end, &mut out).unwrap();
                    let wanted: BTreeSet<u32> = lists.iter().take(end as usize).skip(start as usize)
                        .flatten().copied().collect();
                    prop_assert_eq!(set_of(&out), wanted);
                }
            }
            let mut acc = vec![u64::MAX; words];
            read.keep_present(&mut acc).unwrap();
            let found: BTreeSet<u32> = set_of(&acc).into_iter().filter(|o| *o < records).collect();
            prop_assert_eq!(found, lists.iter().flatten().copied().collect::<BTreeSet<u32>>());
        }

        #[test]
        fn hostile_lists_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..90),
                                     entries in 0u32..20, records in 1u32..200) {
            let mut out = vec![0; records.div_ceil(64) as usize];
            if let Ok(read) = Postings::new(&bytes, entries, records) {
                for i in 0..entries {
                    let _ = read.add(i..i + 2, &mut out);
                }
                let _ = read.keep_present(&mut out);
            }
        }
    }
}
