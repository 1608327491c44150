//! Where a text shows what a query looks for.
//!
//! Owns: the stretches. Invariants: offsets are of the text that was handed in, on boundaries of characters;
//! stretches ascend and do not overlap. Complexity: linear in the text, but for words within a distance,
//! which are compared with every different word of it.

use super::query::{Condition, Group, TextQuery};
use super::{Analyzer, Phrase, phrase_frequency};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

/// What a query looks for in a text, numbered.
pub(super) struct Wishes<'q> {
    terms: HashMap<&'q str, usize>,
    groups: &'q [Group],
    phrases: Vec<&'q Phrase>,
    /// By number: terms, groups, phrases.
    weights: Vec<u64>,
}

/// A stretch of a text that is looked for.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) bytes: Range<usize>,
    /// The wishes that it meets, one for each time.
    pub(super) wishes: Vec<usize>,
}

/// A wish met, in bytes of the text.
struct Found {
    bytes: Range<usize>,
    wish: usize,
}

impl<'q> Wishes<'q> {
    /// The wishes of a query whose terms and groups have these weights, in their order; a phrase has that
    /// of its words. Stop words beside other words are none.
    pub(super) fn new(query: &'q TextQuery, weights: &[f32]) -> Self {
        // Whole numbers add up to the same in any order.
        let whole = |weight: f32| (weight.max(0.0) * 1024.0) as u64 + 1;
        let weight_at = |at: usize| weights.get(at).map_or(1, |weight| whole(*weight));
        let mut terms = HashMap::new();
        let mut by_number: Vec<u64> = Vec::new();
        for (at, term) in query
            .terms
            .iter()
            .enumerate()
            .filter(|(_, term)| !term.is_weak)
        {
            terms.insert(term.term.as_str(), by_number.len());
            by_number.push(weight_at(at));
        }
        by_number.extend((0..query.groups.len()).map(|at| weight_at(query.terms.len() + at)));
        let required = query.must.iter().filter_map(|condition| match condition {
            Condition::Phrase(phrase) => Some(phrase),
            _ => None,
        });
        let phrases: Vec<&Phrase> = query.preferred.iter().chain(required).collect();
        for phrase in &phrases {
            let known = phrase
                .terms
                .iter()
                .filter_map(|(term, _)| terms.get(term.as_str()));
            let sum: u64 = known.filter_map(|at| by_number.get(*at)).sum();
            by_number.push(sum.max(1));
        }
        Wishes {
            terms,
            groups: &query.groups,
            phrases,
            weights: by_number,
        }
    }

    pub(super) fn weight(&self, wish: usize) -> u64 {
        self.weights.get(wish).copied().unwrap_or(0)
    }

    /// Every stretch of the text that meets wishes; those that overlap are one.
    pub(super) fn find(&self, text: &str, analyzer: &Analyzer) -> Vec<Stretch> {
        let mut found = Vec::new();
        // Of each term of a phrase, its places and their stretches.
        let mut spans: BTreeMap<(&str, u32), Range<usize>> = BTreeMap::new();
        let in_phrases = self.phrases.iter().flat_map(|phrase| &phrase.terms);
        let phrase_terms: HashSet<&str> = in_phrases.map(|(term, _)| term.as_str()).collect();
        let mut groups_of: HashMap<String, Option<usize>> = HashMap::new();
        let groups_at = self.weights.len() - self.phrases.len() - self.groups.len();
        analyzer.analyze(text, |term, position, bytes| {
            if let Some(known) = phrase_terms.get(term) {
                spans.insert((known, position), bytes.clone());
            }
            if let Some(&wish) = self.terms.get(term) {
                found.push(Found { bytes, wish });
            } else if !self.groups.is_empty() {
                let word = text.get(bytes.clone()).unwrap_or("");
                let group = match groups_of.get(word) {
                    Some(known) => *known,
                    None => {
                        let group = self.group_of(term, word, analyzer);
                        groups_of.insert(word.to_owned(), group);
                        group
                    }
                };
                found.extend(group.map(|group| Found {
                    bytes,
                    wish: groups_at + group,
                }));
            }
        });
        let phrases_at = groups_at + self.groups.len();
        for (number, phrase) in self.phrases.iter().enumerate() {
            found.extend(phrase_spans(phrase, &spans).into_iter().map(|bytes| Found {
                bytes,
                wish: phrases_at + number,
            }));
        }
        found.sort_by_key(|found| (found.bytes.start, found.bytes.end));
        join(found)
    }

    /// The group that holds a term, or the word that the term was made of.
    fn group_of(&self, term: &str, word: &str, analyzer: &Analyzer) -> Option<usize> {
        let folded = analyzer.fold(word);
        let holds = |group: &Group| group.contains(term) || group.contains(&folded);
        self.groups.iter().position(holds)
    }
}

/// The stretches of a text that are a phrase.
fn phrase_spans(phrase: &Phrase, spans: &BTreeMap<(&str, u32), Range<usize>>) -> Vec<Range<usize>> {
    let positions_of = |term: &str| -> Vec<u32> {
        let of_term = spans.range((term, 0)..=(term, u32::MAX));
        of_term.map(|((_, position), _)| *position).collect()
    };
    let lists: Vec<(Vec<u32>, u32)> = phrase
        .terms
        .iter()
        .map(|(term, at)| (positions_of(term), *at))
        .collect();
    let all: Vec<(&[u32], u32)> = lists
        .iter()
        .map(|(list, at)| (list.as_slice(), *at))
        .collect();
    if phrase_frequency(&all) == 0 {
        return Vec::new();
    }
    let (Some((first, _)), Some((last, distance))) = (phrase.terms.first(), phrase.terms.last())
    else {
        return Vec::new();
    };
    let starts = lists
        .first()
        .map_or(&[][..], |(list, _)| list.as_slice())
        .iter();
    let stands = |start: u32| {
        lists.iter().all(|(list, at)| {
            let wanted = start.checked_add(*at);
            wanted.is_some_and(|wanted| list.binary_search(&wanted).is_ok())
        })
    };
    let span = |start: u32| {
        let from = spans.get(&(first.as_str(), start))?.start;
        let to = spans
            .get(&(last.as_str(), start.checked_add(*distance)?))?
            .end;
        Some(from..to)
    };
    starts
        .filter(|start| stands(**start))
        .filter_map(|start| span(*start))
        .collect()
}

/// Stretches that overlap, as one each.
fn join(found: Vec<Found>) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    for Found { bytes, wish } in found {
        match all.last_mut() {
            Some(last) if bytes.start < last.bytes.end => {
                last.bytes.end = last.bytes.end.max(bytes.end);
                last.wishes.push(wish);
            }
            _ => all.push(Stretch {
                bytes,
                wishes: vec![wish],
            }),
        }
    }
    all
}
