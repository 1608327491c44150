//! The documents of one term to the bytes of its list.
//!
//! Owns: the choice of form (short, blocks, dense) and the writing of each. Invariant: the bytes depend
//! on the documents, their lengths and the ordinal limit alone. The opposite side is `list`; the layout
//! is in the header of `text`.

use super::bits::BitWriter;
use super::layout::{BLOCK_LEN, is_dense, is_narrow};
use super::lengths::{NO_LENGTH, code_of};

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

/// Appends the list of a term that at least two documents have.
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
    /// Gaps from `next`, the lowest ordinal that can come.
    fn gaps(&self, mut next: u32) -> Vec<u32> {
        let gap = |&ordinal: &u32| {
            let gap = ordinal - next;
            next = ordinal + 1;
            gap
        };
        self.ordinals.iter().map(gap).collect()
    }

    fn reduced(&self) -> Vec<u32> {
        self.frequencies.iter().map(|tf| tf - 1).collect()
    }

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

fn bits_of(values: &[u32]) -> u32 {
    u32::BITS
        - values
            .iter()
            .fold(0, |all, value| all | value)
            .leading_zeros()
}

fn pack(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let mut bits = BitWriter::default();
    values.iter().for_each(|&value| bits.put(value, width, out));
    bits.finish(out);
}

fn encode_short(input: &ListInput, corpus: Corpus<'_>, out: &mut Vec<u8>) {
    for piece in pieces(input, |_, _| false) {
        let (gaps, reduced) = (piece.gaps(0), piece.reduced());
        let (gap_bits, tf_bits) = (bits_of(&gaps), bits_of(&reduced));
        out.push((gap_bits | tf_bits.min(7) << 5) as u8);
        if tf_bits >= 7 {
            out.push(tf_bits as u8);
        }
        pack(&gaps, gap_bits, out);
        let mut bits = BitWriter::default();
        reduced
            .iter()
            .for_each(|&value| bits.put(value, tf_bits, out));
        piece.put_positions(corpus, &mut bits, out);
    }
}

/// Columns of a table, each entry of a column beside the next.
#[derive(Default)]
struct Table {
    /// Last ordinals; none for a dense list.
    lasts: Vec<u32>,
    /// Where the documents of a block start, in units of the form.
    starts: Vec<u32>,
    position_starts: Vec<u32>,
    impacts: [Vec<u8>; IMPACT_LENGTHS + 1],
    gap_bits: Vec<u8>,
    tf_bits: Vec<u8>,
}

impl Table {
    fn push_impacts(&mut self, impacts: [u8; IMPACT_LENGTHS + 1]) {
        let columns = self.impacts.iter_mut().zip(impacts);
        columns.for_each(|(column, value)| column.push(value));
    }

    fn write(&self, is_narrow: bool, out: &mut Vec<u8>) {
        for column in [&self.lasts, &self.starts] {
            for value in column {
                out.extend(
                    value
                        .to_le_bytes()
                        .iter()
                        .take(if is_narrow { 2 } else { 4 }),
                );
            }
        }
        out.extend(
            self.position_starts
                .iter()
                .flat_map(|start| start.to_le_bytes()),
        );
        self.impacts.iter().for_each(|column| out.extend(column));
        out.extend(&self.gap_bits);
        out.extend(&self.tf_bits);
    }
}

fn encode_blocks(input: &ListInput, corpus: Corpus<'_>, out: &mut Vec<u8>) {
    let mut table = Table::default();
    let (mut docs, mut positions) = (Vec::new(), Vec::new());
    let mut next = 0;
    for piece in pieces(input, |i, _| i.is_multiple_of(BLOCK_LEN)) {
        let (gaps, reduced) = (piece.gaps(next), piece.reduced());
        let (gap_bits, tf_bits) = (bits_of(&gaps), bits_of(&reduced));
        let last = piece.ordinals.last().copied().unwrap_or(0);
        next = last + 1;
        table.lasts.push(last);
        // Full blocks are multiples of 16 bytes.
        table.starts.push((docs.len() / 16) as u32);
        table.position_starts.push(positions.len() as u32);
        table.push_impacts(piece.impacts(corpus));
        table.gap_bits.push(gap_bits as u8);
        table.tf_bits.push(tf_bits as u8);
        pack(&gaps, gap_bits, &mut docs);
        pack(&reduced, tf_bits, &mut docs);
        piece.put_positions(corpus, &mut BitWriter::default(), &mut positions);
    }
    table.write(is_narrow(corpus.limit()), out);
    out.append(&mut docs);
    out.append(&mut positions);
}

fn encode_dense(input: &ListInput, corpus: Corpus<'_>, out: &mut Vec<u8>) {
    let mut table = Table::default();
    let (mut bitmaps, mut frequencies, mut positions) = (Vec::new(), Vec::new(), Vec::new());
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
        let mut bitmap = 0u128;
        for ordinal in piece.ordinals {
            bitmap |= 1 << (*ordinal as usize % BLOCK_LEN);
        }
        bitmaps.extend(bitmap.to_le_bytes());
        let reduced = piece.reduced();
        let tf_bits = bits_of(&reduced);
        table.starts.push((frequencies.len() / 4) as u32);
        table.position_starts.push(positions.len() as u32);
        table.push_impacts(piece.impacts(corpus));
        table.tf_bits.push(tf_bits as u8);
        pack(&reduced, tf_bits, &mut frequencies);
        frequencies.resize(frequencies.len().next_multiple_of(4), 0);
        piece.put_positions(corpus, &mut BitWriter::default(), &mut positions);
    }
    table.write(is_narrow(corpus.limit()), out);
    out.append(&mut bitmaps);
    out.append(&mut frequencies);
    out.append(&mut positions);
}
