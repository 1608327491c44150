"""Conditions on documents, as one filter.

Owns: how `Memory.find` and `Memory.timeline` write ``scope``, ``tags``, ``since``, ``until`` and
``when`` as filters over `RESERVED`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engram.errors import InvalidInput
from engram.filtering import list_text, quoted
from engram.memory.layout import RESERVED
from engram.memory.moments import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram.memory.moments import Moment

__all__ = ["Conditions", "conditions", "joined"]


@dataclass(frozen=True, slots=True)
class Conditions:
    """Filters over documents."""

    filters: tuple[str, ...]


def conditions(
    *,
    scope: str | None,
    tags: Sequence[str],
    since: Moment | None,
    until: Moment | None,
) -> Conditions:
    """Write conditions on documents as filters.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    filters = []
    if scope is not None:
        filters.append(f"{RESERVED}.uri STARTSWITH {quoted(scope)}")
    if isinstance(tags, str):
        raise InvalidInput("input.invalid", "tags is one str, not several", "tags=[...]")
    if tags:
        filters.append(f"{RESERVED}.tags CONTAINS ALL {list_text(tags, 'tags')}")
    if since is not None:
        filters.append(f"{RESERVED}.timestamp >= {quoted(moment(since, 'since'))}")
    if until is not None:
        filters.append(f"{RESERVED}.timestamp < {quoted(moment(until, 'until'))}")
    return Conditions(tuple(filters))


def joined(filters: Sequence[str | None]) -> str | None:
    """Give one filter that asks for all of them."""
    asked = [one for one in filters if one is not None]
    return " AND ".join(f"({one})" for one in asked) if asked else None
