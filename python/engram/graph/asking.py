"""How a graph is asked.

Owns: `Asking`, mixed into `Graph`: `Graph.query`. `engram.graph.answering` finds the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.graph.base import Base

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from engram.graph.converged import ConvergedQuery
    from engram.graph.matches import Matches

__all__ = ["Asking"]


class Asking(Base):
    """What can be asked of nodes, their texts and their edges together."""

    def query(
        self, query: ConvergedQuery | Mapping[str, Any] | None = None, /, **parts: Any
    ) -> Matches:
        """Find nodes by properties, neighbourhood, meaning, words and time in one question.

        Args:
            query: A `ConvergedQuery`, or its arguments as a dict.
            **parts: Its arguments: ``structural_filters``, ``graph_filter``, ``semantic_query``,
                ``lexical_query``, ``time``, ``limit``, ``missing``, ``exact``, ``explain``.

        Returns:
            The matches, best first: by score, ties by id; where neither meaning nor words are asked
            for, nearest first, then by id.

        Raises:
            InvalidInput: ``input.invalid``, ``input.limit``, ``filter.unknown_field``,
                ``embedder.missing``, ``embedder.mismatch``, as `Collection.query`.
            NotFound: ``record.not_found`` where a start is no node.
        """
        from engram.graph.answering import answer
        from engram.graph.converged import as_converged

        return answer(self, as_converged(query, parts))  # type: ignore[arg-type]
