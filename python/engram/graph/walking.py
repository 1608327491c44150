"""What hangs together in a graph, and what matters in it.

Owns: `Walking`, mixed into `Graph`. Walks and ranks are those of `engram.Collection`; communities
are found by a library.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from engram.graph.names import LABEL
from engram.graph.reading import NodeReading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engram.edges import GraphPath, Subgraph
    from engram.graph.nodes import Node
    from engram.types import Direction

    Types = str | Iterable[str] | None

__all__ = ["Walking"]

_GLOBAL_EPSILON = 1e-3
"""What a node may keep and not pass on in a rank over all nodes, as a share of its own."""

_LEAST_EPSILON = 1e-12


class Walking(NodeReading):
    """Walks over the edges, and what follows from them."""

    def neighbors(
        self,
        id: str,
        *,
        hops: int = 1,
        types: Types = None,
        direction: Direction = "both",
        limit: int | None = None,
    ) -> dict[str, int]:
        """Find the nodes within some hops of one: ids with their distance, nearest first.

        Args:
            id: Where to start; it is not among them.
            hops: How many edges to go at most, 1 or more.
            types: Only along edges of this type or these types.
            direction: ``"out"`` along the edges, ``"in"`` against them, ``"both"`` either way.
            limit: Most nodes to give.

        Raises:
            NotFound: ``record.not_found``.
            InvalidInput: ``input.invalid``.
        """
        return self.collection.neighbors(
            id, hops=hops, types=types, direction=direction, limit=limit
        )

    def find_shortest_path(
        self,
        start_id: str,
        end_id: str,
        *,
        types: Types = None,
        direction: Direction = "both",
        weight: str | None = None,
        max_hops: int | None = None,
    ) -> GraphPath | None:
        """Find the shortest way from one node to another, or None where there is none.

        Args:
            start_id: Id of the first node.
            end_id: Id of the last one.
            types: Only along edges of this type or these types.
            direction: ``"out"`` along the edges, ``"in"`` against them, ``"both"`` either way.
            weight: A property whose sum is to be least, instead of the number of edges.
            max_hops: Most edges of the way; not together with `weight`.

        Raises:
            NotFound: ``record.not_found``.
            InvalidInput: ``input.invalid``.
        """
        return self.collection.shortest_path(
            start_id, end_id, types=types, direction=direction, weight=weight, max_hops=max_hops
        )

    def subgraph(
        self,
        ids: Iterable[str],
        *,
        hops: int = 1,
        types: Types = None,
        direction: Direction = "both",
    ) -> Subgraph:
        """Give some nodes, those within some hops, and every edge between any two of them.

        Arguments and errors are those of `Collection.subgraph`.
        """
        return self.collection.subgraph(ids, hops=hops, types=types, direction=direction)

    def connect(
        self,
        ids: Iterable[str],
        *,
        max_hops: int | None = None,
        types: Types = None,
        direction: Direction = "both",
    ) -> Subgraph:
        """Give some nodes with what joins them, and every edge among all; see `Collection`."""
        return self.collection.connect(ids, max_hops=max_hops, types=types, direction=direction)

    def pagerank(
        self,
        seeds: str | Iterable[str] | Mapping[str, float] | None = None,
        *,
        types: Types = None,
        direction: Direction = "both",
        damping: float = 0.85,
        epsilon: float | None = None,
        limit: int | None = None,
    ) -> dict[str, float]:
        """Score nodes by how near they are to some seeds by all ways at once.

        Args:
            seeds: Ids to start from, or ids with weights; None for all nodes alike, which is
                PageRank as it was first described (Brin & Page, 1998).
            types: Only along edges of this type or these types.
            direction: ``"out"`` along the edges, ``"in"`` against them, ``"both"`` either way.
            damping: How far relevance spreads, above 0 and below 1.
            epsilon: What a node may keep for each of its edges: smaller is more exact and slower.
                Unless given: 1e-5, and over all nodes a thousandth of a node's share.
            limit: Most nodes to give.

        Returns:
            Scores by id, best first, then by id; empty where the graph is.
        """
        if seeds is None:
            seeds = [record.id for record in self.collection.iterate()]
            if not seeds:
                return {}
            share = _GLOBAL_EPSILON / len(seeds)
            epsilon = max(share, _LEAST_EPSILON) if epsilon is None else epsilon
        return self.collection.pagerank(
            seeds,
            types=types,
            direction=direction,
            damping=damping,
            epsilon=1e-5 if epsilon is None else epsilon,
            limit=limit,
        )

    def communities(
        self,
        *,
        label: str | None = None,
        types: Types = None,
        weight: str | None = None,
        resolution: float = 1.0,
        seed: int = 0,
    ) -> dict[str, int]:
        """Find sets of nodes that have more edges among themselves than to the rest.

        By the Leiden method (Traag et al., 2019), whatever the direction of the edges. Needs the
        extra ``graph``.

        Args:
            label: Only nodes of this label, and edges among them.
            types: Only edges of this type or these types.
            weight: A property of the edges that says how much each counts, 0 or more; one without
                it counts 1.
            resolution: Above 1 for more and smaller sets, below for fewer and larger ones.
            seed: Another one may give another set where several are as good.

        Returns:
            The number of its set by id, 0 for the largest. Nodes without edges are in none.

        Raises:
            MissingExtra: ``extra.missing`` without the package graspologic-native.
            InvalidInput: ``input.invalid``.
        """
        from engram.graph.communities import communities

        return communities(self.collection, label, types, weight, resolution, seed)

    def _around(
        self,
        id: str,
        hops: int,
        types: Types,
        direction: Direction,
        label: str | None,
        limit: int | None,
    ) -> list[Node]:
        """Give the nodes near one as objects."""
        most = limit if label is None else None
        found = self.neighbors(id, hops=hops, types=types, direction=direction, limit=most)
        records = self.collection.get_many(found)
        nodes = (self._node(record) for record in records if record is not None)
        if label is not None:
            nodes = (node for node in nodes if node._record.metadata.get(LABEL) == label)
        return list(islice(nodes, limit))
