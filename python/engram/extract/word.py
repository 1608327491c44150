"""Reading Word documents (DOCX) by python-docx.

Owns: paragraphs, headings and tables in their order. Limits: a page is what Word makes of the text,
so there are no page numbers; headers, footers, notes and text boxes are left out.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from engram.extract.containers import checked_container
from engram.extract.failing import missing, reading
from engram.extract.properties import core_facts

if TYPE_CHECKING:
    from typing import Any

    from engram.extract.building import Builder
    from engram.extract.documents import Document, Span
    from engram.extract.request import Request

__all__ = ["read_docx"]

_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_MOST_COLUMNS = 1000
"""Columns that a cell may span; Word itself allows 63."""


def read_docx(request: Request) -> Document:
    """Read a Word document."""
    try:
        import docx
        from docx.table import Table
    except ImportError as cause:
        raise missing("python-docx", "Word documents") from cause
    builder = request.builder()
    with checked_container(request.raw, request.kind.what, request.limits) as container:
        builder.title, facts = core_facts(container)
        builder.metadata |= facts
    with reading(request.kind.what):
        document = docx.Document(io.BytesIO(request.raw))
        styles: dict[str | None, str] = {}
        above: list[tuple[int, str]] = []
        for block in document.iter_inner_content():
            if isinstance(block, Table):
                builder.add_table(*_rows(block, builder))
                continue
            style = _style(block, styles)
            level = _level(style)
            if level is not None and block.text.strip():
                words = " ".join(block.text.split())
                if level == 0:
                    builder.title = builder.title or words
                above = [*(one for one in above if one[0] < level), (level, words)]
                builder.begin(path=tuple(words for level, words in above if level))
            # Items of a list go below each other.
            builder.add(block.text, "\n" if "list" in style.lower() else "\n\n")
    return builder.finish(request.kind.media)


def _style(paragraph: Any, known: dict[str | None, str]) -> str:
    """Give the name of a paragraph's style; finding one takes python-docx a walk through all."""
    key: str | None = paragraph._p.style
    if key not in known:
        style = paragraph.style
        known[key] = (style.name if style is not None else None) or ""
    return known[key]


def _level(style: str) -> int | None:
    """Give the level of a heading, that of the title being 0, or None for other styles."""
    if style == "Title":
        return 0
    found = _HEADING.match(style)
    return int(found[1]) if found else None


def _rows(table: Any, builder: Builder) -> tuple[list[list[str]], list[Span]]:
    """Give the cells of a table, and those that span several, which stand in the first."""
    from docx.table import _Cell

    rows: list[list[str]] = []
    spans: dict[int, Span] = {}
    done: list[Span] = []
    count = 0
    for number, row in enumerate(table.rows):
        cells = [""] * min(row.grid_cols_before, _MOST_COLUMNS)
        for box in row._tr.tc_lst:
            # What a file says a cell spans is not to be trusted.
            span = min(max(box.grid_span, 1), _MOST_COLUMNS)
            words = "" if box.vMerge == "continue" else _cell(_Cell(box, table), builder)
            above = spans.get(len(cells))
            if box.vMerge == "continue" and above is not None:
                spans[len(cells)] = (*above[:2], number - above[0] + 1, above[3])
            else:
                done += [above] if above is not None else []
                spans[len(cells)] = (number, len(cells), 1, span)
            cells += [words, *[""] * (span - 1)]
        count += len(cells)
        builder.limits.check("cells", count, "too many cells")
        rows.append(cells)
    return rows, [*done, *spans.values()]


def _cell(cell: Any, builder: Builder) -> str:
    """Give the text of a cell, with that of tables in it."""
    inner = [" ".join(" ".join(row) for row in _rows(table, builder)[0]) for table in cell.tables]
    return "\n".join([cell.text, *inner])
