"""W12: exact MaxSim of a query of 32 token vectors against 1,000 documents of about 100."""

from __future__ import annotations

import numpy as np

import engram
from engram import Space

from .bench import Bench
from .figures import Figure, in_turn, recall

DOCUMENTS, TOKENS, DIMENSION, QUERY_TOKENS = 1_000, 100, 128, 32
QUERIES = 20
TARGETS = {"float32": 5.0, "int8": 2.0}


def _unit(rng: np.random.Generator, rows: int) -> np.ndarray:
    drawn = rng.standard_normal((rows, DIMENSION)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def late_interaction(_bench: Bench) -> list[Figure]:
    """The whole query through the public call, beside one NumPy product and reduction."""
    rng = np.random.default_rng(5)
    documents = [_unit(rng, int(n)) for n in rng.integers(80, 121, DOCUMENTS)]
    queries = [_unit(rng, QUERY_TOKENS) for _ in range(QUERIES)]
    tokens = np.concatenate(documents)
    starts = np.cumsum([0] + [len(document) for document in documents[:-1]])

    def plain(query: np.ndarray) -> list[str]:
        best = np.maximum.reduceat(tokens @ query.T, starts, axis=0).sum(1)
        return [f"d{row:04d}" for row in np.argsort(-best, kind="stable")[:10]]

    out = []
    for element, target in TARGETS.items():
        with engram.open(":memory:", embedder=None) as db:
            space = Space("multi", DIMENSION, element=element)
            notes = db.collection("late", embedder=None, spaces={"tokens": space})
            notes.put_many(
                {"id": f"d{row:04d}", "vectors": {"tokens": document}}
                for row, document in enumerate(documents)
            )

            def search(query: np.ndarray) -> list[str]:
                return notes.query(vectors={"tokens": query}, exact=True, k=10, include=()).ids  # noqa: B023

            took = in_turn({"engram": search, "numpy": plain}, queries, 5)
        quality = recall(took["engram"][1], took["numpy"][1])
        out.append(
            Figure("W12", f"MaxSim, {element}", "ms", took["engram"][0], quality, target,
                   beside={"NumPy product": took["numpy"][0]})
        )  # fmt: skip
    return out
