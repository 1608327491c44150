"""VecStore: put, read, replace, remove, and what is refused."""

import math

import numpy as np
import pytest

import engram
from engram.compat.vecstore import Query, SearchResult, VecStore


def test_the_sample_of_the_plan(folder):
    temp_store = VecStore(str(folder))
    temp_store.upsert("doc1", [0.1, 0.2, 0.3], {"text": "hello"})
    assert temp_store.len() == 1
    temp_store.close()


def test_an_empty_store_is_empty(store):
    assert (len(store), store.len(), store.is_empty()) == (0, 0, True)
    assert repr(store) == "VecStore(vectors=0)"
    assert store.query([1.0, 2.0], k=3) == []


def test_a_vector_is_counted(store):
    store.upsert("a", [1.0, 2.0], {})
    assert (len(store), store.len(), store.is_empty()) == (1, 1, False)
    assert repr(store) == "VecStore(vectors=1)"


def test_an_identical_vector_scores_one(store):
    vector = [0.1, -0.2, 0.3, 0.7]
    store.upsert("a", vector, {})
    (hit,) = store.query(vector, k=5)
    assert hit.score == pytest.approx(1.0, abs=1e-6)
    assert hit.score <= 1.0


def test_no_score_is_above_that_of_an_identical_vector(store):
    vectors = np.random.default_rng(3).standard_normal((200, 8))
    for i, vector in enumerate(vectors):
        store.upsert(f"v{i}", vector, {})
    best = [store.query(vector, k=1)[0] for vector in vectors]
    assert [hit.id for hit in best] == [f"v{i}" for i in range(200)]
    assert all(0.999999 < hit.score <= 1.0 for hit in best)


def test_results_come_best_first(books):
    hits = books.query([1.0, 0.0], k=5)
    assert [hit.id for hit in hits] == ["a", "b", "c", "d", "e"]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[4].score == pytest.approx(0.0, abs=1e-6)


def test_scores_are_cosines(books):
    for hit, vector in zip(books.query([1.0, 0.0], k=3), ([1, 0], [0.9, 0.1], [0.7, 0.3])):
        assert hit.score == pytest.approx(vector[0] / math.hypot(*vector), abs=1e-6)


def test_the_length_of_a_vector_does_not_matter(store):
    store.upsert("a", [10.0, 20.0], {})
    assert store.query([1.0, 2.0], k=1)[0].score == pytest.approx(1.0, abs=1e-6)


def test_an_opposite_vector_scores_minus_one(store):
    store.upsert("a", [1.0, 1.0], {})
    assert store.query([-1.0, -1.0], k=1)[0].score == pytest.approx(-1.0, abs=1e-6)


@pytest.mark.parametrize("k", [1, 2, 4, 5, 50])
def test_no_more_than_k_come_back(books, k):
    assert len(books.query([1.0, 0.0], k=k)) == min(k, 5)


def test_k_is_ten_unless_given(store):
    for i in range(12):
        store.upsert(f"v{i}", [1.0, float(i)], {})
    assert len(store.query([1.0, 0.0])) == 10


@pytest.mark.parametrize("k", [0, -1, 1.5, "3"])
def test_a_k_that_is_no_count_is_refused(books, k):
    with pytest.raises(ValueError, match="k is"):
        books.query([1.0, 0.0], k=k)
    with pytest.raises(ValueError, match="k is"):
        books.hybrid_query([1.0, 0.0], "word", k=k, alpha=0.5)


def test_a_result_has_id_score_and_metadata(books):
    hit = books.query([1.0, 0.0], k=1)[0]
    assert isinstance(hit, SearchResult)
    assert (hit.id, type(hit.score), type(hit.metadata)) == ("a", float, dict)
    assert repr(hit) == "SearchResult(id='a', score=1.000)"


def test_metadata_comes_back_as_it_went_in(store):
    metadata = {
        "text": "Grüße 世界 🌍",
        "int": 2**62,
        "float": 3.14,
        "bool": True,
        "none": None,
        "list": [1, "two", None],
        "deep": {"a": {"b": [False]}},
    }
    store.upsert("ключ-🚀", [1.0], metadata)
    hit = store.query([1.0], k=1)[0]
    assert (hit.id, hit.metadata) == ("ключ-🚀", metadata)
    assert hit.metadata["bool"] is True


def test_a_result_is_the_callers_own(books):
    books.query([1.0, 0.0], k=1)[0].metadata["lang"] = "changed"
    assert books.query([1.0, 0.0], k=1)[0].metadata["lang"] == "en"


