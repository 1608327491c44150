//! The documents of one term to the bytes of its list.
//!
//! Owns: the choice of form (short, blocks, dense) and the writing of each. Invariant: the bytes depend
//! on the documents, their lengths and the ordinal limit alone. The opposite side is `list`; the layout
//! is in the header of `text`.

use super::bits::BitWriter;
use super::elias_fano;
use super::layout::{BLOCK_LEN, is_dense, is_narrow, is_small};
use super::lengths::{NO_LENGTH, code_of};
use super::table::Shape;

/// Frequencies of which the shortest document is kept, and then the rest.
pub(super) const IMPACT_LENGTHS: usize = 4;

/// The documents of a term, in order.
#[derive(Default)]
pub(super) struct ListInput {
    pub(super) ordinals: Vec<u32>,
    pub(super) frequencies: Vec<u32>,
    /// Of all documents, one after the other.
    pub(super) positions: Vec<u32>,
}

impl ListInput {
    pub(super) fn clear(&mut self) {
        self.ordinals.clear();
        self.frequencies.clear();
        self.positions.clear();
    }

    pub(super) fn df(&self) -> u32 {
        self.ordinals.len() as u32
    }
}

/// What all lists of an index share.
#[derive(Clone, Copy)]
pub(super) struct Corpus<'a> {
    pub(super) lengths: &'a [u32],
}

impl Corpus<'_> {
    fn limit(&self) -> u32 {
        self.lengths.len() as u32
    }

    fn length(&self, ordinal: u32) -> u32 {
        self.lengths.get(ordinal as usize).copied().unwrap_or(0)
    }
}

/// Appends the list of a term.
pub(super) fn encode(input: &ListInput, corpus: Corpus<'_>, out: &mut Vec<u8>) {
    if is_dense(input.df(), corpus.limit()) {
        encode_dense(input, corpus, out);
    } else if input.ordinals.len() > BLOCK_LEN {
        encode_blocks(input, corpus, out);
    } else {
        encode_short(input, corpus, out);
    }
}

/// Documents of one block.
#[derive(Clone, Copy)]
struct Piece<'a> {
    ordinals: &'a [u32],
    frequencies: &'a [u32],
    positions: &'a [u32],
}

/// Cuts the input before the documents for which `starts_new` holds.
fn pieces<'a>(
    input: &'a ListInput,
    starts_new: impl Fn(usize, u32) -> bool,
) -> impl Iterator<Item = Piece<'a>> {
    let (mut first, mut first_position) = (0, 0);
    std::iter::from_fn(move || {
        let rest = input
            .ordinals
            .get(first..)
            .filter(|rest| !rest.is_empty())?;
        let is_new = |&(i, ordinal): &(usize, &u32)| i > 0 && starts_new(first + i, *ordinal);
        let count = rest
            .iter()
            .enumerate()
            .find(is_new)
            .map_or(rest.len(), |(i, _)| i);
        let frequencies = input.frequencies.get(first..first + count)?;
        let occurrences: usize = frequencies.iter().map(|&tf| tf as usize).sum();
        let piece = Piece {
            ordinals: rest.get(..count)?,
            frequencies,
            positions: input
                .positions
                .get(first_position..first_position + occurrences)?,
        };
        first += count;
        first_position += occurrences;
        Some(piece)
    })
}

impl Piece<'_> {
    fn put_positions(&self, corpus: Corpus<'_>, bits: &mut BitWriter, out: &mut Vec<u8>) {
        let mut rest = self.positions;
        for (&ordinal, &tf) in self.ordinals.iter().zip(self.frequencies) {
            let (these, after) = rest.split_at_checked(tf as usize).unwrap_or((rest, &[]));
            debug_assert!(these.last().is_none_or(|&p| p < corpus.length(ordinal)));
            bits.put_positions(these, 0, corpus.length(ordinal).saturating_sub(1), out);
            rest = after;
        }
        bits.finish(out);
    }

    /// The highest frequency, and the length codes of the shortest documents by frequency.
    fn impacts(&self, corpus: Corpus<'_>) -> [u8; IMPACT_LENGTHS + 1] {
        let mut shortest = [NO_LENGTH; IMPACT_LENGTHS];
        for (&ordinal, &tf) in self.ordinals.iter().zip(self.frequencies) {
            let code = code_of(corpus.length(ordinal));
            let with_tf = shortest.iter_mut().take(tf as usize);
            with_tf.for_each(|known| *known = code.min(*known));
        }
        let highest = self.frequencies.iter().copied().max().unwrap_or(0);
        let [one, two, three, more] = shortest;
        [highest.min(255) as u8, one, two, three, more]
    }
}

/// Appends the documents of a piece as ordinals from `first` on, below `universe`.
fn put_docs(piece: Piece<'_>, first: u32, universe: u32, bits: &mut BitWriter, out: &mut Vec<u8>) {
    let ordinals = piece.ordinals.iter().map(|ordinal| ordinal - first);
    elias_fano::put_ordinals(ordinals, piece.ordinals.len(), universe, bits, out);
    elias_fano::put_frequencies(piece.frequencies, bits, out);
}

