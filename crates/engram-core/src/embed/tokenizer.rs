//! Text to word pieces, as the uncased BERT tokenizer does it.
//!
//! Owns: cleaning, accent stripping, lower-casing, splitting into words, and the greedy longest
//! match. Equal to `BertNormalizer` + `BertPreTokenizer` + `WordPiece` of the `tokenizers` package
//! for every word the vocabulary covers (golden rows in `tests`).
//! Differences, on purpose: where the reference replaces a whole word by `[UNK]`, the pieces that
//! are known are kept and each unknown character is reported, so that no script is lost; and a
//! word over 100 characters is cut into pieces instead of dropped.
//! Limits: linear in the text; the buffers hold one word and one run of non-ASCII text.
//! The vectors of the pieces are summed in `pooling`.

use super::classes::{DROPPED, IDEOGRAPHS, MARKS, PUNCTUATION, contains};
use super::vocabulary::Vocabulary;
use unicode_normalization::UnicodeNormalization;

/// One unit of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A piece of the vocabulary, by row.
    Known(u32),
    /// A character no piece covers, and the unknown character right before it, if there is one.
    Unknown { before: Option<char>, this: char },
}

/// Calls `sink` with each piece of `text`, until it returns false.
pub(super) fn split(vocabulary: &Vocabulary, text: &str, sink: &mut impl FnMut(Piece) -> bool) {
    let mut splitter = Splitter {
        vocabulary,
        sink,
        word: String::new(),
        before: None,
        open: true,
    };
    let mut rest = text;
    while splitter.open && !rest.is_empty() {
        let ascii_len = rest.bytes().position(|b| b >= 0x80).unwrap_or(rest.len());
        splitter.ascii(&rest.as_bytes()[..ascii_len]);
        rest = &rest[ascii_len..];
        let other_len = rest.bytes().position(|b| b < 0x80).unwrap_or(rest.len());
        splitter.beyond_ascii(&rest[..other_len]);
        rest = &rest[other_len..];
    }
    splitter.end_word();
}

struct Splitter<'a, S> {
    vocabulary: &'a Vocabulary,
    sink: &'a mut S,
    word: String,
    before: Option<char>,
    /// False once the sink has had enough.
    open: bool,
}

impl<S: FnMut(Piece) -> bool> Splitter<'_, S> {
    fn ascii(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' => self.word.push(char::from(byte)),
                b'A'..=b'Z' => self.word.push(char::from(byte | 0x20)),
                b' ' | b'\t' | b'\n' | b'\r' => self.gap(),
                0x21..=0x7e => self.single(char::from(byte)),
                _ => {} // Control characters vanish, even inside a word.
            }
            if !self.open {
                return;
            }
        }
    }

    /// A run without ASCII. Marks never decompose into or reorder across ASCII, so that runs can
    /// be normalised on their own.
    fn beyond_ascii(&mut self, run: &str) {
        let spaced: String = run
            .chars()
            .filter(|&c| !contains(DROPPED, c))
            .flat_map(|c| {
                let edge = contains(IDEOGRAPHS, c).then_some('\u{0}');
                edge.into_iter().chain([c]).chain(edge)
            })
            .collect();
        let bare = spaced.nfd().filter(|&c| !contains(MARKS, c));
        for c in bare.flat_map(char::to_lowercase) {
            match c {
                '\u{0}' => self.end_word(),
                c if c.is_whitespace() => self.gap(),
                c if c.is_ascii_punctuation() || contains(PUNCTUATION, c) => self.single(c),
                c => self.word.push(c),
            }
            if !self.open {
                return;
            }
        }
    }

    fn gap(&mut self) {
        self.end_word();
        self.before = None;
    }

    fn single(&mut self, c: char) {
        self.end_word();
        self.word.push(c);
        self.end_word();
    }

    /// Emits the pieces of the word collected so far.
    fn end_word(&mut self) {
        let mut start = 0;
        while self.open && start < self.word.len() {
            let rest = &self.word[start..];
            let piece = match self.vocabulary.longest_prefix(rest.as_bytes(), start > 0) {
                Some((row, len)) => {
                    start += len;
                    self.before = None;
                    Piece::Known(row)
                }
                None => {
                    let Some(this) = rest.chars().next() else {
                        break;
                    };
                    start += this.len_utf8();
                    Piece::Unknown {
                        before: self.before.replace(this),
                        this,
                    }
                }
            };
            self.open = (self.sink)(piece);
        }
        self.word.clear();
    }
}
