//! Words and names: where they end, and the parts they have.
//!
//! Owns: the segmentation of everything that is not written without spaces. A *name* is words
//! joined by `_ . - / :: '`; an *atom* is the smallest part, cut at joints, at a change of case and
//! between letters and digits. `src/http_client/readTimeout2.rs` has the atoms
//! `src http client read Timeout 2 rs`.
//!
//! Invariants: a name begins and ends with an atom; atoms are in text order and do not overlap.
//! Limits: a name stops growing at a joint once it has [`MAX_TERM_BYTES`]; a word longer than that,
//! or with more than [`MAX_DIGIT_CHANGES`] changes between letters and digits (a hash, a UUID), is
//! not cut. Linear in the name.

use super::MAX_TERM_BYTES;
use super::characters::{Class, class_of};

const MAX_DIGIT_CHANGES: usize = 4;

/// How an atom hangs on the one before it, the loosest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Joint {
    /// Case or digits change.
    Change,
    Underscore,
    /// Another connector; also stands before the first atom.
    Connector,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Atom {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) joint: Joint,
}

fn char_at(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

fn class_at(text: &str, at: usize) -> Class {
    char_at(text, at).map_or(Class::Break, class_of)
}

/// Reads the name that begins with a letter or digit at `start` into `atoms`.
///
/// Returns where to go on, which is after a possessive `'s` that no atom holds.
pub(super) fn read_name(text: &str, start: usize, atoms: &mut Vec<Atom>) -> usize {
    atoms.clear();
    let mut at = start;
    let mut joint = Joint::Connector;
    loop {
        let word_start = at;
        at = word_end(text, at);
        let mut resume = at;
        while let Some(apostrophe) = apostrophe_at(text, at) {
            let tail_end = word_end(text, apostrophe);
            match text.get(apostrophe..tail_end).unwrap_or("") {
                "s" | "S" => {
                    resume = tail_end;
                    break;
                }
                tail if is_contraction(tail) => at = tail_end,
                _ => break,
            }
            resume = at;
        }
        split_word(text, word_start, at, joint, atoms);
        if resume > at || at - start >= MAX_TERM_BYTES {
            return resume;
        }
        match joint_after(text, at) {
            Some((next_joint, next)) => (joint, at) = (next_joint, next),
            None => return at,
        }
    }
}

/// Where the run of letters, digits and their marks ends.
fn word_end(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or("");
    let is_word = |c: char| {
        let class = class_of(c);
        class.is_word() || class == Class::Extend
    };
    start + rest.find(|c| !is_word(c)).unwrap_or(rest.len())
}

/// The byte after an apostrophe at `at`, if a word follows it.
fn apostrophe_at(text: &str, at: usize) -> Option<usize> {
    let c = char_at(text, at).filter(|&c| class_of(c) == Class::Apostrophe)?;
    let after = at + c.len_utf8();
    class_at(text, after).is_word().then_some(after)
}

/// Tails that belong to the English word before the apostrophe; others are words themselves, as
/// in French "l'avion" or "O'Brien".
fn is_contraction(tail: &str) -> bool {
    ["t", "d", "m", "ll", "re", "ve"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(tail))
}

/// The joint at `at` and where the word after it starts, if there is one.
fn joint_after(text: &str, at: usize) -> Option<(Joint, usize)> {
    let c = char_at(text, at)?;
    let (joint, next) = match class_of(c) {
        Class::Underscore => {
            let rest = text.get(at..)?;
            (Joint::Underscore, at + rest.find(|c| c != '_')?)
        }
        Class::Connector | Class::Apostrophe => (Joint::Connector, at + c.len_utf8()),
        Class::Colon if text.get(at..)?.starts_with("::") => (Joint::Connector, at + 2),
        _ => return None,
    };
    class_at(text, next).is_word().then_some((joint, next))
}

/// The last letter or digit of a word that was read.
struct Before {
    class: Class,
    at: usize,
    /// Capitals in a row up to it.
    upper_run: usize,
}

/// Cuts one word where case changes and between letters and digits.
fn split_word(text: &str, start: usize, end: usize, joint: Joint, atoms: &mut Vec<Atom>) {
    let word = text.get(start..end).unwrap_or("");
    let mut atom = Atom { start, end, joint };
    if word.len() <= MAX_TERM_BYTES {
        let splits_digits = digit_changes(word) <= MAX_DIGIT_CHANGES;
        let mut before: Option<Before> = None;
        for (i, c) in word.char_indices() {
            let class = class_of(c);
            if !class.is_word() {
                continue;
            }
            let cut = before
                .as_ref()
                .and_then(|before| cut_at(word, i, before, splits_digits));
            if let Some(cut) = cut {
                atoms.push(Atom {
                    end: start + cut,
                    ..atom
                });
                atom = Atom {
                    start: start + cut,
                    end,
                    joint: Joint::Change,
                };
            }
            let upper_run = match class {
                Class::Upper => before.map_or(1, |before| before.upper_run + 1),
                _ => 0,
            };
            before = Some(Before {
                class,
                at: i,
                upper_run,
            });
        }
    }
    atoms.push(atom);
}

/// Where to cut on reading the character at `i`: before it, before the last capital, or nowhere.
fn cut_at(word: &str, i: usize, before: &Before, splits_digits: bool) -> Option<usize> {
    let class = class_at(word, i);
    if (class == Class::Digit) != (before.class == Class::Digit) {
        return splits_digits.then_some(i);
    }
    match (before.class, class) {
        (Class::Lower, Class::Upper) => Some(i),
        (Class::Upper, Class::Lower) if before.upper_run > 1 && !ends_acronym(word, i) => {
            Some(before.at)
        }
        _ => None,
    }
}

/// Whether the `s` at `i` is the plural of the capitals before it, as in "URLs".
fn ends_acronym(word: &str, i: usize) -> bool {
    word.get(i..).is_some_and(|rest| {
        rest.starts_with('s') && !matches!(class_at(rest, 1), Class::Lower | Class::Extend)
    })
}

fn digit_changes(word: &str) -> usize {
    let classes = word.chars().map(class_of).filter(|class| class.is_word());
    let mut changes = 0;
    let mut before = None;
    for class in classes {
        let is_digit = class == Class::Digit;
        changes += usize::from(before.is_some_and(|was| was != is_digit));
        before = Some(is_digit);
    }
    changes
}
