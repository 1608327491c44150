"""How nodes are made, read, changed and deleted.

Owns: `NodeStore`, mixed into `Graph`. Invariants: a node that is deleted takes its edges along in
the same commit; constraints are checked within the transaction that writes; texts are embedded
before it starts.
"""

from __future__ import annotations

from collections.abc import Sized
from typing import TYPE_CHECKING

from engram.checks import proper_str, str_ids
from engram.errors import Conflict, InvalidInput
from engram.graph.changes import Change, Nodes, of_batch, of_record
from engram.graph.constraints import RECORD, check, declared
from engram.graph.edge_texts import EdgeTexts, forget_edges_of
from engram.graph.names import LABEL
from engram.graph.reading import NodeReading, labelled, no_node
from engram.ingest import BATCH_RECORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import EllipsisType
    from typing import Any

    from engram.graph.nodes import Node
    from engram.ingest import Batch
    from engram.records import Record
    from engram.transaction import Transaction
    from engram.types import Metadata, Vector

    Progress = Callable[[int, int | None], None]

__all__ = ["NodeStore", "given"]

_KEYS = frozenset({"id", "label", "text", "properties", "vector", "vectors"})


def _nothing(_: Transaction, __: Batch | None) -> tuple[Change, ...]:
    return ()


class NodeStore(NodeReading, EdgeTexts):
    """How nodes are stored."""

    def create_node(
        self,
        label: str,
        id: str | None = None,
        *,
        text: str | None = None,
        properties: Metadata | None = None,
        vector: Vector | None = None,
        vectors: Mapping[str, Vector] | None = None,
    ) -> Node:
        """Make a node that is not there yet.

        Args:
            label: What it is: ``"Chat"``, ``"Message"``, ``"Entity"``, ``"Document"``,
                ``"Summary"``, or any name of your own.
            id: Its id; one is made where it is left out.
            text: What is searched. Without a vector of its own, the graph's embedder makes one.
            properties: A JSON object; its values keep their types. ``label`` is none of them.
            vector: Its embedding in the space ``"vector"``.
            vectors: Its embeddings by space name.

        Raises:
            Conflict: ``node.exists``, ``graph.constraint``, ``file.read_only``.
            InvalidInput, Busy, Io: As `Collection.put`.
        """
        return self._put(label, id, text, properties, vector, vectors, new=True)

    def put_node(
        self,
        label: str,
        id: str | None = None,
        *,
        text: str | None = None,
        properties: Metadata | None = None,
        vector: Vector | None = None,
        vectors: Mapping[str, Vector] | None = None,
    ) -> Node:
        """Insert a node, or replace the one of that id as a whole; its edges stay.

        Arguments and errors are those of `create_node`, but ``node.exists``.
        """
        return self._put(label, id, text, properties, vector, vectors, new=False)

    def put_nodes(
        self,
        nodes: Iterable[Mapping[str, Any]],
        *,
        batch_size: int = BATCH_RECORDS,
        progress: Progress | None = None,
    ) -> int:
        """Insert or replace many nodes, one commit per batch.

        Args:
            nodes: Dicts with the keys ``label``, ``id``, ``text``, ``properties``, ``vector`` and
                ``vectors``, as in `put_node`. Of equal ids the last wins.
            batch_size: Most nodes per commit.
            progress: Called after each batch with nodes done and nodes in all (None where the
                input does not say).

        Returns:
            How many nodes were put.

        Raises:
            EngramError: As `put_node`; ``details`` names ``index`` and ``id`` of a bad node, and
                ``committed``: how many before it are in the file.
        """
        total = len(nodes) if isinstance(nodes, Sized) else None

        def tell(done: int, _: int | None) -> None:
            if progress is not None:
                progress(done, total)

        rows = (self._row(node, index) for index, node in enumerate(nodes))
        writer = self._writer(self._check_batch, lambda _, batch: of_batch(given(batch)))
        return writer.put_many(rows, batch_size=batch_size, progress=tell)

    def update_node(  # noqa: PLR0913 - a node has this many sides
        self,
        id: str,
        *,
        label: str | None = None,
        text: str | EllipsisType | None = ...,
        properties: Metadata | None = None,
        unset: Sequence[str] = (),
        vector: Vector | None = None,
        vectors: Mapping[str, Vector | None] | None = None,
    ) -> Node:
        """Change parts of a node and keep the rest.

        Args:
            id: Its id.
            label: Its new label.
            text: Its new text; None removes it; left out, it stays. An embedding of the old text
                never stays.
            properties: Properties to set, key by key.
            unset: Properties to remove.
            vector: Its new embedding in the space ``"vector"``.
            vectors: New embeddings by space; None removes one.

        Raises:
            NotFound: ``record.not_found``.
            Conflict: ``graph.constraint``.
            InvalidInput, Busy, Io: As `Collection.update`.
        """
        changed = self._properties(properties, label if label is not None else "any")
        if label is None:
            changed.pop(LABEL)
        gone = str_ids(unset)
        if LABEL in gone:
            raise InvalidInput("input.invalid", "a node has a label", "label=... changes it")

        def before(_: Transaction, __: Batch | None) -> None:
            stored = self.collection.get(id)
            if stored is None:
                raise no_node(id)
            self._check_update(stored, changed, gone)

        found: list[Record] = []

        def after(_: Transaction, __: Batch | None) -> tuple[Change, ...]:
            found.append(self._stored(id))
            return (of_record(found[0]),)

        self._writer(before, after).update(
            id, text=text, metadata=changed, unset=gone, vector=vector, vectors=vectors
        )
        return self._node(found[0])

    def delete_node(self, id: str) -> bool:
        """Delete a node with its edges, in one commit; say whether it was there."""
        return self.delete_nodes([id]) == 1

    def delete_nodes(self, ids: Iterable[str]) -> int:
        """Delete nodes with their edges, in one commit; say how many there were."""
        wanted = str_ids(ids)
        gone: list[Change] = []

        def before(_: Transaction, __: Batch | None) -> None:
            for record in self.collection.get_many(dict.fromkeys(wanted)):
                if record is not None:
                    label = record.metadata.get(LABEL, "")
                    gone.append(Change("delete", label, record.id, None))

        def after(transaction: Transaction, _: Batch | None) -> list[Change]:
            forget_edges_of(transaction._open(), self.name, [change.id for change in gone])
            return gone

        return self._writer(before, after).delete(*wanted)

    def put_embedding(self, id: str, vector: Vector, space: str = "vector") -> None:
        """Set a node's embedding of a space; the arguments are those of `get_embedding`."""
        self.update_node(id, vectors={proper_str(space, "a space"): vector})

    def delete_embedding(self, id: str, space: str = "vector") -> bool:
        """Remove a node's embedding of a space; say whether there was one."""
        with self._transaction():
            if self.get_embedding(id, space) is None:
                return False
            self.update_node(id, vectors={space: None})
        return True

    def constrain(
        self,
        label: str,
        *,
        unique: Iterable[str] = (),
        required: Iterable[str] = (),
        types: Mapping[str, str | type] | None = None,
    ) -> None:
        """Say what the nodes of a label must have, from now on and for every process.

        This replaces what was said of that label before; without arguments, nothing is asked of it
        any more. The nodes that are there are checked in the same commit.

        Args:
            label: The label.
            unique: Properties of which no two nodes have the same value.
            required: Properties that each node has, other than null.
            types: Types of properties: ``str``, ``int``, ``float``, ``bool``, ``list``, ``dict``,
                or their names.

        Raises:
            Conflict: ``graph.constraint`` where a node breaks one; nothing is kept then.
            InvalidInput: ``input.invalid``.
        """
        rules = declared(unique, required, types or {})
        with self._transaction():
            kept = self.constraints()
            kept.pop(proper_str(label, "the label"), None)
            if rules:
                found = self.collection.iterate(labelled(label, None), missing="ignore")
                given = ((record.id, record.metadata) for record in found)
                check({label: rules}, self.collection, given)
                kept[label] = rules
            self.settings.put(RECORD, metadata=kept)

    def _writer(
        self,
        before: Callable[[Transaction, Batch | None], None],
        after: Callable[[Transaction, Batch | None], Iterable[Change]],
    ) -> Nodes:
        """Give the collection of nodes for one call that writes."""
        embedder = self._embedder if self.embed == "now" else _no_embedder
        return Nodes(self, embedder, before, after)  # type: ignore[arg-type]

    def _row(self, node: Mapping[str, Any], index: int) -> dict[str, Any]:
        """Give one node of a bulk call as a record."""
        where = {"index": str(index)}
        if not hasattr(node, "keys"):
            raise InvalidInput(
                "input.invalid", f"node {index} is {type(node).__name__}, not a dict", None, where
            )
        unknown = sorted(str(key) for key in node if key not in _KEYS)
        if unknown or "label" not in node:
            what = f"has unknown keys: {', '.join(unknown)}" if unknown else "has no label"
            keys = "the keys are label, id, text, properties, vector, vectors"
            raise InvalidInput("input.invalid", f"node {index} {what}", keys, where)
        label = proper_str(node["label"], f"the label of node {index}")
        metadata = self._properties(node.get("properties"), label)
        row = {key: node[key] for key in ("text", "vector", "vectors") if key in node}
        id_ = node.get("id")
        return row | {"id": self._new_id(label) if id_ is None else id_, "metadata": metadata}

    def _put(  # noqa: PLR0913 - a node has this many sides
        self,
        label: str,
        id: str | None,
        text: str | None,
        properties: Metadata | None,
        vector: Vector | None,
        vectors: Mapping[str, Vector] | None,
        *,
        new: bool,
        also: Callable[[str], None] | None = None,
    ) -> Node:
        """Put one node; `also` runs after it in the same transaction."""
        metadata = self._properties(properties, label)
        key = self._new_id(label) if id is None else proper_str(id, "the id")
        found: list[Record] = []

        def before(transaction: Transaction, batch: Batch | None) -> None:
            if new and key in self.collection:
                raise Conflict(
                    "node.exists",
                    f"there is a node {key!r}",
                    "put_node replaces it, update_node changes it",
                    {"id": key},
                )
            self._check_batch(transaction, batch)

        def after(_: Transaction, __: Batch | None) -> tuple[Change, ...]:
            found.append(self._stored(key))
            if also is not None:
                also(key)
            return (of_record(found[0]),)

        self._writer(before, after).put(
            key, text=text, metadata=metadata, vector=vector, vectors=vectors
        )
        return self._node(found[0])

    def _save(self, node: Node) -> None:
        """Store the changes of a node object."""
        read, own = node._record, node.properties
        kept = {key: value for key, value in read.metadata.items() if key != LABEL}
        changed = {k: v for k, v in own.items() if k not in kept or _differ(v, kept[k])}
        gone = [key for key in kept if key not in own]
        text: str | EllipsisType | None = ... if node.text == read.text else node.text
        if not changed and not gone and text is ...:
            return
        self._properties(changed, read.metadata.get(LABEL, ""))
        found: list[Record] = []

        def before(_: Transaction, __: Batch | None) -> None:
            stored = self._stored(read.id)
            for key in [*changed, *gone]:
                if _differ(stored.metadata.get(key, ...), read.metadata.get(key, ...)):
                    raise _stale(read.id, key)
            if text is not ... and stored.text != read.text:
                raise _stale(read.id, "text")
            self._check_update(stored, changed, gone)

        def after(_: Transaction, __: Batch | None) -> tuple[Change, ...]:
            found.append(self._stored(read.id))
            return (of_record(found[0]),)

        self._writer(before, after).update(read.id, text=text, metadata=changed, unset=gone)
        node._adopt(found[0])

    def _check_batch(self, _: Transaction, batch: Batch | None) -> None:
        """Check the constraints of nodes that are put."""
        stored = self.constraints()
        if stored and batch is not None:
            rows = batch.metadata or [None] * len(batch.ids)
            given = [(id_, row or {}) for id_, row in zip(batch.ids, rows, strict=True)]
            check(stored, self.collection, given)

    def _check_update(
        self, record: Record, changed: Mapping[str, Any], gone: Sequence[str]
    ) -> None:
        """Check the constraints of a node that is changed."""
        stored = self.constraints()
        if stored:
            whole = {**record.metadata, **changed}
            left = {key: value for key, value in whole.items() if key not in gone}
            check(stored, self.collection, [(record.id, left)])


def given(batch: Batch | None) -> Batch:
    """Give the batch that a bulk call writes."""
    assert batch is not None, "put_many writes batches"
    return batch


def _no_embedder() -> None:
    return None


def _differ(one: Any, other: Any) -> bool:
    return type(one) is not type(other) or one != other


def _stale(id: str, what: str) -> Conflict:
    return Conflict(
        "node.stale",
        f"{what} of node {id!r} was changed by somebody else since it was read",
        "refresh() reads it again; make the change to that",
        {"id": id, "property": what},
    )
