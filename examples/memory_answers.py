"""Ask a memory: answers with sources, checked sentence by sentence, and asked again later.

    python examples/memory_answers.py

Without a key a function stands for the model; give MODEL=openai:gpt-5-mini or ollama:llama3.2:3b to
let one of those answer.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from engram import Memory
from engram.answer import Masker

NOTES = {
    "tower.txt": "The Eiffel Tower stands in Paris. It was built from 1887 to 1889.",
    "bridge.txt": "The Golden Gate Bridge opened in May 1937. It is painted orange.",
    "contact.txt": "Tickets for the tower are sold by Ada, who reads ada@example.com.",
}
WHEN = "When was the Eiffel Tower built?"
WHO = "Who sells tickets for the tower?"


def made_up(prompt: str) -> str:
    """Answer as a model might: one sentence that a passage says, one that none does."""
    assert "ada@example.com" not in prompt
    return "It was built from 1887 to 1889 [1]. It cost 7 million francs [1]."


def main() -> None:
    """Put three notes, and ask about them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "notes.engram"
        with Memory.open(path) as memory:
            for uri, text in NOTES.items():
                memory.put(text, uri=uri)

            with memory.session_start("first questions") as session:
                print(session.ask(WHEN), "\n")
                print(session.ask(WHO).text, "\n")
            print(memory.ask("Who tunes the violin?").text, "\n")

            model = os.environ.get("MODEL", made_up)
            pieces = memory.ask(WHEN, model, stream=True, mask_pii=Masker(words=["Ada"]))
            print("".join(pieces))
            for sentence in pieces.answer.unsupported:
                print("  no passage says:", sentence.text)

            memory.put("The Tokyo Tower was built in 1958.", uri="tokyo.txt")
            print()
            print(memory.session_replay("first questions"))


if __name__ == "__main__":
    main()
