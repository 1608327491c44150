"""Facts as records, and back.

Owns: the form of a fact's record: the statement as its text, the fact in its metadata, and under
``doc`` what is known of its document, so that whoever deletes a document finds its facts by
``doc.id``.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from engram.enrich.dates import iso
from engram.enrich.facts import Fact, statement_hash
from engram.enrich.resolution import plain_name
from engram.enrich.validity import value_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engram.records import Record

__all__ = ["fact_of", "record_of", "said"]


def said(fact: Fact) -> tuple[str, str, str, str]:
    """Say what two facts of the same words have in common."""
    entity = plain_name(fact.entity, "PERSON")
    return entity, fact.slot, value_key(fact.value), statement_hash(fact.statement)


def record_of(fact: Fact, about: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give a fact as a record."""
    metadata: dict[str, Any] = {
        "entity": fact.entity,
        "entity_key": plain_name(fact.entity, "PERSON"),
        "slot": fact.slot,
        "value": fact.value,
        "value_key": value_key(fact.value),
        "confidence": fact.confidence,
        "extractor": fact.extractor,
        "mark": statement_hash(fact.statement),
    }
    for name in ("valid_from", "valid_to"):
        moment = getattr(fact, name)
        if moment is not None:
            metadata[name] = iso(moment)
    for name in ("passage", "start", "end"):
        if getattr(fact, name) is not None:
            metadata[name] = getattr(fact, name)
    if fact.ended:
        metadata["ended"] = True
    doc = {**(about or {}), **({} if fact.document is None else {"id": fact.document})}
    if doc:
        metadata["doc"] = doc
    text = fact.statement or f"{fact.entity}: {fact.slot} is {fact.value}"
    return {"id": fact.id, "text": text, "metadata": metadata}


def fact_of(record: Record) -> Fact:
    """Read a fact from its record."""
    held = record.metadata or {}

    def moment(name: str) -> datetime | None:
        return None if name not in held else datetime.fromisoformat(held[name][:-1] + "+00:00")

    return Fact(
        entity=held["entity"],
        slot=held["slot"],
        value=held["value"],
        valid_from=moment("valid_from"),
        valid_to=moment("valid_to"),
        statement=record.text or "",
        document=(held.get("doc") or {}).get("id"),
        passage=held.get("passage"),
        start=held.get("start"),
        end=held.get("end"),
        confidence=held["confidence"],
        extractor=held["extractor"],
        ended=bool(held.get("ended", False)),
        recorded=record.created,
        id=record.id,
    )
