//! The text index: analyser, inverted index, BM25, and the query that people type.
//!
//! Owns: terms, and the byte layout below. `writer` makes the bytes, `reader` (with `dictionary`
//! and `postings`) reads them; `layout` and `block` hold what both share. `term_counts` is the
//! same information about one record that is in no segment yet.
//!
//! # Byte layout, version 1
//!
//! Little-endian. A *varint* is LEB128: seven bits a byte, lowest first, high bit set on all but
//! the last byte; at most ten bytes. Five sections follow each other without padding, and their
//! sizes sum to the length of the whole:
//!
//! ```text
//! header      64 bytes
//!    0  u32  magic "EGTX"                 28  u32  dictionary block count
//!    4  u32  version, 1                   32  u64  bytes of the postings section
//!    8  u32  ordinal limit                40  u64  bytes of the dictionary section
//!   12  u32  documents with length > 0    48  16 bytes, zero
//!   16  u64  sum of all lengths
//!   24  u32  term count
//! lengths     u32 x ordinal limit: the number of terms of each ordinal, 0 if it has no text
//! postings    one list per term, in term order, gapless
//! dictionary  blocks of 16 terms (the last may have fewer), gapless
//! blocks      u64 x dictionary block count: where each block starts in the dictionary
//! ```
//!
//! Dictionary block: varint, where the list of its first term starts in the postings; then per term
//! varint bytes shared with the term before (0 for the first), varint bytes that follow, these
//! bytes, varint document frequency, varint bytes of its list. Terms are UTF-8, ascending by byte,
//! each once.
//!
//! List of a term with document frequency n: if n > 128, a table of ceil(n / 128) entries of 20
//! bytes (u32 last ordinal of the block, u32 highest frequency in it, u32 shortest document in it,
//! u64 end of the block, counted from the end of the table); then the blocks of 128 documents, the
//! last with the rest. Ordinals ascend, and each is stored as its *gap*: the number of ordinals
//! left out before it, since the one before in the list or, at the start, since 0.
//!
//! Block of 128: u8 bits g, u8 bits t, then 128 gaps of g bits and 128 (frequency - 1) of t bits,
//! each array packed lowest bit first into 16 g and 16 t bytes. Shorter block: per document varint
//! (gap x 2, + 1 if the frequency is 1), and the frequency as varint unless it is 1. Then, for each
//! document of the block in turn, its positions: varint differences, the first from 0.
//!
//! There is no checksum here: the container of the segment has one.
//!
//! # Limits and complexity
//!
//! Terms of [`MAX_TERM_BYTES`]; 2^32 - 1 ordinals. Opening reads the header alone. Looking up a term
//! takes log2(blocks) probes and one block; walking a list is linear, seeking skips blocks by
//! binary search. Malformed bytes give `corrupt.segment` where they are read; no length is trusted
//! for an allocation.

mod analyzer;
mod block;
mod bm25;
mod characters;
mod dictionary;
mod language;
mod layout;
mod names;
mod phrase;
mod postings;
mod query;
mod reader;
mod stem;
mod term_counts;
mod writer;

pub use analyzer::Analyzer;
pub use bm25::{Bm25, CorpusStats, TermScorer, idf};
pub use dictionary::{TermInfo, Terms};
pub use language::Language;
pub use phrase::{Phrase, phrase_frequency};
pub use postings::{Bound, Posting, Postings};
pub use query::{Condition, TextQuery, WeightedTerm};
pub use reader::TextIndexReader;
pub use term_counts::{TermCount, TermCounts};
pub use writer::TextIndexWriter;

/// Longest term, in bytes; longer ones are cut.
pub const MAX_TERM_BYTES: usize = 255;

#[cfg(test)]
mod tests;
