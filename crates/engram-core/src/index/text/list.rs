//! The posting list of one term, block by block.
//!
//! Owns: reading each form of a list (single, short, blocks, dense). Invariants: the ordinals of a
//! decoded block ascend strictly, lie above those of the block before and below the ordinal limit, or an
//! error comes. Complexity: opening reads the table's place, not the table; a block is decoded on its
//! own. The opposite side is `list_writer`; the layout is in the header of `text`.

use super::bits::BitReader;
use super::dictionary::{Place, TermInfo};
use super::layout::{BLOCK_LEN, MAX_FREQUENCY, corrupt, is_dense, is_narrow, take_u32_varint};
use super::lengths::Lengths;
use super::list_writer::IMPACT_LENGTHS;
use super::source::Source;
use super::table::{Table, table_bytes};
use crate::error::Result;
use crate::kernel::unpack::{self, packed_bytes};
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

/// A posting list.
#[derive(Clone)]
pub struct List<'a> {
    df: u32,
    ordinal_limit: u32,
    source: Source<'a>,
    lengths: Lengths<'a>,
    form: Form<'a>,
}

#[derive(Clone)]
enum Form<'a> {
    Single {
        ordinal: u32,
        tf: u32,
        positions: &'a [u8],
    },
    Short {
        bytes: &'a [u8],
    },
    Blocks {
        table: Table<'a>,
        docs: &'a [u8],
        positions: Range<u64>,
    },
    Dense {
        table: Table<'a>,
        docs: &'a [u8],
        positions: Range<u64>,
    },
}

