"""Embedders of texts by name, where a database or a collection is given one.

Owns: `named`. Invariants: a name that leads nowhere is an error before anything is opened; a local
model is loaded by the first text, once for all who name it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from engram.embed import default
from engram.embed.finding import BUILT_IN, HASH, found, full_name
from engram.embed.hashing import Hash
from engram.embed.local.folder import ModelFolder
from engram.embed.registry import get_embedder, kind_of, loaded, provider_of
from engram.errors import InvalidInput

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from engram.types import Embedder

__all__ = ["named"]

_OF_TEXTS = {"dense", "multi", "sparse"}
_KEPT = 4
"""Models that stay loaded for those who name them again."""


def named(name: str | os.PathLike[str]) -> Callable[[], Embedder | None]:
    """Find the embedder of a name, and give a function that loads it.

    Raises:
        NotFound: ``model.not_found`` naming the nearest known names, or the command that installs.
        InvalidInput: ``embedder.invalid`` for a model that embeds no texts; ``provider.unknown``.
        Io: ``file.not_found`` for a path that is no folder.
    """
    name = full_name(name)
    if name in BUILT_IN:
        return default
    if name == HASH:
        return Hash
    if provider_of(name) is not None:
        embedder: Embedder = get_embedder(name)
        return lambda: embedder
    folder = found(name)
    kind = kind_of(folder)
    if kind not in _OF_TEXTS:
        raise InvalidInput(
            "embedder.invalid",
            f"model {folder.name} embeds no texts that are stored (it is of the kind {kind})",
            "a dense, multi-vector or sparse model",
        )
    place = str(folder.path)
    written = max((path.stat().st_mtime_ns for path in folder.path.rglob("*.onnx")), default=0)
    return lambda: _loaded(place, folder.name, written)


@lru_cache(maxsize=_KEPT)
def _loaded(path: str, name: str, written: int) -> Any:
    """Load a model; one that was written anew since is another."""
    del written
    from engram.embed.catalog import known

    return loaded(ModelFolder(path, name, known(name)))
