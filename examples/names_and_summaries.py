"""Find names in a text, and shorten it, with models that run here.

``python examples/names_and_summaries.py [TAGGER WRITER]``: without folders, a tiny model that knows
the names of a list, and one that writes the beginning of the text again.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tiny_models import tagger, writer

from engram.embed import Seq2Seq, TokenClassifier

TEXT = "Ada Lovelace lived in London. She wrote the first program for a machine that was not built."
NAMES = {"ada": "PER", "lovelace": "PER", "london": "LOC"}


def main(names: Path, summaries: Path) -> None:
    """Print the pieces with their places, then a summary."""
    for piece in TokenClassifier(names).extract(TEXT, min_confidence=0.5):
        print(f"{piece.start:3d} to {piece.end:3d}: {piece.label} {TEXT[piece.start : piece.end]}")
    model = Seq2Seq(summaries)
    print(model.count_tokens(TEXT), "tokens")
    print(model.summarize(TEXT, max_tokens=8))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            main(tagger(folder / "names", [TEXT], NAMES), writer(folder / "summaries", [TEXT]))
