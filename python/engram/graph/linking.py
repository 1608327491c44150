"""How the edges of a graph are made, read, changed and deleted.

Owns: `EdgeStore`, mixed into `Graph`. An edge is named by its source, type and target; both ends
are nodes at every commit, and it goes with either of them. Opposite side: `Collection.put_edges`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.checks import str_ids
from engram.errors import Conflict
from engram.graph.edge_texts import EdgeTexts, forget_edges, no_edge
from engram.ingest import BATCH_RECORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from engram.edges import Edge, EdgeLike
    from engram.types import Direction, Metadata

    Progress = Callable[[int, int | None], None]
    Types = str | Iterable[str] | None

__all__ = ["EdgeStore"]


class EdgeStore(EdgeTexts):
    """How edges are stored."""

    def create_edge(
        self, source: str, type: str, target: str, properties: Metadata | None = None
    ) -> Edge:
        """Make an edge that is not there yet.

        Args:
            source: Id of the node where it starts.
            type: What kind of edge it is, such as ``"MENTIONS"``.
            target: Id of the node where it ends; it may be the same.
            properties: A JSON object; its values keep their types.

        Raises:
            Conflict: ``edge.exists``, ``file.read_only``.
            NotFound: ``record.not_found`` where one of the nodes is not there.
            InvalidInput, Busy, Io: As `Collection.put_edge`.
        """
        with self._transaction():
            if self.get_edge(source, type, target) is not None:
                raise Conflict(
                    "edge.exists",
                    f"there is an edge {source!r} -{type}-> {target!r}",
                    "put_edge replaces its properties, update_edge changes some",
                    {"source": source, "type": type, "target": target},
                )
            return self.put_edge(source, type, target, properties)

    def put_edge(
        self, source: str, type: str, target: str, properties: Metadata | None = None
    ) -> Edge:
        """Insert an edge, or replace the properties of the one of that source, type and target.

        Arguments and errors are those of `create_edge`, but ``edge.exists``.
        """
        from engram.edges import Edge

        self.collection.put_edge(source, type, target, properties)
        return Edge(source, type, target, properties)

    def put_edges(
        self,
        edges: Iterable[EdgeLike],
        *,
        batch_size: int = BATCH_RECORDS,
        progress: Progress | None = None,
    ) -> int:
        """Insert or replace many edges, one commit per batch; see `Collection.put_edges`."""
        return self.collection.put_edges(edges, batch_size=batch_size, progress=progress)

    def get_edge(self, source: str, type: str, target: str) -> Edge | None:
        """Give one edge, or None where there is none of that key."""
        return self.collection.edge(source, type, target)

    def update_edge(
        self,
        source: str,
        type: str,
        target: str,
        *,
        properties: Metadata | None = None,
        unset: Sequence[str] = (),
    ) -> Edge:
        """Change properties of an edge and keep the rest.

        Args:
            source: Id of the node where it starts.
            type: Its type.
            target: Id of the node where it ends.
            properties: Properties to set, key by key.
            unset: Properties to remove.

        Raises:
            NotFound: ``edge.not_found``.
        """
        gone = set(str_ids(unset))
        with self._transaction():
            stored = self.get_edge(source, type, target)
            if stored is None:
                raise no_edge(source, type, target)
            whole = {**stored.properties, **(properties or {})}
            left = {key: value for key, value in whole.items() if key not in gone}
            return self.put_edge(source, type, target, left)

    def delete_edge(self, source: str, type: str, target: str) -> bool:
        """Delete an edge with its text and embedding, and say whether there was one."""
        with self._transaction() as transaction:
            forget_edges(transaction._open(), self.name, [(source, type, target)])
            return self.collection.delete_edge(source, type, target)

    def edges(self, id: str, *, direction: Direction = "both", types: Types = None) -> list[Edge]:
        """Give the edges of a node, by source, type and target.

        Args:
            id: The node's id.
            direction: ``"out"`` for those that start there, ``"in"`` for those that end there.
            types: Only edges of this type or these types.

        Raises:
            NotFound: ``record.not_found``.
        """
        return self.collection.edges(id, direction=direction, types=types)

    def iterate_edges(self) -> Iterator[Edge]:
        """Go through all edges of one commit, in no promised order."""
        return self.collection.iterate_edges()

    def edge_types(self) -> dict[str, int]:
        """Count all edges by type, by name of the type."""
        return self.collection.edge_types()

    def degree(self, id: str, *, direction: Direction = "both", types: Types = None) -> int:
        """Count the edges of a node; the arguments are those of `edges`."""
        return self.collection.degree(id, direction=direction, types=types)
