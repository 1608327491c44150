"""Entities: the interface, the rules, spaCy."""

import gzip
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engram
from engram.enrich import (
    LABELS,
    Entity,
    EntityExtractor,
    ModelExtractor,
    RuleExtractor,
    SpacyExtractor,
    get_extractor,
)
from engram.enrich.entities import apart

RULES = RuleExtractor()
WNUT = Path(__file__).parents[2].parent / "shared" / "data" / "ner" / "wnut17-dev.conll.gz"


def found(text, least=0.5):
    return [(one.text, one.label) for one in RULES.extract(text, least)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Alice met Bob in Paris", [("Alice", "PERSON"), ("Bob", "PERSON"), ("Paris", "GPE")]),
        (
            "Dr. Smith works at Acme Corp. in New York since 2019.",
            [("Smith", "PERSON"), ("Acme Corp", "ORG"), ("New York", "GPE"), ("2019", "DATE")],
        ),
        (
            "Georgia told Jordan about the Bank of England. The University of Oxford is old.",
            [("Georgia", "PERSON"), ("Jordan", "PERSON"), ("Bank of England", "ORG"),
             ("University of Oxford", "ORG")],
        ),
        ("She moved to Georgia from Jordan.", [("Georgia", "GPE"), ("Jordan", "GPE")]),
        (
            "Mail bob.k@mail.example.org, or see https://a.example/c?d=1.",
            [("bob.k@mail.example.org", "EMAIL"), ("https://a.example/c?d=1", "URL")],
        ),
        (
            "It cost $5.2 million on May 7, 2023, or 300 euros last week.",
            [("$5.2 million", "MONEY"), ("May 7, 2023", "DATE"), ("300 euros", "MONEY"),
             ("last week", "DATE")],
        ),
        ("The World Cup was in Qatar.", [("World Cup", "EVENT"), ("Qatar", "GPE")]),
        ("We swam in Lake Zorblax.", [("Lake Zorblax", "LOC")]),
        ("Charles River flows through Middlesex County.",
         [("Charles River", "LOC"), ("Middlesex County", "LOC")]),
        ("Nice! She joined Turkish forces.", []),
        ("Alice's iPhone and Bob's", [("Alice", "PERSON"), ("iPhone", "PRODUCT"),
                                      ("Bob", "PERSON")]),
        ("Anna and Peter met Tim O'Brien.", [("Anna", "PERSON"), ("Peter", "PERSON"),
                                             ("Tim O'Brien", "PERSON")]),
        ("What a day! Nothing to see here. May I come?", []),
        ("DUDE THIS IS SO COOL ALICE", []),
        ("", []),
    ],
)  # fmt: skip
def test_rules_find_names_and_say_what_they_are(text, expected):
    assert found(text) == expected


@given(st.text(alphabet=st.sampled_from("AbcdeéБ中 .,'&@$\n-0139\U0001f600"), max_size=80))
def test_entities_are_where_they_say_in_order_and_apart(text):
    entities = RULES.extract(text)
    end = 0
    for one in entities:
        assert text[one.start : one.end] == one.text
        assert one.start >= end
        assert one.end > one.start
        assert one.label in LABELS
        assert 0 < one.confidence <= 1
        end = one.end


