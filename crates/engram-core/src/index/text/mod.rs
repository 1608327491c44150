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
//!   16  u64  sum of all lengths           56  u32  symbol count
//!   24  u32  term count                   60  4 bytes, zero
//!   28  u32  dictionary block count
//! lengths     the number of terms of each ordinal below the limit, which is one above the last that has
//!             any; 0 if it has none; u8 each if the longest fits, else u16, else u32
//! lists       one list per term that stands more than once, in term order, gapless
//! dictionary  blocks of 16 terms (the last may have fewer), gapless
//! symbols     5 bytes each: u8 length of a piece, 1 to 4, and the piece with zeros behind it
//! keys        of each dictionary block u64: the first eight bytes of its first term as a big-endian
//!             number, zeros behind a shorter one; before them every 16th of these, before those every
//!             16th of those, and so on, up to 16 at most
//! starts      u32 x dictionary block count: where each block starts in the dictionary
//! ```
//!
//! Dictionary block: varint, where its next list starts in the lists section; varint, bytes of the rests;
//! heads, rests, infos. A head is a byte for each term: bits 0-3 s, 4-6 t and 7 single. The rest of a term
//! is, if s is 15, a varint to add to it; if t is 7, a varint to add to it; then t + 1 codes for the bytes
//! that follow the s bytes shared with the term before (0 for the first of a block): code i is piece i of
//! the symbols, or byte i where there are no symbols. Terms are UTF-8, ascending by byte, each once. The
//! info of a term is, if single is set, a varint: the one position where it stands times the ordinal limit,
//! plus the one ordinal. Else a byte of bits 0-3 n and 4-7 m; if n is 15, a varint to add to it; if m is
//! 15, a varint to add to it: n documents have it, and its list has m bytes more than a short list of n
//! documents with no positions and no frequency above 1 has; or m bytes where n > 128.
//!
//! *Ordinals* o_1 < ... < o_n below a universe u are coded so (Elias-Fano), with k = floor(log2(u / n)), or
//! 0 if that is negative: the lowest k bits of each, packed; then n + floor((u - 1) / 2^k) bits, of which
//! number floor(o_i / 2^k) + i - 1 is set for each i, and no other. *Frequencies* are coded, each below 16,
//! as so many bits less one that are 0, and a 1; 16 and above as 15 bits of 0 and a 1, and then, behind
//! all, 24 bits for each of these: what is above 16. *Positions* of a document of L terms are binary
//! interpolative codes within 0..=L-1: of p positions within low..=high the one at index floor(p / 2) as a
//! number below high - low + 1, then those before it within low..=middle, then those behind it within
//! middle..=high; nothing where p is 0 or low is high. A number v below m is, with k = floor(log2 m) and
//! u = 2^(k+1) - m, v in k bits if v < u, else floor((v + u) / 2) in k bits and (v + u) mod 2 in one.
//!
//! A list of n documents has one of three forms.
//!
//! - Short, n <= 128: one bit stream of the ordinals below the ordinal limit, the frequencies, and the
//!   positions of one document after the other.
//! - Dense, n > 128 and 4 n >= the ordinal limit: a table with a row for every 128 ordinals below the
//!   limit; for each row 16 bytes, bit i of which says whether ordinal i of the row is in the list; for
//!   each row the frequencies; for each row the positions.
//! - Blocks, all others: a table with a row for every 128 documents; for each row a bit stream of the
//!   ordinals, counted from the one behind the last of the row before, below the last of the row plus one,
//!   and the frequencies; for each row the positions.
//!
//! A table is columns, the entries of all rows beside each other: u8 the highest frequency, or 255 if it
//! is higher; four times u8 the length code of the shortest document with a frequency of at least 1, 2, 3,
//! 4; where in the list ordinals and frequencies start, or frequencies alone; where the positions start; of
//! blocks only, the last ordinal. Starts are u16 if the list has less than 65,536 bytes, else u32; ordinals
//! are u16 if the ordinal limit is at most 65,536, else u32. Length code c stands for c if c < 32, else for
//! (16 + (c - 32) mod 16) x 2^(1 + floor((c - 32) / 16)), and is the highest that stands for no more than
//! the length, 254 at most; 255 if there is no such document. Bit streams of rows end with a whole byte.
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
mod dictionary_writer;
mod elias_fano;
mod function_words;
mod highlight;
mod keys;
mod language;
mod layout;
mod lengths;
mod list;
mod list_writer;
mod merge;
mod names;
mod near;
mod phrase;
mod postings;
mod query;
mod query_items;
mod reader;
mod settings;
mod snippet;
mod source;
mod stem;
mod symbols;
mod table;
mod term_counts;
mod terms;
mod writer;

pub use analyzer::Analyzer;
pub use bm25::{Bm25, Bounds, CorpusStats, Scale, TermScorer, idf};
pub use dictionary::TermInfo;
pub use language::Language;
pub use list::{Block, Impacts, List};
pub use merge::{DROPPED, MergeSource, merge};
pub use near::collect_near;
pub use phrase::{Phrase, phrase_frequency};
pub use postings::{Posting, Postings};
pub use query::{Condition, Group, TextQuery, WeightedTerm};
pub use reader::{Located, TextIndexReader};
pub use settings::{StopWords, TextSettings};
pub use snippet::{MAX_LOOKED_AT_BYTES, Mark, Snippet, SnippetShape, snippets};
pub use source::{Guard, Source};
pub use term_counts::{TermCount, TermCounts};
pub use terms::Terms;
pub use writer::{TermHasher, TextIndexWriter};

/// Longest term, in bytes; longer ones are cut.
pub const MAX_TERM_BYTES: usize = 255;

#[cfg(test)]
mod tests;
