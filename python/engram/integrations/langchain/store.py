"""The LangChain vector store.

Owns: `EngramVectorStore`. Every search goes through `_by_text` or `_by_vector`; the asynchronous
ones await LangChain's embeddings and hand the rest to a thread. Opposite side:
`engram.integrations.langchain.mapping`, from documents to records and back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.runnables.config import run_in_executor
from langchain_core.vectorstores import VectorStore

from engram.errors import InvalidInput
from engram.integrations.holding import Holder, Ready, top_k
from engram.integrations.langchain.mapping import (
    checked_mode,
    document,
    documents,
    marginal,
    name_of,
    records,
    relevance,
    scored,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings
    from typing_extensions import Self

    from engram.collection import Collection
    from engram.database import Database
    from engram.integrations.holding import Source
    from engram.results import Hit, Results
    from engram.types import Metric, Mode, Where

    Vectors = dict[str, list[float]]

__all__ = ["EngramVectorStore"]

_SPACE = "text"


class EngramVectorStore(VectorStore):
    """A LangChain vector store in an engram file.

    Every search takes, beside LangChain's own arguments, what `engram.Query` takes: ``mode``,
    ``near``, ``as_of``, ``group_by``, ``min_score``, ``missing`` and so on. `filter` is an engram
    filter: a dict in MongoDB's style, text, or an expression.

    Args:
        path: A file, or ``":memory:"``, or an open `engram.Database` that stays yours to close.
        embedding: LangChain embeddings. Left out, the database's embedder makes the vectors: the
            built-in one, which works offline, unless it was opened with another.
        collection: The collection.
        mode: What searches by text look at: ``"semantic"`` (vectors, as other stores do),
            ``"hybrid"`` (vectors and words), ``"lexical"`` (words), ``"auto"``.
        metric: ``"cosine"``, ``"dot"`` or ``"l2"``; left out: as stored, or cosine.
        language: What texts are stemmed for, such as ``"en"``; left out: as stored, or English.
        embedding_name: The name under which the file keeps who made the vectors. Unless given: the
            class of `embedding` and its model.

    Example:
        >>> store = EngramVectorStore("notes.engram", OpenAIEmbeddings(), mode="hybrid")
        >>> store.add_texts(["Alice met Bob in Paris."], [{"year": 2024}])
        >>> store.similarity_search("who was in France?", filter={"year": {"$gte": 2020}})

    Raises:
        InvalidInput: ``input.invalid`` for an unknown mode; ``embedder.mismatch``, at the first
            use, where the collection holds vectors of other embeddings.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own
        self,
        path: Source = ":memory:",
        embedding: Embeddings | None = None,
        *,
        collection: str = "langchain",
        mode: Mode = "semantic",
        metric: Metric | None = None,
        language: str | None = None,
        embedding_name: str | None = None,
    ) -> None:
        """Keep the arguments; the file is opened at the first use."""
        self._holder = Holder(path, collection, metric=metric, language=language)
        self._embedding = embedding
        self._mode = checked_mode(mode)
        self._name = "" if embedding is None else embedding_name or name_of(embedding)

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings | None = None,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Make a store and add texts; other arguments are those of the class."""
        store = cls(kwargs.pop("path", ":memory:"), embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @classmethod
    async def afrom_texts(
        cls,
        texts: list[str],
        embedding: Embeddings | None = None,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Make a store and add texts; other arguments are those of the class."""
        store = cls(kwargs.pop("path", ":memory:"), embedding, **kwargs)
        await store.aadd_texts(texts, metadatas, ids=ids)
        return store

    @property
    def embeddings(self) -> Embeddings | None:
        """LangChain's embeddings; None where the database embeds."""
        return self._embedding

    @property
    def database(self) -> Database:
        """The database that holds the documents."""
        return self._holder.database

    @property
    def collection(self) -> Collection:
        """The collection that holds the documents, to read it without LangChain."""
        return self._holder.collection("default" if self._embedding is None else None)

    def close(self) -> None:
        """Close the file, unless the database was handed in open."""
        self._holder.close()

    def __enter__(self) -> Self:
        """Use the store in a with statement that closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.close()

    # --- writing ---

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Add texts, or replace those of the same ids.

        Args:
            texts: The texts.
            metadatas: One JSON object per text.
            ids: One id per text; None, here or for one of them, makes up a random one.
            **kwargs: ``batch_size`` and ``progress``, as in `engram.Collection.put_many`.

        Returns:
            The ids, in the order of the texts.

        Raises:
            EngramError: As `engram.Collection.put_many`.
        """
        rows = records(list(texts), metadatas, ids)
        wanted = list(dict.fromkeys(row["text"] for row in rows))
        made = self._embedding.embed_documents(wanted) if self._embedding and wanted else []
        return self._put(rows, self._by_its_text(wanted, made), kwargs)

    async def aadd_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Add texts as `add_texts` does; the embeddings are awaited."""
        rows = records(list(texts), metadatas, ids)
        wanted = list(dict.fromkeys(row["text"] for row in rows))
        made = await self._embedding.aembed_documents(wanted) if self._embedding and wanted else []
        vectors = self._by_its_text(wanted, made)
        return await run_in_executor(None, self._put, rows, vectors, kwargs)

    def _by_its_text(self, texts: list[str], made: list[list[float]]) -> Vectors:
        """Pair texts with their vectors."""
        if self._embedding is not None and len(made) != len(texts):
            raise InvalidInput(
                "embedder.invalid",
                f"{self._name} returned {len(made)} vectors for {len(texts)} texts",
                "embed_documents has to return one vector per text",
            )
        return dict(zip(texts, made, strict=False))

    def _put(self, rows: list[dict[str, Any]], vectors: Vectors, options: Any) -> list[str]:
        self._with(vectors).put_many(rows, **options)
        return [row["id"] for row in rows]

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """Delete documents by id; without ids, all of them. Ids that are not there are no error."""
        if kwargs:
            raise InvalidInput("input.invalid", f"delete takes no {', '.join(kwargs)}", "pass ids=")
        if ids is None:
            self._holder.clear()
        else:
            self.collection.delete(*ids)
        return True

    # --- reading ---

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Give documents by id, in the order of the ids; those that are not there are left out."""
        found = self.collection.get_many(ids)
        return [document(record) for record in found if record is not None]

    def similarity_search(
        self, query: str, k: int = 4, filter: Where | None = None, **kwargs: Any
    ) -> list[Document]:
        """Give the documents that fit a text best.

        Args:
            query: What to look for.
            k: Most documents.
            filter: Only documents whose metadata matches: dict, text or expression.
            **kwargs: Arguments of `engram.Query`.

        Raises:
            EngramError: As `engram.Collection.query`.
        """
        return documents(self._by_text(query, self._embed(query, kwargs), k, filter, kwargs))

    async def asimilarity_search(
        self, query: str, k: int = 4, filter: Where | None = None, **kwargs: Any
    ) -> list[Document]:
        """Search as `similarity_search` does; the embeddings are awaited."""
        vectors = await self._aembed(query, kwargs)
        return documents(
            await run_in_executor(None, self._by_text, query, vectors, k, filter, kwargs)
        )

    def similarity_search_with_score(
        self, query: str, k: int = 4, filter: Where | None = None, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """Give the documents that fit a text best, with their scores: higher is better.

        The scale is that of `engram.Hit.score`: cosine, dot product or minus the distance in mode
        ``"semantic"``, BM25 in ``"lexical"``, 0 to 1 in ``"hybrid"``.
        """
        return scored(self._by_text(query, self._embed(query, kwargs), k, filter, kwargs))

    async def asimilarity_search_with_score(
        self, query: str, k: int = 4, filter: Where | None = None, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """Search as `similarity_search_with_score` does; the embeddings are awaited."""
        vectors = await self._aembed(query, kwargs)
        return scored(await run_in_executor(None, self._by_text, query, vectors, k, filter, kwargs))

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, filter: Where | None = None, **kwargs: Any
    ) -> list[Document]:
        """Give the documents whose vectors are nearest to one."""
        return documents(self._by_vector(embedding, k, filter, kwargs))

    def similarity_search_with_score_by_vector(
        self, embedding: list[float], k: int = 4, filter: Where | None = None, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """Give the documents whose vectors are nearest to one, with their scores."""
        return scored(self._by_vector(embedding, k, filter, kwargs))

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Where | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Give documents that fit a text and differ (Carbonell & Goldstein, 1998).

        Args:
            query: What to look for.
            k: Most documents.
            fetch_k: How many of the best to choose from.
            lambda_mult: 0 (as different as can be) to 1 (only the fit counts).
            filter: Only documents whose metadata matches.
            **kwargs: Arguments of `engram.Query`.
        """
        options = {**kwargs, **marginal(k, fetch_k, lambda_mult)}
        return self.similarity_search(query, k, filter, **options)

    async def amax_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Where | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Search as `max_marginal_relevance_search` does; the embeddings are awaited."""
        options = {**kwargs, **marginal(k, fetch_k, lambda_mult)}
        return await self.asimilarity_search(query, k, filter, **options)

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Where | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Give documents whose vectors are near to one and differ."""
        options = {**kwargs, **marginal(k, fetch_k, lambda_mult)}
        return documents(self._by_vector(embedding, k, filter, options))

    def _similarity_search_with_relevance_scores(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        scale = self._relevance(kwargs.get("mode", self._mode))
        hits = self.similarity_search_with_score(query, k, **kwargs)
        return [(found, scale(score)) for found, score in hits]

    async def _asimilarity_search_with_relevance_scores(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        scale = self._relevance(kwargs.get("mode", self._mode))
        hits = await self.asimilarity_search_with_score(query, k, **kwargs)
        return [(found, scale(score)) for found, score in hits]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return self._relevance(self._mode)

    def _relevance(self, mode: str) -> Callable[[float], float]:
        return relevance(mode, self.collection.metric or "cosine")

    # --- how ---

    def _with(self, vectors: Vectors) -> Collection:
        """Give the collection, with an embedder that knows these texts."""
        if self._embedding is None:
            return self._holder.collection("default")
        return self._holder.collection(Ready(self._name, vectors) if vectors else None)

    def _embeds(self, options: dict[str, Any]) -> bool:
        return self._embedding is not None and options.get("mode", self._mode) != "lexical"

    def _embed(self, text: str, options: dict[str, Any]) -> Vectors:
        if self._embedding is None or not self._embeds(options):
            return {}
        return {text: self._embedding.embed_query(text)}

    async def _aembed(self, text: str, options: dict[str, Any]) -> Vectors:
        if self._embedding is None or not self._embeds(options):
            return {}
        return {text: await self._embedding.aembed_query(text)}

    def _by_text(
        self,
        text: str,
        vectors: Vectors,
        k: int,
        where: Where | None,
        options: dict[str, Any],
    ) -> Sequence[Hit]:
        if top_k(k, "k") == 0:
            return ()
        given = {"mode": self._mode, **options}
        return self._with(vectors).query(text, k=k, where=where, **given)

    def _by_vector(
        self, vector: list[float], k: int, where: Where | None, options: dict[str, Any]
    ) -> Sequence[Hit]:
        if top_k(k, "k") == 0:
            return ()
        found: Results = self.collection.query(
            vector=vector, vector_name=_SPACE, k=k, where=where, **options
        )
        return found
