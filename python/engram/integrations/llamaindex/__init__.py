"""LlamaIndex: a vector store over one collection.

A node is a record: its text, its metadata beside what LlamaIndex needs to make the node again, and
its embedding in the space ``vector``.
"""

from __future__ import annotations

from engram.errors import _missing_extra

try:
    import llama_index.core as _llama_index_core
except ImportError as cause:
    raise _missing_extra("llama-index-core", "llamaindex", "the LlamaIndex store") from cause

from engram.integrations.llamaindex.store import EngramVectorStore

__all__ = ["EngramVectorStore"]

del _llama_index_core
