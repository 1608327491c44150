//! Numbers and the header of a text index: what writer and reader share.
//!
//! Owns: the field offsets of the header and the varint. Invariant: decoding checks every length
//! against the bytes at hand; `Header::decode` proves that the sections fill the index exactly. The
//! layout itself is stated in the header of `text`.

use crate::error::{Code, Error, Result};

pub(super) const HEADER_BYTES: usize = 64;
/// Documents in a full block of postings.
pub(super) const BLOCK_LEN: usize = 128;
/// Terms in a full block of the dictionary.
pub(super) const DICTIONARY_BLOCK_LEN: u32 = 16;
pub(super) const BLOCK_START_BYTES: usize = 8;
const MAGIC: [u8; 4] = *b"EGTX";
const VERSION: u32 = 1;

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
    pub(super) postings_bytes: u64,
    pub(super) dictionary_bytes: u64,
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend(MAGIC);
        for field in [VERSION, self.ordinal_limit, self.doc_count] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend(self.total_len.to_le_bytes());
        bytes.extend(self.term_count.to_le_bytes());
        bytes.extend(self.block_count.to_le_bytes());
        bytes.extend(self.postings_bytes.to_le_bytes());
        bytes.extend(self.dictionary_bytes.to_le_bytes());
        let mut header = [0; HEADER_BYTES];
        for (to, from) in header.iter_mut().zip(bytes) {
            *to = from;
        }
        header
    }

    /// Reads the header of `bytes`, the whole index, and checks it against their length.
    pub(super) fn decode(bytes: &[u8]) -> Result<Header> {
        let head = bytes
            .get(..HEADER_BYTES)
            .ok_or_else(|| corrupt("shorter than its header"))?;
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
            postings_bytes: u64_at(head, 32)?,
            dictionary_bytes: u64_at(head, 40)?,
        };
        if u64_at(head, 48)? != 0 || u64_at(head, 56)? != 0 {
            return Err(corrupt("reserved bytes are not zero"));
        }
        if header.block_count != header.term_count.div_ceil(DICTIONARY_BLOCK_LEN) {
            return Err(corrupt("block count does not fit the term count"));
        }
        if header.doc_count > header.ordinal_limit || header.total_len < header.doc_count.into() {
            return Err(corrupt(
                "document count does not fit the ordinals or the lengths",
            ));
        }
        if header.total_bytes() != Some(bytes.len() as u64) {
            return Err(corrupt("sections do not fill the index"));
        }
        Ok(header)
    }

    pub(super) fn lengths_bytes(&self) -> u64 {
        u64::from(self.ordinal_limit) * 4
    }

    fn total_bytes(&self) -> Option<u64> {
        let fixed = HEADER_BYTES as u64 + self.lengths_bytes();
        let blocks = u64::from(self.block_count) * BLOCK_START_BYTES as u64;
        (fixed + blocks)
            .checked_add(self.postings_bytes)?
            .checked_add(self.dictionary_bytes)
    }
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
#[inline]
pub(super) fn take_varint(bytes: &mut &[u8]) -> Result<u64> {
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

pub(super) fn take_u32_varint(bytes: &mut &[u8]) -> Result<u32> {
    u32::try_from(take_varint(bytes)?).map_err(|_| corrupt("number beyond 32 bits"))
}

/// Takes `length` bytes from the front of `bytes`.
pub(super) fn take_bytes<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8]> {
    let length = usize::try_from(length).ok();
    let parts = length.and_then(|length| bytes.split_at_checked(length));
    let (taken, rest) = parts.ok_or_else(|| corrupt("a length beyond the end"))?;
    *bytes = rest;
    Ok(taken)
}
