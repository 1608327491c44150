//! Primitive encodings: fixed-width integers, varints, strings, metadata values (F-020 to F-024).
//!
//! Owns [`Writer`] and [`Reader`], each the mirror of the other. A reader is a cursor over borrowed
//! bytes; every take is bounds-checked. Varints are LEB128 of at most 10 bytes, canonical or not.

use super::limits::MAX_METADATA_DEPTH;
use super::{Decode, Malformed};
use crate::value::Value;

/// Appends primitives to a byte vector.
#[derive(Default, Debug)]
pub struct Writer {
    /// What was written so far.
    pub bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
    /// Appends one byte.
    pub fn u8(&mut self, v: u8) {
        self.bytes.push(v);
    }
    /// Appends two bytes.
    pub fn u16(&mut self, v: u16) {
        self.bytes.extend_from_slice(&v.to_le_bytes());
    }
    /// Appends four bytes.
    pub fn u32(&mut self, v: u32) {
        self.bytes.extend_from_slice(&v.to_le_bytes());
    }
    /// Appends eight bytes.
    pub fn u64(&mut self, v: u64) {
        self.bytes.extend_from_slice(&v.to_le_bytes());
    }
    /// Appends eight bytes.
    pub fn i64(&mut self, v: i64) {
        self.bytes.extend_from_slice(&v.to_le_bytes());
    }
    /// Appends a LEB128 varint (F-021).
    pub fn varint(&mut self, mut v: u64) {
        while v >= 0x80 {
            self.bytes.push((v as u8) | 0x80);
            v >>= 7;
        }
        self.bytes.push(v as u8);
    }
    /// Appends a length as a varint.
    pub fn len(&mut self, v: usize) {
        self.varint(v as u64);
    }
    /// Appends raw bytes behind their length (F-022).
    pub fn blob(&mut self, v: &[u8]) {
        self.len(v.len());
        self.bytes.extend_from_slice(v);
    }
    /// Appends a string behind its length in bytes.
    pub fn str(&mut self, v: &str) {
        self.blob(v.as_bytes());
    }
    /// Appends float32 values without a length.
    pub fn f32s(&mut self, v: &[f32]) {
        self.bytes.reserve(v.len().saturating_mul(4));
        for x in v {
            self.bytes.extend_from_slice(&x.to_le_bytes());
        }
    }
    /// Appends zeros up to a multiple of `alignment`.
    pub fn align(&mut self, alignment: usize) {
        let len = self.bytes.len().next_multiple_of(alignment);
        self.bytes.resize(len, 0);
    }
    /// Appends a metadata value (F-024).
    pub fn value(&mut self, v: &Value) {
        match v {
            Value::Null => self.u8(0),
            Value::Bool(false) => self.u8(1),
            Value::Bool(true) => self.u8(2),
            Value::Int(i) => {
                self.u8(3);
                self.varint(((i << 1) ^ (i >> 63)) as u64);
            }
            Value::Float(f) => {
                self.u8(4);
                self.u64(f.to_bits());
            }
            Value::Str(s) => {
                self.u8(5);
                self.str(s);
            }
            Value::List(items) => {
                self.u8(6);
                self.len(items.len());
                items.iter().for_each(|item| self.value(item));
            }
            Value::Map(entries) => {
                self.u8(7);
                self.len(entries.len());
                for (key, item) in entries {
                    self.str(key);
                    self.value(item);
                }
            }
            Value::Bytes(bytes) => {
                self.u8(8);
                self.blob(bytes);
            }
        }
    }
}

/// A cursor over borrowed bytes.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

const SHORT: Malformed = Malformed("it ends too early");

