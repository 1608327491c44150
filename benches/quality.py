"""Measures how good the answers are: nDCG@10, recall@10 and MRR@10 of one default configuration.

    python benches/quality.py COLLECTIONS [--out FILE] [--options JSON] [--embedder NAME]

COLLECTIONS is a folder of test collections, each a folder with `corpus.jsonl.gz` (`_id`, `title`,
`text`), `queries.jsonl.gz` (`_id`, `text`) and `qrels.tsv.gz` (query, document, grade). Every
collection gets the same configuration: the defaults, with the built-in embedder, or with the one
that `--embedder` names (a name or folder that `engram.embed.get_embedder` takes). `--options` adds
arguments of `query` for the hybrid, such as '{"feedback": 0.3}'.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import engram
from engram.embed import get_embedder
from engram.evaluate import QuerySet, evaluate_retrieval

K = 10
MODES = ("lexical", "semantic", "hybrid")
MEASURES = ("nDCG@10", "recall@10", "MRR@10")


def lines(file: Path) -> Iterator[str]:
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        yield from opened


def judge(folder: Path, options: dict[str, Any], embedder: Any) -> dict[str, dict[str, float]]:
    """The means over the judged queries of one collection, by mode and measure."""
    asked = QuerySet.read(folder.name, folder / "queries.jsonl.gz", folder / "qrels.tsv.gz")
    documents = map(json.loads, lines(folder / "corpus.jsonl.gz"))
    with engram.open(":memory:", embedder=embedder) as db:
        records = db.collection("documents")
        records.put_many(
            {"id": one["_id"], "text": f"{one['title']} {one['text']}".strip()} for one in documents
        )
        out: dict[str, dict[str, float]] = {}
        for mode in MODES:
            extra = options if mode == "hybrid" else {}
            report = evaluate_retrieval(records, asked, k=K, metrics=MEASURES, mode=mode, **extra)
            out[mode] = report.scores
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
    parser.add_argument("--embedder", default="default", help="a name or a folder of a model")
    options = parser.parse_args()
    folders = sorted(
        one for one in options.collections.iterdir() if (one / "qrels.tsv.gz").exists()
    )
    embedder = get_embedder(options.embedder)
    results = {folder.name: judge(folder, options.options, embedder) for folder in folders}
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
