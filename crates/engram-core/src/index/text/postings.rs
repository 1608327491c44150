//! The posting list of one term, read.
//!
//! Owns: walking, seeking, positions, and the bounds by which a search skips blocks. Invariants:
//! ordinals come strictly ascending and below the ordinal limit, or an error comes; a list yields
//! as many documents as its frequency says. Complexity: a block is decoded when it is entered;
//! seeking is a binary search over the table of blocks and one within a block. The opposite side
//! is in `writer`; the layout is in the header of `text`.

use super::block;
use super::dictionary::TermInfo;
use super::layout::{BLOCK_LEN, corrupt, take_bytes, take_varint, u32_at, u64_at};
use crate::error::Result;

const ENTRY_BYTES: usize = 20;

/// A document that has the term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Which one.
    pub ordinal: u32,
    /// How often.
    pub tf: u32,
}

/// What no document of a range exceeds: `score(max_tf, min_len)` bounds all its scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The last ordinal of the range.
    pub last_ordinal: u32,
    /// The highest frequency.
    pub max_tf: u32,
    /// The length of the shortest document.
    pub min_len: u32,
}

/// A cursor over the documents of a term; it stands before the first.
#[derive(Clone)]
pub struct Postings<'a> {
    df: u32,
    ordinal_limit: u32,
    /// Lengths by ordinal, for the bound of a list without a table.
    lengths: &'a [u8],
    /// One entry per block; empty for a list of one block.
    table: &'a [u8],
    blocks: &'a [u8],
    /// The block in `ordinals` and `frequencies`, of which `count` are in use.
    block: usize,
    count: usize,
    /// The current document within the block; `count` or more if there is none.
    index: usize,
    ordinals: [u32; BLOCK_LEN],
    frequencies: [u32; BLOCK_LEN],
    /// Positions of the block from document `position_index` on.
    positions: &'a [u8],
    position_index: usize,
}

impl<'a> Postings<'a> {
    pub(super) fn open(
        info: TermInfo,
        list: &'a [u8],
        lengths: &'a [u8],
        ordinal_limit: u32,
    ) -> Result<Self> {
        let block_count = (info.df as usize).div_ceil(BLOCK_LEN);
        let table_bytes = if block_count > 1 {
            block_count * ENTRY_BYTES
        } else {
            0
        };
        let mut blocks = list;
        let table = take_bytes(&mut blocks, table_bytes as u64)?;
        let mut postings = Postings {
            df: info.df,
            ordinal_limit,
            lengths,
            table,
            blocks,
            block: 0,
            count: 0,
            index: 0,
            ordinals: [0; BLOCK_LEN],
            frequencies: [0; BLOCK_LEN],
            positions: &[],
            position_index: 0,
        };
        postings.enter(0)?;
        // Before the first: one step back, which `next` undoes.
        postings.index = usize::MAX;
        Ok(postings)
    }

    /// Documents in the list, deleted ones included.
    pub fn df(&self) -> u32 {
        self.df
    }

    /// The current document.
    pub fn current(&self) -> Option<Posting> {
        if self.index >= self.count {
            return None;
        }
        let ordinal = *self.ordinals.get(self.index)?;
        Some(Posting {
            ordinal,
            tf: *self.frequencies.get(self.index)?,
        })
    }

