"""VecStore: keywords beside vectors."""

import pytest

from engram.compat.vecstore import HybridQuery, Query

TEXTS = {
    "a": "rust programming language",
    "b": "python programming language, python packages",
    "c": "cooking with saffron",
    "d": "Grüße aus 東京, python",
}


@pytest.fixture
def pages(store):
    for i, (key, text) in enumerate(TEXTS.items()):
        store.upsert(key, [1.0, float(i)], {"n": i})
        store.index_text(key, text)
    return store


def ids(hits):
    return [hit.id for hit in hits]


def test_an_empty_store_answers_with_nothing(store):
    for alpha in (0.0, 0.5, 1.0):
        assert store.hybrid_query([1.0, 0.0], "python", k=3, alpha=alpha) == []


def test_keywords_alone_find_only_what_has_them(pages):
    assert ids(pages.hybrid_query([1.0, 0.0], "python", k=9, alpha=0.0)) == ["b", "d"]
    assert ids(pages.hybrid_query([1.0, 0.0], "saffron", k=9, alpha=0.0)) == ["c"]
    assert pages.hybrid_query([1.0, 0.0], "zebra", k=9, alpha=0.0) == []


def test_the_vector_alone_is_a_query(pages):
    hybrid = pages.hybrid_query([1.0, 0.0], "python", k=9, alpha=1.0)
    assert hybrid == pages.query([1.0, 0.0], k=9)
    assert ids(hybrid) == ["a", "b", "c", "d"]


def test_alpha_weighs_the_two(pages):
    assert ids(pages.hybrid_query([1.0, 0.0], "saffron", k=1, alpha=0.1)) == ["c"]
    assert ids(pages.hybrid_query([1.0, 0.0], "saffron", k=1, alpha=0.9)) == ["a"]


@pytest.mark.parametrize("alpha", [0.0, 0.2, 0.5, 0.7, 0.99])
def test_the_best_of_both_sides_scores_one(pages, alpha):
    best = pages.hybrid_query([1.0, 1.0], "python", k=1, alpha=alpha)[0]
    assert (best.id, best.score) == ("b", pytest.approx(1.0, abs=1e-6))


def test_a_score_is_the_weighted_sum(pages):
    near = {hit.id: hit.score for hit in pages.query([1.0, 0.5], k=9)}
    words = {h.id: h.score for h in pages.hybrid_query([1.0, 0.5], "python", k=9, alpha=0.0)}
    assert max(words.values()) == 1.0
    for hit in pages.hybrid_query([1.0, 0.5], "python", k=9, alpha=0.3):
        expected = 0.3 * near[hit.id] + 0.7 * words.get(hit.id, 0.0)
        assert hit.score == pytest.approx(expected, abs=1e-6)


def test_the_only_indexed_text_counts(store):
    """However many vectors are nearer than the one record that has a text."""
    for i in range(400):
        store.upsert(f"v{i:03}", [1.0, i / 400], {})
    store.index_text("v399", "saffron")
    assert ids(store.hybrid_query([1.0, 0.0], "saffron", k=1, alpha=0.4)) == ["v399"]


def test_records_without_text_are_found_by_their_vectors(pages):
    pages.upsert("plain", [1.0, 0.0], {})
    assert "plain" in ids(pages.hybrid_query([1.0, 0.0], "python", k=9, alpha=0.5))


def test_a_store_without_text_goes_by_vectors(books):
    assert ids(books.hybrid_query([1.0, 0.0], "word", k=3, alpha=0.5)) == ["a", "b", "c"]


def test_a_filter_holds_for_both_sides(pages):
    assert ids(pages.hybrid_query([1.0, 0.0], "python", k=9, alpha=0.5, filter="n > 1")) == [
        "d",
        "c",
    ]
    assert ids(pages.hybrid_query([1.0, 0.0], "python", k=9, alpha=0.0, filter="n > 1")) == ["d"]


def test_a_text_stays_when_its_vector_is_replaced(pages):
    pages.upsert("c", [0.5, 0.5], {"again": True})
    (hit,) = pages.hybrid_query([1.0, 0.0], "saffron", k=9, alpha=0.0)
    assert (hit.id, hit.metadata) == ("c", {"again": True})


def test_a_text_can_be_indexed_again(pages):
    pages.index_text("c", "boats")
    assert pages.hybrid_query([1.0, 0.0], "saffron", k=9, alpha=0.0) == []
    assert ids(pages.hybrid_query([1.0, 0.0], "boats", k=9, alpha=0.0)) == ["c"]


def test_a_removed_record_is_found_by_no_keyword(pages):
    pages.remove("c")
    assert pages.hybrid_query([1.0, 0.0], "saffron", k=9, alpha=0.0) == []


def test_a_text_needs_its_record(store):
    with pytest.raises(ValueError, match="ID not found: 'a'"):
        store.index_text("a", "text")


def test_keywords_in_any_script(pages):
    assert ids(pages.hybrid_query([1.0, 0.0], "東京", k=9, alpha=0.0)) == ["d"]
    assert ids(pages.hybrid_query([1.0, 0.0], "grusse", k=9, alpha=0.0)) == ["d"]


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_an_alpha_outside_its_range_is_an_error(pages, alpha):
    with pytest.raises(ValueError, match="alpha"):
        pages.hybrid_query([1.0, 0.0], "python", k=3, alpha=alpha)


def test_keywords_are_needed(pages):
    with pytest.raises(ValueError, match="keywords"):
        pages.hybrid_query([1.0, 0.0], k=3, alpha=0.5)
    with pytest.raises(ValueError):
        pages.hybrid_query([1.0, 0.0], "", k=3, alpha=0.0)
    with pytest.raises(ValueError):
        pages.hybrid_query([1.0, 0.0], 7, k=3, alpha=0.5)


def test_a_hybrid_query_object_says_the_same(pages):
    asked = HybridQuery([1.0, 0.0], "python", 2, 0.5, "n > 0")
    assert pages.hybrid_query(asked) == pages.hybrid_query(
        [1.0, 0.0], "python", k=2, alpha=0.5, filter="n > 0"
    )
    with pytest.raises(ValueError, match="goes alone"):
        pages.hybrid_query(asked, "python")


def test_each_call_takes_its_own_kind_of_query(pages):
    with pytest.raises(ValueError, match="not a HybridQuery"):
        pages.query(HybridQuery([1.0, 0.0], "python"))
    with pytest.raises(ValueError, match="not a Query"):
        pages.hybrid_query(Query([1.0, 0.0]))


def test_many_results_of_both_sides_are_ranked_as_all_of_them_would_be(store):
    """Beside every record scored by hand."""
    for i in range(300):
        store.upsert(f"v{i:03}", [1.0, (i * 37 % 300) / 300], {})
        store.index_text(f"v{i:03}", "word " * (i % 7) + "other " * (1 + i % 5))
    near = {h.id: h.score for h in store.query([1.0, 0.3], k=300)}
    words = {h.id: h.score for h in store.hybrid_query([1.0, 0.3], "word", k=300, alpha=0.0)}
    total = {key: 0.5 * score + 0.5 * words.get(key, 0.0) for key, score in near.items()}
    found = store.hybrid_query([1.0, 0.3], "word", k=10, alpha=0.5)
    best = sorted(total.values(), reverse=True)[:10]
    assert [h.score for h in found] == pytest.approx(best, abs=1e-6)
