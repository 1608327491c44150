"""How a graph is asked, and handed to other programs.

Owns: `Asking`, mixed into `Graph`: its query, which `engram.graph.answering` answers, and its
exports, which `engram.graph.exporting` writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.graph.base import Base

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from typing import Any

    from engram.graph.converged import ConvergedQuery
    from engram.graph.exporting import Part
    from engram.graph.matches import Matches
    from engram.types import Where

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
            The matches, best first: by score, ties by id. Where neither meaning nor words are asked
            for: the nearest first, or without a graph filter the newest; then by id.

        Raises:
            InvalidInput: ``input.invalid``, ``input.limit``, ``filter.unknown_field``,
                ``embedder.missing``, ``embedder.mismatch``, as `Collection.query`.
            NotFound: ``record.not_found`` where a start is no node.
        """
        from engram.graph.answering import answer
        from engram.graph.converged import as_converged

        return answer(self, as_converged(query, parts))  # type: ignore[arg-type]

    def to_networkx(self, *, where: Where | None = None, ids: Iterable[str] | None = None) -> Any:
        """Give the graph as a `networkx.MultiDiGraph`.

        Nodes have their properties, ``label`` and ``text`` as attributes; the key of an edge is its
        type, and its properties are its attributes. Needs the extra ``graph``.

        Args:
            where: Only nodes that match a filter, and the edges between them.
            ids: Only nodes of these ids, such as ``graph.subgraph([...]).nodes``.

        Raises:
            MissingExtra: ``extra.missing`` without the package networkx.
        """
        from engram.graph.exporting import to_networkx

        return to_networkx(self._part(where, ids))

    def export(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,
        *,
        where: Where | None = None,
        ids: Iterable[str] | None = None,
    ) -> int:
        """Write the graph to a file for other programs.

        Args:
            path: The file; ``.graphml``, ``.dot`` and ``.gv`` (Graphviz), ``.png``, ``.svg`` and
                ``.pdf`` (a picture of at most 500 nodes, which needs the extra ``graph``) decide
                the format.
            format: The format, where the name does not tell.
            where: Only nodes that match a filter, and the edges between them.
            ids: Only nodes of these ids.

        Returns:
            How many nodes were written.

        Raises:
            InvalidInput: ``input.invalid`` for an unknown format, ``input.limit`` for a picture of
                too many nodes.
            MissingExtra: ``extra.missing`` for a picture without networkx and matplotlib.
            Io: Where the file cannot be written.
        """
        from engram.graph.exporting import export

        return export(self._part(where, ids), path, format)

    def _part(self, where: Where | None, ids: Iterable[str] | None) -> Part:
        """Give some nodes of the latest commit."""
        from engram.checks import str_ids
        from engram.graph.exporting import Part
        from engram.reading import CollectionView

        view = self.database._view()
        reading = CollectionView(self.name, lambda: view, self._embedder)
        return Part(reading, where, None if ids is None else str_ids(ids))
