//! Segments: immutable runs of records with their indexes, built once and mapped.
//!
//! `build` turns records into bytes; `read` finds its way in them. Both sides of each part stand in
//! `parts`. Derived parts (id map, text index, columns) can be made again from the rest.

mod build;
mod columns;
mod parts;
mod read;

pub use build::SegmentBuilder;
pub(crate) use build::inverse_norm;
pub use columns::PathColumn;
pub use read::{Meta, Plane, Segment};
