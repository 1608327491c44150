"""Vectors of texts, for the methods that compare them themselves.

Owns: `document_vectors` and `query_vector`: what `engram.embed.calling` gives the store, as
matrices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.embed.calling import embed_documents, embed_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engram.types import Embedder

__all__ = ["document_vectors", "query_vector"]


def document_vectors(
    embedder: Embedder, texts: Sequence[str]
) -> tuple[list[int], NDArray[np.float32]]:
    """Embed texts, and scale to unit length.

    Returns:
        The indices of the texts that have a vector, ascending, and float32 ``(count, dimension)``.
    """
    rows, vectors = embed_documents(embedder, texts)
    return list(rows), _units(vectors, embedder)


def query_vector(embedder: Embedder, text: str) -> NDArray[np.float32]:
    """Embed a query, and scale to unit length: float32 ``(1 or 0, dimension)``."""
    vector = embed_query(embedder, text)
    return _units(b"" if vector is None else vector, embedder)


def _units(vectors: bytes | NDArray[np.float32], embedder: Embedder) -> NDArray[np.float32]:
    import numpy as np

    matrix = np.frombuffer(vectors, dtype="<f4") if isinstance(vectors, bytes) else vectors
    matrix = matrix.reshape(-1, embedder.identity.dimension).astype(np.float32)
    units: NDArray[np.float32] = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return units
