"""From what was given to text in passages: the part of putting that needs no database.

Owns: `read`, and which splitter cuts which kind of document. It runs in this process or in another
one, so what goes in and out is plain data. Invariant: a passage is ``text[start:end]``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from engram.errors import InvalidInput, MissingExtra
from engram.extract import extract
from engram.extract.kinds import identify
from engram.files import io_error
from engram.memory.layout import content_hash
from engram.memory.moments import from_seconds, stated
from engram.rag.chunks import Chunk
from engram.rag.markdown import MarkdownTextSplitter
from engram.rag.splitters import CHUNK_SIZE, RecursiveCharacterTextSplitter
from engram.rag.syntax import CodeTextSplitter

if TYPE_CHECKING:
    from typing import Any

    from engram.extract import Document
    from engram.rag.splitters import TextSplitter

__all__ = ["Read", "Request", "Splitting", "read", "source_bytes"]

_DATES = ("date", "modified", "created")
"""Where a document says when it is from, what comes first counts."""

_CODE = "text/x-"
"""How the media types of source code begin."""


@dataclass(frozen=True, slots=True)
class Splitting:
    """How documents are cut: how long passages are, and with what where that is the caller's."""

    size: int = CHUNK_SIZE
    overlap: int = 0
    splitter: TextSplitter | None = None

    def __str__(self) -> str:
        """Name what changes passages."""
        own = self.splitter
        kind = "by kind" if own is None else f"{type(own).__name__} {own._chunk_size}"
        return f"{kind} {self.size} {self.overlap}"

    def of(self, kind: str) -> TextSplitter:
        """Give the splitter for documents of a kind."""
        if self.splitter is not None:
            return self.splitter
        if kind == "text/markdown":
            return MarkdownTextSplitter(self.size, self.overlap)
        if kind.startswith(_CODE):
            code = CodeTextSplitter(self.size, self.overlap)
            try:
                return code.with_language(kind.removeprefix(_CODE))
            except (InvalidInput, MissingExtra):
                # No grammar for it, or none installed: then as other text.
                pass
        return RecursiveCharacterTextSplitter(self.size, self.overlap)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A document to read: text, a path, or bytes.

    Attributes:
        text: Its text, or
        path: the path of its file, or
        raw: what its file holds.
        filename: The name of the file.
        format: What it is, where its name does not say.
        splitting: How it is cut.
        whole: Whether all of it is one passage.
        keep: Whether its bytes are kept.
        bare: Whether it may have no text, since what is searched is said apart.
    """

    text: str | None = None
    path: str | None = None
    raw: bytes | None = None
    filename: str | None = None
    format: str | None = None
    splitting: Splitting = field(default_factory=Splitting)
    whole: bool = False
    keep: bool = True
    bare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read.

    Attributes:
        text: The document's text.
        title: The title that it gives itself, or None.
        kind: Its media type.
        found: What it says about itself.
        when: When it says it is from, else when its file was changed; None for neither.
        hash: SHA-256 of its bytes.
        size: How many bytes.
        raw: Its bytes, where they are to be kept and are not just its text.
        chunks: Its passages without white space around them, none empty.
        places: Where each passage is: page, slide, sheet and the like.
    """

    text: str
    title: str | None
    kind: str
    found: dict[str, Any]
    when: str | None
    hash: str
    size: int
    raw: bytes | None
    chunks: list[Chunk]
    places: list[dict[str, Any]]


def read(request: Request) -> Read:
    """Read a document and cut it into passages.

    Raises:
        InvalidInput: ``document.unsupported``, ``document.encrypted``, ``input.limit``.
        Corrupt: ``document.damaged``.
        Io: ``file.not_found``, ``io.failed``.
        MissingExtra: ``extra.missing``.
    """
    raw = source_bytes(request)
    document = _document(request, raw)
    chunks = _chunks(document, request)
    if not chunks and not request.bare:
        raise InvalidInput(
            "document.unsupported",
            f"{request.path or request.filename or 'the document'} has no text",
            "say what it is found by: search_text=...",
        )
    return Read(
        text=document.text,
        title=document.title,
        kind=document.kind,
        found=document.metadata,
        when=_when(document, request.path),
        hash=content_hash(raw),
        size=len(raw),
        raw=raw if request.keep and document.text.encode() != raw else None,
        chunks=chunks,
        places=[document.where(chunk.start) for chunk in chunks],
    )


def source_bytes(request: Request) -> bytes:
    """Give the bytes of a document; text is UTF-8."""
    if request.text is not None:
        return request.text.encode()
    if request.raw is not None:
        return request.raw
    assert request.path is not None
    try:
        return Path(request.path).read_bytes()
    except OSError as cause:
        raise io_error(f"reading {request.path}", cause, request.path) from cause


def _document(request: Request, raw: bytes) -> Document:
    """Extract the text; text that was given as text stays as it is, to the character."""
    if request.text is None:
        name = request.filename
        if name is None and request.path is not None:
            name = os.path.basename(request.path)  # noqa: PTH119 - a name, not a path
        return extract(raw, kind=request.format, filename=name, tables=False)
    if request.format is None and request.filename is None:
        return _plain(request.text)
    kind = identify(raw, request.format, request.filename, textual=True)
    # A text is one, whatever characters it has; what is no kind of text has its own encoding.
    known = None if kind.binary or kind.name == "email" else "utf-8"
    return extract(
        raw, kind=request.format, filename=request.filename, encoding=known, tables=False
    )


def _plain(text: str) -> Document:
    """Make a document of plain text."""
    from engram.extract import Document, Part

    if not text.strip():
        raise InvalidInput("input.invalid", "the document is empty", "put some text")
    parts = (Part(start=0, end=len(text)),)
    return Document(text=text, title=None, kind="text/plain", metadata={}, parts=parts, tables=())


def _chunks(document: Document, request: Request) -> list[Chunk]:
    """Cut a document into passages, or make one of all of it."""
    if request.whole:
        chunks = [Chunk(document.text, 0, len(document.text))]
    else:
        chunks = document.split(request.splitting.of(document.kind))
    return [chunk for chunk in (chunk.strip() for chunk in chunks) if chunk.text]


def _when(document: Document, path: str | None) -> str | None:
    """Say when a document is from."""
    for name in _DATES:
        value = document.metadata.get(name)
        found = stated(value) if isinstance(value, str) else None
        if found is not None:
            return found
    if path is None:
        return None
    try:
        return from_seconds(Path(path).stat().st_mtime, "the file's time")
    except OSError as cause:
        raise io_error(f"reading {path}", cause, path) from cause
