"""Settings of a collection against those that a caller asks for.

Owns: what cannot change once a collection or a vector space is made.
"""

from __future__ import annotations

from engram.checks import proper_str
from engram.errors import Conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from engram import _native
    from engram.spaces import Space
    from engram.types import Embedder

__all__ = ["check_settings", "declare"]


def check_settings(view: _native.View, name: str, metric: str | None, language: str | None) -> None:
    """Compare asked-for settings with those of an existing collection.

    Raises:
        Conflict: ``collection.mismatch``.
    """
    stored = view.describe(name)
    if stored is None:
        return
    for key, asked in (("metric", metric), ("language", language)):
        if asked is not None and asked != stored[key]:
            raise Conflict(
                "collection.mismatch",
                f"collection {name!r} has the {key} {stored[key]!r}, not {asked!r}",
                f"leave {key}= out, or use another collection; it cannot change once made",
                {"collection": name, "stored": str(stored[key]), "asked": str(asked)},
            )


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
