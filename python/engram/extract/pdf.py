"""Reading PDF files: their text by PDFium, their tables by pdfplumber.

Owns: pages, outline, metadata and ruled tables of PDF files. Limits: without OCR a file of scanned
pages is an error; tables are those that lines or filled boxes rule, since what merely stands in
columns cannot be told from prose set in columns.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from typing import TYPE_CHECKING

from engram.errors import EngramError
from engram.extract.building import one_line, storable, with_header
from engram.extract.dates import pdf_date
from engram.extract.failing import EXTRA, damaged, encrypted, missing, reading, unsupported
from engram.pdfium import pdfium

if TYPE_CHECKING:
    from typing import Any

    from engram.extract.building import Builder
    from engram.extract.documents import Document
    from engram.extract.request import Request

__all__ = ["read_pdf"]

_WORD_GAP_RATIO = 0.15
"""Gap between words over the size of the type. pdfplumber's default is 3 points whatever the size,
which joins the words of small type (docs/reference/extract.md has the figures)."""
_PATH_OBJECT = 2
_OUTLINE_DEPTH = 15
_LEAST_ROWS = 2
_LEAST_COLUMNS = 2
_LEAST_FILLED = 1 / 3
"""Share of cells with text, below which lines are a drawing: plots and diagrams have fewer."""
_HYPHEN = "\ufffe"
"""What PDFium writes for a hyphen that parts a word at the end of a line."""


def read_pdf(request: Request) -> Document:
    """Read a PDF file."""
    builder = request.builder()
    what = request.kind.what
    with pdfium(EXTRA, "reading PDF files") as library, reading(what):
        try:
            document = library.PdfDocument(request.raw)
        except library.PdfiumError as cause:
            # The only error that PDFium tells apart by its text.
            locked = "password" in str(cause).lower() or "security" in str(cause).lower()
            raise encrypted(what) if locked else damaged(what, cause) from cause
        try:
            _read_pages(document, request, builder)
        finally:
            document.close()
    return builder.finish(request.kind.media)


def _read_pages(document: Any, request: Request, builder: Builder) -> None:
    count = len(document)
    request.limits.check("pages", count, "too many pages")
    _read_metadata(document, builder)
    starts, paths = _outline(document)
    ruled = _Ruled(request) if request.tables else None
    for number in range(1, count + 1):
        page = document[number - 1]
        text_page = page.get_textpage()
        at = bisect_right(starts, number - 1) - 1
        builder.begin(page=number, path=paths[at] if at >= 0 else ())
        start, end = builder.add(_tidied(text_page.get_text_bounded()))
        if ruled is not None and end > start and _has_paths(page):
            text = _tidied(text_page.get_text_bounded())
            for bounds, rows in ruled.tables(number - 1):
                place = _range(storable(text), text_page, page.get_height(), bounds)
                low, high = (0, end - start) if place is None else place
                builder.note_table(start + low, start + high, *with_header(rows))
        text_page.close()
        page.close()
    if ruled is not None:
        ruled.close()
    if not builder.length:
        raise unsupported(
            f"the PDF file has no text on its {count} {'page' if count == 1 else 'pages'}",
            "scanned pages have to be read by OCR first, with ocrmypdf for example",
        )


def _read_metadata(document: Any, builder: Builder) -> None:
    facts = document.get_metadata_dict()
    builder.title = facts.get("Title")
    builder.metadata |= {
        "author": one_line(facts.get("Author", "")),
        "description": one_line(facts.get("Subject", "")),
        "keywords": [word.strip() for word in facts.get("Keywords", "").split(",") if word.strip()],
        "created": pdf_date(facts.get("CreationDate")),
        "modified": pdf_date(facts.get("ModDate")),
        "pages": len(document),
    }


def _outline(document: Any) -> tuple[list[int], list[tuple[str, ...]]]:
    """Give the pages that bookmarks lead to, ascending, and the path of the last on each."""
    paths: dict[int, tuple[str, ...]] = {}
    above: list[str] = []
    latest = 0
    for bookmark in document.get_toc(max_depth=_OUTLINE_DEPTH):
        above = [*above[: bookmark.level], one_line(bookmark.get_title())]
        target = bookmark.get_dest()
        index = None if target is None else target.get_index()
        # A bookmark that leads back is no heading of what comes after it.
        if index is not None and index >= latest:
            latest = index
            paths[index] = tuple(word for word in above if word)
    starts = sorted(paths)
    return starts, [paths[start] for start in starts]


def _has_paths(page: Any) -> bool:
    """Say whether anything is drawn on a page, which a ruled table needs."""
    return next(iter(page.get_objects(filter=[_PATH_OBJECT])), None) is not None


def _range(
    text: str, text_page: Any, height: float, bounds: tuple[float, float, float, float]
) -> tuple[int, int] | None:
    """Find the text within a rectangle in the text of its page; None where it is not one run."""
    left, top, right, bottom = bounds
    within = _tidied(text_page.get_text_bounded(left, height - bottom, right, height - top))
    within = storable(within)
    at = text.find(within) if within else -1
    return None if at < 0 else (at, at + len(within))


def _is_table(rows: list[list[str | None]]) -> bool:
    """Say whether cells are those of a table, rather than of a frame, a plot or a diagram."""
    filled = [sum(bool(cell and cell.strip()) for cell in row) for row in rows]
    whole = sum(count >= _LEAST_COLUMNS for count in filled) >= _LEAST_ROWS
    return whole and sum(filled) >= _LEAST_FILLED * sum(map(len, rows))


class _Ruled:
    """The ruled tables of a file, page by page; opens it when the first is asked for."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._file: Any = None

    def tables(self, index: int) -> list[tuple[tuple[float, float, float, float], list[list[str]]]]:
        """Give the bounds and rows of the tables of a page, from its top."""
        try:
            import pdfplumber
        except ImportError as cause:
            raise missing("pdfplumber", "tables of PDF files") from cause
        try:
            if self._file is None:
                self._file = pdfplumber.open(io.BytesIO(self._request.raw))
            page = self._file.pages[index]
            found = page.find_tables()
            tables = [(one.bbox, one.extract(x_tolerance_ratio=_WORD_GAP_RATIO)) for one in found]
            page.close()
        except EngramError:
            raise
        except Exception as cause:  # pdfminer raises what it meets.
            reason = f"its tables cannot be read: {type(cause).__name__}: {cause}"
            error = damaged(self._request.kind.what, reason)
            error.hint = "tables=False reads its text alone"
            raise error from cause
        return [
            (bounds, [[_tidied(cell or "") for cell in row] for row in rows])
            for bounds, rows in sorted(tables, key=lambda one: one[0][1])
            if _is_table(rows)
        ]

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()


def _tidied(text: str) -> str:
    """Give a text of PDFium's with its words whole and its ends trimmed."""
    text = text.replace("\r\n", "\n").replace(f"{_HYPHEN}\n", "").replace(_HYPHEN, "")
    # What is no Unicode at all cannot be stored.
    return text.encode("utf-8", "replace").decode().strip()
