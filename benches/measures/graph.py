"""W13: a graph of 100,000 nodes and 300,000 directed edges on disk: two hops, shortest path."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from pathlib import Path

import numpy as np

import engram

from .bench import Bench
from .figures import Figure, in_turn

NODES, EDGES = 100_000, 300_000
STARTS, PAIRS = 200, 50
TWO_HOPS = """
WITH one AS (SELECT target AS n FROM edges WHERE source = ?1)
SELECT n FROM one UNION SELECT target FROM edges JOIN one ON source = n
"""


def _draw() -> tuple[list[tuple[int, int]], list[int], list[tuple[int, int]]]:
    """Edges with skewed in-degrees, starting nodes, and pairs."""
    rng = np.random.default_rng(9)
    targets = (rng.random(EDGES) ** 2 * NODES).astype(np.int64)
    sources = rng.integers(0, NODES, EDGES)
    edges = np.unique(np.stack([sources, targets], 1)[sources != targets], axis=0)
    starts = rng.integers(0, NODES, STARTS).tolist()
    pairs = [(int(a), int(b)) for a, b in rng.integers(0, NODES, (PAIRS, 2))]
    return [(int(a), int(b)) for a, b in edges], starts, pairs


def _name(node: int) -> str:
    return f"n{node:06d}"


class Plain:
    """The oracle: adjacency lists in Python, and the shortest path from both ends."""

    def __init__(self, edges: list[tuple[int, int]]) -> None:
        self.after: dict[int, list[int]] = defaultdict(list)
        self.before: dict[int, list[int]] = defaultdict(list)
        for source, target in edges:
            self.after[source].append(target)
            self.before[target].append(source)

    def two_hops(self, node: int) -> set[int]:
        one = set(self.after[node])
        return (one | {far for near in one for far in self.after[near]}) - {node}

    def distance(self, pair: tuple[int, int]) -> int:
        """Hops, -1 where there is no way."""
        if pair[0] == pair[1]:
            return 0
        sides = ({pair[0]}, {pair[1]})
        seen = ({pair[0]}, {pair[1]})
        hops = 0
        while sides[0] and sides[1]:
            which = 0 if len(sides[0]) <= len(sides[1]) else 1
            step = self.after if which == 0 else self.before
            hops += 1
            reached = {node for near in sides[which] for node in step[near]} - seen[which]
            if reached & seen[1 - which]:
                return hops
            seen[which].update(reached)
            sides = (reached, sides[1]) if which == 0 else (sides[0], reached)
        return -1


def _sqlite(path: Path, edges: list[tuple[int, int]]) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(
        "CREATE TABLE edges (source INT, target INT, PRIMARY KEY (source, target)) WITHOUT ROWID"
    )
    db.execute("BEGIN")
    db.executemany("INSERT INTO edges VALUES (?, ?)", edges)
    db.execute("COMMIT")
    return db


def walks(bench: Bench) -> list[Figure]:
    """Both questions, checked against the oracle, beside SQLite and Python dicts."""
    edges, starts, pairs = _draw()
    plain = Plain(edges)
    path = bench.folder / "graph.engram"
    with engram.open(path, embedder=None) as db:
        db.collection("nodes").put_many({"id": _name(node)} for node in range(NODES))
        db.collection("nodes").put_edges((_name(a), "to", _name(b)) for a, b in edges)
    sqlite = _sqlite(bench.folder / "graph.sqlite", edges)
    with engram.open(path, embedder=None, read_only=True) as db:
        nodes = db.collection("nodes")

        def near(node: int) -> dict[str, int]:
            return nodes.neighbors(_name(node), hops=2, direction="out")

        def rows(node: int) -> list[int]:
            return [row[0] for row in sqlite.execute(TWO_HOPS, (node,))]

        def way(pair: tuple[int, int]) -> int:
            found = nodes.shortest_path(_name(pair[0]), _name(pair[1]), direction="out")
            return -1 if found is None else len(found)

        hops = in_turn({"engram": near, "SQLite": rows, "dicts": plain.two_hops}, starts)
        ways = in_turn({"engram": way, "dicts": plain.distance}, pairs)
    sqlite.close()
    for file in bench.folder.glob("graph.*"):
        file.unlink()
    true = [{_name(far) for far in found} for found in hops["dicts"][1]]
    right = sum(set(found) == far for found, far in zip(hops["engram"][1], true)) / len(true)
    same = sum(a == b for a, b in zip(ways["engram"][1], ways["dicts"][1])) / len(pairs)
    return [
        Figure("W13", "2 hops", "ms", hops["engram"][0], right, 0.01,
               beside={"SQLite": hops["SQLite"][0], "Python dicts": hops["dicts"][0]}),
        Figure("W13", "shortest path", "ms", ways["engram"][0], same, 0.3,
               beside={"Python dicts": ways["dicts"][0]}),
    ]  # fmt: skip
