"""Embedding texts again with another model, while others search and write."""

import json

import pytest

import engram
from engram import Conflict, InvalidInput, NotFound, Space
from reembed_models import Words, rows, same_answers, texts


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.engram"


@pytest.mark.parametrize("kind", ["dense", "sparse", "multi"])
@pytest.mark.parametrize("packed", [False, True], ids=["log", "segments"])
def test_the_answers_are_those_of_a_fresh_collection(path, kind, packed):
    new = Words("newer", 24, kind)
    with engram.open(path, embedder=Words()) as db, engram.open(":memory:", embedder=new) as other:
        notes, fresh = db.collection("notes"), other.collection("notes")
        for one in (notes, fresh):
            one.put_many(rows(texts(300)))
            one.put("own", text="silver stone", vector=[1, 2, 3])
            one.put("no text", metadata={"n": -1})
            one.put("unknown", text="unknown")
            one.delete("r7")
        if packed:
            db.optimize()
        seen = []
        before = {r.id: (r.created_us, r.updated_us, r.metadata) for r in notes.iterate()}
        report = notes.reembed(new, batch_size=64, progress=lambda *a: seen.append(a))
        assert (report.embedded, report.unembedded, report.resumed) == (299, 1, 0)
        assert seen[-1] == (300, 300)
        assert [done for done, _ in seen] == sorted(done for done, _ in seen)
        assert json.loads(report.identity_before)["name"] == "old"
        assert report.identity == new.identity.to_json()
        assert {r.id: (r.created_us, r.updated_us, r.metadata) for r in notes.iterate()} == before
        same_answers(notes, fresh)
        assert db.verify(deep=True).ok
        again = notes.reembed(new)
        assert (again.embedded, again.identity_before) == (0, report.identity)
        db.optimize()
        same_answers(notes, fresh)


def test_a_batch_is_a_commit_and_the_switch_is_one(path):
    """Every query on the way answers with one model for all records."""
    old, new = Words(), Words("newer", 24)
    with engram.open(path, embedder=old) as db, engram.open(path, embedder=old) as reader:
        notes, watched = db.collection("notes"), reader.collection("notes")
        notes.put_many(rows(texts(50)))
        expected = watched.query("silver harbour", mode="semantic", k=50)
        versions = []

        def watch(_texts):
            found = watched.query("silver harbour", mode="semantic", k=50)
            assert (found.ids, found.scores) == (expected.ids, expected.scores)
            assert [s.name for s in watched.spaces()] == ["text"]
            assert set(watched.get("r1", vectors=True).vectors) == {"text"}
            assert [s.name for s in reader.stats().collections["notes"].spaces] == ["text"]
            versions.append(found.report.commit)

        new.before = watch
        notes.reembed(new, batch_size=10)
        assert len(set(versions)) == 5
        new.before = lambda _texts: None
        with pytest.raises(InvalidInput, match="reembed") as caught:
            watched.query("silver", mode="semantic")
        assert caught.value.code == "embedder.mismatch"
        with pytest.raises(InvalidInput, match="reembed"):
            watched.put("x", text="silver")
        assert watched.query("silver", mode="lexical").ids
        assert notes.query("silver harbour", mode="semantic", k=50).report.matched == 50


def test_what_is_written_meanwhile_has_the_new_embedding(path):
    old, new = Words(), Words("newer", 24)
    kept = texts(60)
    with engram.open(path, embedder=old) as db, engram.open(path, embedder=old) as writer:
        notes, others = db.collection("notes"), writer.collection("notes")
        notes.put_many(rows(kept))
        changes = [
            lambda: others.put("r3", text="winter paper"),
            lambda: others.update("r5", text="signal market"),
            lambda: others.update("r6", metadata={"x": 1}),
            lambda: others.delete("r8"),
            lambda: others.put("late", text="garden stone"),
            lambda: others.update("r9", text=None),
        ]

        def disturb(_texts):
            if changes:
                changes.pop(0)()

        new.before = disturb
        notes.reembed(new, batch_size=10)
        assert not changes
        with engram.open(":memory:", embedder=Words("newer", 24)) as other:
            fresh = other.collection("notes")
            kept |= {
                "r3": "winter paper",
                "r5": "signal market",
                "late": "garden stone",
                "r9": None,
            }
            del kept["r8"]
            fresh.put_many({"id": i, "text": t} for i, t in kept.items())
            same_answers(notes, fresh)
        assert notes.get("r6").metadata["x"] == 1
        assert db.verify(deep=True).ok


