"""Typed use of the integrations; type checkers read it, nothing runs it."""

from __future__ import annotations

from typing import Any

from haystack.dataclasses import Document as HaystackDocument
from haystack.document_stores.types import DocumentStore
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from llama_index.core.schema import BaseNode, TextNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    VectorStoreQuery,
    VectorStoreQueryResult,
)
from typing_extensions import assert_type

import engram
from engram.integrations import haystack, langchain, llamaindex

# LangChain
store = langchain.EngramVectorStore(
    "a.engram", DeterministicFakeEmbedding(size=3), collection="docs", mode="hybrid", metric="dot"
)
chain: VectorStore = store
assert_type(store.add_texts(["a"], [{"n": 1}], ids=["1"]), list[str])
assert_type(store.similarity_search("a", k=2, filter="n = 1", hop=0.1), list[Document])
scored = store.similarity_search_with_score("a", filter=engram.F.n > 1)
assert_type(scored, list[tuple[Document, float]])
assert_type(store.delete(["1"]), bool)
assert_type(store.collection, engram.Collection)
retriever: BaseRetriever = langchain.EngramRetriever(store=store, k=3, filter={"n": 1})
assert_type(retriever.invoke("a"), list[Document])


async def ask() -> None:
    """Use the asynchronous side."""
    assert_type(await store.asimilarity_search("a", filter={"n": {"$gt": 1}}), list[Document])
    assert_type(await index.aquery(VectorStoreQuery()), VectorStoreQueryResult)
    assert_type(await documents.write_documents_async([]), int)
    assert_type(await documents.filter_documents_async(None), list[HaystackDocument])


# LlamaIndex
index = llamaindex.EngramVectorStore(":memory:", "nodes", missing="ignore", language="de")
base: BasePydanticVectorStore = index
assert_type(index.add([TextNode(text="a", embedding=[0.1])]), list[str])
assert_type(index.query(VectorStoreQuery(query_str="a"), hop=0.1), VectorStoreQueryResult)
assert_type(index.get_nodes(["1"]), list[BaseNode])
assert_type(index.client, engram.Database)

# Haystack
documents = haystack.EngramDocumentStore(":memory:", metric="cosine")
protocol: DocumentStore = documents
filters: dict[str, Any] = {"field": "meta.n", "operator": ">", "value": 1}
assert_type(documents.filter_documents(filters), list[HaystackDocument])
assert_type(documents.delete_by_filter(filters), int)
hybrid = haystack.EngramHybridRetriever(documents, top_k=3, weights={"lexical": 0.3})
assert_type(hybrid.run("a", [0.1]), dict[str, list[HaystackDocument]])
