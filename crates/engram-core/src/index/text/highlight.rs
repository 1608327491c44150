//! Where a text shows what was looked for.
//!
//! Owns: the marks, and the choice of the piece of a text that is shown. Invariants: all offsets are of the
//! text that was handed in, on boundaries of characters; marks ascend, do not overlap, and lie within the
//! piece. Complexity: linear in the text, but for `near~` words, which are compared with every word of it.

use super::characters::{Class, class_of};
use super::query::{Condition, Group, TextQuery};
use super::{Analyzer, Phrase, phrase_frequency};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// A stretch of a text, counted in both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// In bytes of UTF-8.
    pub bytes: Range<usize>,
    /// In characters (code points).
    pub chars: Range<usize>,
}

/// The piece of a text that shows best what was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The piece.
    pub piece: Mark,
    /// What in it was looked for, in order.
    pub marks: Vec<Mark>,
}

/// A word of the text that the query asks for.
#[derive(Clone, Debug)]
struct Found {
    bytes: Range<usize>,
    /// Which of the query's wishes it meets.
    wish: usize,
}

/// Finds what `query` looks for in `text`, and the piece of at most `max_chars` characters that holds most
/// of it: first of different wishes, then of all. The piece begins and ends between words where it can.
///
/// A text in which nothing is found gives its beginning.
#[must_use]
pub fn highlight(text: &str, query: &TextQuery, analyzer: &Analyzer, max_chars: usize) -> Snippet {
    let found = find(text, query, analyzer);
    let places = Places::new(text, &found);
    let marks = join(&found);
    let (first, last) = best_run(&found, &marks, &places, max_chars);
    let core = match (marks.get(first), marks.get(last)) {
        (Some(first), Some(last)) => first.start..last.end,
        _ => 0..0,
    };
    let piece = widen(text, core, max_chars);
    let within = marks.into_iter().filter_map(|mark| {
        let cut = mark.start.max(piece.start)..mark.end.min(piece.end);
        (cut.start < cut.end).then_some(cut)
    });
    let marks: Vec<Range<usize>> = within.collect();
    let mut counter = Counter::new(text);
    let start = counter.chars_before(piece.start);
    let marks: Vec<Mark> = marks.into_iter().map(|bytes| counter.mark(bytes)).collect();
    let end = counter.chars_before(piece.end);
    Snippet {
        piece: Mark {
            bytes: piece,
            chars: start..end,
        },
        marks,
    }
}

/// Every wish met in the text, by where it begins.
fn find(text: &str, query: &TextQuery, analyzer: &Analyzer) -> Vec<Found> {
    let mut wishes: HashMap<&str, usize> = HashMap::new();
    for term in query.terms.iter().filter(|term| !term.is_weak) {
        let next = wishes.len();
        wishes.entry(&term.term).or_insert(next);
    }
    let groups_at = wishes.len();
    let phrases: Vec<&Phrase> = query
        .preferred
        .iter()
        .chain(required_phrases(query))
        .collect();
    let mut found = Vec::new();
    // Of each term of a phrase, its places and their stretches.
    let mut spans: BTreeMap<(&str, u32), Range<usize>> = BTreeMap::new();
    let phrase_terms: HashMap<&str, ()> = phrases
        .iter()
        .flat_map(|phrase| phrase.terms.iter().map(|(term, _)| (term.as_str(), ())))
        .collect();
    analyzer.analyze(text, |term, position, bytes| {
        if let Some((known, ())) = phrase_terms.get_key_value(term) {
            spans.insert((known, position), bytes.clone());
        }
        if let Some(&wish) = wishes.get(term) {
            found.push(Found { bytes, wish });
            return;
        }
        let group = query
            .groups
            .iter()
            .position(|group| is_in(group, term, text, &bytes, analyzer));
        if let Some(group) = group {
            let wish = groups_at + group;
            found.push(Found { bytes, wish });
        }
    });
    let phrases_at = groups_at + query.groups.len();
    for (number, phrase) in phrases.iter().enumerate() {
        for bytes in phrase_spans(phrase, &spans) {
            let wish = phrases_at + number;
            found.push(Found { bytes, wish });
        }
    }
    found.sort_by_key(|found| (found.bytes.start, found.bytes.end));
    found
}

