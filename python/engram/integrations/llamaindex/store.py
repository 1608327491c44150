"""The LlamaIndex vector store.

Owns: `EngramVectorStore`, and which of LlamaIndex's query modes mean what in engram. Opposite side:
`engram.integrations.llamaindex.filters`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.schema import BaseNode, MetadataMode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict

from engram.errors import InvalidInput
from engram.filtering import quoted
from engram.integrations.holding import Holder, top_k
from engram.integrations.llamaindex.filters import filter_of
from engram.planning import VECTOR_SPACE
from engram.types import Metric, Missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram.collection import Collection
    from engram.database import Database
    from engram.integrations.holding import Source
    from engram.records import Record

__all__ = ["EngramVectorStore"]

_MODES = {
    VectorStoreQueryMode.DEFAULT: "semantic",
    VectorStoreQueryMode.MMR: "semantic",
    VectorStoreQueryMode.TEXT_SEARCH: "lexical",
    VectorStoreQueryMode.HYBRID: "hybrid",
}


class EngramVectorStore(BasePydanticVectorStore):
    """A LlamaIndex vector store in an engram file. It keeps the nodes, so no other store is needed.

    Query modes: ``default`` (vectors), ``text_search`` (words, BM25), ``hybrid`` (both; `alpha` is
    the share of the vectors), ``mmr``. Similarities: higher is better.

    Args:
        path: A file, or ``":memory:"``, or an open `engram.Database` that stays yours to close.
        collection_name: The collection.
        metric: ``"cosine"``, ``"dot"`` or ``"l2"``; left out: as stored, or cosine.
        language: What texts are stemmed for, such as ``"en"``; left out: as stored, or English.
        missing: What a filter on a key that no node has is: ``"error"``, or with ``"ignore"`` a key
            without values, as in LlamaIndex's own store.
        **kwargs: LlamaIndex's own fields (`stores_text`, `is_embedding_query`).

    Example:
        >>> store = EngramVectorStore("notes.engram")
        >>> storage = StorageContext.from_defaults(vector_store=store)
        >>> index = VectorStoreIndex.from_documents(documents, storage_context=storage)
        >>> index.as_retriever(vector_store_query_mode="hybrid").retrieve("who was in France?")
    """

    path: str
    collection_name: str
    metric: Metric | None
    language: str | None
    missing: Missing
    _holder: Holder = PrivateAttr()

    def __init__(
        self,
        path: Source = ":memory:",
        collection_name: str = "llama_index",
        *,
        metric: Metric | None = None,
        language: str | None = None,
        missing: Missing = "error",
        **kwargs: Any,
    ) -> None:
        """Keep the arguments; the file is opened at the first use."""
        holder = Holder(path, collection_name, metric=metric, language=language)
        where = {"path": holder.path, "collection_name": collection_name}
        settings = {"metric": metric, "language": language, "missing": missing}
        super().__init__(**{"stores_text": True, **kwargs, **where, **settings})
        self._holder = holder

    @classmethod
    def class_name(cls) -> str:
        """Give the name under which LlamaIndex keeps its settings."""
        return "EngramVectorStore"

    @property
    def client(self) -> Database:
        """The database that holds the nodes."""
        return self._holder.database

    @property
    def collection(self) -> Collection:
        """The collection that holds the nodes, to read it without LlamaIndex."""
        return self._holder.collection(None)

    def close(self) -> None:
        """Close the file, unless the database was handed in open."""
        self._holder.close()

    # --- writing ---

    def add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """Add nodes, or replace those of the same ids.

        Args:
            nodes: The nodes. One without an embedding is found by its words only.
            **kwargs: ``batch_size`` and ``progress``, as in `engram.Collection.put_many`.

        Returns:
            The ids, in the order of the nodes.

        Raises:
            EngramError: As `engram.Collection.put_many`.
        """
        self.collection.put_many((_record(node) for node in nodes), **kwargs)
        return [node.node_id for node in nodes]

    async def async_add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """Add nodes as `add` does, in a thread."""
        return await asyncio.to_thread(self.add, nodes, **kwargs)

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Delete the nodes of a document."""
        _nothing_else(delete_kwargs)
        self.collection.delete_where(f"ref_doc_id = {quoted(ref_doc_id)}", missing="ignore")

    async def adelete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Delete the nodes of a document, in a thread."""
        await asyncio.to_thread(self.delete, ref_doc_id, **delete_kwargs)

    def delete_nodes(
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        **delete_kwargs: Any,
    ) -> None:
        """Delete nodes by id, by filters, or those that both name.

        Raises:
            InvalidInput: ``input.invalid`` where neither is given.
        """
        _nothing_else(delete_kwargs)
        where = filter_of(filters, node_ids=node_ids)
        if where is None:
            raise InvalidInput(
                "input.invalid", "delete_nodes needs node_ids or filters", "clear() deletes all"
            )
        self.collection.delete_where(where, missing=self.missing)

    async def adelete_nodes(
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        **delete_kwargs: Any,
    ) -> None:
        """Delete nodes as `delete_nodes` does, in a thread."""
        await asyncio.to_thread(self.delete_nodes, node_ids, filters, **delete_kwargs)

    def clear(self) -> None:
        """Delete every node."""
        self._holder.clear()

    async def aclear(self) -> None:
        """Delete every node, in a thread."""
        await asyncio.to_thread(self.clear)

    # --- reading ---

    def get_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        """Give nodes by id, by filters, or those that both name; without either, all of them.

        Nodes by id come in the order of the ids, without those that are not there.
        """
        if filters is None and node_ids is not None:
            found = [record for record in self.collection.get_many(node_ids) if record is not None]
        else:
            where = filter_of(filters, node_ids=node_ids)
            found = list(self.collection.iterate(where, missing=self.missing))
        if node_ids is not None:
            order = {id_: n for n, id_ in enumerate(node_ids)}
            found.sort(key=lambda record: order[record.id])
        return [_node(record) for record in found]

    async def aget_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        """Give nodes as `get_nodes` does, from a thread."""
        return await asyncio.to_thread(self.get_nodes, node_ids, filters)

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """Find nodes.

        Args:
            query: What to look for. `hybrid_top_k`, where it is given, is the number of hits in
                mode ``hybrid``, and `sparse_top_k` the least number of candidates.
            **kwargs: ``mmr_threshold`` (0 to 1; 0: as different as can be; LlamaIndex's own store
                compares with the hit before only, engram with all of them), and arguments of
                `engram.Query`: ``near``, ``hop``, ``candidates``, ``group_by`` and so on.

        Raises:
            InvalidInput: ``input.invalid`` for a mode that engram does not have, or a query without
                what its mode needs; and as `engram.Collection.query`.
        """
        options = {**_asked(query, kwargs.pop("mmr_threshold", query.mmr_threshold)), **kwargs}
        if options["k"] == 0:
            return VectorStoreQueryResult(nodes=[], similarities=[], ids=[])
        # An index over a store that keeps its nodes asks with an empty list for all of them.
        among = query.node_ids or None
        where = filter_of(query.filters, node_ids=among, doc_ids=query.doc_ids)
        hits = self.collection.query(where=where, **{"missing": self.missing, **options})
        return VectorStoreQueryResult(
            nodes=[_node(hit) for hit in hits],
            similarities=[hit.score for hit in hits],
            ids=[hit.id for hit in hits],
        )

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """Find nodes as `query` does, in a thread."""
        return await asyncio.to_thread(self.query, query, **kwargs)


def _asked(query: VectorStoreQuery, mmr_threshold: float | None) -> dict[str, Any]:
    """Give the arguments of `engram.Query` that a query of LlamaIndex comes to."""
    named = VectorStoreQueryMode(query.mode)  # LlamaIndex lets plain text pass
    mode = _MODES.get(named)
    if mode is None:
        raise InvalidInput(
            "input.invalid",
            f"the store has no mode {named.value!r}",
            f"there are: {', '.join(one.value for one in _MODES)}",
        )
    if query.output_fields is not None:
        raise InvalidInput(
            "input.invalid", "output_fields cannot be chosen", "leave it out: nodes come whole"
        )
    asked: dict[str, Any] = {"mode": mode, "k": top_k(query.similarity_top_k, "similarity_top_k")}
    if mode != "semantic":
        asked["text"] = _needed(query.query_str, "query_str", named)
    if mode != "lexical":
        asked["vector"] = _needed(query.query_embedding, "query_embedding", named)
        asked["vector_name"] = query.embedding_field or VECTOR_SPACE
    if named is VectorStoreQueryMode.MMR:
        asked["diversity"] = 1.0 - (0.5 if mmr_threshold is None else mmr_threshold)
    if mode == "hybrid":
        asked["k"] = query.hybrid_top_k if query.hybrid_top_k is not None else asked["k"]
        if query.sparse_top_k is not None:
            least = max(query.sparse_top_k, query.similarity_top_k, asked["k"])
            asked["candidates"] = least
        if query.alpha is not None:
            asked["weights"] = {"lexical": 1.0 - query.alpha, "semantic": query.alpha}
    return asked


def _needed(value: Any, name: str, mode: VectorStoreQueryMode) -> Any:
    if value is None:
        raise InvalidInput("input.invalid", f"mode {mode.value!r} needs {name}", f"give {name}=")
    return value


def _nothing_else(given: dict[str, Any]) -> None:
    if given:
        raise InvalidInput("input.invalid", f"deleting takes no {', '.join(given)}", "leave it out")


def _record(node: BaseNode) -> dict[str, Any]:
    """Give a node as a record."""
    return {
        "id": node.node_id,
        "text": node.get_content(metadata_mode=MetadataMode.NONE) or None,
        "metadata": node_to_metadata_dict(node, remove_text=True),
        "vector": node.embedding,
    }


def _node(record: Record) -> BaseNode:
    """Make a node again."""
    return metadata_dict_to_node(record.metadata, text=record.text)
