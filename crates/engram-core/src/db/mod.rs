//! Database, transaction, view: what the boundary calls.
//!
//! `engine` follows the file of one storage from where `head` stands, `gate` guards its write lock and
//! `idle` its pins; `commit` and `checkpoint` write it;
//! `compact` chooses what a checkpoint rewrites, `edges` does all of this for edges, `lists` for lists; `rewrite` makes whole new files (optimize, backup,
//! doctor); `reembed` fills a space beside the one that it is to replace; `verify` and `doctor` look for damage; `database` ties them to a place.

mod checkpoint;
mod coding;
mod commit;
mod compact;
mod database;
mod doctor;
mod edges;
mod engine;
mod gate;
mod head;
mod history;
mod idle;
mod lists;
mod reembed;
mod rewrite;
mod stats;
mod transaction;
mod verify;

pub use database::{Database, OpenOptions};
pub use doctor::{DoctorOptions, DoctorReport, doctor};
pub use edges::NewEdge;
#[cfg(any(test, feature = "testing"))]
pub use lists::set_least_rows;
pub use reembed::{NextSpace, next_space, pending, pending_count};
pub use rewrite::RewriteReport;
pub use stats::{CollectionStats, Stats, any_in_space, records_in_space};
pub use transaction::{NewRecord, NewVector, RecordUpdate, Transaction};
pub use verify::{Problem, VerifyReport};
