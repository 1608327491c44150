"""What looking after a memory promises."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import engram
from engram import Memory
from engram.errors import Busy, InvalidInput, Io
from engram.memory import (
    doctor,
    info,
    lock_nudge,
    lock_who,
    verify,
    verify_single_file,
    version_info,
)


@pytest.fixture
def path(tmp_path, words):
    place = tmp_path / "m.engram"
    with Memory.open(place, embedder=words()) as memory:
        memory.put("Tents keep dry.", uri="a")
    return place


def test_a_timeline_goes_by_when_documents_are_from(memory):
    for day, uri in ((3, "c/x"), (1, "a/x"), (2, "a/y")):
        text = f"number {day}\n\n" + "long enough for several passages " * 90
        memory.put(text, uri=uri, timestamp=f"2024-05-0{day}", tags=[f"t{day}"])

    def uris(*args, **options):
        return [one.uri for one in memory.timeline(*args, **options)]

    assert uris() == ["c/x", "a/y", "a/x"]
    assert uris(reverse=True) == ["a/x", "a/y", "c/x"]
    assert uris(2) == ["c/x", "a/y"]
    assert uris(None) == uris()
    assert uris(since="2024-05-02") == ["c/x", "a/y"]
    assert uris(until="2024-05-02") == ["a/x"]
    assert uris(when="May 2, 2024") == ["a/y"]
    assert uris(scope="a/", tags=["t1"]) == ["a/x"]
    assert memory.timeline()[0].text.startswith("number 3")
    with pytest.raises(InvalidInput):
        memory.timeline(0)


def test_an_empty_memory_has_an_empty_timeline_and_stats(memory):
    assert memory.timeline() == []
    stats = memory.stats()
    assert (stats.documents, stats.passages, stats.effective_vec_dimension) == (0, 0, None)
    assert stats.embedding_identity_summary.kind == "none"


def test_stats_say_who_made_the_vectors(memory, bare):
    memory.put("Tents keep dry.")
    stats = memory.stats()
    assert stats.effective_vec_dimension == 16
    assert stats.embedding_identity_summary.kind == "single"
    assert stats.embedding_identity_summary.counts == ((memory.embedder.identity, 1),)
    bare.put("no vector")
    bare.put("mine", embedding=np.ones(3, dtype=np.float32))
    summary = bare.stats().embedding_identity_summary
    assert (summary.kind, summary.counts, summary.unembedded) == ("unknown", ((None, 1),), 1)
    bare.db.collection("memory", embedder=None).put("loose", vector=[1.0, 2.0])
    assert bare.stats().embedding_identity_summary.counts == ((None, 2),)
    memory.db.collection("memory", embedder=None).put("loose", vector=[1.0, 2.0])
    mixed = memory.stats()
    assert mixed.embedding_identity_summary.kind == "mixed"
    assert json.dumps(mixed.to_dict())


def test_a_file_is_verified_from_within_and_from_outside(path):
    with Memory.open(path) as memory:
        assert memory.verify(deep=True)
    assert verify(path, deep=True)
    raw = bytearray(path.read_bytes())
    at = raw.index(b"Tents keep dry.")
    raw[at] ^= 1
    path.write_bytes(raw)
    broken = False
    try:
        broken = not verify(path, deep=True)
    except engram.EngramError as error:
        broken = error.code.startswith("corrupt.")
    assert broken
    with pytest.raises(Io):
        verify(path.with_name("none"))


def test_a_dry_run_prints_the_plan_and_changes_nothing(path, capsys):
    before = path.read_bytes()
    report = doctor(path, dry_run=True, rebuild=True, vacuum=True)
    printed = capsys.readouterr().out
    assert f"{path}: sound" in printed
    assert all(action in printed for action in report.actions)
    assert path.read_bytes() == before
    doctor(path, dry_run=True, quiet=True)
    with Memory.open(path) as memory:
        assert memory.doctor(dry_run=True, quiet=True).ok
        memory.doctor(vacuum=True)
        assert memory.find("tents", mode="lex")
    assert capsys.readouterr().out == ""


def test_a_database_is_one_file(path):
    assert verify_single_file(path)
    for name in ("m.engram-wal", ".m.engram.77.part", "m.engram.lock"):
        other = path.with_name(name)
        other.touch()
        assert verify_single_file(path).others == (name,)
        other.unlink()
    for name in ("m.engram.md", "other.engram-wal"):
        path.with_name(name).touch()
    assert verify_single_file(path).ok
    with pytest.raises(Io):
        verify_single_file(path.with_name("none"))


HOLD = """
import sys
import engram
with engram.open(sys.argv[1], embedder=None) as db, db.transaction():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_owner_of_a_lock_is_named_and_a_dead_one_frees_it(path):
    assert lock_who(path) is None
    assert not lock_nudge(path).held
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert process.stdout.readline() == b"held\n"
    assert lock_who(path).pid == process.pid
    state = lock_nudge(path)
    assert state.held
    assert str(process.pid) in state.advice
    with pytest.raises(Busy) as raised:
        Memory.open(path, lock_timeout_ms=0, force_writable=True)
    assert raised.value.code == "lock.timeout"
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    assert lock_who(path) is None
    with Memory.open(path, lock_timeout_ms=0, force="stale_only", force_writable=True) as memory:
        assert memory.lock_owner() is None
        assert "a" in memory


def test_options_of_opening_that_make_no_sense_are_refused(path):
    with pytest.raises(InvalidInput):
        Memory.open(path, force="all")
    with pytest.raises(InvalidInput):
        Memory.open(path, force_writable=True, read_only=True)
    with Memory.open(path, read_only=True) as memory, pytest.raises(engram.Conflict) as raised:
        memory.put("x", enable_embedding=False)
    assert raised.value.code == "file.read_only"


def test_info_names_versions(memory):
    assert version_info()["engram"] == engram.__version__
    assert info()["packages"].keys() >= {"pypdfium2", "onnxruntime"}
    assert memory.info()["embedder"]["name"] == "words"
    assert json.dumps(memory.info())
