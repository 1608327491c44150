//! Laws of scores, phrases and queries.

use super::*;
use proptest::prelude::*;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;

/// What Lucene takes unless told otherwise.
const LUCENE: Bm25 = Bm25 { k1: 1.2, b: 0.75 };

fn query(text: &str) -> TextQuery {
    TextQuery::parse(text, &english())
}

fn scoring(text: &str) -> String {
    let query = query(text);
    let terms = query
        .terms
        .iter()
        .map(|t| format!("{}^{}", t.term, t.weight));
    terms
        .chain(query.groups.iter().map(|group| match group {
            Group::Prefix(start) => format!("{start}*"),
            Group::Near { words, distance } => format!("{}~{distance}", words.join("|")),
        }))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The scorer of a query of one term.
fn scorer(bm25: Bm25, stats: CorpusStats, df: u64, times: f32) -> TermScorer {
    Scale::new(bm25, stats, [(df, times)]).term(df, times)
}

fn term(text: &str) -> Condition {
    Condition::Term(text.to_owned())
}

fn phrase(terms: &[(&str, u32)]) -> Phrase {
    Phrase {
        terms: terms
            .iter()
            .map(|(term, at)| ((*term).to_owned(), *at))
            .collect(),
    }
}

#[test]
fn scores_are_those_of_lucene() {
    // idf = ln(1 + (10 - 3 + 0.5) / 3.5); tf part = 2 / (2 + 1.2 * (0.25 + 0.75 * 8 / 5)).
    let stats = CorpusStats {
        doc_count: 10,
        total_len: 50,
    };
    let scorer = scorer(LUCENE, stats, 3, 1.0);
    assert!((scorer.score(2, 8) - 1.145_132_3 * 2.0 / 3.74).abs() < 1e-6);
    assert!((idf(3, 10) - 1.145_132_3).abs() < 1e-6);
    let doubled = self::scorer(LUCENE, stats, 3, 2.0);
    assert!((doubled.score(2, 8) - 2.0 * scorer.score(2, 8)).abs() < 1e-6);
}

#[test]
fn degenerate_statistics_give_finite_scores() {
    for bm25 in [LUCENE, Bm25 { k1: 0.0, b: 0.0 }, Bm25 { k1: 2.0, b: 1.0 }] {
        for (stats, df) in [
            (CorpusStats::default(), 0),
            (
                CorpusStats {
                    doc_count: 1,
                    total_len: 1,
                },
                1,
            ),
            (
                CorpusStats {
                    doc_count: 1,
                    total_len: 1,
                },
                9,
            ),
        ] {
            let score = scorer(bm25, stats, df, 1.0).score(1, 1);
            assert!(
                score.is_finite() && score >= 0.0,
                "{bm25:?} {stats:?} {score}"
            );
        }
    }
}

#[test]
fn plain_words_score_and_repeat() {
    assert_eq!(
        scoring("How do whales sleep? Sleeping whales!"),
        "how^0.1 do^0.1 whale^2 sleep^2"
    );
    assert_eq!(scoring("readTimeout"), "readtimeout^1 read^1 timeout^1");
    assert_eq!(scoring("read* TIME* read*"), "read* time*");
    assert!(query("").is_empty() && query(" ?! \"\" + - * ").is_empty());
}

#[test]
fn odd_signs_are_plain_words() {
    for (text, wanted) in [
        ("what is C++ * 3", "what^0.1 is^0.1 c^1 3^1"),
        ("below -5 or +5", "below^0.1 5^2 or^0.1"),
        ("a - b + c", "a^0.1 b^1 c^1"),
        ("say \"hello", "say^1 hello^1"),
        ("5\" disk and 3\" disk", "5^1 disk^2 and^0.1 3^1"),
        ("git --verbose", "git^1 verbos^1"),
        ("-v", "v^1"),
        (
            "\u{201c}a \u{201c}b \u{201e}c \u{201e}d",
            "a^0.1 b^1 c^1 d^1",
        ),
        ("**bold** f*** a*", "bold^1 f^1 a^0.1"),
    ] {
        assert_eq!(scoring(text), wanted, "{text}");
        let query = query(text);
        assert_eq!(
            (query.must, query.must_not, query.preferred),
            (vec![], vec![], vec![]),
            "{text}"
        );
    }
}

#[test]
fn signs_make_conditions() {
    let found = query("whales +ocean -ships -\"killer whale\" +deep*");
    assert_eq!(
        found.must,
        [
            term("ocean"),
            Condition::Group(Group::Prefix("deep".to_owned()))
        ]
    );
    let killer = Condition::Phrase(phrase(&[("killer", 0), ("whale", 1)]));
    assert_eq!(found.must_not, [term("ship"), killer]);
    assert_eq!(scoring("whales +ocean -ships"), "whale^1 ocean^1");
    let name = Condition::Phrase(phrase(&[("read", 0), ("timeout", 1)]));
    assert_eq!(query("+readTimeout").must, [name]);
    let chinese = phrase(&[("\u{65e5}\u{672c}", 0), ("\u{672c}\u{8a9e}", 1)]);
    assert_eq!(
        query("+\u{65e5}\u{672c}\u{8a9e}").must,
        [Condition::Phrase(chinese)]
    );
}

#[test]
fn a_phrase_is_required_alone_and_preferred_among_words() {
    let the_end = phrase(&[("the", 0), ("end", 1)]);
    for text in [
        "\"the end\"",
        "\u{201c}the end\u{201d}",
        "\"the end\" -story",
        "x +\"the end\"",
    ] {
        assert_eq!(
            query(text).must,
            [Condition::Phrase(the_end.clone())],
            "{text}"
        );
    }
    let found = query("who wrote \"the end\"");
    assert_eq!((found.must, found.preferred), (vec![], vec![the_end]));
    assert_eq!(
        scoring("who wrote \"the end\""),
        "who^0.1 wrote^1 the^1 end^1"
    );
    assert_eq!(query("\"ends\"").must, [term("end")]);
}

#[test]
fn tildes_make_words_that_are_near() {
    for (text, wanted) in [
        ("kitchne~", "kitchn^1 kitchn|kitchne~2"),
        ("whale~", "whale^1 whale~1"),
        ("whale~2 x", "whale^1 x^1 whale~2"),
        ("Cat~2 of~1 ~", "cat^1 of^1 cat~1"),
        ("cat~3", "cat^1 3^1"),
        ("readTimeout~1", "readtimeout^1 read^1 timeout^1"),
    ] {
        assert_eq!(scoring(text), wanted, "{text}");
    }
    let near = Group::Near {
        words: vec!["ship".to_owned(), "ships".to_owned()],
        distance: 1,
    };
    assert_eq!(query("whale -ships~1").must_not, [Condition::Group(near)]);
}

#[test]
fn stop_words_count_as_the_settings_say() {
    let scoring = |settings: &str, text: &str| {
        let analyzer = Analyzer::with(TextSettings::parse(settings).unwrap());
        let query = TextQuery::parse(text, &analyzer);
        let terms = query
            .terms
            .iter()
            .map(|t| format!("{}^{}", t.term, t.weight));
        terms.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        scoring("en", "what is the whale"),
        "what^0.1 is^0.1 the^0.1 whale^1"
    );
    assert_eq!(scoring("en stop=keep", "the whale"), "the^1 whale^1");
    assert_eq!(scoring("en stop=drop", "What is the whale"), "whale^1");
    assert_eq!(scoring("de stop=drop", "Was ist der Wal"), "wal^1");
    // Without other words they are what is looked for, and as `+`, `-` and quotes ask.
    assert_eq!(
        scoring("en stop=drop", "to be or not to be"),
        "to^2 be^2 or^1 not^1"
    );
    assert_eq!(scoring("en stop=drop", "whale +the"), "whale^1 the^1");
    assert_eq!(scoring("none stop=drop", "the whale"), "the^1 whale^1");
}

#[test]
fn most_terms_decide_what_script_a_query_is_of() {
    for (text, wanted) in [
        ("whale", false),
        ("", false),
        ("\u{6771}\u{4eac}\u{90fd}", true),
        ("\u{6771}\u{4eac}\u{90fd} linux", true),
        ("\u{6771}\u{4eac} linux", false),
        ("\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}", false),
    ] {
        assert_eq!(query(text).is_of_pairs(), wanted, "{text}");
    }
}

#[test]
fn fields_make_conditions_where_there_are_such() {
    let is_field = |name: &str| matches!(name, "author" | "a.b");
    let query = |text: &str| TextQuery::parse_with(text, &english(), is_field);
    let field = |path: &[&str], inner| {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Condition::Field(path, Box::new(inner))
    };
    let found = query("whales author:Melville -a.b:\"of ships\" title:x http://y 12:30");
    assert_eq!(found.must, [field(&["author"], term("melvill"))]);
    let of_ships = Condition::Phrase(phrase(&[("of", 0), ("ship", 1)]));
    assert_eq!(found.must_not, [field(&["a", "b"], of_ships)]);
    let words: Vec<String> = found.terms.iter().map(|t| t.term.clone()).collect();
    assert_eq!(words.join(" "), "whale titl x http y 12 30");
    let mel = Condition::Group(Group::Prefix("mel".to_owned()));
    assert_eq!(query("x +author:mel*").must, [field(&["author"], mel)]);
    // Nothing is left to score.
    let alone = query("author:Melville");
    assert_eq!(alone.must, []);
    assert_eq!(alone.terms.len(), 2);
}

#[test]
fn words_beyond_the_sixteenth_group_are_plain() {
    let letters = |i: u8| [b'a' + i / 20, b'a' + i % 20].map(char::from);
    let word = |part: &str, [a, b]: [char; 2]| format!("{part}{a}{b}~ ");
    let text = |part: &str| (0..40).map(|i| word(part, letters(i))).collect::<String>();
    let found = query(&text("word"));
    assert_eq!(found.groups.len(), 16);
    assert!(found.terms.len() > 30);
    let found = TextQuery::parse_with(&format!("whale {}", text("-ab:word")), &english(), |name| {
        name == "ab"
    });
    assert_eq!(found.must_not.len(), 40);
    let fields = found.must_not.iter();
    let fields = fields.filter(|condition| matches!(condition, Condition::Field(..)));
    assert_eq!(fields.count(), 16);
}

#[test]
fn hostile_queries_take_linear_time() {
    for part in [
        "\u{201e}a ",
        "\"a ",
        "ab* ",
        "+a -b ",
        "\u{201c}",
        "-",
        "a_",
        "aB",
        "abcd~ ",
        "ab:c ",
        "~",
    ] {
        let text: String = (0..20_000).map(|i| format!("{part}{i}")).collect();
        assert!(!query(&text).is_empty());
    }
}

/// Segments with their deleted ordinals, and a table of records in none.
struct Corpus<'a> {
    segments: Vec<(&'a [String], Vec<u8>, RoaringBitmap)>,
    table: Vec<(&'a String, TermCounts)>,
}

impl<'a> Corpus<'a> {
    fn new(
        segments: &'a [Vec<String>],
        table: &'a [String],
        is_live: &dyn Fn(&str) -> bool,
    ) -> Self {
        let index = |texts: &'a Vec<String>| {
            let mut writer = TextIndexWriter::new();
            for (ordinal, text) in (0..).zip(texts) {
                writer.add_text(ordinal, text, &plain()).unwrap();
            }
            let deleted = (0..)
                .zip(texts)
                .filter(|(_, t)| !is_live(t))
                .map(|(o, _)| o)
                .collect();
            (texts.as_slice(), writer.finish().unwrap(), deleted)
        };
        let live = table.iter().filter(|text| is_live(text));
        Corpus {
            segments: segments.iter().map(index).collect(),
            table: live
                .map(|text| (text, TermCounts::new(text, &plain())))
                .collect(),
        }
    }

    fn readers(&self) -> impl Iterator<Item = (&'a [String], TextIndexReader<'_>, &RoaringBitmap)> {
        self.segments.iter().map(move |(texts, bytes, gone)| {
            (
                *texts,
                TextIndexReader::open(bytes.as_slice()).unwrap(),
                gone,
            )
        })
    }

    fn scorer(&self, term: &str) -> TermScorer {
        let (mut stats, mut df) = (CorpusStats::default(), 0);
        for (_, reader, gone) in self.readers() {
            stats.add(reader.live_stats(gone));
            let info = reader.lookup(term).unwrap();
            df += info.map_or(0, |info| {
                u64::from(info.df - reader.count_in(info, gone).unwrap())
            });
        }
        for (_, counts) in &self.table {
            stats.add_doc(counts.doc_len());
            df += u64::from(counts.tf(term) > 0);
        }
        scorer(LUCENE, stats, df, 1.0)
    }

    fn scores(&self, terms: &[&str]) -> BTreeMap<String, f32> {
        let mut found = BTreeMap::new();
        for term in terms {
            let scorer = self.scorer(term);
            let mut add = |text: &String, tf, len| {
                *found.entry(text.clone()).or_insert(0.0) += scorer.score(tf, len);
            };
            for (texts, reader, gone) in self.readers() {
                let Some(mut postings) = reader.postings(term).unwrap() else {
                    continue;
                };
                while let Some(Posting { ordinal, tf }) = postings.next().unwrap() {
                    if !gone.contains(ordinal) {
                        add(&texts[ordinal as usize], tf, reader.doc_len(ordinal));
                    }
                }
            }
            for (text, counts) in self.table.iter().filter(|(_, counts)| counts.tf(term) > 0) {
                add(text, counts.tf(term), counts.doc_len());
            }
        }
        found
    }
}

#[test]
fn phrases_are_found_where_their_words_follow_each_other() {
    for (text, wanted) in [
        ("to be or not to be", 2),
        ("be to", 0),
        ("to_be toBe to-be", 3),
        ("to x be", 0),
        ("To be!", 1),
    ] {
        let counts = TermCounts::new(text, &english());
        let phrase = Phrase::new("to be", &english());
        let lists: Vec<(&[u32], u32)> = phrase
            .terms
            .iter()
            .map(|(term, at)| (counts.positions(term), *at))
            .collect();
        assert_eq!(phrase_frequency(&lists), wanted, "{text}");
    }
    assert_eq!(phrase_frequency(&[]), 0);
}

proptest! {
    #[test]
    fn scores_rise_with_frequency_and_fall_with_length(
        k1 in 0.0f32..3.0, b in 0.0f32..=1.0, df in 1u64..1000, tf in 1u32..1000, len in 1u32..10_000,
        more in 0u32..1000
    ) {
        let stats = CorpusStats { doc_count: 1000, total_len: 70_000 };
        let scorer = scorer(Bm25 { k1, b }, stats, df, 1.0);
        let score = scorer.score(tf, len);
        // A few units in the last place of the weight.
        let slack = idf(df, 1000) / (1 << 21) as f32;
        prop_assert!(score > 0.0 && score <= idf(df, 1000) + slack);
        prop_assert!(scorer.score(tf + more, len) >= score - slack);
        prop_assert!(scorer.score(tf, len + more) <= score + slack);
        let norm = f64::from(k1) * (1.0 - f64::from(b) + f64::from(b) * f64::from(len) / 70.0);
        let exact = f64::from(idf(df, 1000)) * f64::from(tf) / (f64::from(tf) + norm);
        prop_assert!((f64::from(score) - exact).abs() <= f64::from(slack), "{score} {exact}");
    }

    #[test]
    fn sums_of_scores_are_exact_and_bounded(
        terms in prop::collection::vec((1u64..2000, 1u32..4, 1u32..300), 1..60), len in 1u32..5000
    ) {
        let stats = CorpusStats { doc_count: 2000, total_len: 140_000 };
        let weighed = || terms.iter().map(|(df, times, _)| (*df, *times as f32));
        let scale = Scale::new(LUCENE, stats, weighed());
        let scores = || weighed().zip(&terms).map(|((df, times), t)| scale.term(df, times).score(t.2, len));
        let forward: f32 = scores().sum();
        let backward: f32 = scores().rev().sum();
        let exact: f64 = scores().map(f64::from).sum();
        prop_assert_eq!(forward.to_bits(), backward.to_bits());
        prop_assert_eq!(f64::from(forward), exact);
        let bounds = scale.bounds();
        for ((df, times), (_, _, tf)) in weighed().zip(&terms) {
            let mut lengths = [lengths::NO_LENGTH; 4];
            lengths.iter_mut().take(*tf as usize).for_each(|code| *code = lengths::code_of(len));
            let impacts = Impacts { max_tf: (*tf).min(255) as u8, lengths };
            let scorer = scale.term(df, times);
            let bound = scorer.bound(bounds.share(impacts));
            prop_assert!(scorer.score(*tf, len) <= bound);
        }
    }

    #[test]
    fn scores_do_not_depend_on_how_documents_are_spread(
        texts in prop::collection::btree_map("([a-d] ){0,8}", (0usize..4, any::<bool>()), 1..60)
    ) {
        let is_live = |text: &str| texts[text].1;
        let place = |wanted: usize| -> Vec<String> {
            texts.iter().filter(|(_, (place, _))| *place == wanted).map(|(t, _)| t.clone()).collect()
        };
        let live: Vec<String> = texts.keys().filter(|text| is_live(text)).cloned().collect();
        let terms = ["a", "b", "d", "e"];
        let together = [live];
        let (segments, table) = ([place(0), place(1), place(2)], place(3));
        let spread = Corpus::new(&segments, &table, &is_live).scores(&terms);
        let alone = Corpus::new(&together, &[], &|_| true).scores(&terms);
        prop_assert_eq!(spread, alone);
    }

    #[test]
    fn every_text_is_a_query(text in any::<String>()) {
        let found = query(&text);
        let has_terms = !terms(&text, &english()).is_empty();
        prop_assert!(!found.is_empty() || !has_terms || text.contains('*') || text.contains('-'));
    }

    #[test]
    fn signs_and_quotes_never_empty_a_query(
        text in "([ab+\"* \u{201c}\u{201d}-]|word|\u{65e5}\u{672c}){0,20}"
    ) {
        let has_terms = !terms(&text, &english()).is_empty();
        prop_assert_eq!(!query(&text).is_empty(), has_terms, "{:?}", query(&text));
    }

    #[test]
    fn phrase_frequency_counts_every_start(
        a in prop::collection::btree_set(0u32..30, 0..15), b in prop::collection::btree_set(0u32..30, 0..15)
    ) {
        let wanted = a.iter().filter(|start| b.contains(&(*start + 2))).count() as u32;
        let (a, b): (Vec<u32>, Vec<u32>) = (a.into_iter().collect(), b.into_iter().collect());
        prop_assert_eq!(phrase_frequency(&[(&a, 0), (&b, 2)]), wanted);
    }
}
