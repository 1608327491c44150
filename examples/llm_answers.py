"""Answer questions from one's own notes: retrieve, ask a language model, stream, and get JSON.

``python examples/llm_answers.py`` runs offline, against a stand-in on this machine that answers
with the note it is given. With ``openai:gpt-5-mini`` after it, and the key in the environment, it
asks OpenAI; any other provider of `engram.llm` likewise.
"""

from __future__ import annotations

import sys

from stand_in import stand_in

import engram
from engram.llm import get_llm

NOTES = {
    "tea": "Green tea is steeped at 80 degrees for two minutes.",
    "bike": "The bicycle has a flat tyre; the pump is in the cellar.",
}
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "note": {"enum": list(NOTES)}},
    "required": ["answer", "note"],
    "additionalProperties": False,
}


def main(name: str | None) -> None:
    """Ask one question in three ways."""
    with (
        stand_in() as url,
        get_llm(name or "compatible:stand-in", base_url=None if name else url) as model,
        engram.open(":memory:") as db,
    ):
        notes = db.collection("notes")
        notes.put_many([{"id": id_, "text": text} for id_, text in NOTES.items()])
        question = "how long is the tea steeped?"
        found = notes.query(question, k=2)
        prompt = "\n".join([*(f"{hit.id}: {hit.text}" for hit in found), "", question])
        system = "Answer from the notes given, in one sentence."
        print(model.complete(prompt, system=system))
        for piece in model.stream(prompt, system=system):
            print(piece, end="", flush=True)
        print()
        print(model.complete_json(prompt, SCHEMA, system=system))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
