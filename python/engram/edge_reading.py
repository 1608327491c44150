"""Questions about the edges between the records of a collection.

Owns: `GraphReading`, mixed into `CollectionView`. An edge leads from one record to another of the
same collection, has a type and properties, and is named by its source, type and target. It goes
when either record is deleted. Invariant: every answer comes from one commit, in an order that
depends on the edges and ids alone. Edges are written by `engram.edge_writing`.
"""

from __future__ import annotations

from collections.abc import Mapping

from engram import _native
from engram.checks import proper_str, str_ids
from engram.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from engram.edges import Edge, GraphPath, Subgraph
    from engram.types import Direction

    Types = str | Iterable[str] | None

__all__ = ["GraphReading", "edge_key", "whole"]

_MOST = 2**32 - 1
_SMALLEST_EPSILON = 1e-12
_SCAN_BATCH = 512


class GraphReading:
    """What can be asked about edges."""

    __slots__ = ()

    _name: str
    _source: Callable[[], _native.View]

    def edge(self, source: str, type: str, target: str) -> Edge | None:
        """Give one edge, or None where there is none of that key."""
        from engram.edges import Edge

        row = _native.graph_edge(self._source(), self._name, edge_key(source, type, target))
        return None if row is None else Edge(*row)

    def edges(self, id: str, *, direction: Direction = "out", types: Types = None) -> list[Edge]:
        """Give the edges of a record, by source, type and target.

        Args:
            id: The record's id.
            direction: ``"out"`` for those that start there, ``"in"`` for those that end there,
                ``"both"`` for all.
            types: Only edges of this type or these types. A type that no edge has matches nothing.

        Raises:
            NotFound: ``record.not_found`` where there is no such record.
        """
        from engram.edges import Edge

        which = _which(types, direction)
        rows = _native.graph_edges(self._source(), self._name, proper_str(id, "the id"), which)
        return [Edge(*row) for row in rows]

    def degree(self, id: str, *, direction: Direction = "both", types: Types = None) -> int:
        """Count the edges of a record; one that leads from it to itself counts once.

        Arguments and errors are those of `edges`.
        """
        which = _which(types, direction)
        return _native.graph_degree(self._source(), self._name, proper_str(id, "the id"), which)

    def edge_types(self) -> dict[str, int]:
        """Count all edges by type, by name of the type."""
        return _native.graph_types(self._source(), self._name)

    def iterate_edges(self) -> Iterator[Edge]:
        """Go through all edges, in no promised order.

        All of them come from the commit that was the latest when this was called. Memory stays at
        a few hundred edges.
        """
        return _edges(_native.graph_scan(self._source(), self._name))

    def neighbors(
        self,
        id: str,
        *,
        hops: int = 1,
        types: Types = None,
        direction: Direction = "both",
        limit: int | None = None,
    ) -> dict[str, int]:
        """Find the records within some hops of one.

        Args:
            id: Where to start.
            hops: How many edges to go at most, 1 or more.
            types: Only along edges of this type or these types.
            direction: ``"out"`` along the edges, ``"in"`` against them, ``"both"`` either way.
            limit: Most records to give.

        Returns:
            Ids with their distance in hops, nearest first, then by id; the start is not among
            them.

        Raises:
            NotFound: ``record.not_found`` where there is no such record.
            InvalidInput: ``input.invalid``.
        """
        if hops.__class__ is not int or not 0 < hops <= _MOST:
            raise _not_whole("hops", hops, 1)
        if limit is not None and (limit.__class__ is not int or limit < 0):
            raise _not_whole("limit", limit, 0)
        return _native.graph_neighbors(
            self._source(),
            self._name,
            proper_str(id, "the id"),
            _which(types, direction),
            hops,
            limit,
        )

    def shortest_path(
        self,
        start: str,
        end: str,
        *,
        types: Types = None,
        direction: Direction = "both",
        weight: str | None = None,
        max_hops: int | None = None,
    ) -> GraphPath | None:
        """Find the shortest way from one record to another.

        Args:
            start: Id of the first record.
            end: Id of the last one.
            types: Only along edges of this type or these types.
            direction: ``"out"`` along the edges, ``"in"`` against them, ``"both"`` either way.
            weight: A property whose sum is to be least, instead of the number of edges. An edge
                without it counts as 1.
            max_hops: Most edges of the way; not together with `weight`.

        Returns:
            The way, or None where there is none. Of several equal ones it is the one whose ids
            come first in order; with a weight, one with the fewest edges before that.

        Raises:
            NotFound: ``record.not_found`` where one of the records is not there.
            InvalidInput: ``input.invalid``, also where a weight is no number of 0 or more.
        """
        from engram.edges import GraphPath

        if weight is not None and max_hops is not None:
            raise InvalidInput(
                "input.invalid",
                "max_hops= limits the number of edges, weight= asks for another measure",
                "leave one of them out",
            )
        row = _native.graph_path(
            self._source(),
            self._name,
            proper_str(start, "the start"),
            proper_str(end, "the end"),
            _which(types, direction),
            None if weight is None else proper_str(weight, "weight"),
            None if max_hops is None else whole("max_hops", max_hops, 0),
        )
        return None if row is None else GraphPath(*row)

    def pagerank(
        self,
        seeds: str | Iterable[str] | Mapping[str, float],
        *,
        types: Types = None,
        direction: Direction = "both",
        damping: float = 0.85,
        epsilon: float = 1e-5,
        limit: int | None = None,
    ) -> dict[str, float]:
        """Score records by how near they are to some seeds by all ways at once.

        Personalized PageRank: a walker starts at a seed, follows a random edge with probability
        `damping`, else starts again; the score is the share of time spent at a record.

        Args:
            seeds: Ids to start from, or ids with weights above 0.
            types: Only along edges of this type or these types.
            direction: ``"out"`` along the edges, ``"in"`` against them, ``"both"`` either way.
            damping: How far relevance spreads, above 0 and below 1.
            epsilon: What a record may get and not pass on, for each of its edges: smaller is more
                exact and slower, 1e-12 at least.
            limit: Most records to give.

        Returns:
            Scores by id, best first, then by id; together at most 1. The seeds are among them.

        Raises:
            NotFound: ``record.not_found`` where a seed is no record.
            InvalidInput: ``input.invalid``.
        """
        weights = _weights(seeds)
        if not 0 < damping < 1:
            raise InvalidInput("input.invalid", f"damping is {damping!r}, not between 0 and 1")
        if not _SMALLEST_EPSILON <= epsilon < 1:
            raise InvalidInput("input.invalid", f"epsilon is {epsilon!r}, not within 1e-12 and 1")
        return _native.graph_pagerank(
            self._source(),
            self._name,
            weights,
            _which(types, direction),
            float(damping),
            float(epsilon),
            None if limit is None else whole("limit", limit, 0),
        )

    def subgraph(
        self,
        ids: Iterable[str],
        *,
        hops: int = 0,
        types: Types = None,
        direction: Direction = "both",
    ) -> Subgraph:
        """Give some records, those within some hops of them, and every edge between any two.

        Args:
            ids: The records to start from.
            hops: How many edges to go at most; 0 for the records themselves.
            types: Only edges of this type or these types.
            direction: In which direction to go; edges between the records found are given
                whatever theirs is.

        Raises:
            NotFound: ``record.not_found`` where one of the ids is no record.
        """
        from engram.edges import Subgraph

        wanted = str_ids(ids)
        if not wanted:
            return Subgraph({}, ())
        rows = _native.graph_subgraph(
            self._source(),
            self._name,
            wanted,
            _which(types, direction),
            whole("hops", hops, 0),
        )
        return Subgraph(*rows)

    def connect(
        self,
        ids: Iterable[str],
        *,
        max_hops: int | None = None,
        types: Types = None,
        direction: Direction = "both",
    ) -> Subgraph:
        """Join some records by few others: what has them to do with each other?

        Args:
            ids: The records to join.
            max_hops: Most edges of one way between them.
            types: Only along edges of this type or these types.
            direction: ``"out"`` along the edges, ``"in"`` against them, ``"both"`` either way.

        Returns:
            The records, those between, and every edge between any two of them. Where all can be
            joined, the way has at most twice as many edges as the best one. ``sets`` tells which
            could be joined.

        Raises:
            NotFound: ``record.not_found`` where one of the ids is no record.
        """
        from engram.edges import Subgraph

        wanted = str_ids(ids)
        if not wanted:
            return Subgraph({}, ())
        rows = _native.graph_connect(
            self._source(),
            self._name,
            wanted,
            _which(types, direction),
            None if max_hops is None else whole("max_hops", max_hops, 0),
        )
        return Subgraph(*rows)


