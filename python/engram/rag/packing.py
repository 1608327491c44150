"""Packing a text into spans: as much as fits, ending where a break is best.

Owns: `spans`, and the two ways to know breaks: `Separators`, looked for in each window, and
`Places`, known beforehand. Invariants (property-tested): spans are in order and together are the
whole text; each starts and ends behind the one before; none is too long, but for a single character
that is. Complexity: linear in the text for separators that occur; each chunk costs a few searches
through its window.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Protocol

from engram.errors import InvalidInput
from engram.rag.boundaries import parts_a_character, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engram.rag.lengths import Ruler

__all__ = [
    "LINES",
    "PARAGRAPHS",
    "SENTENCES",
    "WIDE_ENDS",
    "WORDS",
    "Breaks",
    "Places",
    "Separators",
    "Span",
    "WholeLines",
    "spans",
]

Span = tuple[int, int]

PARAGRAPHS = ("\n\n", "\r\n\r\n", "\r\r")
LINES = ("\n", "\r", "\u2028", "\u2029")
WIDE_ENDS = ("\u3002", "\uff01", "\uff1f")
"""What ends sentences in Chinese and Japanese, with no space behind it."""

SENTENCES = (". ", "! ", "? ", '." ', '!" ', '?" ', ".) ", *WIDE_ENDS, "\u0964", "\u06d4 ")
WORDS = (" ", "\t", "\u3000", "\u200b")


_FIRST_WITHOUT_SPACES = "\u0e00"
"""From Thai on, most scripts write words without spaces between them."""


class Breaks(Protocol):
    """Knows where a chunk had best end, and where the next had best start."""

    def last(self, text: str, start: int, low: int, high: int) -> int | None:
        """Give the best end behind `low`, up to `high`, of a chunk from `start`; None for none."""

    def first(self, text: str, low: int, high: int) -> int | None:
        """Give the best start from `low` on, before `high`; None for none."""


def spans(text: str, span: Span, breaks: Breaks, ruler: Ruler) -> Iterator[Span]:
    """Pack a span of a text.

    Yields:
        Start and end of each chunk.
    """
    start, stop = span
    done = start
    while done < stop:
        limit = ruler.reach(text, start, stop)
        if limit <= done:  # There is no room for anything new behind the overlap.
            start = done
            limit = ruler.reach(text, start, stop)
        end = stop if limit == stop else _end(text, start, done, limit, breaks)
        while end > done + 1 and not ruler.fits(text, start, end):
            end = _end(text, start, done, end - 1, breaks)
        yield start, end
        low = ruler.back(text, start + 1, end)
        done, start = end, end
        if low < end < stop:
            better = breaks.first(text, low, end)
            start = end if better is None else better


def _end(text: str, start: int, done: int, limit: int, breaks: Breaks) -> int:
    """Choose where a chunk ends: behind `done`, and behind something that can be seen."""
    low = start
    while low < limit and text[low].isspace():
        low += 1
    found = breaks.last(text, start, max(low, done), limit)
    return whole(text, limit, done) if found is None else found


class Separators:
    """Breaks behind separators, which are looked for in each window."""

    def __init__(self, levels: Sequence[str | Sequence[str]]) -> None:
        """Take separators, the best first; those of one entry are equally good.

        Raises:
            InvalidInput: ``input.invalid`` where something is no text.
        """
        groups = [one if isinstance(one, (list, tuple)) else (one,) for one in levels]
        for one in (one for group in groups for one in group):
            if not isinstance(one, str):
                raise InvalidInput(
                    "input.invalid",
                    f"a separator is {type(one).__name__}, not text",
                    'separators=["\\n\\n", "\\n", (". ", "! ", "? "), " "]',
                )
        # The empty separator, between any two characters, is the last resort in any case.
        self._levels = [kept for group in groups if (kept := tuple(filter(None, group)))]

    def last(self, text: str, start: int, low: int, high: int) -> int | None:
        """See `Breaks`."""
        for level in self._levels:
            best = low
            for separator in level:
                width = len(separator)
                at, stop = 0, high
                while at >= 0:
                    at = text.rfind(separator, max(start, best + 1 - width), stop)
                    if at >= 0 and not parts_a_character(text, at + width):
                        best = at + width
                        break
                    stop = at + width - 1
            if best > low:
                return _behind_space(text, best, high)
        return None

    def first(self, text: str, low: int, high: int) -> int | None:
        """Give the first place in the earlier half behind a good break, else behind a worse one."""
        for index, level in enumerate(self._levels):
            bound = (low + high + 1) // 2 if index + 1 < len(self._levels) else high
            best = high
            for separator in level:
                width = len(separator)
                at = text.find(separator, max(0, low - width), min(best, bound))
                if at >= 0:
                    place = _behind_space(text, at + width, high)
                    best = min(best, place) if low <= place else best
            if best < high and not parts_a_character(text, best):
                return best
        return next((at for at in range(low, high) if _starts_a_word(text, at)), None)


class WholeLines(Separators):
    """Separators, where an overlap starts at the start of a line only."""

    def first(self, text: str, low: int, high: int) -> int | None:
        """See `Breaks`."""
        place = text.find("\n", max(low - 1, 0), high) + 1
        return place if low <= place < high and place else None


def _starts_a_word(text: str, at: int) -> bool:
    """Say whether a word may start here; in scripts without spaces one may start anywhere."""
    if text[at] >= _FIRST_WITHOUT_SPACES:
        return not parts_a_character(text, at)
    return text[at].isalnum() and not text[at - 1].isalnum()


def _behind_space(text: str, place: int, high: int) -> int:
    """Move a break behind white space, but let the next line keep its indent."""
    end = place
    while end < high and text[end].isspace():
        end += 1
    line = max(text.rfind("\n", place - 1, end), text.rfind("\r", place - 1, end))
    better = line + 1 if line >= 0 else end
    return whole(text, better, place - 1)


class Places:
    """Breaks that are known beforehand, by levels, the best first; others between them."""

    def __init__(
        self,
        levels: Sequence[Sequence[int]],
        between: Breaks,
        *,
        ends: Sequence[Sequence[int]] = (),
        solid: Sequence[Span] = (),
    ) -> None:
        """Take sorted places.

        Args:
            levels: Where a chunk may end, or the next may start.
            between: What to ask where none of them fits.
            ends: More levels, worse than the others, at which no overlap starts.
            solid: Spans within which no overlap starts but at a place of `levels`.
        """
        self._starts = [level for level in levels if level]
        self._ends = [*self._starts, *(level for level in ends if level)]
        self._between = between
        self._solid = solid

    def last(self, text: str, start: int, low: int, high: int) -> int | None:
        """See `Breaks`."""
        for level in self._ends:
            place = level[max(bisect_right(level, high) - 1, 0)]
            if low < place <= high:
                return place
        return self._between.last(text, start, low, high)

    def first(self, text: str, low: int, high: int) -> int | None:
        """See `Breaks`."""
        for index, level in enumerate(self._starts):
            bound = (low + high + 1) // 2 if index + 1 < len(self._starts) else high
            at = bisect_left(level, low)
            if at < len(level) and level[at] < bound:
                return level[at]
        place = self._between.first(text, low, high)
        return None if place is None or self._is_within(place) else place

    def _is_within(self, place: int) -> bool:
        at = bisect_right(self._solid, (place, 0)) - 1
        return at >= 0 and self._solid[at][0] < place < self._solid[at][1]
