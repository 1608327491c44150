"""W2 vector queries, W3 threads and batches, W4 filtered vector queries."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .bench import Bench, rows
from .figures import Figure, in_turn, recall, timed

K = 10
SECONDS = 2.0
BATCH = 100
EXACT_QUERIES = 50
TARGETS = {
    100_000: {0.95: 0.15, 0.99: 0.18},
    1_000_000: {0.95: 0.5},
}
FILTERED = {
    "half": ("50 %", 0.20),
    "tenth": ("10 %", 0.12),
    "hundredth": ("1 %", 0.05),
    "thousandth": ("0.1 %", 0.02),
    "tag": ("tag, 10 %", 0.12),
    "far": ("category of 2 %, far from the query", 0.08),
}


def _search(bench: Bench, **options: Any) -> Callable[[np.ndarray], list[str]]:
    query = bench.collection.query
    return lambda vector: query(vector=vector, k=K, include=(), **options).ids


def _quality(found: list[list[str]], true: np.ndarray) -> float:
    return recall([rows(ids) for ids in found], true[: len(found)].tolist(), K)


def vector(bench: Bench) -> list[Figure]:
    """W2 at recall 0.95 and 0.99, beside the exact scans of engram and of NumPy."""
    queries, true = bench.query_vectors, bench.truth["all"]
    everything = np.ascontiguousarray(bench.data.vectors())

    def scan(query: np.ndarray) -> np.ndarray:
        scores = everything @ query
        best = np.argpartition(scores, -K)[-K:]
        return best[np.argsort(-scores[best])]

    exact = in_turn(
        {"exact": _search(bench, exact=True), "numpy": scan}, queries[:EXACT_QUERIES], 10
    )
    levels = (0.95, 0.99)
    for level in levels:
        timed(_search(bench, recall=level), queries[-50:])
    took = in_turn({str(level): _search(bench, recall=level) for level in levels}, queries)
    beside = {"NumPy scan": exact["numpy"][0], "exact=True": exact["exact"][0]}
    targets = TARGETS.get(len(bench.data.vectors()), {})
    figures = [
        Figure("W2", f"vector query, recall={level}", "ms", took[str(level)][0],
               _quality(took[str(level)][1], true), targets.get(level), any_size=True,
               beside=beside)
        for level in levels
    ]  # fmt: skip
    figures.append(
        Figure("W2", "vector query, exact=True", "ms", exact["exact"][0],
               _quality(exact["exact"][1], true), beside={"NumPy scan": exact["numpy"][0]})
    )  # fmt: skip
    return figures


def rate(call: Callable[[Any], Any], items: Any, threads: int, seconds: float = SECONDS) -> float:
    """Calls per second by so many threads, each going through the items from a place of its own."""
    done = [0] * threads
    gate = threading.Barrier(threads + 1)
    stop = threading.Event()

    def work(number: int) -> None:
        gate.wait()
        at = number * len(items) // threads
        while not stop.is_set():
            call(items[at % len(items)])
            at += 1
            done[number] += 1

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    gate.wait()
    start = time.perf_counter()
    time.sleep(seconds)
    stop.set()
    for worker in workers:
        worker.join()
    return sum(done) / (time.perf_counter() - start)


def threads(bench: Bench) -> list[Figure]:
    """W3: two threads, and batches of 100, at recall 0.99; and how reads scale."""
    queries, true = bench.query_vectors, bench.truth["all"]
    search = _search(bench, recall=0.99)
    one, two, batches, found = [], [], [], []
    asked = [
        [{"vector": query} for query in queries[at : at + BATCH]]
        for at in range(0, len(queries), BATCH)
    ]
    for _ in range(3):
        one.append(rate(search, queries, 1))
        two.append(rate(search, queries, 2))
        found = []
        start = time.perf_counter()
        for batch in asked:
            results = bench.collection.query_many(batch, k=K, recall=0.99, include=())
            found += [result.ids for result in results]
        batches.append(len(found) / (time.perf_counter() - start))
    single, double = statistics.median(one), statistics.median(two)
    alone = {"one thread": single}
    return [
        Figure("W3", "2 threads, recall=0.99", "queries/s", double, target=10_000, at_least=True,
               beside=alone),
        Figure("W3", "batch of 100, recall=0.99", "queries/s", statistics.median(batches),
               _quality(found, true), 10_000, at_least=True, beside=alone),
        Figure("reads", "two threads / one", "", double / single, target=1.8, at_least=True,
               any_size=True),
    ]  # fmt: skip


def filtered(bench: Bench) -> list[Figure]:
    """W4 at the default setting; recall is of the true first 10 among the matching records."""
    out = []
    for name, (words, target) in FILTERED.items():
        queries = bench.query_vectors
        true = bench.truth[name]
        if name == "far":
            asked = bench.truth["far_queries"]
            queries, true = queries[asked], true[asked]
        queries = queries[:400]
        search = _search(bench, where=bench.conditions[name])
        timed(search, queries[:20])
        times, found = timed(search, queries)
        exact, _ = timed(_search(bench, where=bench.conditions[name], exact=True), queries[:40])
        out.append(
            Figure("W4", words, "ms", statistics.median(times), _quality(found, true),
                   target, beside={"exact=True": statistics.median(exact)})
        )  # fmt: skip
    return out
