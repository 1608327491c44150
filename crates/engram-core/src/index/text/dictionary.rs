//! The term dictionary, read.
//!
//! Owns: lookup and iteration. Invariant: a [`TermInfo`] lies within the postings section and has
//! a document frequency that the ordinals allow. Complexity: a lookup reads the first term of
//! log2(blocks) blocks and one block; iteration is linear. The opposite side is in `writer`.

use super::layout::{
    BLOCK_START_BYTES, DICTIONARY_BLOCK_LEN, Header, corrupt, take_bytes, take_u32_varint,
    take_varint, u64_at,
};
use crate::error::Result;
use std::cmp::Ordering;

/// Where the postings of a term are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermInfo {
    /// Documents that have the term, deleted ones included.
    pub df: u32,
    pub(super) start: u64,
    pub(super) bytes: u64,
}

#[derive(Clone, Copy)]
pub(super) struct Dictionary<'a> {
    pub(super) header: Header,
    pub(super) bytes: &'a [u8],
    pub(super) starts: &'a [u8],
}

impl<'a> Dictionary<'a> {
    fn block(&self, block: u32) -> Result<&'a [u8]> {
        let start = u64_at(self.starts, block as usize * BLOCK_START_BYTES)?;
        let bytes = usize::try_from(start)
            .ok()
            .and_then(|start| self.bytes.get(start..));
        bytes.ok_or_else(|| corrupt("a dictionary block beyond the dictionary"))
    }

    fn first_term(&self, block: u32) -> Result<&'a [u8]> {
        let mut bytes = self.block(block)?;
        take_varint(&mut bytes)?;
        if take_varint(&mut bytes)? != 0 {
            return Err(corrupt("a dictionary block without a first term"));
        }
        let length = take_varint(&mut bytes)?;
        take_bytes(&mut bytes, length)
    }

    /// Iterates from the first term that is not below `start`.
    pub(super) fn terms_from(self, start: &str) -> Result<Terms<'a>> {
        let (mut low, mut high) = (0, self.header.block_count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.first_term(middle)? <= start.as_bytes() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        // The term can stand in the block before the first that begins above it.
        let mut terms = Terms::at_block(self, low.saturating_sub(1));
        terms.skip_below = start.as_bytes().to_vec();
        Ok(terms)
    }

    pub(super) fn lookup(self, term: &str) -> Result<Option<TermInfo>> {
        let mut terms = self.terms_from(term)?;
        let found = terms.advance()?;
        Ok(found.filter(|_| terms.term == term.as_bytes()))
    }
}

/// Iterates over terms, ascending by byte. Ends after the first error.
pub struct Terms<'a> {
    dictionary: Dictionary<'a>,
    /// The index of the next term.
    next: u32,
    /// The rest of the block it is in.
    block: &'a [u8],
    list_start: u64,
    term: Vec<u8>,
    skip_below: Vec<u8>,
}

impl<'a> Terms<'a> {
    fn at_block(dictionary: Dictionary<'a>, block: u32) -> Self {
        let next = block.saturating_mul(DICTIONARY_BLOCK_LEN);
        let (term, skip_below) = (Vec::new(), Vec::new());
        Terms {
            dictionary,
            next,
            block: &[],
            list_start: 0,
            term,
            skip_below,
        }
    }

    /// Moves to the next term not below `skip_below`, which is then in `self.term`.
    fn advance(&mut self) -> Result<Option<TermInfo>> {
        loop {
            let Some(info) = self.step()? else {
                return Ok(None);
            };
            if self.term >= self.skip_below {
                self.skip_below.clear();
                return Ok(Some(info));
            }
        }
    }

    fn step(&mut self) -> Result<Option<TermInfo>> {
        let header = self.dictionary.header;
        if self.next >= header.term_count {
            return Ok(None);
        }
        let is_first = self.next.is_multiple_of(DICTIONARY_BLOCK_LEN);
        if is_first {
            self.block = self.dictionary.block(self.next / DICTIONARY_BLOCK_LEN)?;
            self.list_start = take_varint(&mut self.block)?;
        }
        self.read_term(is_first)?;
        let df = take_u32_varint(&mut self.block)?;
        let bytes = take_varint(&mut self.block)?;
        let start = self.list_start;
        let end = start
            .checked_add(bytes)
            .filter(|end| *end <= header.postings_bytes);
        self.list_start = end.ok_or_else(|| corrupt("a posting list beyond the postings"))?;
        if df == 0 || df > header.ordinal_limit {
            return Err(corrupt("a document frequency out of range"));
        }
        self.next += 1;
        Ok(Some(TermInfo { df, start, bytes }))
    }

    fn read_term(&mut self, is_first: bool) -> Result<()> {
        let shared = take_varint(&mut self.block)?;
        let length = take_varint(&mut self.block)?;
        let rest = take_bytes(&mut self.block, length)?;
        let shared = usize::try_from(shared).unwrap_or(usize::MAX);
        let is_known = if is_first {
            shared == 0
        } else {
            shared <= self.term.len()
        };
        if !is_known {
            return Err(corrupt("a term that shares more than the one before has"));
        }
        // All bytes up to `shared` are equal, so the order shows in what follows.
        let old_rest = self.term.get(shared..).unwrap_or_default();
        if !is_first && rest.cmp(old_rest) != Ordering::Greater {
            return Err(corrupt("terms out of order"));
        }
        self.term.truncate(shared);
        self.term.extend_from_slice(rest);
        Ok(())
    }
}

impl Iterator for Terms<'_> {
    type Item = Result<(String, TermInfo)>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.advance().and_then(|info| {
            let Some(info) = info else { return Ok(None) };
            let term = String::from_utf8(self.term.clone());
            Ok(Some((
                term.map_err(|_| corrupt("a term that is not UTF-8"))?,
                info,
            )))
        });
        if item.is_err() {
            self.next = u32::MAX;
        }
        item.transpose()
    }
}
