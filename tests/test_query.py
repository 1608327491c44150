"""What a query runs, refuses and reports."""

import numpy as np
import pytest

import engram
from engram import Hit, InvalidInput, Results

TEXTS = {
    "n1": "Alice met Bob in Paris.",
    "n2": "Carol stayed in Rome with Bob.",
    "n3": "The train to Berlin was late.",
}


@pytest.fixture
def filled(notes):
    notes.put_many(
        {"id": name, "text": text, "metadata": {"n": n}}
        for n, (name, text) in enumerate(TEXTS.items())
    )
    return notes


def test_hits_come_best_first_with_their_records(filled):
    results = filled.query("Paris Alice", k=2)
    assert isinstance(results, Results)
    assert len(results) == 2
    best = results[0]
    assert isinstance(best, Hit)
    assert (best.id, best.text, best.metadata) == ("n1", TEXTS["n1"], {"n": 0})
    assert best.score >= results[1].score
    assert set(best.scores) == {"lexical", "semantic"}
    assert results.ids == [hit.id for hit in results]
    assert results[:1] == (best,)


def test_the_report_says_what_ran(filled):
    report = filled.query("Paris").report
    assert report.mode == "auto"
    assert report.retrievers == ("lexical", "semantic")
    assert dict(report.skipped) == {}
    assert report.exact is True
    assert report.complete is True
    assert (report.records, report.matched) == (3, 3)
    assert dict(report.searched) == {"lexical": 3, "semantic": 3}
    assert report.unembedded == 0
    assert report.took_ms > 0
    assert "embed" in report.timings_ms
    assert report.to_dict()["retrievers"] == ["lexical", "semantic"]


def test_auto_without_an_embedder_is_lexical_and_says_why(path):
    with engram.open(path, embedder=None) as db:
        notes = db.collection("notes")
        notes.put("a", text="hello world")
        report = notes.query("hello").report
        assert report.retrievers == ("lexical",)
        assert "no embedder" in report.skipped["semantic"]
        for mode in ("semantic", "hybrid"):
            with pytest.raises(InvalidInput) as caught:
                notes.query("hello", mode=mode)
            assert caught.value.code == "embedder.missing"


def test_auto_with_a_vector_alone_is_semantic(notes):
    notes.put("a", vector=[1.0, 0.0])
    notes.put("b", vector=[0.0, 1.0])
    results = notes.query(vector=[1.0, 0.1])
    assert results.ids == ["a", "b"]
    assert results.report.retrievers == ("semantic",)
    assert results.report.skipped == {"lexical": "the query has no text"}


def test_auto_says_why_semantic_was_left_out_where_nothing_is_embedded(db):
    plain = db.collection("plain", embedder=None)
    plain.put("a", text="hello world")
    report = db.collection("plain").query("hello").report
    assert report.retrievers == ("lexical",)
    assert report.skipped == {"semantic": "no record has a vector named 'text'"}


def test_text_and_vector_together_are_fused(notes):
    notes.put("a", text="apple", vector=[1.0, 0.0])
    notes.put("b", text="banana", vector=[0.0, 1.0])
    results = notes.query("apple", vector=[0.0, 1.0], weights={"lexical": 3, "semantic": 1})
    assert results.report.retrievers == ("lexical", "semantic")
    assert results.ids == ["a", "b"]
    assert results.scores == pytest.approx([0.75, 0.25])
    assert notes.query("apple", vector=[0.0, 1.0]).scores == pytest.approx([0.5, 0.5])
    results = notes.query("apple", vector=[0.0, 1.0], fusion="rrf")
    assert results[0].score == pytest.approx(1 / 61 + 1 / 62)


def test_a_vector_space_is_chosen_by_name(notes):
    notes.put("a", vectors={"title": [1.0, 0.0], "body": [0.0, 1.0]})
    notes.put("b", vectors={"title": [0.0, 1.0], "body": [1.0, 0.0]})
    assert notes.query(vector=[1.0, 0.0], vector_name="title").ids == ["a", "b"]
    assert notes.query(vector=[1.0, 0.0], vector_name="body").ids == ["b", "a"]
    for name in (None, "titel"):
        with pytest.raises(InvalidInput) as caught:
            notes.query(vector=[1.0, 0.0], vector_name=name)
        assert "title" in caught.value.hint