fn encode_short(input: &ListInput, corpus: Corpus<'_>, out: &mut Vec<u8>) {
    for piece in pieces(input, |_, _| false) {
        let mut bits = BitWriter::default();
        put_docs(piece, 0, corpus.limit(), &mut bits, out);
        piece.put_positions(corpus, &mut bits, out);
    }
}

/// A table in the making: columns, the entries of a column beside each other.
#[derive(Default)]
struct Table {
    impacts: [Vec<u8>; IMPACT_LENGTHS + 1],
    /// Where documents and positions of a block start, in what follows.
    starts: Vec<u32>,
    position_starts: Vec<u32>,
    /// Last ordinals; none for a dense list.
    lasts: Vec<u32>,
}

impl Table {
    fn push(&mut self, piece: Piece<'_>, corpus: Corpus<'_>, docs: &[u8], positions: &[u8]) {
        let columns = self.impacts.iter_mut().zip(piece.impacts(corpus));
        columns.for_each(|(column, value)| column.push(value));
        self.starts.push(docs.len() as u32);
        self.position_starts.push(positions.len() as u32);
    }

    /// Writes a list of this table, then `bitmaps`, documents and positions.
    fn write(self, limit: u32, mut blocks: Blocks, out: &mut Vec<u8>) {
        let shape = |is_small| Shape {
            blocks: self.starts.len(),
            is_dense: self.lasts.is_empty(),
            is_narrow: is_narrow(limit),
            is_small,
        };
        let rest = blocks.bitmaps.len() + blocks.docs.len() + blocks.positions.len();
        // Small numbers make the list smaller, so what is small with them is what counts.
        let is_small = is_small((shape(true).bytes() + rest) as u64);
        let docs_at = shape(is_small).bytes() + blocks.bitmaps.len();
        let positions_at = docs_at + blocks.docs.len();
        self.impacts.iter().for_each(|column| out.extend(column));
        let starts = self.starts.iter().map(|start| *start + docs_at as u32);
        let positions = self
            .position_starts
            .iter()
            .map(|start| *start + positions_at as u32);
        for start in starts.chain(positions) {
            out.extend(
                start
                    .to_le_bytes()
                    .iter()
                    .take(if is_small { 2 } else { 4 }),
            );
        }
        for last in &self.lasts {
            let width = if is_narrow(limit) { 2 } else { 4 };
            out.extend(last.to_le_bytes().iter().take(width));
        }
        out.append(&mut blocks.bitmaps);
        out.append(&mut blocks.docs);
        out.append(&mut blocks.positions);
    }
}

/// The bytes of all blocks, by what they are.
#[derive(Default)]
struct Blocks {
    bitmaps: Vec<u8>,
    docs: Vec<u8>,
    positions: Vec<u8>,
}

fn encode_blocks(input: &ListInput, corpus: Corpus<'_>, out: &mut Vec<u8>) {
    let (mut table, mut blocks) = (Table::default(), Blocks::default());
    let mut first = 0;
    for piece in pieces(input, |i, _| i.is_multiple_of(BLOCK_LEN)) {
        table.push(piece, corpus, &blocks.docs, &blocks.positions);
        let last = piece.ordinals.last().copied().unwrap_or(0);
        table.lasts.push(last);
        let mut bits = BitWriter::default();
        put_docs(piece, first, last - first + 1, &mut bits, &mut blocks.docs);
        bits.finish(&mut blocks.docs);
        piece.put_positions(corpus, &mut BitWriter::default(), &mut blocks.positions);
        first = last + 1;
    }
    table.write(corpus.limit(), blocks, out);
}

fn encode_dense(input: &ListInput, corpus: Corpus<'_>, out: &mut Vec<u8>) {
    let (mut table, mut blocks) = (Table::default(), Blocks::default());
    let block_of = |ordinal: u32| ordinal as usize / BLOCK_LEN;
    let starts_new = |i: usize, ordinal: u32| {
        let before = input.ordinals.get(i.wrapping_sub(1)).copied();
        before.is_none_or(|before| block_of(before) != block_of(ordinal))
    };
    let empty = Piece {
        ordinals: &[],
        frequencies: &[],
        positions: &[],
    };
    let mut pieces = pieces(input, starts_new).peekable();
    for block in 0..corpus.limit().div_ceil(BLOCK_LEN as u32) as usize {
        let is_here = |p: &Piece<'_>| p.ordinals.first().is_some_and(|&o| block_of(o) == block);
        let piece = pieces.next_if(is_here).unwrap_or(empty);
        table.push(piece, corpus, &blocks.docs, &blocks.positions);
        let mut bitmap = 0u128;
        for ordinal in piece.ordinals {
            bitmap |= 1 << (*ordinal as usize % BLOCK_LEN);
        }
        blocks.bitmaps.extend(bitmap.to_le_bytes());
        let mut bits = BitWriter::default();
        elias_fano::put_frequencies(piece.frequencies, &mut bits, &mut blocks.docs);
        bits.finish(&mut blocks.docs);
        piece.put_positions(corpus, &mut BitWriter::default(), &mut blocks.positions);
    }
    table.write(corpus.limit(), blocks, out);
}
