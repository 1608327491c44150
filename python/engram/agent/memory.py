"""An agent's memory: remember, recall, forget.

Owns: `AgentMemory`, which is its verbs put together, and `Forgotten`. Collections of one memory:
``<name>`` (turns), ``<name>.facts``, ``<name>.sessions`` (how many turns each session had).
Invariant: a call of `remember` or `forget` is one commit.
"""

from __future__ import annotations

from dataclasses import dataclass

from engram.agent.forgetting import forget_turns
from engram.agent.remembering import Remembering
from engram.agent.searching import Searching
from engram.checks import proper_str
from engram.errors import InvalidInput

__all__ = ["AgentMemory", "Forgotten"]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was forgotten.

    Attributes:
        turns: How many turns.
        facts: How many facts.
    """

    turns: int
    facts: int


class AgentMemory(Remembering, Searching):
    """What was said in conversations, and what it says of whom, recalled for a question.

    Args:
        db: An open database.
        name: Which of its agent memories.
        embedder: What embeds turns; the database's unless given; None to search by words alone.
        extractor: What finds entities: see `engram.enrich.get_extractor`.
        facts: What finds facts: see `engram.enrich.get_fact_extractor`; None to find none.

    Example:
        >>> import engram
        >>> db = engram.open(":memory:")
        >>> memory = engram.AgentMemory(db)
        >>> said = [{"role": "user", "content": "I live in Oslo and I love jazz."}]
        >>> len(memory.remember(said, user="ada").facts)
        2
        >>> memory.recall("where do I live?", user="ada").facts[0].value
        'Oslo'
    """

    def forget(
        self,
        *ids: str,
        user: str | None = None,
        agent: str | None = None,
        session: str | None = None,
        entity: str | None = None,
    ) -> Forgotten:
        """Forget turns, and the facts that stand in them, in one commit.

        What is given together narrows: ``user="ada", session="s1"`` forgets one session. Neighbours
        of forgotten turns are no longer found by them; after `Database.optimize` no byte is left.

        Args:
            ids: Ids of turns.
            user: Everything of a user.
            agent: Everything with an agent.
            session: Everything in sessions of that name.
            entity: Turns that name somebody or something, and the facts about them.

        Raises:
            InvalidInput: ``input.invalid`` where nothing says what to forget.
        """
        if not ids and (user, agent, session, entity) == (None, None, None, None):
            raise InvalidInput(
                "input.invalid",
                "forget() without anything to forget",
                "ids, user=, agent=, session= or entity=",
            )
        key = None if entity is None else proper_str(entity, "the entity")
        if self.db._active() is not None:
            return Forgotten(*forget_turns(self, ids, (user, agent, session), key))
        with self.db.transaction():
            return Forgotten(*forget_turns(self, ids, (user, agent, session), key))

    def __len__(self) -> int:
        """Count the turns."""
        return len(self._turns)

    def __bool__(self) -> bool:
        """Be true, turns or none."""
        return True

    def __repr__(self) -> str:
        """Show the file and the name."""
        return f"AgentMemory({self.db.path!r}, {self.name!r})"
