"""Edges in exported files: each record carries the edges that start there.

Owns: how edges are written beside a record, in JSON and as a Parquet column, and how they are read
again once every record is there. Invariant: an edge is written if both of its records are.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engram import _native
from engram.files import open_text
from engram.json_values import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engram._native import View
    from engram.edges import EdgeIn

__all__ = [
    "EDGES_COLUMN",
    "EdgesOut",
    "arrow_edges",
    "arrow_type",
    "bad_edges",
    "line_edges",
    "table_edges",
]

EDGES_COLUMN = "edges"
"""Key of a line, and column of a table, that hold the edges of a record."""

_ROWS = 512


class EdgesOut:
    """The edges of the records that are exported."""

    def __init__(self, view: View, collection: str, where: str | None) -> None:
        """Look whether there are any, and which records a filter leaves."""
        self._view = view
        self._collection = collection
        self.any = bool(_native.graph_types(view, collection))
        self._kept: set[str] | None = None
        if self.any and where is not None:
            cursor = view.scan(collection, where, False, False)
            self._kept = set()
            while batch := cursor.next_batch(_ROWS):
                self._kept.update(row[0] for row in batch)

    def of(self, record_id: str) -> list[dict[str, Any]]:
        """Give the edges that start at a record and end at one that is exported too."""
        if not self.any:
            return []
        rows = _native.graph_edges(self._view, self._collection, record_id, (None, "out"))
        return [
            {"type": kind, "target": target, "properties": to_json(properties)}
            for _, kind, target, properties in rows
            if self._kept is None or target in self._kept
        ]


def arrow_type(pa: Any) -> Any:
    """Give the Arrow type of a record's edges."""
    fields = [("type", pa.string()), ("target", pa.string()), ("properties", pa.string())]
    return pa.list_(pa.struct([pa.field(name, kind, nullable=False) for name, kind in fields]))


def arrow_edges(edges: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
    """Give a record's edges as a cell of that type; None for none."""
    plain = [
        {**edge, "properties": json.dumps(edge["properties"], ensure_ascii=False)} for edge in edges
    ]
    return plain or None


def bad_edges(edges: object) -> bool:
    """Say whether the edges of a line are not what they must be."""
    return not isinstance(edges, list) or any(
        not isinstance(edge, dict)
        or not {"type", "target"} <= edge.keys() <= {"type", "target", "properties"}
        for edge in edges
    )


def line_edges(source: str) -> Iterator[EdgeIn]:
    """Read the edges of JSON Lines."""
    with open_text(source, "r", compressed=source.endswith(".gz")) as stream:
        for line in stream:
            if f'"{EDGES_COLUMN}"' in line:
                record = json.loads(line)
                for edge in record.get(EDGES_COLUMN, ()):
                    yield (
                        record["id"],
                        edge["type"],
                        edge["target"],
                        from_json(edge.get("properties")),
                    )


def table_edges(file: Any) -> Iterator[EdgeIn]:
    """Read the edges of a Parquet file that `CollectionView.export` wrote."""
    if EDGES_COLUMN not in file.schema_arrow.names:
        return
    for batch in file.iter_batches(batch_size=_ROWS, columns=["id", EDGES_COLUMN]):
        for row in batch.to_pylist():
            for edge in row[EDGES_COLUMN] or ():
                properties = from_json(json.loads(edge["properties"]))
                yield (row["id"], edge["type"], edge["target"], properties)
