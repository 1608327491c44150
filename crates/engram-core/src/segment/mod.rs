//! Segments: immutable runs of records with their indexes, built once and mapped.
//!
//! `build` turns records into bytes; `read` finds its way in them. Both sides of each part stand in
//! `parts`. Derived parts (id map, text index, fields) can be made again from the rest.

mod build;
mod parts;
mod read;

pub use build::SegmentBuilder;
pub(crate) use build::{collect_paths, inverse_norm};
pub use read::{Meta, Plane, Segment};
