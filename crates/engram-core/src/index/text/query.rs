//! What a person types, as terms and conditions.
//!
//! Owns: the query syntax: plain words, `"phrases"`, `+must`, `-not`, `prefix*`, `near~`, `field:word`.
//! Invariants: every text is a query, since questions come with all sorts of signs; what does not fit the
//! syntax (a quote without its partner, a lone sign, `C++`, `-5`, a colon behind what is no field) is plain
//! words. Linear.
//!
//! Meaning:
//! - Plain words score; none of them is required. Function words count little beside others
//!   ([`super::StopWords`]).
//! - `+` before a word, phrase or prefix requires it, `-` forbids it. A word that makes several
//!   terms (a name, Chinese) is then a phrase of its parts. If nothing but `-` is there, it is
//!   plain words.
//! - A phrase is required if no plain word stands beside it: who types only a quotation means it.
//!   Among plain words it is preferred, since a question may quote two titles that no one document
//!   holds. Its words score in each case.
//! - `prefix*` stands for every term that begins so, as written, not stemmed; it needs two characters.
//!   `near~`, `near~1` and `near~2` stand for every term within so many changes of a letter: without a
//!   number one from three letters on and two from six; words of three letters allow one at most, shorter
//!   ones none. What such a group finds scores as one word does, and a document that has the word itself
//!   gets that word's score on top.
//!   Beyond the 16th word with `*`, `~` or a field, words are plain.
//! - `field:word`, `field:"some words"` and `field:prefix*` require that the metadata at the dotted path
//!   holds the words, and with `-` that it does not. They do not score; with nothing else they are plain
//!   words. Where no record has such a path, the colon is a sign like others.

use super::characters::{Class, class_of};
use super::near::{self, MAX_DISTANCE};
use super::query_items::{Item, Kind, items};
use super::{Analyzer, Phrase, StopWords, TermCounts, phrase_frequency};
use std::collections::HashMap;

/// A term and how much the query holds of it.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedTerm {
    /// The term as the index has it.
    pub term: String,
    /// How often the query holds it; a share of that for a function word beside other words.
    pub weight: f32,
    /// Whether that share was taken.
    pub is_weak: bool,
}

/// Terms that count as one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// All that begin so.
    Prefix(String),
    /// All within a distance of one of these.
    Near {
        /// The word as it was typed, and as the index would have it.
        words: Vec<String>,
        /// At most so many changes.
        distance: u8,
    },
}

/// What a document must, or must not, have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// This term.
    Term(String),
    /// These terms in a row.
    Phrase(Phrase),
    /// Some term of these.
    Group(Group),
    /// Its metadata holds, in a scalar at this path or in a list there.
    Field(Vec<String>, Box<Condition>),
}

/// A parsed query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextQuery {
    /// What scores, in the order of first appearance.
    pub terms: Vec<WeightedTerm>,
    /// Groups that score, each once.
    pub groups: Vec<Group>,
    /// What every hit has.
    pub must: Vec<Condition>,
    /// What no hit has.
    pub must_not: Vec<Condition>,
    /// Phrases that raise a hit.
    pub preferred: Vec<Phrase>,
}

impl TextQuery {
    /// Parses what a person typed, where nothing is a field.
    pub fn parse(text: &str, analyzer: &Analyzer) -> TextQuery {
        TextQuery::parse_with(text, analyzer, |_| false)
    }

    /// Parses what a person typed; `is_field` tells which dotted paths are fields.
    pub fn parse_with(
        text: &str,
        analyzer: &Analyzer,
        is_field: impl Fn(&str) -> bool,
    ) -> TextQuery {
        let items = items(text, &is_field);
        let is_plain = |item: &Item<'_>| {
            item.sign.is_none() && item.field.is_none() && item.kind != Kind::Phrase
        };
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
        whole.weaken();
        whole.query
    }

    /// Whether most of its terms are of scripts written without spaces, and so pairs of letters.
    pub fn is_of_pairs(&self) -> bool {
        let is_pair = |term: &&WeightedTerm| {
            let first = term.term.chars().next();
            first.is_some_and(|c| class_of(c) == Class::Spaceless)
        };
        self.terms.iter().filter(is_pair).count() * 2 > self.terms.len()
    }

    /// Whether nothing is left that could score a document.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.groups.is_empty()
    }
}

impl Group {
    /// Whether a term belongs to it.
    pub fn contains(&self, term: &str) -> bool {
        match self {
            Group::Prefix(start) => term.starts_with(start),
            Group::Near { words, distance } => words
                .iter()
                .any(|word| near::distance(word, term, *distance).is_some()),
        }
    }
}

