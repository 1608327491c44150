//! Vectors: 1-bit codes, and the cascade from their bounds to exact scores.

mod arithmetic;
mod best;
mod cascade;
mod codes;
pub mod lists;
mod query;
mod rotation;

#[cfg(test)]
mod tests;

pub use best::{At, Best};
pub use cascade::{Counts, Part, Rows, Scratch, search, search_together};
pub use codes::{CENTRE_SAMPLE, CentreBuilder, Codes, CodesBuilder, codable, encode};
pub use query::{Prepared, Query, deviations};
pub use rotation::{Rotation, padded};
