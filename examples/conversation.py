"""A chat with memory: what fits is kept, what does not is summed up, all of it is in a file.

    python examples/conversation.py

Offline: in the place of language models stand two small functions. The database is in a folder that
is removed at the end.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import engram
from engram.rag import ConversationMemory, estimate_tokens

TALK = [
    ("My cat is called Minka, and she is nine years old.", "Nine is a fine age for a cat!"),
    ("She has eaten nothing since yesterday.", "One day is no reason to worry. Does she drink?"),
    ("Yes, a lot of water.", "Then watch her today, and see a vet tomorrow if nothing changes."),
    ("Which food should I offer?", "Something with a strong smell, a little warmed, such as tuna."),
    ("She took some tuna, thank you!", "Good news. Give small portions for two days."),
]


def summarize(prompt: str) -> str:
    """Sum up as a language model would: here, by what the user said first. A real one goes here."""
    said = [line.partition(": ")[2] for line in prompt.splitlines() if line.startswith("user: ")]
    before = [
        line.partition(": ")[2] for line in prompt.splitlines() if line.startswith("summary:")
    ]
    return " ".join([*before, *said[:1]])


def main() -> None:
    """Talk, look at what is kept, close, and go on another day."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chat.engram"
        with engram.open(path) as db:
            memory = ConversationMemory(
                120, summarizer=summarize, collection=db.collection("chat"), conversation="cat"
            )
            memory.add_message("system", "You help with cats. Be brief.")
            for question, answer in TALK:
                memory.add_message("user", question)
                memory.add_message("assistant", answer)
            print(
                f"{2 * len(TALK) + 1} messages were said. Of {memory.max_tokens} tokens the memory"
            )
            print(f"takes {memory.tokens}. This is what a model gets to read:\n")
            print(memory.format_messages())
            assert estimate_tokens(memory.format_messages()) <= memory.max_tokens

        print("\nAnother day, another process: the file remembers.\n")
        with engram.open(path) as db:
            chat = db.collection("chat")
            memory = ConversationMemory(
                120, summarizer=summarize, collection=chat, conversation="cat"
            )
            print(f"last message: {memory.messages[-1]['content']}")
            # What the memory dropped is in the file, and can be searched.
            (hit,) = chat.query("how old is the cat?", where="dropped = true", k=1)
            print(f"? how old is the cat?\n  {hit.metadata['role']}: {hit.text}")
            memory.clear()
            print(f"after clear(): {len(chat)} records in the file")


if __name__ == "__main__":
    main()
