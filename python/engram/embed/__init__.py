"""Embedders: what turns text, images and series into vectors.

Owns: `Static`, the built-in model that works offline right after install; the models that run here
on ONNX Runtime (`Dense` and its siblings); and `Identity`, which is stored with every vector space
so that vectors of different models never mix. Write your own embedder by giving it an ``identity``
and an ``encode_batch`` (`engram.Embedder`). Importing this loads none of them.
"""

from __future__ import annotations

from engram.embed.identity import Identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.embed.dense import Dense
    from engram.embed.local.session import devices
    from engram.embed.static import Static

__all__ = ["Dense", "Identity", "Static", "default", "devices"]

_HOMES = {
    "Dense": "engram.embed.dense",
    "Static": "engram.embed.static",
    "devices": "engram.embed.local.session",
}
"""Where the names that load when they are asked for live."""


def default() -> Static:
    """Give the built-in embedder, loaded once per process.

    Raises:
        Io: ``file.not_found`` where the installation lacks its data file.
    """
    from engram.embed.static import builtin

    return builtin()


def __getattr__(name: str) -> object:
    """Load a model's class when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
