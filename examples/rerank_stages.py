"""Rerank in stages: by token vectors, then by difference, then by a formula.

``python examples/rerank_stages.py [FOLDER]``: without a folder, a tiny model of noise.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import tiny_models

import engram
from engram.rerank import MMR, ColBERT, Formula

TEXTS = [
    "green tea is steeped at 80 degrees for two minutes",
    "coffee wants water of 95 degrees",
    "the water of the bath has 38 degrees",
    "bread is baked for forty minutes",
]


def main(folder: Path) -> None:
    """Each stage sees fewer hits; the report tells what each did."""
    stages = [
        ColBERT(folder),
        MMR(0.3),
        Formula(lambda hit: hit.score + hit.metadata["stars"], name="stars"),
    ]
    with engram.open(":memory:") as db:
        notes = db.collection("notes")
        notes.put_many(
            {"id": str(i), "text": text, "metadata": {"stars": i}} for i, text in enumerate(TEXTS)
        )
        hits = notes.query("degrees of water", rerank=stages, rerank_depth=[4, 3, 2], k=2)
        for name in ("rerank 1", "rerank 2", "rerank 3"):
            note = hits.report.notes[name]
            print(name, note["reranker"], note["looked at"])
        print(hits[0].scores.keys() >= {"rerank 1", "rerank 2", "rerank 3"})


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(tiny_models.colbert(Path(place) / "tiny", TEXTS))
