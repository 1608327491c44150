"""What changes in a graph, and who hears of it.

Owns: `Change`, and `Nodes`, the collection of nodes as one call writes to it: what is to be checked
runs within the write transaction before the change, and whoever listens is called within it after.
Invariant: texts are embedded before the write lock is taken.
"""

from __future__ import annotations

from engram.collection import Collection
from engram.graph.names import LABEL
from engram.records import Frozen, _set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Literal, TypeAlias, TypeVar

    from engram import _native
    from engram.embed.calling import EmbedderSource
    from engram.graph.graphs import Graph
    from engram.ingest import Batch
    from engram.records import Record
    from engram.transaction import Transaction

    _T = TypeVar("_T")
    Listener: TypeAlias = Callable[[Transaction, Sequence["Change"]], None]

__all__ = ["Change", "Nodes"]


class Change(Frozen):
    """One change of a node, as listeners hear of it. Frozen.

    Attributes:
        op: ``"put"`` where it was made or changed, ``"delete"`` where it is gone.
        label: Its label; that before where it is gone.
        id: Its id.
        text: Its text now; None where it has none, or is gone.
    """

    __slots__ = ("id", "label", "op", "text")

    op: Literal["put", "delete"]
    label: str
    id: str
    text: str | None

    def __init__(self, op: Literal["put", "delete"], label: str, id: str, text: str | None) -> None:
        """Make a change; graphs do this for you."""
        _set(self, "op", op)
        _set(self, "label", label)
        _set(self, "id", id)
        _set(self, "text", text)

    def __eq__(self, other: object) -> bool:
        """Compare every field."""
        if not isinstance(other, Change):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        """Hash by what changed."""
        return hash((self.op, self.id))

    def __repr__(self) -> str:
        """Show what changed."""
        return f"Change({self.op!r}, {self.label!r}, {self.id!r})"


class Nodes(Collection):
    """The collection of nodes, for one call that writes to it."""

    __slots__ = ("_after", "_batch", "_before", "_graph")

    def __init__(
        self,
        graph: Graph,
        embedder: EmbedderSource,
        before: Callable[[Transaction, Batch | None], None],
        after: Callable[[Transaction, Batch | None], Iterable[Change]],
        *,
        name: str | None = None,
    ) -> None:
        """Keep what runs before and after each change.

        Args:
            graph: Whose nodes they are.
            embedder: What embeds their texts.
            before: Called with the transaction, and the batch where there is one; it may refuse.
            after: Called likewise; it says what changed.
            name: Another collection of the graph than that of its nodes.
        """
        super().__init__(graph.database, name or graph.name, graph._settings, embedder, None)
        self._graph = graph
        self._before = before
        self._after = after
        self._batch: Batch | None = None

    def _store(self, batch: Batch) -> None:
        self._batch = batch
        super()._store(batch)

    def _write(self, action: Callable[[_native.Transaction], _T]) -> _T:
        with self._graph._transaction() as transaction:
            self._before(transaction, self._batch)
            result = action(transaction._open())
            changes = tuple(self._after(transaction, self._batch))
            if changes:
                for listener in self._graph.listeners:
                    listener(transaction, changes)
        return result


def of_record(record: Record) -> Change:
    """Say that a record was put."""
    return Change("put", record.metadata.get(LABEL, ""), record.id, record.text)


def of_batch(batch: Batch) -> list[Change]:
    """Say what a batch put; of equal ids the last counts."""
    texts = batch.texts or [None] * len(batch.ids)
    metadata = batch.metadata or [None] * len(batch.ids)
    rows = zip(batch.ids, texts, metadata, strict=True)
    found = {id_: Change("put", (data or {}).get(LABEL, ""), id_, text) for id_, text, data in rows}
    return list(found.values())
