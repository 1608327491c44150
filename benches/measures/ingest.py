"""W1 bulk ingest, W9 size on disk, W10 delete and reclaim."""

from __future__ import annotations

import statistics
import time
from typing import Any

from .bench import Bench, rows
from .figures import Figure, recall, timed
from .stores import STORES, Engram, file_bytes

SQLITE = "SQLite + FTS5"
GONE = 3
"""Rows whose number leaves this remainder by 5 are deleted: one in five."""


def ingest(bench: Bench) -> list[Figure]:
    """W1 and W9: a fresh file per round and store."""
    found = {name: bench.ingest(name, bench.folder / name) for name in STORES}
    bench.made.update(found)
    bench.__dict__.pop("collection", None)  # of the file before this one
    ours, theirs = found["engram"], found[SQLITE]

    def beside(key: str, divisor: str | None = None) -> dict[str, float]:
        return {SQLITE: theirs[key] / (theirs[divisor] if divisor else 1)}

    def ratio(divisor: str) -> float:
        return ours["bytes"] / ours[divisor]

    raw, with_metadata = "raw_bytes", "raw_bytes_with_metadata"
    return [
        Figure("W1", "bulk ingest, durable and searchable", "records/s", ours["records_per_s"],
               target=30_000, at_least=True, beside=beside("records_per_s")),
        Figure("W1", "processor time of it", "s", ours["cpu_s"], beside=beside("cpu_s")),
        Figure("W1", "peak memory above the data", "MB", ours["peak_mb"],
               target=200, beside=beside("peak_mb")),
        Figure("W9", "file / (text + float32), free space too", "", ratio(raw), target=1.0,
               beside=beside("bytes", raw)),
        Figure("W9", "file / (text + float32 + metadata)", "", ratio(with_metadata),
               beside=beside("bytes", with_metadata)),
    ]  # fmt: skip


def optimized(bench: Bench) -> list[Figure]:
    """W9 after `optimize`, which leaves no free space, on a copy."""
    path = bench.copy("engram")
    store = Engram(path)
    store.reclaim()
    store.close()
    size = file_bytes(path)
    path.unlink()
    made = bench.made["engram"]
    return [
        Figure("W9", "the same after optimize", "", size / made["raw_bytes"], target=1.0),
    ]  # fmt: skip


def _probe(bench: Bench, store: Engram) -> tuple[float, float, int]:
    """Median ms, recall among the kept, and hits that are deleted."""
    queries = bench.query_vectors[:300]
    times, found = timed(lambda q: store.notes.query(vector=q, k=10, include=()).ids, queries)
    numbers = [rows(ids) for ids in found]
    dead = sum(number % 5 == GONE for ids in numbers for number in ids)
    return statistics.median(times), recall(numbers, bench.truth["kept"][:300].tolist()), dead


def delete(bench: Bench) -> list[Figure]:
    """W10 on copies: delete every fifth record, then give the space back."""
    count = len(bench.data.vectors())
    gone = [f"r{number:07d}" for number in range(count) if number % 5 == GONE]
    took: dict[str, Any] = {}
    for name, cls in STORES.items():
        path = bench.copy(name)
        before = file_bytes(path)
        store = cls(path)
        if isinstance(store, Engram):
            whole, _, _ = _probe(bench, store)
        start = time.perf_counter()
        store.delete(gone)
        deleted = time.perf_counter()
        if isinstance(store, Engram):
            marked, _, _ = _probe(bench, store)
        reclaiming = time.perf_counter()
        store.reclaim()
        reclaimed = time.perf_counter()
        if isinstance(store, Engram):
            after, quality, dead = _probe(bench, store)
            assert dead == 0, f"{dead} deleted records were found"
        store.close()
        took[name] = (deleted - start, reclaimed - reclaiming, file_bytes(path) / before)
        path.unlink()
    (ours, theirs) = took["engram"], took[SQLITE]
    return [
        Figure("W10", "delete 20 %", "s", ours[0], target=1, beside={SQLITE: theirs[0]}),
        Figure("W10", "reclaim", "s", ours[1], target=1, beside={SQLITE: theirs[1]}),
        Figure("W10", "file after / before", "", ours[2], target=0.82, beside={SQLITE: theirs[2]}),
        Figure("W10", "query after delete", "ms", marked, beside={"before": whole}),
        Figure("W10", "query after reclaim", "ms", after, quality, beside={"before": whole}),
    ]
