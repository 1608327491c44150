"""Text for retrieval: sources read with their offsets, and split into passages."""

from __future__ import annotations

from engram.rag.passages import Passage, split_passages
from engram.rag.sources import Source, read_source

__all__ = ["Passage", "Source", "read_source", "split_passages"]
