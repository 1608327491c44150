//! The pieces of a text that show best what a query looks for.
//!
//! Owns: the choice of pieces, and their bounds. Invariants: pieces do not overlap; offsets are exact, in
//! bytes and in characters, and on boundaries of characters; marks ascend, do not overlap, and lie within
//! their piece. Complexity: linear in the text, of which only the beginning is looked at
//! ([`MAX_LOOKED_AT_BYTES`]).

use super::characters::{Class, class_of};
use super::highlight::{Stretch, Wishes};
use super::{Analyzer, TextQuery};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Bytes of a text in which words are looked for.
pub const MAX_LOOKED_AT_BYTES: usize = 1 << 20;

/// A stretch of a text, counted in both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// In bytes of UTF-8.
    pub bytes: Range<usize>,
    /// In characters (code points).
    pub chars: Range<usize>,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// Where it is.
    pub piece: Mark,
    /// What in it was looked for, in order.
    pub marks: Vec<Mark>,
}

/// How many pieces of what length are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnippetShape {
    /// At most so many characters each.
    pub chars: usize,
    /// At most so many pieces.
    pub count: usize,
}

/// The pieces of `text` that hold most of what `query` looks for, best first: the one with the heaviest
/// different wishes, of equals the one with the most, of equals the first; then what adds most to it.
/// `weights` are those of the query's terms and groups. Pieces begin and end between words where they can.
///
/// Where nothing is found, the one piece is the beginning of the text; an empty text has none.
#[must_use]
pub fn snippets(
    text: &str,
    query: &TextQuery,
    weights: &[f32],
    analyzer: &Analyzer,
    shape: SnippetShape,
) -> Vec<Snippet> {
    let looked_at = text
        .get(..text.floor_char_boundary(MAX_LOOKED_AT_BYTES))
        .unwrap_or(text);
    let wishes = Wishes::new(query, weights);
    let found = wishes.find(looked_at, analyzer);
    let places = Places::new(looked_at, &found);
    let mut pieces: Vec<Range<usize>> = Vec::new();
    let whole = 0..looked_at.len();
    let mut free = vec![whole.clone()];
    let mut shown = HashSet::new();
    while pieces.len() < shape.count {
        let runs = free.iter().enumerate().filter_map(|(number, room)| {
            let run = best_run(within(&found, room), &wishes, &shown, &places, shape.chars)?;
            Some((run.score, Reverse(number), run.core))
        });
        let best = runs.max_by_key(|(score, number, _)| (*score, *number));
        let Some((_, Reverse(number), core)) = best else {
            break;
        };
        let room = free.remove(number);
        let piece = widen(looked_at, &room, core, shape.chars);
        shown.extend(
            within(&found, &piece)
                .iter()
                .flat_map(|one| one.wishes.iter().copied()),
        );
        free.insert(number, piece.end..room.end);
        free.insert(number, room.start..piece.start);
        pieces.push(piece);
    }
    if pieces.is_empty() && shape.count > 0 && !text.is_empty() {
        pieces.push(widen(looked_at, &whole, 0..0, shape.chars));
    }
    pieces
        .into_iter()
        .map(|piece| snippet(looked_at, piece, &found))
        .collect()
}

/// The stretches that lie whole in a range.
fn within<'f>(found: &'f [Stretch], room: &Range<usize>) -> &'f [Stretch] {
    let first = found.partition_point(|one| one.bytes.start < room.start);
    let end = found.partition_point(|one| one.bytes.end <= room.end);
    found.get(first..end).unwrap_or_default()
}

fn snippet(text: &str, piece: Range<usize>, found: &[Stretch]) -> Snippet {
    let mut counter = Counter::new(text);
    let start = counter.chars_before(piece.start);
    let cut = |one: &Stretch| one.bytes.start.max(piece.start)..one.bytes.end.min(piece.end);
    let first = found.partition_point(|one| one.bytes.end <= piece.start);
    let here = found.get(first..).unwrap_or_default().iter().map(cut);
    let here = here.take_while(|bytes| bytes.start < piece.end);
    let marks: Vec<Mark> = here.map(|bytes| counter.mark(bytes)).collect();
    let end = counter.chars_before(piece.end);
    Snippet {
        piece: Mark {
            bytes: piece,
            chars: start..end,
        },
        marks,
    }
}

/// How many characters stand before each stretch, and before its end.
struct Places(HashMap<usize, usize>);

impl Places {
    fn new(text: &str, found: &[Stretch]) -> Self {
        let mut counter = Counter::new(text);
        // They ascend and do not overlap.
        let ends = found
            .iter()
            .flat_map(|one| [one.bytes.start, one.bytes.end]);
        Places(
            ends.map(|byte| (byte, counter.chars_before(byte)))
                .collect(),
        )
    }

