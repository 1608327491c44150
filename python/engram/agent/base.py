"""What the parts of an agent's memory share: its collections and its extractors.

Owns: `Base`, which the verbs build on. Invariant: nothing here writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.agent.turns import Scope, Turn, record_of, turn_id, turn_of, window
from engram.checks import proper_str
from engram.enrich.entities import get_extractor
from engram.enrich.fact_store import FactStore
from engram.enrich.resolution import entity_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from engram.collection import Collection
    from engram.database import Database
    from engram.embed.calling import EmbedderChoice
    from engram.enrich.entities import EntityExtractor
    from engram.enrich.facts import FactExtractor
    from engram.llm import LLM

__all__ = ["LEAST_CONFIDENCE", "Base"]

LEAST_CONFIDENCE = 0.5
"""Entities below it are not kept."""


class Base:
    """An agent's memory's place in a database."""

    def __init__(
        self,
        db: Database,
        name: str = "agent",
        *,
        embedder: EmbedderChoice = "default",
        extractor: str | EntityExtractor = "rules",
        facts: str | FactExtractor | LLM | Callable[[str], str] | None = "rules",
    ) -> None:
        """Take a place in a database; nothing is written before something is remembered."""
        self.db = db
        self.name = proper_str(name, "the name")
        self._turns = db.collection(name, embedder=embedder)
        self._sessions = db.collection(f"{name}.sessions", embedder=None)
        self._entities = get_extractor(extractor)
        self._learns = facts is not None
        self._facts = FactStore(
            db,
            f"{name}.facts",
            extractor="rules" if facts is None else facts,
            embedder=embedder,
        )

    @property
    def turns(self) -> Collection:
        """The collection of turns: their text is what they are found by."""
        return self._turns

    @property
    def facts(self) -> FactStore:
        """The facts of everybody; ``where="doc.user = 'ada'"`` asks for those of one user."""
        return self._facts

    def history(
        self,
        session: str | None = None,
        *,
        user: str | None = None,
        agent: str | None = None,
        last: int = 20,
    ) -> list[Turn]:
        """Give the last turns of a session, oldest first."""
        scope = Scope.of(user, agent, session)
        held = self._sessions.get(scope.key)
        if held is None or last < 1:
            return []
        found: list[Turn] = []
        stop = held.metadata["count"]
        while stop > 0 and len(found) < last:
            start = max(0, stop - last)
            ids = [turn_id(scope.key, position) for position in range(start, stop)]
            there = [turn_of(one) for one in self._turns.get_many(ids) if one is not None]
            found, stop = [*there, *found], start
        return found[-last:]

    def _record(self, turn: Turn, before: Turn | None, after: Turn | None) -> dict[str, Any]:
        found = self._entities.extract(turn.content, LEAST_CONFIDENCE)
        names = [(one.label, one.text, entity_key(one.text, one.label)) for one in found]
        return record_of(turn, window(turn, before, after), names)
