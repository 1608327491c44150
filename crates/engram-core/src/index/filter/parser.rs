//! Tokens to a filter tree, by recursive descent.
//!
//! Owns: precedence, the limits, and the words of every syntax error. Invariant: each level of
//! recursion is counted against `MAX_FILTER_DEPTH`. The opposite side is `display`.

use super::lexer::{self, Token};
use super::{Filter, LiteralSet, MAX_FILTER_BYTES, MAX_FILTER_DEPTH, MAX_FILTER_NODES, Path, Test};
use crate::error::{Code, Error, Result};
use crate::value::Value;

const EXAMPLE: &str = "an example: year >= 2020 AND NOT lang IN [\"en\", \"de\"]";

/// Parses a filter.
///
/// Errors: `filter.syntax` with the byte offset as detail `offset`; `input.limit` beyond a limit.
pub fn parse(input: &str) -> Result<Filter> {
    check_limit("bytes in a filter", input.len(), MAX_FILTER_BYTES)?;
    let tokens = lexer::tokens(input)?;
    let mut parser = Parser {
        tokens,
        next: 0,
        end: input.len(),
        depth: 0,
        nodes: 0,
    };
    let filter = parser.or()?;
    match parser.peek() {
        None => Ok(filter),
        Some(_) => Err(parser.expected("AND, OR or the end", EXAMPLE)),
    }
}

pub(super) fn syntax_error(offset: usize, what: impl AsRef<str>, hint: &str) -> Error {
    let message = format!("filter syntax at byte {offset}: {}", what.as_ref());
    Error::new(Code::FilterSyntax, message)
        .detail("offset", offset)
        .hint(hint)
}

