"""Documents into the file: records made of what was read, and their commits.

Owns: `Ready`, `make_ready`, and `Writer`, which writes a batch of documents in one commit: all
records of each document with all that it replaces, or nothing. Invariant: texts are embedded before
the write lock is taken; whether a document is there already is decided under it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import uuid4

from engram.embed.calling import embed_documents
from engram.embed.identity import Identity
from engram.errors import InvalidInput
from engram.filtering import list_text, quoted
from engram.ingest import Batch
from engram.memory.layout import (
    DOC_ID,
    DOCUMENT_KEYS,
    IMAGES_NOTE,
    RESERVED,
    TABLES_NOTE,
    document_id,
    passage_id,
)
from engram.memory.moments import now
from engram.memory.near import alike, checked_threshold
from engram.memory.originals import pieces_of, put_pieces
from engram.memory.outcomes import Put
from engram.planning import TEXT_SPACE
from engram.rag.indexing import _in_context
from engram.sessions.scrubbing import scrub

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from engram.memory.base import Base
    from engram.memory.inputs import Item
    from engram.memory.outcomes import Status
    from engram.memory.reading import Read
    from engram.types import Embedder

__all__ = ["Ready", "Writer", "forget", "make_ready", "put_of"]


@dataclass(slots=True, kw_only=True)
class Ready:
    """A document as records.

    Attributes:
        id: Its id.
        hash: SHA-256 of its bytes.
        document: The record of the document.
        passages: The records of its passages.
        raw: Its bytes, where they are kept apart from its text.
        vector: The vector that was given for it, and who made it.
        must_embed: Whether a document without any vector is an error.
        keep: Whether it is put beside a document of the same bytes.
    """

    id: str
    hash: str
    document: dict[str, Any]
    passages: list[dict[str, Any]]
    raw: bytes | None
    vector: tuple[Any, Identity | None] | None
    must_embed: bool
    keep: bool

    @property
    def about(self) -> dict[str, Any]:
        """What the document's record says under the reserved key."""
        about: dict[str, Any] = self.document["metadata"][RESERVED]
        return about

    @property
    def chars(self) -> int:
        """How much there is to write, about."""
        return 2 * len(self.document["text"]) + len(self.raw or b"")


def make_ready(
    item: Item, read: Read, *, digest: str, must_embed: bool = False, keep: bool = False
) -> Ready:
    """Make the records of a document.

    Args:
        item: What was said about it.
        read: What it holds.
        digest: `Item.digest`, which tells whether the same was said before.
        must_embed: Whether it is an error when no passage gets a vector.
        keep: Whether it is put even where another document has the same bytes.
    """
    said = item.known()
    title = said.get("title", read.title)
    copy = uuid4().hex if keep and item.uri is None else ""
    identity = document_id(uri=item.uri, content=read.hash, copy=copy)
    about: dict[str, Any] = {
        "kind": read.kind,
        "timestamp": read.when or now(),
        **said,
        "id": identity,
        "hash": read.hash,
    }
    if title is not None:
        about["title"] = title
    shared = {key: about[key] for key in DOCUMENT_KEYS if key in about}
    own = dict(item.metadata or {})
    passages = [
        {
            "id": passage_id(identity, position),
            "text": text,
            "metadata": {**own, RESERVED: {**shared, **place, "position": position}},
        }
        for position, (text, place) in enumerate(_passages(item, read, title))
    ]
    about |= {
        "media": read.kind,
        "size": read.size,
        "digest": digest,
        "passages": len(passages),
        "found": read.found,
        "pieces": pieces_of(read.raw),
        "file": isinstance(item.file, (str, os.PathLike)),
    }
    vector = None
    if item.embedding is not None:
        given = item.embedding_identity
        vector = (item.embedding, given if isinstance(given, Identity) else None)
    return Ready(
        id=identity,
        hash=read.hash,
        document={"id": identity, "text": read.text, "metadata": {**own, RESERVED: about}},
        passages=passages,
        raw=read.raw,
        vector=vector,
        must_embed=must_embed,
        keep=keep,
    )


