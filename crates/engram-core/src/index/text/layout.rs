//! Numbers and the header of a text index: what writer and reader share.
//!
//! Owns: the field offsets of the header and the varint. Invariant: decoding checks every length
//! against the bytes at hand; `Header::decode` proves that the sections fill the index exactly. The
//! layout itself is stated in the header of `text`.

use super::keys;
use super::lengths::{self, MAX_LENGTH};
use super::symbols;
use crate::error::{Code, Error, Result};
use std::ops::Range;

pub(super) const HEADER_BYTES: usize = 64;
/// Documents in a full block of postings, and ordinals in a block of a dense list.
pub(super) const BLOCK_LEN: usize = crate::kernel::unpack::BLOCK;
/// Terms in a full block of the dictionary.
pub(super) const DICTIONARY_BLOCK_LEN: u32 = 16;
/// One more than the highest ordinal that there can be.
pub(super) const MAX_ORDINALS: u32 = 1 << 31;
/// The highest frequency: `f32` holds every number up to it.
pub(super) const MAX_FREQUENCY: u32 = 1 << 24;
/// Up to here ordinals and what is counted in them take two bytes in tables.
const NARROW_ORDINALS: u32 = 1 << 16;
/// A list that so many ordinals out of each document have, is a bitmap.
const DENSE_SHARE: u64 = 4;
pub(super) const KEY_BYTES: usize = 8;
const START_BYTES: usize = 4;
const MAGIC: [u8; 4] = *b"EGTX";
/// The version that is written, and the only one that is read.
pub(super) const VERSION: u32 = 2;

pub(super) fn corrupt(what: &str) -> Error {
    Error::new(Code::CorruptSegment, format!("text index: {what}"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) ordinal_limit: u32,
    pub(super) doc_count: u32,
    pub(super) total_len: u64,
    pub(super) term_count: u32,
    pub(super) block_count: u32,
    pub(super) lists_bytes: u64,
    pub(super) dictionary_bytes: u64,
    /// Of documents with terms; 0 where there are none.
    pub(super) min_len: u32,
    pub(super) max_len: u32,
    /// Pieces in the symbol table of the dictionary.
    pub(super) symbol_count: u32,
}

impl Header {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend(MAGIC);
        for field in [VERSION, self.ordinal_limit, self.doc_count] {
            out.extend(field.to_le_bytes());
        }
        out.extend(self.total_len.to_le_bytes());
        out.extend(self.term_count.to_le_bytes());
        out.extend(self.block_count.to_le_bytes());
        out.extend(self.lists_bytes.to_le_bytes());
        out.extend(self.dictionary_bytes.to_le_bytes());
        out.extend(self.min_len.to_le_bytes());
        out.extend(self.max_len.to_le_bytes());
        out.extend(self.symbol_count.to_le_bytes());
        out.extend([0; 4]);
    }

    /// Reads the header at the front of an index of `total` bytes.
    pub(super) fn decode(head: &[u8], total: u64) -> Result<Header> {
        if !head.starts_with(&MAGIC) {
            return Err(corrupt("wrong magic"));
        }
        if u32_at(head, 4)? != VERSION {
            return Err(corrupt("unknown version"));
        }
        let header = Header {
            ordinal_limit: u32_at(head, 8)?,
            doc_count: u32_at(head, 12)?,
            total_len: u64_at(head, 16)?,
            term_count: u32_at(head, 24)?,
            block_count: u32_at(head, 28)?,
            lists_bytes: u64_at(head, 32)?,
            dictionary_bytes: u64_at(head, 40)?,
            min_len: u32_at(head, 48)?,
            max_len: u32_at(head, 52)?,
            symbol_count: u32_at(head, 56)?,
        };
        if u32_at(head, 60)? != 0 {
            return Err(corrupt("reserved bytes are not zero"));
        }
        if header.block_count != header.term_count.div_ceil(DICTIONARY_BLOCK_LEN) {
            return Err(corrupt("block count does not fit the term count"));
        }
        if header.ordinal_limit > MAX_ORDINALS
            || header.doc_count > header.ordinal_limit
            || header.total_len < header.doc_count.into()
        {
            return Err(corrupt(
                "document count does not fit the ordinals or the lengths",
            ));
        }
        if header.min_len > header.max_len || header.max_len > MAX_LENGTH {
            return Err(corrupt("impossible lengths"));
        }
        if header.starts().end != total {
            return Err(corrupt("sections do not fill the index"));
        }
        Ok(header)
    }

    /// The sections, in order. Sums of sizes that the file states stop at the largest number.
    pub(super) fn lengths(&self) -> Range<u64> {
        let bytes = u64::from(self.ordinal_limit) * lengths::entry_bytes(self.max_len);
        range(HEADER_BYTES as u64, bytes)
    }

    pub(super) fn lists(&self) -> Range<u64> {
        range(self.lengths().end, self.lists_bytes)
    }

    pub(super) fn dictionary(&self) -> Range<u64> {
        range(self.lists().end, self.dictionary_bytes)
    }

    pub(super) fn symbols(&self) -> Range<u64> {
        let bytes = u64::from(self.symbol_count) * symbols::ENTRY_BYTES as u64;
        range(self.dictionary().end, bytes)
    }

    pub(super) fn keys(&self) -> Range<u64> {
        let bytes = keys::total(self.block_count) * KEY_BYTES as u64;
        range(self.symbols().end, bytes)
    }

    pub(super) fn starts(&self) -> Range<u64> {
        let bytes = u64::from(self.block_count) * START_BYTES as u64;
        range(self.keys().end, bytes)
    }
}

