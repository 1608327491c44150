"""Search results against brute force: vectors, BM25, and their fusion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engram
import oracles

WORDS = ["apple", "pear", "plum", "fig", "quince", "cherry", "medlar", "olive"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


def assert_same_ranking(results, expected, k, tolerance):
    """Compare a ranking with scores; neighbours within the tolerance may change places."""
    order = oracles.ranked(expected)
    assert len(results) == min(k, len(order))
    for hit, name in zip(results, order, strict=False):
        assert hit.score == pytest.approx(expected[name], rel=tolerance, abs=tolerance)
        assert expected[hit.id] == pytest.approx(hit.score, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("metric", ["cosine", "dot", "l2"])
@pytest.mark.parametrize(("count", "dimension"), [(1, 1), (50, 3), (1500, 24)])
def test_vector_search_is_the_exact_top_k(metric, count, dimension):
    rng = np.random.default_rng(count)
    matrix = rng.standard_normal((count, dimension)).astype(np.float32)
    queries = rng.standard_normal((5, dimension)).astype(np.float32)
    with engram.open(":memory:", embedder=None) as db:
        notes = db.collection("notes", metric=metric)
        groups = [{"group": n % 7} for n in range(count)]
        ids = [f"{n:05}" for n in range(count)]
        notes.put_many(ids=ids, vectors=matrix, metadata=groups, batch_size=400)
        notes.delete("00000")
        for query in queries:
            scores = {
                name: oracles.similarity(metric, query, matrix[n])
                for n, name in enumerate(ids)
                if n > 0
            }
            for k in (1, 10, 200):
                assert_same_ranking(notes.query(vector=query, k=k), scores, k, 1e-5)
            some = {name: s for name, s in scores.items() if int(name) % 7 == 3}
            found = notes.query(vector=query, k=10, where="group = 3", missing="ignore")
            assert_same_ranking(found, some, 10, 1e-5)


@given(texts=st.lists(TEXTS, min_size=1, max_size=15), query=TEXTS.filter(bool))
def test_lexical_search_is_exhaustive_bm25(texts, query):
    with engram.open(":memory:", embedder=None) as db:
        notes = db.collection("notes", language="none", k1=oracles.K1, b=oracles.B)
        held = {f"{n:03}": text for n, text in enumerate(texts)}
        notes.put_many({"id": name, "text": text} for name, text in held.items())
        results = notes.query(query, mode="lexical", k=50)
        assert_same_ranking(results, oracles.bm25(query, held), 50, 1e-4)


def test_bm25_counts_live_records_only(tmp_path):
    rng = np.random.default_rng(5)
    held = {}
    with engram.open(tmp_path / "a.engram", embedder=None) as db:
        notes = db.collection("notes", language="none", k1=oracles.K1, b=oracles.B)
        for step in range(12):
            names = [f"{n:04}" for n in rng.integers(0, 400, size=120)]
            texts = {name: " ".join(rng.choice(WORDS, rng.integers(1, 20))) for name in names}
            notes.put_many({"id": name, "text": text} for name, text in texts.items())
            held.update(texts)
            gone = list(held)[:: 5 + step]
            notes.delete(*gone)
            for name in gone:
                del held[name]
            if step == 6:
                db.optimize()
        for query in ("apple", "fig plum", "quince quince olive", "nothing"):
            results = notes.query(query, mode="lexical", k=1000)
            assert_same_ranking(results, oracles.bm25(query, held), 1000, 1e-4)


@settings(max_examples=20)
@given(texts=st.lists(TEXTS.filter(bool), min_size=1, max_size=12), query=TEXTS.filter(bool))
def test_hybrid_search_is_the_fusion_of_both_rankings(texts, query):
    vectors = np.random.default_rng(len(texts)).standard_normal((len(texts), 4)).astype(np.float32)
    with engram.open(":memory:", embedder=None) as db:
        notes = db.collection("notes", language="none", k1=oracles.K1, b=oracles.B)
        ids = [f"{n:03}" for n in range(len(texts))]
        notes.put_many(ids=ids, texts=texts, vectors=vectors)
        results = notes.query(query, vector=vectors[0], mode="hybrid", k=50, fusion="rrf")
        lexical = notes.query(query, mode="lexical", k=50).ids
        semantic = notes.query(vector=vectors[0], k=50).ids
        expected = oracles.reciprocal_rank(lexical, semantic)
        assert results.ids == oracles.ranked(expected)
        assert [hit.score for hit in results] == pytest.approx(
            [expected[name] for name in results.ids]
        )


def test_english_is_stemmed_and_none_is_not(db):
    english, none = (
        db.collection("en"),
        db.collection("none", language="none", k1=oracles.K1, b=oracles.B),
    )
    for notes in (english, none):
        notes.put("a", text="The runners were running.")
    assert english.query("run", mode="lexical").ids == ["a"]
    assert none.query("run", mode="lexical").ids == []
    assert none.query("running", mode="lexical").ids == ["a"]
    assert (english.language, none.language, english.metric) == ("en", "none", "cosine")
