//! Segments: immutable runs of records with their indexes, built once and mapped.
//!
//! `build` turns records into bytes; `read` finds its way in them. Both sides of each part stand in
//! `parts`, compressed ones in `blocks` as well. `edges` does both for segments of edges. Derived parts (id map, text index, fields) can be made again from the rest.

mod blocks;
mod build;
mod edges;
mod parts;
mod read;

pub(crate) use blocks::{Blocks, Unpacked};
pub use build::SegmentBuilder;
pub(crate) use build::{collect_paths, inverse_norm};
pub use edges::{EdgeSegment, NewEdges};
pub use read::{Meta, Plane, Segment};
