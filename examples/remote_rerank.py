"""Let a provider's reranker look at the first hits again.

``python examples/remote_rerank.py`` runs offline, against a stand-in on this machine that answers
as Cohere does. With ``voyage:rerank-2.5`` after it, and the key in the environment, it asks Voyage.
"""

from __future__ import annotations

import sys

from stand_in import stand_in

import engram
from engram.rerank import get_reranker

NOTES = {
    "tea": "green tea is steeped at 80 degrees for two minutes",
    "coffee": "coffee wants water of 95 degrees",
    "bath": "the water of the bath has 38 degrees",
}


def main(name: str | None) -> None:
    """Ask a question twice: as retrieved, and reranked."""
    with (
        stand_in() as url,
        get_reranker(
            name or "cohere:stand-in",
            base_url=None if name else url,
            key=None if name else "none needed",
        ) as reranker,
        engram.open(":memory:") as db,
    ):
        notes = db.collection("notes")
        notes.put_many([{"id": id_, "text": text} for id_, text in NOTES.items()])
        question = "the water of the bath"
        for found in (notes.query(question), notes.query(question, rerank=reranker)):
            print([(hit.id, round(hit.score, 2)) for hit in found])
        print(found.report.notes["rerank"])


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
