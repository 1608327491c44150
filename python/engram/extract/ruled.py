"""The tables that lines or filled boxes rule on a page of a PDF file, by pdfplumber.

Owns: `ruled_tables`, and what of that which is ruled is a table. Opposite side:
`engram.tables.columns` finds those that stand in columns without a line.
"""

from __future__ import annotations

from bisect import bisect_left
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from engram.errors import EngramError
from engram.extract.failing import damaged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from engram.extract.documents import Span

__all__ = ["WORD_GAP_RATIO", "RuledTable", "reading_tables", "ruled_tables", "tidied"]

WORD_GAP_RATIO = 0.15
"""Gap between words over the size of the type. pdfplumber's default is 3 points whatever the size,
which joins the words of small type (docs/reference/extract.md has the figures)."""
_HYPHEN = "\ufffe"
"""What PDFium writes for a hyphen that parts a word at the end of a line."""
_SNAP = 3
"""Points within which lines are one, as pdfplumber has it."""
_OVERHANG = 10
"""Points by which rules run on beyond the last line across, at least, where a column is open."""
_LEAST_ROWS = 2
_LEAST_COLUMNS = 2
_LEAST_FILLED = 1 / 3
"""Share of cells with text, below which lines are a drawing: plots and diagrams have fewer."""


@dataclass(frozen=True, slots=True)
class RuledTable:
    """A table on a page.

    Attributes:
        bounds: Left, top, right and bottom in points, from the top left of the page.
        rows: Its cells; one that spans several stands in the first.
        spans: Those that do.
    """

    bounds: tuple[float, float, float, float]
    rows: list[list[str]]
    spans: tuple[Span, ...]


def ruled_tables(page: Any) -> list[RuledTable]:
    """Give the ruled tables of a page of pdfplumber's, from its top."""
    tables = []
    found = [_closed(page, one) for one in page.find_tables()]
    for one in sorted(found, key=lambda one: (one.bbox[1], one.bbox[0])):
        rows = one.extract(x_tolerance_ratio=WORD_GAP_RATIO)
        if _is_table(rows):
            cells = [[tidied(cell or "") for cell in row] for row in rows]
            tables.append(RuledTable(tuple(one.bbox), cells, _spans(one)))
    return tables


def tidied(text: str) -> str:
    """Give a text of PDFium's with its words whole and its ends trimmed."""
    text = text.replace("\r\n", "\n").replace(f"{_HYPHEN}\n", "").replace(_HYPHEN, "")
    # What is no Unicode at all cannot be stored.
    return text.encode("utf-8", "replace").decode().strip()


@contextmanager
def reading_tables(what: str) -> Iterator[None]:
    """Turn what pdfminer raises over a damaged file into `document.damaged`."""
    try:
        yield
    except (EngramError, MemoryError):
        raise
    except Exception as cause:  # pdfminer raises what it meets.
        error = damaged(what, f"its tables cannot be read: {type(cause).__name__}: {cause}")
        error.hint = "extract(..., tables=False) reads its text alone"
        raise error from cause


def _closed(page: Any, table: Any) -> Any:
    """Give a table with the rows and columns at its edges that no line shuts off.

    pdfplumber needs lines on all sides of a cell; where rules run on beyond the outermost lines
    that cross them, so does the table.
    """
    left, top, right, bottom = table.bbox
    ys = sorted({cell[1] for cell in table.cells} | {cell[3] for cell in table.cells})
    xs = sorted({cell[0] for cell in table.cells} | {cell[2] for cell in table.cells})
    low, high = _reach(page.edges, "h", ys, (left, right))
    start, end = _reach(page.edges, "v", xs, (top, bottom))
    upright = [x for x, open_side in ((low, low < left), (high, high > right)) if open_side]
    level = [y for y, open_side in ((start, start < top), (end, end > bottom)) if open_side]
    if not upright and not level:
        return table
    box = (
        max(min(low, left) - 1, page.bbox[0]),
        max(min(start, top) - 1, page.bbox[1]),
        min(max(high, right) + 1, page.bbox[2]),
        min(max(end, bottom) + 1, page.bbox[3]),
    )
    lines = {"explicit_vertical_lines": upright, "explicit_horizontal_lines": level}
    wider = page.crop(box).find_tables(lines)
    best = max(wider, key=lambda one: len(one.cells), default=table)
    return best if len(best.cells) > len(table.cells) else table


def _reach(
    edges: list[dict[str, Any]], orientation: str, places: list[float], span: tuple[float, float]
) -> tuple[float, float]:
    """Say how far the lines of a table run at either end; its own ends where they end there."""
    across, first, last = ("top", "x0", "x1") if orientation == "h" else ("x0", "top", "bottom")
    own = [edge for edge in edges if edge["orientation"] == orientation]
    ends: list[tuple[float, float]] = []
    for place in places:
        low, high = span
        level = [edge for edge in own if abs(edge[across] - place) <= _SNAP]
        for edge in sorted(level, key=lambda one: -one[last]):
            low = min(low, edge[first]) if edge[last] >= low - _SNAP else low
        for edge in sorted(level, key=lambda one: one[first]):
            high = max(high, edge[last]) if edge[first] <= high + _SNAP else high
        ends.append((low, high))
    low, high = (median(one[side] for one in ends) for side in (0, 1))
    return (
        low if low < span[0] - _OVERHANG else span[0],
        high if high > span[1] + _OVERHANG else span[1],
    )


def _is_table(rows: list[list[str | None]]) -> bool:
    """Say whether cells are those of a table, rather than of a frame, a plot or a diagram."""
    filled = [sum(bool(cell and cell.strip()) for cell in row) for row in rows]
    whole = sum(count >= _LEAST_COLUMNS for count in filled) >= _LEAST_ROWS
    return whole and sum(filled) >= _LEAST_FILLED * sum(map(len, rows))


def _spans(table: Any) -> tuple[Span, ...]:
    """Give the cells of a table of pdfplumber's that reach over where others begin."""
    tops = sorted({cell[1] for cell in table.cells})
    lefts = sorted({cell[0] for cell in table.cells})
    spans = []
    for left, top, right, bottom in table.cells:
        row, column = bisect_left(tops, top), bisect_left(lefts, left)
        down, over = bisect_left(tops, bottom) - row, bisect_left(lefts, right) - column
        if down > 1 or over > 1:
            spans.append((row, column, down, over))
    return tuple(sorted(spans))
