//! The filter tree.
//!
//! Owns: its shape. Invariants: `And` and `Or` hold two or more parts; literals are scalars and
//! finite; nesting from [`super::parse`] is at most `MAX_FILTER_DEPTH`. The tree is plain data:
//! meaning is in `evaluate`, text in `display` and `parser`.

use super::{Like, LiteralSet};
use crate::value::Value;
use std::collections::BTreeSet;

/// A field path: its parts, outermost first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(pub Vec<String>);

impl Path {
    /// The outermost field.
    pub fn root(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }
}

/// What is asked of the values at a path. The parser makes the orderings of numbers and strings
/// only.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `= x`, and `IS NULL` as equality with null.
    Equal(Value),
    /// `< x`
    Less(Value),
    /// `<= x`
    LessEqual(Value),
    /// `> x`
    Greater(Value),
    /// `>= x`
    GreaterEqual(Value),
    /// `BETWEEN x AND y`, both ends included.
    Between(Value, Value),
    /// `CONTAINS x`
    Contains(Value),
    /// `STARTSWITH "x"`
    StartsWith(String),
    /// `LIKE "x%"`
    Like(Like),
    /// `IN [..]`
    In(LiteralSet),
    /// `EXISTS`
    Exists,
}

/// A parsed filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// One test of one path.
    Leaf {
        /// Where to look.
        path: Path,
        /// What to ask.
        test: Test,
        /// Whether the test must fail, there being a value: `!=`, `NOT IN`, `IS NOT NULL`, and `NOT`
        /// before `BETWEEN`, `CONTAINS`, `STARTSWITH` and `LIKE`. The parser negates no other test.
        negated: bool,
    },
    /// All of them.
    And(Vec<Filter>),
    /// Any of them.
    Or(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
}

impl Filter {
    /// Every path the filter names, each once, sorted.
    pub fn paths(&self) -> Vec<&Path> {
        let mut found = BTreeSet::new();
        self.collect_paths(&mut found);
        found.into_iter().collect()
    }

    fn collect_paths<'a>(&'a self, found: &mut BTreeSet<&'a Path>) {
        match self {
            Filter::Leaf { path, .. } => {
                found.insert(path);
            }
            Filter::And(parts) | Filter::Or(parts) => {
                parts.iter().for_each(|part| part.collect_paths(found));
            }
            Filter::Not(inner) => inner.collect_paths(found),
        }
    }
}
