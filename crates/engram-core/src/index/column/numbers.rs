//! Ascending numbers of a dictionary.
//!
//! Owns: their layout. Form 1, integers: base i64, bytes per number u8 (0 to 8; 0 for a
//! single number only), count varint, then each
//! number less the base. Form 2, floats: count varint, binary64 each. Form 3, both: count varint, one
//! bit a number (1 = float, lowest bit first, padded to bytes), then 8 bytes each.

use crate::format::codec::{Reader, Writer};
use crate::format::{Decode, Malformed};
use crate::index::filter::compare_literals;
use crate::value::Value;
use std::cmp::Ordering;
use std::ops::Range;

/// The forms, 0 standing for no numbers.
const INTS: u8 = 1;
const FLOATS: u8 = 2;
const MIXED: u8 = 3;

/// Appends numbers (integers and floats only), and returns their form.
pub(super) fn encode(w: &mut Writer, numbers: &[Value]) -> u8 {
    let is_float = |v: &Value| matches!(v, Value::Float(_));
    let floats = numbers.iter().filter(|v| is_float(v)).count();
    if numbers.is_empty() {
        return 0;
    }
    if floats == 0 {
        let ints: Vec<i64> = numbers.iter().map(as_int).collect();
        encode_ints(w, &ints);
        return INTS;
    }
    w.len(numbers.len());
    let form = if floats == numbers.len() {
        FLOATS
    } else {
        MIXED
    };
    if form == MIXED {
        for part in numbers.chunks(8) {
            let bits = part.iter().enumerate();
            w.u8(bits.fold(0, |byte, (i, v)| byte | u8::from(is_float(v)) << i));
        }
    }
    for number in numbers {
        match number {
            Value::Float(x) => w.u64(x.to_bits()),
            other => w.i64(as_int(other)),
        }
    }
    form
}

fn as_int(value: &Value) -> i64 {
    match value {
        Value::Int(i) => *i,
        _ => 0,
    }
}

/// Appends integers in any order, in as few bytes each as their span takes.
pub(super) fn encode_ints(w: &mut Writer, ints: &[i64]) {
    let base = ints.iter().copied().min().unwrap_or(0);
    let offset = |x: &i64| x.wrapping_sub(base) as u64;
    let widest = ints.iter().map(offset).max().unwrap_or(0);
    let width = (64 - widest.leading_zeros()).div_ceil(8) as usize;
    // Only a single number may take no bytes, so that the bytes bound the count.
    let width = if ints.len() > 1 { width.max(1) } else { width };
    w.i64(base);
    w.u8(width as u8);
    w.len(ints.len());
    for x in ints {
        w.bytes.extend_from_slice(&offset(x).to_le_bytes()[..width]);
    }
}

/// Integers by place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ints<'a> {
    base: i64,
    width: usize,
    pub(super) count: u32,
    bytes: &'a [u8],
}

