//! Segments: immutable runs of records with their indexes, built once and mapped.
//!
//! `build` turns records into bytes; `read` finds its way in them. Both sides of each part stand in
//! `parts`, compressed ones in `blocks` as well. `edges` does both for segments of edges.
//! Derived parts (id map, text index, columns) can be made again from the rest.

mod blocks;
mod build;
mod columns;
mod edges;
mod lists;
mod multi;
mod parts;
mod plane;
mod read;
mod row_set;
mod text;
mod vectors;

pub use build::{Coding, SegmentBuilder};
pub use columns::PathColumn;
pub use edges::{EdgeSegment, NewEdges};
pub(crate) use edges::{PropertyReader, Weights};
pub use lists::{ListSegment, NewLists};
pub use multi::MultiVectors;
pub use plane::Plane;
pub(crate) use plane::inverse_norm;
pub use read::{Meta, Segment};
pub use row_set::RowSet;
pub(crate) use text::TextParts;
pub use vectors::Vectors;
