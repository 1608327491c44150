//! Columns: for each metadata path of a segment, the distinct values and who has which.
//!
//! Owns: the layout of the COLUMNS part and what a test on a path costs. `build` takes records and
//! gives the part (`encode` writes each column); `directory` finds a column, `read` asks it. A column
//! is a *dictionary* (`group`, of `numbers` and `strings`) and a *body*: `planes` where every record
//! has at most one value, else or where few records have one, `postings`.
//!
//! The meaning of a test is that of `index::filter`, whose evaluation of one record is the oracle of
//! the tests here.
//!
//! # Byte layout
//!
//! The part begins with the directory (see `directory`). Column: u8 flags (1: lists, else planes; 2:
//! planes with code 0 for records without the path; 4: entry 0 is *other*; 8: some record has bytes there), pairs of record and entry
//! varint, values at the path (`group`), elements of lists at the path (`group`), body. Entries are
//! numbered through: other, values, elements. The code of an entry is its number, one more with flag 2.
//!
//! *Other* is held by records that have a map, bytes, an empty list or a list without scalars at the path, and
//! no scalar. `_created` and `_updated` are columns of times, `_text` one of *other* for records with
//! text; metadata under these names or `_id` has none, as no filter can reach it.
//!
//! # Limits
//!
//! [`MAX_COLUMNS`] paths a segment, the first that occur; the directory then says that there are more.
//! Strings that take more than 24 packed bytes a record and value are hashed: equality is looked up
//! and then checked against the records, other tests of strings go to the records.

mod build;
mod directory;
mod encode;
mod group;
mod numbers;
mod order;
mod planes;
mod postings;
mod read;
mod strings;

pub use build::ColumnsWriter;
pub use directory::{Directory, Found, HEAD_BYTES, length, name};
pub(crate) use order::{compare as compare_values, equal as equal_values};
pub use read::{Column, Wanted};

/// Most paths of a segment that get a column.
pub const MAX_COLUMNS: usize = 4096;

#[cfg(test)]
mod tests;