@pytest.mark.parametrize("text", [None, "", "   \n"])
def test_a_query_for_nothing_is_an_error(filled, text):
    with pytest.raises(InvalidInput) as caught:
        filled.query(text)
    assert caught.value.code == "query.empty"


@pytest.mark.parametrize(
    "kwargs",
    [
        {"mode": "fast"},
        {"mode": "lexical", "vector": [1.0]},
        {"mode": "lexical", "text": "a", "vector": [1.0]},
        {"mode": "lexical", "text": "a", "vector_name": "text"},
        {"mode": "hybrid", "vector": [1.0]},
        {"mode": "semantic", "text": "a", "vector": [1.0]},
        {"text": 5},
        {"text": "a", "missing": "warn"},
        {"text": "a", "k": 0},
        {"text": "a", "k": -1},
        {"text": "a", "k": 2.5},
        {"text": "a", "k": True},
        {"text": "a", "where": 5},
    ],
)
def test_an_argument_that_could_not_be_used_is_an_error(filled, kwargs):
    with pytest.raises((InvalidInput, TypeError)):
        filled.query(**kwargs)


def test_a_filter_narrows_what_is_searched(filled):
    results = filled.query("Bob", where="n >= 1")
    assert "n1" not in results.ids
    assert results.report.matched == 2
    assert filled.query("Bob", where="n > 99").ids == []


def test_incomplete_answers_say_so(notes):
    notes.put("a", text="apple")
    notes.put("b", vector=[1.0, 0.0])
    report = notes.query("apple").report
    assert report.complete is False
    assert notes.query("apple", k=1).report.complete is True
    assert notes.query("apple", where="_id = 'a'", missing="ignore").report.matched <= 2


def test_a_query_that_nothing_can_run_is_empty_and_says_why(notes):
    notes.put("a", vector=[1.0, 0.0])
    results = notes.query("apple", mode="semantic")
    assert results.ids == []
    assert set(results.report.skipped) == {"lexical", "semantic"}
    assert results.report.retrievers == ()
    assert results.report.complete is False
    assert results.report.matched == 1


def test_a_collection_that_is_not_there_yet_answers_empty(db):
    ghost = db.collection("ghost")
    assert ghost.query("anything").ids == []
    assert ghost.query(vector=[1.0]).report.complete is True
    assert (ghost.count(), ghost.get("a"), list(ghost.iterate())) == (0, None, [])
    assert ghost.spaces() == ()
    assert db.list_collections() == []


def test_words_that_the_embedder_does_not_know_are_reported(db):
    class Deaf:
        identity = engram.Identity("deaf", "1", 2, normalized=True)

        def encode_batch(self, texts):
            return np.array([[0.0, 0.0] if t == "???" else [1.0, 0.0] for t in texts], np.float32)

    notes = db.collection("deaf", embedder=Deaf())
    notes.put("a", text="known")
    notes.put("b", text="???")
    assert notes.get("b", vectors=True).vectors == {}
    report = notes.query("???", mode="semantic").report
    assert report.skipped["semantic"] == "the embedder knows no word of the text"
    assert report.complete is False


def test_vectors_come_with_hits_only_when_asked_for(filled):
    assert filled.query("Bob")[0].vectors is None
    hit = filled.query("Bob", include=("text", "vectors"))[0]
    assert hit.vectors["text"].dtype == np.float32
    assert "vectors" in hit.to_dict()


def test_results_are_frozen_and_plain(filled):
    results = filled.query("Bob", k=1)
    with pytest.raises(AttributeError):
        results[0].score = 5
    with pytest.raises(AttributeError):
        results.report.exact = False
    plain = results.to_dict()
    assert plain["hits"][0]["id"] == results[0].id
    assert plain["report"]["complete"] is True
    assert repr(results).startswith("Results([Hit(id=")


def test_the_same_query_gives_the_same_order(notes):
    notes.put_many({"id": f"{n:03}", "text": "same words here"} for n in range(50))
    expected = [f"{n:03}" for n in range(20)]
    for mode in ("lexical", "semantic", "hybrid"):
        assert notes.query("same words", k=20, mode=mode).ids == expected
