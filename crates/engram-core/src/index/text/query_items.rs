//! What a person types, cut into signs, fields, quotes and words.
//!
//! Owns: the signs of the query syntax, and when they are none. What the pieces mean is in `query`. Linear.

/// Characters that a prefix needs; with fewer the `*` is dropped.
const MIN_PREFIX_CHARS: usize = 2;

/// Words with `*` or `~`, and pieces with a field, of one query; what follows is plain words. Each costs a walk
/// through dictionaries or columns.
pub(super) const MAX_WALKS: usize = 16;

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Words,
    Phrase,
    Prefix,
    /// With the distance, where one is given.
    Near(Option<u8>),
}

/// A piece of a query, as it was typed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub(super) sign: Option<char>,
    pub(super) field: Option<&'a str>,
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// The field and what stands behind it, to be taken as words.
    pub(super) whole: &'a str,
}

impl Item<'_> {
    /// The same without its field and sign behind it.
    pub(super) fn as_words(self) -> Self {
        Item {
            field: None,
            kind: Kind::Words,
            text: match self.field {
                Some(_) => self.whole,
                None => self.text,
            },
            ..self
        }
    }
}

/// The pieces of a text.
pub(super) fn items<'a>(text: &'a str, is_field: &dyn Fn(&str) -> bool) -> Vec<Item<'a>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    let mut walks = 0;
    while !rest.is_empty() {
        let (mut item, after) = next_item(rest, is_field);
        if item.field.is_some() || matches!(item.kind, Kind::Prefix | Kind::Near(_)) {
            walks += 1;
            if walks > MAX_WALKS {
                item = item.as_words();
            }
        }
        found.push(item);
        rest = after.trim_start();
    }
    found
}

fn next_item<'a>(text: &'a str, is_field: &dyn Fn(&str) -> bool) -> (Item<'a>, &'a str) {
    let (sign, unsigned) = split_sign(text);
    let (field, valued) = split_field(unsigned, is_field);
    let item = |kind, text, after: &'a str| Item {
        sign,
        field,
        kind,
        text,
        whole: unsigned
            .get(..unsigned.len() - after.len())
            .unwrap_or(unsigned),
    };
    if let Some((phrase, after)) = quoted(valued) {
        return (item(Kind::Phrase, phrase, after), after);
    }
    let end = valued.find(char::is_whitespace).unwrap_or(valued.len());
    let (word, after) = valued.split_at(end);
    let (kind, text) = kind_of(word);
    (item(kind, text, after), after)
}

/// What a word with the sign behind it is.
fn kind_of(word: &str) -> (Kind, &str) {
    if let Some(start) = word.strip_suffix('*').filter(|start| is_start(start)) {
        return (Kind::Prefix, start);
    }
    if let Some((start, number)) = word.rsplit_once('~').filter(|(start, _)| is_start(start)) {
        let distance = match number {
            "" => Some(None),
            "1" => Some(Some(1)),
            "2" => Some(Some(2)),
            _ => None,
        };
        if let Some(distance) = distance {
            return (Kind::Near(distance), start);
        }
    }
    (Kind::Words, word)
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

/// Takes a field and its colon, if something stands right behind it.
fn split_field<'a>(text: &'a str, is_field: &dyn Fn(&str) -> bool) -> (Option<&'a str>, &'a str) {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let value = rest.strip_prefix(':').unwrap_or("");
    let binds = value
        .chars()
        .next()
        .is_some_and(|c| is_quote(c) || c.is_alphanumeric() || c == '_');
    match binds && !name.is_empty() && is_field(name) {
        true => (Some(name), value),
        false => (None, text),
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

fn is_start(start: &str) -> bool {
    start.chars().count() >= MIN_PREFIX_CHARS
        && start.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && !start.contains(['*', '"', '~'])
}
