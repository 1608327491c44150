//! Derived indexes over records, and the conditions that choose records.
//!
//! Owns: pure encoders, decoders and evaluators. Nothing here opens a file, reads a clock or keeps
//! global state: `store` hands in bytes and takes bytes out. Every decoder treats its bytes as
//! hostile: it answers with `corrupt.segment`, and never panics or allocates by an unread length.

pub mod column;
pub mod filter;
pub mod graph;
pub mod multi;
#[cfg(test)]
mod normal;
pub mod sparse;
pub mod text;
pub mod vector;
