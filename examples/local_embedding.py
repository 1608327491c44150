"""Embed texts with a model that runs here.

``python examples/local_embedding.py [FOLDER]``: without a folder, a tiny model of noise.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import tiny_models

from engram.embed import get_embedder

TEXTS = [
    "green tea is steeped at 80 degrees for two minutes",
    "coffee wants water of 95 degrees",
    "the water of the bath has 38 degrees",
    "bread is baked for forty minutes",
]


def main(folder: Path) -> None:
    """Embed one text, several, and a query."""
    model = get_embedder(folder)
    print(model)
    print(model.encode(TEXTS[0]).shape, model.encode_batch(TEXTS).dtype)
    scores = model.encode_batch(TEXTS) @ model.encode_query("how hot is the water of the bath")
    print(TEXTS[int(scores.argmax())])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(tiny_models.dense(Path(place) / "tiny", TEXTS))
