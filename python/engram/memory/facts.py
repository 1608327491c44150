"""Facts that documents state: found, asked for, put right, exported.

Owns: `Facts`, the verbs of a memory that are about facts, and `Enriched`. The facts are those of
`engram.enrich.FactStore` in the memory's own collection, with ``doc.id``: deleting or replacing a
document deletes its facts in the same commit. Invariant: which documents were read for facts, and
by what, is in the documents' own records, written in the commit of their facts. Texts are read
before the write lock is taken.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from engram.enrich.fact_store import FactStore
from engram.enrich.facts import get_fact_extractor
from engram.enrich.validity import CORRECTION
from engram.errors import EngramError
from engram.filtering import quoted
from engram.memory.keeping import Keeping
from engram.memory.layout import DOC_ID, RESERVED, passage_id
from engram.memory.outcomes import Failed

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from engram.access import AccessContext
    from engram.enrich.fact_store import FactFormat
    from engram.enrich.facts import Fact, FactExtractor
    from engram.llm import LLM
    from engram.records import Record

__all__ = ["Enriched", "Facts"]

_READ_BY = "facts"
"""The key of a document's record that names the extractor which read it."""

_SHARED = ("id", "uri", "title", "timestamp", "access")
"""What facts repeat of their document."""

_BATCH = 64
"""Documents whose facts are written in one commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enriched:
    """What reading documents for facts came to. Frozen.

    Attributes:
        documents: How many were read.
        facts: How many facts they state.
        skipped: How many had been read by the same extractor before.
        failed: Those that could not be read, and why.
    """

    documents: int
    facts: int
    skipped: int
    failed: tuple[Failed, ...]


class Facts(Keeping):
    """The verbs of a memory that are about facts."""

    @property
    def facts(self) -> FactStore:
        """The memory's facts, by rules; searched by words."""
        return FactStore(self.db, self.layout.facts, embedder=None)

    def enrich(
        self,
        *names: str,
        engine: str | FactExtractor | LLM | Callable[[str], str] = "rules",
        force: bool = False,
    ) -> Enriched:
        """Read documents for facts; which were read is written in the commit of their facts.

        Args:
            names: Ids or uris of documents; all of them, unless given.
            engine: What finds facts: ``"rules"``, offline; ``"provider:model"``, or a language
                model; see `engram.enrich.get_fact_extractor`.
            force: Read again what the same engine has read.

        Returns:
            What it came to. One document that cannot be read keeps no other out.
        """
        extractor = get_fact_extractor(engine)
        store = FactStore(self.db, self.layout.facts, extractor=extractor, embedder=None)
        documents = self._named(list(names)) if names else self._documents.iterate()
        read = found = skipped = 0
        failed: list[Failed] = []
        batch: list[tuple[Record, list[Fact]]] = []
        for record in documents:
            about = record.metadata[RESERVED]
            if about.get(_READ_BY) == extractor.name and not force:
                skipped += 1
                continue
            try:
                batch.append((record, self._facts_in(store, record)))
            except EngramError as error:
                failed.append(Failed(name=about.get("uri") or record.id, error=error))
                continue
            read += 1
            if len(batch) == _BATCH:
                found, batch = found + self._put_facts(store, batch), []
        found += self._put_facts(store, batch)
        failed.sort(key=lambda one: one.name)
        return Enriched(documents=read, facts=found, skipped=skipped, failed=tuple(failed))

    def memories(
        self,
        entity: str | None = None,
        slot: str | None = None,
        *,
        at: datetime | None = None,
        access: AccessContext | None = None,
    ) -> list[Fact]:
        """Give the facts that are known, oldest first, each with its source and its time.

        Args:
            entity: Of whom or what; everything, unless given.
            slot: What about it, such as ``"employer"``.
            at: Only what held at that moment.
            access: Who asks; only facts of documents that they may see are given, and count.
        """
        return self.facts.memories(entity, slot, at=at, where=_seen(access))

    def state(
        self,
        entity: str,
        slot: str,
        *,
        at: datetime | None = None,
        access: AccessContext | None = None,
    ) -> Fact | None:
        """Give the fact that holds of an entity and a slot, or None.

        Args:
            entity: Of whom or what.
            slot: What about it.
            at: When; as of the newest that is known, unless given.
            access: Who asks.
        """
        return self.facts.state(entity, slot, at=at, where=_seen(access))

    def correct(
        self,
        entity: str,
        slot: str,
        value: str,
        *,
        since: datetime | None = None,
        source: str | None = None,
    ) -> Fact:
        """Put a fact right; what was known is kept, and told as it was corrected.

        Args:
            entity: Of whom or what.
            slot: What about it.
            value: What is right.
            since: Since when; since the fact that is put right, unless given.
            source: The id of a document that it is known from.
        """
        return self.facts.correct(entity, slot, value, since=since, source=source)

    def export_facts(
        self,
        format: FactFormat = "json",
        *,
        entity: str | None = None,
        with_provenance: bool = True,
        access: AccessContext | None = None,
    ) -> str:
        """Write facts as text.

        Args:
            format: ``"json"`` (a list), ``"jsonl"`` or ``"csv"``.
            entity: Of whom or what; everything, unless given.
            with_provenance: Whether sources, extractors and confidences are written too.
            access: Who asks.
        """
        return self.facts.export(
            format, entity=entity, provenance=with_provenance, where=_seen(access)
        )

    def _facts_in(self, store: FactStore, record: Record) -> list[Fact]:
        """Find a document's facts, each with its passage."""
        about = record.metadata[RESERVED]
        when = datetime.fromisoformat(about["timestamp"].replace("Z", "+00:00"))
        found = store.read(record.text or "", document=record.id, when=when)
        passages = self._places(record.id, about["passages"]) if found else []
        return [replace(fact, passage=_passage(passages, fact.start)) for fact in found]

    def _put_facts(self, store: FactStore, batch: list[tuple[Record, list[Fact]]]) -> int:
        """Put documents' facts in place of those that were found before, in one commit."""
        if not batch:
            return 0
        count = 0
        with nullcontext() if self.db._active() is not None else self.db.transaction():
            there = self._documents.get_many([record.id for record, _ in batch])
            for (record, facts), now in zip(batch, there, strict=True):
                about = record.metadata[RESERVED]
                if now is None or now.metadata[RESERVED]["digest"] != about["digest"]:
                    continue  # deleted or replaced meanwhile: what replaced it is not read yet
                old = f"{DOC_ID} = {quoted(record.id)} AND extractor != {quoted(CORRECTION)}"
                store.collection.delete_where(old, missing="ignore")
                shared = {name: about[name] for name in _SHARED if name in about}
                count += len(store.add(facts, about=shared))
                marked: dict[str, Any] = {**now.metadata[RESERVED], _READ_BY: store.extractor.name}
                self._documents.update(record.id, metadata={RESERVED: marked})
        return count

    def _places(self, document: str, count: int) -> list[tuple[int, int, str]]:
        """Say where a document's passages begin and end."""
        ids = [passage_id(document, position) for position in range(count)]
        return [
            (one.metadata[RESERVED]["start"], one.metadata[RESERVED]["end"], one.id)
            for one in self._passages.get_many(ids)
            if one is not None
        ]


def _passage(places: list[tuple[int, int, str]], start: int | None) -> str | None:
    """Give the passage that a place of the document is in."""
    if start is None:
        return None
    return next((one for low, high, one in places if low <= start < high), None)


def _seen(access: AccessContext | None) -> str | None:
    return access.where() if access is not None and access.enforced else None
