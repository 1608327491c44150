//! Filter text to tokens.
//!
//! Owns: names, strings, numbers and operators, with their byte offsets. Invariant: every token
//! takes at least one byte, so the token list is no longer than the text. Linear.

use super::parser::syntax_error;
use crate::error::Result;
use crate::value::Value;
use unicode_normalization::char::is_combining_mark;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A bare name or keyword.
    Word(String),
    /// A name in back quotes.
    Quoted(String),
    /// A string or number.
    Literal(Value),
    /// An operator or bracket.
    Symbol(&'static str),
}

/// Words that cannot be bare field names.
pub(super) const KEYWORDS: &[&str] = &[
    "and",
    "or",
    "not",
    "in",
    "contains",
    "startswith",
    "exists",
    "is",
    "null",
    "true",
    "false",
];

/// Longer symbols stand before their prefixes.
const SYMBOLS: &[&str] = &[
    "==", "!=", ">=", "<=", "&&", "||", "=", ">", "<", "!", "(", ")", "[", "]", ",", ".", "+", "-",
];

/// Whether `name` can stand in a path without back quotes.
pub(super) fn is_plain_name(name: &str) -> bool {
    take_name(name).len() == name.len() && !name.is_empty() && !is_keyword(name)
}

pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS
        .iter()
        .any(|keyword| keyword.eq_ignore_ascii_case(word))
}

/// Splits `input`; each token with the offset of its first byte.
pub(super) fn tokens(input: &str) -> Result<Vec<(usize, Token)>> {
    let mut found = Vec::new();
    let mut offset = 0;
    loop {
        let rest = input.get(offset..).unwrap_or("");
        let trimmed = rest.trim_start();
        offset += rest.len() - trimmed.len();
        let Some(first) = trimmed.chars().next() else {
            return Ok(found);
        };
        let (token, length) = match first {
            '"' | '\'' => read_string(trimmed, first, offset)?,
            '`' => read_quoted_name(trimmed, offset)?,
            '0'..='9' => read_number(trimmed, offset)?,
            '-' if !trimmed[1..].starts_with(char::is_whitespace) => read_number(trimmed, offset)?,
            _ => read_word_or_symbol(trimmed, offset)?,
        };
        found.push((offset, token));
        offset += length;
    }
}

fn read_word_or_symbol(text: &str, offset: usize) -> Result<(Token, usize)> {
    let name = take_name(text);
    if !name.is_empty() {
        return Ok((Token::Word(name.to_owned()), name.len()));
    }
    match SYMBOLS.iter().find(|symbol| text.starts_with(**symbol)) {
        Some(symbol) => Ok((Token::Symbol(symbol), symbol.len())),
        None => {
            let c = text.chars().next().unwrap_or(' ');
            let hint = match c {
                '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}' => {
                    "use straight quotes: city = \"Paris\""
                }
                '&' | '|' => "write AND, OR or &&, ||: year > 2000 AND lang = \"en\"",
                _ => "put names with other characters into back quotes: `first name` = \"Ada\"",
            };
            Err(syntax_error(
                offset,
                format!("`{c}` has no meaning here"),
                hint,
            ))
        }
    }
}

/// The longest bare name at the start of `text`, or nothing. A hyphen counts inside a name.
fn take_name(text: &str) -> &str {
    let is_inner = |c: char| c == '_' || c.is_alphanumeric() || is_combining_mark(c);
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let fits = if i == 0 {
            c == '_' || c.is_alphabetic()
        } else {
            is_inner(c) || c == '-' && chars.peek().is_some_and(|&(_, next)| is_inner(next))
        };
        if !fits {
            break;
        }
        end = i + c.len_utf8();
    }
    text.get(..end).unwrap_or("")
}

fn read_quoted_name(text: &str, offset: usize) -> Result<(Token, usize)> {
    let mut name = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((i, c)) = chars.next() {
        if c != '`' {
            name.push(c);
        } else if chars.next_if(|&(_, next)| next == '`').is_some() {
            name.push('`');
        } else {
            return Ok((Token::Quoted(name), i + 1));
        }
    }
    let hint = "close the name: `first name` = \"Ada\"";
    Err(syntax_error(
        offset,
        "a back quote without its partner",
        hint,
    ))
}

