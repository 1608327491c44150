"""Facts: what a text says of whom, from when to when, and where it says so.

Owns: `Fact`, the protocol `FactExtractor`, `get_fact_extractor`, and which slots hold several
values at a time. Invariant: a fact names its source as far as it is known; who reads it can check.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from engram.enrich.dates import iso
from engram.enrich.resolution import plain_name
from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

    from engram.llm import LLM

__all__ = [
    "SEVERAL",
    "USER",
    "Fact",
    "FactExtractor",
    "fact_id",
    "get_fact_extractor",
    "slot_name",
    "statement_hash",
]

USER = "user"
"""Whom "I" means where nobody says who speaks."""

SEVERAL = frozenset({"likes", "dislikes", "prefers", "speaks", "allergy", "owns", "visited",
    "hobby", "friend", "child", "sibling", "parent", "pet", "founder_of", "skill", "knows", "plans",
    "colleague"})  # fmt: skip
"""Slots that hold several values at a time; in every other a newer value ends the older one."""

_ID_BYTES = 12


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a text says.

    Attributes:
        entity: Of whom or what, as the text names it.
        slot: What about it, such as ``"employer"``.
        value: What it is.
        valid_from: Since when, as far as is known: what the text says, else when it was said.
        valid_to: Until when; None where it still holds.
        statement: The sentence that says so.
        document: The id of the document or message.
        passage: The id of the passage.
        start: The sentence's first character in the document's text.
        end: The character after its last.
        confidence: 0 to 1: how sure the extractor is.
        extractor: What found it: ``"rules"``, ``"llm:..."``, ``"correction"``.
        ended: Whether the text says that it no longer holds.
        recorded: When it was stored.
        id: Its record's id.
    """

    entity: str
    slot: str
    value: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    statement: str = ""
    document: str | None = None
    passage: str | None = None
    start: int | None = None
    end: int | None = None
    confidence: float = 1.0
    extractor: str = "rules"
    ended: bool = False
    recorded: datetime | None = None
    id: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give the attributes as a dict, times as ISO 8601 text."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: iso(value) if hasattr(value, "isoformat") else value
            for name, value in values.items()
        }


@runtime_checkable
class FactExtractor(Protocol):
    """Finds facts in texts."""

    @property
    def name(self) -> str:
        """What it is; stored with each fact."""

    def facts(
        self, text: str, *, speaker: str | None = None, when: datetime | None = None
    ) -> list[Fact]:
        """Find the facts of a text.

        Args:
            text: Any text. The facts' `start` and `end` are places in it.
            speaker: Whom "I" means.
            when: When it was said; what "last year" counts from.
        """


def get_fact_extractor(
    source: str | FactExtractor | LLM | Callable[[str], str] = "rules",
) -> FactExtractor:
    """Give an extractor of facts.

    Args:
        source: ``"rules"``; ``"provider:model"`` for `engram.llm.get_llm`; an extractor, which is
            given back; a language model, or a function from prompt to answer.

    Raises:
        InvalidInput: ``input.invalid`` where it is none of them; what `get_llm` raises.
    """
    if source == "rules":
        from engram.enrich.fact_rules import RuleFacts

        return RuleFacts()
    if callable(getattr(source, "facts", None)):
        return cast("FactExtractor", source)
    from engram.enrich.fact_models import ModelFacts

    if isinstance(source, str):
        if ":" not in source:
            raise InvalidInput(
                "input.invalid",
                f"unknown extractor of facts {source!r}",
                '"rules", "provider:model", or a language model',
            )
        from engram.llm import get_llm

        return ModelFacts(get_llm(source), name=f"llm:{source}")
    return ModelFacts(cast("LLM | Callable[[str], str]", source))


def slot_name(slot: str) -> str:
    """Give a slot's name as it is stored: lower-case words with underscores between."""
    return "_".join(slot.lower().replace("_", " ").replace("-", " ").split())


def statement_hash(text: str) -> str:
    """Give what two statements of the same words have in common."""
    words = " ".join(text.casefold().split()).strip(" .!\"'")
    return hashlib.blake2b(words.encode(), digest_size=_ID_BYTES).hexdigest()


def fact_id(fact: Fact) -> str:
    """Give a fact's id: the same where the same is said at the same place."""
    parts = (
        fact.document or "",
        fact.passage or "",
        str(fact.start),
        plain_name(fact.entity, "PERSON"),
        fact.slot,
        " ".join(fact.value.casefold().split()),
        fact.extractor,
        "" if fact.document else (iso(fact.valid_from) if fact.valid_from else ""),
        statement_hash(fact.statement),
    )
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=_ID_BYTES).hexdigest()
