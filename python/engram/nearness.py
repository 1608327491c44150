"""Neighbourhoods in the graph as a side of a query.

Owns: `Near`. Opposite side: `engram._native`, which turns one into a mask of records.
"""

from __future__ import annotations

from engram.checks import proper_str, str_ids
from engram.errors import InvalidInput
from engram.records import Frozen, _set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram.types import Direction

__all__ = ["Near", "as_near"]

_MOST_HOPS = 2**32 - 1


class Near(Frozen):
    """The records within some hops of others, these included. Frozen.

    Args:
        start: The id of a record, or several.
        hops: How many edges to go at most, 1 or more.
        types: Only along edges of this type or these types.
        direction: ``"out"`` along the edges, ``"in"`` against them, ``"both"`` either way.
    """

    __slots__ = ("direction", "hops", "start", "types")

    start: tuple[str, ...]
    hops: int
    types: tuple[str, ...] | None
    direction: Direction

    def __init__(
        self,
        start: str | Sequence[str],
        hops: int = 1,
        *,
        types: str | Sequence[str] | None = None,
        direction: Direction = "both",
    ) -> None:
        """Check and keep the arguments."""
        whole = isinstance(hops, int) and not isinstance(hops, bool)
        if not whole or not 1 <= hops <= _MOST_HOPS:
            raise InvalidInput("input.invalid", f"hops is {hops!r}, not 1 or more")
        _set(self, "start", _names(start))
        _set(self, "hops", hops)
        _set(self, "types", None if types is None else _names(types))
        _set(self, "direction", proper_str(direction, "direction"))

    def native(self) -> tuple[list[str], int, tuple[list[str] | None, str]]:
        """Give it as the native side takes it."""
        types = None if self.types is None else list(self.types)
        return (list(self.start), self.hops, (types, self.direction))

    def __repr__(self) -> str:
        """Show the settings."""
        return (
            f"Near({list(self.start)}, {self.hops}, types={self.types}, "
            f"direction={self.direction!r})"
        )


def as_near(near: str | Sequence[str] | Near) -> Near:
    """Give a neighbourhood of one hop where only ids are given."""
    return near if isinstance(near, Near) else Near(near)


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return (proper_str(names, "an id"),) if isinstance(names, str) else tuple(str_ids(names))
