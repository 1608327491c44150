"""Measures what chunks and their context are worth: nDCG@10 of whole sections, found by their chunks.

    python benches/chunking.py COLLECTION

COLLECTION is a folder as for `benches/quality.py`, of texts that are longer than a chunk. Each text is
split; a query finds chunks, and counts the best of each text. Everything else is at its default.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import engram
import engram.embed
from engram.rag import (
    MarkdownTextSplitter,
    MultiQueryRetrieval,
    RecursiveCharacterTextSplitter,
    SemanticTextSplitter,
    Source,
    TextSplitter,
    chunk_records,
)

K = 10
SPLITTERS: dict[str, Callable[[int], TextSplitter]] = {
    "recursive": RecursiveCharacterTextSplitter,
    "markdown": MarkdownTextSplitter,
    "semantic": lambda size: SemanticTextSplitter(engram.embed.default(), size),
}


def rows(file: Path) -> list[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        return [json.loads(line) for line in opened]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("collection", type=Path)
    folder = parser.parse_args().collection
    texts = rows(folder / "corpus.jsonl.gz")
    relevant: dict[str, set[str]] = {}
    with gzip.open(folder / "qrels.tsv.gz", "rt", encoding="utf-8") as opened:
        for line in opened:
            query, text, grade = line.split("\t")
            if int(grade) > 0:
                relevant.setdefault(query, set()).add(text)
    queries = {one["_id"]: one["text"] for one in rows(folder / "queries.jsonl.gz")}
    asked = [(queries[key], right) for key, right in relevant.items()]
    with engram.open(":memory:") as db:
        whole = db.collection("whole")
        whole.put_many({"id": one["_id"], "text": f"{one['title']} {one['text']}"} for one in texts)
        report("whole texts", len(texts), asked, lambda query: whole.query(query, k=K).ids)
        for n in (2, 4):
            report(f"whole texts, {n} questions by rule", len(texts), asked, several(whole, n))
        for name, make in SPLITTERS.items():
            for size in (400, 1_000, 2_000):
                for contextual in (False, True):
                    label = f"{name} {size}{', in context' if contextual else ''}"
                    chunks = db.collection(label)
                    chunks.put_many(records(texts, make(size), contextual))
                    report(label, len(chunks), asked, best_of_each(chunks))


def records(texts: list[dict[str, Any]], splitter: TextSplitter, contextual: bool) -> list[Any]:
    found = []
    for one in texts:
        read = Source(one["text"], one["title"] or None, "text")
        about = {"of": one["_id"]}
        found += chunk_records(
            read.split(splitter), one["_id"], read=read, contextual=contextual, metadata=about
        )
    return found


def best_of_each(chunks: engram.Collection) -> Callable[[str], list[str]]:
    return lambda query: [hit.metadata["of"] for hit in chunks.query(query, k=K, group_by="of")]


def several(texts: engram.Collection, n: int) -> Callable[[str], list[str]]:
    ask = MultiQueryRetrieval()
    return lambda query: [one.id for one in ask.retrieve(texts, ask.generate(query, n), 2 * K)]


def report(
    label: str,
    count: int,
    asked: list[tuple[str, set[str]]],
    search: Callable[[str], list[str]],
) -> None:
    total = 0.0
    for query, right in asked:
        gain = sum(1 / math.log2(n + 2) for n, key in enumerate(search(query)[:K]) if key in right)
        total += gain / sum(1 / math.log2(n + 2) for n in range(min(K, len(right))))
    print(f"{label:36} {count:6} records  nDCG@{K} {total / len(asked):.3f}", flush=True)


if __name__ == "__main__":
    main()