impl<'a> Ints<'a> {
    pub(super) fn decode(r: &mut Reader<'a>) -> Decode<Ints<'a>> {
        let (base, width) = (r.i64()?, usize::from(r.u8()?));
        if width > 8 {
            return Err(Malformed("a number of a column is too wide"));
        }
        let count = r.varint32()?;
        if width == 0 && count > 1 {
            return Err(Malformed("a column has more numbers than bytes for them"));
        }
        Ok(Ints {
            base,
            width,
            count,
            bytes: r.take(width.saturating_mul(count as usize))?,
        })
    }

    /// The first place whose number does not have the property, which none after it has.
    fn partition(&self, has: impl Fn(i64) -> bool) -> u32 {
        let at = |offset: u64| has(self.base.wrapping_add(offset as i64));
        let bytes = self.bytes;
        let place = match self.width {
            1 => bytes.partition_point(|b| at((*b).into())),
            2 => chunks(bytes).partition_point(|b| at(u16::from_le_bytes(*b).into())),
            4 => chunks(bytes).partition_point(|b| at(u32::from_le_bytes(*b).into())),
            8 => chunks(bytes).partition_point(|b| at(u64::from_le_bytes(*b))),
            _ => return partition(self.count, |i| has(self.get(i))),
        };
        place as u32
    }

    /// Number `i`; 0 beyond the last.
    pub(super) fn get(&self, i: u32) -> i64 {
        let at = i as usize * self.width;
        let mut offset = [0; 8];
        if let Some(bytes) = self.bytes.get(at..at + self.width) {
            offset[..self.width].copy_from_slice(bytes);
        }
        self.base.wrapping_add(u64::from_le_bytes(offset) as i64)
    }
}

fn chunks<const N: usize>(bytes: &[u8]) -> &[[u8; N]] {
    bytes.as_chunks().0
}

/// The first of `count` places that does not have the property, which none after it has.
fn partition(count: u32, has: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        match has(middle) {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    low
}

/// Numbers by place, ascending.
#[derive(Clone, Copy, Debug)]
pub(super) enum Numbers<'a> {
    Ints(Ints<'a>),
    Floats(&'a [[u8; 8]]),
    Mixed(&'a [u8], &'a [[u8; 8]]),
}

impl<'a> Numbers<'a> {
    pub(super) const NONE: Numbers<'static> = Numbers::Floats(&[]);

    pub(super) fn decode(form: u8, r: &mut Reader<'a>) -> Decode<Numbers<'a>> {
        let eights = |r: &mut Reader<'a>, n: u32| {
            let bytes = r.take((n as usize).saturating_mul(8))?;
            Ok::<_, Malformed>(bytes.as_chunks::<8>().0)
        };
        Ok(match form {
            INTS => Numbers::Ints(Ints::decode(r)?),
            FLOATS => {
                let n = r.varint32()?;
                Numbers::Floats(eights(r, n)?)
            }
            MIXED => {
                let n = r.varint32()?;
                Numbers::Mixed(r.take(n.div_ceil(8) as usize)?, eights(r, n)?)
            }
            _ => Numbers::NONE,
        })
    }

    pub(super) fn count(&self) -> u32 {
        match self {
            Numbers::Ints(ints) => ints.count,
            Numbers::Floats(all) | Numbers::Mixed(_, all) => all.len() as u32,
        }
    }

    /// Number `i`; 0 beyond the last.
    pub(super) fn get(&self, i: u32) -> Value {
        let eight = |all: &[[u8; 8]]| all.get(i as usize).copied().unwrap_or_default();
        let float = |bytes| Value::Float(f64::from_bits(u64::from_le_bytes(bytes)));
        match self {
            Numbers::Ints(ints) => Value::Int(ints.get(i)),
            Numbers::Floats(all) => float(eight(all)),
            Numbers::Mixed(kinds, all) => {
                let kind = kinds.get(i as usize / 8).copied().unwrap_or(0);
                match kind >> (i % 8) & 1 {
                    1 => float(eight(all)),
                    _ => Value::Int(i64::from_le_bytes(eight(all))),
                }
            }
        }
    }

    /// How many numbers are below `x`.
    pub(super) fn below(&self, x: &Value) -> u32 {
        match (self, x) {
            (Numbers::Ints(ints), Value::Int(x)) => ints.partition(|v| v < *x),
            _ => self.partition(|order| order == Ordering::Less, x),
        }
    }

    /// How many numbers are `x` or below.
    pub(super) fn up_to(&self, x: &Value) -> u32 {
        match (self, x) {
            (Numbers::Ints(ints), Value::Int(x)) => ints.partition(|v| v <= *x),
            _ => self.partition(|order| order != Ordering::Greater, x),
        }
    }

    /// The places of the numbers that equal `x`.
    pub(super) fn equal(&self, x: &Value) -> Range<u32> {
        let start = self.below(x);
        let end = match (self, x) {
            // Integers occur once each.
            (Numbers::Ints(ints), Value::Int(x)) => {
                start + u32::from(start < ints.count && ints.get(start) == *x)
            }
            _ => self.up_to(x).max(start),
        };
        start..end
    }

    fn partition(&self, has: impl Fn(Ordering) -> bool, x: &Value) -> u32 {
        // A number that compares with nothing is none that a column holds.
        let order = |i| compare_literals(&self.get(i), x).unwrap_or(Ordering::Greater);
        partition(self.count(), |i| has(order(i)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = Value> {
        prop_oneof![
            (-9i64..9).prop_map(Value::Int),
            any::<i64>().prop_map(Value::Int),
            (-1e9f64..1e9).prop_map(Value::Float),
        ]
    }

    proptest! {
        #[test]
        fn numbers_read_back(numbers in prop_oneof![
            prop::collection::vec(number(), 0..40),
            prop::collection::vec(any::<i64>().prop_map(Value::Int), 0..40),
            prop::collection::vec((100i64..300).prop_map(Value::Int), 0..40),
            prop::collection::vec((0i64..1 << 40).prop_map(Value::Int), 0..40),
            prop::collection::vec(any::<i32>().prop_map(|x| Value::Float(x.into())), 0..40),
        ], probe in number()) {
            let mut w = Writer::new();
            let form = encode(&mut w, &numbers);
            let mut r = Reader::new(&w.bytes);
            let read = Numbers::decode(form, &mut r).unwrap();
            prop_assert!(r.is_empty());
            let back: Vec<Value> = (0..read.count()).map(|i| read.get(i)).collect();
            prop_assert_eq!(&back, &numbers);
            let mut sorted = numbers.clone();
            sorted.sort_by(super::super::order::compare);
            sorted.dedup();
            let mut w = Writer::new();
            let form = encode(&mut w, &sorted);
            let read = Numbers::decode(form, &mut Reader::new(&w.bytes)).unwrap();
            for x in numbers.iter().chain([&probe]) {
                let order = |v: &Value| compare_literals(v, x).unwrap();
                let below = sorted.iter().filter(|v| order(v) == Ordering::Less).count() as u32;
                let up_to = sorted.iter().filter(|v| order(v) != Ordering::Greater).count() as u32;
                prop_assert_eq!((read.below(x), read.up_to(x)), (below, up_to));
                prop_assert_eq!(read.equal(x), below..up_to);
            }
        }
    }
}
