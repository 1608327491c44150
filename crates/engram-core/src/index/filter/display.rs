//! A filter as canonical text.
//!
//! Owns: the printer. Invariant: [`super::parse`] of the text gives the same tree back (property
//! test), with the fewest parentheses that do so. The opposite side is `parser`.

use super::{Filter, LiteralSet, Path, Test, lexer};
use crate::value::Value;
use std::fmt::{self, Formatter, Write};

/// How tightly the parent of a node binds; a child that binds no tighter needs parentheses.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Tightness {
    Top,
    Or,
    And,
    Not,
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_filter(self, Tightness::Top, f)
    }
}

fn write_filter(filter: &Filter, parent: Tightness, f: &mut Formatter<'_>) -> fmt::Result {
    match filter {
        Filter::Leaf {
            path,
            test,
            negated,
        } => write_leaf(path, test, *negated, f),
        Filter::And(parts) => write_joined(parts, " AND ", Tightness::And, parent, f),
        Filter::Or(parts) => write_joined(parts, " OR ", Tightness::Or, parent, f),
        Filter::Not(inner) => {
            f.write_str("NOT ")?;
            write_filter(inner, Tightness::Not, f)
        }
    }
}

fn write_joined(
    parts: &[Filter],
    word: &str,
    own: Tightness,
    parent: Tightness,
    f: &mut Formatter<'_>,
) -> fmt::Result {
    let enclosed = parent >= own;
    if enclosed {
        f.write_char('(')?;
    }
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(word)?;
        }
        write_filter(part, own, f)?;
    }
    if enclosed {
        f.write_char(')')?;
    }
    Ok(())
}

fn write_leaf(path: &Path, test: &Test, negated: bool, f: &mut Formatter<'_>) -> fmt::Result {
    let not = if negated { "NOT " } else { "" };
    let mut compare = |operator: &str, value: &Value| {
        write!(f, "{path} {operator} ")?;
        write_literal(value, f)
    };
    match test {
        Test::Equal(Value::Null) => write!(f, "{path} IS {not}NULL"),
        Test::Equal(x) => compare(if negated { "!=" } else { "=" }, x),
        Test::Less(x) => compare("<", x),
        Test::LessEqual(x) => compare("<=", x),
        Test::Greater(x) => compare(">", x),
        Test::GreaterEqual(x) => compare(">=", x),
        Test::Between(low, high) => {
            write!(f, "{path} {not}BETWEEN ")?;
            write_literal(low, f)?;
            f.write_str(" AND ")?;
            write_literal(high, f)
        }
        Test::Contains(x) => {
            write!(f, "{path} {not}CONTAINS ")?;
            write_literal(x, f)
        }
        Test::StartsWith(start) => {
            write!(f, "{path} {not}STARTSWITH ")?;
            write_string(start, f)
        }
        Test::Like(like) => {
            write!(f, "{path} {not}LIKE ")?;
            write_string(like.pattern(), f)
        }
        Test::In(set) => {
            write!(f, "{path} {not}IN [")?;
            write_list(set, f)
        }
        Test::Exists => write!(f, "EXISTS {path}"),
    }
}

fn write_list(set: &LiteralSet, f: &mut Formatter<'_>) -> fmt::Result {
    for (i, value) in set.values().iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        write_literal(value, f)?;
    }
    f.write_char(']')
}

fn write_literal(value: &Value, f: &mut Formatter<'_>) -> fmt::Result {
    match value {
        Value::Bool(x) => write!(f, "{x}"),
        Value::Int(x) => write!(f, "{x}"),
        // The debug form keeps the point or exponent, by which the text stays a float.
        Value::Float(x) => write!(f, "{x:?}"),
        Value::Str(text) => write_string(text, f),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Bytes(_) => f.write_str("null"),
    }
}

fn write_string(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_ascii_control() => write!(f, "\\x{:02x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, part) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_char('.')?;
            }
            if lexer::is_plain_name(part) {
                f.write_str(part)?;
            } else {
                write!(f, "`{}`", part.replace('`', "``"))?;
            }
        }
        Ok(())
    }
}
