"""Vectors of texts, from whatever embeds them.

Owns: `TextVectors`. Invariant: rows are finite and of unit length; a text without a vector is an
error, since its cosine with anything would say nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.embed.calling import _checked, embedder_source
from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal

    import numpy as np
    from numpy.typing import NDArray

    from engram.types import Embedder

    TextEmbedder = Embedder | Literal["default"] | Callable[[list[str]], Any]

__all__ = ["TextVectors"]

_MATRIX_NDIM = 2


class TextVectors:
    """An embedder, or a function from texts to rows, as one thing."""

    def __init__(self, embedder: TextEmbedder) -> None:
        """Take an embedder.

        Raises:
            InvalidInput: ``embedder.invalid`` where it is none.
        """
        self._function: Callable[[list[str]], Any] | None = None
        self._source: Callable[[], Embedder | None] | None = None
        if callable(embedder) and not hasattr(embedder, "encode_batch"):
            self._function = embedder
        else:
            self._source = embedder_source(embedder)  # type: ignore[arg-type] # it checks

    def known(self, texts: Sequence[str], what: str) -> NDArray[np.float64]:
        """Embed texts as unit rows, float64 ``(len(texts), dimension)``.

        Raises:
            InvalidInput: ``input.zero_vector`` where the embedder knows nothing in a text;
                ``embedder.invalid`` where it returned no such matrix.
        """
        import numpy as np

        rows = np.asarray(self._rows(list(texts)), dtype=np.float64)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        for text, norm in zip(texts, norms, strict=True):
            if not norm:
                raise InvalidInput(
                    "input.zero_vector",
                    f"the embedder knows nothing in {what}: {text[:60]!r}",
                    "use an embedder for that language, or compare by words",
                )
        unit: NDArray[np.float64] = rows / norms
        return unit

    def _rows(self, texts: list[str]) -> NDArray[Any]:
        if self._function is not None:
            return _matrix(self._function(texts), len(texts))
        assert self._source is not None
        embedder = self._source()
        assert embedder is not None
        return _checked(embedder, embedder.encode_batch(texts), texts)


def _matrix(returned: object, count: int) -> NDArray[Any]:
    """Check what a function returned."""
    import numpy as np

    try:
        matrix: NDArray[Any] = np.asarray(returned, dtype=np.float64)
    except (TypeError, ValueError) as cause:
        raise InvalidInput(
            "embedder.invalid", "the function given as an embedder returned no matrix of numbers"
        ) from cause
    if matrix.ndim != _MATRIX_NDIM or len(matrix) != count or not np.isfinite(matrix).all():
        raise InvalidInput(
            "embedder.invalid",
            f"the function given as an embedder returned shape {matrix.shape}",
            f"return finite numbers of shape ({count}, dimension): one row per text",
        )
    return matrix