impl Condition {
    /// How often a document has it, fields left aside.
    pub fn frequency(&self, counts: &TermCounts) -> u32 {
        match self {
            Condition::Term(term) => counts.tf(term),
            Condition::Phrase(phrase) => {
                let lists: Vec<(&[u32], u32)> = phrase
                    .terms
                    .iter()
                    .map(|(term, at)| (counts.positions(term), *at))
                    .collect();
                phrase_frequency(&lists)
            }
            Condition::Group(group) => {
                let found = counts.iter().filter(|found| group.contains(found.term));
                found.map(|found| found.positions.len() as u32).sum()
            }
            Condition::Field(..) => 0,
        }
    }
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
        if item.field.is_some() {
            self.query.must.extend(self.condition(item));
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

    /// What a word with a star or a tilde stands for; none if it is plain words.
    fn group(&self, item: &Item<'_>) -> Option<Group> {
        match item.kind {
            Kind::Prefix => {
                let start = self.analyzer.fold(item.text);
                (!start.is_empty()).then_some(Group::Prefix(start))
            }
            Kind::Near(distance) => {
                let mut words: Vec<String> = Vec::new();
                self.analyzer
                    .analyze(item.text, |term, _, _| words.push(term.to_owned()));
                // Parts of a name are not guessed at.
                let [_] = words.as_slice() else { return None };
                let typed = self.analyzer.fold(item.text);
                let (usual, most) = match typed.chars().count() {
                    0..=2 => (0, 0),
                    3 => (1, 1),
                    4..=5 => (1, MAX_DISTANCE),
                    _ => (MAX_DISTANCE, MAX_DISTANCE),
                };
                if !words.contains(&typed) {
                    words.push(typed);
                }
                let distance = distance.unwrap_or(usual).min(most);
                (distance > 0).then_some(Group::Near { words, distance })
            }
            _ => None,
        }
    }

    fn add_scoring(&mut self, item: &Item<'_>) {
        if item.field.is_some() {
            return self.add_scoring(&item.as_words());
        }
        if let Some(group) = self.group(item) {
            // The word itself counts beside what is near it, so that it comes first.
            if matches!(group, Group::Near { .. }) {
                self.add_words(item);
            }
            if !self.query.groups.contains(&group) {
                self.query.groups.push(group);
            }
            return;
        }
        if item.kind != Kind::Prefix {
            self.add_words(item);
        }
    }

    fn add_words(&mut self, item: &Item<'_>) {
        let (terms, places) = (&mut self.query.terms, &mut self.places);
        let is_plain = item.sign.is_none() && item.kind == Kind::Words;
        let analyzer = self.analyzer;
        analyzer.analyze(item.text, |term, _, span| {
            let word = item.text.get(span).unwrap_or("");
            let is_weak = is_plain && analyzer.is_function_word(word);
            match places.get(term).and_then(|&place| terms.get_mut(place)) {
                Some(known) => {
                    known.weight += 1.0;
                    known.is_weak &= is_weak;
                }
                None => {
                    places.insert(term.to_owned(), terms.len());
                    terms.push(WeightedTerm {
                        term: term.to_owned(),
                        weight: 1.0,
                        is_weak,
                    });
                }
            }
        });
    }

    /// Takes their weight from function words, if there are other words.
    fn weaken(&mut self) {
        let use_of = self.analyzer.settings().stop_words;
        let TextQuery { terms, groups, .. } = &mut self.query;
        let has_others = !groups.is_empty() || terms.iter().any(|term| !term.is_weak);
        for term in terms.iter_mut() {
            term.is_weak &= has_others && use_of != StopWords::Keep;
            if term.is_weak {
                term.weight *= use_of.share();
            }
        }
        terms.retain(|term| term.weight > 0.0);
    }

    fn condition(&self, item: &Item<'_>) -> Option<Condition> {
        if let Some(field) = item.field {
            let inner = Item {
                field: None,
                ..*item
            };
            let path = field.split('.').map(str::to_owned).collect();
            return Some(Condition::Field(path, Box::new(self.condition(&inner)?)));
        }
        if let Some(group) = self.group(item) {
            return Some(Condition::Group(group));
        }
        let mut phrase = Phrase::new(item.text, self.analyzer);
        match phrase.terms.len() {
            0 => None,
            1 => phrase.terms.pop().map(|(term, _)| Condition::Term(term)),
            _ => Some(Condition::Phrase(phrase)),
        }
    }
}
