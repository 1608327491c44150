"""W12: MaxSim of 32 token vectors: exactly with 1,000 texts of about 100, by codes with 4,000."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import engram
from engram import Space
from engram.collection import Collection

from .bench import Bench
from .figures import Figure, in_turn, recall

DOCUMENTS, TOKENS, DIMENSION, QUERY_TOKENS = 1_000, 100, 128, 32
QUERIES = 20
TARGETS = {"float32": 5.0, "float16": None, "int8": 2.0, "binary": None}
MANY, WORDS, TOPIC, NOISE = 4_000, 2_000, 40, 0.6
"""Documents of the search by codes; words that tokens are near to, how many of them a document has
to choose from, and how far a token is from its word."""


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _random(rng: np.random.Generator, rows: int) -> np.ndarray:
    return _unit(rng.standard_normal((rows, DIMENSION)))


def _fill(db: engram.Database, element: str, documents: Sequence[np.ndarray]) -> Collection:
    space = Space("multi", DIMENSION, element=element)
    notes = db.collection("late", embedder=None, spaces={"tokens": space})
    notes.put_many(
        {"id": f"d{row:04d}", "vectors": {"tokens": document}}
        for row, document in enumerate(documents)
    )
    return notes


def _search(notes: Collection, query: np.ndarray, *, exact: bool) -> list[str]:
    return notes.query(vectors={"tokens": query}, exact=exact, k=10, include=()).ids


def late_interaction(_bench: Bench) -> list[Figure]:
    """The whole query through the public call, beside one NumPy product and reduction.

    Nothing is alike among the vectors, so that the bounds of int8 scores tell least.
    """
    rng = np.random.default_rng(5)
    documents = [_random(rng, int(n)) for n in rng.integers(80, 121, DOCUMENTS)]
    queries = [_random(rng, QUERY_TOKENS) for _ in range(QUERIES)]
    tokens = np.concatenate(documents)
    starts = np.cumsum([0] + [len(document) for document in documents[:-1]])

    def plain(query: np.ndarray) -> list[str]:
        best = np.maximum.reduceat(tokens @ query.T, starts, axis=0).sum(1)
        return [f"d{row:04d}" for row in np.argsort(-best, kind="stable")[:10]]

    out = []
    for element, target in TARGETS.items():
        with engram.open(":memory:", embedder=None) as db:
            notes = _fill(db, element, documents)

            def search(query: np.ndarray) -> list[str]:
                return _search(notes, query, exact=True)  # noqa: B023

            took = in_turn({"engram": search, "numpy": plain}, queries, 5)
        quality = recall(took["engram"][1], took["numpy"][1])
        out.append(
            Figure("W12", f"MaxSim, {element}", "ms", took["engram"][0], quality, target,
                   beside={"NumPy product": took["numpy"][0]})
        )  # fmt: skip
    return out


def _texts(
    rng: np.random.Generator, words: np.ndarray, count: int, length: int
) -> list[np.ndarray]:
    """Tokens near words, two of three from a topic of their text."""
    out = []
    for _ in range(count):
        topic = rng.integers(WORDS) + rng.integers(TOPIC, size=length)
        drawn = np.where(rng.random(length) < 1 / 3, rng.integers(WORDS, size=length), topic)
        noise = NOISE * rng.standard_normal((length, DIMENSION))
        out.append(_unit(words[drawn % WORDS] + noise))
    return out


def late_interaction_by_codes(_bench: Bench) -> list[Figure]:
    """The default search, beside the exact one of the same file, which is its truth."""
    rng = np.random.default_rng(6)
    words = rng.standard_normal((WORDS, DIMENSION))
    documents = _texts(rng, words, MANY, TOKENS)
    queries = _texts(rng, words, QUERIES, QUERY_TOKENS)
    out = []
    for element in ("float32", "int8"):
        with engram.open(":memory:", embedder=None) as db:
            notes = _fill(db, element, documents)
            ways = {
                way: lambda query, exact=exact: _search(notes, query, exact=exact)  # noqa: B023
                for way, exact in (("by codes", False), ("exact", True))
            }
            took = in_turn(ways, queries, 5)
        quality = recall(took["by codes"][1], took["exact"][1])
        out.append(
            Figure("W12", f"MaxSim by codes, 4,000, {element}", "ms", took["by codes"][0], quality,
                   beside={"exact": took["exact"][0]})
        )  # fmt: skip
    return out
