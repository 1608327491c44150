//! The distinct values of a column that stand in one place: by themselves, or as elements of lists.
//!
//! Owns: their order and layout, and which of them a test accepts. Layout: u8 (bit 0: null; bit 1:
//! false; bit 2: true; bits 3-4: form of the numbers; bits 5-6: form of the strings), numbers,
//! strings. Order: null, false, true, numbers by value (of equal ones integers first, then floats by
//! their bits), strings by byte.

use super::numbers::{self, Numbers};
use super::strings::{self, Strings};
use crate::format::Decode;
use crate::format::codec::{Reader, Writer};
use crate::index::filter::Test;
use crate::value::Value;
use std::cmp::Ordering;
use std::ops::Range;

/// The strings of a group to be written.
pub(super) enum StringsIn<'a> {
    Text(Vec<&'a str>),
    Hashes(Vec<u32>),
    Times(Vec<i64>),
}

/// Values of a group to be written, each part ascending and without repetition.
pub(super) struct GroupIn<'a> {
    pub(super) null: bool,
    pub(super) bools: [bool; 2],
    pub(super) numbers: Vec<Value>,
    pub(super) strings: StringsIn<'a>,
}

impl GroupIn<'_> {
    pub(super) fn encode(&self, w: &mut Writer) {
        let (mut numbers, mut strings) = (Writer::new(), Writer::new());
        let number_form = numbers::encode(&mut numbers, &self.numbers);
        let string_form = match &self.strings {
            StringsIn::Text(all) if all.is_empty() => 0,
            StringsIn::Text(all) => {
                strings::encode_text(&mut strings, all);
                strings::TEXT
            }
            StringsIn::Hashes(all) if all.is_empty() => 0,
            StringsIn::Hashes(all) => {
                strings::encode_hashes(&mut strings, all);
                strings::HASHES
            }
            StringsIn::Times(all) if all.is_empty() => 0,
            StringsIn::Times(all) => {
                strings::encode_times(&mut strings, all);
                strings::TIMES
            }
        };
        let [no, yes] = self.bools.map(u8::from);
        w.u8(u8::from(self.null) | no << 1 | yes << 2 | number_form << 3 | string_form << 5);
        w.bytes.extend_from_slice(&numbers.bytes);
        w.bytes.extend_from_slice(&strings.bytes);
    }
}

/// Where the values of a group stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At the path itself.
    Itself,
    /// In a list at the path.
    Element,
}

/// The values of a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group<'a> {
    flags: u8,
    numbers: Numbers<'a>,
    strings: Strings<'a>,
}

/// What a test accepts: ranges of entries, which may hold more than it accepts where `exact` is false.
#[derive(Debug, Default)]
pub(super) struct Accepted {
    ranges: Ranges,
    pub(super) inexact: bool,
    /// The dictionary cannot tell.
    pub(super) unknown: bool,
}

/// Ranges of entries; one, which most tests give, takes no allocation.
#[derive(Debug, Default)]
enum Ranges {
    #[default]
    None,
    One(Range<u32>),
    Many(Vec<Range<u32>>),
}

impl Accepted {
    pub(super) fn ranges(&self) -> &[Range<u32>] {
        match &self.ranges {
            Ranges::None => &[],
            Ranges::One(range) => std::slice::from_ref(range),
            Ranges::Many(all) => all,
        }
    }

    pub(super) fn push(&mut self, range: Range<u32>) {
        if range.is_empty() {
            return;
        }
        let last = match &mut self.ranges {
            Ranges::None => None,
            Ranges::One(range) => Some(range),
            Ranges::Many(all) => all.last_mut(),
        };
        if let Some(last) = last.filter(|last| last.end == range.start) {
            last.end = range.end;
            return;
        }
        self.ranges = match std::mem::take(&mut self.ranges) {
            Ranges::None => Ranges::One(range),
            Ranges::One(first) => Ranges::Many(vec![first, range]),
            Ranges::Many(mut all) => {
                all.push(range);
                Ranges::Many(all)
            }
        };
    }
}

