"""The work on one node: its vector, its entities, the edges to them.

Owns: `NodeWork`, the kind ``weave`` of tasks. A task does not say what changed: the work makes
what is derived from a node fit the node as it is, or as it is gone, whatever was derived before.
Invariants: models run without the write lock; what they made is stored only if the node's content
is still what they looked at, together with the removal of the task and the record of what was
done.
Opposite sides: `engram.weaver.queue`, `engram.weaver.workers`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engram import _native
from engram.errors import NotFound
from engram.filtering import quoted
from engram.graph.edge_texts import forget_edges, forget_edges_of
from engram.graph.names import CHAT, ENTITY, HAS_MESSAGE, LABEL, MENTIONS, RELATED_TO, SUMMARY
from engram.weaver.enricher import model_of
from engram.weaver.entities import Entities, search_terms
from engram.weaver.ledger import Done, as_done, done_of, forget, remember
from engram.weaver.place import hash_of, rows_of, scan_rows
from engram.weaver.relations import PAIRED, UNRELATED, Relations, pairs_of
from engram.weaver.upkeep import COMMUNITIES, OPTIMIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from engram.embed.identity import Identity
    from engram.transaction import Transaction
    from engram.weaver.enricher import Enricher
    from engram.weaver.keys import Task
    from engram.weaver.place import Place
    from engram.weaver.queue import Queue

__all__ = ["NodeWork"]

_TEXT_SPACE = "text"
_NAMES = 16
"""Most forms of a name that an edge to an entity tells."""


@dataclass(frozen=True, slots=True)
class Content:
    """A node as a claim found it; one that is gone has no mark."""

    id: str
    label: str
    text: str
    mark: str
    embed: bool
    extract: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What models made of a node."""

    vector: Any
    mentions: Sequence[Any]


