//! What a collection does with its text.
//!
//! Owns: the settings, their text form (which is what the file keeps, F-046), and the defaults of BM25 by
//! length. Text form: the code of the language, then, each after a blank and only where it differs from
//! the default, `stop=keep` or `stop=drop`, `k1=` and `b=` with a number. Invariant: parsing what was
//! printed gives the same settings.

use super::bm25::{Bm25, CorpusStats};
use super::language::Language;
use std::fmt;

/// The most that k1 can be.
const MAX_K1: f32 = 10.0;
/// The most that b can be.
const MAX_B: f32 = 1.0;

/// What stop words (articles, pronouns, question words) of a query count beside its other words. The index
/// has them in each case, so that phrases find them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StopWords {
    /// A tenth: on sets of questions as good as nothing, and it tells apart what else would tie.
    #[default]
    Weak,
    /// As much as others.
    Keep,
    /// Nothing.
    Drop,
}

impl StopWords {
    const ALL: [(StopWords, &'static str); 3] = [
        (StopWords::Weak, "weak"),
        (StopWords::Keep, "keep"),
        (StopWords::Drop, "drop"),
    ];

    /// The use of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let known = StopWords::ALL.iter().find(|(_, known)| *known == name);
        known.map(|(known, _)| *known)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let known = StopWords::ALL.iter().find(|(known, _)| *known == self);
        known.map_or("", |(_, name)| name)
    }

    /// The share of its weight that a stop word keeps.
    pub(super) fn share(self) -> f32 {
        match self {
            StopWords::Weak => 0.1,
            StopWords::Keep => 1.0,
            StopWords::Drop => 0.0,
        }
    }
}

/// The settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextSettings {
    /// What words are stemmed for.
    pub language: Language,
    /// What stop words count.
    pub stop_words: StopWords,
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
            stop_words: StopWords::default(),
            k1: None,
            b: None,
        }
    }

    /// Settings by their names; what is wrong with them as the error.
    pub fn named(
        language: &str,
        stop_words: &str,
        k1: Option<f32>,
        b: Option<f32>,
    ) -> Result<Self, String> {
        let language = Language::from_code(language)
            .ok_or_else(|| format!("unknown language {language:?}"))?;
        let stop_words = StopWords::from_name(stop_words)
            .ok_or_else(|| format!("stop_words is {stop_words:?}, not weak, keep or drop"))?;
        for (name, number, most) in [("k1", k1, MAX_K1), ("b", b, MAX_B)] {
            if number.is_some_and(|number| !(0.0..=most).contains(&number)) {
                return Err(format!("{name} must be from 0 to {most}"));
            }
        }
        Ok(TextSettings {
            language,
            stop_words,
            k1,
            b,
        })
    }

    /// Reads the text form; what is wrong with it as the error.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split(' ');
        let code = parts.next().unwrap_or("");
        let (mut stop_words, mut k1, mut b) = (StopWords::default().name(), None, None);
        for part in parts {
            let number = |value: &str| value.parse().ok().map(Some);
            let known = part.split_once('=').and_then(|(name, value)| {
                match name {
                    "stop" => stop_words = value,
                    "k1" => k1 = number(value)?,
                    "b" => b = number(value)?,
                    _ => return None,
                }
                Some(())
            });
            known.ok_or_else(|| format!("unknown text setting {part:?}"))?;
        }
        TextSettings::named(code, stop_words, k1, b)
    }

    /// The parameters for a corpus.
    ///
    /// What is not set follows the mean length of the documents in terms: up to 40 the values that suit
    /// short texts (0.9 and 0.4), from 160 on those that suit long ones (1.5 and 0.75), and between them
    /// in proportion. Of pairs of letters (`by_pairs`, see [`super::TextQuery::is_of_pairs`]) a text has
    /// many, and that it has one often tells little: they are scored as in short texts
    /// (`docs/explanation/search.md`).
    #[must_use]
    pub fn bm25(&self, stats: CorpusStats, by_pairs: bool) -> Bm25 {
        let share = match by_pairs {
            true => 0.0,
            false => ((stats.average_len() - 40.0) / 120.0).clamp(0.0, 1.0),
        };
        let between = |low: f64, high: f64| (low + (high - low) * share) as f32;
        Bm25 {
            k1: self.k1.unwrap_or_else(|| between(0.9, 1.5)),
            b: self.b.unwrap_or_else(|| between(0.4, 0.75)),
        }
    }
}

impl fmt::Display for TextSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.language.code())?;
        if self.stop_words != StopWords::default() {
            write!(f, " stop={}", self.stop_words.name())?;
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
                stop_words: StopWords::ALL[words].0,
                k1,
                b,
            };
            prop_assert_eq!(TextSettings::parse(&settings.to_string()), Ok(settings));
        }
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for text in [
            "",
            "xx",
            "en ",
            "en  b=1",
            "en b=1.1",
            "en k1=-1",
            "en k1=NaN",
            "en stop=x",
            "en b",
        ] {
            assert!(TextSettings::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn parameters_follow_the_length() {
        let with = |length: u64, text: &str, by_pairs| {
            let stats = CorpusStats {
                doc_count: 10,
                total_len: length * 10,
            };
            TextSettings::parse(text).unwrap().bm25(stats, by_pairs)
        };
        let at = |length, text| with(length, text, false);
        assert_eq!(with(900, "en", true), Bm25 { k1: 0.9, b: 0.4 });
        assert_eq!(with(900, "en b=0.5", true), Bm25 { k1: 0.9, b: 0.5 });
        assert_eq!(at(3, "en"), Bm25 { k1: 0.9, b: 0.4 });
        assert_eq!(at(100, "en"), Bm25 { k1: 1.2, b: 0.575 });
        assert_eq!(at(900, "en"), Bm25 { k1: 1.5, b: 0.75 });
        assert_eq!(at(900, "en k1=2 b=0.5"), Bm25 { k1: 2.0, b: 0.5 });
        assert_eq!(at(0, "none").k1, 0.9);
    }
}
