//! Vectors: 1-bit codes, and the cascade from their bounds to exact scores.

mod arithmetic;
mod best;
mod cascade;
mod codes;
mod query;
mod rotation;

pub use best::{At, Best};
pub use cascade::{Counts, Part, Rows, Scratch, search};
pub use codes::{CENTRE_SAMPLE, Codes, centre, codable, encode};
pub use query::{Prepared, Query};
pub use rotation::{Rotation, padded};
