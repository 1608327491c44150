//! Phrases: terms at fixed distances.
//!
//! Owns: what an occurrence of a phrase is. Invariant: positions come sorted. Complexity: the
//! length of the shortest list times the logarithm of the others.

use super::Analyzer;

/// Terms that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// Each term with its distance from the start; distances ascend, the first being 0.
    pub terms: Vec<(String, u32)>,
}

impl Phrase {
    /// The phrase of a text; of a name its parts, so that "read timeout" finds `readTimeout`.
    pub fn new(text: &str, analyzer: &Analyzer) -> Phrase {
        let mut terms: Vec<(String, u32)> = Vec::new();
        analyzer.analyze(text, |term, position, _| {
            // The analyser gives the smallest part of a name last at each position.
            terms.pop_if(|(_, last)| *last == position);
            terms.push((term.to_owned(), position));
        });
        let first = terms.first().map_or(0, |(_, position)| *position);
        terms
            .iter_mut()
            .for_each(|(_, position)| *position -= first);
        Phrase { terms }
    }
}

/// How often a phrase stands in a document.
///
/// Takes for each term of the phrase its positions in the document, and its distance.
pub fn phrase_frequency(lists: &[(&[u32], u32)]) -> u32 {
    let Some((shortest, distance)) = lists.iter().min_by_key(|(list, _)| list.len()) else {
        return 0;
    };
    let mut count = 0;
    let mut before = None;
    for &position in *shortest {
        let Some(start) = position.checked_sub(*distance) else {
            continue;
        };
        let stands = |(list, distance): &(&[u32], u32)| {
            start
                .checked_add(*distance)
                .is_some_and(|wanted| list.binary_search(&wanted).is_ok())
        };
        // A term can stand twice at one position, as a name and as its own part.
        if before != Some(start) && lists.iter().all(stands) {
            count += 1;
        }
        before = Some(start);
    }
    count
}
