"""What the boundary between Python and Rust takes, and the targets of seed 004."""

from __future__ import annotations

import statistics
import time
import timeit

import numpy as np

import engram

from .bench import Bench
from .figures import Figure

CALLS = 20_000


def _microseconds(call: object, calls: int = CALLS) -> float:
    return min(timeit.repeat(call, number=calls // 5, repeat=5)) / (calls // 5) * 1e6  # type: ignore[arg-type]


def overhead(bench: Bench) -> list[Figure]:
    """A call that does nothing, and one record across the boundary each way, in memory."""
    view = bench.collection._source()  # noqa: SLF001 - the native object is what is measured
    record = bench.data.records(1)[0]
    vector = bench.query_vectors[0]
    with engram.open(":memory:", embedder=None) as db:
        notes = db.collection("notes")
        notes.put("one", text=record["text"], metadata=record["metadata"])
        out = _microseconds(lambda: notes.get("one"))
        with db.transaction() as open_one:
            inside = open_one.collection("notes")
            into = _microseconds(
                lambda: inside.put("two", text=record["text"], metadata=record["metadata"]), 2_000
            )
    return [
        Figure("seed 004", "native call", "us", _microseconds(lambda: view.commit), target=1),
        Figure("seed 004", "record to Python objects", "us", out, target=10),
        Figure("seed 004", "Python objects to record", "us", into, target=10),
        Figure("boundary", "get by id from the file", "us",
               _microseconds(lambda: bench.collection.get("r0000007"))),
        Figure("boundary", "array of 384 to bytes", "us",
               _microseconds(lambda: vector.astype("<f4").tobytes())),
    ]  # fmt: skip


def share(bench: Bench) -> list[Figure]:
    """What part of a vector query is spent outside the engine's own steps."""
    times, inside = [], []
    for vector in bench.query_vectors[:500]:
        start = time.perf_counter()
        results = bench.collection.query(vector=vector, k=10, include=())
        _ = results.ids
        times.append((time.perf_counter() - start) * 1e3)
        inside.append(sum(ms for _, _, ms in results.report.steps))
    whole, engine = statistics.median(times), statistics.median(inside)
    return [Figure("boundary", "of a vector query", "ms", whole - engine, beside={"whole": whole})]


def local_model(bench: Bench) -> list[Figure]:
    """A message put and a question asked with the built-in model, embedding included."""
    del bench
    rng = np.random.default_rng(3)
    words = ["memory", "meeting", "Paris", "invoice", "garden", "engine", "deadline", "music"]
    texts = [" ".join(rng.choice(words, 24)) for _ in range(200)]
    with engram.open(":memory:") as db:
        notes = db.collection("messages")
        start = time.perf_counter()
        for number, text in enumerate(texts):
            notes.put(f"m{number}", text=text)
        put = (time.perf_counter() - start) / len(texts) * 1e3
        start = time.perf_counter()
        for text in texts:
            _ = notes.query(text[:40], k=5).ids
        asked = (time.perf_counter() - start) / len(texts) * 1e3
    return [
        Figure("seed 004", "message put, embedded", "ms", put, target=200),
        Figure("seed 004", "question with the local model", "ms", asked, target=100),
    ]
