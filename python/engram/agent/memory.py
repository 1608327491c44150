"""An agent's memory: remember, recall, forget.

Owns: `AgentMemory`, `Remembered`, `Forgotten`. Collections of one memory: ``<name>`` (turns),
``<name>.facts``, ``<name>.sessions`` (how many turns each session had). Invariants: a call of
`remember` or `forget` is one commit; texts are embedded before the write lock is taken; the text
that a turn is found by holds no word of a turn that was forgotten.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from engram.agent.forgetting import forget_turns
from engram.agent.ranking import named_speakers, ranked
from engram.agent.recalling import Recall, packed
from engram.agent.turns import (
    Scope,
    Turn,
    read_messages,
    record_of,
    scoped,
    turn_id,
    turn_of,
    window,
)
from engram.checks import proper_str
from engram.enrich.dates import iso
from engram.enrich.entities import Entity, get_extractor
from engram.enrich.fact_store import FactStore
from engram.enrich.facts import statement_hash
from engram.enrich.resolution import entity_key, resolve
from engram.errors import Busy, InvalidInput
from engram.filtering import list_text, quoted
from engram.ingest import from_records
from engram.rag.lengths import as_counter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from engram.collection import Collection
    from engram.database import Database
    from engram.embed.calling import EmbedderChoice
    from engram.enrich.entities import EntityExtractor
    from engram.enrich.facts import Fact, FactExtractor
    from engram.enrich.resolution import Canonical
    from engram.llm import LLM
    from engram.rag.lengths import Length

__all__ = ["AgentMemory", "Forgotten", "Remembered"]

_WEIGHTS = {"lexical": 0.4, "semantic": 0.6}
_CANDIDATES = 100
_FACT_CUTOFF = 0.5
"""Facts that fit less than half as well as the best are left out."""

_NOT_SAID = frozenset({"system", "developer", "tool", "function"})
"""Roles whose messages nobody says: they are not remembered."""

_LEAST_WORDS_REPEATED = 6
"""From so many words on, what an agent says again in the same words is recalled, not new."""

_LEAST_CONFIDENCE = 0.5
_ATTEMPTS = 20
_MOST_SPEAKERS = 10_000


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


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was forgotten.

    Attributes:
        turns: How many turns.
        facts: How many facts.
    """

    turns: int
    facts: int


class AgentMemory:
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

    def recall(  # noqa: PLR0913 - whose, and how much of what
        self,
        query: str,
        *,
        user: str | None = None,
        agent: str | None = None,
        session: str | None = None,
        k: int = 10,
        recent: int = 4,
        facts: int = 10,
        max_tokens: int | None = None,
        length: Length = "tokens",
    ) -> Recall:
        """Give what is remembered for a question.

        Args:
            query: The question, or what was said last.
            user: Whose memory is searched; everybody's, unless given.
            agent: Which agent's.
            session: Whose last turns are given as `Recall.recent`; turns that fit come from all
                sessions.
            k: Most turns that fit, 1 or more.
            recent: Most last turns of the session, 0 or more.
            facts: Most facts, 0 or more.
            max_tokens: Most tokens of `Recall.text`; None for all of it.
            length: How tokens are counted; see `engram.rag.TextSplitter`.

        Raises:
            InvalidInput: ``query.empty``, ``input.invalid``.
        """
        for what, least, value in (
            ("k", 1, k),
            ("recent", 0, recent),
            ("facts", 0, facts),
            ("max_tokens", 1, 1 if max_tokens is None else max_tokens),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InvalidInput("input.invalid", f"{what} is {value!r}", f"{least} or more")
        where = scoped(user, agent, None)
        last = self.history(session, user=user, agent=agent, last=recent) if session else []
        results = self._turns.query(
            query,
            k=max(_CANDIDATES, 4 * k),
            weights=_WEIGHTS,
            where=where,
            missing="ignore",
        )
        speakers = self._turns.facets("speaker", where, limit=_MOST_SPEAKERS, missing="ignore")
        named = named_speakers(query, (str(name) for name, _ in speakers["speaker"]), user)
        by_named = [hit.id for hit in results if hit.metadata["speaker"] in named]
        given = {turn.id for turn in last}
        order = [
            one
            for one in ranked({hit.id: hit.score for hit in results}, by_named)
            if one[0] not in given
        ]
        turns = self._best(order, k)
        fitting = self._fitting(query, facts, scoped(user, agent, None, under="doc."))
        count = as_counter(length)
        text = packed(turns, last, fitting, max_tokens, count)
        return Recall(
            turns=tuple(turns),
            recent=tuple(last),
            facts=tuple(fitting),
            entities=tuple(self._named_in(query, turns)),
            text=text,
            tokens=count(text),
            report=results.report,
        )

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

    def _record(self, turn: Turn, before: Turn | None, after: Turn | None) -> dict[str, Any]:
        found = self._entities.extract(turn.content, _LEAST_CONFIDENCE)
        names = [(one.label, one.text, entity_key(one.text, one.label)) for one in found]
        return record_of(turn, window(turn, before, after), names)

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

    def _best(self, order: list[tuple[str, float]], k: int) -> list[Turn]:
        """Read the best turns; some neighbours are not there."""
        found: list[Turn] = []
        for start in range(0, len(order), 2 * k):
            part = order[start : start + 2 * k]
            records = self._turns.get_many([name for name, _ in part])
            found += [
                turn_of(record, score)
                for record, (_, score) in zip(records, part)
                if record is not None
            ]
            if len(found) >= k:
                break
        return found[:k]

    def _fitting(self, query: str, most: int, where: str | None) -> list[Fact]:
        """Give the facts that fit, and beside each what else was ever said of it."""
        if not most:
            return []
        hits = self._facts.collection.query(
            query, k=most, where=where, missing="ignore", cutoff=_FACT_CUTOFF
        )
        found: dict[str, Fact] = {}
        for hit in hits:
            about = hit.metadata
            if hit.id not in found:
                same = self._facts.memories(about["entity"], about["slot"], where=where)
                alike = [fact for fact in same if fact.valid_to is None or fact.id == hit.id]
                chosen = same if len(same) <= most else alike
                found.update((fact.id, fact) for fact in reversed(chosen))
        return list(found.values())[:most]

    def _named_in(self, query: str, turns: list[Turn]) -> list[Canonical]:
        """Give who and what is named, those of the question first, then the most frequent."""
        asked = self._entities.extract(query, _LEAST_CONFIDENCE)
        records = self._turns.get_many([turn.id for turn in turns])
        names = [
            Entity(name, label, 0, len(name))
            for record in records
            if record is not None
            for label, name in record.metadata["names"]
        ]
        resolved = resolve([*asked, *names])
        counts = Counter(one.key for one in resolved[len(asked) :])
        by_key = {one.key: one for one in resolved}
        first = list(dict.fromkeys(one.key for one in resolved[: len(asked)]))
        rest = sorted(set(by_key) - set(first), key=lambda key: (-counts[key], key))
        return [by_key[key] for key in (*first, *rest)]

    def __len__(self) -> int:
        """Count the turns."""
        return len(self._turns)

    def __bool__(self) -> bool:
        """Be true, turns or none."""
        return True

    def __repr__(self) -> str:
        """Show the file and the name."""
        return f"AgentMemory({self.db.path!r}, {self.name!r})"
