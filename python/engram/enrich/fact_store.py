"""Facts in a database: learned, asked for, put right, exported, forgotten.

Owns: `FactStore`. Invariant: learning a text again adds nothing. The form of the records is in
`engram.enrich.fact_records`, what follows from facts for their times in `engram.enrich.validity`.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

from engram.checks import proper_str
from engram.enrich.dates import aware
from engram.enrich.entities import Entity
from engram.enrich.fact_records import fact_of, record_of, said
from engram.enrich.facts import Fact, fact_id, get_fact_extractor, slot_name, statement_hash
from engram.enrich.resolution import marks, plain_name, resolve
from engram.enrich.validity import CORRECTION, holds, settle
from engram.errors import InvalidInput
from engram.filtering import filter_text, list_text, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from engram.collection import Collection
    from engram.database import Database
    from engram.embed.calling import EmbedderChoice
    from engram.enrich.facts import FactExtractor
    from engram.llm import LLM
    from engram.types import Where

__all__ = ["FactFormat", "FactStore"]

FactFormat = Literal["json", "jsonl", "csv"]
_MOST_ENTITIES = 100_000
_SOURCE = (
    "document",
    "passage",
    "start",
    "end",
    "statement",
    "extractor",
    "confidence",
    "recorded",
)


class FactStore:
    """The facts of one collection.

    Args:
        database: An open database.
        collection: The collection's name; made at the first fact.
        extractor: What finds facts: see `get_fact_extractor`.
        embedder: What embeds the statements, to be searched; None to search them by words alone.
    """

    def __init__(
        self,
        database: Database,
        collection: str = "memory.facts",
        *,
        extractor: str | FactExtractor | LLM | Callable[[str], str] = "rules",
        embedder: EmbedderChoice = "default",
    ) -> None:
        """Take the collection; the file is not touched."""
        self._database = database
        self._records = database.collection(collection, embedder=embedder)
        self._extractor = get_fact_extractor(extractor)

    @property
    def collection(self) -> Collection:
        """The collection, to be searched."""
        return self._records

    @property
    def extractor(self) -> FactExtractor:
        """What finds facts."""
        return self._extractor

    def learn(  # noqa: PLR0913 - each says something of its own about the source
        self,
        text: str,
        *,
        document: str | None = None,
        passage: str | None = None,
        offset: int = 0,
        speaker: str | None = None,
        when: datetime | None = None,
        about: Mapping[str, Any] | None = None,
        again: bool = True,
    ) -> list[Fact]:
        """Find the facts of a text and store them, in one commit.

        Args:
            text: What is said.
            document: The id of what it is a part of.
            passage: The id of the passage.
            offset: Where the text begins in the document.
            speaker: Whom "I" means.
            when: When it was said; now, unless given.
            about: More about the document, kept under ``doc`` (its uri, its access list).
            again: Whether a statement that another document made in the same words is stored for
                this one too. It is told once in any case; False keeps recalled text out.

        Returns:
            The facts that were not stored before.
        """
        found = self.read(
            text, document=document, passage=passage, offset=offset, speaker=speaker, when=when
        )
        if not again:
            found = self.unsaid(found)
        return self.add(found, about=about)

    def read(
        self,
        text: str,
        *,
        document: str | None = None,
        passage: str | None = None,
        offset: int = 0,
        speaker: str | None = None,
        when: datetime | None = None,
    ) -> list[Fact]:
        """Find the facts of a text as `learn` does, and store none."""
        said = aware(when) if when is not None else None
        return [
            replace(
                fact,
                document=document,
                passage=passage,
                start=None if fact.start is None else fact.start + offset,
                end=None if fact.end is None else fact.end + offset,
                extractor=self._extractor.name,
            )
            for fact in self._extractor.facts(text, speaker=speaker, when=said)
        ]

    def unsaid(self, facts: Iterable[Fact], *, where: Where | None = None) -> list[Fact]:
        """Leave out facts that a stored statement of the same words makes, whosever it is.

        Args:
            facts: Facts that were read.
            where: A filter for the stored facts that count.
        """
        given = list(facts)
        marks = sorted({statement_hash(fact.statement) for fact in given})
        if not marks:
            return []
        test = f"mark IN {list_text(marks, 'marks')}"
        if where is not None:
            test = f"{test} AND ({filter_text(where)})"
        known = {said(fact_of(one)) for one in self._records.iterate(test, missing="ignore")}
        return [fact for fact in given if said(fact) not in known]

    def add(self, facts: Iterable[Fact], *, about: Mapping[str, Any] | None = None) -> list[Fact]:
        """Store facts, in one commit; those that are stored stay as they are.

        Returns:
            Those that were not, with their ids.
        """
        named = {fact_id(fact): fact for fact in facts}
        known = self._records.get_many(list(named))
        now = datetime.now(timezone.utc)
        new = [
            replace(fact, id=name, recorded=now)
            for (name, fact), record in zip(named.items(), known)
            if record is None
        ]
        if new:
            self._records.put_many([record_of(fact, about) for fact in new], batch_size=len(new))
        return new

    def memories(
        self,
        entity: str | None = None,
        slot: str | None = None,
        *,
        at: datetime | None = None,
        where: Where | None = None,
    ) -> list[Fact]:
        """Give what is known, oldest first: what holds and what held, each with its time.

        Contradictions stand beside each other: of a slot with one value a newer fact ends the older
        one (``valid_to``), and both are given.

        Args:
            entity: Of whom; everybody, unless given. Other forms of the name are found too.
            slot: What about them; everything, unless given.
            at: Only what held at that moment.
            where: A filter over the facts' records, for what the caller may see.

        Raises:
            InvalidInput: ``input.invalid``; filter errors.
        """
        tests = [] if where is None else [f"({filter_text(where)})"]
        group: dict[str, str] = {}
        if entity is not None:
            names = self._forms(proper_str(entity, "the entity"))
            group = dict.fromkeys(names, names[0])
            tests.append(f"entity_key IN {list_text(names, 'entities')}")
        if slot is not None:
            tests.append(f"slot = {quoted(slot_name(proper_str(slot, 'the slot')))}")
        records = self._records.iterate(" AND ".join(tests) or None, missing="ignore")
        facts = settle((fact_of(record) for record in records), group)
        return facts if at is None else [fact for fact in facts if holds(fact, aware(at))]

    def state(
        self, entity: str, slot: str, *, at: datetime | None = None, where: Where | None = None
    ) -> Fact | None:
        """Give the fact that holds: the newest, where several do; None where none does.

        Args:
            entity: Of whom.
            slot: What about them.
            at: When; as of the newest that is known, unless given.
            where: As for `memories`.
        """
        moment = aware(at) if at is not None else None
        facts = self.memories(entity, slot, where=where)
        return next((fact for fact in reversed(facts) if holds(fact, moment)), None)

    def profile(
        self, entity: str, *, at: datetime | None = None, where: Where | None = None
    ) -> dict[str, list[Fact]]:
        """Give all that holds of somebody, by slot, oldest first."""
        moment = aware(at) if at is not None else None
        slots: dict[str, list[Fact]] = {}
        for fact in self.memories(entity, where=where):
            if holds(fact, moment):
                slots.setdefault(fact.slot, []).append(fact)
        return slots

    def entities(self) -> dict[str, int]:
        """Say of whom something is known: how many facts by name, sorted by name."""
        found = self._records.facets("entity", limit=_MOST_ENTITIES, missing="ignore")["entity"]
        return {str(value): count for value, count in sorted(found)}

    def correct(  # noqa: PLR0913 - what, since when, and by whom
        self,
        entity: str,
        slot: str,
        value: str,
        *,
        since: datetime | None = None,
        source: str | None = None,
        about: Mapping[str, Any] | None = None,
        where: Where | None = None,
    ) -> Fact:
        """Put right what is known. What was stored stays, with the time until which it was held.

        Args:
            entity: Of whom.
            slot: What about them.
            value: What is right.
            since: Since when; unless given, since the fact that is put right, which then never
                held.
            source: Where it is known from: the id of a document or message.
            about: More about the source, kept under ``doc``.
            where: As for `memories`: which facts may be put right.

        Returns:
            The correction: a fact of the extractor ``"correction"``, which outranks others of its
            time.
        """
        for given, what in ((entity, "the entity"), (slot, "the slot"), (value, "the value")):
            if not proper_str(given, what).strip():
                raise InvalidInput("input.invalid", f"{what} is empty", "say what is right")
        wrong = self.state(entity, slot, where=where)
        begin = since or (wrong.valid_from if wrong is not None else None)
        fact = Fact(
            entity=wrong.entity if wrong is not None else entity,
            slot=slot_name(slot),
            value=value,
            valid_from=aware(begin) if begin else datetime.now(timezone.utc),
            statement=f"{entity}: {slot_name(slot)} is {value}",
            document=source,
            extractor=CORRECTION,
        )
        self.add([fact], about=about)
        (stored,) = self._records.get_many([fact_id(fact)])
        assert stored is not None
        return fact_of(stored)

    def export(
        self,
        format: FactFormat = "json",
        *,
        entity: str | None = None,
        provenance: bool = True,
        where: Where | None = None,
    ) -> str:
        """Write what is known as text.

        Args:
            format: ``"json"`` (a list), ``"jsonl"`` or ``"csv"``.
            entity: Of whom; everybody, unless given.
            provenance: Whether sources, extractors and confidences are written too.
            where: As for `memories`.

        Raises:
            InvalidInput: ``input.invalid`` for another format.
        """
        if format not in {"json", "jsonl", "csv"}:
            raise InvalidInput(
                "input.invalid", f"unknown format {format!r}", "one of: json, jsonl, csv"
            )
        rows = [fact.to_dict() for fact in self.memories(entity, where=where)]
        if not provenance:
            rows = [{key: row[key] for key in row if key not in _SOURCE} for row in rows]
        if format == "json":
            return json.dumps(rows, ensure_ascii=False, indent=2)
        if format == "jsonl":
            return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        text = io.StringIO()
        columns = [key for key in Fact("", "", "").to_dict() if provenance or key not in _SOURCE]
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    def forget(self, document: str) -> int:
        """Delete the facts of a document; what they ended holds again. Says how many there were."""
        test = f"doc.id = {quoted(proper_str(document, 'the document'))}"
        return self._records.delete_where(test, missing="ignore")

    def _forms(self, entity: str) -> list[str]:
        """Give the plain names that stand for an entity, its own first."""
        asked = plain_name(entity, "PERSON")
        found = self._records.facets("entity_key", limit=_MOST_ENTITIES, missing="ignore")
        names = _near(asked, [str(value) for value, _ in found["entity_key"]])
        people = [Entity(name, "PERSON", 0, len(name)) for name in (asked, *names)]
        keys = [one.key for one in resolve(people)]
        return list(
            dict.fromkeys([asked, *(name for name, key in zip(names, keys[1:]) if key == keys[0])])
        )

    def __len__(self) -> int:
        """Count the facts that are stored."""
        return len(self._records)

    def __iter__(self) -> Iterator[Fact]:
        """Go through what is known, as `memories` gives it."""
        return iter(self.memories())

    def __repr__(self) -> str:
        """Show collection and extractor."""
        return f"FactStore({self._records.name!r}, {self._extractor!r})"


def _near(asked: str, names: list[str]) -> list[str]:
    """Give the names that may be forms of one asked for, or of one of those."""
    by_name = {name: marks(name) for name in names}
    reached = marks(asked)
    for _ in range(2):
        reached = reached.union(*(own for own in by_name.values() if own & reached))
    return [name for name, own in by_name.items() if own & reached]