def test_a_stopped_run_goes_on_where_it_was(path):
    new = Words("newer", 24)
    with engram.open(path, embedder=Words()) as db:
        notes = db.collection("notes")
        notes.put_many(rows(texts(100)))
        left = iter([None, None, RuntimeError("no more")])

        def stop(_texts):
            if error := next(left, None):
                raise error

        new.before = stop
        with pytest.raises(RuntimeError, match="no more"):
            notes.reembed(new, batch_size=20)
        assert notes.query("silver", mode="semantic", k=100).report.matched == 100
        db.optimize()
    with engram.open(path, embedder=Words()) as db:
        notes = db.collection("notes")
        report = notes.reembed(new, batch_size=20)
        assert (report.resumed, report.embedded) == (40, 60)
        with engram.open(":memory:", embedder=Words("newer", 24)) as other:
            fresh = other.collection("notes")
            fresh.put_many(rows(texts(100)))
            same_answers(notes, fresh)


def test_another_model_begins_anew_and_the_old_one_gives_up_what_was_prepared(path):
    old, half, third = Words(), Words("half", 8), Words("third one", 12)

    def stop(_texts):
        raise RuntimeError("stopped")

    with engram.open(path, embedder=old) as db:
        notes = db.collection("notes")
        notes.put_many(rows(texts(40)))
        half.before = lambda seen: stop(seen) if len(seen) < 15 else None
        with pytest.raises(RuntimeError):
            notes.reembed(half, batch_size=15)
        report = notes.reembed(old)
        assert (report.embedded, report.resumed) == (0, 0)
        assert notes.query("silver", mode="semantic", k=99).report.matched == 40
        with pytest.raises(RuntimeError):
            notes.reembed(half, batch_size=15)
        report = notes.reembed(third)
        assert (report.embedded, report.resumed) == (40, 0)
        assert [s.dimension for s in notes.spaces()] == [12]


def test_two_runs_at_once(path):
    """With one model both end well; of two models the one that began first is told."""
    first, second = Words("newer", 24), Words("newer", 24)
    with engram.open(path, embedder=Words()) as db, engram.open(path, embedder=Words()) as other:
        notes, theirs = db.collection("notes"), other.collection("notes")
        notes.put_many(rows(texts(40)))
        reports = []

        def interfere(_texts):
            if not reports:
                reports.append(None)
                reports[0] = theirs.reembed(second, batch_size=10)

        first.before = interfere
        report = notes.reembed(first, batch_size=10)
        assert reports[0].embedded == 40
        assert report.embedded in {0, 10}
        assert notes.query("silver", mode="semantic", k=99).report.matched == 40

        slow, quick = Words("slow", 9), Words("quick", 7)
        quick.before = lambda _texts: (_ for _ in ()).throw(RuntimeError("stopped"))

        def take_over(_texts):
            with pytest.raises(RuntimeError, match="stopped"):
                theirs.reembed(quick)

        slow.before = take_over
        with pytest.raises(InvalidInput, match="with another model") as caught:
            notes.reembed(slow)
        assert caught.value.code == "embedder.mismatch"


def test_the_past_keeps_its_embeddings(path):
    old, new = Words(), Words("newer", 24)
    with engram.open(path, embedder=old) as db:
        notes = db.collection("notes")
        notes.put_many(rows(texts(30)))
        db.create_snapshot("before")
        commit = db.at("before").commit
        expected = notes.query("silver harbour", mode="semantic", k=9)
        notes.reembed(new)
        db.optimize()
        past = db.at("before").collection("notes")
        found = past.query("silver harbour", mode="semantic", k=9)
        assert (found.ids, found.scores) == (expected.ids, expected.scores)
        assert (
            db.collection("notes").query("silver harbour", mode="semantic", k=9, as_of=commit).ids
            == expected.ids
        )
        with pytest.raises(InvalidInput, match="these are of"):
            notes.query("silver", mode="semantic", as_of="before")
        db.restore_snapshot("before")
        assert db.collection("notes").query("silver harbour", mode="semantic", k=9).ids == found.ids
        assert db.verify(deep=True).ok


