"""Collections: made on first use, listed, deleted, and of settled metric and language."""

import pytest

import engram
from engram import Conflict, InvalidInput


def test_a_collection_is_made_by_its_first_write_not_by_its_name(db):
    notes = db.collection("notes")
    notes.delete("a")
    notes.count()
    assert db.list_collections() == []
    assert db.get_collection("notes") is None
    notes.put("a", text="x")
    assert db.list_collections() == ["notes"]
    assert db.get_collection("notes").count() == 1
    assert "notes" in db
    assert "others" not in db
    assert 5 not in db


def test_collections_are_apart(db):
    for name in ("b", "a", "ü", "a b/c"):
        db.collection(name).put("1", text=name)
    assert db.list_collections() == sorted(["b", "a", "ü", "a b/c"], key=lambda n: n.encode())
    assert [db.collection(n).get("1").text for n in ("b", "a", "ü", "a b/c")] == [
        "b",
        "a",
        "ü",
        "a b/c",
    ]
    db.collection("a").delete("1")
    assert db.collection("b").count() == 1


def test_create_collection_makes_it_now_and_once(db):
    made = db.create_collection("c", metric="dot", language="de")
    assert (made.name, made.metric, made.language, made.count()) == ("c", "dot", "de", 0)
    assert made.spaces() == ()
    with pytest.raises(Conflict) as caught:
        db.create_collection("c")
    assert caught.value.code == "collection.exists"


def test_delete_collection_takes_its_records(db):
    notes = db.collection("c")
    notes.put("1", text="x")
    assert db.delete_collection("c") is True
    assert db.delete_collection("c") is False
    assert notes.get("1") is None
    notes.put("2", text="made again")
    assert [r.id for r in notes.iterate()] == ["2"]


def test_metric_and_language_cannot_change(db):
    db.collection("c", metric="dot").put("1", vector=[1.0])
    assert db.collection("c").metric == "dot"
    assert db.collection("c", metric="dot", language="en").count() == 1
    for kwargs in (
        {"metric": "cosine"},
        {"language": "de"},
        {"stop_words": "drop"},
        {"k1": 1.2},
        {"b": 0},
    ):
        with pytest.raises(Conflict) as caught:
            db.collection("c", **kwargs)
        assert caught.value.code == "collection.mismatch"
        assert caught.value.details["collection"] == "c"


def test_text_settings_are_kept(path):
    with engram.open(path) as db:
        db.create_collection("c", language="de", stop_words="drop", k1=0.9, b=0.3)
        db.collection("d", stop_words="keep").put("1", text="x")
    with engram.open(path) as db:
        c, d = db.collection("c"), db.collection("d", stop_words="keep")
        assert (c.language, c.stop_words, c.k1, c.b) == ("de", "drop", 0.9, 0.3)
        assert (d.language, d.stop_words, d.k1, d.b) == ("en", "keep", None, None)
        db.collection("c", k1=0.9, b=0.3).put("1", text="x")
        stats = db.stats().collections["c"]
        assert (stats.language, stats.stop_words, stats.k1, stats.b) == ("de", "drop", 0.9, 0.3)
        absent = db.collection("e")
        assert (absent.stop_words, absent.k1, absent.b) == (None, None, None)


def test_a_mismatch_is_found_at_the_first_write_too(db):
    late = db.collection("c", metric="dot")
    db.collection("c").put("1", vector=[1.0])
    with pytest.raises(Conflict) as caught:
        late.put("2", vector=[2.0])
    assert caught.value.code == "collection.mismatch"
    assert db.collection("c").count() == 1


@pytest.mark.parametrize(
    "kwargs",
    [
        {"metric": "manhattan"},
        {"language": "klingon"},
        {"language": ""},
        {"language": "en k1=2"},
        {"stop_words": "all"},
        {"stop_words": None},
        {"k1": -0.1},
        {"k1": 11},
        {"k1": float("nan")},
        {"k1": True},
        {"b": 1.5},
        {"b": "0.5"},
    ],
)
def test_unknown_settings_are_errors(db, kwargs):
    with pytest.raises(InvalidInput):
        db.create_collection("c", **kwargs)
    assert db.list_collections() == []


@pytest.mark.parametrize("name", ["", 5, None])
def test_a_name_is_a_text_of_at_least_one_byte(db, name):
    with pytest.raises(InvalidInput):
        db.create_collection(name)
    with pytest.raises(InvalidInput):
        db.collection(name).put("1")


def test_an_empty_collection_is_still_true(db):
    notes = db.create_collection("c")
    assert len(notes) == 0
    assert bool(notes)


def test_spaces_tell_dimension_identity_and_count(db, embedder):
    notes = db.collection("c")
    notes.put("a", text="one two")
    notes.put("b", text="three", vectors={"mine": [1.0, 2.0]})
    spaces = {space.name: space for space in notes.spaces()}
    assert set(spaces) == {"text", "mine"}
    assert spaces["text"].identity == embedder.identity.to_json()
    assert (spaces["text"].dimension, spaces["text"].records) == (16, 1)
    assert (spaces["mine"].identity, spaces["mine"].dimension) == (None, 2)


def test_stats_count_collections(db):
    db.collection("a").put_many({"id": str(n), "text": "x"} for n in range(5))
    db.collection("b").put("1", vector=[1.0])
    stats = db.stats()
    assert stats.records == 6
    assert {name: part.records for name, part in stats.collections.items()} == {"a": 5, "b": 1}
    assert stats.collections["b"].spaces[0].name == "vector"
    assert stats.file_bytes > 0
    assert stats.to_dict()["collections"]["a"]["records"] == 5
