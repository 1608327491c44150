//! Laws of the analyser.

use super::*;
use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

#[test]
fn golden_terms_without_stemming() {
    for (text, wanted) in [
        ("", ""),
        ("!?. -- ... * _ __", ""),
        ("Hello, World.", "hello@0 world@1"),
        ("end. Next", "end@0 next@1"),
        ("a b", "a@0 b@1"),
        (
            "dogs' John's JOHN\u{2019}S house",
            "dogs@0 john@1 john@2 house@3",
        ),
        ("don't we\u{2019}ll", "don't@0 we'll@1"),
        (
            "l'avion O'Brien",
            "l'avion@0 l@0 avion@1 o'brien@2 o@2 brien@3",
        ),
        ("cafe\u{301} Caf\u{e9} CAF\u{c9}", "cafe@0 cafe@1 cafe@2"),
        (
            "Stra\u{df}e \u{d8}rsted \u{c6}ther \u{141}\u{f3}d\u{17a}",
            "strasse@0 orsted@1 aether@2 lodz@3",
        ),
        ("\u{130}stanbul \u{131}s\u{131}", "istanbul@0 isi@1"),
        (
            "\u{3b1}\u{3b8}\u{3ae}\u{3bd}\u{3b1} \u{3bb}\u{3cc}\u{3b3}\u{3bf}\u{3c2}",
            "\u{3b1}\u{3b8}\u{3b7}\u{3bd}\u{3b1}@0 \u{3bb}\u{3bf}\u{3b3}\u{3bf}\u{3c3}@1",
        ),
        ("\u{401}\u{436}", "\u{435}\u{436}@0"),
        (
            "\u{ff28}\u{ff54}\u{ff4d}\u{ff4c} \u{fb01}ne m\u{b2}",
            "html@0 fine@1 m2@2 m@2 2@3",
        ),
        // Soft hyphen and joiners vanish.
        (
            "co\u{ad}op \u{645}\u{6cc}\u{200c}\u{62e}\u{648}",
            "coop@0 \u{645}\u{6cc}\u{62e}\u{648}@1",
        ),
    ] {
        assert_eq!(terms(text, &plain()), wanted, "{text}");
    }
}

#[test]
fn golden_terms_of_scripts_with_marks() {
    // Virama, nukta and vowel signs stay; Hebrew points and Arabic vowels stay.
    for word in [
        "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}",
        "\u{ba4}\u{bae}\u{bbf}\u{bb4}\u{bcd}",
        "\u{5e9}\u{5b8}\u{5c1}\u{5dc}\u{5d5}\u{5b9}\u{5dd}",
        "\u{643}\u{64e}\u{62a}\u{64e}\u{628}\u{64e}",
    ] {
        use unicode_normalization::UnicodeNormalization;
        let composed: String = word.nfc().collect();
        assert_eq!(terms(word, &english()), format!("{composed}@0"));
    }
}

#[test]
fn golden_terms_of_scripts_without_spaces() {
    for (text, wanted) in [
        (
            "\u{65e5}\u{672c}\u{8a9e}",
            "\u{65e5}\u{672c}@0 \u{672c}\u{8a9e}@1",
        ),
        ("\u{732b}", "\u{732b}@0"),
        (
            "\u{65e5}\u{672c}\u{3002}\u{732b}x",
            "\u{65e5}\u{672c}@0 \u{732b}@1 x@2",
        ),
        (
            "2024\u{5e74}iPhone\u{3067}\u{3059}",
            "2024@0 \u{5e74}@1 iphon@2 i@2 phone@3 \u{3067}\u{3059}@4",
        ),
        (
            "\u{30e9}\u{30fc}\u{30e1}",
            "\u{30e9}\u{30fc}@0 \u{30fc}\u{30e1}@1",
        ),
        // Half-width Katakana with its sound mark is the full-width letter.
        ("\u{ff76}\u{ff9e}\u{ff72}", "\u{30ac}\u{30a4}@0"),
        // Thai marks belong to their consonant: ko-kai + mai-tho, ro-ruea, no-nu.
        (
            "\u{e01}\u{e49}\u{e23}\u{e19}",
            "\u{e01}\u{e49}\u{e23}@0 \u{e23}\u{e19}@1",
        ),
        ("\u{179a}\u{17b6}\u{1787}", "\u{179a}\u{17b6}\u{1787}@0"),
        (
            "\u{1019}\u{103c}\u{1014}\u{103a}\u{1019}\u{102c}",
            "\u{1019}\u{103c}\u{1014}\u{103a}@0 \u{1014}\u{103a}\u{1019}\u{102c}@1",
        ),
        ("\u{ea5}\u{eb2}\u{ea7}", "\u{ea5}\u{eb2}@0 \u{eb2}\u{ea7}@1"),
        // Hangul, composed or not.
        (
            "\u{c11c}\u{c6b8}\u{c5d0}",
            "\u{c11c}\u{c6b8}@0 \u{c6b8}\u{c5d0}@1",
        ),
        (
            "\u{1109}\u{1165}\u{110b}\u{116e}\u{11af}",
            "\u{c11c}\u{c6b8}@0",
        ),
    ] {
        assert_eq!(terms(text, &english()), wanted, "{text}");
    }
}

