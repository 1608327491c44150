"""An embedder without a model, for tests and for trying things out.

Owns: `Hash`. Each word adds a vector drawn from its hash (random indexing, Kanerva et al., 2000),
so that texts which share words are near, and nothing else is. Invariant: the same text has the same
vector on every machine, in every version: numbers come from BLAKE2 alone.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from engram.checks import proper_str
from engram.embed.identity import Identity
from engram.embed.local.encoder import checked_texts
from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["Hash"]

_WORD = re.compile(r"\w+")
_DEFAULT = 32
_MOST = 65_536
_BLOCK_BYTES = 64


class Hash:
    """An embedder that knows words by their hashes: no model, no network, the same everywhere.

    It finds texts that share words with the query and knows nothing of meaning; for tests.

    Args:
        dimension: Length of its vectors, 1 to 65536.

    Example:
        >>> import engram.embed
        >>> engram.embed.Hash(8).encode("good morning").shape
        (8,)
    """

    __slots__ = ("_dimension",)

    def __init__(self, dimension: int = _DEFAULT) -> None:
        """Keep the dimension."""
        whole = isinstance(dimension, int) and not isinstance(dimension, bool)
        if not whole or not 1 <= dimension <= _MOST:
            raise InvalidInput(
                "input.dimension", f"dimension is {dimension!r}, not 1 to {_MOST}", "Hash(32)"
            )
        self._dimension = dimension

    @property
    def identity(self) -> Identity:
        """Name, revision, dimension and normalization."""
        return Identity("hash", "1", self._dimension, normalized=True)

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        return self._dimension

    @property
    def model(self) -> str:
        """``"hash"``."""
        return "hash"

    def encode(self, text: str) -> Floats:
        """Embed one text.

        Returns:
            float32 ``(dimension,)``, unit length; all zeros where the text holds no word.
        """
        import numpy as np

        total = np.zeros(self._dimension, dtype=np.float64)
        for word in _WORD.findall(proper_str(text, "a text").casefold()):
            total += self._of_word(word)
        length = np.sqrt((total**2).sum())
        # Two words may cancel each other: the text as a whole speaks for them.
        if length == 0 and _WORD.search(text):
            total = self._of_word(text.casefold())
            length = np.sqrt((total**2).sum())
        vector: Floats = (total / max(length, 1e-12)).astype(np.float32)
        return vector

    def encode_batch(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> Floats:
        """Embed many texts.

        Args:
            texts: The texts.
            progress: Called with the number of texts done, at the end.

        Returns:
            float32 ``(len(texts), dimension)``, C-order, rows as `encode` gives them.
        """
        import numpy as np

        given = checked_texts(texts)
        rows = np.zeros((len(given), self._dimension), dtype=np.float32)
        for place, text in enumerate(given):
            rows[place] = self.encode(text)
        if progress is not None:
            progress(len(given))
        return rows

    def encode_query(self, text: str) -> Floats:
        """Embed a query; as `encode`."""
        return self.encode(text)

    def encode_document(self, text: str) -> Floats:
        """Embed a document; as `encode`."""
        return self.encode(text)

    def _of_word(self, word: str) -> NDArray[np.float64]:
        """Draw the vector of a word: signs, each number 1 or -1."""
        import numpy as np

        blocks = -(-self._dimension // (8 * _BLOCK_BYTES))
        drawn = b"".join(
            hashlib.blake2b(
                word.encode(), digest_size=_BLOCK_BYTES, salt=block.to_bytes(4, "big")
            ).digest()
            for block in range(blocks)
        )
        bits = np.unpackbits(np.frombuffer(drawn, dtype=np.uint8), count=self._dimension)
        return bits.astype(np.float64) * 2 - 1

    def __repr__(self) -> str:
        """Show the dimension."""
        return f"Hash(dimension={self._dimension})"
