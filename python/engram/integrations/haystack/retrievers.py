"""Haystack's retriever components over an `EngramDocumentStore`.

Owns: `EngramEmbeddingRetriever`, `EngramBM25Retriever`, `EngramHybridRetriever`: their inputs and
outputs in a pipeline, and what of them is saved with it. They differ in what they ask of the store.
"""

from __future__ import annotations

from typing import Any

from haystack import component, default_from_dict, default_to_dict
from haystack.dataclasses import Document, SparseEmbedding
from haystack.document_stores.types import FilterPolicy, apply_filter_policy

from engram.errors import InvalidInput
from engram.integrations.haystack.store import EngramDocumentStore

__all__ = ["EngramBM25Retriever", "EngramEmbeddingRetriever", "EngramHybridRetriever"]

_Filters = dict[str, Any] | None


class _Retriever:
    """What the three have in common.

    It has no ``__init__``: Haystack makes the classes of components anew, and ``super()`` in theirs
    would not find its way.
    """

    def _keep(
        self,
        document_store: EngramDocumentStore,
        *,
        filters: dict[str, Any] | None,
        top_k: int,
        filter_policy: str | FilterPolicy,
        return_embedding: bool,
        own: dict[str, Any],
    ) -> None:
        if not isinstance(document_store, EngramDocumentStore):
            raise TypeError("document_store must be an instance of EngramDocumentStore")
        if top_k < 1:
            raise InvalidInput("input.invalid", f"top_k is {top_k}", "ask for 1 or more")
        self.document_store = document_store
        self.filters = filters
        self.top_k = top_k
        self.return_embedding = return_embedding
        self.filter_policy = (
            filter_policy
            if isinstance(filter_policy, FilterPolicy)
            else FilterPolicy.from_str(filter_policy)
        )
        self._own = own

    def to_dict(self) -> dict[str, Any]:
        """Give the settings, for pipelines that are saved."""
        return default_to_dict(
            self,
            document_store=self.document_store,
            filters=self.filters,
            top_k=self.top_k,
            filter_policy=self.filter_policy.value,
            return_embedding=self.return_embedding,
            **self._own,
        )

    def _asked(self, filters: _Filters, top_k: int | None) -> dict[str, Any]:
        return {
            "filters": apply_filter_policy(self.filter_policy, self.filters, filters),
            "top_k": self.top_k if top_k is None else top_k,
            "return_embedding": self.return_embedding,
        }