impl<'a> List<'a> {
    pub(super) fn open(
        info: TermInfo,
        lists: Range<u64>,
        source: Source<'a>,
        lengths: Lengths<'a>,
        ordinal_limit: u32,
    ) -> Result<Self> {
        let form = match info.place {
            Place::Single {
                ordinal,
                tf,
                at,
                end,
            } => Form::Single {
                ordinal,
                tf,
                positions: source.get(at..end)?,
            },
            Place::List { start, bytes } => {
                let start = lists.start.saturating_add(start);
                let end = start.saturating_add(bytes);
                if end > lists.end {
                    return Err(corrupt("a list beyond its section"));
                }
                open_list(info.df, start..end, source, ordinal_limit)?
            }
        };
        Ok(List {
            df: info.df,
            ordinal_limit,
            source,
            lengths,
            form,
        })
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
            Form::Single { .. } | Form::Short { .. } => 1,
            Form::Blocks { table, .. } | Form::Dense { table, .. } => table.blocks(),
        }
    }

    /// What bounds the scores of all blocks; nothing is known of a list of one block.
    #[must_use]
    pub fn all_impacts(&self) -> Option<Impacts> {
        match &self.form {
            Form::Blocks { table, .. } | Form::Dense { table, .. } => Some(table.all_impacts()),
            _ => None,
        }
    }

    /// What bounds the scores of a block; nothing is known of a list of one block.
    #[must_use]
    #[inline]
    pub fn impacts(&self, block: usize) -> Impacts {
        match &self.form {
            Form::Blocks { table, .. } | Form::Dense { table, .. } => table.impacts(block),
            _ => Impacts {
                max_tf: u8::MAX,
                lengths: [0; IMPACT_LENGTHS],
            },
        }
    }

    /// The last ordinal that a block can have.
    #[inline]
    pub fn last(&self, block: usize) -> u32 {
        match &self.form {
            Form::Blocks { table, .. } => table.lasts.get(block),
            Form::Dense { .. } => ((block + 1) * BLOCK_LEN - 1) as u32,
            Form::Single { .. } | Form::Short { .. } => self.ordinal_limit.saturating_sub(1),
        }
    }

    /// The first block from `from` on that can have `ordinal` or a later one.
    #[inline]
    pub fn find(&self, ordinal: u32, from: usize) -> usize {
        match &self.form {
            Form::Dense { table, .. } => {
                (ordinal as usize / BLOCK_LEN).clamp(from, table.blocks().max(from))
            }
            Form::Blocks { table, .. } => table.lasts.first_not_below(ordinal, from),
            Form::Single { .. } | Form::Short { .. } => {
                from + usize::from(from == 0 && ordinal >= self.ordinal_limit)
            }
        }
    }

    /// Decodes a block.
    pub fn decode(&self, block: usize, out: &mut Block) -> Result<()> {
        out.count = 0;
        let count = match &self.form {
            Form::Single { ordinal, tf, .. } => {
                (out.ordinals[0], out.frequencies[0]) = (*ordinal, *tf);
                1
            }
            Form::Short { bytes } => self.decode_short(bytes, out)?,
            Form::Blocks { table, docs, .. } => self.decode_block(table, docs, block, out)?,
            Form::Dense { table, docs, .. } => self.decode_dense(table, docs, block, out)?,
        };
        let last = count.checked_sub(1).and_then(|last| out.ordinals.get(last));
        if last.is_some_and(|&last| last >= self.ordinal_limit) {
            return Err(corrupt("ordinal out of range"));
        }
        out.count = count;
        Ok(())
    }

    fn decode_short(&self, bytes: &[u8], out: &mut Block) -> Result<usize> {
        let (count, head) = (self.df as usize, short_head(bytes)?);
        let docs = bytes.get(head.bytes..).unwrap_or_default();
        unpack_gaps(docs, head.gap_bits, count, 0, self.ordinal_limit, out)?;
        let docs = docs
            .get(packed_bytes(count, head.gap_bits)..)
            .unwrap_or_default();
        unpack_frequencies(docs, head.tf_bits, count, out)?;
        Ok(count)
    }

    fn decode_block(
        &self,
        table: &Table<'_>,
        docs: &[u8],
        block: usize,
        out: &mut Block,
    ) -> Result<usize> {
        let left = (self.df as usize).saturating_sub(block * BLOCK_LEN);
        let count = left.min(BLOCK_LEN);
        let first = match block.checked_sub(1) {
            Some(before) => table.lasts.get(before).saturating_add(1),
            None => 0,
        };
        let docs = docs
            .get(table.starts.get(block) as usize * 16..)
            .unwrap_or_default();
        let gap_bits = table.gap_bits(block);
        unpack_gaps(docs, gap_bits, count, first, self.ordinal_limit, out)?;
        let docs = docs
            .get(packed_bytes(count, gap_bits)..)
            .unwrap_or_default();
        unpack_frequencies(docs, table.tf_bits(block), count, out)?;
        if count == 0 || out.ordinals.get(count - 1) != Some(&table.lasts.get(block)) {
            return Err(corrupt("a block that does not end where its table says"));
        }
        Ok(count)
    }

    fn decode_dense(
        &self,
        table: &Table<'_>,
        docs: &[u8],
        block: usize,
        out: &mut Block,
    ) -> Result<usize> {
        let mut rest = bitmap_at(docs, block)?;
        let count = rest.count_ones() as usize;
        let first = (block * BLOCK_LEN) as u32;
        for to in out.ordinals.iter_mut().take(count) {
            *to = first + rest.trailing_zeros();
            rest &= rest - 1;
        }
        let at = table.blocks() * BITMAP_BYTES + table.starts.get(block) as usize * 4;
        let frequencies = docs.get(at..).unwrap_or_default();
        unpack_frequencies(frequencies, table.tf_bits(block), count, out)?;
        Ok(count)
    }

    /// The documents of a block of a dense list, bit i for the i-th ordinal of the block.
    pub fn bitmap(&self, block: usize) -> Result<Option<u128>> {
        match &self.form {
            Form::Dense { docs, .. } => bitmap_at(docs, block).map(Some),
            _ => Ok(None),
        }
    }

    /// The frequency of the `rank`-th document of a block of a dense list.
    pub fn dense_frequency(&self, block: usize, rank: u32) -> u32 {
        let Form::Dense { table, docs, .. } = &self.form else {
            return 0;
        };
        let width = table.tf_bits(block);
        let bit = (table.blocks() * BITMAP_BYTES + table.starts.get(block) as usize * 4) * 8
            + rank as usize * width as usize;
        let window = docs.get(bit / 8..).unwrap_or_default();
        let reduced = match window.first_chunk() {
            Some(window) => u64::from_le_bytes(*window),
            None => {
                let mut padded = [0; 8];
                padded
                    .iter_mut()
                    .zip(window)
                    .for_each(|(to, from)| *to = *from);
                u64::from_le_bytes(padded)
            }
        };
        ((reduced >> (bit % 8)) & ((1 << width) - 1)) as u32 + 1
    }

    /// The positions of a block, from its first document on.
    pub(super) fn positions(&self, block: usize) -> Result<PositionReader<'a>> {
        let bits = match &self.form {
            Form::Single { positions, .. } => return Ok(PositionReader::Bytes(positions)),
            Form::Short { bytes } => {
                let head = short_head(bytes)?;
                let count = self.df as usize;
                let before = head.bytes + packed_bytes(count, head.gap_bits);
                BitReader::new(bytes, before * 8 + count * head.tf_bits as usize)
            }
            Form::Blocks {
                table, positions, ..
            }
            | Form::Dense {
                table, positions, ..
            } => {
                let start = |block| {
                    positions
                        .start
                        .saturating_add(table.position_start(block).into())
                };
                let end = match block + 1 < table.blocks() {
                    true => start(block + 1).min(positions.end),
                    false => positions.end,
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
    Bytes(&'a [u8]),
    Bits(BitReader<'a>),
}

impl PositionReader<'_> {
    /// Takes those of the next document, which has `tf` of them among `doc_len` terms.
    pub(super) fn take(&mut self, tf: u32, doc_len: u32, sink: &mut impl FnMut(u32)) -> Result<()> {
        if tf > doc_len {
            return Err(corrupt("a term that stands more often than all terms"));
        }
        match self {
            PositionReader::Bits(bits) => {
                bits.take_positions(tf, 0, doc_len.saturating_sub(1), sink)
            }
            PositionReader::Bytes(bytes) => {
                let mut position = 0u32;
                for _ in 0..tf {
                    position = position.saturating_add(take_u32_varint(bytes)?);
                    sink(position);
                }
                Ok(())
            }
        }
    }
}

const BITMAP_BYTES: usize = BLOCK_LEN / 8;

fn bitmap_at(docs: &[u8], block: usize) -> Result<u128> {
    let bytes = docs
        .get(block * BITMAP_BYTES..)
        .and_then(|rest| rest.first_chunk());
    bytes
        .map(|b| u128::from_le_bytes(*b))
        .ok_or_else(|| corrupt("short bitmap"))
}

struct ShortHead {
    gap_bits: u32,
    tf_bits: u32,
    bytes: usize,
}

#[inline]
fn short_head(bytes: &[u8]) -> Result<ShortHead> {
    let (&first, rest) = bytes.split_first().ok_or_else(|| corrupt("short list"))?;
    let (gap_bits, tf_bits) = (u32::from(first & 31), u32::from(first >> 5));
    if tf_bits < 7 {
        return Ok(ShortHead {
            gap_bits,
            tf_bits,
            bytes: 1,
        });
    }
    let tf_bits = rest.first().copied().ok_or_else(|| corrupt("short list"))?;
    Ok(ShortHead {
        gap_bits,
        tf_bits: tf_bits.into(),
        bytes: 2,
    })
}

/// Unpacks gaps to ordinals from `first` on, and proves that no sum of them wrapped.
#[inline]
fn unpack_gaps(
    docs: &[u8],
    bits: u32,
    count: usize,
    first: u32,
    limit: u32,
    out: &mut Block,
) -> Result<()> {
    // 128 gaps of 23 bits from below 2^31 stay below 2^32.
    let is_safe = bits <= 23 && first < limit;
    if !unpack::ordinals(docs, bits, count, first, &mut out.ordinals)
        || !is_safe
            && !{
                let ordinals = out.ordinals.get(..count).unwrap_or_default();
                first <= ordinals.first().copied().unwrap_or(first)
                    && ordinals.is_sorted_by(|a, b| a < b)
            }
    {
        return Err(corrupt("gaps that do not fit"));
    }
    Ok(())
}

#[inline]
fn unpack_frequencies(docs: &[u8], bits: u32, count: usize, out: &mut Block) -> Result<()> {
    if bits > MAX_FREQUENCY.ilog2() || !unpack::values(docs, bits, count, 1, &mut out.frequencies) {
        return Err(corrupt("frequencies that do not fit"));
    }
    Ok(())
}

fn open_list(
    df: u32,
    list: Range<u64>,
    source: Source<'_>,
    ordinal_limit: u32,
) -> Result<Form<'_>> {
    let is_dense = is_dense(df, ordinal_limit);
    if df as usize <= BLOCK_LEN {
        return Ok(Form::Short {
            bytes: source.get_open(list)?,
        });
    }
    let blocks = match is_dense {
        true => ordinal_limit.div_ceil(BLOCK_LEN as u32),
        false => df.div_ceil(BLOCK_LEN as u32),
    } as usize;
    let is_narrow = is_narrow(ordinal_limit);
    let table_end = list
        .start
        .saturating_add(table_bytes(blocks, is_dense, is_narrow));
    let mut columns = source.get(list.start..table_end.min(list.end))?;
    let table = Table::new(&mut columns, blocks, is_dense, is_narrow)?;
    let last = blocks - 1;
    let docs_bytes = if is_dense {
        // The frequencies of the last block are as many as its ones; a full block's are a bound.
        let bitmaps = (blocks * BITMAP_BYTES) as u64;
        let bitmap_start = table_end + (last * BITMAP_BYTES) as u64;
        let bitmap = source.get(bitmap_start..bitmap_start + BITMAP_BYTES as u64)?;
        let count = bitmap_at(bitmap, 0)?.count_ones() as usize;
        let packed = packed_bytes(count, table.tf_bits(last)).next_multiple_of(4);
        bitmaps + u64::from(table.starts.get(last)) * 4 + packed as u64
    } else {
        let count = df as usize - last * BLOCK_LEN;
        let packed =
            packed_bytes(count, table.gap_bits(last)) + packed_bytes(count, table.tf_bits(last));
        u64::from(table.starts.get(last)) * 16 + packed as u64
    };
    let docs_end = table_end.saturating_add(docs_bytes);
    if docs_end > list.end {
        return Err(corrupt("documents beyond their list"));
    }
    let docs = source.get_open(table_end..docs_end)?;
    let positions = docs_end..list.end;
    Ok(match is_dense {
        true => Form::Dense {
            table,
            docs,
            positions,
        },
        false => Form::Blocks {
            table,
            docs,
            positions,
        },
    })
}
