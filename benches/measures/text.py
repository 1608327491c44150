"""W5 lexical queries and W6 hybrid queries."""

from __future__ import annotations

import statistics

from .bench import Bench, rows
from .figures import Figure, in_turn, recall, timed
from .stores import Sqlite

K = 10
DEEP = 10_000
DEEP_QUERIES = 20
BASELINE_QUERIES = 20
KINDS = {
    "one": ("1 term", 0.03),
    "three": ("3 terms", 0.05),
    "ten": ("10 terms", 0.20),
    "common": ("very common term", 0.06),
    "sentence": ("sentence", 0.30),
}


def lexical(bench: Bench) -> list[Figure]:
    """W5. The quality is the overlap with an exhaustive BM25 over Snowball stems written apart from
    the engine; `own exhaustive` is the overlap with its own list of 10,000 hits, which prunes
    nothing."""
    query = bench.collection.query

    def search(text: str, k: int = K) -> list[str]:
        return query(text=text, mode="lexical", k=k, include=()).ids[:K]

    sqlite = Sqlite(bench.path(Sqlite.name))
    out = []
    for kind, (words, target) in KINDS.items():
        asked = bench.words[kind]
        texts = [one["text"] for one in asked]
        timed(search, texts[:10])
        rounds = [timed(search, texts) for _ in range(3)]
        found = [rows(ids) for ids in rounds[0][1]]
        deep = [rows(search(text, DEEP)) for text in texts[:DEEP_QUERIES]]
        theirs, _ = timed(sqlite.search, texts[:BASELINE_QUERIES])
        out.append(
            Figure("W5", words, "ms", statistics.median(rounds[0][0] + rounds[1][0] + rounds[2][0]),
                   recall(found, [one["stemmed"] for one in asked]), target,
                   beside={Sqlite.name: statistics.median(theirs),
                           "own exhaustive": recall(found[:DEEP_QUERIES], deep)})
        )  # fmt: skip
    sqlite.close()
    return out


def hybrid(bench: Bench) -> list[Figure]:
    """W6: vector and sentence. The quality is the overlap with the same query scored exactly."""
    query = bench.collection.query
    asked = list(zip(bench.query_vectors, (one["text"] for one in bench.queries), strict=True))

    def search(pair, **options):  # noqa: ANN001, ANN003, ANN202
        vector, text = pair
        return query(text=text, vector=vector, mode="hybrid", k=K, include=(), **options).ids

    timed(search, asked[-20:])
    took = in_turn({"hybrid": search}, asked[:400])["hybrid"]
    exact = [rows(search(pair, exact=True)) for pair in asked[:50]]
    return [
        Figure("W6", "vector + sentence", "ms", took[0],
               recall([rows(ids) for ids in took[1][:50]], exact), 0.5)
    ]  # fmt: skip
