//! The languages an analyser can stem.
//!
//! Owns: their codes, which are stored with a collection and so never change, and two facts about
//! each stemmer. The opposite side is `analyzer`.

use rust_stemmers::Algorithm;

macro_rules! languages {
    ($($name:ident = $code:literal, $folds_first:literal;)*) => {
        /// A language to stem by, or [`Language::None`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Language {
            /// No stemming.
            None,
            $(#[doc = $code] $name,)*
        }

        impl Language {
            /// Every language.
            pub const ALL: &'static [Language] = &[Language::None, $(Language::$name,)*];

            /// The ISO 639-1 code, or `none`.
            pub fn code(self) -> &'static str {
                match self { Language::None => "none", $(Language::$name => $code,)* }
            }

            pub(super) fn algorithm(self) -> Option<Algorithm> {
                match self {
                    Language::None => None,
                    $(Language::$name => Some(Algorithm::$name),)*
                }
            }

            /// Whether accents go before stemming.
            ///
            /// Where the stemmer's endings carry accents it must see them. Where accents are
            /// foreign to it (English) or it drops them itself (German, Dutch), folding first
            /// gives "resume" and its accented form one stem.
            pub(super) fn folds_first(self) -> bool {
                match self { Language::None => true, $(Language::$name => $folds_first,)* }
            }
        }
    };
}

languages! {
    Arabic = "ar", false;
    Danish = "da", false;
    Dutch = "nl", true;
    English = "en", true;
    Finnish = "fi", false;
    French = "fr", false;
    German = "de", true;
    Greek = "el", false;
    Hungarian = "hu", false;
    Italian = "it", false;
    Norwegian = "no", false;
    Portuguese = "pt", false;
    Romanian = "ro", false;
    Russian = "ru", false;
    Spanish = "es", false;
    Swedish = "sv", false;
    Tamil = "ta", false;
    Turkish = "tr", false;
}

impl Language {
    /// The language of a code, for example `en`; `none` for no stemming.
    pub fn from_code(code: &str) -> Option<Language> {
        Language::ALL
            .iter()
            .copied()
            .find(|language| language.code() == code)
    }
}
