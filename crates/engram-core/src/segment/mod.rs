//! Segments: immutable runs of records with their indexes, built once and mapped.
//!
//! `build` turns records into bytes; `read` finds its way in them. Both sides of each part stand in
//! `parts`. Derived parts (id map, text index, fields) can be made again from the rest.

mod build;
mod parts;
mod plane;
mod read;

pub use build::SegmentBuilder;
pub(crate) use build::collect_paths;
pub(crate) use plane::inverse_norm;
pub use plane::{Plane, PlaneData};
pub use read::{Meta, Segment};
