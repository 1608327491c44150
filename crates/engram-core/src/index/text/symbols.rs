//! Pieces of terms that often come back, each under a code of one byte.
//!
//! Owns: the choice of the pieces, and both directions of the coding. Invariants: the table depends on the
//! terms alone; every byte that occurs has a code, so that everything can be coded; coding takes the
//! longest piece that fits. A small dictionary has no table: its codes are its bytes. Source: FSST (Boncz,
//! Neumann and Leis, VLDB 2020), with shorter pieces and no escapes.

use super::layout::corrupt;
use crate::error::Result;
use std::cmp::{Ordering, Reverse};

/// Bytes of an entry: the length of the piece, and the piece with zeros behind it.
pub(super) const ENTRY_BYTES: usize = 1 + PIECE_BYTES;
/// Longest piece.
const PIECE_BYTES: usize = 4;
const MAX_SYMBOLS: usize = 256;
/// Below so many bytes a table does not pay.
const MIN_BYTES: usize = 8 << 10;
/// About how many bytes the pieces are chosen by.
const SAMPLE_BYTES: usize = 32 << 10;
const ROUNDS: usize = 4;

/// Pieces by code, read.
#[derive(Clone, Copy)]
pub(super) struct Symbols<'a> {
    entries: &'a [[u8; ENTRY_BYTES]],
}