def _edges(cursor: _native.EdgeCursor) -> Iterator[Edge]:
    """Give the edges of a native cursor."""
    from engram.edges import Edge

    while batch := cursor.next_batch(_SCAN_BATCH):
        for row in batch:
            yield Edge(*row)


def edge_key(source: str, type: str, target: str) -> tuple[str, str, str]:
    """Check the key of an edge."""
    return (
        proper_str(source, "the source"),
        proper_str(type, "the type"),
        proper_str(target, "the target"),
    )


def _which(types: Types, direction: Direction) -> tuple[list[str] | None, str]:
    """Give types and direction as the native side takes them."""
    if types is not None:
        types = [proper_str(types, "types")] if isinstance(types, str) else str_ids(types)
    return (types, direction if direction.__class__ is str else proper_str(direction, "direction"))


def whole(name: str, value: int, least: int) -> int:
    """Check a whole number."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
        raise _not_whole(name, value, least)
    return value


def _not_whole(name: str, value: object, least: int) -> InvalidInput:
    return InvalidInput(
        "input.invalid", f"{name} is {value!r}, not a whole number from {least} to {_MOST}"
    )


def _weights(seeds: str | Iterable[str] | Mapping[str, float]) -> list[tuple[str, float]]:
    """Give seeds with their weights."""
    if isinstance(seeds, str):
        seeds = [seeds]
    pairs = seeds.items() if isinstance(seeds, Mapping) else [(seed, 1.0) for seed in seeds]
    weights = [(proper_str(seed, "a seed"), float(weight)) for seed, weight in pairs]
    for seed, weight in weights:
        if not 0 < weight < float("inf"):
            raise InvalidInput(
                "input.invalid", f"the weight of seed {seed!r} is {weight!r}, not above 0"
            )
    if not weights:
        raise InvalidInput("input.invalid", "there is no seed", "give at least one id")
    return weights
