"""Rows of tables as passages, so that a search finds them.

Owns: `RowPassages`. The id of a row's passage is that of the row, ``<document>#t<table>/<row>``,
and its position follows those of its document's text; its own text is that of the row, so it has no
range of the document's text: ``start`` and ``end`` are 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.embed.calling import embed_documents
from engram.ingest import Batch
from engram.memory.layout import RESERVED
from engram.memory.rows import row_text, rows_of, table_id
from engram.planning import TEXT_SPACE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from engram.memory.base import Base
    from engram.tables import Table
    from engram.types import Embedder

__all__ = ["RowPassages"]

_PLACE = ("page", "slide", "sheet", "section", "attachment")


class RowPassages:
    """The rows of tables, embedded; `write` stores them within a transaction."""

    def __init__(self, memory: Base, tables: Sequence[Table], embedder: Embedder | None) -> None:
        """Embed the rows of tables; without an embedder they are found by words alone."""
        self._memory = memory
        self.embedder = embedder
        self._rows = [
            (table, number, text)
            for table in tables
            for number, row in enumerate(table.rows, 1)
            if (text := row_text(table, row))
        ]
        texts = [self._in_context(table, text) for table, _, text in self._rows]
        self._texts = texts
        self._vectors: tuple[Any, Any] = ((), b"")
        if embedder is not None and texts:
            self._vectors = embed_documents(embedder, texts)

    def __len__(self) -> int:
        """Count the passages."""
        return len(self._rows)

    @staticmethod
    def _in_context(table: Table, text: str) -> str:
        """Put what a table is called before its row."""
        above = table.title or (table.path[-1] if table.path else "")
        return f"{above}\n{text}" if above else text

    def write(self, own: Mapping[str, Any], shared: Mapping[str, Any], first: int) -> None:
        """Store the passages.

        Args:
            own: The metadata that the document was put with.
            shared: What passages repeat of the document.
            first: The position of the first.
        """
        if not self._rows:
            return
        document = shared["id"]
        ids = [f"{rows_of(table_id(document, t.number))}{row}" for t, row, _ in self._rows]
        batch = Batch(0, ids)
        batch.texts = list(self._texts)
        batch.metadata = [
            {**own, RESERVED: {**shared, **self._about(n, document), "position": first + n}}
            for n in range(len(self._rows))
        ]
        batch.own_vectors = None
        rows, matrix = self._vectors
        if self.embedder is not None and len(rows):
            name = self.embedder.identity.to_json()
            batch.vectors = [(TEXT_SPACE, name, list(rows), matrix)]
        self._memory._passages._store(batch)

    def _about(self, index: int, document: str) -> dict[str, Any]:
        """Say which row a passage is."""
        table, number, text = self._rows[index]
        about: dict[str, Any] = {
            "table": table_id(document, table.number),
            "row": number,
            "start": 0,
            "end": 0,
            "context": len(self._texts[index]) - len(text),
        }
        place = {name: getattr(table, name) for name in _PLACE}
        if table.path:
            about["path"] = list(table.path)
        return about | {name: value for name, value in place.items() if value is not None}
