//! Tokens to a filter tree, by recursive descent: what joins conditions. `condition` reads each.
//!
//! Owns: precedence, the limits, and the words of syntax errors. Invariant: each level of recursion
//! is counted against `MAX_FILTER_DEPTH`. The opposite side is `display`.

use super::lexer::{self, Token};
use super::{Filter, MAX_FILTER_BYTES, MAX_FILTER_DEPTH, MAX_FILTER_NODES, Path, Test};
use crate::error::{Code, Error, Result};
use crate::value::Value;
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) const EXAMPLE: &str = "an example: year >= 2020 AND NOT lang IN [\"en\", \"de\"]";

/// Parses a filter; `NOW()` in it is the time of the machine.
///
/// Errors: `filter.syntax` with the byte offset as detail `offset`; `input.limit` beyond a limit.
pub fn parse(input: &str) -> Result<Filter> {
    let clock = || match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_micros() as i64,
        Err(before) => -(before.duration().as_micros() as i64),
    };
    parse_at(input, &clock)
}

/// Parses the path of a field.
///
/// Errors: as those of [`parse`].
pub fn parse_path(input: &str) -> Result<Path> {
    let mut parser = Parser::new(input, &|| 0)?;
    let path = parser.path()?;
    match parser.peek() {
        None => Ok(path),
        Some(_) => Err(parser.expected("a dot or the end", "a path: author.`first name`")),
    }
}

/// Parses a filter; `clock` gives the microseconds since 1970 of `NOW()`, and is asked at most once.
pub fn parse_at(input: &str, clock: &dyn Fn() -> i64) -> Result<Filter> {
    let mut parser = Parser::new(input, clock)?;
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

pub(super) struct Parser<'a> {
    tokens: Vec<(usize, Token)>,
    clock: &'a dyn Fn() -> i64,
    now_us: Option<i64>,
    next: usize,
    end: usize,
    depth: usize,
    nodes: usize,
}

impl<'a> Parser<'a> {
    fn new(input: &str, clock: &'a dyn Fn() -> i64) -> Result<Parser<'a>> {
        check_limit("bytes in a filter", input.len(), MAX_FILTER_BYTES)?;
        Ok(Parser {
            tokens: lexer::tokens(input)?,
            clock,
            now_us: None,
            next: 0,
            end: input.len(),
            depth: 0,
            nodes: 0,
        })
    }

    /// The time that every `NOW()` of the filter means.
    pub(super) fn now_us(&mut self) -> i64 {
        *self.now_us.get_or_insert_with(|| (self.clock)())
    }

    /// How many tokens were consumed; with `go_back` to a place to try again.
    pub(super) fn place(&self) -> usize {
        self.next
    }

    pub(super) fn go_back(&mut self, place: usize) {
        self.next = place;
    }

    pub(super) fn skip(&mut self) {
        self.next += 1;
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn offset(&self) -> usize {
        self.tokens
            .get(self.next)
            .map_or(self.end, |(offset, _)| *offset)
    }

    /// Consumes the next token if it is one of these keywords or symbols.
    pub(super) fn accept(&mut self, wanted: &[&str]) -> bool {
        let found = match self.peek() {
            Some(Token::Word(word)) => wanted.iter().any(|w| w.eq_ignore_ascii_case(word)),
            Some(Token::Symbol(symbol)) => wanted.contains(symbol),
            _ => false,
        };
        self.next += usize::from(found);
        found
    }

    pub(super) fn expected(&self, what: &str, hint: &str) -> Error {
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

    pub(super) fn count_node(&mut self) -> Result<()> {
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
                negated: false,
            });
        }
        let path = self.path()?;
        self.condition(path)
    }

    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        check_limit(
            "nested parentheses and NOTs in a filter",
            self.depth,
            MAX_FILTER_DEPTH,
        )?;
        let parsed = parse(self)?;
        self.depth -= 1;
        Ok(parsed)
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
}

pub(super) fn one_or(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => join(parts),
    }
}
