"""Cut the vectors of a model that was trained for it, and see what that costs.

``python examples/local_matryoshka.py [FOLDER]``: without a folder, a tiny model of noise.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import tiny_models

from engram.embed import Dense

TEXTS = [
    "green tea is steeped at 80 degrees for two minutes",
    "coffee wants water of 95 degrees",
    "the water of the bath has 38 degrees",
    "bread is baked for forty minutes",
]


def main(folder: Path) -> None:
    """Compare whole vectors with shorter ones."""
    whole = Dense(folder)
    for dim in (whole.dimension, whole.dimension // 2, whole.dimension // 4):
        model = Dense(folder, dim=dim, matryoshka=[dim])
        scores = model.encode_batch(TEXTS) @ model.encode_query("water of the bath")
        print(model.dimension, TEXTS[int(scores.argmax())])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(tiny_models.dense(Path(place) / "tiny", TEXTS))
