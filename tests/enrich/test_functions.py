"""The functions of enrichment, and the enricher under them."""

import numpy as np
import pytest

import engram
from engram.enrich import Enricher, LocalEnricher, default_enricher, functions
from engram.enrich.entities import Entity


@pytest.fixture(autouse=True)
def chosen():
    """Leave the functions as they were."""
    yield
    functions.configure()


class Shouting:
    name, entity_types = "shouting", ("MISC",)
    calls = 0

    def extract(self, text, min_confidence=0.0):
        Shouting.calls += 1
        found = Entity(text, "MISC", 0, len(text), 0.6)
        return [found] if found.confidence >= min_confidence else []


class Tiny:
    identity = engram.Identity("tiny", "1", 3, normalized=False)

    def encode_batch(self, texts):
        return [[len(text), 1.0, 0.0] for text in texts]


def test_the_functions_work_as_installed():
    vector = functions.generate_embedding("Alice met Bob in Paris")
    assert len(vector) == engram.embed.default().dimension
    assert all(type(value) is float for value in vector)
    found = functions.extract_entities("Alice met Bob in Paris")
    assert [(one["text"], one["label"], one["start"], one["end"]) for one in found] == [
        ("Alice", "PERSON", 0, 5), ("Bob", "PERSON", 10, 13), ("Paris", "GPE", 17, 22),
    ]  # fmt: skip
    assert functions.summarize(["Alice met Bob in Paris."]) == "Alice met Bob in Paris."
    health = functions.health_check()
    assert health["status"] == "ok"
    assert [health[one]["ok"] for one in ("generate_embedding", "extract_entities", "summarize")]
    assert health["extract_entities"]["model"].startswith("rules")


def test_any_back_end_can_stand_behind_them():
    functions.configure(
        embedder=Tiny(), extractor=Shouting(), summarizer=lambda prompt: "S.", min_confidence=0.6
    )
    assert functions.generate_embedding("four") == [4.0, 1.0, 0.0]
    assert functions.extract_entities("hm")[0]["label"] == "MISC"
    assert functions.summarize(["a", "b"]) == "S."
    functions.configure()
    assert functions.extract_entities("hm") == []


def test_health_names_what_fails():
    functions.configure(extractor="no-such-model", summarizer="no-such-writer")
    health = functions.health_check()
    assert health["status"] == "failing"
    assert health["extract_entities"]["code"] == "model.not_found"
    assert health["summarize"]["code"] == "model.not_found"
    assert health["generate_embedding"]["ok"]
    with pytest.raises(engram.NotFound):
        functions.extract_entities("Alice")


@pytest.mark.parametrize(
    "choice",
    [{"min_confidence": 2}, {"sentences": 0}],
)
def test_a_choice_that_cannot_be_is_refused_at_once(choice):
    with pytest.raises(engram.InvalidInput, match=r"input\.invalid"):
        functions.configure(**choice)


def test_a_text_without_known_words_has_zeros():
    assert not any(functions.generate_embedding(""))


def test_the_default_enricher_is_one():
    enricher = default_enricher()
    assert isinstance(enricher, Enricher)
    matrix = enricher.embed(["Alice", "", "Bob"])
    assert matrix.shape == (3, engram.embed.default().dimension)
    assert matrix.dtype == np.float32
    assert matrix[0].any()
    assert not matrix[1].any()
    assert enricher.embed([]).shape == (0, engram.embed.default().dimension)
    assert [one.label for one in enricher.entities("Alice met Bob in Paris")] == [
        "PERSON", "PERSON", "GPE",
    ]  # fmt: skip
    assert enricher.summarize(["One sentence about the database."])
    assert enricher.names() == {
        "embedder": engram.embed.default().identity.name,
        "extractor": "rules from 0.5",
        "summarizer": "extractive",
    }


def test_models_load_once_and_when_they_are_needed(monkeypatch):
    loads = []
    monkeypatch.setitem(
        __import__("engram.enrich.enricher", fromlist=["_LOADERS"])._LOADERS,
        "extractor",
        lambda choice: loads.append(choice) or Shouting(),
    )
    enricher = LocalEnricher(extractor="x")
    assert loads == []
    enricher.entities("a")
    enricher.entities("b")
    assert loads == ["x"]


def test_no_embedder_is_no_choice():
    with pytest.raises(engram.InvalidInput, match="embedder is None"):
        LocalEnricher(embedder=None).embed(["a"])


def test_a_providers_model_writes_summaries_by_its_name(monkeypatch):
    pytest.importorskip("httpx2")
    pytest.importorskip("jsonschema")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    enricher = LocalEnricher(summarizer="openai:gpt-5-mini")
    assert "gpt-5-mini" in enricher.names()["summarizer"]
