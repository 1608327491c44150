"""Search with OpenAI's embeddings, kept in a cache so that no text is paid for twice.

``python examples/openai_embeddings.py`` runs offline, against a stand-in on this machine. With
``openai:text-embedding-3-small`` after it, and the key in the environment, it asks OpenAI.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from stand_in import stand_in

import engram
from engram.embed.remote import get_remote

NOTES = {
    "tea": "Green tea is steeped at 80 degrees for two minutes.",
    "bike": "The bicycle has a flat tyre; the pump is in the cellar.",
    "rent": "The rent is due on the third of each month.",
}


def main(name: str | None) -> None:
    """Put notes, ask a question, embed again from the cache."""
    with (
        tempfile.TemporaryDirectory() as folder,
        stand_in() as url,
        get_remote(
            name or "compatible:stand-in",
            base_url=None if name else url,
            cache=Path(folder) / "vectors.engram",
        ) as model,
        engram.open(Path(folder) / "notes.engram", embedder=model) as db,
    ):
        notes = db.collection("notes")
        notes.put_many([{"id": id_, "text": text} for id_, text in NOTES.items()])
        print("nearest:", notes.query("how long is the tea steeped?", k=1).ids)
        report = model.encode_report([*NOTES.values(), "a new text"])
        print("from the cache:", report.cached, "of", len(report.vectors))
        print(model, model.usage)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
