//! Laws of snippets: exact offsets, and the best piece.

use super::super::highlight::Wishes;
use super::*;
use proptest::prelude::*;
use std::ops::Range;

/// The piece, with what is marked in brackets.
fn shown(text: &str, query: &str, max_chars: usize) -> String {
    let analyzer = english();
    let parsed = TextQuery::parse(query, &analyzer);
    let shape = SnippetShape {
        chars: max_chars,
        count: 1,
    };
    let found = snippets(text, &parsed, &[], &analyzer, shape);
    found
        .first()
        .map_or_else(String::new, |snippet| bracketed(text, snippet))
}

fn bracketed(text: &str, snippet: &Snippet) -> String {
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
    let text = format!("whale whale whale. {filler}. A whale in the ocean, said she. {filler}");
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
        query in "(a|b*|cab~1|whale|timeout|\"a b\"|\u{65e5}\u{672c}|\u{e9}| ){1,6}", max_chars in 0usize..60, count in 0usize..4
    ) {
        let analyzer = english();
        let parsed = TextQuery::parse(&query, &analyzer);
        let shape = SnippetShape { chars: max_chars, count };
        let all = snippets(&text, &parsed, &[], &analyzer, shape);
        prop_assert!(all.len() <= count);
        let check = |mark: &Mark| {
            let before = text.get(..mark.bytes.start).unwrap().chars().count();
            let inside = text.get(mark.bytes.clone()).unwrap().chars().count();
            assert_eq!(mark.chars, before..before + inside);
        };
        for (number, snippet) in all.iter().enumerate() {
            check(&snippet.piece);
            prop_assert!(snippet.piece.chars.len() <= max_chars);
            let mut at = snippet.piece.bytes.start;
            for mark in &snippet.marks {
                check(mark);
                prop_assert!(at <= mark.bytes.start && mark.bytes.start < mark.bytes.end);
                at = mark.bytes.end;
            }
            prop_assert!(at <= snippet.piece.bytes.end);
            for other in all.iter().skip(number + 1) {
                let (a, b) = (&snippet.piece.bytes, &other.piece.bytes);
                prop_assert!(a.end <= b.start || b.end <= a.start);
            }
        }
        // What is found somewhere is shown somewhere; without, there is the beginning.
        let any = !Wishes::new(&parsed, &[]).find(&text, &analyzer).is_empty();
        if max_chars > 0 && count > 0 {
            prop_assert_eq!(any, all.iter().any(|snippet| !snippet.marks.is_empty()));
            prop_assert_eq!(all.is_empty(), text.is_empty());
            prop_assert!(any || all.iter().all(|snippet| snippet.piece.chars.start == 0));
        }
    }

    /// The first piece is no worse than any stretch of the text of its length, counted naively.
    #[test]
    fn the_first_piece_is_the_best(
        words in prop::collection::vec("[a-e]|x{1,6}", 1..40), wanted in "[a-e]( [a-e]){0,3}", chars in 1usize..30
    ) {
        let analyzer = Analyzer::new(Language::None);
        let text = words.join(" ");
        let parsed = TextQuery::parse(&wanted, &analyzer);
        let weights: Vec<f32> = parsed.terms.iter().map(|term| term.term.as_bytes()[0] as f32).collect();
        let shape = SnippetShape { chars, count: 1 };
        let all = snippets(&text, &parsed, &weights, &analyzer, shape);
        let different = |piece: Range<usize>| -> f32 {
            let inside = &text[piece.clone()];
            let clear = |at: Option<u8>| at.is_none_or(|byte| byte == b' ');
            let is_whole = |at: usize| {
                clear(at.checked_sub(1).map(|at| text.as_bytes()[at]))
                    && clear(text.as_bytes().get(at + 1).copied())
            };
            let shows = |term: &str| {
                inside.match_indices(term).any(|(at, _)| is_whole(piece.start + at))
            };
            let pairs = parsed.terms.iter().zip(&weights);
            pairs.filter(|(term, _)| shows(&term.term)).map(|(_, weight)| weight).sum()
        };
        let best = (0..text.len()).map(|start| different(start..text.len().min(start + chars)));
        let best = best.fold(0.0, f32::max);
        prop_assert_eq!(different(all[0].piece.bytes.clone()), best);
    }
}

#[test]
fn further_pieces_show_what_is_missing() {
    let filler = "lorem ipsum dolor sit amet ".repeat(6);
    let text = format!("whale one. {filler}whale two. {filler}ocean three. {filler}whale ocean.");
    let analyzer = english();
    let parsed = TextQuery::parse("whale ocean", &analyzer);
    let all = |count| {
        let shape = SnippetShape { chars: 14, count };
        let found = snippets(&text, &parsed, &[], &analyzer, shape);
        found
            .iter()
            .map(|snippet| bracketed(&text, snippet))
            .collect::<Vec<_>>()
    };
    assert_eq!(all(1), ["[whale] [ocean]."]);
    assert_eq!(all(2), ["[whale] [ocean].", "[whale] one."]);
    assert_eq!(all(9).len(), 4);
    assert!(all(0).is_empty());
}

#[test]
fn the_heavier_word_decides() {
    let filler = "lorem ipsum dolor sit amet ".repeat(6);
    let text = format!("whale one. {filler}ocean two.");
    let analyzer = english();
    let parsed = TextQuery::parse("whale ocean", &analyzer);
    let shape = SnippetShape {
        chars: 10,
        count: 1,
    };
    for (weights, wanted) in [([1.0, 2.0], "[ocean] two."), ([2.0, 1.0], "[whale] one.")] {
        let found = snippets(&text, &parsed, &weights, &analyzer, shape);
        assert_eq!(bracketed(&text, &found[0]), wanted);
    }
}

#[test]
fn long_texts_cost_no_more_than_their_beginning() {
    let text = format!("{}whale", "\u{e9} ".repeat(MAX_LOOKED_AT_BYTES));
    assert_eq!(shown(&text, "whale", 5), "\u{e9} \u{e9} \u{e9}");
}
