//! The text index: analyser, inverted index, BM25, and the query that people type.
//!
//! Owns: terms, and the byte layout below. `writer` makes the bytes, `reader` (with `dictionary`
//! and `postings`) reads them; `layout` and `block` hold what both share. `term_counts` is the
//! same information about one record that is in no segment yet.
//!
//! # Byte layout, version 2
//!
//! Little-endian. A *varint* is LEB128: seven bits a byte, lowest first, high bit set on all but
//! the last byte; at most ten bytes. *Packed* numbers of a width follow each other lowest bit first,
//! without gaps, up to a whole byte. Six sections follow each other without padding, and their sizes sum
//! to the length of the whole:
//!
//! ```text
//! header      64 bytes
//!    0  u32  magic "EGTX"                 32  u64  bytes of the lists section
//!    4  u32  version, 2                   40  u64  bytes of the dictionary section
//!    8  u32  ordinal limit, <= 2^31       48  u32  shortest length above 0, or 0
//!   12  u32  documents with length > 0    52  u32  longest length, <= 2^28
//!   16  u64  sum of all lengths           56  8 bytes, zero
//!   24  u32  term count
//!   28  u32  dictionary block count
//! lengths     the number of terms of each ordinal below the limit, 0 if it has no text; u8 each if
//!             the longest fits, else u16, else u32
//! lists       one list per term that several documents have, in term order, gapless
//! dictionary  blocks of 16 terms (the last may have fewer), gapless
//! keys        u64 x dictionary block count: the first eight bytes of the block's first term as a
//!             big-endian number, zeros behind a shorter one
//! starts      u32 x dictionary block count: where each block starts in the dictionary
//! ```
//!
//! Dictionary block: varint, where the next list starts in the lists section; then per term a byte of
//! bits 0-3 s, 4-6 r and 7 single; if s is 15 a varint to add to it; if r is 7 a varint to add to it;
//! then r + 1 bytes that follow the s bytes shared with the term before (0 for the first of a block).
//! Terms are UTF-8, ascending by byte, each once. If single is set, one document has the term once:
//! varint ordinal, varint position. Else a varint n. If n is 0, one document has the term several times:
//! varint ordinal, varint frequency, and varint differences of positions, the first from 0. Else n >= 2
//! documents have it: varint bytes of its list.
//!
//! In a list ordinals ascend, and each is stored as its *gap*: the number of ordinals left out before it,
//! since the one before in the list or, at the start, since 0. Frequencies are stored less 1. The
//! positions of a document of L terms are a bit stream, filled lowest bit first, of binary interpolative
//! codes within 0..=L-1: of p positions within low..=high the one at index p / 2 as a number below
//! high - low + 1, then those before it within low..=middle, then those behind it within middle..=high;
//! nothing where p is 0 or low is high. A number v below m is, with k = floor(log2 m) and
//! u = 2^(k+1) - m, v in k bits if v < u, else (v + u) / 2 in k bits and (v + u) mod 2 in one.
//!
//! A list of n documents has one of three forms.
//!
//! - Short, n <= 128: a byte of bits 0-4 g and 5-7 t; if t is 7 a byte to replace it; n packed gaps of g
//!   bits; n packed frequencies of t bits and then, in the same bit stream, the positions.
//! - Dense, n > 128 and 4 n >= the ordinal limit: a table with a row for every 128 ordinals below the
//!   limit; for each row 16 bytes, bit i of which says whether ordinal i of the row is in the list; the
//!   packed frequencies of each row, filled up to a multiple of 4 bytes; the positions of each row.
//! - Blocks, all others: a table with a row for every 128 documents; for each row its packed gaps and its
//!   packed frequencies; the positions of each row.
//!
//! A table is columns, the entries of all rows beside each other: of blocks only, the last ordinal; where
//! the frequencies (dense, in units of 4 bytes from the end of the bitmaps) or gaps (blocks, in units of
//! 16 bytes from the end of the table) start; u32 where the positions start, from the first; u8 the
//! highest frequency, or 255 if it is higher; four times u8 the length code of the shortest document with
//! a frequency of at least 1, 2, 3, 4; of blocks only, u8 the width of the gaps; u8 the width of the
//! frequencies. Of these, ordinals and starts are u16 if the ordinal limit is at most 65,536, else u32.
//! Length code c stands for c if c < 32, else for (16 + (c - 32) mod 16) x 2^(1 + (c - 32) / 16), and is
//! the highest that stands for no more than the length, 254 at most; 255 if there is no such document.
//!
//! There is no checksum here: the container of the segment has one.
//!
//! # Limits and complexity
//!
//! Terms of [`MAX_TERM_BYTES`]; 2^31 ordinals; indexes of 4 GiB. Opening reads header, lengths, keys and
//! starts. Looking up a term is a binary search over the keys and a walk over half a block; walking a list
//! is linear, seeking skips blocks. Malformed bytes give `corrupt.segment` where they are read; no length
//! is trusted for an allocation.

mod analyzer;
mod bits;
mod bm25;
mod characters;
mod dictionary;
mod language;
mod layout;
mod lengths;
mod list;
mod list_writer;
mod names;
mod phrase;
mod postings;
mod query;
mod reader;
mod source;
mod stem;
mod table;
mod term_counts;
mod writer;

pub use analyzer::Analyzer;
pub use bm25::{Bm25, Bounds, CorpusStats, Scale, TermScorer, idf};
pub use dictionary::{TermInfo, Terms};
pub use language::Language;
pub use list::{Block, Impacts, List};
pub use phrase::{Phrase, phrase_frequency};
pub use postings::{Posting, Postings};
pub use query::{Condition, TextQuery, WeightedTerm};
pub use reader::TextIndexReader;
pub use source::{Guard, Source};
pub use term_counts::{TermCount, TermCounts};
pub use writer::{TermHasher, TextIndexWriter};

/// Longest term, in bytes; longer ones are cut.
pub const MAX_TERM_BYTES: usize = 255;

#[cfg(test)]
mod tests;