def _passages(item: Item, read: Read, title: str | None) -> list[tuple[str, dict[str, Any]]]:
    """Give the text that is searched for each passage, and where the passage is."""
    if item.search_text is not None:
        # What is searched is not in the document, so that the passage is all of it.
        whole = {"start": 0, "end": len(read.text), "context": len(item.search_text)}
        return [(item.search_text, whole)]
    passages = []
    for chunk, place in zip(read.chunks, read.places, strict=True):
        text = _in_context(chunk, title)
        where: dict[str, Any] = {
            "start": chunk.start,
            "end": chunk.end,
            "context": len(text) - len(chunk.text),
        }
        if chunk.path:
            where["path"] = list(chunk.path)
        passages.append((text, {**place, **where}))
    return passages


class Writer:
    """Writes batches of documents, and counts the seconds it takes."""

    def __init__(
        self, memory: Base, embedder: Embedder | None, *, near: float | None = None
    ) -> None:
        """Take where to write.

        Args:
            memory: The memory.
            embedder: What embeds passages without a vector; None for nothing.
            near: From which similarity on documents are nearly the same; None for not looking.
        """
        self._memory = memory
        self._embedder = embedder
        self._near = checked_threshold(near)
        self.seconds = {"embed": 0.0, "index": 0.0}

    def write(self, batch: Sequence[Ready]) -> list[Put]:
        """Write documents in one commit.

        No two may have one id; where it is looked for near duplicates, there may be only one.

        Raises:
            EngramError: As `Collection.put_many`; nothing is then written.
        """
        started = perf_counter()
        vectors = [self._vectors(ready) for ready in batch]
        embedded = self._embedded([r for r, own in zip(batch, vectors) if own is None])
        self.seconds["embed"] += perf_counter() - started
        started = perf_counter()
        near: dict[str, tuple[tuple[str, float], ...]] = {}
        if self._near is not None:
            near = {ready.id: alike(self._memory, ready, self._near) for ready in batch}
        joined = self._memory.db._active()
        if joined is not None:
            done = self._commit(batch, embedded, near)
        else:
            with self._memory.db.transaction():
                done = self._commit(batch, embedded, near)
        self.seconds["index"] += perf_counter() - started
        return done

    def _vectors(self, ready: Ready) -> tuple[Any, Identity | None] | None:
        """Give the vector that came with a document, checked for its one passage."""
        if ready.vector is not None and len(ready.passages) != 1:
            raise InvalidInput("input.invalid", "embedding= for a document without text")
        return ready.vector

    def _embedded(self, batch: Sequence[Ready]) -> dict[str, Any]:
        """Embed the passages of documents that came without vectors: vectors by passage id."""
        if self._embedder is None:
            return {}
        ids: list[str] = [one["id"] for ready in batch for one in ready.passages]
        texts: list[str] = [one["text"] for ready in batch for one in ready.passages]
        rows, matrix = embed_documents(self._embedder, texts) if texts else ((), b"")
        if isinstance(matrix, bytes):
            width = len(matrix) // max(len(rows), 1)
            view = memoryview(matrix)
            vectors = [bytes(view[n * width : (n + 1) * width]) for n in range(len(rows))]
        else:
            vectors = list(matrix)
        found = {ids[row]: vector for row, vector in zip(rows, vectors, strict=True)}
        for ready in batch:
            if ready.must_embed and not any(one["id"] in found for one in ready.passages):
                raise InvalidInput(
                    "input.zero_vector",
                    f"enable_embedding=True, and {self._embedder.identity.name} knows no word"
                    f" of {ready.about.get('uri') or ready.id}",
                    "leave enable_embedding out to store it for search by words",
                    {"id": ready.id},
                )
        return found

    def _commit(
        self,
        batch: Sequence[Ready],
        embedded: dict[str, Any],
        near: Mapping[str, tuple[tuple[str, float], ...]],
    ) -> list[Put]:
        """Decide what is new, under the lock, and write it."""
        memory = self._memory
        there = self._there([ready.id for ready in batch])
        same = self._same_bytes([ready for ready in batch if not ready.keep])
        done, fresh = [], []
        for ready in batch:
            old = there.get(ready.id)
            twin = same.get(ready.hash)
            if old is not None and old["digest"] == ready.about["digest"]:
                if old["hash"] == ready.hash:
                    done.append(put_of(old, "unchanged"))
                    continue
            elif old is None and twin is not None and not ready.keep:
                done.append(put_of(twin, "duplicate"))
                continue
            like = near.get(ready.id, ())
            if old is None and like and not ready.keep:
                done += [
                    put_of(one, "duplicate", like) for one in self._there([like[0][0]]).values()
                ]
                continue
            done.append(put_of(ready.about, "added" if old is None else "replaced", like))
            fresh.append(ready)
            if old is not None:
                forget(memory, ready.id, old)
        if fresh:
            memory._documents.put_many([ready.document for ready in fresh])
            self._put_passages(fresh, embedded)
            put_pieces(memory, {one.id: one.raw for one in fresh if one.raw is not None})
        return done

    def _there(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        """Give what the documents that are there already say, by id."""
        return {
            record.id: record.metadata[RESERVED]
            for record in self._memory._documents.get_many(ids)
            if record is not None
        }

    def _same_bytes(self, batch: Sequence[Ready]) -> dict[str, dict[str, Any]]:
        """Give the documents that have the bytes of others that are to be put, by hash."""
        hashes = sorted({ready.hash for ready in batch})
        if not hashes:
            return {}
        where = f"{RESERVED}.hash IN {list_text(hashes, 'hashes')}"
        found = self._memory._documents.iterate(where, missing="ignore")
        return {one["hash"]: one for one in (record.metadata[RESERVED] for record in found)}

    def _put_passages(self, fresh: Sequence[Ready], embedded: dict[str, Any]) -> None:
        """Write the passages of documents with their vectors."""
        passages = [passage for ready in fresh for passage in ready.passages]
        if not passages:
            return
        ids: list[str] = [passage["id"] for passage in passages]
        batch = Batch(0, ids)
        batch.texts = [passage["text"] for passage in passages]
        batch.metadata = [passage["metadata"] for passage in passages]
        batch.own_vectors = None
        given = {r.passages[0]["id"]: r.vector for r in fresh if r.vector is not None}
        by_identity: dict[str | None, tuple[list[int], list[Any]]] = {}
        own = None if self._embedder is None else self._embedder.identity.to_json()
        for row, one in enumerate(ids):
            if one in given:
                vector, identity = given[one]
                name = None if identity is None else identity.to_json()
            elif one in embedded:
                vector, name = embedded[one], own
            else:
                continue
            rows, vectors = by_identity.setdefault(name, ([], []))
            rows.append(row)
            vectors.append(vector)
        batch.vectors = [
            (TEXT_SPACE, name, rows, vectors) for name, (rows, vectors) in by_identity.items()
        ]
        self._memory._passages._store(batch)


def put_of(
    about: Mapping[str, Any], status: Status, near: tuple[tuple[str, float], ...] = ()
) -> Put:
    """Say what became of a document, by what its record says."""
    return Put(
        id=about["id"],
        uri=about.get("uri"),
        title=about.get("title"),
        status=status,
        passages=about["passages"],
        near=near,
    )


def forget(memory: Base, document: str, about: dict[str, Any]) -> None:
    """Delete everything that is derived from a document, within the open transaction."""
    memory._passages.delete(*(passage_id(document, n) for n in range(about["passages"])))
    if TABLES_NOTE in about or IMAGES_NOTE in about:
        memory._passages.delete_where(f"{DOC_ID} = {quoted(document)}", missing="ignore")
    there = set(memory.db._view().collections())
    for name in memory.layout.derived:
        if name != memory.layout.passages and name in there:
            memory.db.collection(name, embedder=None).delete_where(
                f"{DOC_ID} = {quoted(document)}", missing="ignore"
            )
    scrub(memory.db, memory.layout.sessions, [document])
