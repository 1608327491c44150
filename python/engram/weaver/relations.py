"""The edges ``RELATED_TO`` between entities that are named together.

Owns: `Relations`, which adds and takes sources of such edges within one transaction, and the
choice of the entities of a text that are related. An edge leads from the smaller id to the larger
one. Its properties: ``count`` (how many nodes name both), ``sources`` (the ids of the newest of
them, `SOURCES` at most) and ``confidence``, which is one less half of the doubt for each source.
Invariant: adding a source that is there, and taking one that is not, change nothing, as far as
``sources`` is complete.
"""

from __future__ import annotations

from itertools import combinations

from engram import _native
from engram.errors import NotFound
from engram.graph.edge_texts import forget_edges
from engram.graph.names import RELATED_TO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram._native import EdgeRow

    Pair = tuple[str, str]

__all__ = ["PAIRED", "SOURCES", "UNRELATED", "Relations", "pairs_of"]

SOURCES = 32
"""Most sources that an edge names; the count goes on."""

PAIRED = 16
"""Most entities of a node that are related to each other: their pairs grow with the square."""

UNRELATED = frozenset({"DATE", "MONEY", "EMAIL", "URL"})
"""Kinds whose entities are mentioned, but not related to others: half of all texts name a day."""

_CERTAIN = 30


def pairs_of(entities: Sequence[str]) -> set[Pair]:
    """Give the pairs of entities, the smaller id first."""
    return {(min(pair), max(pair)) for pair in combinations(entities, 2) if pair[0] != pair[1]}


class Relations:
    """The edges between entities that a transaction reads and changes."""

    def __init__(self, native: _native.Transaction, nodes: str) -> None:
        """Start with nothing read."""
        self._native = native
        self._nodes = nodes
        self._known: dict[Pair, tuple[int, list[str]]] = {}
        self._changed: dict[Pair, None] = {}

    def add(self, pair: Pair, source: str) -> None:
        """Add one source to the edge of a pair, which is made where it is not there."""
        count, sources = self._read(pair)
        if source not in sources:
            self._known[pair] = (count + 1, [*sources, source][-SOURCES:])
            self._changed[pair] = None

    def take(self, pair: Pair, source: str) -> None:
        """Take one source from the edge of a pair, and the edge with its last."""
        count, sources = self._read(pair)
        if source in sources or count > len(sources):
            self._known[pair] = (count - 1, [one for one in sources if one != source])
            self._changed[pair] = None

    def is_there(self, pair: Pair) -> bool:
        """Say whether a pair is related."""
        return self._read(pair)[0] > 0

    def write(self) -> None:
        """Store what has changed. Both ends of each edge have to be there."""
        edges: list[EdgeRow] = []
        gone: list[tuple[str, str, str]] = []
        for source, target in self._changed:
            count, sources = self._known[source, target]
            if count > 0:
                edges.append((source, RELATED_TO, target, _properties(count, sources)))
            else:
                gone.append((source, RELATED_TO, target))
                _native.delete_edge(self._native, self._nodes, gone[-1])
        if edges:
            _native.put_edges(self._native, self._nodes, edges)
        if gone:
            forget_edges(self._native, self._nodes, gone)
        self._changed.clear()

    def _read(self, pair: Pair) -> tuple[int, list[str]]:
        """Give count and sources of an edge: zero and none where it is not there."""
        if pair not in self._known:
            self._known[pair] = self._stored(pair)
        return self._known[pair]

    def _stored(self, pair: Pair) -> tuple[int, list[str]]:
        key = (pair[0], RELATED_TO, pair[1])
        try:
            row = _native.graph_edge(self._native.view(), self._nodes, key)
        except NotFound:
            return 0, []
        if row is None:
            return 0, []
        return int(row[3].get("count", 0)), list(row[3].get("sources", ()))


def _properties(count: int, sources: list[str]) -> dict[str, object]:
    confidence = round(1.0 - 0.5 ** min(count, _CERTAIN), 9)
    return {"count": count, "sources": sources, "confidence": confidence}
