"""Keep texts with the vectors of a model that runs here, and find them by meaning.

``python examples/local_collection.py [FOLDER]``: without a folder, a tiny model of noise.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import tiny_models

import engram
import engram.embed
from engram.embed import get_embedder

TEXTS = [
    "green tea is steeped at 80 degrees for two minutes",
    "coffee wants water of 95 degrees",
    "the water of the bath has 38 degrees",
    "bread is baked for forty minutes",
]


def main(folder: Path) -> None:
    """Store, look for, and see that another model is refused."""
    model = get_embedder(folder)
    with engram.open(":memory:", embedder=model) as db:
        notes = db.collection("notes")
        notes.put_many({"id": str(i), "text": text} for i, text in enumerate(TEXTS))
        print(notes.query("water for coffee", mode="semantic", k=1)[0].text)
        print(notes.spaces()[0].identity == model.identity.to_json())
        try:
            db.collection("notes", embedder=engram.embed.default()).put("x", text="more")
        except engram.InvalidInput as error:
            print(error.code)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(tiny_models.dense(Path(place) / "tiny", TEXTS))
