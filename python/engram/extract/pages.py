"""Reading HTML pages: their headings, tables and facts, on top of the reader of `engram.rag`.

Owns: what an HTML page says beside its text. The text, and the way back to the source, are those
of `engram.rag.read_source`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engram.extract.building import kept_spans, one_line, storable, with_header
from engram.extract.dates import stated_date
from engram.extract.encodings import decode
from engram.rag.sources import HtmlReader

if TYPE_CHECKING:
    from typing import Any

    from engram.extract.building import Builder
    from engram.extract.documents import Document, Span
    from engram.extract.request import Request

__all__ = ["Page", "add_page", "read_html"]

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_MOST_COLUMNS = 1000
"""Columns that a cell may span, by the HTML standard."""
_AUTHORS = ("author", "article:author", "dc.creator", "dcterms.creator")
_CREATED = ("article:published_time", "date", "dc.date", "dcterms.created", "dcterms.date")
_MODIFIED = ("article:modified_time", "last-modified", "dcterms.modified", "og:updated_time")
_DESCRIPTIONS = ("description", "og:description", "dc.description")


@dataclass(slots=True)
class _Grid:
    """A table while it is read; cells are ranges of the text."""

    start: int
    rows: list[list[tuple[int, int, int, int]]] = field(default_factory=list)
    heads: list[bool] = field(default_factory=list)
    cell: tuple[int, int, int] | None = None


class Page(HtmlReader):
    """Reads a page, and notes where its headings and tables are in the text."""

    def __init__(self, content: str) -> None:
        """Read a page."""
        self.stated: dict[str, str] = {}
        self.language: str | None = None
        self.headings: list[tuple[int, int, int]] = []
        self.grids: list[tuple[_Grid, int]] = []
        self._open: list[_Grid] = []
        self._heading: tuple[int, int] | None = None
        super().__init__(content)
        while self._open:
            self._end_table()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what starts."""
        known = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = known.get("lang") or known.get("xml:lang")
        elif tag == "meta":
            name = (known.get("name") or known.get("property") or "").lower()
            self.stated.setdefault(name, known.get("content", ""))
        if tag in {"td", "th", "tr"}:
            self._end_cell()
        super().handle_starttag(tag, attrs)
        if tag in _HEADINGS:
            self._heading = (int(tag[1]), self._length)
        elif tag == "table":
            self._open.append(_Grid(self._length))
        elif self._open and tag == "tr":
            self._open[-1].rows.append([])
            self._open[-1].heads.append(True)
        elif self._open and tag in {"td", "th"}:
            self._start_cell(tag, known)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what starts and ends at once, as an empty cell of XHTML does."""
        if tag in {"td", "th", "tr", "meta"}:
            self.handle_starttag(tag, attrs)
        else:
            super().handle_startendtag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Note what ends."""
        if tag in {"td", "th", "tr"}:
            self._end_cell()
        elif tag == "table" and self._open:
            self._end_table()
        elif tag in _HEADINGS and self._heading is not None:
            level, start = self._heading
            self.headings.append((level, start, self._length))
            self._heading = None
        super().handle_endtag(tag)

    def _start_cell(self, tag: str, known: dict[str, str]) -> None:
        grid = self._open[-1]
        if not grid.rows:
            grid.rows.append([])
            grid.heads.append(True)
        grid.heads[-1] = grid.heads[-1] and tag == "th"
        grid.cell = (self._length, _span(known.get("colspan")), _span(known.get("rowspan")))

    def _end_cell(self) -> None:
        if self._open and self._open[-1].cell is not None:
            start, columns, rows = self._open[-1].cell
            self._open[-1].rows[-1].append((start, self._length, columns, rows))
            self._open[-1].cell = None

    def _end_table(self) -> None:
        self._end_cell()
        self.grids.append((self._open.pop(), self._length))


def _span(value: str | None) -> int:
    number = int(value) if value and re.fullmatch("[0-9]{1,4}", value) else 1
    return min(max(number, 1), _MOST_COLUMNS)


def read_html(request: Request) -> Document:
    """Read an HTML page."""
    text, encoding, found = decode(request.raw, request.encoding, declares=True)
    builder = request.builder()
    page = Page(text)
    add_page(page, builder, {})
    builder.title = page.title
    builder.metadata |= facts(page) | {"encoding": encoding, "encoding_from": found}
    return builder.finish(request.kind.media, page.source())


def facts(page: Page) -> dict[str, Any]:
    """Give what a page states about itself."""
    stated = page.stated

    def first(names: tuple[str, ...]) -> str | None:
        return next((stated[name] for name in names if stated.get(name)), None)

    return {
        "author": first(_AUTHORS),
        "created": stated_date(first(_CREATED)),
        "modified": stated_date(first(_MODIFIED)),
        "description": first(_DESCRIPTIONS),
        "keywords": [
            word.strip() for word in stated.get("keywords", "").split(",") if word.strip()
        ],
        "language": page.language,
    }


def add_page(page: Page, builder: Builder, place: dict[str, Any]) -> None:
    """Add the text of a page, parted at its headings, and its tables."""
    text = storable("".join(page.parts))
    gap = "\n\n" if builder.length else ""
    shift = builder.length + len(gap)
    above: list[tuple[int, str]] = []
    at = 0
    builder.begin(**place)
    for level, start, end in [*page.headings, (0, len(text), len(text))]:
        if text[at:start].strip():
            builder.add_exact(text[at:start], gap)
            gap, at = "", start
        words = one_line(text[start:end])
        if words:
            above = [*(one for one in above if one[0] < level), (level, words)]
            builder.begin(**place, path=tuple(words for _, words in above))
    builder.add_exact(text[at:], gap)
    for grid, end in sorted(page.grids, key=lambda one: one[0].start):
        rows, spans = _cells(grid, text, builder)
        if any(map(any, rows)):
            header = with_header(rows)
            if grid.heads[0] and header[0] is None and len(rows) > 1:
                header = (tuple(rows[0]), tuple(map(tuple, rows[1:])))
            builder.note_table(grid.start + shift, end + shift, *header, spans)


def _cells(grid: _Grid, text: str, builder: Builder) -> tuple[list[list[str]], tuple[Span, ...]]:
    """Lay the cells of a table out; one that spans several stands in the first."""
    laid: dict[tuple[int, int], str] = {}
    spans: list[Span] = []
    width = 0
    for row, cells in enumerate(grid.rows):
        column = 0
        for start, end, columns, rows in cells:
            while (row, column) in laid:
                column += 1
            for down in range(min(rows, len(grid.rows) - row)):
                for right in range(columns):
                    laid[row + down, column + right] = ""
            laid[row, column] = one_line(text[start:end])
            spans.append((row, column, min(rows, len(grid.rows) - row), columns))
            column += columns
            width = max(width, column)
            builder.limits.check("cells", max(len(laid), width * len(grid.rows)), "too many cells")
    laid_out = [
        [laid.get((row, column), "") for column in range(width)] for row in range(len(grid.rows))
    ]
    return laid_out, kept_spans(spans, range(len(laid_out)))
