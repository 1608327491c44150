"""Named snapshots, views of the past, backups."""

from datetime import datetime, timedelta, timezone

import pytest

import engram
from engram import Conflict, InvalidInput, NotFound, SnapshotInfo


def ids(collection):
    return sorted(r.id for r in collection.iterate())


def test_a_snapshot_keeps_records_vectors_and_text_as_they_were(db, notes):
    notes.put("a", text="old apple", metadata={"n": 1})
    made = db.create_snapshot("before")
    notes.put("a", text="new pear", metadata={"m": 1})
    notes.put("b", text="apple")
    past = db.at("before").collection("notes")
    assert past.get("a").text == "old apple"
    assert past.query("apple").ids == ["a"]
    assert past.query("apple", mode="semantic").ids == ["a"]
    assert past.count("n = 1") == 1
    assert len(past) == 1
    assert db.list_snapshots() == [made]
    assert isinstance(made, SnapshotInfo)
    assert made.name == "before"
    assert db.at("before").commit == made.commit == db.at(made.commit).commit


def test_a_view_is_read_only_and_stays(db, notes):
    notes.put("a", text="x")
    db.create_snapshot("s")
    view = db.at("s")
    past = view.collection("notes")
    assert not hasattr(past, "put")
    notes.delete("a")
    db.collection("later").put("1")
    assert view.list_collections() == ["notes"]
    assert view.get_collection("later") is None
    assert view.get_collection("notes").count() == 1
    assert view.collection("later").count() == 0
    assert repr(view).startswith("DatabaseView(")


def test_restoring_is_a_new_commit_and_keeps_later_snapshots(db, notes):
    notes.put("a", text="x")
    db.create_snapshot("one")
    notes.put("b", text="y")
    notes.delete("a")
    db.create_snapshot("two")
    before = db.stats().commit
    restored = db.restore_snapshot("one")
    assert restored.name == "one"
    assert db.stats().commit > before
    assert ids(notes) == ["a"]
    assert [s.name for s in db.list_snapshots()] == ["one", "two"]
    db.restore_snapshot("two")
    assert ids(notes) == ["b"]
    assert db.verify(deep=True)


def test_snapshots_survive_reopening_and_optimize(path):
    with engram.open(path, embedder=None) as db:
        db.collection("c").put("a", text="kept")
        db.create_snapshot("s")
        db.collection("c").delete("a")
    with engram.open(path, embedder=None) as db:
        db.optimize()
        assert db.at("s").collection("c").get("a").text == "kept"
        assert db.collection("c").get("a") is None
        assert db.delete_snapshot("s") is True
        assert db.delete_snapshot("s") is False
        assert db.list_snapshots() == []


def test_what_is_not_there_is_not_found(db):
    for call in (lambda: db.at("ghost"), lambda: db.restore_snapshot("ghost")):
        with pytest.raises(NotFound) as caught:
            call()
        assert caught.value.code == "snapshot.not_found"
    for point in (10_000, -1, 2**70, datetime(1990, 1, 1, tzinfo=timezone.utc)):
        with pytest.raises(NotFound) as caught:
            db.at(point)
        assert caught.value.code == "history.not_retained"


def test_a_name_is_taken_once(db):
    db.create_snapshot("s")
    with pytest.raises(Conflict) as caught:
        db.create_snapshot("s")
    assert caught.value.code == "snapshot.exists"


def test_time_travel_by_commit_and_time(db, notes):
    notes.put("a")
    first = db.create_snapshot("first")
    notes.put("b")
    latest = db.at(db.stats().commit)
    assert ids(latest.collection("notes")) == ["a", "b"]
    assert ids(db.at(first.commit).collection("notes")) == ["a"]
    assert ids(db.at(datetime.now(timezone.utc)).collection("notes")) == ["a", "b"]
    assert ids(db.at(first.time).collection("notes")) == ["a"]
    east = first.time.astimezone(timezone(timedelta(hours=9)))
    assert ids(db.at(east).collection("notes")) == ["a"]
    assert db.at(first.commit).time == first.time


@pytest.mark.parametrize("point", [datetime(2024, 1, 1), None, 1.5, True, b"s"])  # noqa: DTZ001
def test_a_point_in_time_is_a_name_a_commit_or_an_aware_datetime(db, point):
    with pytest.raises(InvalidInput) as caught:
        db.at(point)
    assert caught.value.hint


def test_a_backup_is_a_database_of_its_own(db, notes, tmp_path):
    notes.put("a", text="apple")
    target = tmp_path / "copy.engram"
    report = db.backup(target)
    assert (report.records, report.bytes) == (1, target.stat().st_size)
    notes.put("b", text="later")
    with engram.open(target, embedder=None) as copy:
        assert ids(copy.collection("notes")) == ["a"]
        assert copy.verify(deep=True)
        copy.collection("notes").put("c", text="writable")
    assert ids(notes) == ["a", "b"]
    with pytest.raises(Conflict) as caught:
        db.backup(target)
    assert caught.value.code == "file.exists"


def test_optimize_takes_deleted_bytes_out_of_the_file(db, notes, path):
    notes.put("keep", text="wheat")
    notes.put("a", text="SECRET-apple-text", metadata={"k": "SECRET-metadata"})
    notes.delete("a")
    report = db.optimize()
    assert report.bytes_after == path.stat().st_size
    assert b"SECRET" not in path.read_bytes()
    assert ids(notes) == ["keep"]
    assert db.verify(deep=True)


def test_optimize_works_beside_open_handles(db, notes, path):
    notes.put_many({"id": str(n), "text": f"text {n}"} for n in range(300))
    with engram.open(path, embedder=None) as other:
        seen = other.collection("notes")
        iterator = seen.iterate()
        next(iterator)
        notes.delete(*(str(n) for n in range(150)))
        db.optimize()
        assert len(list(iterator)) == 299
        assert seen.count() == 150
        seen.put("new")
        assert notes.count() == 151
    assert db.verify(deep=True)


def test_a_sound_file_verifies_and_doctor_leaves_it_alone(path):
    with engram.open(path, embedder=None) as db:
        db.collection("c").put_many({"id": str(n), "text": "x"} for n in range(10))
        report = db.verify(deep=True)
        assert (bool(report), report.ok, report.deep, report.records) == (True, True, True, 10)
        assert report.problems == ()
    before = path.read_bytes()
    for kwargs in ({}, {"dry_run": True}):
        report = engram.doctor(path, **kwargs)
        assert report
        assert report.problems == ()
        assert report.records_kept == 10
        assert path.read_bytes() == before
    assert engram.doctor(path, rebuild=True, vacuum=True)
    with engram.open(path, embedder=None) as db:
        assert db.collection("c").count() == 10
        assert db.verify(deep=True)
        assert db.doctor(dry_run=True)


def test_an_in_memory_database_has_no_file_to_doctor(db):
    with engram.open(":memory:", embedder=None) as memory:
        memory.collection("c").put("1", text="x")
        assert memory.verify(deep=True)
        memory.create_snapshot("s")
        memory.optimize()
        assert memory.at("s").collection("c").count() == 1
        with pytest.raises(InvalidInput):
            memory.doctor()
