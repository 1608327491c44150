"""Text put together from blocks, with the way back to the file.

Owns: `Builder`, through which every reader makes its document, so that the invariants of
`engram.extract.documents` hold for all of them; how a table reads as text; what a header is.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

from engram.extract.documents import Document, Part, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from engram.extract.documents import Span
    from engram.extract.limits import Limits
    from engram.rag.sources import Source

__all__ = ["Builder", "kept_spans", "one_line", "with_header"]

GAP = "\n\n"
CELL_GAP = " | "


def one_line(text: str) -> str:
    """Give a text with each run of white space as one space."""
    return " ".join(text.split())


def storable(text: str) -> str:
    """Give a text without lone surrogates, which are no characters, as U+FFFD."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def with_header(
    rows: Iterable[Sequence[str]],
) -> tuple[tuple[str, ...] | None, tuple[tuple[str, ...], ...]]:
    """Part the header of a table from its rows, all made equally wide.

    The first row is the header where others follow, each of its cells has a letter, and no two are
    equal.
    """
    whole = [tuple(row) for row in rows]
    width = max(map(len, whole), default=0)
    whole = [row + ("",) * (width - len(row)) for row in whole]
    if len(whole) > 1 and is_header(whole[0]):
        return whole[0], tuple(whole[1:])
    return None, tuple(whole)


def is_header(row: Sequence[str]) -> bool:
    """Say whether a row looks like names of columns."""
    cells = [cell.strip() for cell in row]
    # A cell with no letter is a number, a date, an amount, or nothing.
    return len(set(cells)) == len(cells) and all(any(map(str.isalpha, cell)) for cell in cells)


def kept_spans(
    spans: Iterable[Span], rows: Sequence[int], first_column: int = 0
) -> tuple[Span, ...]:
    """Give spans as they lie in a table of which only those rows, and columns from one on, stay."""
    kept: list[Span] = []
    for top, left, down, right in spans:
        low, high = bisect_left(rows, top), bisect_left(rows, top + down)
        start, end = max(left - first_column, 0), left + right - first_column
        # A span whose own cell is gone has nothing to say.
        if left >= first_column and low < len(rows) and rows[low] == top:
            kept.append((low, start, high - low, end - start))
    return tuple(one for one in sorted(kept) if one[2] > 1 or one[3] > 1)


class Builder:
    """Collects blocks of text into parts. Not for more than one document.

    Attributes:
        title: The document's title, or None.
        metadata: The document's metadata; what is None or empty is left out at the end.
        length: Characters so far.
    """

    def __init__(self, limits: Limits) -> None:
        """Start with nothing."""
        self.limits = limits
        self.title: str | None = None
        self.metadata: dict[str, Any] = {}
        self.length = 0
        self._text: list[str] = []
        self._parts: list[Part] = []
        self._tables: list[Table] = []
        self._place: dict[str, Any] = {}
        self._fresh = True
        self._cells = 0

    def begin(self, **place: Any) -> None:
        """Start a part; it is made with its first block. The names are those of `Part`."""
        self._place = place
        self._fresh = True

    def add(self, text: str, gap: str = GAP) -> tuple[int, int]:
        """Add a block, less the white space around it, and give its range; nothing adds nothing."""
        return self.add_exact(storable(text).strip(), gap)

    def add_exact(self, text: str, gap: str = "") -> tuple[int, int]:
        """Add a block as it is."""
        if not text:
            return self.length, self.length
        if self._text and gap:
            self._text.append(gap)
            self.length += len(gap)
        start, end = self.length, self.length + len(text)
        self.limits.check("chars", end, "too many characters")
        self._text.append(text)
        self.length = end
        if self._fresh:
            self._parts.append(Part(start=start, end=end, **self._place))
            self._fresh = False
        else:
            self._parts[-1] = replace(self._parts[-1], end=end)
        return start, end

    def add_table(self, rows: Iterable[Sequence[str]], spans: Iterable[Span] = ()) -> None:
        """Add a table: its rows as lines of text, and its cells."""
        cells = [[storable(cell).strip() for cell in row] for row in rows]
        spans = kept_spans(spans, [at for at, row in enumerate(cells) if any(row)])
        cells = [row for row in cells if any(row)]
        lines = [CELL_GAP.join(map(one_line, row)) for row in cells]
        start, end = self.add("\n".join(lines))
        if cells:
            self.note_table(start, end, *with_header(cells), spans)

    def note_table(
        self,
        start: int,
        end: int,
        header: tuple[str, ...] | None,
        rows: tuple[tuple[str, ...], ...],
        spans: tuple[Span, ...] = (),
    ) -> None:
        """Note a table whose text is there already."""
        self._cells += len(rows) * (len(rows[0]) if rows else 0)
        self.limits.check("cells", self._cells, "too many cells")
        part = max(bisect_right(self._parts, start, key=lambda part: part.start) - 1, 0)
        self._tables.append(
            Table(start=start, end=end, header=header, rows=rows, part=part, spans=spans)
        )

    def include(self, document: Document, name: str) -> None:
        """Add a document that is attached to this one."""
        shift = self.length + len(GAP) if self._text else 0
        first = len(self._parts)
        before = self._parts[:]
        self.begin()
        if document.text:
            self.add_exact(document.text, GAP)
        self._parts = before
        for part in document.parts:
            inner = f"{name}/{part.attachment}" if part.attachment else name
            self._parts.append(
                replace(part, start=part.start + shift, end=part.end + shift, attachment=inner)
            )
        for table in document.tables:
            self._tables.append(
                replace(
                    table,
                    start=table.start + shift,
                    end=table.end + shift,
                    part=table.part + first,
                )
            )
        self._fresh = True

    def finish(self, kind: str, source: Source | None = None) -> Document:
        """Give the document."""
        title = one_line(storable(self.title or "")) or None
        stated = {
            name: storable(value) if isinstance(value, str) else value
            for name, value in self.metadata.items()
            if value not in (None, "", [], {})
        }
        return Document(
            text="".join(self._text),
            title=title,
            kind=kind,
            metadata=stated,
            parts=tuple(self._parts),
            tables=tuple(self._tables),
            _source=source,
        )
