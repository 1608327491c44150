"""VecStore: paths, snapshots, optimize, several handles, threads and processes."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import engram
from engram.compat.vecstore import Snapshot, VecDatabase, VecStore

MARKER = "zebrafinch-marker"


def test_a_folder_holds_one_file(folder, store):
    store.upsert("a", [1.0], {})
    assert [path.name for path in folder.iterdir()] == ["vecstore.engram"]


def test_a_path_that_is_not_there_becomes_a_file(tmp_path):
    with VecStore(str(tmp_path / "new" / "deep" / "store")) as store:
        store.upsert("a", [1.0], {})
    assert (tmp_path / "new" / "deep" / "store").is_file()
    with VecStore(tmp_path / "new" / "deep" / "store") as again:
        assert len(again) == 1


def test_memory_needs_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with VecStore(":memory:") as store:
        store.upsert("a", [1.0], {})
        assert len(store) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "other").write_text("not a database\n" * 1000)
    with pytest.raises(engram.EngramError) as caught:
        VecStore(tmp_path / "other")
    assert caught.value.code == "format.not_engram"


@pytest.mark.parametrize("kind", [VecStore, VecDatabase])
def test_a_folder_of_vecstore_itself_is_refused(tmp_path, kind):
    """An empty store beside it would look as if everything were lost."""
    for name in ("manifest.json", "meta.bin", "vectors.bin"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(engram.Incompatible, match="VecStore itself"):
        kind(tmp_path)
    assert not (tmp_path / "vecstore.engram").exists()


def test_open_is_the_constructor(folder):
    with VecStore.open(str(folder)) as store:
        assert isinstance(store, VecStore)


def test_what_was_written_is_there_after_reopening(folder):
    with VecStore(folder) as store:
        store.upsert("a", [1.0, 2.0], {"n": 1})
        store.index_text("a", "saffron")
        store.save()
    with VecStore(folder) as store:
        assert store.query([1.0, 2.0])[0].metadata == {"n": 1}
        assert len(store.hybrid_query([1.0, 2.0], "saffron", k=1, alpha=0.0)) == 1


def test_save_is_not_needed(folder):
    code = (
        "import os, sys\nfrom engram.compat.vecstore import VecStore\n"
        "VecStore(sys.argv[1]).upsert('a', [1.0], {})\nos._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, folder], check=True, timeout=30)
    with VecStore(folder) as store:
        assert len(store) == 1


def test_a_closed_store_says_so(folder):
    store = VecStore(folder)
    store.close()
    assert repr(store) == "VecStore(closed)"
    for call in (store.len, store.save, lambda: store.upsert("a", [1.0], {})):
        with pytest.raises(engram.Closed):
            call()


def test_two_handles_see_each_other(folder, store):
    with VecStore(folder) as other:
        store.upsert("a", [1.0], {"by": 1})
        assert other.query([1.0])[0].metadata == {"by": 1}
        other.remove("a")
        assert store.is_empty()
        assert store.stats()["deleted_count"] == 1


def test_another_process_sees_and_writes(folder, store):
    store.upsert("a", [1.0], {})
    code = (
        "import sys\nfrom engram.compat.vecstore import VecStore\nstore = VecStore(sys.argv[1])\n"
        "print(len(store))\nstore.upsert('b', [2.0], {})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, folder], check=True, timeout=30, capture_output=True, text=True
    )
    assert done.stdout == "1\n"
    assert len(store) == 2


def test_threads_share_a_store(store):
    start = threading.Barrier(4)

    def work(n):
        start.wait(10)
        for i in range(15):
            store.upsert(f"{n}-{i}", [1.0, float(n * 15 + i)], {"n": n})
            assert store.query([1.0, 0.0], k=1)
            if i % 3 == 0:
                store.remove(f"{n}-{i}")

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, n) for n in range(4)]:
            done.result(timeout=50)
    assert len(store) == 40
    assert store.stats()["deleted_count"] == 20


def test_there_is_no_snapshot_at_first(store):
    assert store.list_snapshots() == []


def test_snapshots_are_listed_by_name(store):
    store.create_snapshot("empty")
    store.upsert("a", [1.0], {})
    store.create_snapshot("one")
    found = store.list_snapshots()
    assert found == ["empty", "one"]
    assert "one" in found
    assert "two" not in found
    assert [snapshot[0] for snapshot in found] == ["empty", "one"]
    assert [snapshot.record_count for snapshot in found] == [0, 1]
    name, created, count = found[1]
    assert (name, count, created[:2]) == ("one", 1, "20")


def test_a_snapshot_equals_its_name_and_itself():
    one = Snapshot("a", "2026-01-01T00:00:00+00:00", 3)
    assert one == "a"
    assert one == Snapshot("a", "2026-01-01T00:00:00+00:00", 3)
    assert one != "b"
    assert one != Snapshot("a", "2026-01-01T00:00:00+00:00", 4)
    assert hash(one) == hash("a")


def test_a_restored_store_is_what_it_was(store):
    store.upsert("a", [1.0, 0.0], {"version": 1})
    store.index_text("a", "first")
    store.create_snapshot("v1")
    store.upsert("a", [0.0, 1.0], {"version": 2})
    store.upsert("b", [1.0, 1.0], {})
    store.index_text("a", "second")
    store.restore_snapshot("v1")
    (hit,) = store.query([1.0, 0.0], k=5)
    assert (hit.id, hit.score, hit.metadata) == ("a", pytest.approx(1.0), {"version": 1})
    assert store.hybrid_query([1.0, 0.0], "second", k=1, alpha=0.0) == []


def test_a_removed_record_comes_back_with_a_snapshot(books):
    books.create_snapshot("all")
    books.remove("a")
    books.restore_snapshot(books.list_snapshots()[0])
    assert len(books) == 5
    assert books.stats()["deleted_count"] == 0


def test_snapshots_outlive_the_handle_and_a_restore(folder):
    with VecStore(folder) as store:
        store.upsert("a", [1.0], {})
        store.create_snapshot("one")
        store.upsert("b", [1.0], {})
        store.create_snapshot("two")
    with VecStore(folder) as store:
        store.restore_snapshot("one")
        assert len(store) == 1
        store.restore_snapshot("two")
        assert len(store) == 2


def test_an_unknown_snapshot_is_an_error(store):
    with pytest.raises(ValueError, match="nothing-of-the-kind"):
        store.restore_snapshot("nothing-of-the-kind")


def test_a_taken_snapshot_name_is_an_error(store):
    store.create_snapshot("one")
    with pytest.raises(ValueError) as caught:
        store.create_snapshot("one")
    assert caught.value.code == "snapshot.exists"


def test_optimize_counts_what_it_removes(books):
    assert books.optimize() == 0
    books.remove("a")
    books.remove("b")
    assert books.optimize() == 2
    assert books.optimize() == 0
    assert len(books) == 3


def test_optimize_on_an_empty_store_removes_nothing(store):
    assert store.optimize() == 0


def test_deletions_are_counted_across_handles(folder):
    with VecStore(folder) as store:
        store.upsert("a", [1.0], {})
        store.upsert("b", [1.0], {})
        store.remove("a")
    with VecStore(folder) as store:
        assert store.stats()["deleted_count"] == 1
        store.remove("b")
        assert store.optimize() == 2


def test_after_optimize_nothing_of_it_is_in_the_file(folder, store):
    store.upsert("a", [1.0], {"text": MARKER})
    store.upsert("b", [2.0], {"text": "kept"})
    store.remove("a")
    store.optimize()
    assert MARKER.encode() not in (Path(folder) / "vecstore.engram").read_bytes()
    assert store.query([2.0], k=1)[0].metadata == {"text": "kept"}


def test_stats_count(books):
    assert books.stats() == {
        "vector_count": 5,
        "active_count": 5,
        "deleted_count": 0,
        "dimension": 2,
    }
    books.remove("e")
    assert books.stats() == {
        "vector_count": 4,
        "active_count": 4,
        "deleted_count": 1,
        "dimension": 2,
    }


def test_the_stats_of_an_empty_store(store):
    assert set(store.stats().values()) == {0}


def test_the_engine_is_at_hand(books):
    assert isinstance(books.database, engram.Database)
    assert books.records.count("year > 1980") == 3
    assert books.database.verify(deep=True)
