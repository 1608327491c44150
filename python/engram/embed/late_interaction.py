"""Late interaction: how well the token vectors of a document answer those of a query.

Owns: MaxSim, and token vectors in fewer bits with a similarity of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.errors import InvalidInput
from engram.records import Frozen, _set

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["QuantizedTokens", "max_sim", "quantize"]

_INT8_LEVELS = 127
_PAIR = 2


def max_sim(query: Any, document: Any) -> float:
    """Score a document by its token vectors: for each of the query the best product, summed.

    ColBERT (Khattab & Zaharia, 2020). 0 where the document has no token.

    Args:
        query: Real numbers ``(query tokens, dimension)``.
        document: Real numbers ``(document tokens, dimension)``.

    Raises:
        InvalidInput: ``input.dimension`` where the two do not fit.
    """
    import numpy as np

    one, other = np.asarray(query, np.float32), np.asarray(document, np.float32)
    if one.ndim != _PAIR or other.ndim != _PAIR or one.shape[1] != other.shape[1]:
        raise InvalidInput(
            "input.dimension",
            f"token vectors of shapes {one.shape} and {other.shape}",
            "both are (tokens, dimension), with the same dimension",
        )
    if not len(other):
        return 0.0
    return float((one @ other.T).max(axis=1).sum())


class QuantizedTokens(Frozen):
    """Token vectors in fewer bits. Frozen.

    Attributes:
        element: ``"int8"``, or ``"binary"`` (the sign of each number).
        codes: int8 ``(tokens, dimension)``, or uint8 ``(tokens, ceil(dimension / 8))``, most
            significant bit first.
        scales: float32 ``(tokens,)``: what an int8 step of each token stands for; for binary codes
            what makes each vector of signs one of unit length.
        dimension: Length of each token's vector.
    """

    __slots__ = ("codes", "dimension", "element", "scales")

    element: str
    codes: NDArray[Any]
    scales: Floats
    dimension: int

    def __init__(self, element: str, codes: NDArray[Any], scales: Floats, dimension: int) -> None:
        """Keep the codes; `quantize` makes them."""
        _set(self, "element", element)
        _set(self, "codes", codes)
        _set(self, "scales", scales)
        _set(self, "dimension", dimension)

    def decode(self) -> Floats:
        """Give the vectors that the codes stand for: float32 ``(tokens, dimension)``."""
        import numpy as np

        if self.element == "int8":
            whole = self.codes.astype(np.float32)
        else:
            bits = np.unpackbits(self.codes, axis=1, count=self.dimension)
            whole = bits.astype(np.float32) * 2 - 1
        vectors: Floats = whole * self.scales[:, None]
        return vectors

    def similarity(self, other: QuantizedTokens | Any) -> float:
        """Score another document against this query, by `max_sim` of what the codes stand for.

        Args:
            other: Quantized tokens, or real numbers ``(tokens, dimension)``.

        Raises:
            InvalidInput: ``input.dimension`` where the two do not fit.
        """
        return max_sim(self.decode(), other.decode() if hasattr(other, "decode") else other)

    @property
    def nbytes(self) -> int:
        """Bytes of codes and scales; binary codes of unit vectors need no scales kept."""
        return int(self.codes.nbytes + (self.scales.nbytes if self.element == "int8" else 0))

    def __len__(self) -> int:
        """Count the tokens."""
        return len(self.codes)

    def __repr__(self) -> str:
        """Show what it holds."""
        return f"QuantizedTokens({self.element!r}, tokens={len(self)}, dimension={self.dimension})"


def quantize(vectors: Any, element: Literal["binary", "int8"] = "binary") -> QuantizedTokens:
    """Put token vectors into fewer bits: a thirty-second (binary), or a quarter (int8).

    Args:
        vectors: Real numbers ``(tokens, dimension)``.
        element: ``"binary"`` keeps the sign of each number; ``"int8"`` each number in steps of a
            127th of its token's largest.

    Raises:
        InvalidInput: ``input.invalid``, ``input.dimension``, ``input.not_finite``.
    """
    import numpy as np

    given = np.asarray(vectors, dtype=np.float32)
    if given.ndim != _PAIR or not given.shape[1]:
        raise InvalidInput(
            "input.dimension", f"token vectors of shape {given.shape}", "(tokens, dimension)"
        )
    if not np.isfinite(given).all():
        raise InvalidInput("input.not_finite", "a token vector holds NaN or Inf")
    dimension = given.shape[1]
    if element == "binary":
        scales = np.full(len(given), dimension**-0.5, dtype=np.float32)
        return QuantizedTokens(element, np.packbits(given > 0, axis=1), scales, dimension)
    if element != "int8":
        raise InvalidInput("input.invalid", f"unknown element {element!r}", "one of: binary, int8")
    steps = np.abs(given).max(axis=1, initial=0.0) / np.float32(_INT8_LEVELS)
    safe = np.where(steps > 0, steps, np.float32(1))
    codes = np.rint(given / safe[:, None]).astype(np.int8)
    return QuantizedTokens(element, codes, steps.astype(np.float32), dimension)


def best_of(query: Floats, documents: Sequence[Floats]) -> Floats:
    """Score several documents with `max_sim`: float32 ``(documents,)``, in one product.

    No document is filled up with zeros: a zero would beat a negative product.
    """
    import numpy as np

    lengths = [len(document) for document in documents]
    scores = np.zeros(len(documents), dtype=np.float32)
    filled = [i for i, length in enumerate(lengths) if length]
    if not filled:
        return scores
    products = query @ np.concatenate([documents[i] for i in filled]).T
    starts = np.cumsum([0] + [lengths[i] for i in filled[:-1]])
    scores[filled] = np.maximum.reduceat(products, starts, axis=1).sum(axis=0)
    return scores
