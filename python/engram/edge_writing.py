"""How the edges between the records of a collection are written.

Owns: `GraphWriting`, mixed into `Collection`. Invariant: both ends of an edge are records at its
commit; each call is one commit, or joins the open transaction. What can be asked about edges is in
`engram.edge_reading`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized

from engram import _native
from engram.edge_reading import edge_key, whole
from engram.errors import EngramError, NotFound
from engram.ingest import BATCH_RECORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    from engram.edges import EdgeIn, EdgeLike
    from engram.transaction import Transaction
    from engram.types import Metadata

    Progress = Callable[[int, int | None], None]
    _T = TypeVar("_T")

__all__ = ["GraphWriting"]


class GraphWriting:
    """How edges are written."""

    __slots__ = ()

    _name: str

    if TYPE_CHECKING:

        def _write(self, action: Callable[[_native.Transaction], _T]) -> _T: ...
        def _joined(self) -> Transaction | None: ...

    def put_edge(
        self, source: str, type: str, target: str, properties: Metadata | None = None
    ) -> None:
        """Insert an edge, or replace the properties of the one of that source, type and target.

        Args:
            source: Id of the record where it starts.
            type: What kind of edge it is, 1 to ``LIMITS["edge_type_bytes"]`` bytes of UTF-8.
            target: Id of the record where it ends; it may be the same.
            properties: A JSON object, ``LIMITS["edge_property_bytes"]`` at most.

        Raises:
            NotFound: ``record.not_found`` where one of the records is not there,
                ``collection.not_found``.
            InvalidInput: ``input.invalid``, ``input.limit``, ``input.not_finite``.
            Conflict, Busy, Io: As `put`.
        """
        plain = dict(properties) if isinstance(properties, Mapping) else properties
        edge = (*edge_key(source, type, target), plain)
        self._write(lambda native: _native.put_edges(native, self._name, [edge]))

    def put_edges(
        self,
        edges: Iterable[EdgeLike],
        *,
        batch_size: int = BATCH_RECORDS,
        progress: Progress | None = None,
    ) -> int:
        """Insert or replace many edges, one commit per batch.

        Args:
            edges: Tuples ``(source, type, target)`` or ``(source, type, target, properties)``,
                dicts of these keys, or `Edge` objects. Of equal keys the last wins.
            batch_size: Most edges per commit. Inside a transaction nothing is committed before its
                end.
            progress: Called after each batch with edges done and edges in all (None where the
                input does not say).

        Returns:
            How many edges were put.

        Raises:
            EngramError: As `put_edge`. ``details`` names the ``index`` of the bad edge where one is
                to blame, and ``committed``: how many edges before it are in the file.
        """
        from engram.edges import edge_batches

        total = len(edges) if isinstance(edges, Sized) else None
        done = 0
        joined = self._joined() is not None
        try:
            for batch in edge_batches(edges, whole("batch_size", batch_size, 1)):
                self._put_batch(batch, done)
                done += len(batch)
                if progress is not None:
                    progress(done, total)
        except EngramError as error:
            error.details["committed"] = "0" if joined else str(done)
            raise
        return done

    def _put_batch(self, batch: list[EdgeIn], before: int) -> None:
        """Store one batch, telling errors which edge of the input they are about."""
        try:
            self._write(lambda native: _native.put_edges(native, self._name, batch))
        except EngramError as error:
            row = error.details.get("index")
            if row is not None:
                error.details["index"] = str(before + int(row))
                error.message = f"edge {before + int(row)}: {error.message}"
            raise

    def delete_edge(self, source: str, type: str, target: str) -> bool:
        """Delete an edge, and tell whether there was one."""
        key = edge_key(source, type, target)
        try:
            return self._write(lambda native: _native.delete_edge(native, self._name, key))
        except NotFound:
            # There is no such collection, so there is no such edge.
            return False