impl<'a> Reader<'a> {
    /// A cursor at the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }
    /// What has not been read.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
    /// Whether everything was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
    /// Fails unless everything was read.
    pub fn finish(self) -> Decode<()> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Malformed("bytes are left over"))
        }
    }
    /// Takes `n` raw bytes.
    pub fn take(&mut self, n: usize) -> Decode<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or(SHORT)?;
        self.rest = rest;
        Ok(head)
    }
    fn array<const N: usize>(&mut self) -> Decode<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(SHORT)?;
        self.rest = rest;
        Ok(*head)
    }
    /// Takes one byte.
    pub fn u8(&mut self) -> Decode<u8> {
        Ok(u8::from_le_bytes(self.array()?))
    }
    /// Takes two bytes.
    pub fn u16(&mut self) -> Decode<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }
    /// Takes four bytes.
    pub fn u32(&mut self) -> Decode<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }
    /// Takes eight bytes.
    pub fn u64(&mut self) -> Decode<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }
    /// Takes eight bytes.
    pub fn i64(&mut self) -> Decode<i64> {
        Ok(i64::from_le_bytes(self.array()?))
    }
    /// Takes a varint.
    pub fn varint(&mut self) -> Decode<u64> {
        let mut v = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.u8()?;
            let low = u64::from(byte & 0x7f);
            if shift == 63 && low > 1 {
                return Err(Malformed("a number is too large"));
            }
            v |= low << shift;
            if byte & 0x80 == 0 {
                return Ok(v);
            }
        }
        Err(Malformed("a number does not end"))
    }
    /// Takes a varint that must fit 32 bits.
    pub fn varint32(&mut self) -> Decode<u32> {
        u32::try_from(self.varint()?).map_err(|_| Malformed("a number is too large"))
    }
    /// Takes a count of things that take at least one byte each, so that it bounds allocation.
    pub fn count(&mut self) -> Decode<usize> {
        let n = self.varint()?;
        match usize::try_from(n) {
            Ok(n) if n <= self.rest.len() => Ok(n),
            _ => Err(Malformed("a count is larger than the bytes that follow")),
        }
    }
    /// Takes bytes behind their length.
    pub fn blob(&mut self) -> Decode<&'a [u8]> {
        let n = self.count()?;
        self.take(n)
    }
    /// Takes a string behind its length.
    pub fn str(&mut self) -> Decode<&'a str> {
        std::str::from_utf8(self.blob()?).map_err(|_| Malformed("a text is not UTF-8"))
    }
    /// Takes `n` float32 values.
    pub fn f32s(&mut self, n: usize) -> Decode<Vec<f32>> {
        let bytes = self.take(n.checked_mul(4).ok_or(SHORT)?)?;
        let (chunks, _) = bytes.as_chunks::<4>();
        Ok(chunks.iter().map(|c| f32::from_le_bytes(*c)).collect())
    }
    /// Takes a metadata value.
    pub fn value(&mut self) -> Decode<Value> {
        self.value_at(MAX_METADATA_DEPTH)
    }
    fn value_at(&mut self, depth_left: usize) -> Decode<Value> {
        Ok(match self.u8()? {
            0 => Value::Null,
            1 => Value::Bool(false),
            2 => Value::Bool(true),
            3 => {
                let z = self.varint()?;
                Value::Int(((z >> 1) as i64) ^ ((z & 1) as i64).wrapping_neg())
            }
            4 => Value::Float(f64::from_bits(self.u64()?)),
            5 => Value::Str(self.str()?.to_owned()),
            tag @ (6 | 7) => {
                let below = depth_left
                    .checked_sub(1)
                    .ok_or(Malformed("metadata is nested too deep"))?;
                let n = self.count()?;
                if tag == 6 {
                    Value::List(
                        (0..n)
                            .map(|_| self.value_at(below))
                            .collect::<Decode<_>>()?,
                    )
                } else {
                    let entry = |_| Ok((self.str()?.to_owned(), self.value_at(below)?));
                    Value::Map((0..n).map(entry).collect::<Decode<_>>()?)
                }
            }
            8 => Value::Bytes(self.blob()?.to_vec()),
            _ => return Err(Malformed("an unknown value tag")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            (-1e300f64..1e300).prop_map(Value::Float),
            ".{0,12}".prop_map(Value::Str),
            prop::collection::vec(any::<u8>(), 0..12).prop_map(Value::Bytes),
        ];
        leaf.prop_recursive(6, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
                prop::collection::vec((".{0,6}", inner), 0..6).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_reads_back_as_written(v in values()) {
            let mut w = Writer::new();
            w.value(&v);
            let mut r = Reader::new(&w.bytes);
            prop_assert_eq!(r.value().unwrap(), v);
            prop_assert!(r.is_empty());
        }

        #[test]
        fn a_varint_reads_back_as_written(v in any::<u64>()) {
            let mut w = Writer::new();
            w.varint(v);
            prop_assert_eq!(Reader::new(&w.bytes).varint().unwrap(), v);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Reader::new(&bytes).value();
            let _ = Reader::new(&bytes).str();
            let _ = Reader::new(&bytes).varint();
        }
    }

    #[test]
    fn metadata_deeper_than_the_limit_is_refused() {
        let nest = |depth: usize| (0..depth).fold(Value::Null, |v, _| Value::List(vec![v]));
        for (depth, good) in [(MAX_METADATA_DEPTH, true), (MAX_METADATA_DEPTH + 1, false)] {
            let mut w = Writer::new();
            w.value(&nest(depth));
            assert_eq!(Reader::new(&w.bytes).value().is_ok(), good, "depth {depth}");
        }
    }
}
