"""Where the parts of a woven graph lie in the file.

Owns: `Place`: the names of the collections, and reading rows of them, in which what is not there
yet is empty. Invariant: names are those of `engram.Graph` (nodes and edges in the collection
`name`).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from engram.errors import NotFound
from engram.graph.names import LABEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from engram import _native
    from engram.database import Database

__all__ = ["Place", "hash_of", "put_row", "rows_of", "scan_rows"]

_SCAN = 256


@dataclass(frozen=True)
class Place:
    """A graph in a database: the names of its collections."""

    db: Database
    name: str

    @property
    def nodes(self) -> str:
        """Nodes as records, edges between them."""
        return self.name

    @property
    def queue(self) -> str:
        """What is to be done."""
        return f"{self.name}.queue"

    @property
    def woven(self) -> str:
        """What was done: for each node the content that was looked at, and what came of it."""
        return f"{self.name}.woven"

    @property
    def settings(self) -> str:
        """Whether changes are queued, and the activity level."""
        return f"{self.name}.settings"


def hash_of(row: _native.Row | None) -> str:
    """Give a hash of what the weaver looks at in a node; nothing where it is gone.

    When it was made is part of it: one that was deleted and made again has none of its edges.
    """
    if row is None:
        return ""
    content = f"{row[3]}\0{row[2].get(LABEL, '')}\0{row[1] or ''}"
    return blake2b(content.encode(), digest_size=12).hexdigest()


def rows_of(
    view: _native.View, collection: str, ids: Sequence[str], *, vectors: bool = False
) -> list[_native.Row | None]:
    """Give rows by id, None for each that is not there."""
    try:
        return view.get_many(collection, ids, vectors)
    except NotFound:
        return [None] * len(ids)


def scan_rows(view: _native.View, collection: str, where: str | None) -> Iterator[_native.Row]:
    """Go through the rows that match; a field that no record has matches nothing."""
    try:
        cursor = view.scan(collection, where, True, False)
    except NotFound:
        return
    while rows := cursor.next_batch(_SCAN):
        yield from rows


def put_row(
    native: _native.Transaction,
    collection: str,
    id: str,
    text: str | None,
    values: dict[str, Any],
) -> None:
    """Store a record without vectors, in a collection that is made where it is not there."""
    texts = None if text is None else [text]
    try:
        native.put_many(collection, [id], texts, [values], [], None)
    except NotFound:
        native.create_collection(collection, "cosine", "en", "weak", None, None)
        native.put_many(collection, [id], texts, [values], [], None)
