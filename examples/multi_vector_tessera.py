"""Code written for Tessera, with its import line changed.

``python examples/multi_vector_tessera.py [FOLDER]``: without a folder, a tiny model of noise.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import tiny_models

from engram.compat.tessera import TesseraError, TesseraMultiVector

TEXTS = [
    "green tea is steeped at 80 degrees for two minutes",
    "coffee wants water of 95 degrees",
    "the water of the bath has 38 degrees",
    "bread is baked for forty minutes",
]


def main(folder: Path) -> None:
    """Encode, compare, ask for a model that is not there."""
    embedder = TesseraMultiVector(folder)
    print(embedder.encode(TEXTS[0]).dtype, len(embedder.encode_batch(TEXTS)))
    near = embedder.similarity("water of the bath", TEXTS[2])
    far = embedder.similarity("water of the bath", TEXTS[3])
    print(near > far)
    try:
        TesseraMultiVector("no-such-model")
    except TesseraError as error:
        print(isinstance(error, RuntimeError), error.code)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(tiny_models.colbert(Path(place) / "tiny", TEXTS))
