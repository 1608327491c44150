"""Facts in texts: by rules, by a language model."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
from engram.enrich import Fact, FactExtractor, ModelFacts, RuleFacts, fact_rules, get_fact_extractor
from engram.enrich.dates import iso, span_of

NOW = dt.datetime(2024, 3, 15, 12, tzinfo=dt.timezone.utc)  # a Friday
RULES = RuleFacts()
MOMENTS = st.integers(0, 10**17).map(
    lambda at: dt.datetime(1000, 1, 1, tzinfo=dt.timezone.utc) + dt.timedelta(microseconds=at)
)


def day(year, month=1, at=1):
    return dt.datetime(year, month, at, tzinfo=dt.timezone.utc)


def found(text, **options):
    return {(one.entity, one.slot, one.value) for one in RULES.facts(text, when=NOW, **options)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Alice works at Acme Corp.", {("Alice", "employer", "Acme Corp")}),
        ("Bob Smith is the CEO of Zorblax Industries.",
         {("Bob Smith", "role", "CEO of Zorblax Industries"),
          ("Bob Smith", "employer", "Zorblax Industries")}),
        ("The CEO of Acme is Dave Miller.", {("Acme", "ceo", "Dave Miller")}),
        ("Alice lives in New York and loves jazz.",
         {("Alice", "residence", "New York"), ("Alice", "likes", "jazz")}),
        ("My name is Carol.", {("user", "name", "Carol")}),
        ("I prefer green tea with milk, but I hate coffee.",
         {("user", "prefers", "green tea with milk"), ("user", "dislikes", "coffee")}),
        ("Alice's favourite color is blue.", {("Alice", "favourite_color", "blue")}),
        ("My dog is called Rex.", {("user", "dog", "Rex")}),
        ("Acme was founded in 1999 and is headquartered in Oslo.",
         {("Acme", "founded", "1999"), ("Acme", "headquarters", "Oslo")}),
        ("I'm allergic to peanuts.", {("user", "allergy", "peanuts")}),
        ("Bob is 42 years old.", {("Bob", "age", "42")}),
        ("Bob said that Alice works for the Bank of England.",
         {("Alice", "employer", "Bank of England")}),
        ("Yesterday Alice moved to Berlin.", {("Alice", "residence", "Berlin")}),
        ("My cousins in China like Zhao Zhong.", set()),
        ("Some Normans joined Turkish forces.", set()),
        ("Warsaw's first stock exchange was established in 1817.", set()),
        ("Jacksonville was from Hurricane Dora on in ruins.", set()),
        ("Eve was a student of Lefevre.", {("Eve", "role", "student of Lefevre")}),
        ("Eve is from Lyon and speaks Spanish.",
         {("Eve", "origin", "Lyon"), ("Eve", "speaks", "Spanish")}),
        ("I bought a kayak on Saturday.", {("user", "owns", "a kayak")}),
        ("Does Alice live in Rome?", set()),
        ("Alice does not live in Rome.", set()),
        ("If Alice lives in Rome, we visit her.", set()),
        ("She lives in Rome.", set()),
        ("It is great. My point is that it works.", set()),
        ("", set()),
    ],
)  # fmt: skip
def test_sentences_of_common_shapes_are_facts(text, expected):
    assert found(text) == expected


def test_who_speaks_is_who_i_means():
    assert found("I live in Oslo.", speaker="Melanie") == {("Melanie", "residence", "Oslo")}


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("Alice works at Acme since 2019.", day(2019), None),
        ("Alice worked hard. Bob works at Acme since March 2020.", day(2020, 3), None),
        ("Alice moved to Berlin last month.", day(2024, 2), None),
        ("Alice moved to Berlin yesterday.", day(2024, 3, 14), None),
        ("Alice moved to Berlin two years ago.", day(2022), None),
        ("Alice lives in Berlin until 2025.", NOW, day(2025)),
        ("Alice lives in Berlin.", NOW, None),
    ],
)
def test_facts_hold_from_when_the_sentence_says_so(text, since, until):
    (fact,) = RULES.facts(text, when=NOW)
    assert (fact.valid_from, fact.valid_to) == (since, until)


def test_what_is_over_is_said_to_be():
    (fact,) = RULES.facts("I used to work at Google until 2020.", when=NOW)
    assert (fact.value, fact.ended, fact.valid_to) == ("Google", True, day(2020))


@given(st.lists(st.sampled_from([
    "Alice lives in Rome. ", "I like tea!", "\n", "My cat is called Tom. ", "Ünï ", "Is it? ",
    "Bob is the head of sales at Acme, ", "and ", "I ", "My ", "'s ", "is ",
]), max_size=8).map("".join))  # fmt: skip
def test_a_fact_says_where_it_stands(text):
    for fact in RULES.facts(text, when=NOW):
        assert " ".join(text[fact.start : fact.end].split()) == fact.statement
        assert fact.value in fact.statement
        assert 0 < fact.confidence <= 1
        assert fact.extractor == RULES.name


WORDS = st.lists(
    st.sampled_from([
        "Alice", "I", "Bob Smith", "and", "My", "works at", "is the CEO of", "is a nurse", "Acme",
        "lives in", "Oslo", "is from", "speaks", "French", "loves", "hates", "tea", "is",
        "was born in",
        "name is", "joined", "quit", "married", "bought", "is 42 years old", "prefers", "founded",
        "is allergic to", "studies", "moved to", "call me", "used to live in", ",", ".",
    ]),
    max_size=12,
).map(" ".join)  # fmt: skip


@given(WORDS)
def test_looking_at_likely_shapes_alone_finds_what_looking_at_all_does(text):
    quick = RULES.facts(text, when=NOW)
    with pytest.MonkeyPatch.context() as patch:
        every = {shape.slot: ("",) for shape in fact_rules._SHAPES}
        patch.setattr(fact_rules, "_HINTS", every)
        assert RULES.facts(text, when=NOW) == quick


def test_long_texts_take_time_that_grows_with_them():
    for unit in ("Alice ", "I like ", "My a ", "Alice's b ", "a, ", "in 19", "The a of B "):
        RULES.facts(unit * 2_000, when=NOW)


ANSWER = {
    "facts": [
        {"entity": "Alice", "slot": "Favourite Tea", "value": "oolong",
         "quote": "oolong is her tea", "valid_from": "2020-05", "valid_to": None,
         "confidence": 0.9},
        {"entity": "Bob", "slot": "age", "value": "7", "quote": "Bob is seven",
         "valid_from": None, "valid_to": None, "confidence": 1},
    ]
}  # fmt: skip


def test_a_language_model_finds_facts_by_choice():
    pytest.importorskip("jsonschema")
    prompts = []

    def model(prompt):
        prompts.append(prompt)
        return json.dumps(ANSWER)

    extractor = get_fact_extractor(model)
    assert isinstance(extractor, FactExtractor)
    assert extractor.name == "llm:model"
    text = "Alice: oolong is her tea."
    assert extractor.facts(text, speaker="Eve", when=NOW) == [
        Fact("Alice", "favourite_tea", "oolong", day(2020, 5), None, "oolong is her tea",
             start=7, end=24, confidence=0.9, extractor="llm:model"),
    ]  # fmt: skip
    assert "Eve" in prompts[0]
    assert "2024-03-15" in prompts[0]
    assert extractor.facts("  ") == []
    assert len(prompts) == 1


def test_a_model_that_answers_something_else_is_an_error():
    pytest.importorskip("jsonschema")
    with pytest.raises(engram.InvalidInput, match=r"llm\.answer"):
        ModelFacts(lambda prompt: "no facts").facts("Alice lives in Rome.")


def test_extractors_go_by_name():
    assert get_fact_extractor("rules").name == "rules"
    assert get_fact_extractor(RULES) is RULES
    with pytest.raises(engram.InvalidInput, match="unknown extractor of facts"):
        get_fact_extractor("magic")
    with pytest.raises(engram.InvalidInput, match=r"llm\.invalid"):
        get_fact_extractor(7)


@pytest.mark.parametrize(
    ("said", "since", "until"),
    [
        ("2019", day(2019), day(2020)),
        ("2019-05", day(2019, 5), day(2019, 6)),
        ("2019-12-31", day(2019, 12, 31), day(2020)),
        ("May 7, 2023", day(2023, 5, 7), day(2023, 5, 8)),
        ("7th of May 2023", day(2023, 5, 7), day(2023, 5, 8)),
        ("december 2023", day(2023, 12), day(2024)),
        ("May 7", day(2024, 5, 7), day(2024, 5, 8)),
        ("yesterday", day(2024, 3, 14), day(2024, 3, 15)),
        ("last week", day(2024, 3, 4), day(2024, 3, 11)),
        ("this month", day(2024, 3), day(2024, 4)),
        ("last Friday", day(2024, 3, 8), day(2024, 3, 9)),
        ("last monday", day(2024, 3, 11), day(2024, 3, 12)),
        ("next monday", day(2024, 3, 18), day(2024, 3, 19)),
        ("next friday", day(2024, 3, 22), day(2024, 3, 23)),
        ("three months ago", day(2023, 12), day(2024)),
        ("10 days ago", day(2024, 3, 5), day(2024, 3, 6)),
    ],
)
def test_dates_mean_a_span(said, since, until):
    assert span_of(said, NOW) == (since, until)


@pytest.mark.parametrize("said", ["", "soon", "june 31, 2020", "blorp 3", "9999999 years ago"])
def test_what_is_no_date_means_none(said):
    assert span_of(said, NOW) is None


@given(MOMENTS, MOMENTS)
def test_written_moments_are_ordered_as_time_is(one, other):
    assert (iso(one) < iso(other)) == (one < other)
