//! The terms of a dictionary, one after the other.
//!
//! Owns: iteration, from any term on and with jumps. Invariant: terms come ascending by byte, each once, or
//! an error ends them.

use super::dictionary::{Dictionary, Head, TermInfo, Terms16};
use super::layout::{DICTIONARY_BLOCK_LEN, corrupt, take_bytes};
use crate::error::Result;
use std::cmp::Ordering;

/// Iterates over terms, ascending by byte. Ends after the first error.
pub struct Terms<'a> {
    dictionary: Dictionary<'a>,
    /// The index of the next term.
    next: u32,
    /// The block it is in; of its pieces what is left.
    block: Terms16<'a>,
    term: Vec<u8>,
    skip_below: Vec<u8>,
}

impl<'a> Terms<'a> {
    /// From the first term that is not below `start`.
    pub(super) fn new(dictionary: Dictionary<'a>, start: &str) -> Result<Self> {
        let block = dictionary.block_of(start.as_bytes())?;
        let mut terms = Terms::at_block(dictionary, block);
        terms.skip_below = start.as_bytes().to_vec();
        Ok(terms)
    }

    fn at_block(dictionary: Dictionary<'a>, block: u32) -> Self {
        Terms {
            dictionary,
            next: block.saturating_mul(DICTIONARY_BLOCK_LEN),
            block: Terms16 {
                list_start: 0,
                heads: &[],
                rests: &[],
                infos: &[],
            },
            term: Vec::new(),
            skip_below: Vec::new(),
        }
    }

    /// Moves to the next term not below the start, which is then [`Self::term`].
    pub fn advance(&mut self) -> Result<Option<TermInfo>> {
        let found = self.seek();
        if found.is_err() {
            self.next = u32::MAX;
        }
        found
    }

    /// Moves behind the terms that start so, from which the last came.
    pub(super) fn skip_starting_with(&mut self, start: &[u8]) -> Result<()> {
        // The least bytes above all that start so.
        let mut above = start.to_vec();
        while above.pop_if(|last| *last == u8::MAX).is_some() {}
        match above.last_mut() {
            Some(last) => *last += 1,
            None => {
                self.end();
                return Ok(());
            }
        }
        self.skip_to(above)
    }

    /// Moves on so that the next term is not below `start`.
    pub(super) fn skip_to(&mut self, start: Vec<u8>) -> Result<()> {
        let block = self.dictionary.block_of(&start)?;
        if block > self.next / DICTIONARY_BLOCK_LEN {
            *self = Terms::at_block(self.dictionary, block);
        }
        self.skip_below = start;
        Ok(())
    }

    /// Moves behind the last term.
    pub(super) fn end(&mut self) {
        self.next = u32::MAX;
        self.term.clear();
    }

    /// Whether [`Self::end`] was called.
    pub(super) fn is_at_end(&self) -> bool {
        self.next == u32::MAX
    }

    /// The bytes of the term moved to; UTF-8 where the index is sound.
    #[must_use]
    pub fn term(&self) -> &[u8] {
        &self.term
    }

    fn seek(&mut self) -> Result<Option<TermInfo>> {
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
        if self.next >= self.dictionary.header.term_count {
            return Ok(None);
        }
        let is_first = self.next.is_multiple_of(DICTIONARY_BLOCK_LEN);
        if is_first {
            self.block = self.dictionary.block(self.next / DICTIONARY_BLOCK_LEN)?;
        }
        let head_byte = take_bytes(&mut self.block.heads, 1)?
            .first()
            .copied()
            .unwrap_or(0);
        let head = Head::take(head_byte, &mut self.block.rests)?;
        let rest = take_bytes(&mut self.block.rests, head.rest)?;
        self.take_term(head, rest, is_first)?;
        let block = &mut self.block;
        let dictionary = self.dictionary;
        let info = dictionary.take_info(head_byte, &mut block.infos, &mut block.list_start)?;
        self.next += 1;
        if block.heads.is_empty() && !(block.rests.is_empty() && block.infos.is_empty()) {
            return Err(corrupt("a dictionary block with more than its terms"));
        }
        Ok(Some(info))
    }

    fn take_term(&mut self, head: Head, rest: &[u8], is_first: bool) -> Result<()> {
        let shared = usize::try_from(head.shared).unwrap_or(usize::MAX);
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
        if self.dictionary.symbols.compare(rest, old_rest)?.0 != Ordering::Greater {
            return Err(corrupt("terms out of order"));
        }
        self.term.truncate(shared);
        self.dictionary.symbols.decode(rest, &mut self.term)
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
