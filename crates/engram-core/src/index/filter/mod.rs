//! The filter language: text to tree, tree to text, tree against a record.
//!
//! Owns: the grammar, the limits and the meaning of every condition on metadata.
//!
//! ```text
//! or      = and  ( ("OR"  | "||") and  )*
//! and     = not  ( ("AND" | "&&") not  )*
//! not     = ("NOT" | "!") not | "(" or ")" | "EXISTS" path | path test
//! test    = ("=" | "==" | "!=" | ">" | ">=" | "<" | "<=") literal
//!         | "CONTAINS" literal | "STARTSWITH" string
//!         | "NOT"? "IN" ( "[" list "]" | "(" list ")" )
//!         | "EXISTS" | "IS" "NOT"? "NULL"
//! list    = ( literal ("," literal)* )?
//! path    = part ("." part)*           part = name | "`" anything, "``" for one "`" "`"
//! literal = 'string' | "string" | integer | float | true | false | null
//! ```
//!
//! Keywords are case-insensitive. Strings take backslash escapes (those of JSON, and `\'`, `\0`,
//! `\xNN`) and the doubled quote.
//!
//! Meaning of a leaf, with `reached` = the values at the path; a list of maps on the way sends the
//! path into each map:
//! - Nothing reached: every test is false, `!=` and `NOT IN` included.
//! - `= x` holds if a reached value, or an element of a reached list, equals `x`. `IN`, `CONTAINS`,
//!   `STARTSWITH` and the orderings likewise need one value or element; but `CONTAINS` on a string
//!   looks for a substring, and on a list for an element that is equal.
//! - `!= x` is "something reached, and not `= x`"; `NOT IN` and `IS NOT NULL` likewise. So
//!   `tags != "a"` is false where any tag is `a`, and `n != "a"` is true where `n` is a number.
//! - Numbers compare by exact value, integers never rounded; strings by code point; orderings
//!   between other types are false. `true` is no number. `null` equals null alone.
//! - `AND`, `OR`, `NOT` are plain boolean: `NOT a = 1` holds where `a` is missing.
//!
//! Limits: [`MAX_FILTER_BYTES`], [`MAX_FILTER_DEPTH`], [`MAX_FILTER_NODES`]; the depth bounds every
//! recursion here. Complexity: parsing is linear but for sorting the `IN` lists; matching is
//! linear in the tree and the reached values, logarithmic in the length of an `IN` list.

mod display;
mod evaluate;
mod lexer;
mod literal;
mod parser;
mod suggest;
mod tree;

pub use literal::{LiteralSet, compare_literals};
pub use parser::parse;
pub use suggest::suggest;
pub use tree::{Filter, Path, Test};

/// Longest filter text, in bytes.
pub const MAX_FILTER_BYTES: usize = 1 << 20;
/// Deepest nesting of parentheses and `NOT`.
pub const MAX_FILTER_DEPTH: usize = 64;
/// Most tests and list literals in one filter.
pub const MAX_FILTER_NODES: usize = 1 << 16;

#[cfg(test)]
mod tests;
