"""An assistant that remembers: facts that change, answers in turns that name nothing, forgetting.

    python examples/agent_memory.py

Runs offline. Where a real assistant asks a language model, this one prints what the model would be
told.
"""

from __future__ import annotations

from datetime import datetime, timezone

import engram

MARCH = datetime(2024, 3, 1, tzinfo=timezone.utc)
JUNE = datetime(2024, 6, 1, tzinfo=timezone.utc)


def main() -> None:
    """Talk twice, ask, correct, forget."""
    with engram.open(":memory:") as db:
        memory = engram.AgentMemory(db)
        memory.remember(
            [
                {"role": "user", "content": "I live in Oslo, and I bought a kayak on Saturday."},
                {"role": "assistant", "content": "Nice! Was it expensive?"},
                {"role": "user", "content": "They asked for three hundred."},
            ],
            user="ada",
            session="march",
            when=MARCH,
        )
        memory.remember(
            [{"role": "user", "content": "Guess what: I moved to Bergen!"}],
            user="ada",
            session="june",
            when=JUNE,
        )

        recall = memory.recall("How much did ada pay for the kayak?", user="ada", max_tokens=200)
        print(recall.text)
        assert "three hundred" in recall.text

        now, before = memory.facts.memories("ada", "residence")[::-1]
        print(f"{now.value} since {now.valid_from:%B}, {before.value} until {before.valid_to:%B}")
        assert (now.value, before.valid_to) == ("Bergen", JUNE)

        # What was recalled comes back in a prompt: nothing of it is learned again.
        again = memory.remember([{"role": "user", "content": recall.text}], user="ada")
        assert again.skipped == {0: "empty"}

        forgotten = memory.forget(user="ada", session="march")
        print(f"forgotten: {forgotten.turns} turns, {forgotten.facts} facts")
        assert memory.facts.state("ada", "employer") is None
        assert "kayak" not in memory.recall("kayak", user="ada").text


if __name__ == "__main__":
    main()
