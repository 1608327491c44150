"""Embedders: what turns text into vectors.

Owns: `Static`, the built-in model that works offline right after install, and `Identity`, which is
stored with every vector space so that vectors of different models never mix. Write your own
embedder by giving it an ``identity`` and an ``encode_batch`` (`engram.Embedder`).
"""

from __future__ import annotations

from engram.embed.identity import Identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.embed.static import Static

__all__ = ["Identity", "Static", "default"]


def default() -> Static:
    """Give the built-in embedder, loaded once per process.

    Raises:
        Io: ``file.not_found`` where the installation lacks its data file.
    """
    from engram.embed.static import builtin

    return builtin()


def __getattr__(name: str) -> object:
    """Load `Static` when it is asked for."""
    if name == "Static":
        from engram.embed.static import Static

        return Static
    raise AttributeError(name)
