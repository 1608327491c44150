"""Small chunks are searched, the larger texts around them are given back.

Owns: `ParentDocuments` and `Parent`. Two collections of one file hold the two sizes: the small ones
with vectors, under the given name; the large ones without, under that name and ``.parents``.
Invariant: a document is put, replaced and deleted in both in one commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engram.errors import InvalidInput
from engram.filtering import quoted
from engram.rag.chunks import Chunk
from engram.rag.indexing import chunk_records
from engram.rag.splitters import RecursiveCharacterTextSplitter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from engram.database import Database
    from engram.rag.splitters import TextSplitter
    from engram.results import Hit

__all__ = ["Parent", "ParentDocuments"]

_CHILD_CHARS = 400


@dataclass(frozen=True, slots=True)
class Parent:
    """A text around what a search found. Frozen.

    Attributes:
        id: Its id, ``source#start-end``.
        text: Its text.
        score: The score of the best chunk in it.
        metadata: Its metadata: ``source``, ``start``, ``end``, and what was put with it.
        hit: The best chunk in it.
    """

    id: str
    text: str
    score: float
    metadata: Mapping[str, Any]
    hit: Hit


class ParentDocuments:
    """Documents in two sizes: chunks to be found by, and parents to be read.

    A small chunk is about one thing, and so is its vector; a model answers better from more.
    """

    def __init__(
        self,
        database: Database,
        name: str = "documents",
        *,
        children: TextSplitter | None = None,
        parents: TextSplitter | None = None,
    ) -> None:
        """Take where the documents go, and how they are split.

        Args:
            database: The database.
            name: The collection of the chunks; that of the parents is ``<name>.parents``.
            children: Makes the chunks of a parent; None for 400 characters, recursively.
            parents: Makes the parents of a document, without overlap; None for whole documents.
        """
        self._database = database
        self._children = database.collection(name)
        self._parents = database.collection(f"{name}.parents", embedder=None)
        self._child_splitter = children or RecursiveCharacterTextSplitter(_CHILD_CHARS)
        self._parent_splitter = parents

    def put(self, source: str, text: str, *, metadata: Mapping[str, Any] | None = None) -> int:
        """Put a document, in the place of what had its name before, in one commit.

        Args:
            source: The name of the document.
            text: Its text.
            metadata: More metadata, for parents and chunks.

        Returns:
            How many chunks it has.

        Raises:
            InvalidInput: ``input.invalid`` where `metadata` has a name that is filled in here.
        """
        if "parent" in (metadata or {}):
            raise InvalidInput("input.invalid", 'metadata names "parent", which is filled in')
        large = [Chunk(text, 0, len(text))]
        if self._parent_splitter is not None:
            large = self._parent_splitter.split(text)
        parents = chunk_records(large, source, contextual=False, metadata=metadata)
        children: list[dict[str, Any]] = []
        for parent in parents:
            start = parent["metadata"]["start"]
            found = [
                Chunk(one.text, one.start + start, one.end + start, one.path, one.opens, one.header)
                for one in self._child_splitter.split(parent["text"])
            ]
            about = {**(metadata or {}), "parent": parent["id"]}
            children += chunk_records(found, source, metadata=about)
        with self._database.transaction():
            self._forget(source)
            self._parents.put_many(parents)
            return self._children.put_many(children)

    def delete(self, source: str) -> int:
        """Delete a document, in one commit.

        Returns:
            How many chunks it had.
        """
        with self._database.transaction():
            return self._forget(source)

    def _forget(self, source: str) -> int:
        where = f"source = {quoted(source)}"
        self._parents.delete_where(where, missing="ignore")
        return self._children.delete_where(where, missing="ignore")

    def query(self, text: str, *, k: int = 5, **options: Any) -> list[Parent]:
        """Find chunks, and give the texts around them, each once.

        Args:
            text: What to look for.
            k: How many parents at most.
            **options: The other arguments of `Query` but ``group_by``: ``where``, ``mode``, ...

        Returns:
            The parents, by the score of their best chunk.

        Raises:
            InvalidInput: What `query` of the collection raises.
        """
        found = self._children.query(text, k=k, group_by="parent", **options)
        records = self._parents.get_many(hit.metadata["parent"] for hit in found)
        # One that was deleted between the two readings is in neither any more.
        return [
            Parent(record.id, record.text or "", hit.score, record.metadata, hit)
            for hit, record in zip(found, records, strict=True)
            if record is not None
        ]