impl<'a> Group<'a> {
    pub(super) fn decode(r: &mut Reader<'a>) -> Decode<Group<'a>> {
        let flags = r.u8()?;
        Ok(Group {
            flags,
            numbers: Numbers::decode(flags >> 3 & 3, r)?,
            strings: Strings::decode(flags >> 5 & 3, r)?,
        })
    }

    fn has(&self, bit: u32) -> u32 {
        u32::from(self.flags >> bit & 1)
    }

    /// Entries before the numbers.
    fn simple(&self) -> u32 {
        (self.flags & 7).count_ones()
    }

    fn first_string(&self) -> u32 {
        self.simple() + self.numbers.count()
    }

    pub(super) fn count(&self) -> u32 {
        self.first_string() + self.strings.count()
    }

    /// Whether there is a value other than null.
    pub(super) fn is_comparable(&self) -> bool {
        self.count() > self.has(0)
    }

    /// Whether every value is there, strings included.
    pub(super) fn is_exact(&self) -> bool {
        self.strings.is_exact()
    }

    /// Runs `f` on every entry and its value; the value of a hashed string is none.
    pub(super) fn each(&self, mut f: impl FnMut(u32, Option<Value>)) -> Decode<()> {
        let mut entry = 0;
        let mut next = |value| {
            f(entry, value);
            entry += 1;
        };
        let simple = [Value::Null, Value::Bool(false), Value::Bool(true)];
        for (bit, value) in simple.into_iter().enumerate() {
            if self.has(bit as u32) == 1 {
                next(Some(value));
            }
        }
        (0..self.numbers.count()).for_each(|i| next(Some(self.numbers.get(i))));
        if !self.strings.is_exact() {
            (0..self.strings.count()).for_each(|_| next(None));
            return Ok(());
        }
        self.strings.from(0, |_, bytes| {
            next(Some(Value::Str(
                String::from_utf8_lossy(bytes).into_owned(),
            )));
            true
        })
    }

    /// The entries that `test` accepts, `base` added to each, ascending unless the test is `IN`.
    pub(super) fn accept(
        &self,
        test: &Test,
        place: Place,
        base: u32,
        out: &mut Accepted,
    ) -> Decode<()> {
        use Ordering::{Equal, Greater, Less};
        let mut push = |range: Range<u32>| out.push(range.start + base..range.end + base);
        match test {
            Test::Exists => push(0..self.count()),
            Test::Equal(x) => return self.accept_equal(x, base, out),
            Test::Contains(Value::Str(part)) if place == Place::Itself => {
                return self.accept_strings(0, base, out, |s| Some(s.contains(part.as_str())));
            }
            Test::Contains(_) if place == Place::Itself => {}
            Test::Contains(x) => return self.accept_equal(x, base, out),
            Test::In(set) => {
                for x in set.values() {
                    self.accept_equal(x, base, out)?;
                }
            }
            Test::Less(x) => return self.accept_ordered(None, Some((x, Less)), base, out),
            Test::LessEqual(x) => return self.accept_ordered(None, Some((x, Equal)), base, out),
            Test::Greater(x) => return self.accept_ordered(Some((x, Greater)), None, base, out),
            Test::GreaterEqual(x) => return self.accept_ordered(Some((x, Equal)), None, base, out),
            Test::Between(low, high) => {
                let (low, high) = (Some((low, Equal)), Some((high, Equal)));
                return self.accept_ordered(low, high, base, out);
            }
            Test::StartsWith(start) => return self.accept_prefix(start, base, out),
            Test::Like(like) => {
                let prefix = like.prefix();
                let first = self.first_with(&prefix)?;
                return self.accept_strings(first, base, out, |s| {
                    s.starts_with(&prefix).then(|| like.matches(s))
                });
            }
        }
        Ok(())
    }

    fn accept_equal(&self, x: &Value, base: u32, out: &mut Accepted) -> Decode<()> {
        let one = |bit: u32| {
            let before = (self.flags & ((1 << bit) - 1)).count_ones();
            before..before + self.has(bit)
        };
        let range = match x {
            Value::Null => one(0),
            Value::Bool(false) => one(1),
            Value::Bool(true) => one(2),
            Value::Int(_) | Value::Float(_) => {
                let found = self.numbers.equal(x);
                self.simple() + found.start..self.simple() + found.end
            }
            Value::Str(text) => {
                let found = self.strings.find(text)?;
                out.inexact |= !found.is_empty() && !self.strings.is_exact();
                self.first_string() + found.start..self.first_string() + found.end
            }
            Value::List(_) | Value::Map(_) | Value::Bytes(_) => return Ok(()),
        };
        out.push(range.start + base..range.end + base);
        Ok(())
    }

    /// Values between two bounds; a bound with `Equal` belongs to it.
    fn accept_ordered(
        &self,
        low: Option<(&Value, Ordering)>,
        high: Option<(&Value, Ordering)>,
        base: u32,
        out: &mut Accepted,
    ) -> Decode<()> {
        let types = [low, high].map(|bound| bound.map(|(x, _)| x));
        let all = |wanted: fn(&Value) -> bool| types.iter().flatten().all(|x| wanted(x));
        if all(|x| matches!(x, Value::Int(_) | Value::Float(_))) {
            // What lies below a bound, and with the bound itself what lies at or below it.
            let up_to = |x: &Value, with: bool| match with {
                true => self.numbers.up_to(x),
                false => self.numbers.below(x),
            };
            let start = low.map_or(0, |(x, at)| up_to(x, at != Ordering::Equal));
            let end = high.map_or(self.numbers.count(), |(x, at)| {
                up_to(x, at == Ordering::Equal)
            });
            let first = self.simple() + base;
            out.push(first + start..first + end.max(start));
        } else if all(|x| matches!(x, Value::Str(_))) && self.strings.count() > 0 {
            if !self.strings.is_exact() {
                out.unknown = true;
                return Ok(());
            }
            let up_to = |x: &Value, with: bool| match x {
                Value::Str(x) => self.strings.partition(|s| match s.cmp(x.as_bytes()) {
                    Ordering::Less => true,
                    Ordering::Equal => with,
                    Ordering::Greater => false,
                }),
                _ => Ok(0),
            };
            let start = low.map_or(Ok(0), |(x, at)| up_to(x, at != Ordering::Equal))?;
            let all = Ok(self.strings.count());
            let end = high.map_or(all, |(x, at)| up_to(x, at == Ordering::Equal))?;
            let first = self.first_string() + base;
            out.push(first + start..first + end.max(start));
        }
        Ok(())
    }

    /// The first string that is not below `prefix`.
    fn first_with(&self, prefix: &str) -> Decode<u32> {
        match self.strings.is_exact() {
            true => self.strings.partition(|s| s < prefix.as_bytes()),
            false => Ok(0),
        }
    }

    fn accept_prefix(&self, prefix: &str, base: u32, out: &mut Accepted) -> Decode<()> {
        if self.strings.count() == 0 {
            return Ok(());
        }
        if !self.strings.is_exact() {
            out.unknown = true;
            return Ok(());
        }
        let start = self.first_with(prefix)?;
        let prefix = prefix.as_bytes();
        let end = self
            .strings
            .partition(|s| s < prefix || s.starts_with(prefix))?;
        let first = self.first_string() + base;
        out.push(first + start..first + end.max(start));
        Ok(())
    }

    /// The strings from place `start` on that `accepts`, until it answers none.
    fn accept_strings(
        &self,
        start: u32,
        base: u32,
        out: &mut Accepted,
        accepts: impl Fn(&str) -> Option<bool>,
    ) -> Decode<()> {
        if !self.strings.is_exact() {
            out.unknown = true;
            return Ok(());
        }
        let first = self.first_string() + base;
        self.strings.from(start, |i, bytes| {
            let accepted = std::str::from_utf8(bytes).map_or(Some(false), &accepts);
            if accepted == Some(true) {
                out.push(first + i..first + i + 1);
            }
            accepted.is_some()
        })
    }
}
