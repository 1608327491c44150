"""Measures how well a memory finds documents: nDCG@10 of `Memory.find` in each mode.

    python benches/memory_quality.py COLLECTIONS [--embedder NAME] [--only NAME] [--out FILE]

COLLECTIONS is a folder of test collections as `benches/quality.py` takes them. Their documents are
put with title and text, and cut into passages as they come; a document is found by its best
passage. Beside them stands what a plain collection of whole documents has.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from quality import K, MODES, judge, lines

from engram import Memory
from engram.embed import get_embedder
from engram.evaluate import QuerySet, evaluate_retrieval

MEASURE = "nDCG@10"
FIND = {"lexical": "lex", "semantic": "sem", "auto": "auto"}


def through_memory(folder: Path, embedder: Any) -> dict[str, float]:
    """The mean over the judged queries of one collection, by mode."""
    asked = QuerySet.read(folder.name, folder / "queries.jsonl.gz", folder / "qrels.tsv.gz")
    documents = [json.loads(line) for line in lines(folder / "corpus.jsonl.gz")]
    with Memory.open(":memory:", embedder=embedder) as memory:
        done = memory.put_many(
            (
                {
                    "text": one["text"] or one["title"],
                    "title": one["title"] or None,
                    "uri": one["_id"],
                }
                for one in documents
            ),
            duplicates="keep",
        )
        if done.failed:
            print(folder.name, "failed:", [one.to_dict() for one in done.failed], file=sys.stderr)
        out = {"passages": float(done.passages)}
        for name, mode in FIND.items():

            def ask(text: str, mode: Any = mode) -> list[str]:
                return [
                    found.uri or "" for found in memory.find(text, k=K, mode=mode, per_document=1)
                ]

            report = evaluate_retrieval(ask, asked, k=K, metrics=[MEASURE])
            out[name] = report.scores[MEASURE]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("collections", type=Path)
    parser.add_argument("--embedder", default="default")
    parser.add_argument("--only")
    parser.add_argument("--plain", action="store_true", help="also measure plain collections")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    embedder = get_embedder(options.embedder)
    results: dict[str, Any] = {}
    for folder in sorted(options.collections.iterdir()):
        if not (folder / "qrels.tsv.gz").exists() or (options.only or folder.name) != folder.name:
            continue
        found = through_memory(folder, embedder)
        if options.plain:
            by_mode = judge(folder, {}, embedder)
            found |= {f"plain {mode}": by_mode[mode][MEASURE] for mode in MODES}
        results[folder.name] = found
        print(folder.name, {name: round(value, 4) for name, value in found.items()}, flush=True)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
