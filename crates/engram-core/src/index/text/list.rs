//! The posting list of one term, block by block.
//!
//! Owns: reading each form of a list (single, short, blocks, dense). Invariants: the ordinals of a
//! decoded block ascend strictly, lie above those of the block before and below the ordinal limit, or an
//! error comes. Complexity: opening reads the table's place, not the table; a block is decoded on its
//! own. The opposite side is `list_writer`; the layout is in the header of `text`.

use super::bits::BitReader;
use super::dictionary::{Place, TermInfo};
use super::elias_fano::{frequency_at, take_frequencies, take_ordinals};
use super::layout::{BLOCK_LEN, corrupt, is_dense, is_narrow, is_small};
use super::lengths::Lengths;
use super::list_writer::IMPACT_LENGTHS;
use super::source::Source;
use super::table::{Shape, Table};
use crate::error::Result;
use crate::kernel::unpack::{self, NO_PLACES};
use std::ops::Range;

/// The documents of a block and how often each has the term.
#[derive(Clone)]
pub struct Block {
    /// Documents in it.
    pub count: usize,
    /// Ascending; `count` of them are in use.
    pub ordinals: [u32; BLOCK_LEN],
    /// Side by side with `ordinals`.
    pub frequencies: [u32; BLOCK_LEN],
}

impl Default for Block {
    fn default() -> Self {
        Block {
            count: 0,
            ordinals: [0; BLOCK_LEN],
            frequencies: [0; BLOCK_LEN],
        }
    }
}

impl Block {
    /// The ordinals in use.
    #[must_use]
    #[inline]
    pub fn ordinals(&self) -> &[u32] {
        self.ordinals.get(..self.count).unwrap_or_default()
    }

    /// The frequencies in use.
    #[must_use]
    #[inline]
    pub fn frequencies(&self) -> &[u32] {
        self.frequencies.get(..self.count).unwrap_or_default()
    }
}

/// What no document of a block exceeds: it has at most `max_tf` occurrences (255: any number), and one
/// with i + 1 or more has no fewer terms than the length that code `lengths[i]` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impacts {
    pub(super) max_tf: u8,
    pub(super) lengths: [u8; IMPACT_LENGTHS],
}

impl Impacts {
    /// Bounds nothing.
    pub(super) const UNKNOWN: Impacts = Impacts {
        max_tf: u8::MAX,
        lengths: [0; IMPACT_LENGTHS],
    };
}

/// A posting list.
#[derive(Clone)]
pub struct List<'a> {
    df: u32,
    ordinal_limit: u32,
    source: Source<'a>,
    lengths: Lengths<'a>,
    /// The list, checked up to its positions, and whatever follows.
    bytes: &'a [u8],
    /// Where it is in the index.
    place: Range<u64>,
    form: Form<'a>,
}

