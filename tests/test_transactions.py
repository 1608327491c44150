"""Transactions over several collections, and who joins them."""

import asyncio
import contextvars
import threading

import pytest

import engram
from engram import Conflict


def test_a_transaction_is_one_commit_over_several_collections(db):
    before = db.stats().commit
    with db.transaction() as tx:
        db.collection("a").put("1", text="one")
        db.collection("b").put_many([{"id": "1"}, {"id": "2"}], batch_size=1)
        tx.collection("c").put("1", vector=[1.0])
        assert tx.commit is None
    assert tx.commit == db.stats().commit == before + 1
    assert db.list_collections() == ["a", "b", "c"]


def test_an_exception_rolls_everything_back(db, notes):
    notes.put("keep", text="kept")
    commit = db.stats().commit
    with pytest.raises(ZeroDivisionError), db.transaction() as tx:
        notes.put("new", text="x")
        notes.delete("keep")
        db.collection("other").put("1", text="x")
        raise ZeroDivisionError
    assert tx.commit is None
    assert db.stats().commit == commit
    assert [r.id for r in notes.iterate()] == ["keep"]
    assert db.list_collections() == ["notes"]
    notes.put("after", text="writable again")


def test_reads_inside_see_its_writes_and_others_do_not(db, notes, path):
    notes.put("old", text="old apple")
    with engram.open(path, embedder=None) as other, db.transaction():
        notes.put("new", text="new apple", metadata={"n": 1})
        notes.delete("old")
        assert [r.id for r in notes.iterate()] == ["new"]
        assert notes.query("apple", mode="lexical").ids == ["new"]
        assert notes.query("apple", mode="semantic").ids == ["new"]
        assert notes.count("n = 1") == 1
        assert "new" in notes
        seen = other.collection("notes")
        assert [r.id for r in seen.iterate()] == ["old"]
        result = []
        thread = threading.Thread(target=lambda: result.append([r.id for r in notes.iterate()]))
        thread.start()
        thread.join()
        assert result == [["old"]]
    assert notes.get("old") is None


def test_transactions_do_not_nest(db, notes):
    with db.transaction():
        notes.put("a", text="x")
        with pytest.raises(Conflict) as caught, db.transaction():
            pass
        assert caught.value.code == "transaction.active"
        notes.put("b", text="y")
    assert notes.count() == 2


def test_what_takes_the_lock_itself_is_refused_inside(db, notes):
    db.create_snapshot("s")
    with db.transaction():
        notes.put("a", text="x")
        for call in (
            lambda: db.create_snapshot("t"),
            lambda: db.restore_snapshot("s"),
            lambda: db.delete_snapshot("s"),
            db.optimize,
            db.doctor,
        ):
            with pytest.raises(Conflict) as caught:
                call()
            assert caught.value.code == "transaction.active"
    assert notes.count() == 1


def test_a_finished_transaction_is_over(db):
    with db.transaction() as tx:
        inner = tx.collection("notes")
        inner.put("a", text="x")
    for call in (lambda: inner.put("b", text="y"), inner.count, tx.__enter__):
        with pytest.raises(Conflict) as caught:
            call()
        assert caught.value.code == "transaction.finished"


def test_an_error_inside_leaves_the_transaction_usable(db, notes):
    with db.transaction():
        notes.put("a", vector=[1.0, 2.0])
        with pytest.raises(engram.InvalidInput):
            notes.put_many([{"id": "b", "vector": [1.0, 2.0]}, {"id": "c", "vector": [1.0]}])
        notes.put("d", vector=[3.0, 4.0])
    assert sorted(r.id for r in notes.iterate()) == ["a", "d"]


def test_another_thread_joins_through_the_transactions_own_collection(db):
    with db.transaction() as tx:
        inner = tx.collection("notes")
        threads = [threading.Thread(target=inner.put, args=(str(n),)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert inner.count() == 4
    assert db.collection("notes").count() == 4


def test_tasks_have_their_own_transactions(db, notes):
    async def work(name, other):
        try:
            with db.transaction():
                notes.put(name, text="x")
                return True
        except Conflict:
            return False

    async def main():
        return await asyncio.gather(work("a", "b"), work("b", "a"))

    assert asyncio.run(main()) == [True, True]
    assert notes.count() == 2


def test_two_databases_do_not_share_transactions(tmp_path):
    with (
        engram.open(tmp_path / "a.engram", embedder=None) as one,
        engram.open(tmp_path / "b.engram", embedder=None) as two,
        one.transaction(),
    ):
        one.collection("c").put("1")
        two.collection("c").put("1")
        with two.transaction():
            two.collection("c").put("2")
        assert two.collection("c").count() == 2
        assert one.collection("c").count() == 1


def test_collections_are_made_and_deleted_inside(db):
    db.create_collection("old").put("1")
    with db.transaction():
        db.create_collection("new", metric="dot")
        assert db.delete_collection("old")
        assert db.list_collections() == ["new"]
    assert db.list_collections() == ["new"]
    assert db.collection("new").metric == "dot"


def test_a_transaction_left_in_another_context_ends_all_the_same(db, notes, path):
    def work():
        with db.transaction():
            notes.put("a")
            yield

    generator = work()
    contextvars.copy_context().run(next, generator)
    with engram.open(path, embedder=None, lock_timeout_ms=0) as other:
        assert other.lock_owner() is not None
        with pytest.raises(StopIteration):
            next(generator)
        assert other.lock_owner() is None
        assert "a" in notes
        other.collection("notes").put("b")
    with db.transaction():
        notes.put("c")
    assert notes.count() == 3


def test_an_empty_transaction_makes_no_commit(db, notes):
    notes.put("a")
    commit = db.stats().commit
    with db.transaction() as tx:
        notes.count()
    assert db.stats().commit == commit
    assert tx.commit == commit