    /// Moves to the next document; `None` after the last.
    #[allow(
        clippy::should_implement_trait,
        reason = "seek interleaves, and errors come as Result"
    )]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Posting>> {
        self.index = self.index.wrapping_add(1);
        if self.index >= self.count {
            if self.block + 1 >= self.block_count() {
                self.index = self.count;
                return Ok(None);
            }
            self.enter(self.block + 1)?;
        }
        Ok(self.current())
    }

    /// Moves to the first document not below `ordinal`, never backwards; `None` after the last.
    pub fn seek(&mut self, ordinal: u32) -> Result<Option<Posting>> {
        if self.index == usize::MAX {
            self.index = 0;
        }
        if self
            .current()
            .is_some_and(|posting| posting.ordinal >= ordinal)
        {
            return Ok(self.current());
        }
        let wanted = self.block_of(ordinal)?;
        if wanted >= self.block_count() {
            self.block = self.block_count() - 1;
            (self.count, self.index) = (0, 0);
            return Ok(None);
        }
        if wanted > self.block {
            self.enter(wanted)?;
        }
        let rest = self
            .ordinals
            .get(self.index..self.count)
            .unwrap_or_default();
        self.index += rest.partition_point(|&other| other < ordinal);
        Ok(self.current())
    }

    /// Appends the positions of the current document, ascending.
    pub fn positions(&mut self, out: &mut Vec<u32>) -> Result<()> {
        let Some(posting) = self.current() else {
            return Ok(());
        };
        if self.position_index > self.index {
            self.enter_positions()?;
        }
        while self.position_index < self.index {
            let tf = self
                .frequencies
                .get(self.position_index)
                .copied()
                .unwrap_or(0);
            for _ in 0..tf {
                take_varint(&mut self.positions)?;
            }
            self.position_index += 1;
        }
        let mut position = 0u64;
        for _ in 0..posting.tf {
            position = position.saturating_add(take_varint(&mut self.positions)?);
            out.push(u32::try_from(position).map_err(|_| corrupt("position out of range"))?);
        }
        self.position_index += 1;
        Ok(())
    }

    /// The bound of the whole list.
    pub fn bound(&self) -> Result<Bound> {
        let mut bound = self.block_bound(0)?;
        for block in 1..self.block_count() {
            let next = self.block_bound(block)?;
            bound = Bound {
                last_ordinal: next.last_ordinal,
                max_tf: bound.max_tf.max(next.max_tf),
                min_len: bound.min_len.min(next.min_len),
            };
        }
        Ok(bound)
    }

    /// The bound of the block in which the first document not below `ordinal` is, without entering
    /// it; `None` if there is no such document.
    pub fn bound_at(&self, ordinal: u32) -> Result<Option<Bound>> {
        let block = self.block_of(ordinal)?;
        if block < self.block_count() {
            self.block_bound(block).map(Some)
        } else {
            Ok(None)
        }
    }

    fn block_count(&self) -> usize {
        (self.df as usize).div_ceil(BLOCK_LEN)
    }

    /// The first block, from the current on, whose last ordinal is not below `ordinal`.
    fn block_of(&self, ordinal: u32) -> Result<usize> {
        let (mut low, mut high) = (self.block, self.block_count());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.last_ordinal(middle)? < ordinal {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    fn last_ordinal(&self, block: usize) -> Result<u32> {
        if self.table.is_empty() {
            let last = self.df as usize - 1;
            return self
                .ordinals
                .get(last)
                .copied()
                .ok_or_else(|| corrupt("short block"));
        }
        u32_at(self.table, block * ENTRY_BYTES)
    }

    fn block_bound(&self, block: usize) -> Result<Bound> {
        let last_ordinal = self.last_ordinal(block)?;
        if self.table.is_empty() {
            let in_use = self.df as usize;
            let mut min_len = u32::MAX;
            for &ordinal in self.ordinals.iter().take(in_use) {
                min_len = min_len.min(u32_at(self.lengths, ordinal as usize * 4)?);
            }
            let max_tf = self
                .frequencies
                .iter()
                .take(in_use)
                .copied()
                .max()
                .unwrap_or(0);
            return Ok(Bound {
                last_ordinal,
                max_tf,
                min_len,
            });
        }
        let entry = block * ENTRY_BYTES;
        let (max_tf, min_len) = (
            u32_at(self.table, entry + 4)?,
            u32_at(self.table, entry + 8)?,
        );
        Ok(Bound {
            last_ordinal,
            max_tf,
            min_len,
        })
    }

    /// Where a block ends, counted from the end of the table.
    fn block_end(&self, block: usize) -> Result<usize> {
        if self.table.is_empty() {
            return Ok(self.blocks.len());
        }
        let end = u64_at(self.table, block * ENTRY_BYTES + 12)?;
        usize::try_from(end).map_err(|_| corrupt("a block beyond its list"))
    }

    /// Decodes `block`, which exists, and stands at its first document.
    fn enter(&mut self, block: usize) -> Result<()> {
        let (start, first) = match block.checked_sub(1) {
            None => (0, 0),
            Some(before) => (
                self.block_end(before)?,
                self.last_ordinal(before)?.saturating_add(1),
            ),
        };
        let bytes = self.blocks.get(start..self.block_end(block)?);
        let mut bytes = bytes.ok_or_else(|| corrupt("a block beyond its list"))?;
        let count = (self.df as usize - block * BLOCK_LEN).min(BLOCK_LEN);
        let limit = match self.table.is_empty() {
            true => self.ordinal_limit,
            false => self
                .last_ordinal(block)?
                .saturating_add(1)
                .min(self.ordinal_limit),
        };
        // A failed decode leaves garbage in the arrays, which `count` hides.
        self.count = 0;
        let (ordinals, frequencies) = (&mut self.ordinals, &mut self.frequencies);
        block::decode(&mut bytes, count, first, limit, ordinals, frequencies)?;
        if self.ordinals.get(count.saturating_sub(1)) != Some(&self.last_ordinal_in(block, count)?)
        {
            return Err(corrupt("a block that ends before its table says"));
        }
        (self.block, self.count, self.index) = (block, count, 0);
        (self.positions, self.position_index) = (bytes, 0);
        Ok(())
    }

    fn last_ordinal_in(&self, block: usize, count: usize) -> Result<u32> {
        if self.table.is_empty() {
            return Ok(self
                .ordinals
                .get(count.saturating_sub(1))
                .copied()
                .unwrap_or(0));
        }
        self.last_ordinal(block)
    }

    /// Goes back to the positions of the block's first document.
    fn enter_positions(&mut self) -> Result<()> {
        let index = self.index;
        self.enter(self.block)?;
        self.index = index;
        Ok(())
    }
}