#[test]
fn names_are_terms_whole_and_in_parts() {
    for (text, wanted) in [
        ("snake_case_name", "snake_case_name@0 snake@0 case@1 name@2"),
        ("readTimeout", "readtimeout@0 read@0 timeout@1"),
        (
            "HTTPServer parseHTTPResponse",
            "httpserver@0 http@0 server@1 parsehttpresponse@2 parse@2 http@3 response@4",
        ),
        ("URLs IDs", "urls@0 ids@1"),
        (
            "utf8 v2 3.14",
            "utf8@0 utf@0 8@1 v2@2 v@2 2@3 3.14@4 3@4 14@5",
        ),
        ("os.path.join", "os.path.join@0 os@0 path@1 join@2"),
        (
            "src/http_client/readTimeout.rs",
            "src/http_client/readtimeout.rs@0 src@0 http_client@1 http@1 client@2 readtimeout@3 \
             read@3 timeout@4 rs@5",
        ),
        ("std::mem::take", "std::mem::take@0 std@0 mem@1 take@2"),
        ("well-known", "well-known@0 well@0 known@1"),
        ("well\u{2011}known", "well-known@0 well@0 known@1"),
        ("__init__ _x", "init@0 x@1"),
        ("a__b", "a__b@0 a@0 b@1"),
        ("key:value http://x.y", "key@0 value@1 http@2 x.y@3 x@3 y@4"),
        (
            "snake_caseMix2",
            "snake_casemix2@0 snake@0 casemix2@1 case@1 mix@2 2@3",
        ),
        ("\u{dc}berGro\u{df}", "ubergross@0 uber@0 gross@1"),
        // A hash is not cut.
        ("a1b2c3d4e5", "a1b2c3d4e5@0"),
        ("foo.bar's", "foo.bar@0 foo@0 bar@1"),
    ] {
        assert_eq!(terms(text, &plain()), wanted, "{text}");
    }
}

#[test]
fn stems_follow_the_language() {
    for (code, text, wanted) in [
        (
            "en",
            "Running runners resumes r\u{e9}sum\u{e9}s",
            "run@0 runner@1 resum@2 resum@3",
        ),
        ("en", "iPhones iphone", "iphon@0 i@0 phone@1 iphon@2"),
        (
            "en",
            "read_timeouts utf8s",
            "read_timeouts@0 read@0 timeout@1 utf8s@2 utf@2 8@3 s@4",
        ),
        ("de", "H\u{e4}user Stra\u{df}en", "haus@0 strass@1"),
        ("fr", "ann\u{e9}es nationalit\u{e9}s", "anne@0 national@1"),
        ("es", "canciones canci\u{f3}n", "cancion@0 cancion@1"),
        (
            "pt",
            "informa\u{e7}\u{e3}o informa\u{e7}\u{f5}es",
            "inform@0 inform@1",
        ),
        (
            "ru",
            "\u{441}\u{438}\u{43d}\u{438}\u{439} \u{441}\u{438}\u{43d}\u{435}\u{433}\u{43e}",
            "\u{441}\u{438}\u{43d}@0 \u{441}\u{438}\u{43d}@1",
        ),
        ("none", "Running", "running@0"),
    ] {
        let analyzer = Analyzer::new(Language::from_code(code).unwrap());
        assert_eq!(terms(text, &analyzer), wanted, "{code}");
    }
}

