//! What a person types, as terms and conditions.
//!
//! Owns: the query syntax: plain words, `"phrases"`, `+must`, `-not`, `prefix*`. Invariants: every
//! text is a query, since questions come with all sorts of signs; what does not fit the syntax (a
//! quote without its partner, a lone sign, `C++`, `-5`) is plain words. Linear.
//!
//! Meaning:
//! - Plain words score; none of them is required.
//! - `+` before a word, phrase or prefix requires it, `-` forbids it. A word that makes several
//!   terms (a name, Chinese) is then a phrase of its parts. If nothing but `-` is there, it is
//!   plain words.
//! - A phrase is required if no plain word stands beside it: who types only a quotation means it.
//!   Among plain words it is preferred, since a question may quote two titles that no one document
//!   holds. Its words score in each case.
//! - `prefix*` scores every term that begins so, as written, not stemmed. It needs two characters.

use super::{Analyzer, Phrase};
use std::collections::HashMap;

/// Characters that a prefix needs; with fewer the `*` is dropped.
const MIN_PREFIX_CHARS: usize = 2;

/// A term and how often the query holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightedTerm {
    /// The term as the index has it.
    pub term: String,
    /// How often the query holds it.
    pub weight: u32,
}

/// What a document must, or must not, have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// This term.
    Term(String),
    /// These terms in a row.
    Phrase(Phrase),
    /// Some term that begins so.
    Prefix(String),
}

/// A parsed query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextQuery {
    /// What scores, in the order of first appearance.
    pub terms: Vec<WeightedTerm>,
    /// Prefixes whose terms score, each once.
    pub prefixes: Vec<String>,
    /// What every hit has.
    pub must: Vec<Condition>,
    /// What no hit has.
    pub must_not: Vec<Condition>,
    /// Phrases that raise a hit.
    pub preferred: Vec<Phrase>,
}

impl TextQuery {
    /// Parses what a person typed.
    pub fn parse(text: &str, analyzer: &Analyzer) -> TextQuery {
        let items = items(text);
        let is_plain = |item: &Item<'_>| item.sign.is_none() && item.kind != Kind::Phrase;
        let builder = || Builder {
            analyzer,
            query: TextQuery::default(),
            places: HashMap::new(),
        };
        let mut plain = builder();
        items
            .iter()
            .filter(|item| is_plain(item))
            .for_each(|item| plain.add_scoring(item));
        let has_plain = !plain.query.is_empty();
        let mut whole = builder();
        for item in &items {
            whole.add(item, has_plain);
        }
        if whole.query.is_empty() {
            whole = builder();
            items.iter().for_each(|item| whole.add_scoring(item));
        }
        whole.query
    }

    /// Whether nothing is left that could score a document.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.prefixes.is_empty()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Words,
    Phrase,
    Prefix,
}

#[derive(Clone, Copy, Debug)]
struct Item<'a> {
    sign: Option<char>,
    kind: Kind,
    text: &'a str,
}

fn items(text: &str) -> Vec<Item<'_>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (item, after) = next_item(rest);
        found.push(item);
        rest = after.trim_start();
    }
    found
}

fn next_item(text: &str) -> (Item<'_>, &str) {
    let (sign, unsigned) = split_sign(text);
    if let Some((phrase, after)) = quoted(unsigned) {
        return (
            Item {
                sign,
                kind: Kind::Phrase,
                text: phrase,
            },
            after,
        );
    }
    let end = unsigned.find(char::is_whitespace).unwrap_or(unsigned.len());
    let (word, after) = unsigned.split_at(end);
    let (kind, text) = match word.strip_suffix('*').filter(|start| is_prefix(start)) {
        Some(start) => (Kind::Prefix, start),
        None => (Kind::Words, word),
    };
    (Item { sign, kind, text }, after)
}

/// Takes a sign that stands right before a word or quote. Before a digit it is a number's.
fn split_sign(text: &str) -> (Option<char>, &str) {
    let mut chars = text.chars();
    let sign = chars.next().filter(|c| matches!(c, '+' | '-'));
    let binds = chars
        .next()
        .is_some_and(|c| is_quote(c) || c.is_alphabetic() || c == '_');
    if sign.is_some() && binds {
        (sign, text.get(1..).unwrap_or(""))
    } else {
        (None, text)
    }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201e}')
}

/// The text within quotes at the start, and what follows them.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let open = text.chars().next().filter(|&c| is_quote(c))?;
    let inner = text.get(open.len_utf8()..)?;
    let is_same_kind = |c: char| match open {
        '"' => c == '"',
        _ => matches!(c, '\u{201c}' | '\u{201d}' | '\u{201e}'),
    };
    // The next quote decides, so that a text full of openers is still read once.
    let end = inner.find(is_same_kind)?;
    let close = inner.get(end..)?.chars().next()?;
    let closes = match open {
        '\u{201c}' => close == '\u{201d}',
        '\u{201e}' => close != open,
        _ => true,
    };
    if !closes {
        return None;
    }
    Some((inner.get(..end)?, inner.get(end + close.len_utf8()..)?))
}

fn is_prefix(start: &str) -> bool {
    start.chars().count() >= MIN_PREFIX_CHARS
        && start.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && !start.contains(['*', '"'])
}

struct Builder<'a> {
    analyzer: &'a Analyzer,
    query: TextQuery,
    /// Where each term is in the query; keeps a long text linear.
    places: HashMap<String, usize>,
}

impl Builder<'_> {
    fn add(&mut self, item: &Item<'_>, has_plain: bool) {
        if item.sign == Some('-') {
            self.query.must_not.extend(self.condition(item));
            return;
        }
        if item.sign == Some('+') || item.kind == Kind::Phrase && !has_plain {
            self.query.must.extend(self.condition(item));
        } else if item.kind == Kind::Phrase {
            let phrase = Phrase::new(item.text, self.analyzer);
            // One word in quotes is a word.
            self.query
                .preferred
                .extend(Some(phrase).filter(|phrase| phrase.terms.len() > 1));
        }
        self.add_scoring(item);
    }

    fn add_scoring(&mut self, item: &Item<'_>) {
        if item.kind == Kind::Prefix {
            let prefix = self.analyzer.fold(item.text);
            // No term holds a star, so prefixes share the map.
            let is_new = self.places.insert(format!("{prefix}*"), 0).is_none();
            if is_new && !prefix.is_empty() {
                self.query.prefixes.push(prefix);
            }
            return;
        }
        let (terms, places) = (&mut self.query.terms, &mut self.places);
        self.analyzer.analyze(item.text, |term, _, _| {
            match places.get(term).and_then(|&place| terms.get_mut(place)) {
                Some(known) => known.weight += 1,
                None => {
                    places.insert(term.to_owned(), terms.len());
                    terms.push(WeightedTerm {
                        term: term.to_owned(),
                        weight: 1,
                    });
                }
            }
        });
    }

    fn condition(&self, item: &Item<'_>) -> Option<Condition> {
        if item.kind == Kind::Prefix {
            let prefix = self.analyzer.fold(item.text);
            return Some(Condition::Prefix(prefix)).filter(|_| !item.text.is_empty());
        }
        let mut phrase = Phrase::new(item.text, self.analyzer);
        match phrase.terms.len() {
            0 => None,
            1 => phrase.terms.pop().map(|(term, _)| Condition::Term(term)),
            _ => Some(Condition::Phrase(phrase)),
        }
    }
}
