"""Embedders that a provider runs: one interface over ten of them.

Owns: `get_remote`, `RemoteEmbedder`, and what its calls report. Nothing is sent before texts are
encoded, and nothing is sent for texts that the cache knows.
"""

from __future__ import annotations

from engram.embed.remote.embedder import RemoteEmbedder, get_remote
from engram.embed.remote.reports import Encoded, Failure

__all__ = ["Encoded", "Failure", "RemoteEmbedder", "get_remote"]
