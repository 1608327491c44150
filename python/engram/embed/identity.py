"""The identity of an embedder, and its canonical text.

Owns: `Identity`. Invariant: `Identity.to_json` is canonical (sorted keys, no spaces), since the
file compares identities as text. Opposite side: the ``identity`` slots of `engram._native`.
"""

from __future__ import annotations

from engram.errors import InvalidInput
from engram.records import Frozen, _set

__all__ = ["Identity"]


class Identity(Frozen):
    """Who made a vector. Two vectors compare only where their identities are equal. Frozen.

    Attributes:
        name: The model's name, for example ``engram-static``.
        revision: Which version of it, for example a date or a hash of its weights.
        dimension: Length of its vectors.
        normalized: Whether its vectors have unit length.
    """

    __slots__ = ("dimension", "name", "normalized", "revision")

    name: str
    revision: str
    dimension: int
    normalized: bool

    def __init__(self, name: str, revision: str, dimension: int, normalized: bool) -> None:  # noqa: FBT001 - a field
        """Make an identity from its four facts."""
        if not name or dimension < 1:
            raise InvalidInput(
                "input.invalid",
                "an embedder's identity needs a name and a dimension of at least 1",
                "Identity(name, revision, dimension, normalized)",
            )
        _set(self, "name", str(name))
        _set(self, "revision", str(revision))
        _set(self, "dimension", int(dimension))
        _set(self, "normalized", bool(normalized))

    def to_dict(self) -> dict[str, str | int | bool]:
        """Give the four facts as JSON-able data."""
        return {
            "dimension": self.dimension,
            "name": self.name,
            "normalized": self.normalized,
            "revision": self.revision,
        }

    def to_json(self) -> str:
        """Give the canonical text that is stored with a vector space."""
        import json

        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Identity:
        """Read the canonical text.

        Raises:
            InvalidInput: ``input.invalid`` where it is none.
        """
        import json

        try:
            facts = json.loads(text)
            return cls(facts["name"], facts["revision"], facts["dimension"], facts["normalized"])
        except (ValueError, KeyError, TypeError) as cause:
            raise InvalidInput(
                "input.invalid", "the text is no embedder identity", None, {"text": text[:200]}
            ) from cause

    def __eq__(self, other: object) -> bool:
        """Compare all four facts."""
        return isinstance(other, Identity) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        """Hash all four facts."""
        return hash((self.name, self.revision, self.dimension, self.normalized))

    def __repr__(self) -> str:
        """Show all four facts."""
        return (
            f"Identity(name={self.name!r}, revision={self.revision!r}, "
            f"dimension={self.dimension}, normalized={self.normalized})"
        )
