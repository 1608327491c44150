"""Tables as Markdown and as HTML.

Owns: the escaping of both. Invariant: no cell can end its cell, its row or its table.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["html_table", "markdown_table", "shortened"]

_CELL_CHARS = 80
_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*[]<>|"})


def shortened(text: str | None) -> str:
    """Give a text on one line, cut where it is long."""
    line = " ".join((text or "").split())
    return line if len(line) <= _CELL_CHARS else line[: _CELL_CHARS - 3] + "..."


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a Markdown table; what has a meaning in Markdown is escaped."""
    lines = [_row(head), "|" + "---|" * len(head), *(_row(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(' '.join(str(cell).split()).translate(_SPECIAL) for cell in cells)} |"


def html_table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write an HTML table; every cell is escaped."""
    lines = ["<table>", f"<caption>{html.escape(caption)}</caption>"]
    lines.append(f"<thead><tr>{_cells('th', head)}</tr></thead>")
    lines.append("<tbody>")
    lines += [f"<tr>{_cells('td', row)}</tr>" for row in rows]
    lines += ["</tbody>", "</table>"]
    return "\n".join(lines) + "\n"


def _cells(tag: str, cells: Sequence[object]) -> str:
    return "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells)
