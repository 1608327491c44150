"""What a file says, and where in the file each part of it is.

Owns: `Document`, `Part` and `Table`. Invariants: parts are in order and disjoint, and between them
is nothing but white space; a table's offsets are of the same text as the parts'.
Opposite side: `engram.extract.building` makes them, `engram.rag.chunk_records` stores them.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    from engram.rag.chunks import Chunk
    from engram.rag.sources import Source
    from engram.rag.splitters import TextSplitter

__all__ = ["Document", "Part", "Span", "Table", "column_names"]

Span: TypeAlias = "tuple[int, int, int, int]"
"""A cell that covers several: row, column, rows, columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A range of a document's text, and the place in the file that it comes from. Frozen.

    What a format does not have is None. Pages and slides count from 1, and so do rows.

    Attributes:
        start: Offset of its first character.
        end: Offset behind its last character.
        page: The page, of a PDF file.
        slide: The slide, of a presentation.
        sheet: The name of the sheet, of a workbook.
        rows: First and last row, of a sheet, of delimited text or of JSON Lines.
        section: What the file itself calls the part: the chapter's file in a book; ``headers``,
            ``body`` or ``attachment`` in an e-mail; ``notes`` of a slide.
        path: The headings that it stands under, outermost first, its own last.
        attachment: The name of the attachment that it is from; ``outer.eml/inner.pdf`` when nested.
    """

    start: int
    end: int
    page: int | None = None
    slide: int | None = None
    sheet: str | None = None
    rows: tuple[int, int] | None = None
    section: str | None = None
    path: tuple[str, ...] = ()
    attachment: str | None = None

    @property
    def heading(self) -> str | None:
        """The nearest heading."""
        return self.path[-1] if self.path else None

    @property
    def place(self) -> dict[str, Any]:
        """Where it is, as metadata: those of its attributes, but offsets and path, that it has."""
        known = {
            "page": self.page,
            "slide": self.slide,
            "sheet": self.sheet,
            "rows": None if self.rows is None else list(self.rows),
            "section": self.section,
            "attachment": self.attachment,
        }
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of a document. Frozen.

    Attributes:
        start: Offset of the range of the text that it is in.
        end: Offset behind that range.
        header: The names of the columns, or None where its first row is data.
        rows: The other rows, as text; each has as many cells as the table has columns. A cell that
            spans several stands in the first of them, and the others are empty.
        spans: Those cells: row, column, and how many rows and columns each covers. Rows count from
            the first of the table, which is the header where there is one.
        part: Index in `Document.parts` of the part that it starts in: its page, sheet and heading.
    """

    start: int
    end: int
    header: tuple[str, ...] | None
    rows: tuple[tuple[str, ...], ...]
    part: int
    spans: tuple[Span, ...] = ()

    def records(self) -> list[dict[str, str]]:
        """Give the rows as mappings from column to cell; without a header, columns are numbered.

        A name that several columns have gets a number from the second on: ``x``, ``x (2)``.
        """
        width = max((len(row) for row in self.rows), default=0)
        names = column_names(self.header, width)
        return [dict(zip(names, row)) for row in self.rows]


def column_names(header: Sequence[str] | None, width: int) -> list[str]:
    """Give each column a name of its own: its number where it has none, ``x (2)`` for a second."""
    names: list[str] = []
    for number, name in enumerate(header or [""] * width, 1):
        wanted, count = name or str(number), 1
        while wanted in names:
            count += 1
            wanted = f"{name or number} ({count})"
        names.append(wanted)
    return names


@dataclass(frozen=True, kw_only=True)
class Document:
    """What `extract` read from a file. Frozen.

    Attributes:
        text: All of its text.
        title: The title that it gives itself, or None.
        kind: Its media type, such as ``application/pdf``.
        metadata: Facts that it states about itself, JSON-able: ``author``, ``language``,
            ``keywords``, ``description``; ``created``, ``modified`` and ``date`` as ISO 8601, with
            a time zone where the file has one; ``pages``, ``slides``, ``sheets``; ``encoding`` of
            text and ``encoding_from``, which says how it was found.
        parts: Where its text comes from.
        tables: Its tables.
    """

    text: str
    title: str | None
    kind: str
    metadata: dict[str, Any]
    parts: tuple[Part, ...]
    tables: tuple[Table, ...]
    _source: Source | None = field(default=None, repr=False)

    def part(self, offset: int) -> Part | None:
        """Give the part that a character of the text is in; of white space, that before it."""
        index = bisect_right(self.parts, offset, key=lambda part: part.start) - 1
        return self.parts[index] if index >= 0 else None

    def where(self, offset: int) -> dict[str, Any]:
        """Say where a character of the text comes from, as metadata: see `Part.place`."""
        part = self.part(offset)
        return {} if part is None else part.place

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Map ``text[start:end]``, not empty, to a range of the decoded file, for HTML.

        Every other kind has no text of its own, or is its text: the range is then given back.
        """
        return (start, end) if self._source is None else self._source.span(start, end)

    def _header_at(self, offset: int) -> str | None:
        """Give the header of the table whose rows a character is among."""
        at = bisect_right(self.tables, offset, key=lambda table: table.start) - 1
        table = self.tables[at] if at >= 0 else None
        if table is None or table.header is None or not table.start < offset < table.end:
            return None
        return " | ".join(table.header)

    def split(self, splitter: TextSplitter) -> list[Chunk]:
        """Split the text; a chunk lies in one part, so that each has one place to be cited.

        The path of a chunk is what the splitter read, or else the headings of its part; its header
        is that of the table that it starts within. Markdown goes to its own splitter whole.
        """
        from engram.rag.markdown import MarkdownTextSplitter

        if self.kind == "text/markdown" and isinstance(splitter, MarkdownTextSplitter):
            return splitter.split(self.text)
        return [
            replace(
                chunk,
                start=chunk.start + part.start,
                end=chunk.end + part.start,
                path=chunk.path or part.path,
                header=chunk.header or self._header_at(part.start + chunk.start),
            )
            for part in self.parts
            for chunk in splitter.split(self.text[part.start : part.end])
        ]
