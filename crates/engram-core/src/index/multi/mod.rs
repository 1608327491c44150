//! Multi-vectors: token vectors compared by MaxSim (ColBERT; Khattab and Zaharia, SIGIR 2020).
//!
//! Owns: the bytes of the token vectors of a segment ([`TokensWriter`], [`Layout`]), their codes
//! ([`encode_codes`], [`TokenCodes`]), the scores of a query ([`TokenQuery`]), and how many records to
//! score exactly behind the codes ([`refine`]). Reading from a file is `segment::multi`, the search
//! over segments `query::multi`.
//!
//! The score of a record is the sum over the query's vectors of the largest product with one of its
//! own; under cosine all vectors are brought to norm 1 first.
//!
//! # Token vectors (F-170)
//!
//! Behind the head and the bitmap that all embeddings have, from a multiple of 64 on, sections each
//! at a multiple of 64, little-endian:
//!
//! ```text
//! firsts   u32 x (records + 1)  the first token of each record, then the number of all tokens
//! plane    tokens x stride      the vectors in the element type of the space
//! norms    f32 x tokens         one over each vector's norm, 0 for none; not for binary
//! scales   f32 x tokens         what a byte stands for; int8 only
//! ```
//!
//! Every record has a token at least, so the firsts ascend.
//!
//! # Codes (F-171)
//!
//! Derived. A token is the sum of a coarse codeword and of eight fine ones, each for an eighth of the
//! dimensions (product quantization of residuals; Jegou, Douze and Schmid, TPAMI 2011; PLAID scores
//! candidates by the coarse part alone: Santhanam et al., CIKM 2022). Sections as above:
//!
//! ```text
//! head     u32 dimension, u32 coarse codewords, u32 tokens, f32 step, 48 bytes of zeros
//! coarse   i8 x codewords x dimension
//! fine     i8 x 256 x dimension: for subspace m, 256 codewords of the dimensions d m / 8 to
//!          d (m + 1) / 8, rounded down
//! of each  u16 x tokens         the coarse codeword
//! codes    u8 x 8 x tokens      the fine ones
//! ```
//!
//! A number of a codeword is its byte times the step. There are no codes where the segment has few
//! tokens, where they are binary (sixteen bytes are no less than the vector), or where the norms are
//! so unequal that the sum of squares does not tell what matters for products.
//!
//! Everything that codes are made with is whole numbers, so that the same records give the same bytes
//! on every processor.

mod cluster;
mod codes;
mod query;
mod refine;
#[cfg(test)]
mod tests;
mod tokens;

pub use codes::{TokenCodes, encode_codes};
pub use query::{Precision, TokenQuery, Tokens};
pub use refine::refine;
pub use tokens::{Layout, TokensWriter};
