//! The engram engine: one file that holds records, vectors and full text.
//!
//! Layers, each importing only the ones above it in this list:
//! `format` (byte layouts) <- `store` (the file) <- `kernel`, `index` (text, filters) <- `segment`
//! (immutable runs of records) <- `state` (one commit in memory) <- `query` (filter, retrieve, fuse)
//! <- `db` (database, transaction, checkpoint, repair). `embed` stands alone.

pub mod bitset;
mod checks;
pub mod db;
pub mod embed;
pub mod error;
pub mod format;
pub mod index;
pub mod kernel;
pub mod query;
pub mod segment;
pub mod state;
pub mod store;
pub mod value;

#[cfg(target_endian = "big")]
compile_error!("planes of float32 are mapped as they lie in the file, which is little-endian");
