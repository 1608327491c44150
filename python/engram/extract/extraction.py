"""From a file to a document.

Owns: `extract`, and which reader reads which kind.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from engram.errors import InvalidInput
from engram.extract.books import read_epub
from engram.extract.kinds import identify
from engram.extract.limits import Limits
from engram.extract.mail import read_mail
from engram.extract.pages import read_html
from engram.extract.pdf import read_pdf
from engram.extract.request import Request
from engram.extract.sheets import read_xlsx
from engram.extract.slides import read_pptx
from engram.extract.texts import (
    read_delimited,
    read_json,
    read_json_lines,
    read_markdown,
    read_text,
)
from engram.extract.word import read_docx
from engram.files import io_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from engram.extract.documents import Document

__all__ = ["extract", "extract_from"]

_READERS: dict[str, Callable[[Request], Document]] = {
    "pdf": read_pdf,
    "docx": read_docx,
    "pptx": read_pptx,
    "xlsx": read_xlsx,
    "epub": read_epub,
    "html": read_html,
    "email": read_mail,
    "markdown": read_markdown,
    "csv": read_delimited,
    "tsv": read_delimited,
    "json": read_json,
    "jsonl": read_json_lines,
    "code": read_text,
    "text": read_text,
}


def extract(
    file: str | os.PathLike[str] | bytes,
    *,
    kind: str | None = None,
    filename: str | None = None,
    encoding: str | None = None,
    tables: bool = True,
    limits: Limits | None = None,
) -> Document:
    r"""Read the text of a file, with the way back to its pages, slides, sheets and sections.

    Args:
        file: The path of the file, or what it holds.
        kind: What it is, where its name does not say or says wrong: ``pdf``, ``docx``, ``pptx``,
            ``xlsx``, ``epub``, ``html``, ``email``, ``markdown``, ``csv``, ``tsv``, ``json``,
            ``jsonl``, ``text``, ``text/x-python`` and the like, or a media type. Without it, what
            the file holds decides, and its name among the kinds of text.
        filename: Its name, where `file` is bytes or the path has another.
        encoding: The encoding of a file of text, where it is known.
        tables: Whether to look for tables in PDF files, which takes far longer than their text.
        limits: How much is read at most. A file beyond is an error.

    Returns:
        The document.

    Raises:
        InvalidInput: ``document.unsupported`` where the file is of no kind that is read, or holds
            another kind than its name says; ``document.encrypted``; ``input.limit`` where it is
            beyond `limits`; ``input.invalid`` for an argument that is none.
        Corrupt: ``document.damaged``.
        Io: ``file.not_found``, ``io.failed``.
        MissingExtra: ``extra.missing`` where the kind needs ``engram[documents]``.

    Example:
        >>> from engram.extract import extract
        >>> document = extract(b"# Tents\n\nThey keep dry.", kind="markdown")
        >>> document.title, document.parts[0].path
        ('Tents', ('Tents',))
    """
    limits = Limits() if limits is None else limits
    if isinstance(file, bytes):
        return extract_from(file, kind, filename, limits, encoding=encoding, tables=tables)
    if not isinstance(file, (str, os.PathLike)):
        raise InvalidInput(
            "input.invalid", f"the file is {type(file).__name__}, not a path or bytes"
        )
    path = os.fspath(file)
    try:
        with Path(path).open("rb") as opened:
            raw = opened.read(limits.file_bytes + 1)
            size = os.fstat(opened.fileno()).st_size
    except OSError as cause:
        raise io_error(f"reading {path}", cause, path) from cause
    limits.check("file_bytes", max(size, len(raw)), "too many bytes")
    name = Path(path).name if filename is None else filename
    return extract_from(raw, kind, name, limits, encoding=encoding, tables=tables)


def extract_from(  # noqa: PLR0913 - what `extract` was given, and the depth
    raw: bytes,
    kind: str | None,
    filename: str | None,
    limits: Limits,
    *,
    encoding: str | None = None,
    tables: bool = True,
    depth: int = 0,
) -> Document:
    """Read what a file holds."""
    limits.check("file_bytes", len(raw), "too many bytes")
    found = identify(raw, kind, filename, textual=encoding is not None)
    if encoding is not None and (found.binary or found.name == "email"):
        raise InvalidInput(
            "input.invalid",
            f"encoding= is for files of text, and this is a {found.what}",
            "leave it out",
        )
    return _READERS[found.name](Request(raw, found, limits, encoding, tables, depth))
