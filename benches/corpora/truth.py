"""True answers: the nearest records of each query by an exhaustive scan, unfiltered and filtered.

Owns: the filters of W4 by name, each as engram's filter and as a predicate over the metadata. The
scan is float32 with float64 only for ties that matter to nobody; recall is counted in ids.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

DEPTH = 100
FILTER_DEPTH = 10
ROWS = 100_000
YEARS = {"half": 1500, "tenth": 1100, "hundredth": 1010, "thousandth": 1001}
TAG = "t3"


def far_category(records: list[dict[str, Any]]) -> str:
    """The category nearest to 2 % of the corpus. Asked with queries of other categories, every
    match is far from the query: the correlated case that breaks graph indexes."""
    counts = Counter(record["metadata"]["category"] for record in records)
    return min(counts, key=lambda name: abs(counts[name] - 0.02 * len(records)))


def conditions(far: str) -> dict[str, str]:
    """The filters of W4 in engram's language, by name."""
    years = {name: f"year < {year}" for name, year in YEARS.items()}
    return {**years, "tag": f'tags CONTAINS "{TAG}"', "far": f'category == "{far}"'}


def masks(records: list[dict[str, Any]], far: str) -> dict[str, np.ndarray]:
    """Which records each filter leaves; `kept` is what stays after W10 deletes every fifth."""
    metadata = [record["metadata"] for record in records]
    year = np.array([one["year"] for one in metadata])
    by_name = {name: year < limit for name, limit in YEARS.items()}
    by_name["tag"] = np.array([TAG in one["tags"] for one in metadata])
    by_name["far"] = np.array([one["category"] == far for one in metadata])
    by_name["kept"] = np.arange(len(records)) % 5 != 3
    return by_name


def nearest(vectors: np.ndarray, queries: np.ndarray, depth: int) -> np.ndarray:
    """int32 (queries, depth): row numbers by falling inner product, ties by row."""
    best = np.full((len(queries), 0), 0, np.float32)
    rows = np.full((len(queries), 0), 0, np.int64)
    for start in range(0, len(vectors), ROWS):
        scores = queries @ vectors[start : start + ROWS].T
        few = min(depth, scores.shape[1])
        local = np.argpartition(-scores, few - 1, axis=1)[:, :few]
        best = np.concatenate([best, np.take_along_axis(scores, local, 1)], 1)
        rows = np.concatenate([rows, local + start], 1)
        order = np.lexsort((rows, -best), axis=1)[:, :depth]
        best, rows = np.take_along_axis(best, order, 1), np.take_along_axis(rows, order, 1)
    return rows.astype(np.int32)


def find(
    records: list[dict[str, Any]],
    queries: list[dict[str, str]],
    vectors: np.ndarray,
    query_vectors: np.ndarray,
) -> dict[str, np.ndarray]:
    """The arrays of `truth.npz`: `all`, one per filter, `kept`, and the far category's facts."""
    far = far_category(records)
    found = {"all": nearest(vectors, query_vectors, DEPTH)}
    for name, mask in masks(records, far).items():
        rows = np.flatnonzero(mask)
        found[name] = rows[nearest(vectors[rows], query_vectors, FILTER_DEPTH)].astype(np.int32)
    found["far_category"] = np.array(far)
    others = [i for i, query in enumerate(queries) if query["category"] != far]
    found["far_queries"] = np.array(others, np.int32)
    return found
