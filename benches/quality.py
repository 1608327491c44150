"""Measures how good the answers are: nDCG@10, recall@10 and MRR@10 of one default configuration.

    python benches/quality.py COLLECTIONS [--out FILE] [--options JSON]

COLLECTIONS is a folder of test collections, each a folder with `corpus.jsonl.gz` (`_id`, `title`,
`text`), `queries.jsonl.gz` (`_id`, `text`) and `qrels.tsv.gz` (query, document, grade). Every
collection gets the same configuration: the defaults, with the built-in embedder. `--options` adds
arguments of `query` for the hybrid, such as '{"feedback": 0.3}'.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import engram

K = 10
MODES = ("lexical", "semantic", "hybrid")

Judged = dict[str, dict[str, int]]


def lines(file: Path) -> Iterator[str]:
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        yield from opened


def judgements(file: Path) -> Judged:
    """Grades above 0 of documents by query; queries without any are not asked."""
    judged: Judged = {}
    for line in lines(file):
        query, document, grade = line.rstrip("\n").split("\t")
        if int(grade) > 0:
            judged.setdefault(query, {})[document] = int(grade)
    return judged


def ndcg(found: list[str], grades: dict[str, int]) -> float:
    """Normalised discounted cumulative gain of the first K (Jaervelin & Kekaelaeinen, 2002)."""
    gained = sum(grades.get(one, 0) / math.log2(rank + 2) for rank, one in enumerate(found[:K]))
    best = sorted(grades.values(), reverse=True)[:K]
    return gained / sum(grade / math.log2(rank + 2) for rank, grade in enumerate(best))


def recall(found: list[str], grades: dict[str, int]) -> float:
    return len(set(found[:K]) & grades.keys()) / len(grades)


def reciprocal_rank(found: list[str], grades: dict[str, int]) -> float:
    return next((1 / (rank + 1) for rank, one in enumerate(found[:K]) if one in grades), 0.0)


MEASURES: dict[str, Callable[[list[str], dict[str, int]], float]] = {
    "nDCG@10": ndcg,
    "recall@10": recall,
    "MRR@10": reciprocal_rank,
}


def judge(folder: Path, options: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The means over the judged queries of one collection, by mode and measure."""
    judged = judgements(folder / "qrels.tsv.gz")
    documents = map(json.loads, lines(folder / "corpus.jsonl.gz"))
    queries = {
        one["_id"]: one["text"] for one in map(json.loads, lines(folder / "queries.jsonl.gz"))
    }
    with engram.open(":memory:") as db:
        records = db.collection("documents")
        records.put_many(
            {"id": one["_id"], "text": f"{one['title']} {one['text']}".strip()} for one in documents
        )
        out: dict[str, dict[str, float]] = {}
        for mode in MODES:
            extra = options if mode == "hybrid" else {}
            found = {
                name: records.query(queries[name], mode=mode, k=K, include=(), **extra).ids
                for name in judged
            }
            out[mode] = {
                measure: statistics.fmean(score(found[name], judged[name]) for name in judged)
                for measure, score in MEASURES.items()
            }
    return out


def table(results: dict[str, dict[str, dict[str, float]]]) -> str:
    """A Markdown table: a row per collection, the three modes under each measure."""
    head = [f"{measure} {mode}" for measure in MEASURES for mode in MODES]
    out = [f"| collection | {' | '.join(head)} |", "|---" * (len(head) + 1) + "|"]
    for name, by_mode in results.items():
        cells = [f"{by_mode[mode][measure]:.3f}" for measure in MEASURES for mode in MODES]
        out.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("collections", type=Path)
    parser.add_argument("--out", type=Path, help="also write the numbers as JSON to this file")
    parser.add_argument("--options", type=json.loads, default={})
    options = parser.parse_args()
    folders = sorted(
        one for one in options.collections.iterdir() if (one / "qrels.tsv.gz").exists()
    )
    results = {folder.name: judge(folder, options.options) for folder in folders}
    results["mean"] = {
        mode: {
            measure: statistics.fmean(one[mode][measure] for one in list(results.values()))
            for measure in MEASURES
        }
        for mode in MODES
    }
    print(table(results))
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
