"""How a memory lies in a file: the names of its collections, and the keys of its records.

Owns: `Layout`, the reserved key of metadata, and how ids are made. Whatever is derived from a
document carries ``doc.id``, so that deleting the document deletes all of it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

__all__ = [
    "DEFAULT_NAME",
    "DOCUMENT_KEYS",
    "DOC_ID",
    "IMAGES_NOTE",
    "PIECE_BYTES",
    "RESERVED",
    "TABLES_NOTE",
    "Layout",
    "content_hash",
    "document_id",
    "passage_id",
]

DEFAULT_NAME = "memory"
"""The name of a memory unless told otherwise."""

RESERVED = "doc"
"""The one key of metadata that is the memory's own; a document's metadata may not use it."""

DOC_ID = f"{RESERVED}.id"
"""The path that leads from anything derived to its document, as filters write it."""

DOCUMENT_KEYS = (
    "id",
    "uri",
    "title",
    "label",
    "kind",
    "track",
    "tags",
    "timestamp",
    "hash",
    "access",
)
"""What passages repeat of their document, under `RESERVED`.

Passages also have ``position`` (from 0), ``start`` and ``end`` (offsets into the document's text),
``context`` (how many characters before the passage in the record's text are no part of it), and
``page``, ``slide``, ``sheet``, ``rows``, ``section``, ``attachment`` and ``path`` where known."""

TABLES_NOTE = "tables"
IMAGES_NOTE = "images"
"""Keys of a document's record that say which tables and images of it were put. Where there is one,
there can be passages beside those of the document's text: rows (``<document>#t<table>/<row>``) and
images (``<document>#i<number>``)."""

PIECE_BYTES = 1 << 20
"""Bytes in a piece of an original at most."""

_ID_BYTES = 12


@dataclass(frozen=True, slots=True)
class Layout:
    """The collections of one memory. Frozen.

    Attributes:
        name: The memory's name, which is that of its passages.
    """

    name: str = DEFAULT_NAME

    @property
    def passages(self) -> str:
        """What is searched: a record per passage, with the id ``<document>#<position>``."""
        return self.name

    @property
    def documents(self) -> str:
        """A record per document, with all of its text."""
        return f"{self.name}.documents"

    @property
    def originals(self) -> str:
        """The bytes that documents were put as, compressed, in pieces."""
        return f"{self.name}.originals"

    @property
    def facts(self) -> str:
        """Facts that were read from documents."""
        return f"{self.name}.facts"

    @property
    def tables(self) -> str:
        """Tables of documents, by row."""
        return f"{self.name}.tables"

    @property
    def sessions(self) -> str:
        """What was asked, and what was found for it."""
        return f"{self.name}.sessions"

    @property
    def derived(self) -> tuple[str, ...]:
        """The collections whose records end with their document, found by `DOC_ID`."""
        return (self.passages, self.originals, self.facts, self.tables)


def passage_id(document: str, position: int) -> str:
    """Give the id of a document's passage at a position, from 0."""
    return f"{document}#{position}"


def document_id(*, uri: str | None, content: str, copy: str = "") -> str:
    """Give the id of a document: of its uri where it has one, else of its content.

    The same document has the same id whoever puts it, so that putting it twice, or from two
    processes at once, leaves one.

    Args:
        uri: Its uri, or None.
        content: Its `content_hash`.
        copy: What tells apart copies of equal content, where they are kept.
    """
    named = f"uri\0{uri}" if uri is not None else f"hash\0{content}\0{copy}"
    return hashlib.blake2b(named.encode(), digest_size=_ID_BYTES).hexdigest()


def content_hash(raw: bytes) -> str:
    """Give the SHA-256 of what a document was put as, in hexadecimal."""
    return hashlib.sha256(raw).hexdigest()
