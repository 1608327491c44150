//! The weighted sum of piece vectors, in integers.
//!
//! Owns: the sum of one text. A row holds 4-bit levels, two a byte (dimension `j` in the low half
//! of byte `j`, dimension `j + dim / 2` in the high half); level `n` stands for `(2n - 15)` times
//! the row's weight. A piece that occurs `c` times counts `c^0.625` times: words repeated in a long
//! text do not drown the rest (measured in `tools/static_model/README.md`).
//! Invariant: all sums are exact integers, so that a text has the same vector on every machine,
//! alone or in a batch.
//! Characters without a row get a fixed pseudo-random direction, one for the character and one for
//! the pair with the unknown character before it: equal texts meet, others are near orthogonal.
//! Limits: `PIECES_PER_TEXT_MAX` pieces count, the rest of the text is left out; memory is 8 bytes
//! a piece. The order of the bytes is fixed in `container`.

use super::tokenizer::Piece;

/// Pieces that count towards one vector.
pub(super) const PIECES_PER_TEXT_MAX: usize = 1 << 20;
/// Rows added in 16 bits before the block moves to 64 bits (17 * 15 * 255 < 2^16).
const BLOCK_ROWS: u32 = 16;
/// Marks the key of a direction, apart from row numbers.
const DIRECTION: u64 = 1 << 63;
/// How much a piece that occurs once counts; the unit of all counts.
const ONCE: u64 = 16;

/// Rows and weights of a model, borrowed.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) dimension: usize,
    pub(super) levels: &'a [u8],
    pub(super) weights: &'a [u8],
    pub(super) unknown_weight: u16,
}

/// Pieces and running sum of one text; reusable.
pub(super) struct Sum {
    keys: Vec<u64>,
    block: Vec<u16>,
    block_rows: u32,
    /// Sum of `2n * weight * count`, and of `direction * weight * count`.
    total: Vec<i64>,
    /// Sum of `weight * count` over the rows.
    weight_total: u64,
}

/// How much a piece that occurs `count` times counts, in units of `1 / ONCE`. Square roots are
/// exactly rounded everywhere, powers are not.
fn repeat_factor(count: usize) -> u64 {
    let root = (count as f64).sqrt();
    (ONCE as f64 * root * root.sqrt().sqrt()).round() as u64
}

impl Sum {
    pub(super) fn new(dimension: usize) -> Self {
        Sum {
            keys: Vec::new(),
            block: vec![0; dimension],
            block_rows: 0,
            total: vec![0; dimension],
            weight_total: 0,
        }
    }

    /// Adds one piece; false once the limit is reached.
    pub(super) fn add(&mut self, piece: Piece) -> bool {
        match piece {
            Piece::Known(row) => self.keys.push(row.into()),
            Piece::Unknown { before, this } => {
                let this = DIRECTION | u64::from(u32::from(this));
                self.keys.push(this);
                self.keys
                    .extend(before.map(|c| this | u64::from(u32::from(c)) << 32));
            }
        }
        self.keys.len() < PIECES_PER_TEXT_MAX
    }

    /// Writes the unit vector and empties the sum; false, and zeros, if no piece was added or all
    /// cancelled out.
    pub(super) fn finish(&mut self, rows: Rows<'_>, out: &mut [f32]) -> bool {
        let mut keys = std::mem::take(&mut self.keys);
        keys.sort_unstable();
        for run in keys.chunk_by(|a, b| a == b) {
            match (run[0], run.len()) {
                (key, count) if key & DIRECTION != 0 => self.add_direction(rows, key, count),
                (row, 1) => self.add_once(rows, row as usize),
                (row, count) => self.add_repeated(rows, row as usize, count),
            }
        }
        keys.clear();
        self.keys = keys;
        self.flush();
        self.normalise(out)
    }

    fn add_once(&mut self, rows: Rows<'_>, row: usize) {
        let (levels, weight) = rows.row(row);
        let (low, high) = self.block.split_at_mut(levels.len());
        for ((low, high), &byte) in low.iter_mut().zip(high).zip(levels) {
            *low += u16::from(byte & 15) * u16::from(weight);
            *high += u16::from(byte >> 4) * u16::from(weight);
        }
        self.weight_total += u64::from(weight) * ONCE;
        self.block_rows += 1;
        if self.block_rows == BLOCK_ROWS {
            self.flush();
        }
    }

    fn add_repeated(&mut self, rows: Rows<'_>, row: usize, count: usize) {
        let (levels, weight) = rows.row(row);
        let weight = u64::from(weight) * repeat_factor(count);
        // At most 255 * 16 * (2^20)^0.625 * 30 < 2^32.
        let twice = 2 * weight as u32;
        let (low, high) = self.total.split_at_mut(levels.len());
        for ((low, high), &byte) in low.iter_mut().zip(high).zip(levels) {
            *low += i64::from(u32::from(byte & 15) * twice);
            *high += i64::from(u32::from(byte >> 4) * twice);
        }
        self.weight_total += weight;
    }

    fn flush(&mut self) {
        for (total, block) in self.total.iter_mut().zip(&mut self.block) {
            *total += i64::from(u32::from(*block) * (2 * ONCE as u32));
            *block = 0;
        }
        self.block_rows = 0;
    }

    /// Adds plus or minus a weight to each dimension, signs drawn from `key` by SplitMix64.
    fn add_direction(&mut self, rows: Rows<'_>, key: u64, count: usize) {
        let weight = i64::from(rows.unknown_weight) * repeat_factor(count) as i64;
        let mut state = key;
        for chunk in self.total.chunks_mut(64) {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut bits = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            bits ^= bits >> 31;
            for (i, value) in chunk.iter_mut().enumerate() {
                *value += if bits >> i & 1 == 1 { weight } else { -weight };
            }
        }
    }

    fn normalise(&mut self, out: &mut [f32]) -> bool {
        let offset = 15 * self.weight_total as i64;
        let mut squares = 0.0_f64;
        for total in &mut self.total {
            *total -= offset;
            squares += (*total as f64) * (*total as f64);
        }
        let inverse = if squares > 0.0 {
            1.0 / squares.sqrt()
        } else {
            0.0
        };
        for (out, total) in out.iter_mut().zip(&mut self.total) {
            *out = (*total as f64 * inverse) as f32;
            *total = 0;
        }
        self.weight_total = 0;
        squares > 0.0
    }
}

impl<'a> Rows<'a> {
    fn row(self, row: usize) -> (&'a [u8], u8) {
        let half = self.dimension / 2;
        (&self.levels[row * half..][..half], self.weights[row])
    }
}