#[test]
fn codes_round_trip() {
    assert_eq!(Language::ALL.len(), 19);
    for &language in Language::ALL {
        assert_eq!(Language::from_code(language.code()), Some(language));
    }
    assert_eq!(Language::from_code("xx"), None);
}

#[test]
fn long_words_are_cut_at_a_character() {
    let long = "x".repeat(MAX_TERM_BYTES + 1);
    assert_eq!(
        terms(&long, &english()),
        format!("{}@0", "x".repeat(MAX_TERM_BYTES))
    );
    let wide = "\u{434}".repeat(200);
    assert_eq!(
        terms(&wide, &english()),
        format!("{}@0", "\u{434}".repeat(127))
    );
    // A path of megabytes is several names, none longer than a term allows by much.
    let path = "part/".repeat(10_000);
    english().analyze(&path, |term, _, span| {
        assert!(term.len() <= MAX_TERM_BYTES && span.len() <= MAX_TERM_BYTES + 5);
    });
}

#[test]
fn the_cache_changes_no_result() {
    let text = "running jumps easily connected ".repeat(50);
    let analyzer = english();
    let first = terms(&text, &analyzer);
    assert_eq!(first, terms(&text, &analyzer));
    assert_eq!(first, terms(&text, &english()));
}

#[test]
fn threads_share_an_analyzer() {
    let analyzer = english();
    let wanted = terms("running jumps", &analyzer);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(terms("running jumps", &analyzer), wanted));
        }
    });
}

#[test]
fn prose_words_are_those_of_unicode() {
    let text = "The quick (\u{201c}brown\u{201d}) fox can\u{2019}t jump 32 feet, right? \
                \u{bf}Qu\u{e9} tal? \u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}, \u{43c}\u{438}\u{440}! \
                \u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940} \u{92d}\u{93e}\u{937}\u{93e}\u{964}";
    let mut found = Vec::new();
    plain().analyze(text, |_, _, span| found.push(&text[span]));
    assert_eq!(found, text.unicode_words().collect::<Vec<_>>());
}

fn check_invariants(text: &str, analyzer: &Analyzer) {
    let mut last = 0;
    analyzer.analyze(text, |term, position, span| {
        assert!(!term.is_empty() && term.len() <= MAX_TERM_BYTES);
        assert!(
            position >= last && position <= last + 1,
            "{position} after {last}"
        );
        assert!(!span.is_empty() && text.get(span).is_some());
        last = position;
    });
}

proptest! {
    #[test]
    fn invariants_hold_on_any_text_in_any_language(
        text in any::<String>(), language in prop::sample::select(Language::ALL)
    ) {
        check_invariants(&text, &Analyzer::new(language));
    }

    #[test]
    fn invariants_hold_on_words_of_many_scripts(
        text in "[a-cA-C0-2_./:' \u{e9}\u{301}\u{df}\u{130}\u{15f}\u{431}\u{451}\u{3b1}\u{3c2}\u{621}-\u{652}\u{939}\u{94d}\u{ba4}\u{bcd}\u{e01}\u{e49}\u{65e5}\u{30e9}\u{ff9e}\u{200d}\u{2019}-]{0,40}",
        language in prop::sample::select(Language::ALL)
    ) {
        check_invariants(&text, &Analyzer::new(language));
    }

    #[test]
    fn case_makes_no_difference_to_a_plain_word(word in "[a-z]{1,12}") {
        let capital = word[..1].to_uppercase() + &word[1..];
        prop_assert_eq!(terms(&word, &english()), terms(&capital, &english()));
        prop_assert_eq!(terms(&word, &english()), terms(&word.to_uppercase(), &english()));
    }
}
