//! The piece table: from the bytes of a word piece to its row number.
//!
//! Owns: a flat open-addressing hash table over one blob of text, built once at load. The hash of
//! every prefix of a word is computed in one pass, so that the longest-match search costs one
//! probe per tried length and never hashes a byte twice.
//! Invariants: at most half of the slots are taken, so that a probe always ends; pieces are
//! unique, not empty and at most `PIECE_BYTES_MAX` long. A piece that continues a word is stored
//! without its `##` mark and hashed from another seed.
//! Limits: `PIECES_MAX` pieces. The words come from `tokenizer`, the bytes from `container`.

use crate::error::{Code, Error, Result};

/// Longest piece in bytes, without the continuation mark.
pub(super) const PIECE_BYTES_MAX: usize = 64;
/// Most pieces a model may have.
pub(super) const PIECES_MAX: usize = 1 << 20;

/// What marks a piece that continues a word.
const CONTINUATION: &str = "##";

#[derive(Clone, Copy)]
struct Slot {
    /// Upper half of the hash, compared before the bytes are.
    tag: u32,
    /// Row number plus one; zero marks a free slot.
    row_plus_one: u32,
}

/// Maps pieces to row numbers.
pub(super) struct Vocabulary {
    slots: Vec<Slot>,
    mask: usize,
    text: Vec<u8>,
    /// Where each piece starts in `text`, and one final end.
    starts: Vec<u32>,
    continues: Vec<bool>,
    longest_bytes: usize,
}

/// Hash state before the first byte of a piece.
pub(super) fn seed(continues: bool) -> u64 {
    if continues {
        0x9E37_79B9_7F4A_7C15
    } else {
        0x2545_F491_4F6C_DD1D
    }
}

/// Hash state after one more byte.
pub(super) fn step(state: u64, byte: u8) -> u64 {
    (state.rotate_left(5) ^ u64::from(byte)).wrapping_mul(0x517C_C1B7_2722_0A95)
}

impl Vocabulary {
    /// Builds the table from the pieces in row order, each with its mark if it continues a word.
    pub(super) fn build<'a>(pieces: impl ExactSizeIterator<Item = &'a str>) -> Result<Self> {
        let count = pieces.len();
        let slot_count = (count * 2).next_power_of_two().max(16);
        let mut table = Vocabulary {
            slots: vec![
                Slot {
                    tag: 0,
                    row_plus_one: 0
                };
                slot_count
            ],
            mask: slot_count - 1,
            text: Vec::with_capacity(count * 8),
            starts: vec![0],
            continues: Vec::with_capacity(count),
            longest_bytes: 1,
        };
        for (row, piece) in (0_u32..).zip(pieces) {
            table.insert(row, piece)?;
        }
        Ok(table)
    }

    fn insert(&mut self, row: u32, piece: &str) -> Result<()> {
        let (body, continues) = match piece.strip_prefix(CONTINUATION) {
            Some(rest) if !rest.is_empty() => (rest.as_bytes(), true),
            _ => (piece.as_bytes(), false),
        };
        let hash = body
            .iter()
            .fold(seed(continues), |state, &byte| step(state, byte));
        let slot = self.probe(hash, body, continues);
        let fits = (1..=PIECE_BYTES_MAX).contains(&body.len());
        if !fits || self.slots[slot].row_plus_one != 0 {
            let message = format!("static model: piece {row} is empty, too long or repeated");
            return Err(Error::new(Code::InputInvalid, message));
        }
        self.slots[slot] = Slot {
            tag: tag_of(hash),
            row_plus_one: row + 1,
        };
        self.text.extend_from_slice(body);
        // The blob is bounded by PIECES_MAX * PIECE_BYTES_MAX = 2^26 bytes.
        self.starts.push(self.text.len() as u32);
        self.continues.push(continues);
        self.longest_bytes = self.longest_bytes.max(body.len());
        Ok(())
    }

    /// Finds the slot of a piece, or the free slot where it would go.
    fn probe(&self, hash: u64, body: &[u8], continues: bool) -> usize {
        let mut slot = (hash >> 20) as usize & self.mask;
        loop {
            let Slot { tag, row_plus_one } = self.slots[slot];
            if row_plus_one == 0 {
                return slot;
            }
            let row = row_plus_one as usize - 1;
            if tag == tag_of(hash) && self.continues[row] == continues && self.body(row) == body {
                return slot;
            }
            slot = (slot + 1) & self.mask;
        }
    }

    fn body(&self, row: usize) -> &[u8] {
        &self.text[self.starts[row] as usize..self.starts[row + 1] as usize]
    }

    /// The piece of a row, with its mark.
    #[cfg(test)]
    pub(super) fn piece(&self, row: u32) -> String {
        let mark = if self.continues[row as usize] {
            CONTINUATION
        } else {
            ""
        };
        mark.to_owned() + &String::from_utf8_lossy(self.body(row as usize))
    }

    /// The longest piece that begins `rest`: its row and its length in bytes.
    ///
    /// `rest` is UTF-8; only whole characters are matched, because only those are pieces.
    pub(super) fn longest_prefix(&self, rest: &[u8], continues: bool) -> Option<(u32, usize)> {
        let limit = rest.len().min(self.longest_bytes);
        let mut states = [0_u64; PIECE_BYTES_MAX];
        let mut state = seed(continues);
        for (slot, &byte) in states.iter_mut().zip(&rest[..limit]) {
            state = step(state, byte);
            *slot = state;
        }
        for len in (1..=limit).rev() {
            let slot = self.probe(states[len - 1], &rest[..len], continues);
            if let Some(row) = self.slots[slot].row_plus_one.checked_sub(1) {
                return Some((row, len));
            }
        }
        None
    }
}

fn tag_of(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn table(pieces: &[&str]) -> Result<Vocabulary> {
        Vocabulary::build(pieces.iter().copied())
    }

    #[test]
    fn the_longest_piece_wins_and_marks_are_kept_apart() {
        let t = table(&["un", "##un", "unable", "##able", "##", "#"]).unwrap();
        assert_eq!(t.longest_prefix(b"unable", false), Some((2, 6)));
        assert_eq!(t.longest_prefix(b"unables", false), Some((2, 6)));
        assert_eq!(t.longest_prefix(b"unab", false), Some((0, 2)));
        assert_eq!(t.longest_prefix(b"able", true), Some((3, 4)));
        assert_eq!(t.longest_prefix(b"able", false), None);
        assert_eq!(t.longest_prefix(b"##", false), Some((4, 2)));
    }

    #[test]
    fn empty_long_and_repeated_pieces_are_refused() {
        assert!(table(&["a", "a"]).is_err());
        assert!(table(&[""]).is_err());
        assert!(table(&["x".repeat(PIECE_BYTES_MAX + 1).as_str()]).is_err());
        assert!(table(&["x".repeat(PIECE_BYTES_MAX).as_str()]).is_ok());
    }
}