fn check_limit(what: &str, actual: usize, limit: usize) -> Result<()> {
    if actual <= limit {
        return Ok(());
    }
    let message = format!("too many {what}: {actual} against a limit of {limit}");
    let error = Error::new(Code::InputLimit, message).hint("split the filter into several queries");
    Err(error.detail("limit", limit).detail("actual", actual))
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    end: usize,
    depth: usize,
    nodes: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn offset(&self) -> usize {
        self.tokens
            .get(self.next)
            .map_or(self.end, |(offset, _)| *offset)
    }

    /// Consumes the next token if it is one of these keywords or symbols.
    fn accept(&mut self, wanted: &[&str]) -> bool {
        let found = match self.peek() {
            Some(Token::Word(word)) => wanted.iter().any(|w| w.eq_ignore_ascii_case(word)),
            Some(Token::Symbol(symbol)) => wanted.contains(symbol),
            _ => false,
        };
        self.next += usize::from(found);
        found
    }

    fn expected(&self, what: &str, hint: &str) -> Error {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Word(word)) => format!("`{word}`"),
            Some(Token::Quoted(_)) => "a name in back quotes".to_owned(),
            Some(Token::Literal(Value::Str(_))) => "a string".to_owned(),
            Some(Token::Literal(_)) => "a number".to_owned(),
            Some(Token::Symbol(symbol)) => format!("`{symbol}`"),
        };
        syntax_error(
            self.offset(),
            format!("expected {what}, found {found}"),
            hint,
        )
    }

    fn count_node(&mut self) -> Result<()> {
        self.nodes += 1;
        check_limit(
            "tests and list values in a filter",
            self.nodes,
            MAX_FILTER_NODES,
        )
    }

    fn or(&mut self) -> Result<Filter> {
        let first = self.and()?;
        let mut parts = vec![first];
        while self.accept(&["or", "||"]) {
            parts.push(self.and()?);
        }
        Ok(one_or(parts, Filter::Or))
    }

    fn and(&mut self) -> Result<Filter> {
        let first = self.not()?;
        let mut parts = vec![first];
        while self.accept(&["and", "&&"]) {
            parts.push(self.not()?);
        }
        Ok(one_or(parts, Filter::And))
    }

    fn not(&mut self) -> Result<Filter> {
        if self.accept(&["not", "!"]) {
            return self.nested(|parser| Ok(Filter::Not(Box::new(parser.not()?))));
        }
        if self.accept(&["("]) {
            return self.nested(|parser| {
                let inner = parser.or()?;
                match parser.accept(&[")"]) {
                    true => Ok(inner),
                    false => Err(parser.expected("AND, OR or `)`", EXAMPLE)),
                }
            });
        }
        self.count_node()?;
        if self.accept(&["exists"]) {
            return Ok(Filter::Leaf {
                path: self.path()?,
                test: Test::Exists,
            });
        }
        let path = self.path()?;
        let test = self.test()?;
        Ok(Filter::Leaf { path, test })
    }

    fn nested(&mut self, parse: impl FnOnce(&mut Self) -> Result<Filter>) -> Result<Filter> {
        self.depth += 1;
        check_limit(
            "nested parentheses and NOTs in a filter",
            self.depth,
            MAX_FILTER_DEPTH,
        )?;
        let filter = parse(self)?;
        self.depth -= 1;
        Ok(filter)
    }

    fn path(&mut self) -> Result<Path> {
        let mut parts = Vec::new();
        loop {
            // A keyword right after a dot can be nothing but a name.
            let part = match self.peek() {
                Some(Token::Word(word)) if !parts.is_empty() || !lexer::is_keyword(word) => word,
                Some(Token::Quoted(name)) => name,
                _ => {
                    let hint = "fields are names such as year, author.name, `first name` or `in`";
                    return Err(self.expected("a field", hint));
                }
            };
            parts.push(part.clone());
            self.next += 1;
            if !self.accept(&["."]) {
                return Ok(Path(parts));
            }
        }
    }

    fn test(&mut self) -> Result<Test> {
        if let Some(test) = self.comparison()? {
            return Ok(test);
        }
        if self.accept(&["startswith"]) {
            return self.starts_with();
        }
        if self.accept(&["exists"]) {
            return Ok(Test::Exists);
        }
        if self.accept(&["in"]) {
            return Ok(Test::In(self.list()?));
        }
        if self.accept(&["not"]) {
            return match self.accept(&["in"]) {
                true => Ok(Test::NotIn(self.list()?)),
                false => Err(self.expected("IN", "write: lang NOT IN [\"en\", \"de\"]")),
            };
        }
        if self.accept(&["is"]) {
            return self.null_test();
        }
        let what = "an operator (=, !=, >, >=, <, <=, IN, CONTAINS, STARTSWITH, EXISTS, IS NULL)";
        Err(self.expected(what, EXAMPLE))
    }

    fn comparison(&mut self) -> Result<Option<Test>> {
        type Make = fn(Value) -> Test;
        const COMPARISONS: [(&[&str], Make); 7] = [
            (&["=", "=="], Test::Equal),
            (&["!="], Test::NotEqual),
            (&[">"], Test::Greater),
            (&[">="], Test::GreaterEqual),
            (&["<"], Test::Less),
            (&["<="], Test::LessEqual),
            (&["contains"], Test::Contains),
        ];
        for (symbols, test) in COMPARISONS {
            if self.accept(symbols) {
                let start = self.next;
                let value = self.literal()?;
                let is_ordering = matches!(symbols, [">" | ">=" | "<" | "<="]);
                if is_ordering && matches!(value, Value::Bool(_) | Value::Null) {
                    self.next = start;
                    let hint = "only these have an order: year >= 2020";
                    return Err(self.expected("a number or a string", hint));
                }
                return Ok(Some(test(value)));
            }
        }
        Ok(None)
    }

    fn null_test(&mut self) -> Result<Test> {
        let test = if self.accept(&["not"]) {
            Test::NotEqual
        } else {
            Test::Equal
        };
        match self.accept(&["null"]) {
            true => Ok(test(Value::Null)),
            false => Err(self.expected("NULL", "write: ended IS NULL, or ended IS NOT NULL")),
        }
    }

    fn starts_with(&mut self) -> Result<Test> {
        let start = self.next;
        match self.literal()? {
            Value::Str(text) => Ok(Test::StartsWith(text)),
            _ => {
                self.next = start;
                Err(self.expected("a string", "write: name STARTSWITH \"Mac\""))
            }
        }
    }

    fn literal(&mut self) -> Result<Value> {
        let value = match self.peek() {
            Some(Token::Literal(value)) => Some(value.clone()),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("false") => {
                Some(Value::Bool(false))
            }
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("null") => Some(Value::Null),
            _ => None,
        };
        if let Some(value) = value {
            self.next += 1;
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

    fn list(&mut self) -> Result<LiteralSet> {
        let hint = "write: lang IN [\"en\", \"de\"]";
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
        Ok(LiteralSet::new(values))
    }
}

fn one_or(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => join(parts),
    }
}
