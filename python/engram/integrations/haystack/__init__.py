"""Haystack: a document store over one collection, and its retrievers.

A document is a record: its content is the text, its meta the metadata, its embedding the vector of
the space ``vector``, its sparse embedding that of the space ``sparse``.
"""

from __future__ import annotations

from engram.errors import _missing_extra

try:
    import haystack as _haystack
except ImportError as cause:
    raise _missing_extra("haystack-ai", "haystack", "the Haystack store") from cause

from engram.integrations.haystack.retrievers import (
    EngramBM25Retriever,
    EngramEmbeddingRetriever,
    EngramHybridRetriever,
)
from engram.integrations.haystack.store import EngramDocumentStore

__all__ = [
    "EngramBM25Retriever",
    "EngramDocumentStore",
    "EngramEmbeddingRetriever",
    "EngramHybridRetriever",
]

del _haystack
