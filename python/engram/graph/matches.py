"""What a converged query gives back: nodes, and why each of them is there.

Owns: `Match` and `Matches`. Nodes and paths are made when somebody looks, from the commit that
answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, overload

from engram.edge_reading import GraphReading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from engram._native import View
    from engram.edges import GraphPath
    from engram.graph.converged import ConvergedQuery
    from engram.graph.graphs import Graph
    from engram.graph.nodes import Node
    from engram.records import Record
    from engram.results import Report

__all__ = ["Match", "Matches"]


class _Walks(GraphReading):
    """The edges as they were at the commit that answered."""

    def __init__(self, name: str, view: View) -> None:
        self._name = name
        self._source = lambda: view


class Match:
    """One node that a converged query found.

    Attributes:
        score: What it is ranked by: the similarity, BM25, or both fused, from 0 to 1; 0 where the
            query asks for neither.
        scores: The score by each retriever, by name.
    """

    def __init__(
        self,
        graph: Graph,
        query: ConvergedQuery,
        view: View,
        record: Record,
        score: float,
        scores: Mapping[str, float],
    ) -> None:
        """Make a match; queries do this for you."""
        self._graph = graph
        self._query = query
        self._view = view
        self._record = record
        self.score = score
        self.scores = dict(scores)

    @property
    def id(self) -> str:
        """The node's id."""
        return self._record.id

    @cached_property
    def node(self) -> Node:
        """The node, as it was at the commit that answered."""
        return self._graph._node(self._record)

    @property
    def similarity_score(self) -> float | None:
        """How near its embedding is, by the collection's metric (cosine: up to 1).

        None where the query asks for no meaning, or the node has no embedding.
        """
        return self.scores.get("semantic")

    @cached_property
    def path(self) -> GraphPath | None:
        """The shortest way from a start of the graph filter to it; None without such a filter."""
        near = self._query.neighbourhood
        if near is None:
            return None
        walks = _Walks(self._graph.name, self._view)
        ways = (
            walks.shortest_path(
                start, self.id, types=near.types, direction=near.direction, max_hops=near.hops
            )
            for start in near.start
        )
        return min((way for way in ways if way is not None), key=lambda way: (way.cost, way.ids))

    @property
    def hops(self) -> int | None:
        """How many edges that way has; None without a graph filter."""
        return None if self.path is None else len(self.path)

    @property
    def explanation(self) -> str:
        """Why it is there, part by part."""
        query = self._query
        lines = [
            " ".join(str(part) for part in (test["property"], test["operator"], *_value(test)))
            for test in query.structural_filters
        ]
        if self.path is not None:
            lines.append(f"{_count(len(self.path), 'hop')} away: {self.path}")
        threshold = (query.semantic_query or {}).get("threshold")
        for name, score in self.scores.items():
            least = "" if threshold is None or name != "semantic" else f", at least {threshold}"
            lines.append(f"{name} {score:.4f}{least}")
        if len(self.scores) > 1:
            lines.append(f"together {self.score:.4f}")
        return "\n".join(lines) or "every node"

    def to_dict(self) -> dict[str, Any]:
        """Give the match as JSON-able data."""
        return {
            "node": self.node.to_dict(),
            "score": self.score,
            "similarity_score": self.similarity_score,
            "scores": self.scores,
            "path": None if self.path is None else self.path.to_dict(),
            "explanation": self.explanation,
        }

    def __repr__(self) -> str:
        """Show node and score."""
        return f"Match({self.node!r}, score={self.score:.4f})"


class Matches(Sequence[Match]):
    """The results of a converged query, best first, with the `report` of how they were found.

    Attributes:
        query: What was asked.
        report: How it was answered; `engram.Report`.
    """

    def __init__(self, query: ConvergedQuery, found: Iterable[Match], report: Report) -> None:
        """Make results; queries do this for you."""
        self.query = query
        self.report = report
        self._found = tuple(found)

    @property
    def ids(self) -> list[str]:
        """The ids of the nodes, best first."""
        return [match.id for match in self._found]

    @property
    def nodes(self) -> list[Node]:
        """The nodes, best first."""
        return [match.node for match in self._found]

    def explain(self) -> str:
        """Write the plan, and why each result is there."""
        lines = [f"{name}: {part}" for name, part in self.query.to_dict().items()]
        lines += [line for line in self.report.explain().splitlines() if line]
        for rank, match in enumerate(self, start=1):
            lines.append(f"{rank}. {match.node!r}")
            lines += [f"   {line}" for line in match.explanation.splitlines()]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Give results and report as JSON-able data."""
        return {"results": [one.to_dict() for one in self], "report": self.report.to_dict()}

    @overload
    def __getitem__(self, index: int) -> Match: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Match]: ...
    def __getitem__(self, index: int | slice) -> Match | Sequence[Match]:
        """Give the result at a rank, or those of a range of ranks."""
        return self._found[index]

    def __len__(self) -> int:
        """Count the results."""
        return len(self._found)

    def __repr__(self) -> str:
        """Show results and report."""
        return f"Matches({list(self)!r}, {self.report!r})"


def _value(test: Mapping[str, Any]) -> tuple[str, ...]:
    return (repr(test["value"]),) if "value" in test else ()


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
