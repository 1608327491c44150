//! What is asked of a path: the right side of the grammar.
//!
//! Owns: operators, literals and lists. Invariant: each condition becomes one leaf, but for the
//! lists of `CONTAINS ANY` and `CONTAINS ALL`, which become one leaf a value, joined.

use super::lexer::Token;
use super::parser::{EXAMPLE, Parser, one_or};
use super::time::{iso_date, iso_time};
use super::{Filter, Like, LiteralSet, Path, Test};
use crate::error::Result;
use crate::value::Value;

const OPERATORS: &str = "an operator (=, !=, >, >=, <, <=, IN, BETWEEN, CONTAINS, STARTSWITH, LIKE, \
                         EXISTS, IS NULL)";
const CONTAINS_LIST: &str = "write: tags CONTAINS ANY [\"travel\", \"food\"]";

/// Units of a time span, each with its microseconds.
const UNITS: [(&[&str], i64); 5] = [
    (&["second", "seconds"], 1_000_000),
    (&["minute", "minutes"], 60_000_000),
    (&["hour", "hours"], 3_600_000_000),
    (&["day", "days"], 86_400_000_000),
    (&["week", "weeks"], 604_800_000_000),
];

impl Parser<'_> {
    /// The condition on `path` that follows it.
    pub(super) fn condition(&mut self, path: Path) -> Result<Filter> {
        let leaf = |path, test, negated| Filter::Leaf {
            path,
            test,
            negated,
        };
        if let Some((test, negated)) = self.comparison()? {
            return Ok(leaf(path, test, negated));
        }
        if self.accept(&["is"]) {
            let negated = self.accept(&["not"]);
            return match self.accept(&["null"]) {
                true => Ok(leaf(path, Test::Equal(Value::Null), negated)),
                false => Err(self.expected("NULL", "write: ended IS NULL, or ended IS NOT NULL")),
            };
        }
        let negated = self.accept(&["not"]);
        if self.accept(&["exists"]) {
            let exists = leaf(path, Test::Exists, false);
            return Ok(match negated {
                true => Filter::Not(Box::new(exists)),
                false => exists,
            });
        }
        if self.accept(&["contains"]) {
            return self.contains(path, negated);
        }
        match self.wordy()? {
            Some(test) => Ok(leaf(path, test, negated)),
            None if negated => {
                let what = "IN, BETWEEN, CONTAINS, STARTSWITH, LIKE or EXISTS";
                Err(self.expected(what, "write: lang NOT IN [\"en\", \"de\"]"))
            }
            None => Err(self.expected(OPERATORS, EXAMPLE)),
        }
    }

    /// A test that is written as a symbol, and whether it is negated.
    fn comparison(&mut self) -> Result<Option<(Test, bool)>> {
        type Make = fn(Value) -> Test;
        const ORDERINGS: [(&str, Make); 4] = [
            (">", Test::Greater),
            (">=", Test::GreaterEqual),
            ("<", Test::Less),
            ("<=", Test::LessEqual),
        ];
        if self.accept(&["=", "=="]) {
            return Ok(Some((Test::Equal(self.literal()?), false)));
        }
        if self.accept(&["!="]) {
            return Ok(Some((Test::Equal(self.literal()?), true)));
        }
        for (symbol, test) in ORDERINGS {
            if self.accept(&[symbol]) {
                return Ok(Some((test(self.ordered_literal()?), false)));
            }
        }
        Ok(None)
    }

    /// A test that is written as a word and can be negated.
    fn wordy(&mut self) -> Result<Option<Test>> {
        Ok(Some(if self.accept(&["in"]) {
            Test::In(LiteralSet::new(
                self.list("write: lang IN [\"en\", \"de\"]")?,
            ))
        } else if self.accept(&["startswith"]) {
            Test::StartsWith(self.string("write: name STARTSWITH \"Mac\"")?)
        } else if self.accept(&["like"]) {
            Test::Like(Like::new(&self.string("write: name LIKE \"Mac%\"")?))
        } else if self.accept(&["between"]) {
            self.between()?
        } else {
            return Ok(None);
        }))
    }

    fn between(&mut self) -> Result<Test> {
        let hint = "write: year BETWEEN 1990 AND 1999";
        let low = self.ordered_literal()?;
        if !self.accept(&["and"]) {
            return Err(self.expected("AND", hint));
        }
        let start = self.place();
        let high = self.ordered_literal()?;
        if matches!(low, Value::Str(_)) != matches!(high, Value::Str(_)) {
            self.go_back(start);
            return Err(self.expected("a value of the same type as the first", hint));
        }
        Ok(Test::Between(low, high))
    }

    /// `CONTAINS x`, `CONTAINS ANY [..]` and `CONTAINS ALL [..]`.
    fn contains(&mut self, path: Path, negated: bool) -> Result<Filter> {
        let leaf = |test, negated| Filter::Leaf {
            path: path.clone(),
            test,
            negated,
        };
        let any = self.accept(&["any"]);
        if !any && !self.accept(&["all"]) {
            return Ok(leaf(Test::Contains(self.literal()?), negated));
        }
        // The join of the leaves is a level of the tree that no parenthesis shows.
        let values = self.nested(|parser| parser.list(CONTAINS_LIST))?;
        if values.is_empty() {
            // Nothing is among none of them, and whatever there is holds all of them.
            let none = Test::In(LiteralSet::new(Vec::new()));
            return Ok(match any {
                true => leaf(none, negated),
                false if negated => leaf(none, false),
                false => leaf(Test::Exists, false),
            });
        }
        let parts = values.into_iter();
        let parts = parts.map(|x| leaf(Test::Contains(x), negated)).collect();
        // None of them is every one of them not; not all of them is one of them not.
        Ok(one_or(
            parts,
            if any == negated {
                Filter::And
            } else {
                Filter::Or
            },
        ))
    }

    fn string(&mut self, hint: &str) -> Result<String> {
        let start = self.place();
        match self.literal()? {
            Value::Str(text) => Ok(text),
            _ => {
                self.go_back(start);
                Err(self.expected("a string", hint))
            }
        }
    }

    /// A literal that has an order: a number or a string.
    fn ordered_literal(&mut self) -> Result<Value> {
        let start = self.place();
        match self.literal()? {
            Value::Bool(_) | Value::Null => {
                self.go_back(start);
                let hint = "only these have an order: year >= 2020";
                Err(self.expected("a number or a string", hint))
            }
            value => Ok(value),
        }
    }

    fn literal(&mut self) -> Result<Value> {
        let value = match self.peek() {
            Some(Token::Literal(value)) => Some(value.clone()),
            Some(Token::Word(word)) => match word.to_ascii_lowercase().as_str() {
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                "null" => Some(Value::Null),
                "now" | "today" => return self.moment(),
                _ => None,
            },
            _ => None,
        };
        if let Some(value) = value {
            self.skip();
            return Ok(value);
        }
        let hint = match self.peek() {
            Some(Token::Word(word) | Token::Quoted(word)) => format!("quote strings: \"{word}\""),
            _ => {
                "values are \"strings\", numbers, true, false and null: city = \"Paris\"".to_owned()
            }
        };
        Err(self.expected("a value", &hint))
    }

    /// `NOW()` or `TODAY()`, with a time span added or taken away, as the text that times have.
    fn moment(&mut self) -> Result<Value> {
        const HINT: &str = "write: _created >= NOW() - 7 days";
        let whole_day = self.accept(&["today"]);
        if !whole_day {
            self.skip();
        }
        if !self.accept(&["("]) || !self.accept(&[")"]) {
            return Err(self.expected("`()`", HINT));
        }
        let mut at = i128::from(self.now_us());
        let sign = if self.accept(&["+"]) {
            Some(1)
        } else {
            self.accept(&["-"]).then_some(-1)
        };
        let count = match self.peek() {
            // `NOW() -7 days`: the sign went to the number.
            Some(Token::Literal(Value::Int(n))) if sign.is_some() || *n < 0 => Some(*n),
            _ if sign.is_some() => return Err(self.expected("a whole number", HINT)),
            _ => None,
        };
        if let Some(count) = count {
            self.skip();
            let unit = UNITS.iter().find(|(names, _)| self.accept(names));
            let Some((_, length)) = unit else {
                let what = "seconds, minutes, hours, days or weeks";
                return Err(self.expected(what, HINT));
            };
            at += i128::from(sign.unwrap_or(1)) * i128::from(count) * i128::from(*length);
        }
        // Clamped to the years that times of records have (F-066).
        let at = at.clamp(-(1 << 60), 1 << 60) as i64;
        Ok(Value::Str(match whole_day {
            true => iso_date(at),
            false => iso_time(at),
        }))
    }

    fn list(&mut self, hint: &str) -> Result<Vec<Value>> {
        let close = if self.accept(&["["]) {
            "]"
        } else if self.accept(&["("]) {
            ")"
        } else {
            return Err(self.expected("`[`", hint));
        };
        let mut values = Vec::new();
        while !self.accept(&[close]) {
            let is_first = values.is_empty();
            if !is_first && !self.accept(&[","]) {
                return Err(self.expected(&format!("`,` or `{close}`"), hint));
            }
            self.count_node()?;
            values.push(self.literal()?);
        }
        Ok(values)
    }
}
