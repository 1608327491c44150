"""W7 durable single puts, and readers beside a writer that never stops."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import engram

from .bench import COLLECTION, HERE, Bench
from .figures import Figure, timed
from .stores import STORES, Engram

PUTS = 600
SLICE = 50
FRAME_BYTES = 2_200
"""Bytes of a commit with such a record."""


class BareAppend:
    """Appends to written blocks, each with fdatasync: what a durable put cannot be faster than."""

    name = "bare append + fdatasync"

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        self.at = 0
        os.pwrite(self.fd, b"\0" * (FRAME_BYTES * PUTS), 0)
        os.fsync(self.fd)

    def put(self, _row: dict[str, Any], _vector: np.ndarray) -> None:
        os.pwrite(self.fd, b"x" * FRAME_BYTES, self.at)
        os.fdatasync(self.fd)
        self.at += FRAME_BYTES

    def close(self) -> None:
        os.close(self.fd)


def put(bench: Bench) -> list[Figure]:
    """W7: the stores and the bare append take turns, 50 puts each."""
    paths = {name: bench.copy(name) for name in STORES}
    bare = bench.folder / "bare"
    writers = [BareAppend(bare), *(cls(paths[name]) for name, cls in STORES.items())]
    samples = bench.data.records(PUTS)
    vectors = bench.data.vectors()[:PUTS].copy()
    times: dict[str, list[float]] = {writer.name: [] for writer in writers}
    for at in range(0, PUTS, SLICE):
        for writer in writers:
            for row, vector in zip(samples[at : at + SLICE], vectors[at : at + SLICE]):
                fresh = {**row, "id": "put" + row["id"]}
                start = time.perf_counter()
                writer.put(fresh, vector)
                times[writer.name].append((time.perf_counter() - start) * 1e3)
    store = next(writer for writer in writers if isinstance(writer, Engram))
    visible = _visible(store, samples[-1], bench)
    for writer in writers:
        writer.close()
    for path in (bare, *paths.values()):
        path.unlink()
    median = {name: statistics.median(taken) for name, taken in times.items()}
    ours = median.pop("engram")
    high = {name: statistics.quantiles(taken, n=100)[98] for name, taken in times.items()}
    floor = median[BareAppend.name]
    return [
        Figure("W7", "durable put / bare append", "", ours / floor, visible, 1.5),
        Figure("W7", "durable put", "ms", ours, visible, beside=median),
        Figure("W7", "durable put, 99th percentile", "ms", high.pop("engram"), beside=high),
    ]


def _visible(store: Engram, last: dict[str, Any], bench: Bench) -> float:
    """1 where the last put is found by words and by vector at once."""
    vector = bench.data.vectors()[PUTS - 1].copy()
    by_vector = store.notes.query(vector=vector, k=2, include=()).ids
    by_text = store.notes.query(text=last["text"][:300], mode="lexical", k=2, include=()).ids
    return float("put" + last["id"] in by_vector and "put" + last["id"] in by_text)


def readers(bench: Bench) -> list[Figure]:
    """A reader alone, then beside a process that commits without a pause, in turn."""
    path = bench.copy("engram")
    queries = bench.query_vectors[:500]
    alone, beside, commits = [], [], []
    with engram.open(path, embedder=None) as db:
        notes = db.collection(COLLECTION)

        def search(vector: np.ndarray) -> list[str]:
            return notes.query(vector=vector, k=10, include=()).ids

        timed(search, queries[:50])
        for _ in range(3):
            alone += timed(search, queries)[0]
            writer = HERE / "measures" / "writing.py"
            command = [sys.executable, str(writer), str(path), str(bench.data.folder)]
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            ) as process:
                assert process.stdin
                assert process.stdout
                process.stdout.readline()  # it writes from here on
                beside += timed(search, queries)[0]
                process.stdin.close()
                commits.append(float(process.stdout.readline()))
    path.unlink()
    ours, busy = statistics.median(alone), statistics.median(beside)
    return [
        Figure("reads", "beside a writer / alone", "", busy / ours, target=1.2,
               beside={"commits/s": statistics.median(commits)})
    ]  # fmt: skip