def test_metadata_may_be_left_out(store):
    store.upsert("a", [1.0])
    assert store.query([1.0])[0].metadata == {}


@pytest.mark.parametrize("id", ["doc-1", "doc_2", "doc.3", "doc@4", "a b", "a'b", 'a"b', "a/b"])
def test_ids_hold_any_character(store, id):
    store.upsert(id, [1.0, 2.0], {})
    assert store.query([1.0, 2.0])[0].id == id
    store.remove(id)
    assert store.is_empty()


def test_an_upsert_replaces_vector_and_metadata(store):
    store.upsert("a", [1.0, 0.0], {"version": 1, "old": True})
    store.upsert("a", [0.0, 1.0], {"version": 2})
    assert len(store) == 1
    (hit,) = store.query([0.0, 1.0])
    assert (hit.score, hit.metadata) == (pytest.approx(1.0), {"version": 2})


@pytest.mark.parametrize("kind", [list, tuple, np.array, lambda v: np.array(v, dtype=np.float32)])
def test_a_vector_is_any_sequence_of_numbers(store, kind):
    store.upsert("a", kind([1.0, 2.0, 3.0]), {})
    assert store.query(kind([1.0, 2.0, 3.0]), k=1)[0].score == pytest.approx(1.0)


def test_a_removed_vector_is_gone(books):
    books.remove("a")
    assert len(books) == 4
    assert "a" not in [hit.id for hit in books.query([1.0, 0.0], k=10)]


def test_removing_what_is_not_there_is_an_error(books):
    with pytest.raises(ValueError, match="ID not found: 'zzz'") as caught:
        books.remove("zzz")
    assert caught.value.code == "record.not_found"
    assert isinstance(caught.value, engram.NotFound)
    assert len(books) == 5


def test_removing_twice_is_an_error(books):
    books.remove("a")
    with pytest.raises(ValueError, match="ID not found"):
        books.remove("a")


def test_a_removed_id_can_be_used_again(books):
    books.remove("a")
    books.upsert("a", [0.0, 1.0], {"back": True})
    hits = {hit.id: hit for hit in books.query([0.0, 1.0], k=2)}
    assert hits["a"].metadata == {"back": True}


def test_a_store_emptied_again_answers_with_nothing(books):
    for key in "abcde":
        books.remove(key)
    assert books.is_empty()
    assert books.query([1.0, 0.0], k=3) == []


@pytest.mark.parametrize("vector", [[1.0], [1.0, 2.0, 3.0]])
def test_a_wrong_dimension_is_an_error(books, vector):
    for call in (lambda: books.upsert("z", vector, {}), lambda: books.query(vector, k=1)):
        with pytest.raises(ValueError) as caught:
            call()
        assert caught.value.code == "input.dimension"
    assert len(books) == 5


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_are_an_error(books, number):
    for call in (
        lambda: books.upsert("z", [1.0, number], {}),
        lambda: books.query([1.0, number], k=1),
        lambda: books.hybrid_query([1.0, number], "word", k=1, alpha=0.5),
    ):
        with pytest.raises(ValueError) as caught:
            call()
        assert caught.value.code == "input.not_finite"
    assert len(books) == 5


@pytest.mark.parametrize("vector", [[], None, "abc", [[1.0, 2.0]], ["a", "b"], {"a": 1.0}])
def test_what_is_no_vector_is_an_error(books, vector):
    with pytest.raises((ValueError, TypeError)):
        books.upsert("z", vector, {})
    assert len(books) == 5


def test_a_vector_of_zeros_is_an_error(books):
    with pytest.raises(ValueError) as caught:
        books.upsert("z", [0.0, 0.0], {})
    assert caught.value.code == "input.zero_vector"


@pytest.mark.parametrize("metadata", [{"a": object()}, {"a": math.nan}, {1: "a"}, ["a"], "text"])
def test_metadata_that_is_no_json_is_an_error(store, metadata):
    with pytest.raises((ValueError, TypeError)):
        store.upsert("a", [1.0], metadata)
    assert store.is_empty()


def test_a_query_object_says_the_same(books):
    asked = Query([1.0, 0.0], 2, "lang = 'en'")
    assert books.query(asked) == books.query([1.0, 0.0], k=2, filter="lang = 'en'")
    asked.k = 1
    assert [hit.id for hit in books.query(asked)] == ["a"]


def test_a_query_object_goes_alone(books):
    with pytest.raises(ValueError, match="goes alone"):
        books.query(Query([1.0, 0.0]), k=3)
