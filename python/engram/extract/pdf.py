"""Reading PDF files: their text by PDFium, their tables by pdfplumber.

Owns: pages, outline, metadata and ruled tables of PDF files. Limits: without OCR a file of scanned
pages is an error; tables are those that lines or filled boxes rule, since what merely stands in
columns cannot be told from prose set in columns.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from typing import TYPE_CHECKING

from engram.extract.building import one_line, storable, with_header
from engram.extract.dates import pdf_date
from engram.extract.failing import EXTRA, damaged, encrypted, missing, reading, unsupported
from engram.extract.ruled import reading_tables, ruled_tables, tidied
from engram.pdfium import pdfium

if TYPE_CHECKING:
    from typing import Any

    from engram.extract.building import Builder
    from engram.extract.documents import Document
    from engram.extract.request import Request
    from engram.extract.ruled import RuledTable

__all__ = ["read_pdf"]

_PATH_OBJECT = 2
_OUTLINE_DEPTH = 15


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
        start, end = builder.add(tidied(text_page.get_text_bounded()))
        if ruled is not None and end > start and _has_paths(page):
            text = tidied(text_page.get_text_bounded())
            for one in ruled.tables(number - 1):
                place = _range(storable(text), text_page, page.get_height(), one.bounds)
                low, high = (0, end - start) if place is None else place
                builder.note_table(start + low, start + high, *with_header(one.rows), one.spans)
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
    within = tidied(text_page.get_text_bounded(left, height - bottom, right, height - top))
    within = storable(within)
    at = text.find(within) if within else -1
    return None if at < 0 else (at, at + len(within))


class _Ruled:
    """The ruled tables of a file, page by page; opens it when the first is asked for."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._file: Any = None

    def tables(self, index: int) -> list[RuledTable]:
        """Give the tables of a page, from its top."""
        try:
            import pdfplumber
        except ImportError as cause:
            raise missing("pdfplumber", "tables of PDF files") from cause
        with reading_tables(self._request.kind.what):
            if self._file is None:
                self._file = pdfplumber.open(io.BytesIO(self._request.raw))
            page = self._file.pages[index]
            found = ruled_tables(page)
            page.close()
        return found

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
