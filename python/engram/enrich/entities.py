"""Entities in texts, and what finds them.

Owns: `Entity`, its labels, the protocol `EntityExtractor`, and `get_extractor`, which goes from a
name to one. Invariant: ``text[entity.start:entity.end] == entity.text``; entities of one text come
in order and do not overlap.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, cast, get_args, runtime_checkable

from engram.checks import proper_str
from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from engram.embed.token_classifier import TokenClassifier

__all__ = ["LABELS", "Entity", "EntityExtractor", "Label", "apart", "checked_text", "get_extractor"]

Label: TypeAlias = Literal[
    "PERSON",
    "ORG",
    "GPE",
    "LOC",
    "DATE",
    "MONEY",
    "PRODUCT",
    "EVENT",
    "EMAIL",
    "URL",
    "MISC",
]
"""What an entity is. GPE are places with a government, LOC others; MISC is any other name."""

LABELS: tuple[Label, ...] = get_args(Label)
"""Every label."""

_RULES, _SPACY = "rules", "spacy"


@dataclass(frozen=True, slots=True)
class Entity:
    """A name, date, sum or address in a text.

    Attributes:
        text: As it stands there.
        label: What it is.
        start: Its first character.
        end: The character after its last.
        confidence: 0 to 1: how sure its extractor is. Comparable within one extractor only.
    """

    text: str
    label: Label
    start: int
    end: int
    confidence: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Give the attributes as a dict."""
        return asdict(self)


@runtime_checkable
class EntityExtractor(Protocol):
    """Finds entities."""

    @property
    def name(self) -> str:
        """What it is: ``"rules"``, or the name of its model."""

    @property
    def entity_types(self) -> tuple[str, ...]:
        """The labels that it can give."""

    def extract(self, text: str, min_confidence: float = 0.0) -> list[Entity]:
        """Find the entities of a text, in order and without overlaps.

        Args:
            text: Any text; an empty one has none.
            min_confidence: 0 to 1; entities below it are left out.
        """


def get_extractor(
    source: str | os.PathLike[str] | TokenClassifier | EntityExtractor = _RULES, **options: Any
) -> EntityExtractor:
    """Give the extractor of a name.

    Args:
        source: ``"rules"``; ``"spacy"`` (``en_core_web_sm``) or ``"spacy:<model>"``; the name or
            folder of a token-classification model, or such a model; or an extractor, which is given
            back.
        options: What the extractor takes beside its model.

    Raises:
        NotFound: ``model.not_found`` where the model is not installed.
        MissingExtra: ``extra.missing`` where its package is not.
        InvalidInput: ``input.invalid``, ``model.invalid``.
    """
    if callable(getattr(source, "extract", None)):
        if hasattr(source, "entity_types"):
            return cast("EntityExtractor", source)
    elif not isinstance(source, (str, os.PathLike)):
        raise InvalidInput(
            "input.invalid",
            f"{type(source).__name__} is no extractor of entities",
            'pass "rules", "spacy", the name of a model, or an object with '
            "`extract(text, min_confidence)`",
        )
    if source == _RULES:
        from engram.enrich.rules import RuleExtractor

        return RuleExtractor(**options)
    if isinstance(source, str) and source.partition(":")[0] == _SPACY:
        from engram.enrich.spacy_models import SpacyExtractor

        return SpacyExtractor(source.partition(":")[2] or "en_core_web_sm", **options)
    from engram.enrich.token_models import ModelExtractor

    return ModelExtractor(source, **options)


def checked_confidence(value: float) -> float:
    """Check a `min_confidence`.

    Raises:
        InvalidInput: ``input.invalid`` where it is no number from 0 to 1.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise InvalidInput("input.invalid", f"min_confidence is {value!r}", "a number from 0 to 1")
    return float(value)


def checked_text(text: str) -> str:
    """Check the text that entities are looked for in."""
    return proper_str(text, "the text")


def apart(entities: Iterable[Entity], min_confidence: float = 0.0) -> list[Entity]:
    """Keep the entities that are sure enough and do not overlap: the surest, then the longest."""
    least = checked_confidence(min_confidence)
    order = sorted(entities, key=lambda one: (-one.confidence, one.start - one.end, one.start))
    starts: list[int] = []
    kept: list[Entity] = []
    for one in order:
        at = bisect_left(starts, one.end)
        if one.confidence >= least and (at == 0 or kept[at - 1].end <= one.start):
            starts.insert(at, one.start)
            kept.insert(at, one)
    return kept
