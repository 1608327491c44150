"""Putting, getting, updating and deleting single records."""

from datetime import datetime, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
from engram import InvalidInput, NotFound, Record

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
METADATA = st.dictionaries(st.text(max_size=12), JSON, max_size=6)
IDS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40
)


def same(a, b):
    """Compare JSON values exactly: types, signs of zero, order of keys."""
    if isinstance(a, float) or isinstance(b, float):
        return type(a) is type(b) and a.hex() == b.hex()
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@given(record_id=IDS, text=st.none() | st.text(max_size=50), metadata=METADATA)
def test_a_record_comes_back_as_it_was_put(record_id, text, metadata):
    with engram.open(":memory:", embedder=None) as db:
        notes = db.collection("notes")
        notes.put(record_id, text=text, metadata=metadata)
        got = notes.get(record_id)
        assert got.id == record_id
        assert got.text == text
        assert same(got.metadata, metadata)
        assert record_id in notes


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "f8", "f2", "i4", "u1"])
def test_vectors_of_every_real_dtype_come_back_as_float32(notes, dtype):
    vector = np.arange(1, 9).astype(dtype)
    notes.put("a", vector=vector)
    notes.put("b", vector=list(range(1, 9)))
    notes.put("c", vector=np.arange(1, 9, dtype="<f4").tobytes())
    notes.put("d", vector=np.repeat(vector, 2)[::2])
    for record in notes.get_many(list("abcd"), vectors=True):
        got = record.vectors["vector"]
        assert got.dtype == np.float32
        assert got.flags.c_contiguous
        assert got.tolist() == list(range(1, 9))


def test_vectors_come_only_when_asked_for(notes):
    notes.put("a", vectors={"title": [1.0, 0.0], "body": [0.0, 1.0, 2.0]})
    assert notes.get("a").vectors is None
    assert set(notes.get("a", vectors=True).vectors) == {"title", "body"}
    notes.put("b", metadata={"x": 1})
    assert notes.get("b", vectors=True).vectors == {}


def test_what_a_reader_changes_does_not_change_the_record(notes):
    vector = np.ones(3, dtype=np.float32)
    metadata = {"tags": ["a"]}
    notes.put("a", vector=vector, metadata=metadata)
    vector[:] = 7
    metadata["tags"].append("b")
    got = notes.get("a", vectors=True)
    got.metadata["tags"].append("c")
    got.vectors["vector"][:] = 9
    again = notes.get("a", vectors=True)
    assert again.metadata == {"tags": ["a"]}
    assert again.vectors["vector"].tolist() == [1, 1, 1]


def test_put_replaces_the_whole_record_and_keeps_its_creation_time(notes):
    notes.put("a", text="one", metadata={"x": 1}, vectors={"t": [1.0]})
    first = notes.get("a")
    notes.put("a", metadata={"y": 2})
    second = notes.get("a", vectors=True)
    assert (second.text, second.metadata, second.vectors) == (None, {"y": 2}, {})
    assert second.created_us == first.created_us
    assert second.updated_us > first.updated_us


def test_times_are_aware_and_now(notes):
    before = datetime.now(timezone.utc)
    notes.put("a", text="x")
    record = notes.get("a")
    assert before.replace(microsecond=0) <= record.created <= datetime.now(timezone.utc)
    assert record.created == record.updated
    assert record.created.utcoffset().total_seconds() == 0


def test_get_of_an_absent_record_is_none(notes):
    assert notes.get("a") is None
    assert notes.get_many(["a", "b"]) == [None, None]
    notes.put("b", text="x")
    assert [r and r.id for r in notes.get_many(["a", "b", "a", "b"])] == [None, "b", None, "b"]
    assert "a" not in notes
    assert 1 not in notes


def test_update_merges_metadata_at_the_top_level(notes):
    notes.put("a", text="t", metadata={"x": {"deep": 1}, "y": 2, "z": 3})
    notes.update("a", metadata={"x": {"other": 2}, "w": 4}, unset=["z", "never there"])
    got = notes.get("a")
    assert got.metadata == {"x": {"other": 2}, "y": 2, "w": 4}
    assert got.text == "t"


