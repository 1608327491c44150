"""Damage, full disks and dead writers, as a user of the Python API meets them."""

import subprocess
import sys
import time

import numpy as np
import pytest

import engram
from engram import EngramError

FULL_DISK = """
import resource, signal, sys
import engram

path = sys.argv[1]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
acknowledged = []
with engram.open(path, embedder=None) as db:
    notes = db.collection("c")
    notes.put("first", text="acknowledged")
    import os
    size = os.path.getsize(path) + 200_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    codes = []
    for n in range(200):
        try:
            notes.put(str(n), text="word " * 2_000)
            acknowledged.append(str(n))
        except engram.Io as error:
            codes.append(error.code)
            assert error.errno or codes[0] != error.code, repr(error)
            if len(codes) == 3:
                break
    assert codes[0] in {"io.failed", "io.full"}, codes
    assert codes[1:] == ["io.poisoned"] * 2, codes
    assert notes.get("first").text == "acknowledged"
    assert notes.query("acknowledged", mode="lexical").ids == ["first"]
    assert all(name in notes for name in acknowledged)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
with engram.open(path, embedder=None) as db:
    assert db.verify(deep=True)
    notes = db.collection("c")
    held = {r.id for r in notes.iterate()}
    assert {"first", *acknowledged} == held, (len(acknowledged), len(held))
    notes.put("again", text="writable")
print(len(acknowledged))
"""


def test_a_full_disk_loses_nothing_that_was_acknowledged(path):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


@pytest.fixture
def small(path):
    """Make a small file with segments, a snapshot and a log."""
    with engram.open(path, embedder=None) as db:
        notes = db.collection("c")
        for n in range(30):
            notes.put(f"{n:02}", text=f"word{n} apple", metadata={"n": n}, vector=[1.0, n])
        db.optimize()
        db.create_snapshot("s")
        notes.put("99", text="in the log", metadata={"n": 99}, vector=[1.0, 99.0])
        notes.delete("00")
    return path


def everything(path):
    """Read all there is to read."""
    with engram.open(path, embedder=None, read_only=True) as db:
        notes = db.collection("c")
        return {
            "records": sorted(
                (r.id, r.text, r.metadata["n"], r.vectors["vector"].tolist())
                for r in notes.iterate(vectors=True)
            ),
            "apple": sorted(notes.query("apple", mode="lexical", k=50).ids),
            "vector": notes.query(vector=[1.0, 5.0], k=50).ids,
            "filter": notes.count("n >= 10"),
            "past": sorted(r.id for r in db.at("s").collection("c").iterate()),
        }


def test_a_flipped_byte_gives_an_error_or_the_right_answer(small, tmp_path):
    raw = small.read_bytes()
    right = everything(small)
    damaged = tmp_path / "damaged.engram"
    errors = set()
    for offset in range(0, len(raw), max(len(raw) // 400, 1)):
        copy = bytearray(raw)
        copy[offset] ^= 0x41
        damaged.write_bytes(copy)
        try:
            assert everything(damaged) == right, offset
        except EngramError as error:
            errors.add(error.code)
    assert errors
    assert all(code.startswith(("corrupt.", "format.")) for code in errors), errors


def test_a_file_cut_short_gives_an_error_or_an_earlier_commit(small, tmp_path):
    raw = small.read_bytes()
    cut = tmp_path / "cut.engram"
    codes = set()
    for length in range(1, len(raw), max(len(raw) // 200, 1)):
        cut.write_bytes(raw[:length])
        try:
            with engram.open(cut, embedder=None, read_only=True) as db:
                ids = {r.id for r in db.collection("c").iterate()}
                assert {f"{n:02}" for n in range(1, 30)} <= ids | {"00"}, length
        except EngramError as error:
            codes.add(error.code)
    assert all(code.startswith(("corrupt.", "format.")) for code in codes), codes


def test_the_doctor_saves_what_can_be_saved(small):
    raw = bytearray(small.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 64] = bytes(64)
    small.write_bytes(raw)
    before = small.read_bytes()
    looked = engram.doctor(small, dry_run=True)
    assert small.read_bytes() == before
    report = engram.doctor(small)
    assert report, report
    assert bool(looked.problems) == bool(report.problems)
    with engram.open(small, embedder=None) as db:
        assert db.verify(deep=True)
        assert db.collection("c").count() == report.records_kept
        db.collection("c").put("new", text="writable")


def churn(path, *, second_handle_reads):
    """Replace 5 % of 6,000 records again and again; give the size of the file by that of its data.

    A second handle is open all the time, and reads at each turn or never. Yields after each turn.
    """
    rng = np.random.default_rng(1)
    words = ["".join(map(chr, row)) for row in rng.integers(97, 123, (3_000, 7))]

    def records(ids):
        for n in ids:
            text = " ".join(words[i] for i in rng.integers(0, len(words), 60))
            yield {"id": str(n), "text": text, "vector": rng.random(64, dtype=np.float32)}

    with engram.open(path, embedder=None) as db, engram.open(path, embedder=None) as other:
        notes = db.collection("c")
        notes.put_many(records(range(6_000)), batch_size=2_000)
        assert other.collection("c").count() == 6_000
        while True:
            notes.put_many(records(rng.choice(6_000, 300, replace=False)))
            if second_handle_reads:
                assert other.collection("c").count() == 6_000
            yield path.stat().st_size / db.stats().live_bytes


def test_churn_keeps_the_file_within_bounds(path):
    turns = churn(path, second_handle_reads=True)
    assert all(next(turns) < 2.2 for _ in range(40))
    turns.close()


def test_churn_keeps_the_file_within_bounds_beside_an_idle_handle(path):
    # The idle handle goes to rest within a second of wall time; the churn goes on until then.
    turns = churn(path, second_handle_reads=False)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if all(next(turns) < 2.2 for _ in range(20)):
            break
    else:
        pytest.fail("the idle handle keeps what was replaced")
    turns.close()


def test_optimize_reclaims_what_was_deleted_with_other_handles_open(path):
    rng = np.random.default_rng(2)
    with engram.open(path, embedder=None) as db, engram.open(path, embedder=None) as other:
        notes = db.collection("c")
        ids = [f"{n:05}" for n in range(5_000)]
        notes.put_many(ids=ids, vectors=rng.random((5_000, 128), dtype=np.float32))
        assert other.collection("c").count() == 5_000
        assert notes.delete_where("_id >= '02000'") == 3_000
        report = db.optimize()
        assert report.bytes_after == path.stat().st_size < 1.1 * db.stats().live_bytes
        assert other.collection("c").count() == notes.count() == report.records == 2_000
        assert db.verify(deep=True)