#[derive(Clone, Copy)]
enum Form<'a> {
    Single {
        ordinal: u32,
        position: u32,
    },
    /// The list.
    Short(&'a [u8]),
    Blocks(Table<'a>),
    Dense(Table<'a>),
}

impl<'a> List<'a> {
    pub(super) fn open(
        info: TermInfo,
        lists: Range<u64>,
        source: Source<'a>,
        lengths: Lengths<'a>,
        ordinal_limit: u32,
    ) -> Result<Self> {
        let mut list = List {
            df: info.df,
            ordinal_limit,
            source,
            lengths,
            bytes: &[],
            place: 0..0,
            form: Form::Short(&[]),
        };
        match info.place {
            Place::Single { ordinal, position } => list.form = Form::Single { ordinal, position },
            Place::List { start, bytes } => {
                let start = lists.start.saturating_add(start);
                list.place = start..start.saturating_add(bytes);
                if list.place.end > lists.end {
                    return Err(corrupt("a list beyond its section"));
                }
                list.open_list()?;
            }
        }
        Ok(list)
    }

    fn open_list(&mut self) -> Result<()> {
        let (df, limit, place) = (self.df, self.ordinal_limit, self.place.clone());
        let length = place.end - place.start;
        if df as usize <= BLOCK_LEN {
            self.bytes = self.source.get_open(place)?;
            self.form = Form::Short(self.bytes.get(..length as usize).unwrap_or_default());
            return Ok(());
        }
        let is_dense = is_dense(df, limit);
        let shape = Shape {
            blocks: if is_dense { limit } else { df }.div_ceil(BLOCK_LEN as u32) as usize,
            is_dense,
            is_narrow: is_narrow(limit),
            is_small: is_small(length),
        };
        let end_of = |bytes: usize| place.end.min(place.start.saturating_add(bytes as u64));
        let table = self.source.get(place.start..end_of(shape.bytes()))?;
        let table = Table::new(table, shape)?;
        // Positions come last and are checked when they are asked for.
        let docs = place.start..end_of(table.position_start(0));
        self.bytes = self.source.get_open(docs)?;
        self.form = match is_dense {
            true => Form::Dense(table),
            false => Form::Blocks(table),
        };
        Ok(())
    }

    /// Documents in the list, deleted ones included.
    #[must_use]
    pub fn df(&self) -> u32 {
        self.df
    }

    /// Blocks that it is cut into.
    #[must_use]
    #[inline]
    pub fn blocks(&self) -> usize {
        match &self.form {
            Form::Single { .. } | Form::Short(_) => 1,
            Form::Blocks(table) | Form::Dense(table) => table.blocks(),
        }
    }

    /// Whether it is kept as a bitmap, so that a document is found at once.
    #[must_use]
    pub fn is_dense(&self) -> bool {
        matches!(self.form, Form::Dense(_))
    }

    /// What bounds the scores of all blocks; nothing is known of a list of one block.
    #[must_use]
    pub fn all_impacts(&self) -> Option<Impacts> {
        match &self.form {
            Form::Blocks(table) | Form::Dense(table) => Some(table.all_impacts()),
            _ => None,
        }
    }

    /// What bounds the scores of a block; nothing is known of a list of one block.
    #[must_use]
    #[inline]
    pub fn impacts(&self, block: usize) -> Impacts {
        match &self.form {
            Form::Blocks(table) | Form::Dense(table) => table.impacts(block),
            _ => Impacts::UNKNOWN,
        }
    }

    /// The last ordinal that a block can have.
    #[inline]
    pub fn last(&self, block: usize) -> u32 {
        match &self.form {
            Form::Blocks(table) => table.last(block),
            Form::Dense(_) => ((block + 1) * BLOCK_LEN - 1) as u32,
            Form::Single { .. } | Form::Short(_) => self.ordinal_limit.saturating_sub(1),
        }
    }

    /// The first block from `from` on that can have `ordinal` or a later one.
    #[inline]
    pub fn find(&self, ordinal: u32, from: usize) -> usize {
        match &self.form {
            Form::Dense(table) => {
                (ordinal as usize / BLOCK_LEN).clamp(from, table.blocks().max(from))
            }
            Form::Blocks(table) => table.first_not_below(ordinal, from),
            Form::Single { .. } | Form::Short(_) => {
                from + usize::from(from == 0 && ordinal >= self.ordinal_limit)
            }
        }
    }

    /// Decodes a block.
    pub fn decode(&self, block: usize, out: &mut Block) -> Result<()> {
        out.count = 0;
        let count = match &self.form {
            Form::Single { ordinal, .. } => {
                (out.ordinals[0], out.frequencies[0]) = (*ordinal, 1);
                1
            }
            Form::Short(_) => {
                let count = self.df as usize;
                let at = take_ordinals(self.bytes, count, self.ordinal_limit, 0, out)?;
                take_frequencies(self.bytes, at, count, out)?;
                count
            }
            Form::Blocks(table) => self.decode_block(table, block, out)?,
            Form::Dense(table) => self.decode_dense(table, block, out)?,
        };
        let last = count.checked_sub(1).and_then(|last| out.ordinals.get(last));
        if last.is_some_and(|&last| last >= self.ordinal_limit) {
            return Err(corrupt("ordinal out of range"));
        }
        out.count = count;
        Ok(())
    }

    fn decode_block(&self, table: &Table<'_>, block: usize, out: &mut Block) -> Result<usize> {
        let count = (self.df as usize)
            .saturating_sub(block * BLOCK_LEN)
            .min(BLOCK_LEN);
        let first = match block.checked_sub(1) {
            Some(before) => table.last(before).saturating_add(1),
            None => 0,
        };
        let last = table.last(block);
        if last < first || count == 0 {
            return Err(corrupt("a block that ends before it begins"));
        }
        let docs = self.bytes.get(table.start(block)..).unwrap_or_default();
        let at = take_ordinals(docs, count, last - first + 1, first, out)?;
        take_frequencies(docs, at, count, out)?;
        if out.ordinals.get(count - 1) != Some(&last) {
            return Err(corrupt("a block that does not end where its table says"));
        }
        Ok(count)
    }

    fn decode_dense(&self, table: &Table<'_>, block: usize, out: &mut Block) -> Result<usize> {
        let bitmap = self.bitmap_at(table, block)?;
        let count = bitmap.count_ones() as usize;
        let mut places = NO_PLACES;
        let first = (block * BLOCK_LEN) as u32;
        // All within the 128 bits, so that there is no way to miss one.
        let _ = unpack::ones(&bitmap.to_le_bytes(), 0, count, &mut places);
        for (to, &place) in out.ordinals.iter_mut().zip(&places) {
            *to = first + u32::from(place);
        }
        let docs = self.bytes.get(table.start(block)..).unwrap_or_default();
        take_frequencies(docs, 0, count, out)?;
        Ok(count)
    }

    fn bitmap_at(&self, table: &Table<'_>, block: usize) -> Result<u128> {
        let at = table.bytes() + block * (BLOCK_LEN / 8);
        let bytes = self.bytes.get(at..).and_then(|rest| rest.first_chunk());
        bytes
            .map(|b| u128::from_le_bytes(*b))
            .ok_or_else(|| corrupt("short bitmap"))
    }

    /// The documents of a block of a dense list, bit i for the i-th ordinal of the block.
    #[inline]
    pub fn bitmap(&self, block: usize) -> Result<Option<u128>> {
        match &self.form {
            Form::Dense(table) => self.bitmap_at(table, block).map(Some),
            _ => Ok(None),
        }
    }

    /// The frequency of the `rank`-th of `count` documents of a block of a dense list.
    #[inline]
    pub fn dense_frequency(&self, block: usize, rank: u32, count: u32) -> Result<u32> {
        let Form::Dense(table) = &self.form else {
            return Err(corrupt("not a dense list"));
        };
        let docs = self.bytes.get(table.start(block)..).unwrap_or_default();
        frequency_at(docs, 0, rank, count)
    }

    /// The positions of a block, from its first document on.
    pub(super) fn positions(&self, block: usize) -> Result<PositionReader<'a>> {
        let bits = match &self.form {
            Form::Single { position, .. } => return Ok(PositionReader::One(*position)),
            Form::Short(list) => {
                let (count, mut docs) = (self.df as usize, Block::default());
                let at = take_ordinals(list, count, self.ordinal_limit, 0, &mut docs)?;
                BitReader::new(list, take_frequencies(list, at, count, &mut docs)?)
            }
            Form::Blocks(table) | Form::Dense(table) => {
                let start = |block| {
                    self.place
                        .start
                        .saturating_add(table.position_start(block) as u64)
                };
                let end = match block + 1 < table.blocks() {
                    true => start(block + 1).min(self.place.end),
                    false => self.place.end,
                };
                BitReader::new(self.source.get(start(block)..end)?, 0)
            }
        };
        Ok(PositionReader::Bits(bits))
    }

    /// The number of terms of a document.
    #[inline]
    pub fn doc_len(&self, ordinal: u32) -> u32 {
        self.lengths.get(ordinal)
    }
}

/// The positions of one document after the other.
#[derive(Clone)]
pub(super) enum PositionReader<'a> {
    One(u32),
    Bits(BitReader<'a>),
}

impl PositionReader<'_> {
    /// Takes those of the next document, which has `tf` of them among `doc_len` terms.
    pub(super) fn take(&mut self, tf: u32, doc_len: u32, sink: &mut impl FnMut(u32)) -> Result<()> {
        if tf > doc_len {
            return Err(corrupt("a term that stands more often than all terms"));
        }
        match self {
            PositionReader::One(position) => sink(*position),
            PositionReader::Bits(bits) => {
                bits.take_positions(tf, 0, doc_len.saturating_sub(1), sink)?;
            }
        }
        Ok(())
    }
}
