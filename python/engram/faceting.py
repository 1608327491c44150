"""Counts of the values of fields.

Owns: `Facet` and the arguments of `CollectionView.facets`. The counting is the core's. Loaded when
it is first asked for.
"""

from __future__ import annotations

from engram.errors import InvalidInput, NotFound
from engram.expressions import Field
from engram.filtering import filter_text, path_text
from engram.records import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from engram._native import View
    from engram.types import Where

__all__ = ["Facet", "facets"]

_set = object.__setattr__


class Facet(Frozen):
    """The values of one field, the most frequent first.

    Attributes:
        values: Pairs of a value (None, bool, int, float or str) and how many records have it;
            equally frequent values in the order None, False, True, numbers, texts.
        distinct: How many distinct values there are, those beyond the limit included.
    """

    __slots__ = ("distinct", "values")

    values: tuple[tuple[Any, int], ...]
    distinct: int

    def __init__(self, values: Iterable[tuple[Any, int]], distinct: int) -> None:
        """Keep the counts; `CollectionView.facets` makes them."""
        _set(self, "values", tuple(values))
        _set(self, "distinct", distinct)

    def __iter__(self) -> Iterator[tuple[Any, int]]:
        """Go through the pairs of value and count."""
        return iter(self.values)

    def __len__(self) -> int:
        """Count the values that it holds."""
        return len(self.values)

    def __eq__(self, other: object) -> bool:
        """Compare all values and counts."""
        if not isinstance(other, Facet):
            return NotImplemented
        return (self.values, self.distinct) == (other.values, other.distinct)

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash((self.values, self.distinct))

    def __repr__(self) -> str:
        """Show the values and their counts."""
        shown = ", ".join(f"{value!r}: {count}" for value, count in self.values)
        rest = self.distinct - len(self.values)
        return f"Facet({shown}{f', and {rest} more' if rest else ''})"

    def to_dict(self) -> dict[str, Any]:
        """Give the counts as JSON-able data."""
        values = [{"value": value, "records": count} for value, count in self.values]
        return {"values": values, "distinct": self.distinct}


def asked(
    fields: str | Field | Iterable[str | Field], limit: int
) -> tuple[list[str], list[str], int]:
    """Check what is to be counted: its names, its paths, and the most values of each.

    Raises:
        InvalidInput: ``input.invalid``, ``filter.syntax``.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise InvalidInput("input.invalid", f"limit is {limit!r}", "give a whole number, 0 or more")
    given = [fields] if isinstance(fields, (str, Field)) else list(fields)
    paths = [str(field) if isinstance(field, Field) else path_text(field) for field in given]
    names = [path if isinstance(field, Field) else field for field, path in zip(given, paths)]
    return names, paths, min(limit, 2**31)


def named(
    names: Iterable[str], found: Iterable[tuple[list[tuple[Any, int]], int]]
) -> dict[str, Facet]:
    """Make facets of what the native side counted."""
    return {name: Facet(values, n) for name, (values, n) in zip(names, found)}


def facets(
    view: View,
    collection: str,
    fields: str | Field | Iterable[str | Field],
    where: Where | None,
    limit: int,
    ignore_missing: bool,  # noqa: FBT001 - as the native side takes it
) -> dict[str, Facet]:
    """Count the values of fields in one view."""
    names, paths, most = asked(fields, limit)
    condition = filter_text(where)
    try:
        found = view.facets(collection, condition, ignore_missing, paths, most)
    except NotFound as error:
        if error.code != "collection.not_found":
            raise
        found = [([], 0)] * len(paths)
    return named(names, found)
