"""Search by token vectors (ColBERT): every word of the query finds its best word.

``python examples/multi_vector_search.py [FOLDER]``: without a folder, a tiny model of noise.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import tiny_models

import engram
from engram.embed import MultiVector

TEXTS = [
    "green tea is steeped at 80 degrees for two minutes",
    "coffee wants water of 95 degrees",
    "the water of the bath has 38 degrees",
    "bread is baked for forty minutes",
]


def main(folder: Path) -> None:
    """Let a collection embed its texts by a vector for each token."""
    model = MultiVector(folder)
    print(model.encode(TEXTS[1]).shape, model.encode_query("water").shape)
    with engram.open(":memory:", embedder=model) as db:
        notes = db.collection("notes")
        notes.put_many({"id": str(i), "text": text} for i, text in enumerate(TEXTS))
        hits = notes.query("minutes for bread", mode="semantic", exact=True)
        print(hits[0].text)
        print(notes.spaces()[0].kind)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(tiny_models.colbert(Path(place) / "tiny", TEXTS))
