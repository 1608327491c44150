"""Keep token vectors in fewer bits, and compare what is left of the similarity.

``python examples/multi_vector_quantized.py [FOLDER]``: without a folder, a tiny model of noise.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import tiny_models

from engram.embed import MultiVector, max_sim

TEXTS = [
    "green tea is steeped at 80 degrees for two minutes",
    "coffee wants water of 95 degrees",
    "the water of the bath has 38 degrees",
    "bread is baked for forty minutes",
]


def main(folder: Path) -> None:
    """Order the texts by whole vectors, by int8 and by signs alone."""
    model = MultiVector(folder)
    query = model.encode_query("how many degrees has the bath")
    whole = [max_sim(query, model.encode(text)) for text in TEXTS]
    print("float32", TEXTS[whole.index(max(whole))])
    for element in ("int8", "binary"):
        small = [model.encode_quantized(text, element) for text in TEXTS]
        scores = [max_sim(query, one.decode()) for one in small]
        share = small[0].nbytes / model.encode(TEXTS[0]).nbytes
        print(element, f"{share:.1%} of the bytes:", TEXTS[scores.index(max(scores))])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(tiny_models.colbert(Path(place) / "tiny", TEXTS))
