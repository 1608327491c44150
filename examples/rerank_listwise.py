"""Let a language model order the hits.

``python examples/rerank_listwise.py`` runs offline, with a function in place of the model.
"""

from __future__ import annotations

import re

import engram
from engram.rerank import Listwise

NOTES = {
    "tea": "green tea is steeped at 80 degrees for two minutes",
    "coffee": "coffee wants water of 95 degrees",
    "bath": "the water of the bath has 38 degrees",
}


def model(prompt: str) -> str:
    """Stand in for a model: the coldest first, whatever was asked."""
    shown = re.findall(r"\[(\d+)\] .*?(\d+) degrees", prompt)
    ordered = sorted(shown, key=lambda one: int(one[1]))
    return " > ".join(f"[{number}]" for number, _ in ordered)


def main() -> None:
    """Ask, and see the order that the model gave."""
    with engram.open(":memory:") as db:
        notes = db.collection("notes")
        notes.put_many([{"id": id_, "text": text} for id_, text in NOTES.items()])
        hits = notes.query("which degrees are coldest", rerank=Listwise(model))
        print(hits.ids)
        print(hits.report.notes["rerank"]["reranker"])


if __name__ == "__main__":
    main()
