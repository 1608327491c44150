"""Opening, closing, modes."""

import os
from pathlib import Path

import pytest

import engram
from engram import Closed, Conflict, Incompatible, InvalidInput, Io, NotFound


class _PathLike:
    def __init__(self, path):
        self._path = path

    def __fspath__(self):
        return str(self._path)


def test_open_makes_one_file_and_no_other(tmp_path):
    with engram.open(tmp_path / "a.engram", embedder=None) as db:
        db.collection("c").put("1", text="x")
        assert os.listdir(tmp_path) == ["a.engram"]
    assert os.listdir(tmp_path) == ["a.engram"]


@pytest.mark.parametrize("kind", [str, Path, _PathLike, os.fsencode])
def test_every_kind_of_path_opens(path, kind):
    with engram.open(kind(path), embedder=None) as db:
        assert db.path == str(path)
    assert path.exists()


def test_memory_databases_are_private_and_leave_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with engram.open(":memory:") as one, engram.open(":memory:") as two:
        one.collection("c").put("1", vector=[1.0])
        assert one.list_collections() == ["c"]
        assert two.list_collections() == []
        assert one.path == ":memory:"
    assert list(tmp_path.iterdir()) == []


def test_what_was_committed_is_there_after_reopening(path):
    with engram.open(path, embedder=None) as db:
        db.collection("c").put("1", text="kept", metadata={"n": 1}, vector=[1.0, 2.0])
        before = db.collection("c").get("1", vectors=True)
    with engram.open(path, embedder=None) as db:
        assert db.collection("c").get("1", vectors=True) == before


def test_an_absent_file_is_an_error_unless_made(path):
    for kwargs in ({"create": False}, {"read_only": True}):
        with pytest.raises(Io) as caught:
            engram.open(path, **kwargs)
        assert caught.value.code == "file.not_found"
        assert isinstance(caught.value, OSError)
        assert caught.value.filename == str(path)
        assert not path.exists()


def test_a_file_of_another_kind_is_refused_and_left_alone(path):
    path.write_bytes(b"SQLite format 3\0" * 1000)
    with pytest.raises(Incompatible) as caught:
        engram.open(path)
    assert caught.value.code == "format.not_engram"
    assert path.read_bytes() == b"SQLite format 3\0" * 1000


def test_a_read_only_handle_reads_and_refuses_to_write(path):
    with engram.open(path, embedder=None) as writer:
        writer.collection("c").put("1", text="a")
        with engram.open(path, read_only=True, embedder=None) as reader:
            assert reader.read_only
            assert reader.collection("c").get("1").text == "a"
            for write in (
                lambda: reader.collection("c").put("2", text="b"),
                lambda: reader.collection("c").delete("1"),
                lambda: reader.create_collection("d"),
                lambda: reader.create_snapshot("s"),
            ):
                with pytest.raises(Conflict) as caught:
                    write()
                assert caught.value.code == "file.read_only"
            writer.collection("c").put("2", text="b")
            assert reader.collection("c").count() == 2


def test_a_closed_handle_says_so(path):
    db = engram.open(path, embedder=None)
    notes = db.collection("notes")
    notes.put("1", text="a")
    db.close()
    db.close()
    assert db.closed
    for call in (
        lambda: notes.get("1"),
        lambda: notes.put("1", text="b"),
        lambda: notes.query("a"),
        db.stats,
        db.list_collections,
        db.verify,
    ):
        with pytest.raises(Closed) as caught:
            call()
        assert caught.value.code == "handle.closed"


def test_a_directory_is_no_database(tmp_path):
    with pytest.raises(Io) as caught:
        engram.open(tmp_path)
    assert caught.value.code == "io.failed"


@pytest.mark.parametrize(
    ("kwargs", "code"),
    [
        ({"durability": "sometimes"}, "input.invalid"),
        ({"lock_timeout_ms": -1}, "input.invalid"),
        ({"lock_timeout_ms": 1.5}, "input.invalid"),
        ({"embedder": "other"}, "model.not_found"),
        ({"embedder": object()}, "embedder.invalid"),
    ],
)
def test_wrong_arguments_are_errors_and_make_no_file(path, kwargs, code):
    with pytest.raises((InvalidInput, NotFound)) as caught:
        engram.open(path, **kwargs)
    assert caught.value.code == code
    assert not path.exists()


def test_relaxed_durability_is_told_by_stats(path):
    with engram.open(path, durability="relaxed", embedder=None) as db:
        db.collection("c").put("1", text="x")
        assert db.stats().durability == "relaxed"
    with engram.open(path, embedder=None) as db:
        assert db.stats().durability == "full"
        assert db.collection("c").count() == 1


def test_reprs_tell_the_state(path):
    db = engram.open(path, embedder=None)
    assert repr(db) == f"Database({str(path)!r}, open)"
    assert repr(db.collection("notes")) == "Collection('notes')"
    db.close()
    assert repr(db) == f"Database({str(path)!r}, closed)"
