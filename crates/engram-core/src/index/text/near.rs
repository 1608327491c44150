//! Words that differ from one in a few letters.
//!
//! Owns: the distance, and the search of a dictionary for what is within it. The distance is the number
//! of letters to insert, leave out, replace or swap with their neighbour, no letter being touched twice
//! (optimal string alignment). Complexity: a dictionary is walked like a tree; of the terms below a start
//! that is too far already, at most one block is looked at.

use super::dictionary::TermInfo;
use super::reader::TextIndexReader;
use crate::error::Result;
use std::collections::BTreeMap;

/// The farthest that can be asked for.
pub(super) const MAX_DISTANCE: u8 = 2;
/// Terms that are stepped over before the dictionary is searched for what follows them.
const STEPS: usize = 24;

/// The distances of one word from the starts of another.
struct Rows<'w> {
    word: &'w [char],
    limit: u8,
    /// One row for each letter of the other, and one for its empty start; a row has the distance to each
    /// start of the word. Distances above the limit are one above it.
    rows: Vec<Vec<u8>>,
    letters: Vec<char>,
}

impl<'w> Rows<'w> {
    fn new(word: &'w [char], limit: u8) -> Self {
        let first = (0..=word.len()).map(|i| i.min(usize::from(limit) + 1) as u8);
        Rows {
            word,
            limit,
            rows: vec![first.collect()],
            letters: Vec::new(),
        }
    }

    /// Keeps the rows of the first `count` letters.
    fn truncate(&mut self, count: usize) {
        self.rows.truncate(count + 1);
        self.letters.truncate(count);
    }

    /// Adds a letter; false if nothing that goes on so is within the limit.
    fn push(&mut self, letter: char) -> bool {
        let number = self.letters.len();
        let (Some(above), before) = (self.rows.get(number), self.letters.last().copied()) else {
            return false;
        };
        let two_above = number.checked_sub(1).and_then(|two| self.rows.get(two));
        let at = |row: &[u8], i: usize| row.get(i).copied().unwrap_or(u8::MAX);
        let cap = self.limit + 1;
        let mut row = Vec::with_capacity(above.len());
        row.push(at(above, 0).saturating_add(1).min(cap));
        for (i, &wanted) in self.word.iter().enumerate() {
            let replaced = at(above, i).saturating_add(u8::from(wanted != letter));
            let shifted = at(above, i + 1).min(at(&row, i)).saturating_add(1);
            let mut best = replaced.min(shifted);
            let was = i.checked_sub(1).and_then(|i| self.word.get(i).copied());
            if let (Some(was), Some(two_above)) = (was, two_above)
                && before == Some(wanted)
                && was == letter
            {
                best = best.min(at(two_above, i - 1).saturating_add(1));
            }
            row.push(best.min(cap));
        }
        let is_alive = row.iter().any(|&distance| distance <= self.limit);
        // A swap can bring a start back that is just too far.
        let was_alive = above.iter().any(|&distance| distance <= self.limit);
        self.rows.push(row);
        self.letters.push(letter);
        is_alive || was_alive
    }

    /// The distance of the whole word, if it is within the limit.
    fn distance(&self) -> Option<u8> {
        let last = self.rows.last().and_then(|row| row.last().copied());
        last.filter(|&distance| distance <= self.limit)
    }
}

/// The distance of two words, if it is at most `limit`.
#[must_use]
pub(super) fn distance(word: &str, other: &str, limit: u8) -> Option<u8> {
    let letters: Vec<char> = word.chars().collect();
    let bytes = word.len().abs_diff(other.len());
    // A letter has four bytes at most.
    if bytes > usize::from(limit) * 4 {
        return None;
    }
    let mut rows = Rows::new(&letters, limit);
    for letter in other.chars() {
        if !rows.push(letter) {
            return None;
        }
    }
    rows.distance()
}

/// Adds the terms of an index within `limit` of `word` to `out`.
pub fn collect_near(
    reader: &TextIndexReader<'_>,
    word: &str,
    limit: u8,
    out: &mut BTreeMap<String, TermInfo>,
) -> Result<()> {
    let letters: Vec<char> = word.chars().collect();
    let mut rows = Rows::new(&letters, limit);
    let mut terms = reader.terms()?;
    // The letters that the rows are of, as bytes.
    let mut known: Vec<u8> = Vec::new();
    let mut dead: Vec<u8> = Vec::new();
    let mut steps = 0;
    while let Some(info) = terms.advance()? {
        if !dead.is_empty() && terms.term().starts_with(&dead) {
            steps += 1;
            if steps > STEPS {
                terms.skip_starting_with(&dead)?;
                steps = 0;
            }
            continue;
        }
        (steps, dead) = (0, Vec::new());
        let Ok(term) = std::str::from_utf8(terms.term()) else {
            continue;
        };
        let shared = known
            .iter()
            .zip(term.as_bytes())
            .take_while(|(a, b)| a == b)
            .count();
        let shared = term.floor_char_boundary(shared);
        let (start, rest) = term.split_at_checked(shared).unwrap_or(("", term));
        rows.truncate(start.chars().count());
        known.truncate(shared);
        let mut is_alive = true;
        for letter in rest.chars() {
            is_alive = rows.push(letter);
            let mut bytes = [0; 4];
            known.extend(letter.encode_utf8(&mut bytes).as_bytes());
            if !is_alive {
                dead.clone_from(&known);
                break;
            }
        }
        if is_alive && rows.distance().is_some() {
            out.insert(term.to_owned(), info);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::text::{Analyzer, Language, TextIndexWriter};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The definition, without a limit.
    fn naive(a: &[char], b: &[char]) -> usize {
        let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                table[i][j] = if i == 0 || j == 0 {
                    i + j
                } else {
                    let replaced = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let mut best = replaced.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                    if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                        best = best.min(table[i - 2][j - 2] + 1);
                    }
                    best
                };
            }
        }
        table[a.len()][b.len()]
    }

    proptest! {
        #[test]
        fn distances_are_those_of_the_definition(
            a in "[ab\u{e9}\u{65e5}]{0,7}", b in "[ab\u{e9}\u{65e5}]{0,7}", limit in 0u8..=3
        ) {
            let letters = |text: &str| text.chars().collect::<Vec<char>>();
            let exact = naive(&letters(&a), &letters(&b));
            let wanted = Some(exact as u8).filter(|_| exact <= usize::from(limit));
            prop_assert_eq!(distance(&a, &b, limit), wanted);
        }

        #[test]
        fn a_dictionary_gives_all_that_is_near(
            words in prop::collection::btree_set("[abc]{1,6}|ab[a-z]{2,4}", 1..400), word in "[abc]{1,5}", limit in 0u8..=2
        ) {
            let mut writer = TextIndexWriter::new();
            let text = words.iter().cloned().collect::<Vec<_>>().join(" ");
            writer.add_text(0, &text, &Analyzer::new(Language::None)).unwrap();
            let bytes = writer.finish().unwrap();
            let reader = TextIndexReader::open(bytes.as_slice()).unwrap();
            let mut found = BTreeMap::new();
            collect_near(&reader, &word, limit, &mut found).unwrap();
            let wanted: BTreeSet<&String> =
                words.iter().filter(|other| distance(&word, other, limit).is_some()).collect();
            prop_assert_eq!(found.keys().collect::<BTreeSet<_>>(), wanted);
        }
    }
}