impl<'a> Symbols<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let (entries, _) = bytes.as_chunks();
        Symbols { entries }
    }

    /// Runs `f` on the bytes of `codes` until it returns false. False for a code that there is not.
    #[inline]
    fn each(&self, codes: &[u8], mut f: impl FnMut(u8) -> bool) -> Result<()> {
        for code in codes {
            if self.entries.is_empty() {
                if !f(*code) {
                    return Ok(());
                }
                continue;
            }
            let entry = self.entries.get(usize::from(*code));
            let [length, piece @ ..] = entry.ok_or_else(|| corrupt("a code without a piece"))?;
            for byte in piece.iter().take(usize::from(*length)) {
                if !f(*byte) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Compares what `codes` stand for with `other`, and counts the bytes at which they agree.
    #[inline]
    pub(super) fn compare(&self, codes: &[u8], other: &[u8]) -> Result<(Ordering, usize)> {
        let (mut same, mut order) = (0, None);
        self.each(codes, |byte| {
            match other.get(same).map(|wanted| byte.cmp(wanted)) {
                Some(Ordering::Equal) => same += 1,
                Some(differs) => order = Some(differs),
                None => order = Some(Ordering::Greater),
            }
            order.is_none()
        })?;
        let end = if same < other.len() {
            Ordering::Less
        } else {
            Ordering::Equal
        };
        Ok((order.unwrap_or(end), same))
    }

    /// Appends what `codes` stand for.
    pub(super) fn decode(&self, codes: &[u8], out: &mut Vec<u8>) -> Result<()> {
        self.each(codes, |byte| {
            out.push(byte);
            true
        })
    }
}

/// Pieces by code, to write with.
pub(super) struct Coder {
    /// Empty where codes are bytes.
    pieces: Vec<Vec<u8>>,
    /// Codes of the pieces that start with a byte, the longest first.
    by_first: Vec<Vec<u8>>,
}

impl Coder {
    /// Chooses pieces for `rests`, which are not empty.
    pub(super) fn new<'a>(rests: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let total: usize = rests.clone().map(<[u8]>::len).sum();
        let mut is_used = [false; 256];
        for byte in rests.clone().flatten() {
            if let Some(used) = is_used.get_mut(usize::from(*byte)) {
                *used = true;
            }
        }
        let used = (0..=255).zip(is_used).filter(|(_, used)| *used);
        let singles: Vec<Vec<u8>> = used.map(|(byte, _)| vec![byte]).collect();
        // With nearly all codes taken, longer pieces would be too few to pay.
        if total < MIN_BYTES || singles.len() > MAX_SYMBOLS * 3 / 4 {
            return Coder {
                pieces: Vec::new(),
                by_first: Vec::new(),
            };
        }
        let sample: Vec<&[u8]> = rests.step_by(total.div_ceil(SAMPLE_BYTES)).collect();
        let mut coder = Coder::of(singles.clone());
        for _ in 0..ROUNDS {
            coder = Coder::of(coder.improve(&sample, &singles));
        }
        coder
    }

    fn of(pieces: Vec<Vec<u8>>) -> Self {
        let mut by_first = vec![Vec::new(); 256];
        for (code, piece) in (0..=255u8).zip(&pieces) {
            let first = usize::from(piece.first().copied().unwrap_or(0));
            if let Some(codes) = by_first.get_mut(first) {
                codes.push(code);
            }
        }
        let length = |code: &u8| pieces.get(usize::from(*code)).map_or(0, Vec::len);
        for codes in &mut by_first {
            codes.sort_by_key(|code| Reverse(length(code)));
        }
        Coder { pieces, by_first }
    }

    /// The pieces that would save most of the sample: those there are, and pairs of them.
    fn improve(&self, sample: &[&[u8]], singles: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let mut counts = vec![0u32; MAX_SYMBOLS];
        let mut pairs = vec![0u32; MAX_SYMBOLS * MAX_SYMBOLS];
        let mut codes = Vec::new();
        for rest in sample {
            codes.clear();
            self.encode(rest, &mut codes);
            for code in &codes {
                if let Some(count) = counts.get_mut(usize::from(*code)) {
                    *count += 1;
                }
            }
            for pair in codes.windows(2) {
                if let [a, b] = *pair
                    && let Some(count) = pairs.get_mut(usize::from(a) << 8 | usize::from(b))
                {
                    *count += 1;
                }
            }
        }
        let piece = |code: usize| self.pieces.get(code).map_or(&[][..], Vec::as_slice);
        let known = counts
            .iter()
            .enumerate()
            .map(|(code, count)| (*count, piece(code).to_vec()));
        let joined = pairs.iter().enumerate().filter(|(_, count)| **count > 1);
        let joined =
            joined.map(|(pair, count)| (*count, [piece(pair >> 8), piece(pair & 255)].concat()));
        let is_longer = |p: &Vec<u8>| (2..=PIECE_BYTES).contains(&p.len());
        let mut gains: Vec<(u64, Vec<u8>)> = known
            .chain(joined)
            .filter(|(count, piece)| *count > 0 && is_longer(piece))
            .map(|(count, piece)| (u64::from(count) * piece.len() as u64, piece))
            .collect();
        gains.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let mut pieces = singles.to_vec();
        for (_, piece) in gains {
            if pieces.len() == MAX_SYMBOLS {
                break;
            }
            // A pair can spell a piece that there is.
            if !pieces.contains(&piece) {
                pieces.push(piece);
            }
        }
        pieces
    }

    /// Appends the codes of `rest`.
    pub(super) fn encode(&self, rest: &[u8], out: &mut Vec<u8>) {
        if self.pieces.is_empty() {
            out.extend(rest);
            return;
        }
        let mut left = rest;
        while let Some(&first) = left.first() {
            let codes = self
                .by_first
                .get(usize::from(first))
                .map_or(&[][..], Vec::as_slice);
            let fits = codes.iter().find_map(|&code| {
                let piece = self.pieces.get(usize::from(code))?;
                Some((code, left.strip_prefix(piece.as_slice())?))
            });
            // Every byte that occurs is a piece.
            let (code, after) = fits.unwrap_or((0, &[]));
            out.push(code);
            left = after;
        }
    }

    /// Appends the table.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for piece in &self.pieces {
            out.push(piece.len() as u8);
            out.extend(
                piece
                    .iter()
                    .copied()
                    .chain(std::iter::repeat(0))
                    .take(PIECE_BYTES),
            );
        }
    }

    /// How many pieces the table has.
    pub(super) fn len(&self) -> u32 {
        self.pieces.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rests(words: &[String]) -> impl Iterator<Item = &[u8]> + Clone {
        words.iter().map(String::as_bytes)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn rests_come_back_and_compare(
            words in prop::collection::vec("(tion|er|[a-e]|\u{65e5}|\u{672c}){1,6}", 1..3000), other in "[a-e]{0,4}"
        ) {
            let coder = Coder::new(rests(&words));
            let mut table = Vec::new();
            coder.write(&mut table);
            prop_assert_eq!(table.len(), coder.len() as usize * ENTRY_BYTES);
            let symbols = Symbols::new(&table);
            let (mut total, mut coded) = (0, 0);
            for word in &words {
                let (mut codes, mut back) = (Vec::new(), Vec::new());
                coder.encode(word.as_bytes(), &mut codes);
                symbols.decode(&codes, &mut back).unwrap();
                prop_assert_eq!(back.as_slice(), word.as_bytes());
                let same = word.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
                let found = symbols.compare(&codes, other.as_bytes()).unwrap();
                prop_assert_eq!(found, (word.as_bytes().cmp(other.as_bytes()), same));
                total += word.len();
                coded += codes.len();
            }
            prop_assert_eq!(coder.len() > 0, total >= MIN_BYTES);
            prop_assert!(coder.len() == 0 || coded * 3 < total * 2);
        }
    }
}
