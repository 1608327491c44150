//! Classes of characters, and the folding of words.
//!
//! Owns: which characters make words, which are written without spaces, and what case and accent
//! folding means. Invariants: every character has one class; folding drops marks only from Latin,
//! Greek and Cyrillic letters, since in other scripts (Hindi, Thai, Hebrew, Arabic) a mark is a
//! vowel or changes the word. Linear.

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Between words.
    Break,
    Lower,
    Upper,
    /// A letter without case.
    Uncased,
    Digit,
    /// A mark or invisible joiner: belongs to the character before it.
    Extend,
    /// A letter of a script written without spaces, and Hangul, whose words carry particles.
    Spaceless,
    Underscore,
    /// Joins two words into one name if words stand on both sides.
    Connector,
    /// Joins names if doubled.
    Colon,
    Apostrophe,
}

impl Class {
    pub(super) fn is_letter(self) -> bool {
        matches!(self, Class::Lower | Class::Upper | Class::Uncased)
    }

    pub(super) fn is_word(self) -> bool {
        self.is_letter() || self == Class::Digit
    }
}

pub(super) fn class_of(c: char) -> Class {
    match c {
        'a'..='z' => Class::Lower,
        'A'..='Z' => Class::Upper,
        '0'..='9' => Class::Digit,
        '_' => Class::Underscore,
        '.' | '-' | '/' => Class::Connector,
        ':' => Class::Colon,
        '\'' => Class::Apostrophe,
        '\0'..='\x7f' => Class::Break,
        _ => class_of_wide(c),
    }
}

fn class_of_wide(c: char) -> Class {
    match c {
        '\u{2019}' | '\u{2bc}' | '\u{ff07}' => Class::Apostrophe,
        // The Catalan middle dot, the Hebrew geresh and gershayim, the two typographic hyphens.
        '\u{b7}' | '\u{5f3}' | '\u{5f4}' | '\u{2010}' | '\u{2011}' => Class::Connector,
        _ if is_ignorable(c) || is_combining_mark(c) => Class::Extend,
        _ if c.is_lowercase() => Class::Lower,
        _ if c.is_uppercase() => Class::Upper,
        _ if c.is_alphabetic() && is_spaceless(c) => Class::Spaceless,
        _ if c.is_alphabetic() => Class::Uncased,
        _ if c.is_numeric() => Class::Digit,
        _ => Class::Break,
    }
}

/// Soft hyphen, joiners, byte order mark, Arabic stretching: shown or not, the word is the same.
fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{640}' | '\u{fe00}'
            ..='\u{fe0f}'
    )
}

fn is_spaceless(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}'        // Thai, Lao
        | '\u{1000}'..='\u{109f}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}' // Myanmar
        | '\u{1780}'..='\u{17ff}'    // Khmer
        | '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' // Hangul
        | '\u{2e80}'..='\u{9fff}'    // Han, Hiragana, Katakana, Bopomofo, Hangul letters
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffdc}' | '\u{1aff0}'..='\u{1b16f}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Whether `c` is part of the syllable or letter before it, within a spaceless run.
pub(super) fn continues_unit(c: char) -> bool {
    // Vowels and finals of decomposed Hangul; the half-width sound marks of Katakana.
    matches!(c, '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}' | '\u{ff9e}' | '\u{ff9f}')
        || class_of(c) == Class::Extend
}

/// Writes `raw` to `out` in lower case and compatibility form, accents kept or, with
/// `drops_accents`, folded.
pub(super) fn normalise(raw: &str, drops_accents: bool, out: &mut String) {
    out.clear();
    if raw.is_ascii() {
        out.push_str(raw);
        out.make_ascii_lowercase();
    } else if raw.chars().all(|c| class_of(c) == Class::Spaceless)
        && is_nfkc_quick(raw.chars()) == IsNormalized::Yes
    {
        out.push_str(raw);
    } else {
        let mut base = ' ';
        let mut decomposed = String::with_capacity(raw.len());
        for c in raw.nfkd().flat_map(char::to_lowercase) {
            push_normalised(c, &mut base, drops_accents, &mut decomposed);
        }
        out.extend(decomposed.nfc());
    }
}

fn push_normalised(c: char, base: &mut char, drops_accents: bool, out: &mut String) {
    if is_combining_mark(c) {
        // The dot that lower case leaves on a Turkish capital is part of the letter.
        let is_dot_of_i = c == '\u{307}' && out.ends_with('i');
        let is_dropped = is_ignorable(c) || is_dot_of_i || drops_accents && is_european(*base);
        if !is_dropped {
            out.push(c);
        }
        return;
    }
    *base = c;
    match c {
        '\u{2019}' | '\u{2bc}' => out.push('\''),
        '\u{2010}' => out.push('-'),
        '\u{3c2}' => out.push('\u{3c3}'),
        _ if is_ignorable(c) || c.is_whitespace() => {}
        _ if drops_accents => match plain_letters(c) {
            Some(plain) => out.push_str(plain),
            None => out.push(c),
        },
        _ => out.push(c),
    }
}

/// Latin, Greek and Cyrillic letters, after decomposition.
fn is_european(base: char) -> bool {
    matches!(base, '\0'..='\u{52f}' | '\u{2c60}'..='\u{2c7f}' | '\u{a640}'..='\u{a7ff}')
}

/// Letters that Unicode does not decompose but people without the key write so.
fn plain_letters(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{df}' => "ss",
        '\u{e6}' => "ae",
        '\u{153}' => "oe",
        '\u{f8}' => "o",
        '\u{111}' | '\u{f0}' => "d",
        '\u{fe}' => "th",
        '\u{142}' => "l",
        '\u{127}' => "h",
        '\u{131}' => "i",
        _ => return None,
    })
}
