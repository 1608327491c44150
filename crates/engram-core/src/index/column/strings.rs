//! Ascending strings of a dictionary.
//!
//! Owns: their layout and the search in them. Form 1, text: count varint, bytes of the blob u32, then per
//! block of 16 strings its start in the blob u32, then the blob: the first string of a block as a
//! blob, each other as varint bytes shared with the one before and a blob of the rest. Form 2,
//! hashes: count varint, then u32 each, ascending: the low half of the XXH3-64 of one or more
//! strings. Form 3, times: integers as in `numbers`, microseconds since 1970, ascending by the text
//! that they stand for.
//!
//! Complexity: a search takes log2(blocks) probes and one block.

use super::numbers::{Ints, encode_ints};
use crate::format::codec::{Reader, Writer};
use crate::format::{Decode, Malformed};
use crate::index::filter::with_iso_time;
use xxhash_rust::xxh3::xxh3_64;

/// The forms, 0 standing for no strings.
pub(super) const TEXT: u8 = 1;
pub(super) const HASHES: u8 = 2;
pub(super) const TIMES: u8 = 3;

/// Strings of a block.
const BLOCK: u32 = 16;

const WRONG: Malformed = Malformed("the strings of a column contradict themselves");

/// What stands for a string in form 2.
pub(super) fn hash(text: &str) -> u32 {
    xxh3_64(text.as_bytes()) as u32
}

/// Appends strings, ascending, in form 1.
pub(super) fn encode_text(w: &mut Writer, strings: &[&str]) {
    let (mut blob, mut starts) = (Writer::new(), Writer::new());
    let mut before: &[u8] = &[];
    for (i, text) in strings.iter().enumerate() {
        let bytes = text.as_bytes();
        let mut shared = 0;
        if i.is_multiple_of(BLOCK as usize) {
            starts.u32(blob.bytes.len() as u32);
        } else {
            shared = bytes.iter().zip(before).take_while(|(a, b)| a == b).count();
            blob.len(shared);
        }
        blob.blob(&bytes[shared..]);
        before = bytes;
    }
    w.len(strings.len());
    w.u32(blob.bytes.len() as u32);
    w.bytes.extend_from_slice(&starts.bytes);
    w.bytes.extend_from_slice(&blob.bytes);
}

/// Appends hashes, ascending.
pub(super) fn encode_hashes(w: &mut Writer, hashes: &[u32]) {
    w.len(hashes.len());
    hashes.iter().for_each(|hash| w.u32(*hash));
}

/// Appends times, ascending by their text.
pub(super) fn encode_times(w: &mut Writer, times_us: &[i64]) {
    encode_ints(w, times_us);
}

