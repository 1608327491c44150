//! What a collection does with its text.
//!
//! Owns: the settings, their text form (which is what the file keeps, F-046), and the defaults of BM25 by
//! length. Text form: the code of the language, then, each after a blank and only where it differs from
//! the default, `words=keep` or `words=drop`, `k1=` and `b=` with a number. Invariant: parsing what was
//! printed gives the same settings.

use super::bm25::{Bm25, CorpusStats};
use super::language::Language;
use std::fmt;

/// What function words (articles, pronouns, question words) of a query count beside its other words. The
/// index has them in each case, so that phrases find them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FunctionWordUse {
    /// A tenth.
    #[default]
    Weak,
    /// As much as others.
    Keep,
    /// Nothing.
    Drop,
}

impl FunctionWordUse {
    const ALL: [(FunctionWordUse, &'static str); 3] = [
        (FunctionWordUse::Weak, "weak"),
        (FunctionWordUse::Keep, "keep"),
        (FunctionWordUse::Drop, "drop"),
    ];

    /// The share of its weight that a function word keeps.
    pub(super) fn share(self) -> f32 {
        match self {
            // On question sets a tenth is as good as nothing, and it tells apart what else would tie.
            FunctionWordUse::Weak => 0.1,
            FunctionWordUse::Keep => 1.0,
            FunctionWordUse::Drop => 0.0,
        }
    }
}

/// The settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextSettings {
    /// What words are stemmed for.
    pub language: Language,
    /// What function words count.
    pub function_words: FunctionWordUse,
    /// BM25's k1, 0 to 10; by length where not given.
    pub k1: Option<f32>,
    /// BM25's b, 0 to 1; by length where not given.
    pub b: Option<f32>,
}

impl TextSettings {
    /// The defaults of a language.
    #[must_use]
    pub fn new(language: Language) -> Self {
        TextSettings {
            language,
            function_words: FunctionWordUse::Weak,
            k1: None,
            b: None,
        }
    }

    /// Reads the text form; what is wrong with it as the error.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split(' ');
        let code = parts.next().unwrap_or("");
        let language = Language::from_code(code).ok_or_else(|| format!("unknown language {code:?}"))?;
        let mut settings = TextSettings::new(language);
        for part in parts {
            let known = part.split_once('=').is_some_and(|(name, value)| match name {
                "words" => settings.set_words(value),
                "k1" => set_number(&mut settings.k1, value, 10.0),
                "b" => set_number(&mut settings.b, value, 1.0),
                _ => false,
            });
            if !known {
                return Err(format!("unknown text setting {part:?}"));
            }
        }
        Ok(settings)
    }

    fn set_words(&mut self, value: &str) -> bool {
        let known = FunctionWordUse::ALL.iter().find(|(_, name)| *name == value);
        known.is_some_and(|(known, _)| {
            self.function_words = *known;
            true
        })
    }

    /// The parameters for a corpus.
    ///
    /// What is not set follows the mean length of the documents in terms: up to 40 the values that suit
    /// short texts (0.9 and 0.4), from 160 on those that suit long ones (1.5 and 0.75), and between them
    /// in proportion (`docs/explanation/search.md`).
    #[must_use]
    pub fn bm25(&self, stats: CorpusStats) -> Bm25 {
        let share = ((stats.average_len() - 40.0) / 120.0).clamp(0.0, 1.0);
        let between = |low: f64, high: f64| (low + (high - low) * share) as f32;
        Bm25 {
            k1: self.k1.unwrap_or_else(|| between(0.9, 1.5)),
            b: self.b.unwrap_or_else(|| between(0.4, 0.75)),
        }
    }
}

fn set_number(to: &mut Option<f32>, value: &str, most: f32) -> bool {
    let number = value.parse().ok().filter(|number| (0.0..=most).contains(number));
    *to = number;
    number.is_some()
}

impl fmt::Display for TextSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.language.code())?;
        let words = FunctionWordUse::ALL.iter().find(|(known, _)| *known == self.function_words);
        if let Some((_, name)) = words.filter(|(known, _)| *known != FunctionWordUse::Weak) {
            write!(f, " words={name}")?;
        }
        if let Some(k1) = self.k1 {
            write!(f, " k1={k1}")?;
        }
        match self.b {
            Some(b) => write!(f, " b={b}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn settings_come_back(
            language in 0..Language::ALL.len(), words in 0usize..3,
            k1 in prop::option::of(0.0f32..=10.0), b in prop::option::of(0.0f32..=1.0)
        ) {
            let settings = TextSettings {
                language: Language::ALL[language],
                function_words: FunctionWordUse::ALL[words].0,
                k1,
                b,
            };
            prop_assert_eq!(TextSettings::parse(&settings.to_string()), Ok(settings));
        }
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for text in ["", "xx", "en ", "en  b=1", "en b=1.1", "en k1=-1", "en k1=NaN", "en words=x", "en b"] {
            assert!(TextSettings::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn parameters_follow_the_length() {
        let at = |length, text: &str| {
            let stats = CorpusStats { doc_count: 10, total_len: length * 10 };
            TextSettings::parse(text).unwrap().bm25(stats)
        };
        assert_eq!(at(3, "en"), Bm25 { k1: 0.9, b: 0.4 });
        assert_eq!(at(100, "en"), Bm25 { k1: 1.2, b: 0.575 });
        assert_eq!(at(900, "en"), Bm25 { k1: 1.5, b: 0.75 });
        assert_eq!(at(900, "en k1=2 b=0.5"), Bm25 { k1: 2.0, b: 0.5 });
        assert_eq!(at(0, "none").k1, 0.9);
    }
}
