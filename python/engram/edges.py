"""Edges as values: one edge, a way through several, a part of the graph.

Owns: `Edge`, `GraphPath`, `Subgraph`, and every form in which `Collection.put_edges` takes edges.
All are frozen and slotted. Opposite side: tuples of `engram._native`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from engram.errors import InvalidInput
from engram.json_values import to_json
from engram.records import Frozen, _set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeAlias

    from engram._native import EdgeRow
    from engram.types import Metadata

    EdgeLike: TypeAlias = (
        "Edge | Mapping[str, Any] | tuple[str, str, str] | tuple[str, str, str, Metadata | None]"
    )
    EdgeIn: TypeAlias = tuple[str, str, str] | tuple[str, str, str, dict[str, Any] | None]

__all__ = ["Edge", "GraphPath", "Subgraph", "edge_batches", "edge_in"]

_FORMS = (
    "give (source, type, target), (source, type, target, properties), a dict of these, or an Edge"
)
_KEYS = frozenset({"source", "type", "target", "properties"})


class Edge(Frozen):
    """One edge: what leads from a record to another. Frozen.

    Attributes:
        source: Id of the record where it starts.
        type: What kind of edge it is.
        target: Id of the record where it ends.
        properties: A JSON object; a copy, so changing it changes nothing in the file.
    """

    __slots__ = ("properties", "source", "target", "type")

    source: str
    type: str
    target: str
    properties: dict[str, Any]

    def __init__(
        self, source: str, type: str, target: str, properties: Metadata | None = None
    ) -> None:
        """Make an edge; readers do this for you."""
        _set(self, "source", source)
        _set(self, "type", type)
        _set(self, "target", target)
        _set(self, "properties", {} if properties is None else dict(properties))

    @property
    def key(self) -> tuple[str, str, str]:
        """Source, type and target: no two edges of a collection have the same."""
        return (self.source, self.type, self.target)

    def to_dict(self) -> dict[str, Any]:
        """Give the edge as JSON-able data."""
        return {
            "source": self.source,
            "type": self.type,
            "target": self.target,
            "properties": to_json(self.properties),
        }

    def __eq__(self, other: object) -> bool:
        """Compare key and properties."""
        if not isinstance(other, Edge):
            return NotImplemented
        return self.key == other.key and self.properties == other.properties

    def __hash__(self) -> int:
        """Hash by key."""
        return hash(self.key)

    def __repr__(self) -> str:
        """Show the ends and the type as an arrow."""
        properties = f", {self.properties!r}" if self.properties else ""
        return f"Edge({self.source!r} -{self.type}-> {self.target!r}{properties})"


class GraphPath(Frozen):
    """A way from one record to another. Frozen; its length is the number of steps.

    Attributes:
        ids: The records on it, both ends included.
        edges: Source, type and target of the edge of each step. A step against the direction of
            its edge has them the other way round than `ids`.
        cost: The sum of the weights, or the number of steps where no weight was asked for.
    """

    __slots__ = ("cost", "edges", "ids")

    ids: tuple[str, ...]
    edges: tuple[tuple[str, str, str], ...]
    cost: float

    def __init__(
        self, ids: Iterable[str], edges: Iterable[tuple[str, str, str]], cost: float
    ) -> None:
        """Make a path; `CollectionView.shortest_path` does this for you."""
        _set(self, "ids", tuple(ids))
        _set(self, "edges", tuple(edges))
        _set(self, "cost", cost)

    def to_dict(self) -> dict[str, Any]:
        """Give the path as JSON-able data."""
        return {"ids": list(self.ids), "edges": [list(e) for e in self.edges], "cost": self.cost}

    def __len__(self) -> int:
        """Count the steps."""
        return len(self.edges)

    def __bool__(self) -> bool:
        """Be true: a path of no steps is one, from a record to itself."""
        return True

    def __eq__(self, other: object) -> bool:
        """Compare every field."""
        if not isinstance(other, GraphPath):
            return NotImplemented
        return (self.ids, self.edges, self.cost) == (other.ids, other.edges, other.cost)

    def __hash__(self) -> int:
        """Hash by ids and edges."""
        return hash((self.ids, self.edges))

    def __repr__(self) -> str:
        """Show the way as arrows."""
        shown = repr(self.ids[0]) if self.ids else ""
        for at, to, (source, type_, _) in zip(self.ids, self.ids[1:], self.edges, strict=False):
            arrow = f" -{type_}-> " if source == at else f" <-{type_}- "
            shown += f"{arrow}{to!r}"
        return f"GraphPath({shown}, cost={self.cost:g})"


class Subgraph(Frozen):
    """Some records and every edge between any two of them. Frozen.

    Attributes:
        nodes: Ids of the records, with how many hops each is from those asked for; nearest first,
            then by id. From `CollectionView.connect`: 0 for those asked for, 1 for those between.
        edges: The edges, by source, type and target.
        sets: From `CollectionView.connect`: which of the ids asked for are joined with each other.
    """

    __slots__ = ("edges", "nodes", "sets")

    nodes: dict[str, int]
    edges: tuple[Edge, ...]
    sets: tuple[tuple[str, ...], ...]

    def __init__(
        self,
        nodes: dict[str, int],
        edges: Iterable[EdgeRow],
        sets: Iterable[Iterable[str]] = (),
    ) -> None:
        """Make a subgraph from native rows; readers do this for you."""
        _set(self, "nodes", nodes)
        _set(self, "edges", tuple(Edge(*row) for row in edges))
        _set(self, "sets", tuple(tuple(ids) for ids in sets))

    def to_dict(self) -> dict[str, Any]:
        """Give the subgraph as JSON-able data."""
        plain: dict[str, Any] = {
            "nodes": self.nodes,
            "edges": [edge.to_dict() for edge in self.edges],
        }
        return plain | ({"sets": [list(ids) for ids in self.sets]} if self.sets else {})

    def __eq__(self, other: object) -> bool:
        """Compare every field."""
        if not isinstance(other, Subgraph):
            return NotImplemented
        return (self.nodes, self.edges, self.sets) == (other.nodes, other.edges, other.sets)

    def __hash__(self) -> int:
        """Hash by the ids."""
        return hash(tuple(self.nodes))

    def __repr__(self) -> str:
        """Show how much there is."""
        sets = f", {len(self.sets)} sets" if self.sets else ""
        return f"Subgraph({len(self.nodes)} nodes, {len(self.edges)} edges{sets})"


def edge_in(edge: EdgeLike, index: int) -> EdgeIn:
    """Read one edge of any form; what is in a tuple the native side looks at."""
    if edge.__class__ is tuple:
        return edge  # type: ignore[return-value]  # the native side checks length and content
    if isinstance(edge, Edge):
        return (*edge.key, edge.properties)
    if not isinstance(edge, Mapping):
        raise _bad_edge(index, f"it is {type(edge).__name__}: {edge!r:.80}")
    unknown = sorted(map(str, edge.keys() - _KEYS))
    missing = sorted(_KEYS - edge.keys() - {"properties"})
    if unknown or missing:
        what = f"unknown keys: {', '.join(unknown)}" if unknown else f"no {', '.join(missing)}"
        raise _bad_edge(index, f"it has {what}")
    properties = edge.get("properties")
    plain = dict(properties) if isinstance(properties, Mapping) else properties
    return (edge["source"], edge["type"], edge["target"], plain)


def edge_batches(edges: Iterable[EdgeLike], batch_size: int) -> Iterator[list[EdgeIn]]:
    """Read edges, a batch at a time."""
    numbered = enumerate(edges)
    while batch := [edge_in(edge, i) for i, edge in islice(numbered, batch_size)]:
        yield batch


def _bad_edge(index: int, what: str) -> InvalidInput:
    return InvalidInput("input.invalid", f"edge {index}: {what}", _FORMS, {"index": str(index)})
