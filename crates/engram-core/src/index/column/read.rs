//! One column, read: which records a test keeps.
//!
//! Owns: the numbering of entries and codes. Entry 0 is *other* where the column has it (a map,
//! bytes, an empty list or a list without scalars stands at the path, and no scalar); then come the values at
//! the path itself, then the elements of lists at it. The opposite side is `build`.

use super::group::{Accepted, Group, Place};
use super::planes::{Planes, bits_for};
use super::postings::Postings;
use crate::format::codec::Reader;
use crate::format::{Decode, Malformed};
use crate::index::filter::Test;
use crate::value::Value;
use std::ops::Range;

/// Flags of a column.
pub(super) const POSTINGS: u8 = 1;
pub(super) const ABSENT: u8 = 2;
pub(super) const OTHER: u8 = 4;
pub(super) const BYTES: u8 = 8;

/// The values that the records of a segment have at one path.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    records: u32,
    /// Pairs of a record and an entry that it holds.
    pairs: u32,
    /// Entries before the first value.
    other: u32,
    /// Codes before the first entry.
    absent: u32,
    /// Whether a record has bytes at the path.
    bytes: bool,
    itself: Group<'a>,
    elements: Group<'a>,
    body: Body<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Body<'a> {
    Planes(Planes<'a>),
    Postings(Postings<'a>),
}

/// What a test asks of a column.
#[derive(Debug)]
pub struct Wanted(Accepted);

impl Wanted {
    /// Whether no record can pass.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.0.ranges().is_empty() && !self.0.unknown
    }

    /// Whether the column tells exactly which records pass; else those that it keeps have to be
    /// looked at.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.0.inexact && !self.0.unknown
    }
}

impl<'a> Column<'a> {
    /// The column of `records` records that `bytes` spell.
    pub fn decode(bytes: &'a [u8], records: u32) -> Decode<Column<'a>> {
        let mut r = Reader::new(bytes);
        let flags = r.u8()?;
        if flags > POSTINGS | ABSENT | OTHER | BYTES {
            return Err(Malformed("a column has unknown flags"));
        }
        let pairs = r.varint32()?;
        let (itself, elements) = (Group::decode(&mut r)?, Group::decode(&mut r)?);
        let other = u32::from(flags & OTHER != 0);
        let absent = u32::from(flags & ABSENT != 0);
        let entries = u64::from(itself.count()) + u64::from(elements.count()) + u64::from(other);
        let entries = u32::try_from(entries)
            .ok()
            .filter(|n| *n < u32::MAX)
            .ok_or(Malformed("a column has too many values"))?;
        let body = match flags & POSTINGS != 0 {
            true => Body::Postings(Postings::new(r.rest(), entries, records)?),
            false => {
                let bits = bits_for((entries + absent) as usize);
                Body::Planes(Planes::new(r.rest(), bits, records)?)
            }
        };
        Ok(Column {
            records,
            pairs,
            other,
            absent,
            bytes: flags & BYTES != 0,
            itself,
            elements,
            body,
        })
    }

    fn entries(&self) -> u32 {
        self.other + self.itself.count() + self.elements.count()
    }

    fn first_element(&self) -> u32 {
        self.other + self.itself.count()
    }

    /// Whether some record has bytes at the path or in a list there.
    #[must_use]
    pub fn has_bytes(&self) -> bool {
        self.bytes
    }

    /// Whether some record has a value other than null that tests can compare.
    #[must_use]
    pub fn is_comparable(&self) -> bool {
        self.itself.is_comparable() || self.elements.is_comparable()
    }

    /// What `test` asks for. Complexity: logarithmic in the number of values, but linear for
    /// `CONTAINS` of a part of a string and for `LIKE`.
    pub fn accept(&self, test: &Test) -> Decode<Wanted> {
        let mut out = Accepted::default();
        if matches!(test, Test::Exists) {
            out.push(0..self.entries());
            return Ok(Wanted(out));
        }
        self.itself
            .accept(test, Place::Itself, self.other, &mut out)?;
        let first = self.first_element();
        self.elements
            .accept(test, Place::Element, first, &mut out)?;
        Ok(Wanted(out))
    }

    /// What asks for the values for which `holds`. Complexity: linear in the number of values.
    pub fn accept_values(&self, holds: impl Fn(&Value) -> bool) -> Decode<Wanted> {
        let mut out = Accepted::default();
        out.unknown = !self.is_exact();
        let values = self.values()?.into_iter();
        let mut entries: Vec<u32> = values
            .filter_map(|(value, entry)| holds(&value).then_some(entry))
            .collect();
        entries.sort_unstable();
        entries.iter().for_each(|entry| out.push(*entry..entry + 1));
        Ok(Wanted(out))
    }

    /// About how many records a test keeps, values taken as equally frequent.
    #[must_use]
    pub fn estimate(&self, wanted: &Wanted, negated: bool) -> u32 {
        let all = u64::from(self.entries().max(1));
        let taken: u64 = wanted.0.ranges().iter().map(|r| r.len() as u64).sum();
        let share = if wanted.0.unknown {
            all
        } else {
            taken.min(all)
        };
        let share = if negated { all - share } else { share };
        let pairs = u64::from(self.pairs.min(self.records));
        (pairs * share).div_ceil(all) as u32
    }

    /// Drops from `acc` (bit j of word w for record 64 w + j) the records that hold no value that is
    /// wanted; with `negated` those that do, and those that have nothing at the path.
    ///
    /// Where the column does not tell exactly, more is kept than passes, and only without `negated`.
    pub fn keep(&self, wanted: &Wanted, negated: bool, acc: &mut [u64]) -> Decode<()> {
        if wanted.0.unknown {
            return self.keep_present(acc);
        }
        match &self.body {
            Body::Planes(planes) => {
                let ranges = wanted.0.ranges();
                match negated {
                    true => planes.keep(&complement(ranges, self.entries()), self.absent, acc),
                    false => planes.keep(ranges, self.absent, acc),
                }
            }
            Body::Postings(lists) => {
                let mut holding = vec![0; acc.len()];
                for range in wanted.0.ranges() {
                    lists.add(range.clone(), &mut holding)?;
                }
                if negated {
                    lists.keep_present(acc)?;
                    acc.iter_mut().zip(&holding).for_each(|(a, h)| *a &= !h);
                } else {
                    acc.iter_mut().zip(&holding).for_each(|(a, h)| *a &= h);
                }
            }
        }
        Ok(())
    }

    /// Drops from `acc` the records that have nothing at the path.
    pub fn keep_present(&self, acc: &mut [u64]) -> Decode<()> {
        match &self.body {
            Body::Planes(_) if self.absent == 0 => {}
            Body::Planes(planes) => {
                let all = 0..self.entries();
                planes.keep(std::slice::from_ref(&all), self.absent, acc);
            }
            Body::Postings(lists) => lists.keep_present(acc)?,
        }
        Ok(())
    }

    /// Whether the column holds every value, so that [`Column::count_values`] can answer.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.itself.is_exact() && self.elements.is_exact()
    }

