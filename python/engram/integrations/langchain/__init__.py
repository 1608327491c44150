"""LangChain: a vector store and a retriever over one collection.

A document is a record: its text, its metadata, and in the space ``text`` the vector that
LangChain's embeddings, or engram's own embedder, made of it. Who made the vectors is stored with
them; vectors of other embeddings are refused.
"""

from __future__ import annotations

from engram.errors import _missing_extra

try:
    import langchain_core as _langchain_core
except ImportError as cause:
    raise _missing_extra("langchain-core", "langchain", "the LangChain store") from cause

from engram.integrations.langchain.retriever import EngramRetriever
from engram.integrations.langchain.store import EngramVectorStore

__all__ = ["EngramRetriever", "EngramVectorStore"]

del _langchain_core