class NodeWork:
    """Makes what is derived from nodes fit them."""

    kind = "weave"

    def __init__(
        self,
        place: Place,
        queue: Queue,
        enricher: Enricher,
        identity: Identity | None,
        *,
        embeds: bool = True,
    ) -> None:
        """Take the graph, its queue, and who enriches.

        Args:
            place: The graph.
            queue: Its queue.
            enricher: Who enriches.
            identity: Whose vectors it makes.
            embeds: Whether texts get vectors.
        """
        self._place = place
        self._queue = queue
        self._enricher = enricher
        self._identity = identity
        self._embeds = embeds

    @property
    def model(self) -> str:
        """Who enriches."""
        return model_of(self._enricher)

    def read(self, view: _native.View, tasks: Sequence[Task]) -> list[Content]:
        """Read the nodes of tasks, and what has to be done to each."""
        nodes = [task.node for task in tasks]
        rows = rows_of(view, self._place.nodes, nodes, vectors=True)
        known = done_of(view, self._place.woven, nodes)
        return [
            self._content(node, row, done)
            for node, row, done in zip(nodes, rows, known, strict=True)
        ]

    def _content(self, node: str, row: _native.Row | None, done: Done | None) -> Content:
        if row is None:
            return Content(node, "", "", "", embed=False, extract=False)
        label, text = str(row[2].get(LABEL, "")), row[1] or ""
        mark = hash_of(row)
        embed = self._embeds and bool(text) and _TEXT_SPACE not in (row[5] or {})
        content = Content(node, label, text, mark, embed=embed, extract=False)
        return replace(content, extract=True) if self._asks(content, done) else content

    def _asks(self, content: Content, done: Done | None) -> bool:
        """Say whether the entities of a node have to be looked for."""
        # An entity's text is its name, a summary's is of what was looked at already.
        if not content.text or content.label in {ENTITY, SUMMARY}:
            return False
        return done is None or (done.hash, done.model) != (content.mark, self.model)

    def work(
        self, contents: Sequence[Content], beat: Callable[[], None]
    ) -> list[Found | Exception]:
        """Ask the models: for vectors in one batch, for entities text by text.

        A text that a model fails on does not take the others along: where a batch fails, each of
        its texts is asked for by itself, and the error of each is its own.
        """
        wanted = [one for one in contents if one.embed]
        vectors: dict[str, Any] = {}
        try:
            vectors = self._embedded(wanted)
        except Exception as error:  # noqa: BLE001 - whatever a model raises is the task's
            for one in wanted:
                vectors[one.id] = error if len(wanted) == 1 else self._alone(one, beat)
        return [self._found(one, vectors.get(one.id), beat) for one in contents]

    def _embedded(self, contents: Sequence[Content]) -> dict[str, Any]:
        if not contents:
            return {}
        import numpy as np

        texts = [one.text for one in contents]
        matrix = np.asarray(self._enricher.embed(texts), dtype=np.float32)
        if matrix.shape != (len(texts), *matrix.shape[1:2]) or not np.isfinite(matrix).all():
            raise ValueError(
                f"embed() gave {matrix.shape} for {len(texts)} texts, or values that are not finite"
            )
        rows = zip(contents, matrix, strict=True)
        # A row of zeros says that nothing in the text is known: it has no vector.
        return {one.id: row for one, row in rows if row.any()}

    def _alone(self, content: Content, beat: Callable[[], None]) -> Any:
        beat()
        try:
            return self._embedded([content]).get(content.id)
        except Exception as error:  # noqa: BLE001 - as above
            return error

    def _found(self, content: Content, vector: Any, beat: Callable[[], None]) -> Found | Exception:
        beat()
        if isinstance(vector, Exception):
            return vector
        try:
            return Found(vector, self._enricher.entities(content.text) if content.extract else ())
        except Exception as error:  # noqa: BLE001 - as above
            return error

    def store(
        self,
        transaction: Transaction,
        tasks: Sequence[Task],
        contents: Sequence[Content],
        results: Sequence[Found],
    ) -> list[bool]:
        """Store results with the removal of their tasks; say for each whether it still was true.

        A task whose node has changed meanwhile stays in the queue.
        """
        native = transaction._open()
        view = native.view()
        nodes = [one.id for one in contents]
        rows = rows_of(view, self._place.nodes, nodes)
        known = done_of(view, self._place.woven, nodes)
        same = [
            hash_of(row) == one.mark and (one.extract or not self._asks(one, done))
            for one, row, done in zip(contents, rows, known, strict=True)
        ]
        true = [n for n, still in enumerate(same) if still]
        finished = self._queue.finish(transaction, [tasks[n] for n in true])
        stored = [n for n, done in zip(true, finished, strict=True) if done]
        self._queue.give_back(transaction, [tasks[n] for n, still in enumerate(same) if not still])
        weft = _Weft(native, self._place, self.model, self._identity)
        for n in stored:
            weft.weave(contents[n], results[n], known[n], rows[n])
        weft.write()
        self._queue.enqueue(transaction, list(weft.entities.changed), derived=True)
        chats = list(weft.chats)
        if chats:
            self._queue.enqueue(transaction, chats, "summary", derived=True)
        if weft.related:
            self._queue.enqueue(transaction, [""], COMMUNITIES, derived=True)
        if stored:
            self._queue.enqueue(transaction, [""], OPTIMIZE, derived=True)
        return [n in set(stored) for n in range(len(tasks))]


