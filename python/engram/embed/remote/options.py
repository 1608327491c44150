"""What a remote embedder can be told.

Owns: `RemoteOptions`, the keyword arguments of `RemoteEmbedder` for those that pass them on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.remote.options import Connection

if TYPE_CHECKING:
    import os

__all__ = ["RemoteOptions"]


class RemoteOptions(Connection, total=False):
    """The keyword arguments of `RemoteEmbedder`."""

    dimensions: int | None
    truncate: bool
    query_prefix: str
    document_prefix: str
    revision: str
    batch_size: int | None
    threads: int
    cache: str | os.PathLike[str] | None
