"""Let a cross-encoder look at the first hits again.

``python examples/rerank_cross_encoder.py [FOLDER]``: without a folder, a tiny model that counts
shared words.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import tiny_models

import engram
from engram.rerank import CrossEncoder

TEXTS = [
    "green tea is steeped at 80 degrees for two minutes",
    "coffee wants water of 95 degrees",
    "the water of the bath has 38 degrees",
    "bread is baked for forty minutes",
]


def main(folder: Path) -> None:
    """Ask twice: as retrieved, and reranked."""
    judge = CrossEncoder(folder)
    with engram.open(":memory:") as db:
        notes = db.collection("notes")
        notes.put_many({"id": str(i), "text": text} for i, text in enumerate(TEXTS))
        question = "degrees of the water in the bath"
        hits = notes.query(question, k=2, rerank=judge, rerank_depth=4)
        print(hits[0].text)
        print(hits.report.notes["rerank"]["looked at"], "looked at")
        print(judge.rank(question, TEXTS, k=1)[0][0])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(tiny_models.cross_encoder(Path(place) / "tiny", TEXTS))
