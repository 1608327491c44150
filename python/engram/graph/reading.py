"""How nodes are read.

Owns: `NodeReading`, mixed into `Graph`, and which class a node's object is of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from engram.checks import proper_str
from engram.errors import InvalidInput, NotFound
from engram.filtering import filter_text, quoted
from engram.graph.base import Base
from engram.graph.names import LABEL
from engram.graph.nodes import Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from engram.records import Record
    from engram.types import Missing, Where

__all__ = ["NodeReading", "labelled", "no_node"]

_MOST_LABELS = 1_000_000


class NodeReading(Base):
    """How nodes are read."""

    @overload
    def get_node(self, id: str, *, must: Literal[True]) -> Node: ...
    @overload
    def get_node(self, id: str, *, must: bool = False) -> Node | None: ...
    def get_node(self, id: str, *, must: bool = False) -> Node | None:
        """Give one node, or None where there is none of that id.

        Args:
            id: Its id.
            must: Whether it is an error that it is not there.

        Raises:
            NotFound: ``record.not_found`` where it must be there and is not.
        """
        record = self.collection.get(id)
        if record is None and must:
            raise no_node(id)
        return None if record is None else self._node(record)

    def get_nodes(self, ids: Iterable[str]) -> list[Node | None]:
        """Give nodes in the order of their ids, None for each that is not there."""
        found = self.collection.get_many(ids)
        return [None if record is None else self._node(record) for record in found]

    def nodes(
        self,
        label: str | None = None,
        where: Where | None = None,
        *,
        missing: Missing = "ignore",
    ) -> Iterator[Node]:
        """Go through the nodes of a label, or all, in no promised order.

        Args:
            label: Only nodes of this label.
            where: A filter of their properties, as in `Collection.iterate`.
            missing: What a property that no node has is in the filter: no match, or an error.
        """
        records = self.collection.iterate(labelled(label, where), missing=missing)
        return map(self._node, records)

    def count(
        self,
        label: str | None = None,
        where: Where | None = None,
        *,
        missing: Missing = "ignore",
    ) -> int:
        """Count the nodes; the arguments are those of `nodes`."""
        return self.collection.count(labelled(label, where), missing=missing)

    def labels(self) -> dict[str, int]:
        """Count the nodes by label, by name of the label."""
        found = self.collection.facets(LABEL, limit=_MOST_LABELS, missing="ignore")[LABEL]
        return {str(label): count for label, count in sorted(found.values)}

    def get_embedding(self, id: str, space: str = "text") -> Any:
        """Give a node's embedding of a space, or None where it has none.

        Args:
            id: The node's id.
            space: ``"text"`` for what was made of its text, ``"vector"`` for one of its own, or
                another name.

        Raises:
            NotFound: ``record.not_found``.
        """
        record = self.collection.get(id, vectors=True)
        if record is None:
            raise no_node(id)
        return (record.vectors or {}).get(space)

    def __contains__(self, id: object) -> bool:
        """Say whether there is a node of that id."""
        return id in self.collection

    def register(self, kind: type[Node], label: str | None = None) -> None:
        """Give nodes of a label as objects of a class of your own.

        Args:
            kind: A subclass of `Node`.
            label: The label; the name of the class unless given.

        Raises:
            InvalidInput: ``input.invalid`` where engram has a class for the label, and this one is
                not derived from it.
        """
        from engram.graph.kinds import KINDS

        name = kind.__name__ if label is None else label
        base = KINDS.get(name, Node)
        if not issubclass(kind, base):
            raise InvalidInput(
                "input.invalid",
                f"{kind.__name__} is no {base.__name__}",
                f"derive it from engram.graph.{base.__name__}",
            )
        self._kinds[name] = kind

    def _node(self, record: Record) -> Node:
        """Make the object of a record."""
        from engram.graph.kinds import KINDS

        label = record.metadata.get(LABEL, "")
        kind = self._kinds.get(label) or KINDS.get(label, Node)
        return kind(self, record)  # type: ignore[arg-type]  # a Base is only ever part of a Graph

    def _stored(self, id: str) -> Record:
        record = self.collection.get(id)
        if record is None:
            raise no_node(id)
        return record


def labelled(label: str | None, where: Where | None) -> str | None:
    """Join a label and a filter."""
    given = filter_text(where)
    if label is None:
        return given
    of_label = f"{LABEL} = {quoted(proper_str(label, 'the label'))}"
    return of_label if given is None else f"{of_label} AND ({given})"


def no_node(id: str) -> NotFound:
    """Make the error of a node that is not there."""
    return NotFound("record.not_found", f"no node {id!r:.80}", None, {"id": id})
