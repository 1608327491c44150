//! The table of a long posting list: one entry a block, column by column.
//!
//! Owns: reading the columns. Invariant: an entry beyond the last reads as 0, or as a width that no block
//! has. The opposite side is in `list_writer`; the layout is in the header of `text`.

use super::layout::take_bytes;
use super::list::Impacts;
use super::list_writer::IMPACT_LENGTHS;
use crate::error::Result;

/// A column of ordinals or offsets, two or four bytes each.
#[derive(Clone, Copy)]
pub(super) enum Column<'a> {
    Narrow(&'a [[u8; 2]]),
    Wide(&'a [[u8; 4]]),
}

impl Column<'_> {
    /// An entry; 0 beyond the last.
    #[inline]
    pub(super) fn get(&self, i: usize) -> u32 {
        match self {
            Column::Narrow(all) => all.get(i).map_or(0, |b| u32::from(u16::from_le_bytes(*b))),
            Column::Wide(all) => all.get(i).map_or(0, |b| u32::from_le_bytes(*b)),
        }
    }

    /// The first entry from `from` on that is not below `value`; entries ascend.
    #[inline]
    pub(super) fn first_not_below(&self, value: u32, from: usize) -> usize {
        fn search<T: Copy>(all: &[T], from: usize, is_below: impl Fn(T) -> bool) -> usize {
            let rest = all.get(from..).unwrap_or_default();
            // What is looked for is mostly near.
            let near = rest
                .iter()
                .take(4)
                .take_while(|entry| is_below(**entry))
                .count();
            if near < 4 {
                return from + near;
            }
            from + near
                + rest
                    .get(near..)
                    .unwrap_or_default()
                    .partition_point(|e| is_below(*e))
        }
        match self {
            Column::Narrow(all) => search(all, from, |b| u32::from(u16::from_le_bytes(b)) < value),
            Column::Wide(all) => search(all, from, |b| u32::from_le_bytes(b) < value),
        }
    }
}

#[derive(Clone)]
pub(super) struct Table<'a> {
    pub(super) lasts: Column<'a>,
    pub(super) starts: Column<'a>,
    position_starts: &'a [[u8; 4]],
    max_tfs: &'a [u8],
    lengths: [&'a [u8]; IMPACT_LENGTHS],
    gap_bits: &'a [u8],
    tf_bits: &'a [u8],
}

pub(super) fn table_bytes(blocks: usize, is_dense: bool, is_narrow: bool) -> u64 {
    let column = if is_narrow { 2 } else { 4 };
    let sparse = if is_dense { 0 } else { column + 1 };
    (blocks * (sparse + column + 4 + 1 + IMPACT_LENGTHS + 1)) as u64
}

impl<'a> Table<'a> {
    pub(super) fn new(
        columns: &mut &'a [u8],
        blocks: usize,
        is_dense: bool,
        is_narrow: bool,
    ) -> Result<Self> {
        let mut bytes = |width: usize| take_bytes(columns, (blocks * width) as u64);
        let mut column = |wanted: bool| {
            Ok(match is_narrow {
                true => Column::Narrow(bytes(if wanted { 2 } else { 0 })?.as_chunks().0),
                false => Column::Wide(bytes(if wanted { 4 } else { 0 })?.as_chunks().0),
            })
        };
        let (lasts, starts) = (column(!is_dense)?, column(true)?);
        Ok(Table {
            lasts,
            starts,
            position_starts: bytes(4)?.as_chunks().0,
            max_tfs: bytes(1)?,
            lengths: [bytes(1)?, bytes(1)?, bytes(1)?, bytes(1)?],
            gap_bits: bytes(usize::from(!is_dense))?,
            tf_bits: bytes(1)?,
        })
    }

    /// How many blocks there are.
    pub(super) fn blocks(&self) -> usize {
        self.tf_bits.len()
    }

    #[inline]
    pub(super) fn impacts(&self, block: usize) -> Impacts {
        let byte = |column: &[u8]| column.get(block).copied().unwrap_or(0);
        Impacts {
            max_tf: byte(self.max_tfs),
            lengths: self.lengths.map(byte),
        }
    }

    /// What no document of any block exceeds.
    pub(super) fn all_impacts(&self) -> Impacts {
        let least = |column: &[u8]| column.iter().copied().min().unwrap_or(0);
        Impacts {
            max_tf: self.max_tfs.iter().copied().max().unwrap_or(u8::MAX),
            lengths: self.lengths.map(least),
        }
    }

    #[inline]
    pub(super) fn gap_bits(&self, block: usize) -> u32 {
        self.gap_bits.get(block).copied().unwrap_or(u8::MAX).into()
    }

    #[inline]
    pub(super) fn tf_bits(&self, block: usize) -> u32 {
        self.tf_bits.get(block).copied().unwrap_or(0).min(24).into()
    }

    pub(super) fn position_start(&self, block: usize) -> u32 {
        self.position_starts
            .get(block)
            .map_or(0, |b| u32::from_le_bytes(*b))
    }
}
