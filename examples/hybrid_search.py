"""Search by words, by meaning, and by both, and see what each finds that the other misses.

Everything is offline: the vectors come from the model that is built in.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import engram

TICKETS = {
    "T-101": "Error E4471 when the invoice is exported to PDF",
    "T-102": "The bill cannot be saved as a document, the program shows a failure code",
    "T-103": "Customers cannot sign in after they changed their password",
    "T-104": "Login fails with a blank page on the tablet",
    "T-105": "Please add a dark theme to the settings",
    "T-106": "Shipping address is cut off on printed labels",
    "T-107": "E4470 appears in the journal once an hour, nothing else happens",
}
QUESTIONS = ["E4471", "trouble signing in", "store an invoice as a file"]


def show(tickets: engram.Collection, question: str) -> None:
    """Print the three best tickets of each way to search."""
    print(f"? {question}")
    modes = ("lexical", "semantic", "hybrid")
    for mode in modes:
        hits = tickets.query(question, mode=mode, k=3)
        found = ", ".join(f"{hit.id} {hit.score:.2f}" for hit in hits) or "nothing"
        print(f"  {mode:<9} {found}")
    print()


def main() -> None:
    """Put tickets into a file, and ask."""
    with tempfile.TemporaryDirectory() as folder, engram.open(Path(folder) / "t.engram") as db:
        tickets = db.collection("tickets")
        tickets.put_many(ids=list(TICKETS), texts=list(TICKETS.values()))
        for question in QUESTIONS:
            show(tickets, question)

        # An identifier is found by its letters; a question by what it means.
        assert tickets.query("E4471", k=1).ids == ["T-101"]
        found = tickets.query("trouble signing in", k=2).ids
        assert set(found) == {"T-103", "T-104"}

        print("How much words and vectors count can be said, and is told:")
        for share in (0.0, 0.5, 1.0):
            weights = {"lexical": share, "semantic": 1.0 - share}
            hits = tickets.query("invoice E4470", weights=weights, k=2)
            print(f"  words {share:.0%}: {', '.join(hits.ids)}")
        hits = tickets.query("invoice E4470", k=2)
        for hit in hits:
            parts = ", ".join(f"{name} {score:.2f}" for name, score in hit.scores.items())
            print(f"  {hit.id} {hit.score:.2f} from {parts}")
        print(f"\nThe plan of the last query:\n{hits.report.explain()}")


if __name__ == "__main__":
    main()
