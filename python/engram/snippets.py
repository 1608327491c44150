"""Pieces of a hit's text that show why it was found.

Owns: `Snippet`, and the checks of the argument ``snippets=``. The native side chooses the pieces.
"""

from __future__ import annotations

from engram.errors import InvalidInput
from engram.records import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["Snippet", "snippet_shape"]

_LENGTH = 200
"""Characters of a snippet unless told otherwise."""

_MOST = {"length": 100_000, "count": 100}
_set = object.__setattr__


class Snippet(Frozen):
    """A piece of a record's text. Frozen.

    Attributes:
        text: The piece: ``record.text[start:end]``.
        start: Where it starts in the record's text, in characters.
        end: Where it ends.
        marks: ``(start, end)`` of each word in it that the query looks for, in characters of the
            record's text, in order and without overlap.
    """

    __slots__ = ("end", "marks", "start", "text")

    text: str
    start: int
    end: int
    marks: tuple[tuple[int, int], ...]

    def __init__(self, text: str, start: int, end: int, marks: list[tuple[int, int]]) -> None:
        """Make a snippet; queries do this for you."""
        _set(self, "text", text)
        _set(self, "start", start)
        _set(self, "end", end)
        _set(self, "marks", tuple(marks))

    def marked(self, before: str = "**", after: str = "**") -> str:
        """Give the text with something before and after each mark."""
        out, at = [], self.start
        for start, end in self.marks:
            out += [self._part(at, start), before, self._part(start, end), after]
            at = end
        return "".join([*out, self._part(at, self.end)])

    def _part(self, start: int, end: int) -> str:
        return self.text[start - self.start : end - self.start]

    def to_dict(self) -> dict[str, Any]:
        """Give the snippet as JSON-able data."""
        marks = [list(mark) for mark in self.marks]
        return {"text": self.text, "start": self.start, "end": self.end, "marks": marks}

    def __eq__(self, other: object) -> bool:
        """Compare text, place and marks."""
        if not isinstance(other, Snippet):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        """Hash text, place and marks."""
        return hash((self.text, self.start, self.end, self.marks))

    def __repr__(self) -> str:
        """Show the marked text and where it stands."""
        return f"Snippet({self.marked()!r}, {self.start}:{self.end})"


def snippet_shape(snippets: bool | Mapping[str, int]) -> tuple[int, int] | None:  # noqa: FBT001 - as it was given
    """Turn ``snippets=`` into length and count; None where none are wanted.

    Raises:
        InvalidInput: ``input.invalid``, ``input.limit``.
    """
    if snippets is False:
        return None
    shape = {"length": _LENGTH, "count": 1}
    if snippets is not True:
        if not hasattr(snippets, "keys") or not set(snippets) <= set(shape):
            raise InvalidInput(
                "input.invalid",
                f"snippets is {snippets!r}",
                'give True, or a dict of any of "length" and "count"',
            )
        shape |= snippets
    for name, number in shape.items():
        if isinstance(number, bool) or not isinstance(number, int):
            raise InvalidInput("input.invalid", f"{name} of snippets is {number!r}, not an int")
        if not 1 <= number <= _MOST[name]:
            raise InvalidInput(
                "input.limit", f"{name} of snippets is {number}, outside 1 to {_MOST[name]}"
            )
    return shape["length"], shape["count"]
