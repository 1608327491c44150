//! Text to terms.
//!
//! Owns: the order of the steps (segment, fold, stem) and the positions. Each atom of a name takes
//! one position. A name of several atoms is also a term as a whole, at the position of its first
//! atom, and so are its inner groups: `http_client.readTimeout` gives, whole first,
//! `http_client.readtimeout`@0 `http_client`@0 `http`@0 `client`@1 `readtimeout`@2 `read`@2
//! `timeout`@3. A spaceless run of n letters gives n-1 bigrams at consecutive positions, one letter
//! alone itself.
//!
//! Invariants: positions never fall; a term is not empty, is lower case, and has at most
//! [`MAX_TERM_BYTES`] bytes, being cut at a character; the terms of a text depend on text and
//! language alone. No stop words. Only terms made of letters are stemmed, a name of letters alone
//! (`iPhone`) as the plain word it would be in lower case.
//!
//! Complexity: linear. Plain ASCII words, most of most texts, take a short path. An [`Analyzer`] is
//! shared between threads; the mutex is held to fetch and return a cache, never while working.

use super::characters::{Class, class_of, continues_unit, normalise};
use super::function_words::FunctionWords;
use super::names::{Atom, Joint, read_name};
use super::stem::{StemCache, stem};
use super::{Language, MAX_TERM_BYTES, TextSettings};
use rust_stemmers::Stemmer;
use std::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Raw bytes that are folded for one term: folding seldom grows a text, so this leaves the cut to
/// the folded form, yet bounds the work on a word of megabytes.
const MAX_RAW_BYTES: usize = 4 * MAX_TERM_BYTES;

/// Splits text into index terms, by the rules of one language.
pub struct Analyzer {
    settings: TextSettings,
    language: Language,
    stemmer: Option<Stemmer>,
    caches: Mutex<Vec<StemCache>>,
    function_words: OnceLock<FunctionWords>,
}

impl Analyzer {
    /// An analyser that stems by `language`.
    pub fn new(language: Language) -> Self {
        Analyzer::with(TextSettings::new(language))
    }

    /// An analyser for a collection.
    pub fn with(settings: TextSettings) -> Self {
        Analyzer {
            settings,
            language: settings.language,
            stemmer: settings.language.algorithm().map(Stemmer::create),
            caches: Mutex::new(Vec::new()),
            function_words: OnceLock::new(),
        }
    }

    /// The language it was made for.
    pub fn language(&self) -> Language {
        self.language
    }

    /// What the collection does with its text.
    pub fn settings(&self) -> &TextSettings {
        &self.settings
    }

    /// Whether a word, as it stands in a text, carries grammar rather than matter.
    pub fn is_function_word(&self, word: &str) -> bool {
        let words = || FunctionWords::of(self.language);
        self.function_words.get_or_init(words).contains(word)
    }

    /// Calls `sink` with each term, its position, and the bytes of `text` it comes from.
    pub fn analyze(&self, text: &str, sink: impl FnMut(&str, u32, Range<usize>)) {
        let cached = self
            .caches
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let cache = cached.unwrap_or_else(StemCache::new);
        let mut pass = Pass {
            analyzer: self,
            text,
            cache,
            sink,
            position: 0,
            term: String::new(),
            atoms: Vec::new(),
        };
        pass.run();
        self.caches
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(pass.cache);
    }

    /// `text` as one term, folded but neither split nor stemmed: what a prefix query looks for.
    pub fn fold(&self, text: &str) -> String {
        let mut folded = String::new();
        normalise(cut(text, MAX_RAW_BYTES), true, &mut folded);
        folded.truncate(cut(&folded, MAX_TERM_BYTES).len());
        folded
    }
}

/// The longest start of `text` within `limit` bytes that ends at a character.
fn cut(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

struct Pass<'a, F> {
    analyzer: &'a Analyzer,
    text: &'a str,
    cache: StemCache,
    sink: F,
    position: u32,
    /// The term in work; kept to save its allocation.
    term: String,
    atoms: Vec<Atom>,
}

