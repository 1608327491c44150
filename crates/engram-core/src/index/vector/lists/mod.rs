//! Clustered lists: the codes of many segments again, those of near rows together, so that a query
//! reads the lists near it instead of all codes (F-180 to F-184).
//!
//! Rows are divided by k-means (`codebook`), and each is in two lists: the one of the nearest centre,
//! and the one that makes up best for what the first misses (Sun, Simcha, Dopson, Guo and Kumar, "SOAR:
//! Improved Indexing for Approximate Nearest Neighbor Search", NeurIPS 2023). A row is coded as what is
//! left of it beside the centre of its list. How many lists a query reads follows from the recall it
//! asks for: what share of all entries neighbours of sampled rows needed is measured when lists are built,
//! and kept in their `head`.
//!
//! Owns: the parts of lists, their writer and their search. Which segments they cover, and when they are
//! built, is `db::lists`; which rows a query may find, `query::lists`.

mod codebook;
mod head;
mod search;
mod write;

pub use codebook::{Codebook, Sample, unit};
pub use head::{Covered, DEPTHS, Head, Needs};
pub use search::{Centres, Listed, ListsScratch, Order, Reading, search_lists};
pub use write::{ListsWriter, Places, Slots, each_list};

/// Rows that a list has on average, each counted once. Fewer make better lists, and more of them to compare
/// each row with; tests have few rows.
const ROWS_PER_LIST: usize = if cfg!(any(test, feature = "testing")) {
    24
} else {
    256
};
/// Rows that a centre is taken from.
const ROWS_PER_CENTRE: usize = 40;

/// How many lists so many rows are divided into.
#[must_use]
pub fn lists_for(rows: usize) -> usize {
    (rows / ROWS_PER_LIST).clamp(2, 1 << 16)
}

/// How many rows centres are taken from.
#[must_use]
pub fn sample_for(lists: usize, rows: usize) -> usize {
    lists.saturating_mul(ROWS_PER_CENTRE).min(rows)
}

/// The number of no row: what fills up the last block of a list.
pub const NO_ROW: u32 = u32::MAX;