fn required_phrases(query: &TextQuery) -> impl Iterator<Item = &Phrase> {
    query.must.iter().filter_map(|condition| match condition {
        Condition::Phrase(phrase) => Some(phrase),
        _ => None,
    })
}

/// Whether a group holds a term, or the word that the term was made of.
fn is_in(group: &Group, term: &str, text: &str, bytes: &Range<usize>, analyzer: &Analyzer) -> bool {
    group.contains(term) || {
        let word = text.get(bytes.clone()).unwrap_or("");
        group.contains(&analyzer.fold(word))
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
fn join(found: &[Found]) -> Vec<Range<usize>> {
    let mut marks: Vec<Range<usize>> = Vec::new();
    for one in found {
        match marks.last_mut() {
            Some(last) if one.bytes.start < last.end => last.end = last.end.max(one.bytes.end),
            _ => marks.push(one.bytes.clone()),
        }
    }
    marks
}

/// How many characters stand before each stretch, and before its end.
struct Places {
    chars: HashMap<usize, usize>,
}

impl Places {
    fn new(text: &str, found: &[Found]) -> Self {
        let mut wanted: Vec<usize> = found
            .iter()
            .flat_map(|f| [f.bytes.start, f.bytes.end])
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut counter = Counter::new(text);
        let chars = wanted
            .into_iter()
            .map(|byte| (byte, counter.chars_before(byte)))
            .collect();
        Places { chars }
    }

    fn chars_before(&self, byte: usize) -> usize {
        self.chars.get(&byte).copied().unwrap_or(byte)
    }
}

/// The first and last of the marks that fit into `max_chars` and meet most wishes; of equals the first.
fn best_run(
    found: &[Found],
    marks: &[Range<usize>],
    places: &Places,
    max_chars: usize,
) -> (usize, usize) {
    let mut by_mark: Vec<Vec<usize>> = vec![Vec::new(); marks.len()];
    let mut mark = 0;
    for one in found {
        while marks
            .get(mark)
            .is_some_and(|range| one.bytes.start >= range.end)
        {
            mark += 1;
        }
        if let Some(wishes) = by_mark.get_mut(mark) {
            wishes.push(one.wish);
        }
    }
    let length = |first: usize, last: usize| {
        let start = marks
            .get(first)
            .map_or(0, |range| places.chars_before(range.start));
        let end = marks
            .get(last)
            .map_or(0, |range| places.chars_before(range.end));
        end.saturating_sub(start)
    };
    let mut counts: HashMap<usize, usize> = HashMap::new();
    let (mut first, mut total) = (0, 0);
    let (mut best, mut best_run) = ((0, 0), (0, 0));
    for (last, wishes) in by_mark.iter().enumerate() {
        for wish in wishes {
            *counts.entry(*wish).or_default() += 1;
            total += 1;
        }
        while first < last && length(first, last) > max_chars {
            for wish in by_mark.get(first).map_or(&[][..], Vec::as_slice) {
                if let Some(count) = counts.get_mut(wish) {
                    *count -= 1;
                    total -= 1;
                    if *count == 0 {
                        counts.remove(wish);
                    }
                }
            }
            first += 1;
        }
        if (counts.len(), total) > best {
            (best, best_run) = ((counts.len(), total), (first, last));
        }
    }
    best_run
}

/// A stretch of at most `max_chars` characters around `core`, or the beginning of one that is longer.
fn widen(text: &str, core: Range<usize>, max_chars: usize) -> Range<usize> {
    let inside = text.get(core.clone()).unwrap_or("");
    let room = max_chars.saturating_sub(inside.chars().count());
    if room == 0 {
        let end = core.start
            + inside
                .char_indices()
                .nth(max_chars)
                .map_or(inside.len(), |(i, _)| i);
        return core.start..end;
    }
    // A third of the room before, so that what follows can be read; more where the text ends.
    let before = text.get(..core.start).unwrap_or("");
    let after = text.get(core.end..).unwrap_or("");
    let after_chars = after.chars().take(room).count();
    let before_room = (room / 3).max(room - after_chars);
    let start = start_within(before, before_room);
    let used = text.get(start..core.start).unwrap_or("").chars().count();
    let end = core.end + end_within(after, room - used);
    start..end
}

/// Where the last `room` characters of `before` begin, or a sentence or word within them.
fn start_within(before: &str, room: usize) -> usize {
    let mut farthest = before.len();
    let mut word = None;
    for (i, c) in before.char_indices().rev().take(room) {
        farthest = i;
        if c.is_whitespace() {
            let after = i + c.len_utf8();
            word = Some(after).filter(|_| after < before.len()).or(word);
            let ends = before.get(..i).unwrap_or("").chars().next_back();
            if after < before.len() && ends.is_some_and(|c| matches!(c, '.' | '!' | '?')) {
                return after;
            }
        } else if matches!(c, '\u{3002}' | '\u{ff01}' | '\u{ff1f}') {
            let after = i + c.len_utf8();
            if after < before.len() {
                return after;
            }
        }
    }
    if farthest == 0 {
        return 0;
    }
    let start = word.unwrap_or(farthest);
    // Marks belong to the letter before them.
    let rest = before.get(start..).unwrap_or("").char_indices();
    let whole = rest
        .into_iter()
        .find(|(_, c)| class_of(*c) != Class::Extend);
    start + whole.map_or(0, |(i, _)| i)
}

/// Where the first `room` characters of `after` end, or the last word within them.
fn end_within(after: &str, room: usize) -> usize {
    let Some((cut, next)) = after.char_indices().nth(room) else {
        return after.len();
    };
    let taken = after.get(..cut).unwrap_or("");
    if next.is_whitespace() {
        return taken.trim_end().len();
    }
    match taken.rfind(char::is_whitespace) {
        Some(end) => taken.get(..end).unwrap_or("").trim_end().len(),
        None if class_of(next) == Class::Extend => {
            let letters = taken.char_indices().rev();
            let last = letters
                .into_iter()
                .find(|(_, c)| class_of(*c) != Class::Extend);
            last.map_or(cut, |(i, _)| i)
        }
        None => cut,
    }
}

/// Counts characters, forwards.
struct Counter<'a> {
    text: &'a str,
    byte: usize,
    chars: usize,
}

impl<'a> Counter<'a> {
    fn new(text: &'a str) -> Self {
        Counter {
            text,
            byte: 0,
            chars: 0,
        }
    }

    /// The characters before a byte that is not before those asked for so far.
    fn chars_before(&mut self, byte: usize) -> usize {
        let between = self.text.get(self.byte..byte).unwrap_or("");
        self.chars += between.chars().count();
        self.byte = byte.max(self.byte);
        self.chars
    }

    fn mark(&mut self, bytes: Range<usize>) -> Mark {
        let chars = self.chars_before(bytes.start)..self.chars_before(bytes.end);
        Mark { bytes, chars }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::text::Language;
    use proptest::prelude::*;

    fn english() -> Analyzer {
        Analyzer::new(Language::English)
    }

    /// The piece, with what is marked in brackets.
    fn shown(text: &str, query: &str, max_chars: usize) -> String {
        let analyzer = english();
        let snippet = highlight(
            text,
            &TextQuery::parse(query, &analyzer),
            &analyzer,
            max_chars,
        );
        let mut out = String::new();
        let mut at = snippet.piece.bytes.start;
        for mark in &snippet.marks {
            out.push_str(&text[at..mark.bytes.start]);
            out.push_str(&format!("[{}]", &text[mark.bytes.clone()]));
            at = mark.bytes.end;
        }
        out.push_str(&text[at..snippet.piece.bytes.end]);
        out
    }

    #[test]
    fn words_of_every_kind_are_marked() {
        for (text, query, wanted) in [
            (
                "The runners were running.",
                "run",
                "The runners were [running].",
            ),
            (
                "A readTimeout of http_client",
                "timeout client",
                "A read[Timeout] of http_[client]",
            ),
            ("harbour, harvest, car", "har*", "[harbour], [harvest], car"),
            (
                "Zurich and Z\u{fc}rich",
                "z\u{fc}rich",
                "[Zurich] and [Z\u{fc}rich]",
            ),
            (
                "the kitchen, kichten",
                "kitchen~1",
                "the [kitchen], kichten",
            ),
            (
                "the kitchen, kichen",
                "kitchne~2",
                "the [kitchen], [kichen]",
            ),
            ("to be or not to be", "\"or not\"", "to be [or not] to be"),
            (
                "what is the whale",
                "what is the whale",
                "what is the [whale]",
            ),
            (
                "\u{6771}\u{4eac}\u{90fd}\u{306b}\u{4f4f}\u{3080}",
                "\u{6771}\u{4eac}\u{90fd}",
                "[\u{6771}\u{4eac}\u{90fd}]\u{306b}\u{4f4f}\u{3080}",
            ),
            ("nothing here", "whale", "nothing here"),
            ("", "whale", ""),
        ] {
            assert_eq!(shown(text, query, 100), wanted, "{query}");
        }
    }

    #[test]
    fn the_piece_with_most_wishes_is_shown() {
        let filler = "lorem ipsum dolor sit amet ".repeat(10);
        let text = format!("whale whale whale. {filler}A whale in the ocean, said she. {filler}");
        assert_eq!(
            shown(&text, "whale ocean", 40),
            "A [whale] in the [ocean], said she. lorem"
        );
        assert_eq!(shown(&text, "ocean", 20), "the [ocean], said she.");
        assert_eq!(shown(&text, "whale", 18), "[whale] [whale] [whale].");
        assert_eq!(shown("abcdefgh", "abcdefgh", 3), "[abc]");
        assert_eq!(shown("some words to begin with", "x", 12), "some words");
    }

    proptest! {
        #[test]
        fn offsets_are_sound_and_marks_are_meant(
            text in "([a-c]{1,3}[ .]|\u{65e5}\u{672c}|e\u{301} |whale |readTimeout ){0,40}",
            query in "(a|b*|ca~1|whale|timeout|\"a b\"|\u{65e5}\u{672c}|\u{e9}| ){1,6}", max_chars in 0usize..60
        ) {
            let analyzer = english();
            let parsed = TextQuery::parse(&query, &analyzer);
            let snippet = highlight(&text, &parsed, &analyzer, max_chars);
            let check = |mark: &Mark| {
                let before = text.get(..mark.bytes.start).unwrap().chars().count();
                let inside = text.get(mark.bytes.clone()).unwrap().chars().count();
                assert_eq!(mark.chars, before..before + inside);
            };
            check(&snippet.piece);
            prop_assert!(snippet.piece.chars.len() <= max_chars);
            let mut at = snippet.piece.bytes.start;
            for mark in &snippet.marks {
                check(mark);
                prop_assert!(at <= mark.bytes.start && mark.bytes.start < mark.bytes.end);
                at = mark.bytes.end;
            }
            prop_assert!(at <= snippet.piece.bytes.end);
            // What is found somewhere is shown somewhere.
            let any = find(&text, &parsed, &analyzer);
            prop_assert_eq!(any.is_empty() || max_chars == 0, snippet.marks.is_empty());
        }
    }
}
