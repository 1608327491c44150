"""The Haystack document store.

Owns: `EngramDocumentStore`: writing under each `DuplicatePolicy` in one commit, filtering, and the
three searches that the retrievers call. Opposite sides: `engram.integrations.haystack.mapping` and
`engram.integrations.haystack.filters`. The asynchronous methods do the same in a thread.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from haystack import default_from_dict, default_to_dict
from haystack.dataclasses import Document, SparseEmbedding
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack.errors import FilterError

from engram.integrations.haystack import values
from engram.integrations.haystack.filters import filter_errors, filter_of
from engram.integrations.haystack.mapping import SPARSE_SPACE, document, meta_of, record, scale
from engram.integrations.holding import Holder, in_thread, top_k
from engram.planning import VECTOR_SPACE

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from typing_extensions import Self

    from engram.collection import Collection
    from engram.database import Database
    from engram.integrations.holding import Source
    from engram.types import Metric, Missing

__all__ = ["EngramDocumentStore"]

_Filters = dict[str, Any]


class EngramDocumentStore:
    """A Haystack document store in an engram file.

    Args:
        path: A file, or ``":memory:"``, or an open `engram.Database` that stays yours to close.
        collection: The collection.
        metric: ``"cosine"``, ``"dot"`` or ``"l2"``; left out: as stored, or cosine.
        language: What texts are stemmed for, such as ``"en"``; left out: as stored, or English.
        missing: What a filter on a field that no document has is: ``"error"`` (a `FilterError`), or
            with ``"ignore"`` a field that is None everywhere.

    Example:
        >>> store = EngramDocumentStore("notes.engram")
        >>> store.write_documents([Document(content="Alice met Bob.", meta={"year": 2024})])
        >>> store.filter_documents({"field": "meta.year", "operator": ">", "value": 2020})
    """

    def __init__(
        self,
        path: Source = ":memory:",
        collection: str = "haystack",
        *,
        metric: Metric | None = None,
        language: str | None = None,
        missing: Missing = "error",
    ) -> None:
        """Keep the arguments; the file is opened at the first use."""
        self._holder = Holder(path, collection, metric=metric, language=language)
        self._settings = {"metric": metric, "language": language, "missing": missing}
        self._missing = missing

    def to_dict(self) -> dict[str, Any]:
        """Give the arguments, for pipelines that are saved."""
        where = {"path": self._holder.path, "collection": self._holder.name}
        return default_to_dict(self, **where, **self._settings)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Make a store of what `to_dict` gave."""
        return default_from_dict(cls, data)

    @property
    def database(self) -> Database:
        """The database that holds the documents."""
        return self._holder.database

    @property
    def collection(self) -> Collection:
        """The collection that holds the documents, to read it without Haystack."""
        return self._holder.collection(None)

    def close(self) -> None:
        """Close the file, unless the database was handed in open."""
        self._holder.close()

    # --- writing ---

    def write_documents(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """Write documents, all in one commit.

        Args:
            documents: The documents. Their scores are not kept.
            policy: What to do where an id is there already, in the store or earlier in the list:
                FAIL (also for NONE), SKIP or OVERWRITE.

        Returns:
            How many were written; all of them for OVERWRITE.

        Raises:
            DuplicateDocumentError: For FAIL, and nothing is written.
            ValueError: Where `documents` is no list of documents.
            EngramError: As `engram.Collection.put_many`.
        """
        if isinstance(documents, str) or any(not isinstance(one, Document) for one in documents):
            raise ValueError("Please provide a list of Documents.")
        with self._atomic():
            if policy is DuplicatePolicy.OVERWRITE:
                return self.collection.put_many(map(record, documents))
            known = {one.id for one in documents if one.id in self.collection}
            chosen = []
            for one in documents:
                if one.id not in known:
                    chosen.append(record(one))
                    known.add(one.id)
                elif policy is not DuplicatePolicy.SKIP:
                    raise DuplicateDocumentError(f"ID '{one.id}' already exists.")
            return self.collection.put_many(chosen)

    def delete_documents(self, document_ids: list[str]) -> None:
        """Delete documents by id; ids that are not there are no error."""
        self.collection.delete(*document_ids)

    def delete_all_documents(self, *, recreate_collection: bool = False) -> None:
        """Delete every document.

        Args:
            recreate_collection: Whether the collection goes too. The next document makes it again,
                with the settings of this store; else it keeps those that it has.
        """
        if recreate_collection:
            self.database.delete_collection(self._holder.name)
        else:
            self._holder.clear()

    def delete_by_filter(self, filters: _Filters) -> int:
        """Delete the documents that match a filter; say how many did."""
        where = _something(filters)
        with filter_errors():
            return self.collection.delete_where(where, missing=self._missing)

    def update_by_filter(self, filters: _Filters, meta: dict[str, Any]) -> int:
        """Set fields of the metadata of the documents that match, in one commit; say how many."""
        where = _something(filters)
        with filter_errors(), self._atomic():
            found = [one.id for one in self.collection.iterate(where, missing=self._missing)]
            for id_ in found:
                self.collection.update(id_, metadata=meta)
        return len(found)

    def _atomic(self) -> AbstractContextManager[object]:
        """Give a transaction, or nothing where one is open."""
        active = self.database._active() is not None
        return nullcontext() if active else self.database.transaction()

    # --- reading ---

    def count_documents(self) -> int:
        """Count the documents."""
        return self.collection.count()

    def count_documents_by_filter(self, filters: _Filters) -> int:
        """Count the documents that match a filter."""
        with filter_errors():
            return self.collection.count(filter_of(filters), missing=self._missing)

    def filter_documents(self, filters: _Filters | None = None) -> list[Document]:
        """Give the documents that match, with their embeddings, in no promised order.

        Raises:
            FilterError: Where the filter is malformed, or names a field that no document has.
        """
        where = filter_of(filters)
        with filter_errors():
            found = self.collection.iterate(where, vectors=True, missing=self._missing)
        return [document(one) for one in found]

    def embedding_retrieval(
        self,
        query_embedding: list[float],
        *,
        filters: _Filters | None = None,
        top_k: int = 10,
        scale_score: bool = False,
        return_embedding: bool = False,
        **options: Any,
    ) -> list[Document]:
        """Find the documents whose embeddings are nearest.

        Args:
            query_embedding: The embedding to compare with.
            filters: Only documents that match.
            top_k: Most documents.
            scale_score: Whether scores are brought to 0 to 1 (as Haystack does for cosine and dot
                product); else they are those of the metric, higher is better.
            return_embedding: Whether documents come with their embeddings.
            **options: Arguments of `engram.Query`.
        """
        asked = {"vector": query_embedding, "vector_name": VECTOR_SPACE, "mode": "semantic"}
        scaled = (self.collection.metric or "cosine") if scale_score else None
        return self._search({**asked, **options}, filters, top_k, scaled, return_embedding)

    def bm25_retrieval(
        self,
        query: str,
        *,
        filters: _Filters | None = None,
        top_k: int = 10,
        scale_score: bool = False,
        return_embedding: bool = False,
        **options: Any,
    ) -> list[Document]:
        """Find the documents that hold the words of a query, by BM25.

        The query may use engram's query language: phrases, prefixes, ``+must``, ``-not``. The other
        arguments are those of `embedding_retrieval`.
        """
        asked = {"text": query, "mode": "lexical", **options}
        scaled = "bm25" if scale_score else None
        return self._search(asked, filters, top_k, scaled, return_embedding)

    def hybrid_retrieval(  # noqa: PLR0913 - all sides of one search
        self,
        query: str,
        query_embedding: list[float],
        *,
        query_sparse_embedding: SparseEmbedding | None = None,
        filters: _Filters | None = None,
        top_k: int = 10,
        weights: dict[str, float] | None = None,
        return_embedding: bool = False,
        **options: Any,
    ) -> list[Document]:
        """Find documents by words and embeddings together.

        Args:
            query: The words.
            query_embedding: The embedding.
            query_sparse_embedding: A sparse embedding, for stores whose documents have them.
            filters: Only documents that match.
            top_k: Most documents.
            weights: The shares of ``"lexical"``, ``"semantic"`` and ``"sparse"``.
            return_embedding: Whether documents come with their embeddings.
            **options: Arguments of `engram.Query`, such as ``fusion="rrf"``.

        Returns:
            Documents with scores from 0 to 1 (unless ``fusion="rrf"``).
        """
        asked: dict[str, Any] = {
            "text": query,
            "vector": query_embedding,
            "vector_name": VECTOR_SPACE,
            "mode": "hybrid",
            "weights": weights,
        }
        if query_sparse_embedding is not None:
            pairs = zip(query_sparse_embedding.indices, query_sparse_embedding.values, strict=True)
            asked["vectors"] = {SPARSE_SPACE: dict(pairs)}
        return self._search({**asked, **options}, filters, top_k, None, return_embedding)

    def _search(
        self,
        asked: dict[str, Any],
        filters: _Filters | None,
        most: int,
        scaled: str | None,
        embeddings: bool,  # noqa: FBT001 - private
    ) -> list[Document]:
        where = filter_of(filters)
        if top_k(most, "top_k") == 0:
            return []
        include = ("text", "metadata", "vectors") if embeddings else ("text", "metadata")
        asked = {"missing": self._missing, "include": include, **asked}
        with filter_errors():
            hits = self.collection.query(where=where, k=most, **asked)
        adjust = scale(scaled) if scaled is not None else float
        return [document(hit, adjust(hit.score)) for hit in hits]

    # --- questions about the metadata ---

    def _metas(self, filters: _Filters | None = None) -> list[dict[str, Any]]:
        where = filter_of(filters)
        with filter_errors():
            return [meta_of(one) for one in self.collection.iterate(where, missing=self._missing)]

    def get_metadata_fields_info(self) -> dict[str, dict[str, str]]:
        """Give the fields of the metadata, each with the type of its values."""
        return values.kinds(self._metas())

    def get_metadata_field_min_max(self, metadata_field: str) -> dict[str, Any]:
        """Give the least and the greatest value of a field, under ``min`` and ``max``."""
        return values.extremes(self._metas(), metadata_field)

    def get_metadata_field_unique_values(
        self,
        metadata_field: str,
        search_term: str | None = None,
        from_: int = 0,
        size: int = 10,
        filters: _Filters | None = None,
    ) -> tuple[list[Any], int]:
        """Give the distinct values of a field, a page of them, and how many there are.

        Args:
            metadata_field: The field, with or without ``meta.`` before it.
            search_term: Only values that hold this text, in either case.
            from_: Where the page starts.
            size: Most values of the page.
            filters: Only values of documents that match.
        """
        found = values.distinct(self._metas(filters), metadata_field)
        term = (search_term or "").lower()
        chosen = [value for value in found if term in str(value).lower()]
        return chosen[from_ : from_ + size], len(chosen)

    def count_unique_metadata_by_filter(
        self, filters: _Filters, metadata_fields: list[str]
    ) -> dict[str, int]:
        """Count the distinct values of fields among the documents that match."""
        metas = self._metas(filters)
        names = [field.removeprefix("meta.") for field in metadata_fields]
        return {name: len(values.distinct(metas, name)) for name in names}

    # --- the same in a thread ---

    count_documents_async = in_thread(count_documents)
    filter_documents_async = in_thread(filter_documents)
    write_documents_async = in_thread(write_documents)
    delete_documents_async = in_thread(delete_documents)
    delete_all_documents_async = in_thread(delete_all_documents)
    delete_by_filter_async = in_thread(delete_by_filter)
    update_by_filter_async = in_thread(update_by_filter)
    count_documents_by_filter_async = in_thread(count_documents_by_filter)
    embedding_retrieval_async = in_thread(embedding_retrieval)
    bm25_retrieval_async = in_thread(bm25_retrieval)
    hybrid_retrieval_async = in_thread(hybrid_retrieval)
    get_metadata_fields_info_async = in_thread(get_metadata_fields_info)
    get_metadata_field_min_max_async = in_thread(get_metadata_field_min_max)
    get_metadata_field_unique_values_async = in_thread(get_metadata_field_unique_values)
    count_unique_metadata_by_filter_async = in_thread(count_unique_metadata_by_filter)


def _something(filters: _Filters) -> str:
    where = filter_of(filters)
    if where is None:
        raise FilterError("The filter is empty. delete_all_documents() deletes every document")
    return where
