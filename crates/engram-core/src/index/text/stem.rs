//! Snowball stems, with a small cache.
//!
//! Owns: the stemmer of one language and which words it is asked about. Invariant: the stem depends
//! on the word alone; the cache changes speed, never a result. Limits: words above
//! [`MAX_STEM_BYTES`] are no words and keep their form; the cache holds [`SLOT_COUNT`] words of at
//! most [`SLOT_BYTES`] bytes, about 400 kB.

use super::Language;
use rust_stemmers::Stemmer;
use xxhash_rust::xxh3::xxh3_64;

const MAX_STEM_BYTES: usize = 64;
/// A power of two. English prose finds some nine words in ten here.
const SLOT_COUNT: usize = 8192;
const SLOT_BYTES: usize = 23;

/// Word and stem, side by side so that a hit reads one or two cache lines.
#[derive(Clone)]
struct Slot {
    word_bytes: u8,
    stem_bytes: u8,
    word: [u8; SLOT_BYTES],
    stem: [u8; SLOT_BYTES],
}

/// Stems met lately, each at the one slot its hash names.
pub(super) struct StemCache {
    slots: Vec<Slot>,
}

impl StemCache {
    pub(super) fn new() -> Self {
        let empty = Slot {
            word_bytes: 0,
            stem_bytes: 0,
            word: [0; SLOT_BYTES],
            stem: [0; SLOT_BYTES],
        };
        StemCache {
            slots: vec![empty; SLOT_COUNT],
        }
    }

    fn slot(&mut self, word: &str) -> Option<&mut Slot> {
        let index = (xxh3_64(word.as_bytes()) as usize) & (SLOT_COUNT - 1);
        self.slots
            .get_mut(index)
            .filter(|_| word.len() <= SLOT_BYTES)
    }
}

impl Slot {
    fn stem_of(&self, word: &str) -> Option<&str> {
        let stored = self.word.get(..usize::from(self.word_bytes))?;
        if stored != word.as_bytes() {
            return None;
        }
        std::str::from_utf8(self.stem.get(..usize::from(self.stem_bytes))?).ok()
    }

    fn store(&mut self, word: &str, stem: &str) {
        if let (Some(to_word), Some(to_stem)) = (
            self.word.get_mut(..word.len()),
            self.stem.get_mut(..stem.len()),
        ) {
            to_word.copy_from_slice(word.as_bytes());
            to_stem.copy_from_slice(stem.as_bytes());
            self.word_bytes = word.len() as u8;
            self.stem_bytes = stem.len() as u8;
        }
    }
}

/// Replaces the word in `term` by its stem.
pub(super) fn stem(
    stemmer: &Stemmer,
    language: Language,
    cache: &mut StemCache,
    term: &mut String,
) {
    if term.is_empty() || term.len() > MAX_STEM_BYTES {
        return;
    }
    let slot = cache.slot(term);
    if let Some(found) = slot.as_ref().and_then(|slot| slot.stem_of(term)) {
        term.clear();
        term.push_str(found);
        return;
    }
    let stem = compute(stemmer, language, term);
    if let Some(slot) = slot {
        slot.store(term, &stem);
    }
    *term = stem;
}

fn compute(stemmer: &Stemmer, language: Language, word: &str) -> String {
    let stem = match language {
        // The algorithm expects the two letters to be one.
        Language::Russian => stemmer
            .stem(&word.replace('\u{451}', "\u{435}"))
            .into_owned(),
        _ => stemmer.stem(word).into_owned(),
    };
    // A word that is all ending stays as it is: an empty term could not be told from none.
    if stem.is_empty() {
        word.to_owned()
    } else {
        stem
    }
}
