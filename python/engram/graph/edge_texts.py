"""Texts and embeddings of edges, by which edges are found.

Owns: `EdgeTexts`, mixed into `Graph`, and `forget_edges`, `forget_edges_of` for those who write a
graph without it. They are records of the collection ``<graph>.edges``, one for each edge that has
any. Invariant: an edge or node that is deleted, by a user or a weaver, takes them along in the same
commit.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from engram.checks import proper_str
from engram.edge_reading import edge_key
from engram.errors import InvalidInput, NotFound
from engram.filtering import list_text
from engram.graph.base import Base
from engram.graph.changes import Nodes
from engram.graph.names import texts_of
from engram.ingest import BATCH_RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from engram import _native
    from engram.edges import Edge
    from engram.graph.changes import Change
    from engram.ingest import Batch
    from engram.transaction import Transaction
    from engram.types import Mode, Vector

__all__ = ["EdgeMatch", "EdgeTexts", "forget_edges", "forget_edges_of", "no_edge"]

_KEYS = ("source", "type", "target")
_IDS_PER_FILTER = 1000


class EdgeMatch(NamedTuple):
    """An edge that was found: the ``edge``, its ``text``, and its ``score``."""

    edge: Edge
    text: str | None
    score: float


class EdgeTexts(Base):
    """Texts and embeddings of edges."""

    def describe_edge(
        self,
        source: str,
        type: str,
        target: str,
        *,
        text: str | None = None,
        vector: Vector | None = None,
    ) -> None:
        """Give an edge a text, an embedding, or both, by which `find_edges` finds it.

        They stay when the edge is put again, and go with it. What it had before is replaced; with
        neither it has none any more.

        Args:
            source: Id of the node where it starts.
            type: Its type.
            target: Id of the node where it ends.
            text: What it says, such as "Alice founded Acme in 1999". The graph's embedder embeds
                it, unless there is a vector.
            vector: Its embedding, in the space ``"vector"``.

        Raises:
            NotFound: ``edge.not_found``.
            InvalidInput, Busy, Io: As `Collection.put`.
        """
        row = {"source": source, "type": type, "target": target, "text": text, "vector": vector}
        self.describe_edges([row])

    def describe_edges(
        self, edges: Iterable[Mapping[str, Any]], *, batch_size: int = BATCH_RECORDS
    ) -> int:
        """Give many edges texts and embeddings, one commit per batch.

        Args:
            edges: Dicts with the keys ``source``, ``type``, ``target``, ``text`` and ``vector``,
                as in `describe_edge`.
            batch_size: Most edges per commit.

        Returns:
            How many were given.

        Raises:
            NotFound: ``edge.not_found``; what is before it in other batches is in the file.
            InvalidInput, Busy, Io: As `Collection.put_many`.
        """

        def before(_: Transaction, batch: Batch | None) -> None:
            for row in (batch.metadata or ()) if batch is not None else ():
                key = tuple((row or {})[name] for name in _KEYS)
                if self.collection.edge(*key) is None:
                    raise no_edge(*key)

        def after(_: Transaction, batch: Batch | None) -> Sequence[Change]:
            texts = (batch.texts if batch is not None else None) or ()
            own = set[int]() if batch is None or batch.own_vectors is None else batch.own_vectors
            ids = batch.ids if batch is not None else ()
            bare = [
                id_ for row, id_ in enumerate(ids) if row not in own and not (texts and texts[row])
            ]
            if bare:
                self.edge_texts.delete(*bare)
            return ()

        writer = Nodes(self, self._embedder, before, after, name=self.edge_texts.name)  # type: ignore[arg-type]
        return writer.put_many(map(_row, edges), batch_size=batch_size)

    def get_edge_text(self, source: str, type: str, target: str) -> str | None:
        """Give the text of an edge, or None where it has none."""
        record = self.edge_texts.get(_id(*edge_key(source, type, target)))
        return None if record is None else record.text

    def get_edge_embedding(
        self, source: str, type: str, target: str, space: str | None = None
    ) -> Any:
        """Give the embedding of an edge as a float32 array, or None where it has none.

        Args:
            source: Id of the node where it starts.
            type: Its type.
            target: Id of the node where it ends.
            space: ``"vector"`` for one of its own, ``"text"`` for that of its text; whichever it
                has unless given, its own first.
        """
        record = self.edge_texts.get(_id(*edge_key(source, type, target)), vectors=True)
        vectors = {} if record is None else record.vectors or {}
        spaces = ("vector", "text") if space is None else (proper_str(space, "a space"),)
        return next((vectors[name] for name in spaces if name in vectors), None)

    def find_edges(
        self,
        text: str | None = None,
        *,
        vector: Vector | None = None,
        types: str | Iterable[str] | None = None,
        k: int = 10,
        mode: Mode = "auto",
    ) -> list[EdgeMatch]:
        """Find edges by what their texts and embeddings say, best first.

        Args:
            text: What to look for, in words.
            vector: What to look for, as a vector of the space ``"vector"``.
            types: Only edges of this type or these types.
            k: Most edges.
            mode: As in `Collection.query`.

        Raises:
            InvalidInput: As `Collection.query`.
        """
        where = None
        if types is not None:
            named = [types] if isinstance(types, str) else list(types)
            where = f"type IN {list_text(named, 'types')}"
        hits = self.edge_texts.query(
            text, vector=vector, where=where, k=k, mode=mode, missing="ignore"
        )
        found = []
        for hit in hits:
            edge = self.collection.edge(*(hit.metadata[name] for name in _KEYS))
            # Whoever deletes by the collection itself leaves the text behind.
            if edge is not None:
                found.append(EdgeMatch(edge, hit.text, hit.score))
        return found


def forget_edges(
    native: _native.Transaction, graph: str, keys: Iterable[tuple[str, str, str]]
) -> None:
    """Delete what is said of edges of the graph of that name, within a transaction."""
    texts = texts_of(graph)
    if texts in native.view().collections():
        native.delete(texts, [_id(*key) for key in keys])


def forget_edges_of(native: _native.Transaction, graph: str, ids: Sequence[str]) -> None:
    """Delete what is said of the edges of some nodes, within a transaction."""
    texts = texts_of(graph)
    if not ids or texts not in native.view().collections():
        return
    for first in range(0, len(ids), _IDS_PER_FILTER):
        part = list_text(ids[first : first + _IDS_PER_FILTER], "ids")
        native.delete_where(texts, f"source IN {part} OR target IN {part}", True)


def _row(edge: Mapping[str, Any]) -> dict[str, Any]:
    """Give the text and the embedding of an edge as a record."""
    known = {*_KEYS, "text", "vector"}
    unknown = sorted(str(key) for key in edge if key not in known)
    if unknown or not set(_KEYS) <= set(edge):
        what = f"unknown keys: {', '.join(unknown)}" if unknown else "a key is missing"
        raise InvalidInput(
            "input.invalid",
            f"{what} in {dict(edge)!r:.80}",
            "the keys are source, type, target, text, vector",
        )
    key = edge_key(edge["source"], edge["type"], edge["target"])
    row = {name: edge.get(name) for name in ("text", "vector")}
    return row | {"id": _id(*key), "metadata": dict(zip(_KEYS, key, strict=True))}


def _id(source: str, type: str, target: str) -> str:
    """Give the id of the record of an edge."""
    key = json.dumps([source, type, target]).encode()
    return blake2b(key, digest_size=16).hexdigest()


def no_edge(source: str, type: str, target: str) -> NotFound:
    """Make the error of an edge that is not there."""
    return NotFound(
        "edge.not_found",
        f"no edge {source!r} -{type}-> {target!r}",
        "put_edge makes one",
        {"source": source, "type": type, "target": target},
    )