def test_the_room_of_the_old_embeddings_comes_back(path, tmp_path):
    new = Words("newer", 64)
    with engram.open(path, embedder=Words("old", 512)) as db:
        notes = db.collection("notes")
        notes.put_many(rows(texts(1500)))
        notes.reembed(new)
        assert db.stats().dead_bytes > 1500 * 512 * 4
        reclaimed = db.optimize()
        assert db.stats().dead_bytes == 0
    with engram.open(tmp_path / "fresh.engram", embedder=new) as db:
        db.collection("notes").put_many(rows(texts(1500)))
        assert reclaimed.bytes_after <= db.optimize().bytes_after * 1.02


def test_elements_stay_and_declared_spaces_rule(path):
    with engram.open(path, embedder=Words()) as db:
        notes = db.collection("notes", spaces={"text": Space(element="int8")})
        notes.put("a", text="silver stone")
        notes.reembed(Words("newer", 24))
        assert [(s.dimension, s.element) for s in notes.spaces()] == [(24, "int8")]
        binary = {"text": Space(dimension=64, element="binary", truncate=True)}
        db.collection("notes", spaces=binary, embedder=None).reembed(Words("binary", 128))
        assert [(s.dimension, s.element) for s in notes.spaces()] == [(64, "binary")]


def test_a_collection_that_was_never_embedded_gets_embeddings(path):
    with engram.open(path, embedder=None) as db:
        notes = db.collection("notes")
        notes.put_many(rows(texts(20)))
        report = notes.reembed(Words())
        assert (report.embedded, report.identity_before) == (20, None)
        assert notes.query("silver", mode="semantic", k=99).report.matched == 20
        # The model that it has fills up what is missing.
        db.collection("notes").put("bare", text="winter paper")
        assert notes.reembed(Words()).embedded == 1


def test_a_database_goes_over_as_a_whole(path):
    new = Words("newer", 24)
    with engram.open(path, embedder=Words()) as db:
        for name in ("a", "b"):
            db.collection(name).put_many(rows(texts(30)))
        db.collection("plain", embedder=None).put("x", text="silver")
        db.collection("own").put("x", text="silver", vectors={"v": [1.0]})
        seen = []
        reports = db.reembed(new, batch_size=20, progress=lambda *a: seen.append(a))
        assert {name: r.embedded for name, r in reports.items()} == {"a": 30, "b": 30}
        assert seen[-1] == (60, 60)
        assert db.embedder is new
        assert db.collection("a").query("silver", mode="semantic").ids
        assert db.reembed(Words(), ["b"])["b"].embedded == 30
        assert db.embedder is new


def test_what_cannot_be_done_is_refused(path):
    with engram.open(path, embedder=Words()) as db:
        notes = db.collection("notes")
        with pytest.raises(NotFound) as missing:
            notes.reembed(Words("newer"))
        assert missing.value.code == "collection.not_found"
        notes.put("a", text="silver")
        with db.transaction(), pytest.raises(Conflict) as inside:
            notes.reembed(Words("newer"))
        assert inside.value.code == "transaction.active"
        with db.transaction(), pytest.raises(Conflict, match="inside a transaction"):
            db.reembed(Words("newer"))
        with pytest.raises(NotFound) as unknown:
            notes.reembed("no such model")
        assert unknown.value.code == "model.not_found"
        with pytest.raises(InvalidInput, match="below 1"):
            notes.reembed(Words("newer"), batch_size=0)
        for wrong in (None, object()):
            with pytest.raises(InvalidInput) as invalid:
                notes.reembed(wrong)
            assert invalid.value.code == "embedder.invalid"
        own = db.collection("own", embedder=None)
        own.put("a", text="silver", vectors={"text": [1.0, 2.0]})
        with pytest.raises(InvalidInput, match="vectors of your own") as mine:
            own.reembed(Words("newer"))
        assert mine.value.code == "embedder.mismatch"
        with pytest.raises(InvalidInput, match=r"'text\.next'|\"text\.next\""):
            notes.put("b", vectors={"text.next": [1.0]})
    with engram.open(path, embedder=Words(), read_only=True) as db:
        with pytest.raises(Conflict) as read_only:
            db.collection("notes").reembed(Words("newer"))
        assert read_only.value.code == "file.read_only"