/// Strings by place, ascending.
#[derive(Clone, Copy, Debug)]
pub(super) enum Strings<'a> {
    Text(Text<'a>),
    Hashes(&'a [[u8; 4]]),
    Times(Ints<'a>),
}

/// Strings in form 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    count: u32,
    starts: &'a [[u8; 4]],
    blob: &'a [u8],
}

impl<'a> Strings<'a> {
    pub(super) const NONE: Strings<'static> = Strings::Hashes(&[]);

    pub(super) fn decode(form: u8, r: &mut Reader<'a>) -> Decode<Strings<'a>> {
        let fours = |r: &mut Reader<'a>, n: u32| {
            let bytes = r.take((n as usize).saturating_mul(4))?;
            Ok::<_, Malformed>(bytes.as_chunks::<4>().0)
        };
        Ok(match form {
            TEXT => {
                let (count, blob_len) = (r.varint32()?, r.u32()?);
                Strings::Text(Text {
                    count,
                    starts: fours(r, count.div_ceil(BLOCK))?,
                    blob: r.take(blob_len as usize)?,
                })
            }
            HASHES => {
                let n = r.varint32()?;
                Strings::Hashes(fours(r, n)?)
            }
            TIMES => Strings::Times(Ints::decode(r)?),
            _ => Strings::NONE,
        })
    }

    pub(super) fn count(&self) -> u32 {
        match self {
            Strings::Text(text) => text.count,
            Strings::Hashes(hashes) => hashes.len() as u32,
            Strings::Times(times) => times.count,
        }
    }

    /// Whether the strings themselves are there, not only hashes of them.
    pub(super) fn is_exact(&self) -> bool {
        !matches!(self, Strings::Hashes(all) if !all.is_empty())
    }

    /// The places of the strings that may equal `text`, if any.
    pub(super) fn find(&self, text: &str) -> Decode<std::ops::Range<u32>> {
        let Strings::Hashes(hashes) = self else {
            let start = self.partition(|s| s < text.as_bytes())?;
            let mut found = false;
            self.from(start, |_, s| {
                found = s == text.as_bytes();
                false
            })?;
            return Ok(start..start + u32::from(found));
        };
        let wanted = hash(text);
        let start = hashes.partition_point(|h| u32::from_le_bytes(*h) < wanted);
        let found = hashes.get(start).map(|h| u32::from_le_bytes(*h)) == Some(wanted);
        Ok(start as u32..start as u32 + u32::from(found))
    }

    /// The first place whose string does not have the property, which none after it has. The strings
    /// must be there.
    pub(super) fn partition(&self, has: impl Fn(&[u8]) -> bool) -> Decode<u32> {
        match self {
            Strings::Text(text) => text.partition(has),
            Strings::Times(times) => {
                let (mut low, mut high) = (0, times.count);
                while low < high {
                    let middle = low + (high - low) / 2;
                    match with_iso_time(times.get(middle), &has) {
                        true => low = middle + 1,
                        false => high = middle,
                    }
                }
                Ok(low)
            }
            Strings::Hashes(_) => Ok(0),
        }
    }

    /// Runs `f` on each string from place `start` on, until it returns false.
    pub(super) fn from(&self, start: u32, mut f: impl FnMut(u32, &[u8]) -> bool) -> Decode<()> {
        match self {
            Strings::Text(text) => text.from(start, f),
            Strings::Times(times) => {
                let mut places = start..times.count;
                places.all(|i| with_iso_time(times.get(i), |s| f(i, s)));
                Ok(())
            }
            Strings::Hashes(_) => Ok(()),
        }
    }
}

impl Text<'_> {
    /// A cursor at the first string of a block.
    fn block(&self, block: u32) -> Decode<Reader<'_>> {
        let start = self.starts.get(block as usize).ok_or(WRONG)?;
        let start = u32::from_le_bytes(*start) as usize;
        let next = self.starts.get(block as usize + 1);
        let end = next.map_or(self.blob.len(), |s| u32::from_le_bytes(*s) as usize);
        Ok(Reader::new(self.blob.get(start..end).ok_or(WRONG)?))
    }

    fn partition(&self, has: impl Fn(&[u8]) -> bool) -> Decode<u32> {
        let (mut low, mut high) = (0, self.starts.len() as u32);
        while low < high {
            let middle = low + (high - low) / 2;
            match has(self.block(middle)?.blob()?) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        // Every string of the blocks before the last whose first one has it, has it.
        let Some(block) = low.checked_sub(1) else {
            return Ok(0);
        };
        let mut place = (block * BLOCK + BLOCK).min(self.count);
        self.from(block * BLOCK, |i, s| {
            let ends = i >= place || !has(s);
            if ends {
                place = place.min(i);
            }
            !ends
        })?;
        Ok(place)
    }

    fn from(&self, start: u32, mut f: impl FnMut(u32, &[u8]) -> bool) -> Decode<()> {
        let mut text: Vec<u8> = Vec::new();
        for block in start / BLOCK..self.starts.len() as u32 {
            let mut r = self.block(block)?;
            let first = block * BLOCK;
            for i in first..(first + BLOCK).min(self.count) {
                let shared = if i == first {
                    0
                } else {
                    r.varint32()? as usize
                };
                if shared > text.len() {
                    return Err(WRONG);
                }
                text.truncate(shared);
                text.extend_from_slice(r.blob()?);
                if i >= start && !f(i, &text) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::filter::{compare_as_text, iso_time};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn all(strings: &Strings<'_>, start: u32) -> Vec<String> {
        let mut out = Vec::new();
        strings
            .from(start, |i, s| {
                assert_eq!(i as usize, start as usize + out.len());
                out.push(String::from_utf8(s.to_vec()).unwrap());
                true
            })
            .unwrap();
        out
    }

    fn check(strings: &Strings<'_>, wanted: &[String], probe: &str) {
        assert_eq!(strings.count() as usize, wanted.len());
        for start in [0, 1, 15, 16, 17, 40] {
            let rest = wanted.get(start..).unwrap_or_default();
            assert_eq!(all(strings, start as u32), rest);
        }
        for text in wanted.iter().map(String::as_str).chain([probe]) {
            let below = wanted.iter().filter(|s| s.as_str() < text).count() as u32;
            assert_eq!(strings.partition(|s| s < text.as_bytes()).unwrap(), below);
            let there = u32::from(wanted.iter().any(|s| s == text));
            assert_eq!(strings.find(text).unwrap(), below..below + there);
        }
        assert_eq!(strings.partition(|_| true).unwrap() as usize, wanted.len());
        assert_eq!(strings.partition(|_| false).unwrap(), 0);
    }

    proptest! {
        #[test]
        fn strings_read_back_and_are_found(strings in prop::collection::btree_set("[ab\u{e9}]{0,9}", 0..70),
                                           probe in "[ab]{0,9}") {
            let wanted: Vec<String> = strings.into_iter().collect();
            let borrowed: Vec<&str> = wanted.iter().map(String::as_str).collect();
            let mut w = Writer::new();
            encode_text(&mut w, &borrowed);
            let mut r = Reader::new(&w.bytes);
            let text = Strings::decode(TEXT, &mut r).unwrap();
            prop_assert!(r.is_empty() && text.is_exact());
            check(&text, &wanted, &probe);

            let hashes: BTreeSet<u32> = wanted.iter().map(|s| hash(s)).collect();
            let hashes: Vec<u32> = hashes.into_iter().collect();
            let mut w = Writer::new();
            encode_hashes(&mut w, &hashes);
            let read = Strings::decode(HASHES, &mut Reader::new(&w.bytes)).unwrap();
            for s in wanted.iter().chain([&probe]) {
                let found = read.find(s).unwrap();
                let there = hashes.binary_search(&hash(s));
                prop_assert_eq!(found.clone().next(), there.ok().map(|i| i as u32));
                prop_assert!(found.len() < 2);
            }
        }

        #[test]
        fn times_are_strings(times in prop::collection::btree_set(
            prop_oneof![any::<u32>().prop_map(i64::from), -(1i64 << 60)..1 << 60], 0..40)) {
            let mut times: Vec<i64> = times.into_iter().collect();
            times.sort_by(|a, b| compare_as_text(*a, *b));
            let mut w = Writer::new();
            encode_times(&mut w, &times);
            let read = Strings::decode(TIMES, &mut Reader::new(&w.bytes)).unwrap();
            let wanted: Vec<String> = times.iter().map(|t| iso_time(*t)).collect();
            check(&read, &wanted, "1970-01-01");
        }

        #[test]
        fn hostile_strings_never_panic(form in 0u8..4, bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(strings) = Strings::decode(form, &mut Reader::new(&bytes)) {
                let _ = strings.find("a");
                let _ = strings.partition(|s| s < b"b".as_slice());
                let _ = strings.from(3, |_, _| true);
            }
        }
    }
}
