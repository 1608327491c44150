"""Nodes as objects: what a node has, how it is changed, what is around it.

Owns: `Node` and `Attribute`. A node is a picture of one commit with changes of one's own; `save`
writes these, and refuses where somebody else changed the same property since. Relations are read
when they are asked for.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from engram.errors import InvalidInput
from engram.graph.names import LABEL
from engram.records import snippet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from typing import Any

    from typing_extensions import Self

    from engram.edges import Edge
    from engram.graph.graphs import Graph
    from engram.records import Record
    from engram.types import Direction

__all__ = ["Attribute", "Node"]

_T = TypeVar("_T")


class Attribute(Generic[_T]):
    """A property of nodes of one class, with a type: ``age = Attribute(int)`` in the class body.

    Reading gives None where the node has no such property. Setting checks the type, and None
    removes the property.
    """

    def __init__(self, kind: type[_T], doc: str | None = None) -> None:
        """Take the type: `str`, `int`, `float` (which takes ints), `bool`, `list` or `dict`."""
        self.kind = kind
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        """Learn the name of the property."""
        self.name = name

    @overload
    def __get__(self, node: None, owner: type) -> Self: ...
    @overload
    def __get__(self, node: Node, owner: type) -> _T | None: ...
    def __get__(self, node: Node | None, owner: type) -> Self | _T | None:
        """Give the property of a node, or the attribute of the class."""
        return self if node is None else node.properties.get(self.name)

    def __set__(self, node: Node, value: _T | None) -> None:
        """Change the property; it is stored by `Node.save`."""
        if value is None:
            node.properties.pop(self.name, None)
            return
        kinds = (int, float) if self.kind is float else (self.kind,)
        wrong = not isinstance(value, kinds)
        if wrong or (isinstance(value, bool) and self.kind is not bool):
            raise InvalidInput(
                "input.invalid",
                f"{self.name} is {type(value).__name__}, not {self.kind.__name__}: {value!r:.80}",
            )
        node.properties[self.name] = value


class Node:
    """One node of a graph, as it was read, with changes that `save` stores.

    Attributes:
        text: What is searched; None where it has none.
    """

    def __init__(self, graph: Graph, record: Record) -> None:
        """Make a node from its record; graphs do this for you."""
        self._graph = graph
        self._adopt(record)

    def _adopt(self, record: Record) -> None:
        """Take over what is stored, and forget one's own changes."""
        self._record = record
        self._own: dict[str, Any] | None = None
        self.text = record.text

    @property
    def id(self) -> str:
        """Its id."""
        return self._record.id

    @property
    def label(self) -> str:
        """What it is: `Chat`, `Message`, or any name of one's own."""
        label: str = self._record.metadata.get(LABEL, "")
        return label

    @property
    def graph(self) -> Graph:
        """The graph that it is in."""
        return self._graph

    @property
    def properties(self) -> dict[str, Any]:
        """Its properties: a dict; changes of it are stored by `save`."""
        if self._own is None:
            self._own = deepcopy(self._record.metadata)
            self._own.pop(LABEL, None)
        return self._own

    @property
    def created(self) -> datetime:
        """When it was first put, aware, UTC."""
        return self._record.created

    @property
    def updated(self) -> datetime:
        """When it was last put or updated, aware, UTC."""
        return self._record.updated

    def get(self, name: str, default: Any = None) -> Any:
        """Give a property, or the default where there is none."""
        return self.properties.get(name, default)

    def __getitem__(self, name: str) -> Any:
        """Give a property."""
        return self.properties[name]

    def __setitem__(self, name: str, value: Any) -> None:
        """Change a property; `save` stores it."""
        self.properties[name] = value

    def __delitem__(self, name: str) -> None:
        """Remove a property; `save` stores that."""
        del self.properties[name]

    def __contains__(self, name: object) -> bool:
        """Say whether there is a property of that name."""
        return name in self.properties

    def save(self) -> Self:
        """Store what was changed here, and keep what others changed beside it.

        Raises:
            NotFound: ``record.not_found`` where the node is gone.
            Conflict: ``node.stale`` where somebody else changed the same property, or the text,
                since it was read: nothing is stored; ``graph.constraint``.
        """
        self._graph._save(self)
        return self

    def refresh(self) -> Self:
        """Read it again, and forget changes that were not saved.

        Raises:
            NotFound: ``record.not_found`` where it is gone.
        """
        self._adopt(self._graph.get_node(self.id, must=True)._record)
        return self

    def delete(self) -> bool:
        """Delete it with its edges, in one commit; say whether it was there."""
        return self._graph.delete_node(self.id)

    def vector(self, space: str = "text") -> Any:
        """Give its embedding of a space as a float32 array, or None where it has none."""
        return self._graph.get_embedding(self.id, space)

    def link(
        self, type: str, target: Node | str, properties: Mapping[str, Any] | None = None
    ) -> None:
        """Put an edge from this node to another one; see `Graph.put_edge`."""
        self._graph.put_edge(self.id, type, _id(target), properties)

    def unlink(self, type: str, target: Node | str) -> bool:
        """Delete the edge of that type to a node, and say whether there was one."""
        return self._graph.delete_edge(self.id, type, _id(target))

    def edges(
        self, *, direction: Direction = "both", types: str | Iterable[str] | None = None
    ) -> list[Edge]:
        """Give its edges; see `engram.Collection.edges`."""
        return self._graph.edges(self.id, direction=direction, types=types)

    def neighbors(
        self,
        *,
        hops: int = 1,
        types: str | Iterable[str] | None = None,
        direction: Direction = "both",
        label: str | None = None,
        limit: int | None = None,
    ) -> list[Node]:
        """Give the nodes within some hops, nearest first, then by id.

        Args:
            hops: How many edges to go at most.
            types: Only along edges of this type or these types.
            direction: ``"out"``, ``"in"`` or ``"both"``.
            label: Only nodes of this label.
            limit: Most nodes to give.
        """
        return self._graph._around(self.id, hops, types, direction, label, limit)

    def to_dict(self) -> dict[str, Any]:
        """Give the node as JSON-able data, changes that were not saved included."""
        return {
            "id": self.id,
            "label": self.label,
            "text": self.text,
            "properties": deepcopy(self.properties),
        }

    def __eq__(self, other: object) -> bool:
        """Compare what they are and what they say, changes included."""
        if not isinstance(other, Node):
            return NotImplemented
        return self._graph.name == other._graph.name and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        """Hash by id."""
        return hash(self.id)

    def __repr__(self) -> str:
        """Show class, label, id and the start of the text."""
        name = type(self).__name__
        label = "" if name == self.label else f"{self.label!r}, "
        text = "" if self.text is None else f", {snippet(self.text)}"
        return f"{name}({label}{self.id!r}{text})"


def _id(node: Node | str) -> str:
    return node.id if isinstance(node, Node) else node
