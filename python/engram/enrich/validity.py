"""From when to when each fact holds, beside the others.

Owns: `settle`: a newer value ends the older one, what is said to be over is, and what is said again
is told once. Invariant: it reads facts and changes none that is stored, so that a document's facts
can be forgotten and what they ended holds again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from engram.enrich.facts import SEVERAL, Fact, statement_hash
from engram.enrich.resolution import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["holds", "settle", "value_key"]

_BEGINNING = datetime.min.replace(tzinfo=timezone.utc)
CORRECTION = "correction"
"""The extractor of what somebody put right."""


def value_key(value: str) -> str:
    """Give what two values that say the same have in common."""
    return plain_name(value, "MISC")


def settle(facts: Iterable[Fact], group: dict[str, str] | None = None) -> list[Fact]:
    """Give facts with the times that follow from all of them, oldest first.

    Args:
        facts: Facts of any entities and slots, all that there are of each.
        group: For an entity's plain name the name that its facts are gathered under, where several
            are one.
    """
    by_slot: dict[tuple[str, str], list[Fact]] = {}
    for fact in _told_once(facts):
        name = plain_name(fact.entity, "PERSON")
        by_slot.setdefault(((group or {}).get(name, name), fact.slot), []).append(fact)
    settled: list[Fact] = []
    for (_, slot), same in by_slot.items():
        settled.extend(_closed(same, single=slot not in SEVERAL))
    return sorted(settled, key=_order)


def holds(fact: Fact, at: datetime | None = None) -> bool:
    """Say whether a settled fact holds: at a moment, or as of the newest that is known."""
    if fact.ended or (fact.valid_to is not None and fact.valid_from == fact.valid_to):
        return False
    if at is None:
        return fact.valid_to is None or fact.valid_to > datetime.now(timezone.utc)
    return (fact.valid_from or _BEGINNING) <= at and (fact.valid_to is None or at < fact.valid_to)


def _order(fact: Fact) -> tuple[datetime, bool, datetime, str]:
    """Order facts by when they begin to hold; a correction comes after what it corrects."""
    begins = fact.valid_from or (fact.valid_to if fact.ended else None) or _BEGINNING
    return begins, fact.extractor == CORRECTION, fact.recorded or _BEGINNING, fact.id


def _told_once(facts: Iterable[Fact]) -> list[Fact]:
    """Leave out what another fact says in the same words: the one stored first stays."""
    first: dict[tuple[str, ...], Fact] = {}
    for fact in sorted(facts, key=lambda one: (one.recorded or _BEGINNING, one.id)):
        said = statement_hash(fact.statement) if fact.statement else fact.id
        key = (plain_name(fact.entity, "PERSON"), fact.slot, value_key(fact.value), said)
        first.setdefault(key, fact)
    return list(first.values())


def _closed(facts: list[Fact], *, single: bool) -> list[Fact]:
    ordered = sorted(facts, key=_order)
    settled = []
    for index, fact in enumerate(ordered):
        until = fact.valid_to
        key = value_key(fact.value)
        for later in ordered[index + 1 :]:
            over = later.valid_to if later.ended else later.valid_from
            if over is None or (until is not None and until <= over):
                continue
            same = value_key(later.value) == key
            ends = same if later.ended else (single or later.extractor == CORRECTION) and not same
            if ends and not fact.ended:
                until = max(over, fact.valid_from or over)
                break
        settled.append(replace(fact, valid_to=until))
    return settled