fn range(start: u64, bytes: u64) -> Range<u64> {
    start..start.saturating_add(bytes)
}

/// Whether ordinals in tables take two bytes.
pub(super) fn is_narrow(ordinal_limit: u32) -> bool {
    ordinal_limit <= NARROW_ORDINALS
}

/// Whether offsets within a list of so many bytes take two bytes.
pub(super) fn is_small(list_bytes: u64) -> bool {
    list_bytes < 1 << 16
}

/// Whether a list is kept as a bitmap. It is smaller then, and a document is found at once.
pub(super) fn is_dense(df: u32, ordinal_limit: u32) -> bool {
    df as usize > BLOCK_LEN && u64::from(df) * DENSE_SHARE >= u64::from(ordinal_limit)
}

/// The first eight bytes of a term as a number that sorts as they do.
pub(super) fn key_of(term: &[u8]) -> u64 {
    let mut key = [0; KEY_BYTES];
    key.iter_mut().zip(term).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(key)
}

pub(super) fn u32_at(bytes: &[u8], offset: usize) -> Result<u32> {
    let field = bytes.get(offset..).and_then(|rest| rest.first_chunk());
    field
        .map(|field| u32::from_le_bytes(*field))
        .ok_or_else(|| corrupt("ends within a number"))
}

pub(super) fn u64_at(bytes: &[u8], offset: usize) -> Result<u64> {
    let field = bytes.get(offset..).and_then(|rest| rest.first_chunk());
    field
        .map(|field| u64::from_le_bytes(*field))
        .ok_or_else(|| corrupt("ends within a number"))
}

pub(super) fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes a varint from the front of `bytes`.
#[inline(always)]
pub(super) fn take_varint(bytes: &mut &[u8]) -> Result<u64> {
    // One byte or two, as nearly all are, take neither a loop nor a branch between them.
    if let [low, high, ..] = **bytes
        && low & high < 0x80
    {
        let more = low >> 7;
        *bytes = bytes.get(1 + usize::from(more)..).unwrap_or_default();
        return Ok(u64::from(low & 0x7f) | ((u64::from(high) << 7) * u64::from(more)));
    }
    take_long_varint(bytes)
}

fn take_long_varint(bytes: &mut &[u8]) -> Result<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let Some((&byte, rest)) = bytes.split_first() else {
            break;
        };
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            // The tenth byte has room for one bit.
            return if shift < 63 || byte < 2 {
                Ok(value)
            } else {
                break;
            };
        }
    }
    Err(corrupt("malformed varint"))
}

#[inline]
pub(super) fn take_u32_varint(bytes: &mut &[u8]) -> Result<u32> {
    u32::try_from(take_varint(bytes)?).map_err(|_| corrupt("number beyond 32 bits"))
}

/// Takes `length` bytes from the front of `bytes`.
#[inline]
pub(super) fn take_bytes<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8]> {
    let length = usize::try_from(length).ok();
    let parts = length.and_then(|length| bytes.split_at_checked(length));
    let (taken, rest) = parts.ok_or_else(|| corrupt("a length beyond the end"))?;
    *bytes = rest;
    Ok(taken)
}
