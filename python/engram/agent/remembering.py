"""Storing what was said.

Owns: `Remembering`, the verb `remember`, and `Remembered`. Invariants: texts are embedded before
the write lock is taken; two writers of one session lose no turn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from engram.agent.base import Base
from engram.agent.turns import Scope, Turn, read_messages, scoped, turn_id, turn_of
from engram.enrich.dates import iso
from engram.enrich.facts import statement_hash
from engram.errors import Busy
from engram.filtering import list_text, quoted
from engram.ingest import from_records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from engram.enrich.facts import Fact

__all__ = ["Remembered", "Remembering"]

_NOT_SAID = frozenset({"system", "developer", "tool", "function"})
"""Roles whose messages nobody says: they are not remembered."""

_LEAST_WORDS_REPEATED = 6
"""From so many words on, what an agent says again in the same words is recalled, not new."""

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Remembered:
    """What became of messages.

    Attributes:
        turns: Those that were stored.
        facts: The facts that were new in them.
        skipped: Why the others were not, by their index: ``"role"``, ``"empty"``, ``"known"`` (a
            message of that id is there), ``"recalled"``.
    """

    turns: tuple[Turn, ...]
    facts: tuple[Fact, ...]
    skipped: Mapping[int, str]


class Remembering(Base):
    """The verb that stores."""

    def remember(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        user: str | None = None,
        agent: str | None = None,
        session: str | None = None,
        when: datetime | None = None,
    ) -> Remembered:
        """Store messages behind those of their session, and the facts that users state in them.

        What `recall` gave is not stored again: text between its marks is taken out of messages,
        what an agent says again in the same words is passed over, and a fact is learned once.

        Args:
            messages: New messages, oldest first: ``role``, ``content``, and where known ``name`` or
                ``speaker``, ``time`` (or ``timestamp``), ``id``. One whose id is there is passed
                over. Messages of the roles system, developer, tool and function are not remembered.
            user: Whose memory it is.
            agent: Which agent's.
            session: Which conversation; ``"default"``, unless given.
            when: When it was said, for messages without a time; now, unless given.

        Raises:
            InvalidInput: ``input.invalid``, with ``details["index"]``; what the extractors raise.
            Busy: ``lock.timeout``.
        """
        scope = Scope.of(user, agent, session)
        said = read_messages(messages, scope, when)
        skipped = self._skipped(said, scope)
        new = [turn for index, turn in enumerate(said) if index not in skipped]
        if not new:
            return Remembered((), (), skipped)
        for _ in range(_ATTEMPTS):
            held = self._sessions.get(scope.key)
            count = held.metadata["count"] if held is not None else 0
            placed = [
                replace(turn, id=turn_id(scope.key, count + index), position=count + index)
                for index, turn in enumerate(new)
            ]
            records = self._records_behind(placed, count, scope)
            batches = list(from_records(records, len(records)))
            for batch in batches:
                self._turns._embed(batch)
                batch.own_vectors = None  # nothing is embedded under the lock
            found = self._facts_in(placed)
            if self.db._active() is not None:
                learned = self._store(batches, found, count, len(placed), scope)
            else:
                with self.db.transaction():
                    learned = self._store(batches, found, count, len(placed), scope)
            if learned is not None:
                return Remembered(tuple(placed), tuple(learned), skipped)
        raise Busy(
            "lock.timeout",
            f"other writers were quicker {_ATTEMPTS} times in session {scope.session!r}",
            "try again, or give each writer a session of its own",
        )

    def _skipped(self, said: list[Turn], scope: Scope) -> dict[int, str]:
        """Say which messages are not to be stored, and why."""
        ids = sorted({turn.message for turn in said if turn.message is not None})
        known = set()
        if ids:
            where = f"message IN {list_text(ids, 'ids')} AND session = {quoted(scope.session)}"
            narrowed = scoped(scope.user, scope.agent, None)
            where = where if narrowed is None else f"{where} AND {narrowed}"
            found = self._turns.iterate(where, missing="ignore")
            known = {one.metadata["message"] for one in found}
        skipped = {}
        for index, turn in enumerate(said):
            if turn.role in _NOT_SAID:
                skipped[index] = "role"
            elif not turn.content:
                skipped[index] = "empty"
            elif turn.message is not None and turn.message in known:
                skipped[index] = "known"
            elif turn.role == "assistant" and self._is_repeated(turn, scope):
                skipped[index] = "recalled"
            elif turn.message is not None:
                known.add(turn.message)
        return skipped

    def _is_repeated(self, turn: Turn, scope: Scope) -> bool:
        """Say whether an agent's words are those of a turn that is there."""
        if len(turn.content.split()) < _LEAST_WORDS_REPEATED:
            return False
        where = f"mark = {quoted(statement_hash(turn.content))}"
        narrowed = scoped(scope.user, None, None)
        where = where if narrowed is None else f"{where} AND {narrowed}"
        return self._turns.count(where, missing="ignore") > 0

    def _records_behind(self, placed: list[Turn], count: int, scope: Scope) -> list[dict[str, Any]]:
        """Give the records of new turns, and that of the turn before them, which now has a next."""
        ids = [turn_id(scope.key, position) for position in (count - 2, count - 1) if position >= 0]
        there = {one.id: turn_of(one) for one in self._turns.get_many(ids) if one is not None}
        line: list[Turn | None] = [
            *(there.get(turn_id(scope.key, position)) for position in (count - 2, count - 1)),
            *placed,
            None,
        ]
        return [
            self._record(turn, before, after)
            for before, turn, after in zip(line, line[1:], line[2:])
            if turn is not None
        ]

    def _facts_in(self, turns: list[Turn]) -> list[Fact]:
        """Find the facts that users state."""
        if not self._learns:
            return []
        return [
            fact
            for turn in turns
            if turn.role == "user"
            for fact in self._facts.read(
                turn.content, document=turn.id, speaker=turn.speaker, when=turn.time
            )
        ]

    def _store(
        self, batches: list[Any], facts: list[Fact], count: int, new: int, scope: Scope
    ) -> list[Fact] | None:
        """Write turns and facts, unless somebody else has written to the session meanwhile."""
        held = self._sessions.get(scope.key)
        if (held.metadata["count"] if held is not None else 0) != count:
            return None
        for batch in batches:
            self._turns._store(batch)
        now = iso(datetime.now(timezone.utc))
        started = held.metadata["started"] if held is not None else now
        about = {**scope.about(), "count": count + new, "started": started, "updated": now}
        self._sessions.put(scope.key, metadata=about)
        own = scoped(scope.user, scope.agent, None, under="doc.")
        return self._facts.add(self._facts.unsaid(facts, where=own), about=scope.about())
