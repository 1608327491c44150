//! Words that differ from one in a few letters.
//!
//! Owns: the distance, and the search of a dictionary for what is within it. The distance is the number
//! of letters to insert, leave out, replace or swap with their neighbour, no letter being touched twice
//! (optimal string alignment, the restricted form of Damerau's distance). Complexity: a dictionary is walked
//! like a tree; what begins so that it cannot be near is jumped over, to the next beginning that can.

use super::dictionary::TermInfo;
use super::reader::TextIndexReader;
use crate::error::Result;
use std::collections::BTreeMap;

/// The farthest that can be asked for.
pub(super) const MAX_DISTANCE: u8 = 2;

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

    /// The letters that can follow, if not every letter can: without those nothing that goes on so is
    /// within the limit.
    fn next_letters(&self) -> Option<Vec<char>> {
        let row = self.rows.last()?;
        let least = row.iter().min().copied().unwrap_or(u8::MAX);
        if least < self.limit {
            return None;
        }
        // The changes are used up: only what stands in the word goes on.
        let pairs = self.word.iter().zip(row);
        let same = pairs.filter(|(_, distance)| **distance <= self.limit);
        let mut letters: Vec<char> = same.map(|(letter, _)| *letter).collect();
        let two_above = self
            .letters
            .len()
            .checked_sub(1)
            .and_then(|two| self.rows.get(two));
        if let (Some(two_above), Some(before)) = (two_above, self.letters.last()) {
            // The second letter of a swap.
            for (pair, distance) in self.word.windows(2).zip(two_above) {
                if let [was, wanted] = pair
                    && wanted == before
                    && *distance < self.limit
                {
                    letters.push(*was);
                }
            }
        }
        Some(letters)
    }

    /// Adds a letter.
    fn push(&mut self, letter: char) {
        let number = self.letters.len();
        let (Some(above), before) = (self.rows.get(number), self.letters.last().copied()) else {
            return;
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
        self.rows.push(row);
        self.letters.push(letter);
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
    let (length, wanted) = (other.chars().count(), word.chars().count());
    if length.abs_diff(wanted) > usize::from(limit) {
        return None;
    }
    let letters: Vec<char> = word.chars().collect();
    let mut rows = Rows::new(&letters, limit);
    for letter in other.chars() {
        if rows
            .next_letters()
            .is_some_and(|letters| !letters.contains(&letter))
        {
            return None;
        }
        rows.push(letter);
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
    while let Some(info) = terms.advance()? {
        let Ok(term) = std::str::from_utf8(terms.term()) else {
            continue;
        };
        let same = known.iter().zip(term.as_bytes());
        let shared = same.take_while(|(a, b)| a == b).count();
        let (start, rest) = term
            .split_at_checked(term.floor_char_boundary(shared))
            .unwrap_or(("", term));
        rows.truncate(start.chars().count());
        known.truncate(start.len());
        let mut next = None;
        for letter in rest.chars() {
            if let Some(letters) = rows.next_letters()
                && !letters.contains(&letter)
            {
                next = Some(letters.into_iter().filter(|other| *other > letter).min());
                break;
            }
            rows.push(letter);
            known.extend(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
        match next {
            None if rows.distance().is_some() => {
                out.insert(term.to_owned(), info);
            }
            None => {}
            Some(Some(letter)) => {
                let mut start = known.clone();
                start.extend(letter.encode_utf8(&mut [0; 4]).as_bytes());
                terms.skip_to(start)?;
            }
            Some(None) => terms.skip_starting_with(&known)?,
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
