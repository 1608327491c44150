"""Finding what was said, for a question.

Owns: `Searching`, the verb `recall`. What it gives, and how that is packed, is in
`engram.agent.recalling`; the order of turns in `engram.agent.ranking`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from engram.agent.base import LEAST_CONFIDENCE, Base
from engram.agent.ranking import named_speakers, ranked
from engram.agent.recalling import Recall, packed
from engram.agent.turns import Turn, scoped, turn_of
from engram.enrich.entities import Entity
from engram.enrich.resolution import resolve
from engram.errors import InvalidInput
from engram.rag.lengths import as_counter

if TYPE_CHECKING:
    from engram.enrich.facts import Fact
    from engram.enrich.resolution import Canonical
    from engram.rag.lengths import Length

__all__ = ["Searching"]

_WEIGHTS = {"lexical": 0.4, "semantic": 0.6}
_CANDIDATES = 100
_FACT_CUTOFF = 0.5
"""Facts that fit less than half as well as the best are left out."""

_MOST_SPEAKERS = 10_000


class Searching(Base):
    """The verb that finds."""

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
            include=("metadata",),
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
        asked = self._entities.extract(query, LEAST_CONFIDENCE)
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
