"""Several processes and threads on one file."""

import multiprocessing
import os
import struct
import subprocess
import sys
import threading

import pytest

import engram

SPAWN = multiprocessing.get_context("spawn")


def put_range(path, start, stop, ready, go):
    """Run in a process of its own: put records one by one, each in its own commit."""
    with engram.open(path, embedder=None, lock_timeout_ms=60_000) as db:
        ready.put(start)
        go.wait()
        for n in range(start, stop):
            db.collection("c").put(str(n), text=f"number {n}", metadata={"n": n})


def test_processes_write_at_once_and_nothing_is_lost(path):
    engram.open(path, embedder=None).close()
    ready, go = SPAWN.Queue(), SPAWN.Event()
    processes = [
        SPAWN.Process(target=put_range, args=(path, n * 50, n * 50 + 50, ready, go))
        for n in range(3)
    ]
    for process in processes:
        process.start()
    for _ in processes:
        ready.get(timeout=50)
    with engram.open(path, embedder=None) as db:
        notes = db.collection("c")
        go.set()
        counts = [0]
        while any(process.is_alive() for process in processes):
            counts.append(notes.count())
        for process in processes:
            process.join()
            assert process.exitcode == 0
        assert counts == sorted(counts)
        assert sorted(int(r.id) for r in notes.iterate()) == list(range(150))
        assert db.verify(deep=True)


def other_process(path, pipe):
    """Run in a process of its own: do what the pipe says and answer."""
    with engram.open(path, embedder=None) as db:
        notes = db.collection("c")
        for action, argument in iter(pipe.recv, None):
            if action == "put":
                notes.put(argument, text=argument)
            elif action == "optimize":
                db.optimize()
            pipe.send(sorted(r.id for r in notes.iterate()))


def test_a_commit_is_seen_by_other_processes_at_their_next_call(path):
    ours, theirs = SPAWN.Pipe()
    with engram.open(path, embedder=None) as db:
        notes = db.collection("c")
        process = SPAWN.Process(target=other_process, args=(path, theirs))
        process.start()

        def ask(action, argument=None):
            ours.send((action, argument))
            return ours.recv()

        notes.put("a", text="a")
        assert ask("look") == ["a"]
        assert ask("put", "b") == ["a", "b"]
        assert notes.get("b").text == "b"
        assert notes.query("b", mode="lexical").ids == ["b"]
        with db.transaction():
            notes.put("c")
            assert ask("look") == ["a", "b"]
        assert ask("look") == ["a", "b", "c"]
        ask("optimize")
        notes.delete("a")
        assert ask("look") == ["b", "c"]
        ours.send(None)
        process.join()
        assert process.exitcode == 0
        assert db.verify(deep=True)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_goes_on_with_a_handle_of_its_own(path):
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    db = engram.open(path, embedder=None)
    notes = db.collection("c")
    notes.put("parent", text="x")

    def child():
        notes.put("child", text="y")
        with db.transaction():
            notes.put("child 2")
        theirs.send(sorted(r.id for r in notes.iterate()))
        assert theirs.recv() == "parent wrote"
        theirs.send(sorted(r.id for r in notes.iterate()))
        db.close()
        with engram.open(path, embedder=None) as own:
            own.collection("c").put("own")
        os._exit(0)

    process = context.Process(target=child)
    process.start()
    assert ours.recv() == ["child", "child 2", "parent"]
    notes.put("after")
    ours.send("parent wrote")
    assert ours.recv() == ["after", "child", "child 2", "parent"]
    process.join()
    assert process.exitcode == 0
    assert [r.id for r in notes.query("y", mode="lexical")] == ["child"]
    assert sorted(r.id for r in notes.iterate()) == ["after", "child", "child 2", "own", "parent"]
    assert db.verify(deep=True)
    db.close()


def test_threads_share_a_handle(path):
    errors = []
    with engram.open(path, embedder=None, lock_timeout_ms=60_000) as db:
        notes = db.collection("c")
        barrier = threading.Barrier(6)

        def write(thread):
            try:
                barrier.wait()
                for n in range(30):
                    with db.transaction():
                        notes.put(f"{thread}-{n}-a", metadata={"pair": f"{thread}-{n}"})
                        notes.put(f"{thread}-{n}-b", metadata={"pair": f"{thread}-{n}"})
            except BaseException as error:
                errors.append(error)

        def read():
            try:
                barrier.wait()
                for _ in range(60):
                    pairs = [r.metadata["pair"] for r in notes.iterate()]
                    assert all(pairs.count(pair) == 2 for pair in set(pairs))
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        threads += [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert notes.count() == 240
        assert db.verify(deep=True)


def test_a_writer_that_dies_with_the_lock_frees_it(path):
    code = (
        "import engram, os, sys\n"
        f"db = engram.open({str(path)!r}, embedder=None)\n"
        "db.collection('c').put('committed')\n"
        "tx = db.transaction()\n"
        "tx.__enter__()\n"
        "db.collection('c').put('lost')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -9
    with engram.open(path, embedder=None, lock_timeout_ms=0) as db:
        assert [r.id for r in db.collection("c").iterate()] == ["committed"]
        db.collection("c").put("next")
        assert db.verify(deep=True)


def last_frame(raw):
    """Give the place and the bytes of the last frame of a log (F-032 of the format)."""
    places, at = [], raw.find(b"EFRM")
    while at >= 0:
        length, number = struct.unpack_from("<IQ", raw, at + 4)
        places.append((number, at - 8, length))
        at = raw.find(b"EFRM", at + 1)
    _, start, length = max(places)
    return start, raw[start : start + 48 + length]


def test_a_commit_whose_writer_died_before_it_answered_is_seen_under_the_lock(path):
    with engram.open(path, embedder=None) as db:
        db.collection("c").put("1", text="answered")
    before = path.read_bytes()
    with engram.open(path, embedder=None) as db:
        db.collection("c").put("2", text="not answered")
    start, frame = last_frame(path.read_bytes())
    path.write_bytes(before)

    def left(file):
        with file.open("r+b") as raw:  # all of the frame but the word that publishes it
            raw.seek(start + 8)
            raw.write(frame[8:])

    with (
        engram.open(path, embedder=None) as db,
        engram.open(path, embedder=None, read_only=True) as old,
    ):
        assert db.collection("c").count() == old.collection("c").count() == 1
        left(path)
        assert db.collection("c").get("2") is None
        assert old.collection("c").get("2") is None
        with engram.open(path, embedder=None, read_only=True) as new:
            assert new.collection("c").get("2").text == "not answered"
        assert old.collection("c").get("2") is None
        with db.transaction():
            assert db.collection("c").get("2").text == "not answered"
        assert old.collection("c").get("2").text == "not answered"
    path.write_bytes(before)
    left(path)
    with engram.open(path, embedder=None, read_only=True) as old:
        engram.open(path, embedder=None).close()
        assert path.read_bytes()[start : start + len(frame)] == frame
        assert old.collection("c").count() == 2
