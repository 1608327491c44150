"""What the weaver asks models for.

Owns: the protocol `Enricher`, and who answers: `model_of`, as text (work is done again when it
changes), and `identity_of`, for vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from engram.embed.identity import Identity
from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram.types import Embedder

__all__ = ["Enricher", "checked", "identity_of", "model_of"]


@runtime_checkable
class Enricher(Protocol):
    """What makes vectors, entities and summaries; `engram.enrich.default_enricher` makes one.

    An enricher may also have

    - ``embedder`` or ``identity``: whose vectors these are (an embedder, or an `engram.Identity`),
      where it is not the database's own embedder;
    - ``model``: a name that changes whenever its answers might, or ``names()``, such names in a
      dict. What was enriched under another name is enriched again by `Weaver.catch_up`.
    """

    def embed(self, texts: Sequence[str], /) -> Any:
        """Give one vector for each text: float32 ``(len(texts), dimension)``, zeros for none."""

    def entities(self, text: str, /) -> Sequence[Any]:
        """Find the entities of a text: ``text``, ``label``, ``start``, ``end``, ``confidence``."""

    def summarize(self, texts: Sequence[str], /) -> str:
        """Sum texts up."""


def checked(enricher: object) -> Enricher:
    """Check that an object has what an enricher needs."""
    if not isinstance(enricher, Enricher):
        raise InvalidInput(
            "input.invalid",
            f"{type(enricher).__name__} is no enricher",
            "give it embed(texts), entities(text) and summarize(texts), or leave it out for "
            "engram.enrich.default_enricher()",
        )
    return enricher


def model_of(enricher: Enricher) -> str:
    """Name who answers."""
    named = getattr(enricher, "model", None)
    if isinstance(named, str) and named:
        return named
    names = getattr(enricher, "names", None)
    if callable(names):
        return ", ".join(f"{part} {name}" for part, name in sorted(names().items()))
    kind = type(enricher)
    return f"{kind.__module__}.{kind.__qualname__}"


def identity_of(enricher: Enricher, own: Embedder | None) -> Identity | None:
    """Give the identity of an enricher's vectors: its own, or that of the database's embedder."""
    for holder in (enricher, getattr(enricher, "embedder", None), own):
        identity = getattr(holder, "identity", None)
        if isinstance(identity, Identity):
            return identity
    return None
