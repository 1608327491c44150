"""Title, header and rows of a table, told from its cells.

Owns: `read_grid`. A table whose header cannot be told has none: its first row is then data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from engram.extract.building import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engram.extract.documents import Span

__all__ = ["Read", "read_grid"]

_YEAR = re.compile(r"(?:1[89]|20)\d\d(?:[/-]\d\d(?:\d\d)?)?[A-Za-z*]?")
_AMOUNT = re.compile(r"[^\w\s]*(?:[A-Z]{3}\s?)?\d[\d.,\s]*(?:\w{1,4})?\W*")
"""A number, with its currency or unit: ``USD 5.10``, ``12 kg``."""
_LEAST_COLUMNS = 2
_MOST_HEADER_ROWS = 5
_NAME_GAP = " / "


class Read(NamedTuple):
    """What a grid of cells says."""

    title: str | None
    header: tuple[str, ...] | None
    rows: tuple[tuple[str, ...], ...]


def read_grid(
    grid: Sequence[Sequence[str]], spans: Iterable[Span] = (), *, stated: int = 0
) -> Read:
    """Read a grid.

    Args:
        grid: All of its rows, equally wide; a cell that spans several stands in the first.
        spans: The cells that do.
        stated: How many rows are the header, where the file says it; 0 where it does not.
    """
    spans = tuple(spans)
    width = len(grid[0]) if grid else 0
    start = 0 if stated or width < _LEAST_COLUMNS else _title_rows(grid)
    depth = max(stated, _header_rows(grid, spans, start)) if len(grid) > start + 1 else 0
    if not depth:
        start = 0
    body = start + depth
    title = "\n".join(one_line(" ".join(filter(None, row))) for row in grid[:start])
    header = _names(grid, spans, start, body) if depth else None
    return Read(title or None, header, _filled_down(grid, spans, body))


def _title_rows(grid: Sequence[Sequence[str]]) -> int:
    """Count the rows at the top that have one cell, above one that has several."""
    for number, row in enumerate(grid):
        if sum(map(bool, row)) > 1 or not row[0]:
            return number if number < len(grid) - 1 else 0
    return 0


def _header_rows(grid: Sequence[Sequence[str]], spans: tuple[Span, ...], start: int) -> int:
    """Count the rows of the header: those that its spanning cells reach, or hang over."""
    top = [one for one in spans if one[0] == start]
    down = max((one[2] for one in top), default=1)
    over = any(one[3] > 1 for one in top)
    depth = max(down, 2 if over else 1)
    whole = [one for one in top if one[3] == len(grid[start])]
    if whole or depth > _MOST_HEADER_ROWS or start + depth >= len(grid):
        return 0
    if depth > 1 and not over:
        # Cells that reach down over rows of data are groups of rows, not a header.
        return 1 if _is_header(_row(grid, spans, start, start + 1)) else 0
    return depth if _is_header(_row(grid, spans, start, start + depth)) else 0


def _row(
    grid: Sequence[Sequence[str]], spans: tuple[Span, ...], start: int, end: int
) -> tuple[str, ...]:
    return _names(grid, spans, start, end)


def _is_header(names: Sequence[str]) -> bool:
    """Say whether names are those of columns: of letters or years, all different.

    The name of the first column may be missing, as in the corner of a cross table.
    """
    rest = names[1:] if not names[0] else names
    if not rest or len(set(rest)) != len(rest):
        return False
    worded = [any(map(str.isalpha, name)) and not _AMOUNT.fullmatch(name) for name in rest]
    years = [bool(_YEAR.fullmatch(name)) for name in rest]
    if not all(word or year for word, year in zip(worded, years)):
        return False
    # Words alone, or years under (or beside) a name: 1999 and 2000 alone are numbers as well.
    return all(worded) or not names[0] or any(worded)


def _names(
    grid: Sequence[Sequence[str]], spans: tuple[Span, ...], start: int, end: int
) -> tuple[str, ...]:
    """Give the name of each column: what stands above each other in its header, once each."""
    cells = [list(row) for row in grid[start:end]]
    for top, left, down, right in spans:
        for row in range(max(top, start), min(top + down, end)):
            for column in range(left, min(left + right, len(cells[0]))):
                cells[row - start][column] = grid[top][left]
    names = []
    for stack in zip(*cells):
        words = [one_line(cell) for cell in stack]
        names.append(_NAME_GAP.join(dict.fromkeys(word for word in words if word)))
    return tuple(names)


def _filled_down(
    grid: Sequence[Sequence[str]], spans: tuple[Span, ...], start: int
) -> tuple[tuple[str, ...], ...]:
    """Give the rows from one on, with cells that span rows in each of them."""
    rows = [list(row) for row in grid]
    for top, left, down, _ in spans:
        if down > 1 and top >= start and left < len(rows[top]):
            for row in range(top + 1, min(top + down, len(rows))):
                rows[row][left] = rows[row][left] or rows[top][left]
    return tuple(map(tuple, rows[start:]))
