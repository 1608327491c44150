"""Reading workbooks (XLSX) by openpyxl.

Owns: the cells of sheets as text, in blocks of rows. A formula reads as the value that was saved
with it. Limits: charts, comments and hidden formats are left out; merged
cells stand in their first.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from engram.extract.building import CELL_GAP, GAP, kept_spans, one_line, storable, with_header
from engram.extract.containers import checked_container
from engram.extract.dates import iso
from engram.extract.failing import missing, reading
from engram.extract.properties import core_facts

if TYPE_CHECKING:
    from typing import Any

    from engram.extract.building import Builder
    from engram.extract.documents import Document, Span
    from engram.extract.request import Request

__all__ = ["BLOCK_ROWS", "read_xlsx"]

_MERGED = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^<>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"'
)
_LONGEST_REFERENCE = 200
BLOCK_ROWS = 20
"""Rows in a part, of sheets, delimited text and JSON Lines."""


def read_xlsx(request: Request) -> Document:
    """Read a workbook."""
    try:
        import openpyxl
    except ImportError as cause:
        raise missing("openpyxl", "workbooks") from cause
    builder = request.builder()
    with checked_container(request.raw, request.kind.what, request.limits) as container:
        builder.title, facts = core_facts(container)
    with reading(request.kind.what):
        book = openpyxl.load_workbook(io.BytesIO(request.raw), read_only=True, data_only=True)
        try:
            builder.metadata |= facts | {"sheets": len(book.worksheets)}
            request.limits.check("pages", len(book.worksheets), "too many sheets")
            cells = 0
            for sheet in book.worksheets:
                # What a file says of its size cannot be trusted, and would fill rows up.
                sheet.reset_dimensions()
                cells = _read_sheet(sheet, builder, cells)
        finally:
            book.close()
    return builder.finish(request.kind.media)


def _read_sheet(sheet: Any, builder: Builder, cells: int) -> int:
    """Read a sheet; give how many cells there are so far, empty rows being one."""
    rows: list[tuple[int, list[str]]] = []
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        cells += max(len(row), 1)
        builder.limits.check("cells", cells, "too many cells")
        texts = [storable(_text(value)).strip() for value in row]
        if any(texts):
            rows.append((number, texts))
    if not rows:
        return cells
    start = end = None
    for at in range(0, len(rows), BLOCK_ROWS):
        block = rows[at : at + BLOCK_ROWS]
        builder.begin(sheet=sheet.title, rows=(block[0][0], block[-1][0]))
        lines = (CELL_GAP.join(map(one_line, texts)).rstrip(" |") for _, texts in block)
        low, end = builder.add("\n".join(lines), "\n" if at else GAP)
        start = low if start is None else start
    left = min(next(at for at, text in enumerate(texts) if text) for _, texts in rows)
    if start is not None and end is not None:
        kept = [number - 1 for number, _ in rows]
        spans = kept_spans(_merged(sheet, builder), kept, left)
        width = max(len(texts) for _, texts in rows) - left
        spans = tuple(one for one in spans if one[1] + one[3] <= width or one[3] == 1)
        builder.note_table(start, end, *with_header([texts[left:] for _, texts in rows]), spans)
    return cells


def _merged(sheet: Any, builder: Builder) -> list[Span]:
    """Give the merged cells of a sheet, which openpyxl leaves out where it reads row by row."""
    spans: list[Span] = []
    with sheet._get_source() as source:
        rest = b""
        while piece := source.read(2**20):
            text = rest + piece
            for found in _MERGED.finditer(text):
                left, top, right, bottom = found.groups()
                low, high = _column(left), _column(right)
                spans.append((int(top) - 1, low, int(bottom) - int(top) + 1, high - low + 1))
            builder.limits.check("cells", len(spans), "too many merged cells")
            # A reference is short; what one piece ends within, the next begins with.
            rest = text[-_LONGEST_REFERENCE:].rpartition(b">")[2]
    return spans


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return iso(value) or str(value)