    /// Runs `f` on every value that a record in `wanted` has at the path, by itself or in a list, and
    /// on how many of these records have it. Equal numbers are one value, the integer of them if there
    /// is one.
    pub fn count_values(&self, wanted: &[u64], mut f: impl FnMut(Value, u64)) -> Decode<()> {
        let mut values = self.values()?;
        values.sort_by(|a, b| super::order::compare(&a.0, &b.0).then(a.1.cmp(&b.1)));
        let counts = match &self.body {
            Body::Planes(planes) => self.count_codes(planes, wanted),
            Body::Postings(_) => Vec::new(),
        };
        let same = |a: &(Value, u32), b: &(Value, u32)| super::order::equal(&a.0, &b.0);
        for run in values.chunk_by(same) {
            let entries = run.iter().map(|(_, entry)| *entry);
            let count = match &self.body {
                Body::Planes(_) => entries.map(|e| counts[e as usize]).sum(),
                Body::Postings(lists) => {
                    let mut holding = vec![0; wanted.len()];
                    for entry in entries {
                        lists.add(entry..entry + 1, &mut holding)?;
                    }
                    let both = holding.iter().zip(wanted).map(|(h, w)| h & w);
                    both.map(|word| u64::from(word.count_ones())).sum()
                }
            };
            if let (Some((value, _)), 1..) = (run.first(), count) {
                f(value.clone(), count);
            }
        }
        Ok(())
    }

    /// Every value with its entry, hashed strings left out.
    fn values(&self) -> Decode<Vec<(Value, u32)>> {
        let mut out = Vec::new();
        let groups = [
            (&self.itself, self.other),
            (&self.elements, self.first_element()),
        ];
        for (group, base) in groups {
            group.each(|entry, value| out.extend(value.map(|v| (v, entry + base))))?;
        }
        Ok(out)
    }

    /// How many records in `wanted` have each entry.
    fn count_codes(&self, planes: &Planes<'_>, wanted: &[u64]) -> Vec<u64> {
        let mut counts = vec![0; self.entries() as usize];
        planes.each(wanted, |_, code| {
            let entry = code.checked_sub(self.absent);
            if let Some(count) = entry.and_then(|e| counts.get_mut(e as usize)) {
                *count += 1;
            }
        });
        counts
    }
}

/// What lies below `end` in none of `ranges`.
fn complement(ranges: &[Range<u32>], end: u32) -> Vec<Range<u32>> {
    let mut taken = ranges.to_vec();
    taken.sort_unstable_by_key(|r| r.start);
    let mut next = 0;
    let mut out = Vec::with_capacity(taken.len() + 1);
    for range in taken {
        if range.start > next {
            out.push(next..range.start);
        }
        next = next.max(range.end);
    }
    if next < end {
        out.push(next..end);
    }
    out
}
