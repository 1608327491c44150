//! The table of a long posting list: one row a block, column by column.
//!
//! Owns: the order of the columns, and reading them. Invariant: an entry beyond the last reads as 0. The opposite side is in `list_writer`; the layout is in the header of `text`.

use super::layout::corrupt;
use super::list::Impacts;
use super::list_writer::IMPACT_LENGTHS;
use crate::error::Result;

/// Columns of a byte for each block: the highest frequency, and the shortest documents.
const MAX_TF: usize = 0;
const LENGTHS: usize = 1;
const BYTE_COLUMNS: usize = LENGTHS + IMPACT_LENGTHS;

/// What the columns of a table are.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) blocks: usize,
    /// Then there are no last ordinals.
    pub(super) is_dense: bool,
    /// Whether ordinals take two bytes.
    pub(super) is_narrow: bool,
    /// Whether starts take two bytes.
    pub(super) is_small: bool,
}

impl Shape {
    /// Where the columns of several bytes begin.
    fn starts(&self) -> usize {
        BYTE_COLUMNS * self.blocks
    }

    fn position_starts(&self) -> usize {
        self.starts() + self.start_bytes() * self.blocks
    }

    fn lasts(&self) -> usize {
        self.position_starts() + self.start_bytes() * self.blocks
    }

    fn start_bytes(&self) -> usize {
        if self.is_small { 2 } else { 4 }
    }

    fn last_bytes(&self) -> usize {
        match (self.is_dense, self.is_narrow) {
            (true, _) => 0,
            (false, true) => 2,
            (false, false) => 4,
        }
    }

    /// Bytes of the whole table.
    pub(super) fn bytes(&self) -> usize {
        self.lasts() + self.last_bytes() * self.blocks
    }
}

/// A table, read.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    shape: Shape,
}

impl<'a> Table<'a> {
    /// The table of these bytes.
    pub(super) fn new(bytes: &'a [u8], shape: Shape) -> Result<Self> {
        if shape.blocks == 0 || bytes.len() != shape.bytes() {
            return Err(corrupt("a table of the wrong size"));
        }
        Ok(Table { bytes, shape })
    }

    /// Bytes of the whole table.
    #[inline]
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// How many blocks there are.
    #[inline]
    pub(super) fn blocks(&self) -> usize {
        self.shape.blocks
    }

    #[inline]
    fn byte(&self, column: usize, block: usize) -> u8 {
        let found = self.bytes.get(column * self.shape.blocks + block);
        found.copied().unwrap_or(0)
    }

    /// An entry of a column of two or four bytes; 0 beyond the last.
    #[inline]
    fn number(&self, column: usize, is_short: bool, block: usize) -> u32 {
        if block >= self.shape.blocks {
            return 0;
        }
        let at = column + block * if is_short { 2 } else { 4 };
        let bytes = self.bytes.get(at..).unwrap_or_default();
        match is_short {
            true => bytes
                .first_chunk()
                .map_or(0, |b| u16::from_le_bytes(*b).into()),
            false => bytes.first_chunk().map_or(0, |b| u32::from_le_bytes(*b)),
        }
    }

    /// The last ordinal of a block; not for dense lists.
    #[inline]
    pub(super) fn last(&self, block: usize) -> u32 {
        self.number(self.shape.lasts(), self.shape.is_narrow, block)
    }

    /// Where the documents of a block start in the list.
    #[inline]
    pub(super) fn start(&self, block: usize) -> usize {
        self.number(self.shape.starts(), self.shape.is_small, block) as usize
    }

    /// Where the positions of a block start in the list.
    #[inline]
    pub(super) fn position_start(&self, block: usize) -> usize {
        self.number(self.shape.position_starts(), self.shape.is_small, block) as usize
    }

    /// The first block from `from` on whose last ordinal is not below `ordinal`.
    #[inline]
    pub(super) fn first_not_below(&self, ordinal: u32, from: usize) -> usize {
        // What is looked for is mostly near.
        let near = (from..self.blocks()).take(4);
        for block in near {
            if self.last(block) >= ordinal {
                return block;
            }
        }
        let (mut low, mut high) = ((from + 4).min(self.blocks()), self.blocks().max(from));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.last(middle) < ordinal {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        high
    }

    /// What no document of a block exceeds.
    #[inline]
    pub(super) fn impacts(&self, block: usize) -> Impacts {
        if block >= self.shape.blocks {
            return Impacts::UNKNOWN;
        }
        Impacts {
            max_tf: self.byte(MAX_TF, block),
            lengths: [0, 1, 2, 3].map(|i| self.byte(LENGTHS + i, block)),
        }
    }

    /// What no document of any block exceeds.
    pub(super) fn all_impacts(&self) -> Impacts {
        let blocks = self.shape.blocks;
        let column = |number: usize| {
            let column = self.bytes.get(number * blocks..(number + 1) * blocks);
            column.unwrap_or_default().iter().copied()
        };
        Impacts {
            max_tf: column(MAX_TF).max().unwrap_or(u8::MAX),
            lengths: [0, 1, 2, 3].map(|i| column(LENGTHS + i).min().unwrap_or(0)),
        }
    }
}
