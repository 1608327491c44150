"""What values the metadata of documents has.

Owns: the answers to Haystack's questions about fields. Values are told apart by type, too: 1, 1.0,
True and "1" are four.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["distinct", "extremes", "kinds"]

_Meta = dict[str, Any]


def distinct(metas: Iterable[_Meta], field: str) -> list[Any]:
    """Give the distinct values of a field other than None, ordered by their text."""
    found = {(type(value).__name__, _key(value)): value for value in _values(metas, field)}
    return [found[key] for key in sorted(found, key=lambda key: (str(found[key]), key[0]))]


def extremes(metas: Iterable[_Meta], field: str) -> dict[str, Any]:
    """Give the least and the greatest value; None for values that have no order between them."""
    values = [value for value in _values(metas, field) if isinstance(value, (int, float, str))]
    if not values or len({isinstance(value, str) for value in values}) > 1:
        return {"min": None, "max": None}
    return {"min": min(values), "max": max(values)}


def kinds(metas: Iterable[_Meta]) -> dict[str, dict[str, str]]:
    """Give the fields with what their values are: keyword, int, float or boolean."""
    names = {bool: "boolean", int: "int", float: "float"}
    return {
        field: {"type": names.get(type(value), "keyword")}
        for meta in metas
        for field, value in meta.items()
        if value is not None
    }


def _values(metas: Iterable[_Meta], field: str) -> Iterator[Any]:
    """Go through the values of a field, given by a dotted path, that are not None."""
    path = field.removeprefix("meta.").split(".")
    for meta in metas:
        value: Any = meta
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            yield value


def _key(value: Any) -> Any:
    return json.dumps(value, sort_keys=True) if isinstance(value, (list, dict)) else value
