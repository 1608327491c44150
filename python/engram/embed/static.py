"""The built-in static embedder.

Owns: `Static`, a thin face of `engram._native.StaticModel`: one vector per token, averaged with
weights, unit length, no network. Its data is ``engram/embed/data/static-v1.bin`` in the wheel.
Limits: encoding releases the interpreter lock; a text without any known token has no vector.
"""

from __future__ import annotations

import os

from engram import _native
from engram.embed.identity import Identity
from engram.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Static", "builtin"]

# Not by pathlib, whose import would be a tenth of what importing engram may take.
_DATA_PATH = f"{os.path.dirname(__file__)}/data/static-v1.bin"  # noqa: PTH120
_builtin: Static | None = None


class Static:
    """A static embedding model.

    Example:
        >>> import engram.embed
        >>> vector = engram.embed.Static().encode("good morning")
    """

    __slots__ = ("_identity", "_native")

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        """Load a model file; without a path, the built-in one.

        Raises:
            Io: ``file.not_found`` where there is no such file.
            Corrupt: Where the file is damaged.
        """
        self._native = _native.StaticModel.load(_DATA_PATH if path is None else os.fspath(path))
        self._identity = Identity(
            self._native.name, self._native.revision, self._native.dimension, normalized=True
        )

    @property
    def identity(self) -> Identity:
        """Name, revision, dimension and normalization of the model."""
        return self._identity

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        return self._identity.dimension

    @property
    def model(self) -> str:
        """The model's name."""
        return self._identity.name

    def encode(self, text: str) -> NDArray[np.float32]:
        """Embed one text.

        Returns:
            float32 ``(dimension,)``, unit length; all zeros where the text holds no known token.
        """
        import numpy as np

        raw = self._native.encode(text)
        if raw is None:
            return np.zeros(self.dimension, dtype=np.float32)
        return np.frombuffer(raw, dtype="<f4").astype(np.float32)

    def encode_batch(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Embed many texts.

        Args:
            texts: The texts.
            progress: Called now and then with the number of texts done so far.

        Returns:
            float32 ``(len(texts), dimension)``, C-order, rows as `encode` gives them.
        """
        import numpy as np

        if isinstance(texts, str):
            raise InvalidInput(
                "input.invalid", "encode_batch takes a sequence of texts, not one text", "encode()"
            )
        raw, _missing = self._native.encode_batch(texts, progress)
        matrix = np.frombuffer(raw, dtype="<f4").astype(np.float32)
        return matrix.reshape(len(texts), self.dimension)

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """Embed a query; this model treats it as it treats a document."""
        return self.encode(text)

    def encode_document(self, text: str) -> NDArray[np.float32]:
        """Embed a document; the same as `encode`."""
        return self.encode(text)

    def coverage(self, text: str) -> float:
        """Say how much of a text the model can know, 0 to 1.

        It was fitted on English: what counts is the share of letters of the Latin and Greek scripts
        (below U+0400). Hybrid search trusts the vector of a query no more than that.
        """
        if text.isascii():
            return 1.0
        letters = [c for c in text if c.isalpha()]
        return sum(c < "\u0400" for c in letters) / len(letters) if letters else 1.0

    def _encode_raw(self, text: str) -> bytes | None:
        """Embed one text without loading NumPy: little-endian float32, None without tokens."""
        return self._native.encode(text)

    def _encode_batch_raw(self, texts: Sequence[str]) -> tuple[bytes, list[int]]:
        """Embed many texts without loading NumPy; see `_native.StaticModel.encode_batch`."""
        return self._native.encode_batch(texts, None)

    def __repr__(self) -> str:
        """Show model and dimension."""
        return f"Static(model={self.model!r}, dimension={self.dimension})"


def builtin() -> Static:
    """Give the built-in model, loaded once per process."""
    global _builtin  # noqa: PLW0603 - the one cache; two threads at worst load it twice
    if _builtin is None:
        _builtin = Static()
    return _builtin
