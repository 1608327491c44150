//! The filter language: text to tree, tree to text, tree against a record.
//!
//! Owns: the grammar, the limits and the meaning of every condition on metadata.
//!
//! ```text
//! or      = and  ( ("OR"  | "||") and  )*
//! and     = not  ( ("AND" | "&&") not  )*
//! not     = ("NOT" | "!") not | "(" or ")" | "EXISTS" path | path test
//! test    = ("=" | "==" | "!=" | ">" | ">=" | "<" | "<=") literal
//!         | "NOT"? ( "CONTAINS" literal | "CONTAINS" ("ANY" | "ALL") list | "IN" list
//!                  | "BETWEEN" literal "AND" literal | "STARTSWITH" string | "LIKE" string
//!                  | "EXISTS" )
//!         | "IS" "NOT"? "NULL"
//! list    = "[" values "]" | "(" values ")"     values = ( literal ("," literal)* )?
//! path    = part ("." part)*           part = name | "`" anything, "``" for one "`" "`"
//! literal = 'string' | "string" | integer | float | true | false | null
//!         | ("NOW" | "TODAY") "(" ")" ( ("+" | "-") integer unit )?
//! unit    = "second" | "minute" | "hour" | "day" | "week", each also with an "s"
//! ```
//!
//! Keywords are case-insensitive. Strings take backslash escapes (those of JSON, and `\'`, `\0`,
//! `\xNN`) and the doubled quote.
//!
//! Meaning of a leaf, with `reached` = the values at the path; a list of maps on the way sends the
//! path into each map:
//! - Nothing reached: every test is false, `!=` and `NOT IN` included.
//! - `= x` holds if a reached value, or an element of a reached list, equals `x`. `IN`, `BETWEEN`,
//!   `STARTSWITH`, `LIKE` and the orderings likewise need one value or element; but `CONTAINS` on a
//!   string looks for a substring, and on a list for an element that is equal. `CONTAINS ANY` and
//!   `CONTAINS ALL` are `CONTAINS` of each value, joined by `OR` and `AND`.
//! - `!= x` is "something reached, and not `= x`"; `IS NOT NULL` and every test with `NOT` before its
//!   word likewise, but for `NOT EXISTS`, which holds where nothing is reached. So `tags != "a"` is
//!   false where any tag is `a`, and `n != "a"` is true where `n` is a number.
//! - Numbers compare by exact value, integers never rounded; strings by code point; orderings
//!   between other types are false. `true` is no number. `null` equals null alone.
//! - `NOW()` is the time of parsing as text of the form of `time`, `TODAY()` its date, both in UTC.
//! - `AND`, `OR`, `NOT` are plain boolean: `NOT a = 1` holds where `a` is missing.
//!
//! Limits: [`MAX_FILTER_BYTES`], [`MAX_FILTER_DEPTH`], [`MAX_FILTER_NODES`]; the depth bounds every
//! recursion here. Complexity: parsing is linear but for sorting the `IN` lists; matching is
//! linear in the tree and the reached values, logarithmic in the length of an `IN` list.

mod condition;
mod display;
mod evaluate;
mod lexer;
mod like;
mod literal;
mod parser;
mod suggest;
mod time;
mod tree;

pub(crate) use evaluate::{any_reached, value_or_element};
pub use like::Like;
pub use literal::{LiteralSet, compare_literals};
pub use parser::{parse, parse_at, parse_path};
pub use suggest::suggest;
pub(crate) use time::{compare_as_text, with_iso_time};
pub use time::{iso_date, iso_time};
pub use tree::{Filter, Path, Test};

/// Fields that every record has, beside its metadata. Times are ISO 8601 in UTC, so that they
/// compare as text.
pub const BUILT_IN_FIELDS: [&str; 4] = ["_id", "_text", "_created", "_updated"];

/// Longest filter text, in bytes.
pub const MAX_FILTER_BYTES: usize = 1 << 20;
/// Deepest nesting of parentheses and `NOT`.
pub const MAX_FILTER_DEPTH: usize = 64;
/// Most tests and list literals in one filter.
pub const MAX_FILTER_NODES: usize = 1 << 16;

#[cfg(test)]
pub(crate) mod generators;
#[cfg(test)]
mod tests;