impl<F: FnMut(&str, u32, Range<usize>)> Pass<'_, F> {
    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at = if byte.is_ascii_alphanumeric() {
                self.ascii_word(at)
            } else if byte.is_ascii() {
                at + 1
            } else {
                self.wide(at)
            };
        }
    }

    /// Takes the word at `at` if it is plain, which most are; hands the others on.
    fn ascii_word(&mut self, at: usize) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        let is_number = rest.first().is_some_and(u8::is_ascii_digit);
        let tail = rest.iter().skip(1);
        let length = 1 + if is_number {
            tail.take_while(|byte| byte.is_ascii_digit()).count()
        } else {
            tail.take_while(|byte| byte.is_ascii_lowercase()).count()
        };
        if !ends_word(rest.get(length), rest.get(length + 1)) {
            return self.name(at);
        }
        self.emit_atom(at..at + length, !is_number);
        at + length
    }

    /// Takes what starts with a character outside ASCII.
    fn wide(&mut self, at: usize) -> usize {
        let Some(c) = self.text.get(at..).and_then(|rest| rest.chars().next()) else {
            return self.text.len();
        };
        match class_of(c) {
            Class::Spaceless => self.spaceless(at),
            class if class.is_word() => self.name(at),
            _ => at + c.len_utf8(),
        }
    }

    fn name(&mut self, start: usize) -> usize {
        let mut atoms = std::mem::take(&mut self.atoms);
        let resume = read_name(self.text, start, &mut atoms);
        for (i, atom) in atoms.iter().enumerate() {
            let mut outer_len = 0;
            for loosest in [Joint::Connector, Joint::Underscore, Joint::Change] {
                if i > 0 && atom.joint <= loosest {
                    continue;
                }
                let group = group_at(&atoms, i, loosest);
                if group.len() > 1 && group.len() != outer_len {
                    self.emit_group(group);
                }
                outer_len = group.len();
            }
            let raw = self.text.get(atom.start..atom.end).unwrap_or("");
            let is_word = !raw.bytes().any(|byte| byte.is_ascii_digit());
            self.emit_atom(atom.start..atom.end, is_word);
        }
        self.atoms = atoms;
        resume
    }

    /// Emits several atoms as one term.
    fn emit_group(&mut self, group: &[Atom]) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            return;
        };
        let raw = self.text.get(first.start..last.end).unwrap_or("");
        let is_word = !raw.contains(|c| !matches!(class_of(c), Class::Lower | Class::Upper));
        self.emit(first.start..last.end, is_word);
    }

    /// Takes a run of letters written without spaces, as bigrams.
    fn spaceless(&mut self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or("");
        let mut before: Option<usize> = None;
        let mut unit = 0;
        let mut at = 0;
        for (i, c) in rest.char_indices() {
            if i > 0 && !continues_unit(c) {
                if class_of(c) != Class::Spaceless {
                    break;
                }
                if let Some(before) = before {
                    self.emit_atom(start + before..start + i, false);
                }
                (before, unit) = (Some(unit), i);
            }
            at = i + c.len_utf8();
        }
        self.emit_atom(start + before.unwrap_or(unit)..start + at, false);
        start + at
    }

    /// Emits a term that takes a position of its own.
    fn emit_atom(&mut self, span: Range<usize>, is_word: bool) {
        let is_term = self.emit(span, is_word);
        self.position = self.position.saturating_add(u32::from(is_term));
    }

    /// Emits a term; false if folding leaves nothing of it.
    fn emit(&mut self, span: Range<usize>, is_word: bool) -> bool {
        let raw = cut(self.text.get(span.clone()).unwrap_or(""), MAX_RAW_BYTES);
        let language = self.analyzer.language;
        normalise(raw, language.folds_first(), &mut self.term);
        if let (true, Some(stemmer)) = (is_word, &self.analyzer.stemmer) {
            stem(stemmer, language, &mut self.cache, &mut self.term);
        }
        if !language.folds_first() && !self.term.is_ascii() {
            let accented = std::mem::take(&mut self.term);
            normalise(&accented, true, &mut self.term);
        }
        if self.term.len() > MAX_TERM_BYTES {
            self.term.truncate(cut(&self.term, MAX_TERM_BYTES).len());
        }
        if self.term.is_empty() {
            return false;
        }
        (self.sink)(&self.term, self.position, span);
        true
    }
}

/// The atoms from `start` on that hang together by joints no looser than `loosest`.
fn group_at(atoms: &[Atom], start: usize, loosest: Joint) -> &[Atom] {
    let rest = atoms.get(start..).unwrap_or_default();
    let inner = rest
        .iter()
        .skip(1)
        .take_while(|atom| atom.joint <= loosest)
        .count();
    rest.get(..=inner).unwrap_or(rest)
}

/// Whether a plain word ends before these two bytes; in doubt not.
fn ends_word(next: Option<&u8>, after: Option<&u8>) -> bool {
    let Some(&next) = next else { return true };
    let joins = matches!(next, b'_' | b'.' | b'-' | b'/' | b':' | b'\'');
    match after {
        _ if next.is_ascii_alphanumeric() || !next.is_ascii() => false,
        Some(after) if joins => after.is_ascii_whitespace(),
        _ => true,
    }
}