def test_update_of_the_text_takes_its_vector_along(notes, embedder):
    notes.put("a", text="alpha", metadata={"k": 1})
    notes.update("a", text="beta gamma")
    got = notes.get("a", vectors=True)
    assert (got.text, got.metadata) == ("beta gamma", {"k": 1})
    assert np.array_equal(got.vectors["text"], embedder.encode_batch(["beta gamma"])[0])
    notes.update("a", text="   ")
    assert notes.get("a", vectors=True).vectors == {}
    notes.update("a", text="alpha")
    notes.update("a", text=None)
    assert notes.get("a").text is None
    assert notes.get("a", vectors=True).vectors == {}


def test_update_of_the_text_leaves_the_users_own_vector(notes):
    notes.put("a", text="alpha", vector=[1.0, 2.0])
    notes.update("a", text="beta")
    assert {k: v.tolist() for k, v in notes.get("a", vectors=True).vectors.items()} == {
        "vector": [1.0, 2.0]
    }
    notes.update("a", vector=[3.0, 4.0], metadata={"n": 1})
    assert notes.get("a", vectors=True).vectors["vector"].tolist() == [3.0, 4.0]
    assert notes.get("a").text == "beta"


def test_update_sets_and_drops_named_vectors(notes):
    notes.put("a", vectors={"t": [1.0], "u": [2.0]})
    notes.update("a", vectors={"t": None, "w": [3.0]})
    got = notes.get("a", vectors=True).vectors
    assert {k: v.tolist() for k, v in got.items()} == {"u": [2.0], "w": [3.0]}


def test_update_of_an_absent_record_is_an_error_that_names_it(notes):
    with pytest.raises(NotFound) as caught:
        notes.update("ghost", metadata={"x": 1})
    assert caught.value.code in {"record.not_found", "collection.not_found"}
    notes.put("a", text="x")
    with pytest.raises(NotFound) as caught:
        notes.update("ghost", metadata={"x": 1})
    assert caught.value.code == "record.not_found"
    assert "ghost" in caught.value.message


def test_delete_counts_what_was_there(notes):
    assert notes.delete("a") == 0
    notes.put_many({"id": name} for name in "abcd")
    assert notes.delete("a", "a", "b", "zz") == 2
    assert notes.delete() == 0
    assert sorted(r.id for r in notes.iterate()) == ["c", "d"]
    assert len(notes) == 2


def test_delete_where_deletes_what_matches(notes):
    notes.put_many({"id": str(n), "metadata": {"n": n}} for n in range(10))
    assert notes.delete_where("n >= 7") == 3
    assert notes.count() == 7
    assert notes.delete_where("n >= 7") == 0
    with pytest.raises(InvalidInput) as caught:
        notes.delete_where("nn >= 7")
    assert caught.value.code == "filter.unknown_field"
    assert notes.delete_where("nn >= 7", missing="ignore") == 0


def test_iterate_answers_from_the_commit_at_its_call(notes):
    notes.put_many({"id": str(n), "metadata": {"n": n}} for n in range(1000))
    iterator = notes.iterate()
    notes.delete_where("n < 999")
    assert sorted(int(r.id) for r in iterator) == list(range(1000))
    assert [r.id for r in notes.iterate("n > 0")] == ["999"]


@pytest.mark.parametrize("bad", [1, None, b"x", ["a"]])
def test_an_id_that_is_no_text_is_an_error(notes, bad):
    for call in (
        lambda: notes.put(bad, text="x"),
        lambda: notes.get(bad),
        lambda: notes.get_many([bad]),
        lambda: notes.delete(bad),
    ):
        with pytest.raises(InvalidInput) as caught:
            call()
        assert caught.value.code == "input.invalid"


