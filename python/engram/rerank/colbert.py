"""Late interaction as a reranker.

Owns: `ColBERT`, which scores hits by MaxSim of their token vectors: stored ones, or made now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.embed.late_interaction import best_of
from engram.embed.multi_vector import MultiVector
from engram.rerank.texts import TextReranker, several_texts

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engram.results import Hit

    Floats = NDArray[np.float32]

__all__ = ["ColBERT"]


class ColBERT(TextReranker):
    """A multi-vector model as a reranker (ColBERT, Khattab & Zaharia, 2020).

    Args:
        model: An `engram.embed.MultiVector`, or its folder.
        space: The space that holds the token vectors of records, where they are stored; texts are
            encoded where a hit has none. Without it every text is encoded.
    """

    def __init__(
        self, model: MultiVector | str | os.PathLike[str], *, space: str | None = None
    ) -> None:
        """Keep the model, loading it where a folder is given."""
        self.model = model if isinstance(model, MultiVector) else MultiVector(model)
        self.space = space
        self.needs = ("text",) if space is None else ("text", "vectors")

    @property
    def name(self) -> str:
        """What the report calls it."""
        return f"ColBERT({self.model.model})"

    def score(self, query: str, texts: Sequence[str], /) -> Floats:
        """Score texts for a query: float32 ``(len(texts),)``, the sums of the best products."""
        return self.model.score(query, several_texts(texts))

    def rerank(self, query: str | None, hits: Sequence[Hit], /) -> Sequence[float]:
        """Score hits by their token vectors, for ``query(..., rerank=...)``."""
        if self.space is None or query is None:
            return super().rerank(query, hits)
        stored = [(hit.vectors or {}).get(self.space) for hit in hits]
        missing = [i for i, one in enumerate(stored) if one is None]
        made = self.model.encode_batch([hits[i].text or "" for i in missing])
        for i, vectors in zip(missing, made, strict=True):
            stored[i] = vectors
        scores = best_of(self.model.encode_query(query), [one for one in stored if one is not None])
        return [float(one) for one in scores]

    def __repr__(self) -> str:
        """Show the model."""
        space = "" if self.space is None else f", space={self.space!r}"
        return f"ColBERT({self.model!r}{space})"
