"""From a file to its tables.

Owns: `read_tables`. The kinds but PDF are read by `engram.extract`; of PDF files pages are looked
at for tables alone.
"""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engram.errors import InvalidInput
from engram.extract.extraction import extract_from
from engram.extract.failing import EXTRA, damaged, encrypted, missing, reading
from engram.extract.kinds import identify
from engram.extract.limits import Limits
from engram.extract.ruled import reading_tables, ruled_tables
from engram.files import io_error
from engram.pdfium import pdfium
from engram.tables.columns import unruled_tables
from engram.tables.headers import read_grid
from engram.tables.table import Table, checked_pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from engram.extract.documents import Document

__all__ = ["document_tables", "read_tables"]


def read_tables(  # noqa: PLR0913 - what `extract` takes, and which tables
    file: str | os.PathLike[str] | bytes,
    *,
    kind: str | None = None,
    filename: str | None = None,
    encoding: str | None = None,
    pages: Sequence[int] | None = None,
    unruled: bool = True,
    limits: Limits | None = None,
) -> list[Table]:
    r"""Read the tables of a file.

    Args:
        file: The path of the file, or what it holds.
        kind: What it is, where its name does not say, as in `engram.extract.extract`.
        filename: Its name, where `file` is bytes; it is the tables' `source`.
        encoding: The encoding of a file of text, where it is known.
        pages: The pages of a PDF file to look at, from 1; None for all.
        unruled: Whether tables of PDF files that no lines rule are looked for, too: words that
            stand in columns.
        limits: How much is read at most. A file beyond is an error.

    Returns:
        The tables, in the file's order; none where it has none.

    Raises:
        InvalidInput: ``document.unsupported``, ``document.encrypted``, ``input.limit`` as `extract`
            does; ``input.invalid`` for pages that the file does not have, or of another kind.
        Corrupt: ``document.damaged``.
        Io: ``file.not_found``, ``io.failed``.
        MissingExtra: ``extra.missing`` where the kind needs ``engram[documents]``.

    Example:
        >>> from engram.tables import read_tables
        >>> table, = read_tables(b"city,people\\nBern,134000\\n", kind="csv")
        >>> table.records()
        [{'city': 'Bern', 'people': '134000'}]
    """
    limits = Limits() if limits is None else limits
    wanted = checked_pages(pages)
    if isinstance(file, bytes):
        raw, source = file, filename
    elif isinstance(file, (str, os.PathLike)):
        path = os.fspath(file)
        raw, source = _content(path, limits), filename or path
    else:
        raise InvalidInput(
            "input.invalid", f"the file is {type(file).__name__}, not a path or bytes"
        )
    name = None if source is None else Path(source).name
    limits.check("file_bytes", len(raw), "too many bytes")
    found = identify(raw, kind, name, textual=encoding is not None)
    if found.name == "pdf" and encoding is None:
        return list(_of_pdf(raw, found.what, source, limits, wanted, unruled=unruled))
    if wanted is not None:
        raise InvalidInput(
            "input.invalid", f"pages= is for PDF files, and this is a {found.what}", "leave it out"
        )
    return document_tables(extract_from(raw, kind, name, limits, encoding=encoding), source)


def document_tables(document: Document, source: str | None = None) -> list[Table]:
    """Give the tables of a document that `engram.extract` read."""
    tables = []
    for number, one in enumerate(document.tables, 1):
        part = document.parts[one.part]
        grid = ((one.header,) if one.header is not None else ()) + one.rows
        stated = 1 if one.header is not None else 0
        title, header, rows = read_grid(grid, one.spans, stated=stated)
        tables.append(
            Table(
                header=header,
                rows=rows,
                grid=grid,
                title=title,
                source=source,
                number=number,
                page=part.page,
                slide=part.slide,
                sheet=part.sheet,
                section=part.section,
                attachment=part.attachment,
                path=part.path,
                found="lines" if document.kind == "application/pdf" else "structure",
            )
        )
    return tables


def _content(path: str, limits: Limits) -> bytes:
    try:
        with Path(path).open("rb") as opened:
            raw = opened.read(limits.file_bytes + 1)
            size = os.fstat(opened.fileno()).st_size
    except OSError as cause:
        raise io_error(f"reading {path}", cause, path) from cause
    limits.check("file_bytes", max(size, len(raw)), "too many bytes")
    return raw


def _of_pdf(
    raw: bytes,
    what: str,
    source: str | None,
    limits: Limits,
    wanted: frozenset[int] | None,
    *,
    unruled: bool,
) -> Iterator[Table]:
    try:
        import pdfplumber
    except ImportError as cause:
        raise missing("pdfplumber", "tables of PDF files") from cause
    count = _page_count(raw, what)
    limits.check("pages", count, "too many pages")
    if wanted is not None and max(wanted) > count:
        raise InvalidInput(
            "input.invalid", f"the file has {count} pages, and pages= names {max(wanted)}"
        )
    number = cells = 0
    with reading_tables(what), pdfplumber.open(io.BytesIO(raw)) as opened:
        for page in opened.pages:
            if wanted is None or page.page_number in wanted:
                for table in _of_page(page, unruled=unruled):
                    number += 1
                    cells += sum(map(len, table.grid))
                    limits.check("cells", cells, "too many cells")
                    yield _placed(table, source, number)
            page.close()


def _placed(table: Table, source: str | None, number: int) -> Table:
    return replace(table, source=source, number=number)


def _of_page(page: Any, *, unruled: bool) -> list[Table]:
    ruled = ruled_tables(page)
    found = [("lines", one) for one in ruled]
    if unruled:
        found += [("columns", one) for one in unruled_tables(page, [one.bounds for one in ruled])]
    tables = []
    for how, one in sorted(found, key=lambda pair: (pair[1].bounds[1], pair[1].bounds[0])):
        grid = tuple(map(tuple, one.rows))
        title, header, rows = read_grid(grid, one.spans)
        tables.append(
            Table(
                header=header,
                rows=rows,
                grid=grid,
                title=title,
                page=page.page_number,
                found=how,  # type: ignore[arg-type]
                bounds=one.bounds,
            )
        )
    return tables


def _page_count(raw: bytes, what: str) -> int:
    """Count the pages; PDFium tells a locked file from a damaged one."""
    with pdfium(EXTRA, "reading PDF files") as library, reading(what):
        try:
            document = library.PdfDocument(raw)
        except library.PdfiumError as cause:
            locked = "password" in str(cause).lower() or "security" in str(cause).lower()
            raise encrypted(what) if locked else damaged(what, cause) from cause
        try:
            return len(document)
        finally:
            document.close()