@pytest.mark.parametrize(
    "fields",
    [
        {"text": 5},
        {"metadata": [1]},
        {"metadata": {1: 2}},
        {"metadata": {"x": object()}},
        {"metadata": {"x": {1, 2}}},
        {"metadata": {"x": 2**63}},
        {"vector": "abc"},
        {"vector": [[1.0]]},
        {"vector": [1.0, "x"]},
        {"vector": np.array([1 + 2j])},
        {"vectors": [1.0]},
        {"vector": [1.0], "vectors": {"vector": [2.0]}},
    ],
)
def test_a_value_of_the_wrong_kind_is_an_error_and_changes_nothing(notes, fields):
    notes.put("keep", text="x")
    with pytest.raises(InvalidInput):
        notes.put("bad", **fields)
    assert [r.id for r in notes.iterate()] == ["keep"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite_are_refused(notes, value):
    for fields in ({"vector": [1.0, value]}, {"metadata": {"a": [{"b": value}]}}):
        with pytest.raises(InvalidInput) as caught:
            notes.put("a", **fields)
        assert caught.value.code == "input.not_finite"


@pytest.mark.parametrize("bad", ["\ud800", 5])
def test_text_without_a_utf8_form_is_an_error_everywhere(db, notes, bad):
    notes.put("a", text="x", vector=[1.0])
    for call in (
        lambda: notes.put(bad),
        lambda: notes.put("b", text=bad),
        lambda: notes.put("b", vectors={bad: [1.0]}),
        lambda: notes.put_many(ids=[bad]),
        lambda: notes.put_many([{"id": "b", "text": bad}]),
        lambda: notes.update(bad, text="x"),
        lambda: notes.update("a", text=bad),
        lambda: notes.update("a", unset=[bad]),
        lambda: notes.get(bad),
        lambda: notes.delete(bad),
        lambda: notes.count(bad),
        lambda: notes.iterate(bad),
        lambda: notes.delete_where(bad),
        lambda: notes.query(bad),
        lambda: notes.query("x", where=bad),
        lambda: notes.query(vector=[1.0], vector_name=bad),
        lambda: db.collection(bad).put("a"),
        lambda: db.create_collection(bad),
        lambda: db.create_collection("new", language=bad),
        lambda: db.create_snapshot(bad),
        lambda: db.restore_snapshot(bad),
        lambda: db.delete_snapshot(bad),
    ):
        with pytest.raises(InvalidInput) as caught:
            call()
        assert caught.value.code == "input.invalid"
    assert [r.id for r in notes.iterate()] == ["a"]
    assert db.list_collections() == ["notes"]


def test_a_zero_vector_has_no_direction(db):
    with pytest.raises(InvalidInput) as caught:
        db.collection("cosine").put("a", vector=[0.0, 0.0])
    assert caught.value.code == "input.zero_vector"
    for metric in ("dot", "l2"):
        db.collection(metric, metric=metric).put("a", vector=[0.0, 0.0])


def test_the_error_of_a_single_record_names_its_id_and_no_place(notes):
    with pytest.raises(InvalidInput) as caught:
        notes.put("a", text=5)
    assert str(caught.value) == (
        "[input.invalid] the record ('a'): text is int, not str: 5 (hint: convert it with str())"
    )
    assert repr(caught.value) == (
        "InvalidInput('input.invalid', \"the record ('a'): text is int, not str: 5\")"
    )
    assert caught.value.details == {"id": "a"}


def test_a_space_has_one_dimension(notes):
    notes.put("a", vector=[1.0, 2.0])
    with pytest.raises(InvalidInput) as caught:
        notes.put("b", vector=[1.0, 2.0, 3.0])
    assert caught.value.code == "input.dimension"
    with pytest.raises(InvalidInput) as caught:
        notes.query(vector=[1.0, 2.0, 3.0])
    assert caught.value.code == "input.dimension"


def test_records_are_frozen_values(notes):
    notes.put("a", text="x", vector=[1.0])
    one, two = notes.get("a", vectors=True), notes.get("a", vectors=True)
    assert one == two
    assert hash(one) == hash(two)
    assert one != notes.get("a")
    with pytest.raises(AttributeError):
        one.text = "y"
    assert repr(one) == "Record(id='a', text='x', metadata={})"
    assert one.to_dict()["vectors"] == {"vector": [1.0]}
    assert isinstance(one, Record)