class _Weft:
    """What one transaction stores."""

    def __init__(
        self,
        native: _native.Transaction,
        place: Place,
        model: str,
        identity: Identity | None,
    ) -> None:
        self._native = native
        self._place = place
        self._model = model
        self._identity = None if identity is None else identity.to_json()
        self.entities = Entities(native, place.nodes)
        self._relations = Relations(native, place.nodes)
        self._edges: list[_native.EdgeRow] = []
        self._gone: dict[str, None] = {}
        self.chats: dict[str, None] = {}
        self.related = False

    def weave(
        self, content: Content, found: Found, before: Done | None, row: _native.Row | None
    ) -> None:
        """Make what is derived from one node fit it."""
        if found.vector is not None:
            vector = (_TEXT_SPACE, self._identity, found.vector)
            native, nodes = self._native, self._place.nodes
            native.update(nodes, content.id, False, None, None, [], [vector], [])
        if before is not None and (before.hash, before.model) == (content.mark, self._model):
            after = replace(before, chats=self._chats(content, row), at=_moment(row))
        else:
            after = self._linked(content, found, row)
        if content.label == ENTITY and row is not None:
            terms = search_terms(row[1], row[2])
            if any(row[2].get(name) != value for name, value in terms.items()):
                # A user made or changed it: mentions have to find it.
                native, nodes = self._native, self._place.nodes
                native.update(nodes, content.id, False, None, terms, [], [], [])
        if content.mark and after != before:
            remember(self._native, self._place.woven, after)
        elif before is not None and not content.mark:
            forget(self._native, self._place.woven, content.id)
            if before.label == ENTITY:
                self._disown(content.id)
        if after != before:
            self._relate(content.id, before, after)

    def _linked(self, content: Content, found: Found, row: _native.Row | None) -> Done:
        """Find the entities of a node, and give what came of it."""
        linked = self.entities.link(found.mentions)
        for one in linked:
            values = {
                "count": one.count,
                "confidence": round(one.confidence, 6),
                "names": list(one.names[:_NAMES]),
            }
            self._edges.append((content.id, MENTIONS, one.id, values))
        related = [one.id for one in linked if one.kind not in UNRELATED][:PAIRED]
        return Done(
            content.id,
            content.label,
            content.mark,
            self._model,
            tuple(one.id for one in linked),
            tuple(related),
            self._chats(content, row),
            _moment(row),
        )

    def _chats(self, content: Content, row: _native.Row | None) -> tuple[str, ...]:
        """Name the chats that a node is a message of."""
        if row is None or content.label in {ENTITY, SUMMARY}:
            return ()
        which = ([HAS_MESSAGE], "in")
        edges = _native.graph_edges(self._native.view(), self._place.nodes, content.id, which)
        return tuple(dict.fromkeys(edge[0] for edge in edges))

    def _relate(self, node: str, before: Done | None, after: Done) -> None:
        """Change the relations of entities, and note what is not mentioned any more."""
        old = set() if before is None else pairs_of(before.related)
        new = pairs_of(after.related)
        self.related = self.related or old != new
        for pair in sorted(old - new):
            self._relations.take(pair, node)
        for pair in sorted(new):
            # One that was there is there still, unless a user deleted it.
            if pair not in old or not self._relations.is_there(pair):
                self._relations.add(pair, node)
        if before is not None:
            self._gone |= dict.fromkeys(set(before.entities) - set(after.entities))
            self._unlink(node, before, after)
        chats = () if before is None else before.chats
        changed = before is None or _place_in_chat(before) != _place_in_chat(after)
        if changed or not after.hash:
            self.chats |= dict.fromkeys((*chats, *after.chats))
        if after.label == CHAT or (before is not None and before.label == CHAT):
            self.chats[node] = None

    def _unlink(self, node: str, before: Done, after: Done) -> None:
        for entity in before.entities:
            if entity not in after.entities and after.hash:
                key = (node, MENTIONS, entity)
                _native.delete_edge(self._native, self._place.nodes, key)
                forget_edges(self._native, self._place.nodes, [key])

    def _disown(self, entity: str) -> None:
        """Note that a user deleted an entity: what mentioned it does not, unless it does again."""
        where = f"entities = {quoted(entity)}"
        for row in list(scan_rows(self._native.view(), self._place.woven, where)):
            done = as_done(row)
            if not self._has_edge(done.node, entity):
                left = tuple(one for one in done.entities if one != entity)
                related = tuple(one for one in done.related if one != entity)
                done = replace(done, entities=left, related=related)
                remember(self._native, self._place.woven, done)

    def _has_edge(self, node: str, entity: str) -> bool:
        try:
            key = (node, MENTIONS, entity)
            return _native.graph_edge(self._native.view(), self._place.nodes, key) is not None
        except NotFound:
            return False

    def write(self) -> None:
        """Store the edges, then drop the entities that nobody mentions any more."""
        native, nodes = self._native, self._place.nodes
        if self._edges:
            _native.put_edges(native, nodes, self._edges)
        self._relations.write()
        unwanted = [
            entity
            for entity in sorted(self._gone)
            if not self._is_wanted(entity) and self.entities.forget(entity)
        ]
        for entity in unwanted:
            forget(native, self._place.woven, entity)
        forget_edges_of(native, nodes, unwanted)

    def _is_wanted(self, entity: str) -> bool:
        """Say whether an entity has edges but relations: mentions, or those of a user."""
        view, nodes = self._native.view(), self._place.nodes
        try:
            edges = _native.graph_degree(view, nodes, entity, (None, "both"))
            return edges > _native.graph_degree(view, nodes, entity, ([RELATED_TO], "both"))
        except NotFound:
            return False


def _place_in_chat(done: Done) -> tuple[str, tuple[str, ...], str]:
    return done.hash, done.chats, done.at


def _moment(row: _native.Row | None) -> str:
    """Give the text by which messages of a chat are in order: as `Graph.messages` has them."""
    return "" if row is None else str(row[2].get("timestamp") or "")