@settings(max_examples=30)
@given(
    st.lists(
        st.builds(
            lambda start, length, sure: Entity("x", "MISC", start, start + length, sure),
            st.integers(0, 30), st.integers(1, 10), st.sampled_from([0.2, 0.5, 0.9]),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_of_overlapping_entities_the_surest_stays(entities):
    kept = apart(entities)
    for one in entities:
        if one not in kept:
            rivals = [other for other in kept if other.start < one.end and one.start < other.end]
            assert any(
                (other.confidence, other.end - other.start) >= (one.confidence, one.end - one.start)
                for other in rivals
            )


def test_a_higher_confidence_leaves_less():
    text = "Alice saw Zorblax at the Blorp Museum in Paris."
    counts = [len(RULES.extract(text, least)) for least in (0.0, 0.5, 0.8, 1.0)]
    assert counts == [4, 3, 2, 0]


@pytest.mark.parametrize("least", [-0.1, 1.1, "0.5", True, float("nan")])
def test_a_confidence_is_a_share(least):
    with pytest.raises(engram.InvalidInput, match=r"input\.invalid"):
        RULES.extract("Alice", least)


def test_a_text_is_a_str():
    with pytest.raises(engram.InvalidInput, match=r"input\.invalid"):
        RULES.extract(b"Alice")


def test_long_texts_of_one_kind_take_time_that_grows_with_them():
    for unit in ("1,", "www.", "a@", "Aa ", "$1 ", "A.", "May 1 ", "\n", "in 19"):
        RULES.extract(unit * 20_000)


def test_extractors_have_one_interface():
    extractor = get_extractor("rules")
    assert isinstance(extractor, EntityExtractor)
    assert (extractor.name, extractor.entity_types) == ("rules", LABELS)
    assert get_extractor(extractor) is extractor
    entity = Entity("Paris", "GPE", 3, 8, 0.9)
    assert entity.to_dict() == {
        "text": "Paris", "label": "GPE", "start": 3, "end": 8, "confidence": 0.9,
    }  # fmt: skip


def test_what_is_no_extractor_is_refused():
    with pytest.raises(engram.InvalidInput, match="no extractor of entities"):
        get_extractor(7)


def test_a_missing_model_says_what_to_do():
    with pytest.raises(engram.NotFound) as caught:
        get_extractor("no-such-ner-model")
    assert caught.value.code == "model.not_found"
    assert "rules" in caught.value.hint
    assert caught.value.details["kind"] == "ner"


def test_spacy_pipelines_are_extractors():
    spacy = pytest.importorskip("spacy")
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([
        {"label": "PERSON", "pattern": "Zorblax"},
        {"label": "FAC", "pattern": "Blorp Bridge"},
        {"label": "CARDINAL", "pattern": "seven"},
    ])  # fmt: skip
    extractor = SpacyExtractor(pipeline)
    assert isinstance(extractor, EntityExtractor)
    assert extractor.name == "spacy:en_pipeline"
    assert extractor.entity_types == ("LOC", "PERSON")
    text = "seven times Zorblax crossed Blorp Bridge"
    assert extractor.extract(text) == [
        Entity("Zorblax", "PERSON", 12, 19), Entity("Blorp Bridge", "LOC", 28, 40),
    ]  # fmt: skip


def test_a_pipeline_that_is_not_installed_is_named():
    pytest.importorskip("spacy")
    with pytest.raises(engram.NotFound) as caught:
        get_extractor("spacy:no_such_pipeline")
    assert caught.value.code == "model.not_found"
    assert "spacy download no_such_pipeline" in caught.value.hint


def test_without_spacy_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(engram.MissingExtra, match=r"engram\[spacy\]"):
        get_extractor("spacy")


def test_importing_loads_no_model_and_no_array():
    code = (
        "import sys, engram.enrich as e; e.RuleExtractor().extract('Alice met Bob in Paris');"
        "assert not {'numpy', 'spacy', 'onnxruntime'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


@pytest.mark.skipif(not WNUT.exists(), reason="the marked texts are not here")
def test_f1_of_the_rules_on_noisy_texts_is_as_the_docs_say():
    """Exact spans of the six kinds of WNUT 2017, at the confidence that the functions use."""
    counts = Counter()
    for text, gold in marked_texts():
        ours = {
            (one.start, one.end, KINDS[one.label])
            for one in RULES.extract(text, 0.5)
            if one.label in KINDS
        }
        counts.update(hit=len(ours & gold), ours=len(ours), gold=len(gold))
    precision, recall = counts["hit"] / counts["ours"], counts["hit"] / counts["gold"]
    f1 = 2 * precision * recall / (precision + recall)
    assert counts["gold"] == 836
    assert (round(precision, 2), round(recall, 2), round(f1, 2)) == (0.47, 0.2, 0.28)


KINDS = {
    "PERSON": "PERSON", "GPE": "PLACE", "LOC": "PLACE", "ORG": "ORG", "PRODUCT": "PRODUCT",
    "MISC": "MISC", "person": "PERSON", "location": "PLACE", "corporation": "ORG",
    "group": "ORG", "product": "PRODUCT", "creative-work": "MISC",
}  # fmt: skip


def marked_texts():
    whole = gzip.decompress(WNUT.read_bytes()).decode()
    for block in whole.split("\n\n"):
        text, spans = "", []
        for line in block.splitlines():
            if not line.strip():
                continue
            token, tag = line.split("\t")
            if tag.startswith("B-"):
                spans.append([len(text), 0, KINDS[tag[2:]]])
            if tag != "O":
                spans[-1][1] = len(text) + len(token)
            text += token + " "
        yield text, {tuple(span) for span in spans}


def test_token_classifiers_are_extractors(tagger):
    extractor = get_extractor(tagger)
    assert isinstance(extractor, ModelExtractor)
    assert isinstance(extractor, EntityExtractor)
    assert extractor.name == "tiny-ner"
    assert extractor.entity_types == ("LOC", "MISC", "PERSON")
    text = "Zorblax the Great met seven Blorp in Paris, elsewhere"
    found = extractor.extract(text, 0.5)
    assert [(one.text, one.label) for one in found] == [
        ("Zorblax", "PERSON"), ("Great", "PERSON"), ("Blorp", "MISC"), ("Paris", "GPE"),
        ("elsewhere", "LOC"),
    ]  # fmt: skip
    assert all(text[one.start : one.end] == one.text for one in found)
    assert all(0.9 < one.confidence < 1 for one in found)
    assert extractor.extract(text, 1.0) == []
    with pytest.raises(engram.InvalidInput, match="min_confidence"):
        extractor.extract(text, 2)


def test_a_loaded_token_classifier_is_taken_as_it_is(tagger):
    model = engram.embed.TokenClassifier(tagger)
    assert get_extractor(model).extract("Zorblax")[0].label == "PERSON"


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(engram.EngramError) as caught:
        get_extractor(tmp_path / "none")
    assert caught.value.details["kind"] == "ner"