@component
class EngramEmbeddingRetriever(_Retriever):
    """Finds the documents of an `EngramDocumentStore` whose embeddings are nearest.

    Args:
        document_store: The store.
        filters: Only documents that match.
        top_k: Most documents, 1 or more.
        scale_score: Whether scores are brought to 0 to 1.
        return_embedding: Whether documents come with their embeddings.
        filter_policy: Whether filters at run time replace these, or are joined with them.
    """

    def __init__(
        self,
        document_store: EngramDocumentStore,
        *,
        filters: dict[str, Any] | None = None,
        top_k: int = 10,
        scale_score: bool = False,
        return_embedding: bool = False,
        filter_policy: str | FilterPolicy = FilterPolicy.REPLACE,
    ) -> None:
        """Keep the settings."""
        self.scale_score = scale_score
        self._keep(
            document_store,
            filters=filters,
            top_k=top_k,
            filter_policy=filter_policy,
            return_embedding=return_embedding,
            own={"scale_score": scale_score},
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> EngramEmbeddingRetriever:
        """Make a retriever of what `to_dict` gave."""
        return default_from_dict(cls, data)

    @component.output_types(documents=list[Document])
    def run(
        self,
        query_embedding: list[float],
        filters: dict[str, Any] | None = None,
        top_k: int | None = None,
    ) -> dict[str, list[Document]]:
        """Find documents; `filters` and `top_k` are those of this run."""
        asked = self._asked(filters, top_k)
        found = self.document_store.embedding_retrieval(
            query_embedding, scale_score=self.scale_score, **asked
        )
        return {"documents": found}

    @component.output_types(documents=list[Document])
    async def run_async(
        self,
        query_embedding: list[float],
        filters: dict[str, Any] | None = None,
        top_k: int | None = None,
    ) -> dict[str, list[Document]]:
        """Find documents as `run` does, in a thread."""
        asked = self._asked(filters, top_k)
        found = await self.document_store.embedding_retrieval_async(
            query_embedding, scale_score=self.scale_score, **asked
        )
        return {"documents": found}


@component
class EngramBM25Retriever(_Retriever):
    """Finds the documents of an `EngramDocumentStore` that hold the words of a query, by BM25.

    Args:
        document_store: The store.
        filters: Only documents that match.
        top_k: Most documents, 1 or more.
        scale_score: Whether scores are brought to 0 to 1.
        return_embedding: Whether documents come with their embeddings.
        filter_policy: Whether filters at run time replace these, or are joined with them.
    """

    def __init__(
        self,
        document_store: EngramDocumentStore,
        *,
        filters: dict[str, Any] | None = None,
        top_k: int = 10,
        scale_score: bool = False,
        return_embedding: bool = False,
        filter_policy: str | FilterPolicy = FilterPolicy.REPLACE,
    ) -> None:
        """Keep the settings."""
        self.scale_score = scale_score
        self._keep(
            document_store,
            filters=filters,
            top_k=top_k,
            filter_policy=filter_policy,
            return_embedding=return_embedding,
            own={"scale_score": scale_score},
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> EngramBM25Retriever:
        """Make a retriever of what `to_dict` gave."""
        return default_from_dict(cls, data)

    @component.output_types(documents=list[Document])
    def run(
        self, query: str, filters: dict[str, Any] | None = None, top_k: int | None = None
    ) -> dict[str, list[Document]]:
        """Find documents; `filters` and `top_k` are those of this run."""
        asked = self._asked(filters, top_k)
        found = self.document_store.bm25_retrieval(query, scale_score=self.scale_score, **asked)
        return {"documents": found}

    @component.output_types(documents=list[Document])
    async def run_async(
        self, query: str, filters: dict[str, Any] | None = None, top_k: int | None = None
    ) -> dict[str, list[Document]]:
        """Find documents as `run` does, in a thread."""
        asked = self._asked(filters, top_k)
        found = await self.document_store.bm25_retrieval_async(
            query, scale_score=self.scale_score, **asked
        )
        return {"documents": found}


@component
class EngramHybridRetriever(_Retriever):
    """Finds documents of an `EngramDocumentStore` by words and embeddings, in one search.

    Args:
        document_store: The store.
        filters: Only documents that match.
        top_k: Most documents, 1 or more.
        weights: The shares of ``"lexical"``, ``"semantic"`` and ``"sparse"``.
        fusion: ``"convex"`` (scores, 0 to 1) or ``"rrf"`` (reciprocal ranks).
        return_embedding: Whether documents come with their embeddings.
        filter_policy: Whether filters at run time replace these, or are joined with them.
    """

    def __init__(  # noqa: PLR0913 - a component is made of its settings
        self,
        document_store: EngramDocumentStore,
        *,
        filters: dict[str, Any] | None = None,
        top_k: int = 10,
        weights: dict[str, float] | None = None,
        fusion: str = "convex",
        return_embedding: bool = False,
        filter_policy: str | FilterPolicy = FilterPolicy.REPLACE,
    ) -> None:
        """Keep the settings."""
        own = {"weights": weights, "fusion": fusion}
        self._keep(
            document_store,
            filters=filters,
            top_k=top_k,
            filter_policy=filter_policy,
            return_embedding=return_embedding,
            own=own,
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> EngramHybridRetriever:
        """Make a retriever of what `to_dict` gave."""
        return default_from_dict(cls, data)

    @component.output_types(documents=list[Document])
    def run(
        self,
        query: str,
        query_embedding: list[float],
        query_sparse_embedding: SparseEmbedding | None = None,
        filters: dict[str, Any] | None = None,
        top_k: int | None = None,
    ) -> dict[str, list[Document]]:
        """Find documents; `filters` and `top_k` are those of this run."""
        found = self.document_store.hybrid_retrieval(
            query,
            query_embedding,
            query_sparse_embedding=query_sparse_embedding,
            **self._own,
            **self._asked(filters, top_k),
        )
        return {"documents": found}

    @component.output_types(documents=list[Document])
    async def run_async(
        self,
        query: str,
        query_embedding: list[float],
        query_sparse_embedding: SparseEmbedding | None = None,
        filters: dict[str, Any] | None = None,
        top_k: int | None = None,
    ) -> dict[str, list[Document]]:
        """Find documents as `run` does, in a thread."""
        found = await self.document_store.hybrid_retrieval_async(
            query,
            query_embedding,
            query_sparse_embedding=query_sparse_embedding,
            **self._own,
            **self._asked(filters, top_k),
        )
        return {"documents": found}
