"""Measures the converged query of a graph beside its parts run alone, and walks of W13 by `Graph`.

    python benches/converged.py [--nodes 100000] [--edges 300000] [--questions 100] [--passes 5]

The graph is made here: texts of words as frequent as Zipf has it, vectors around centres, edges with
skewed in-degrees. Every question is asked whole and in parts, in turn; the fastest pass of each
counts, since the machine may be shared. What is stated is the median over the questions.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import engram
from engram.graph import ConvergedQuery

DIMENSION, CENTRES, WORDS = 384, 200, 20_000
TOPICS = 50
WALKS = 200


def make(graph: engram.Graph, nodes: int, edges: int) -> tuple[np.ndarray, list[str]]:
    """Fill the graph; give its vectors and texts."""
    rng = np.random.default_rng(11)
    centres = rng.standard_normal((CENTRES, DIMENSION))
    vectors = centres[rng.integers(0, CENTRES, nodes)] + rng.standard_normal((nodes, DIMENSION))
    vectors = vectors.astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = np.minimum(rng.zipf(1.3, (nodes, 40)), WORDS)
    texts = [" ".join(f"w{word}" for word in row) for row in words]
    graph.put_nodes(
        {
            "label": "Message" if n % 4 else "Document",
            "id": name(n),
            "text": texts[n],
            "vector": vectors[n],
            "properties": {"topic": f"t{n % TOPICS}", "year": 1990 + n % 35, "n": n},
        }
        for n in range(nodes)
    )
    targets = (rng.random(edges) ** 2 * nodes).astype(np.int64)
    sources = rng.integers(0, nodes, edges)
    graph.put_edges(
        (name(int(a)), "TO", name(int(b))) for a, b in zip(sources, targets) if a != b
    )
    return vectors, texts


def name(n: int) -> str:
    return f"n{n:06d}"


def parts(rng: np.random.Generator, vectors: np.ndarray, texts: list[str]) -> dict[str, Any]:
    """The parts of one question: about one node, its surroundings and its words."""
    n = int(rng.integers(0, len(texts)))
    year = int(rng.integers(1995, 2015))
    noise = rng.standard_normal(DIMENSION) * 0.02
    rare = sorted(set(texts[n].split()), key=lambda word: -int(word[1:]))[:3]
    return {
        "structural": {
            "structural_filters": [
                {"property": "label", "operator": "Equals", "value": "Message"},
                {"property": "year", "operator": "GreaterThan", "value": year},
            ]
        },
        "graph": {"graph_filter": {"start": name(n), "hops": 2}},
        "semantic": {
            "semantic_query": {"vector": vectors[n] + noise.astype(np.float32), "threshold": 0.2}
        },
        "lexical": {"lexical_query": " ".join(rare)},
    }


WHOLES = (
    ("structural", "graph"),
    ("structural", "semantic"),
    ("structural", "lexical"),
    ("graph", "semantic"),
    ("structural", "graph", "semantic"),
    ("structural", "graph", "lexical"),
    ("structural", "semantic", "lexical"),
    ("structural", "graph", "semantic", "lexical"),
)


def fastest(ways: dict[str, Callable[[], object]], passes: int) -> dict[str, float]:
    """Milliseconds of the fastest pass of each way; the ways take turns."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(passes):
        for key, way in ways.items():
            start = time.perf_counter()
            way()
            best[key] = min(best[key], (time.perf_counter() - start) * 1e3)
    return best


def converged(
    graph: engram.Graph, questions: list[dict[str, Any]], passes: int
) -> dict[str, dict[str, float]]:
    """Median times of each part and each whole, and the ratio to the slowest part."""
    times: dict[str, list[float]] = {}
    for asked in questions:
        ways: dict[str, Callable[[], object]] = {}
        for key, part in asked.items():
            ways[key] = lambda query=ConvergedQuery(**part): graph.query(query)
        for whole in WHOLES:
            joined = {k: v for key in whole for k, v in asked[key].items()}
            ways[" + ".join(whole)] = lambda query=ConvergedQuery(**joined): graph.query(query)
        best = fastest(ways, passes)
        for key, ms in best.items():
            times.setdefault(key, []).append(ms)
    found = {key: {"ms": statistics.median(values)} for key, values in times.items()}
    for key in map(" + ".join, WHOLES):
        parts = key.split(" + ")
        slowest = max(found[part]["ms"] for part in parts)
        found[key]["of slowest part"] = found[key]["ms"] / slowest
        # Listing nodes by id is slow and no part of what the whole does: it does not count here.
        others = max(found[part]["ms"] for part in parts if part != "structural")
        found[key]["of slowest other part"] = found[key]["ms"] / others
    return found


def walks(graph: engram.Graph, nodes: int, passes: int) -> dict[str, float]:
    """W13 through `Graph`: two hops, shortest path, and the objects of what is near."""
    rng = np.random.default_rng(9)
    starts = [name(int(n)) for n in rng.integers(0, nodes, WALKS)]
    pairs = [(name(int(a)), name(int(b))) for a, b in rng.integers(0, nodes, (WALKS, 2))]

    def median(one: Callable[[Any], object], inputs: list[Any]) -> float:
        best = [fastest({"": lambda what=what: one(what)}, passes)[""] for what in inputs]
        return statistics.median(best)

    return {
        "2 hops": median(lambda id_: graph.neighbors(id_, hops=2, direction="out"), starts),
        "shortest path": median(
            lambda pair: graph.find_shortest_path(*pair, direction="out"), pairs
        ),
        "get_node": median(graph.get_node, starts),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--edges", type=int, default=300_000)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write the figures as JSON to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="engram-converged-") as folder:
        path = Path(folder) / "graph.engram"
        with engram.open(path, embedder=None) as db:
            vectors, texts = make(db.graph, options.nodes, options.edges)
        with engram.open(path, embedder=None, read_only=True) as db:
            rng = np.random.default_rng(5)
            questions = [parts(rng, vectors, texts) for _ in range(options.questions)]
            found: dict[str, Any] = {
                "nodes": options.nodes,
                "walks, ms": walks(db.graph, options.nodes, options.passes),
                "converged": converged(db.graph, questions, options.passes),
            }
    for key, ms in found["walks, ms"].items():
        print(f"{key:45} {ms:8.4f} ms")
    for key, figures in found["converged"].items():
        ratio, other = figures.get("of slowest part"), figures.get("of slowest other part")
        shown = "" if ratio is None else f"  {ratio:5.2f} of its slowest part, {other:.2f} but lists"
        print(f"{key:45} {figures['ms']:8.4f} ms{shown}")
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
