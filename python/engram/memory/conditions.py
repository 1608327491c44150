"""Conditions on documents, as one filter.

Owns: how `Memory.find` and `Memory.timeline` write ``scope``, ``tags``, ``since`` and ``until`` as
filters over `RESERVED`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.errors import InvalidInput
from engram.filtering import list_text, quoted
from engram.memory.layout import RESERVED
from engram.memory.moments import moment
from engram.memory.when import span_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram.memory.moments import Moment
    from engram.memory.when import Span

__all__ = ["conditions", "joined"]


def conditions(
    scope: str | None,
    tags: Sequence[str],
    since: Moment | None,
    until: Moment | None,
    when: str | Span | None,
) -> list[str]:
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
    ends = [(since, until)]
    if when is not None:
        span = span_in_words(when) if isinstance(when, str) else when
        ends.append((span.since, span.until))
    for first, last in ends:
        if first is not None:
            filters.append(f"{RESERVED}.timestamp >= {quoted(moment(first, 'since'))}")
        if last is not None:
            filters.append(f"{RESERVED}.timestamp < {quoted(moment(last, 'until'))}")
    return filters


def joined(filters: Sequence[str | None]) -> str | None:
    """Give one filter that asks for all of them."""
    asked = [one for one in filters if one is not None]
    return " AND ".join(f"({one})" for one in asked) if asked else None
