"""Settings of a collection against those that a caller asks for.

Owns: what cannot change once a collection or a vector space is made.
"""

from __future__ import annotations

from engram.checks import number, proper_str
from engram.errors import Conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from engram import _native
    from engram.spaces import Space
    from engram.types import Embedder, Metric, StopWords

__all__ = ["Settings", "declare"]


class Settings:
    """What a caller asks of a collection; None where nothing is asked."""

    __slots__ = ("b", "k1", "language", "metric", "stop_words")

    def __init__(
        self,
        metric: Metric | None,
        language: str | None,
        stop_words: StopWords | None,
        k1: float | None,
        b: float | None,
    ) -> None:
        """Check the types; the values are checked where they are used."""
        self.metric = None if metric is None else proper_str(metric, "metric")
        self.language = None if language is None else proper_str(language, "language")
        self.stop_words = None if stop_words is None else proper_str(stop_words, "stop_words")
        self.k1 = None if k1 is None else number(k1, "k1")
        self.b = None if b is None else number(b, "b")

    def asks(self) -> bool:
        """Whether anything is asked."""
        return any(getattr(self, name) is not None for name in self.__slots__)

    def create(self, native: _native.Transaction, name: str) -> None:
        """Make the collection, with the defaults where nothing is asked."""
        native.create_collection(
            name,
            self.metric if self.metric is not None else "cosine",
            self.language if self.language is not None else "en",
            self.stop_words if self.stop_words is not None else "weak",
            self.k1,
            self.b,
        )

    def check(self, view: _native.View, name: str) -> None:
        """Compare with an existing collection.

        Raises:
            Conflict: ``collection.mismatch``.
        """
        stored = view.describe(name)
        if stored is None:
            return
        for key in ("metric", "language", "stop_words", "k1", "b"):
            asked, kept = getattr(self, key), stored[key]
            if asked is not None and not _equal(asked, kept):
                kept = "not set" if kept is None else repr(kept)
                raise Conflict(
                    "collection.mismatch",
                    f"collection {name!r} has the {key} {kept}, not {asked!r}",
                    f"leave {key}= out, or use another collection; it cannot change once made",
                    {"collection": name, "stored": str(stored[key]), "asked": str(asked)},
                )


def _equal(asked: object, kept: object) -> bool:
    """Compare a setting; numbers are kept in 32 bits."""
    if isinstance(asked, float) and isinstance(kept, float):
        return abs(asked - kept) <= 1e-6 * max(abs(asked), abs(kept))
    return asked == kept


def declare(
    native: _native.Transaction,
    collection: str,
    spaces: Mapping[str, Space],
    text_space: str,
    embedder: Embedder | None,
) -> None:
    """Add declared spaces to a collection; those that are there must be the same.

    Raises:
        InvalidInput: ``input.invalid``, ``input.limit``.
        Conflict: ``collection.mismatch`` where a space is there with other settings.
    """
    for name, space in spaces.items():
        dimension, identity = space.dimension, None
        if name == text_space and embedder is not None:
            identity = embedder.identity.to_json()
            if space.kind != "sparse":
                dimension = dimension or getattr(embedder, "dimension", None)
        native.add_space(
            collection,
            proper_str(name, "a space"),
            space.kind,
            dimension or 0,
            space.element,
            space.truncate,
            identity,
        )
