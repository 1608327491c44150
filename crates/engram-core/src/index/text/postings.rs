//! The documents of one term, read in order.
//!
//! Owns: walking, seeking and positions. Invariants: ordinals come strictly ascending and below the
//! ordinal limit, or an error comes. Complexity: a block is decoded when it is entered; seeking is a
//! search over the table of blocks and one within a block. The blocks themselves are `list`.

use super::layout::corrupt;
use super::list::{Block, List, PositionReader};
use crate::error::Result;

/// A document that has the term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Which one.
    pub ordinal: u32,
    /// How often.
    pub tf: u32,
}

/// A cursor over the documents of a term; it stands before the first.
#[derive(Clone)]
pub struct Postings<'a> {
    list: List<'a>,
    /// The block that is decoded; the number of blocks where none is left.
    number: usize,
    block: Block,
    /// The current document within the block.
    index: usize,
    is_before_first: bool,
    /// Positions of the block from document `position_index` on, once asked for.
    positions: Option<PositionReader<'a>>,
    position_index: usize,
}

impl<'a> Postings<'a> {
    pub(super) fn open(list: List<'a>) -> Result<Self> {
        let mut postings = Postings {
            list,
            number: 0,
            block: Block::default(),
            index: 0,
            is_before_first: true,
            positions: None,
            position_index: 0,
        };
        postings.enter(0)?;
        Ok(postings)
    }

    /// Documents in the list, deleted ones included.
    pub fn df(&self) -> u32 {
        self.list.df()
    }

    /// The current document.
    #[inline]
    pub fn current(&self) -> Option<Posting> {
        if self.is_before_first {
            return None;
        }
        self.at_index()
    }

    #[inline]
    fn at_index(&self) -> Option<Posting> {
        let ordinal = *self.block.ordinals().get(self.index)?;
        let tf = *self.block.frequencies().get(self.index)?;
        Some(Posting { ordinal, tf })
    }

    /// Moves to the next document; `None` after the last.
    #[allow(
        clippy::should_implement_trait,
        reason = "seek interleaves, and errors come as Result"
    )]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Posting>> {
        if self.is_before_first {
            self.is_before_first = false;
        } else if self.index < self.block.count {
            self.index += 1;
        }
        self.settle()
    }

    /// Enters the next blocks until one has a document at the index.
    fn settle(&mut self) -> Result<Option<Posting>> {
        while self.index >= self.block.count && self.number < self.list.blocks() {
            self.enter(self.number + 1)?;
        }
        Ok(self.at_index())
    }

    /// Moves to the first document not below `ordinal`, never backwards; `None` after the last.
    pub fn seek(&mut self, ordinal: u32) -> Result<Option<Posting>> {
        self.is_before_first = false;
        if self.number < self.list.blocks() {
            let wanted = self.list.find(ordinal, self.number);
            if wanted > self.number {
                self.enter(wanted)?;
            }
        }
        let rest = self.block.ordinals().get(self.index..).unwrap_or_default();
        self.index += rest.partition_point(|&other| other < ordinal);
        self.settle()
    }

    /// Appends the positions of the current document, ascending.
    pub fn positions(&mut self, out: &mut Vec<u32>) -> Result<()> {
        let Some(posting) = self.current() else {
            return Ok(());
        };
        if self.position_index > self.index || self.positions.is_none() {
            (self.positions, self.position_index) = (Some(self.list.positions(self.number)?), 0);
        }
        let Some(positions) = &mut self.positions else {
            return Ok(());
        };
        while self.position_index < self.index {
            let ordinal = self.block.ordinals.get(self.position_index).copied();
            let tf = self.block.frequencies.get(self.position_index).copied();
            let doc_len = self.list.doc_len(ordinal.unwrap_or(0));
            positions.take(tf.unwrap_or(0), doc_len, &mut |_| ())?;
            self.position_index += 1;
        }
        let doc_len = self.list.doc_len(posting.ordinal);
        positions.take(posting.tf, doc_len, &mut |position| out.push(position))?;
        self.position_index += 1;
        Ok(())
    }

    /// Decodes a block and stands at its first document; after the last block, nowhere.
    fn enter(&mut self, number: usize) -> Result<()> {
        (self.number, self.index) = (number, 0);
        (self.positions, self.position_index) = (None, 0);
        self.block.count = 0;
        if number >= self.list.blocks() {
            return Ok(());
        }
        let before = number.checked_sub(1).map(|before| self.list.last(before));
        self.list.decode(number, &mut self.block)?;
        let first = self.block.ordinals().first();
        if before.is_some_and(|before| first.is_some_and(|&first| first <= before)) {
            return Err(corrupt("a block that begins before the one before ends"));
        }
        Ok(())
    }
}
