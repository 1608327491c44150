"""Rerankers that compare the query's words with texts.

Owns: `TextReranker`, which turns scores of texts into what a query needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.checks import proper_str
from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from engram.results import Hit

__all__ = ["TextReranker"]


class TextReranker:
    """The base of rerankers that score texts: give yours a `score`.

    A hit without text is scored as the empty text.

    Example:
        >>> class Shortest(TextReranker):
        ...     def score(self, query, texts):
        ...         return [-len(text) for text in texts]
        >>> Shortest().rank("any", ["long text", "short"])
        [(1, -5.0), (0, -9.0)]
    """

    needs: tuple[str, ...] = ("text",)

    @property
    def name(self) -> str:
        """What the report calls it."""
        return type(self).__name__

    def score(self, query: str, texts: Sequence[str], /) -> Any:
        """Score texts for a query.

        Returns:
            One finite number for each text, higher is better.
        """
        raise NotImplementedError

    def rank(
        self, query: str, texts: Sequence[str], /, k: int | None = None
    ) -> list[tuple[int, float]]:
        """Order texts: the place and score of each, best first, ties in the order given.

        Args:
            query: What to look for.
            texts: The texts.
            k: How many of them; all, unless given.

        Raises:
            InvalidInput: ``input.invalid`` for what is no text, or a `k` below 1.
        """
        if k is not None and (isinstance(k, bool) or k < 1):
            raise InvalidInput("input.invalid", f"k is {k!r}, below 1")
        given = several_texts(texts)
        scores = [float(one) for one in self.score(proper_str(query, "the query"), given)]
        order = sorted(range(len(given)), key=lambda i: -scores[i])
        return [(i, scores[i]) for i in order[:k]]

    def rerank(self, query: str | None, hits: Sequence[Hit], /) -> Sequence[float]:
        """Score hits by their texts, for ``query(..., rerank=...)``."""
        if query is None:
            raise InvalidInput(
                "input.invalid",
                f"{self.name} compares the query's words with texts, and the query has none",
                "pass the text beside the vector: query(text, vector=...)",
            )
        scores = self.score(query, [hit.text or "" for hit in hits])
        return [float(one) for one in scores]

    def __repr__(self) -> str:
        """Show the name."""
        return f"{self.name}()"


def several_texts(texts: Any) -> list[str]:
    """Check that something is several texts."""
    if isinstance(texts, (str, bytes)):
        raise InvalidInput("input.invalid", "one text where several are scored", "[text]")
    return [proper_str(text, "a text") for text in texts]