    fn chars_before(&self, byte: usize) -> usize {
        self.0.get(&byte).copied().unwrap_or(byte)
    }
}

/// Stretches in a row that fit into a piece.
struct Run {
    /// The weight of the different wishes that no piece shows yet, and of all.
    score: (u64, u64),
    core: Range<usize>,
}

/// The stretches in a row that fit into `max_chars` and have the best score; of equals the first. A
/// stretch that is longer counts alone.
fn best_run(
    found: &[Stretch],
    wishes: &Wishes<'_>,
    shown: &HashSet<usize>,
    places: &Places,
    max_chars: usize,
) -> Option<Run> {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    let (mut new, mut all, mut first) = (0, 0, 0);
    let mut best: Option<Run> = None;
    let fresh = |wish: usize| {
        if shown.contains(&wish) {
            0
        } else {
            wishes.weight(wish)
        }
    };
    for (last, stretch) in found.iter().enumerate() {
        for &wish in &stretch.wishes {
            let count = counts.entry(wish).or_default();
            *count += 1;
            all += wishes.weight(wish);
            new += if *count == 1 { fresh(wish) } else { 0 };
        }
        let end = places.chars_before(stretch.bytes.end);
        while let Some(out) = found.get(first).filter(|_| first < last)
            && end - places.chars_before(out.bytes.start) > max_chars
        {
            for &wish in &out.wishes {
                let count = counts.entry(wish).or_default();
                *count -= 1;
                all -= wishes.weight(wish);
                new -= if *count == 0 { fresh(wish) } else { 0 };
            }
            first += 1;
        }
        if best.as_ref().is_none_or(|best| (new, all) > best.score) {
            let start = found.get(first).map_or(0, |one| one.bytes.start);
            best = Some(Run {
                score: (new, all),
                core: start..stretch.bytes.end,
            });
        }
    }
    best
}

/// A stretch of at most `max_chars` characters around `core`, within `room`, or the beginning of a core
/// that is longer.
fn widen(text: &str, room: &Range<usize>, core: Range<usize>, max_chars: usize) -> Range<usize> {
    let inside = text.get(core.clone()).unwrap_or("");
    let left = max_chars.saturating_sub(inside.chars().count());
    if left == 0 {
        let cut = inside.char_indices().nth(max_chars);
        return core.start..core.start + cut.map_or(inside.len(), |(i, _)| i);
    }
    // A third of it before, so that what follows can be read; more where the text ends.
    let before = text.get(room.start..core.start).unwrap_or("");
    let after = text.get(core.end..room.end).unwrap_or("");
    let after_chars = after.chars().take(left).count();
    let before_room = (left / 3).max(left - after_chars);
    let start = room.start + start_within(before, before_room);
    let used = text.get(start..core.start).unwrap_or("").chars().count();
    let end = core.end + end_within(after, left - used);
    start..end
}

/// Whether a cut between two characters goes through a word, or takes a mark from its letter.
fn splits(left: char, right: char) -> bool {
    class_of(right) == Class::Extend || class_of(left).is_word() && class_of(right).is_word()
}

/// Whether a sentence ends with what stands before a word.
fn ends_sentence(before: &str) -> bool {
    let trimmed = before.trim_end();
    match trimmed.chars().next_back() {
        Some('.' | '!' | '?') => trimmed.len() < before.len(),
        Some(c) => matches!(c, '\u{3002}' | '\u{ff01}' | '\u{ff1f}'),
        None => true,
    }
}

/// Where a piece begins that has at most the last `room` characters of `before`: with a sentence, or else
/// with a word; at the end if none begins there.
fn start_within(before: &str, room: usize) -> usize {
    let mut start = before.len();
    if ends_sentence(before) {
        return start;
    }
    for (at, c) in before.char_indices().rev().take(room) {
        let to_here = before.get(..at).unwrap_or("");
        let Some(beside) = to_here.chars().next_back() else {
            return 0;
        };
        let begins = class_of(c).is_word() || matches!(class_of(c), Class::Spaceless);
        if begins && !splits(beside, c) {
            start = at;
            if ends_sentence(to_here) {
                return at;
            }
        }
    }
    start
}

/// Where a piece ends that has at most the first `room` characters of `after`: not within a word.
fn end_within(after: &str, room: usize) -> usize {
    let (mut end, mut before) = (0, None);
    for (at, c) in after.char_indices().take(room + 1) {
        if before.is_some_and(|before| !splits(before, c)) {
            end = at;
        }
        before = Some(c);
    }
    if after.chars().nth(room).is_none() {
        end = after.len();
    }
    after.get(..end).unwrap_or("").trim_end().len()
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
