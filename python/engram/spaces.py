"""Vector spaces as users declare them.

Owns: `Space`. A space that nobody declares is made by the first embedding that is put into it: a
vector makes a dense one, a dict of weights a sparse one, a matrix a multi-vector one, in float32.
"""

from __future__ import annotations

from engram.errors import InvalidInput
from engram.records import Frozen, _set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.types import Element, Kind

__all__ = ["Space"]


class Space(Frozen):
    """How one vector space of a collection keeps its embeddings. Frozen.

    Args:
        kind: ``"dense"``: one vector per record; ``"sparse"``: weights above 0 of some of very many
            dimensions, compared by inner product (as SPLADE makes them); ``"multi"``: a matrix of
            token vectors, compared by MaxSim (as ColBERT makes them).
        dimension: Length of its vectors. Left out: None for a sparse space, which has none, and for
            a space whose embedder says its own.
        element: ``"float32"``; ``"float16"`` (half the room); ``"int8"`` (a quarter: each number
            a step of 1/127 of the vector's largest); ``"binary"`` (the sign, a thirty-second).
            Vectors are rounded when they are put, and read back as rounded.
        truncate: Whether longer vectors are cut to `dimension`, for models trained to be
            (Matryoshka embeddings, Kusupati et al., 2022).
    """

    __slots__ = ("dimension", "element", "kind", "truncate")

    kind: Kind
    dimension: int | None
    element: Element
    truncate: bool

    def __init__(
        self,
        kind: Kind = "dense",
        dimension: int | None = None,
        *,
        element: Element = "float32",
        truncate: bool = False,
    ) -> None:
        """Keep the settings; the core checks them when the space is made."""
        wrong = isinstance(dimension, bool) or not isinstance(dimension, int) or dimension < 1
        if dimension is not None and wrong:
            raise InvalidInput("input.invalid", f"dimension is {dimension!r}, not 1 or more")
        _set(self, "kind", kind)
        _set(self, "dimension", dimension)
        _set(self, "element", element)
        _set(self, "truncate", bool(truncate))

    def __repr__(self) -> str:
        """Show the settings that are not the default."""
        parts = [repr(self.kind)]
        parts += [] if self.dimension is None else [f"dimension={self.dimension}"]
        parts += [] if self.element == "float32" else [f"element={self.element!r}"]
        parts += ["truncate=True"] if self.truncate else []
        return f"Space({', '.join(parts)})"

    def __eq__(self, other: object) -> bool:
        """Compare the settings."""
        if not isinstance(other, Space):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        """Hash the settings."""
        return hash((self.kind, self.dimension, self.element, self.truncate))
