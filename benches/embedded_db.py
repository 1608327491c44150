"""Measures the performance table that EmbeddedDB's design states, by the names of its API.

    python benches/embedded_db.py [--messages 60] [--passes 5]

Whichever model `engram.compat.embedded_db` chooses is measured: MiniLM where engram-minilm is
installed, else the built-in one. Medians; the fastest pass of each call counts, since the machine
may be shared. What waits for the weaver is timed once for each message.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from engram.compat.embedded_db import EmbeddedDB

CALLS = 200
PEOPLE = ("Alice", "Bob", "Carol", "Dora", "Erin")
PLACES = ("Paris", "Rome", "Oslo", "Lima", "Berlin")


def fastest(one: Callable[[], object], passes: int, calls: int = 1) -> float:
    """Milliseconds of one call, in the fastest pass."""
    best = float("inf")
    for _ in range(passes):
        start = time.perf_counter()
        for _ in range(calls):
            one()
        best = min(best, (time.perf_counter() - start) / calls)
    return best * 1e3


def once(steps: Sequence[Callable[[], object]]) -> float:
    """Milliseconds of several steps, one after the other."""
    start = time.perf_counter()
    for step in steps:
        step()
    return (time.perf_counter() - start) * 1e3


def said(n: int) -> str:
    first, second, place = PEOPLE[n % 5], PEOPLE[(n * 3 + 1) % 5], PLACES[n // 5 % 5]
    return f"{first} met {second} in {place} and they talked about engine number {n}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--messages", type=int, default=60)
    parser.add_argument("--passes", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedDB(Path(folder) / "db") as db:
        embedder = db.graph._embedder()
        chat = db.create_chat("Measured", "speed")
        chat.add_message("Alice", "The first message loads the models.")
        db.wait_until_enriched(timeout=60)
        waits = []
        for n in range(options.messages):
            message: list[str] = []
            waits.append(
                once(
                    [
                        lambda n=n: message.append(chat.add_message("Alice", said(n)).id),
                        lambda: db.wait_until_enriched(message[0], timeout=60),
                    ]
                )
            )
        db.wait_until_enriched(timeout=60)
        native = db.database._native
        texts = [said(n) for n in range(CALLS)]
        embeds = [fastest(lambda text=text: embedder.encode_batch([text]), 3) for text in texts[:50]]
        queries = [
            fastest(
                lambda text=text: list(db.query(semantic_query={"text": text}, limit=10)),
                options.passes,
            )
            for text in texts[:50]
        ]
        table = [
            ("Python to Rust, one call", fastest(lambda: native.closed, 5, 10_000), 0.001),
            ("a node read as a dict", _conversion(db, options.passes), 0.01),
            ("embedding of a text", statistics.median(embeds), 50),
            ("message inserted and enriched", statistics.median(waits), 200),
            ("query with a model", statistics.median(queries), 100),
        ]
        print(embedder.identity.name)
        for name, ms, target in table:
            print(f"{name:35} {ms:10.5f} ms   stated {target:g} ms")


def _conversion(db: EmbeddedDB, passes: int) -> float:
    """What it costs to give a node as a dict."""
    db.create_node({"id": "converted", "label": "Note", "a": 1, "b": "two", "c": [1, 2, 3]})
    return fastest(lambda: db.get_node("converted"), passes, CALLS)


if __name__ == "__main__":
    main()