fn read_number(text: &str, offset: usize) -> Result<(Token, usize)> {
    let bytes = text.as_bytes();
    let digits_from = |start: usize| {
        bytes
            .iter()
            .skip(start)
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let sign = usize::from(text.starts_with('-'));
    let mut end = sign + digits_from(sign);
    let mut is_float = false;
    if bytes.get(end) == Some(&b'.') && digits_from(end + 1) > 0 {
        end += 1 + digits_from(end + 1);
        is_float = true;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if digits_from(end + 1 + signed) > 0 {
            end += 1 + signed + digits_from(end + 1 + signed);
            is_float = true;
        }
    }
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.');
    if end == sign
        || text
            .get(end..)
            .is_some_and(|rest| rest.starts_with(goes_on))
    {
        let hint = "quote dates and other words: day >= \"2024-01-31\"";
        return Err(syntax_error(offset, "this is no number", hint));
    }
    number(text.get(..end).unwrap_or(""), is_float, offset)
        .map(|value| (Token::Literal(value), end))
}

fn number(digits: &str, is_float: bool, offset: usize) -> Result<Value> {
    let value = if is_float {
        digits
            .parse()
            .ok()
            .filter(|x: &f64| x.is_finite())
            .map(Value::Float)
    } else {
        digits.parse().ok().map(Value::Int)
    };
    value.ok_or_else(|| {
        let hint = "integers have 64 bits; write a larger one as a float: mass > 1e20";
        syntax_error(offset, format!("the number {digits} is out of range"), hint)
    })
}

fn read_string(text: &str, quote: char, offset: usize) -> Result<(Token, usize)> {
    let mut value = String::new();
    let mut rest = text.get(1..).unwrap_or("");
    loop {
        let Some(c) = rest.chars().next() else {
            let hint = "close the string: city = \"Paris\"";
            return Err(syntax_error(offset, "a quote without its partner", hint));
        };
        let mut used = c.len_utf8();
        if c == quote {
            if !rest.get(1..).is_some_and(|after| after.starts_with(quote)) {
                return Ok((
                    Token::Literal(Value::Str(value)),
                    text.len() - rest.len() + 1,
                ));
            }
            value.push(quote);
            used = 2;
        } else if c == '\\' {
            let escape = rest.get(1..).unwrap_or("");
            let Some((meant, length)) = read_escape(escape) else {
                let hint = "write a backslash as \\\\: path = \"C:\\\\data\"";
                let at = offset + text.len() - rest.len();
                return Err(syntax_error(at, "an unknown escape in a string", hint));
            };
            value.push(meant);
            used = 1 + length;
        } else {
            value.push(c);
        }
        rest = rest.get(used..).unwrap_or("");
    }
}

/// The character that an escape means, and its length without the backslash.
fn read_escape(text: &str) -> Option<(char, usize)> {
    let simple = |c: char| Some((c, 1));
    match text.chars().next()? {
        c @ ('\\' | '"' | '\'' | '/') => simple(c),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'b' => simple('\u{8}'),
        'f' => simple('\u{c}'),
        '0' => simple('\0'),
        'x' => Some((char::from_u32(hex(text, 1, 3)?)?, 3)),
        'u' => {
            let unit = hex(text, 1, 5)?;
            if !(0xD800..0xDC00).contains(&unit) {
                return Some((char::from_u32(unit)?, 5));
            }
            // JSON writes characters beyond 16 bits as two surrogates.
            let low = text
                .get(5..7)
                .filter(|s| *s == "\\u")
                .and_then(|_| hex(text, 7, 11))?;
            let low = low.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
            Some((char::from_u32(0x10000 + ((unit - 0xD800) << 10) + low)?, 11))
        }
        _ => None,
    }
}

fn hex(text: &str, start: usize, end: usize) -> Option<u32> {
    let digits = text.get(start..end)?;
    let all_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all_hex
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}
