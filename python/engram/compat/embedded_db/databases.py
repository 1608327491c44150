"""The database of EmbeddedDB.

Owns: `EmbeddedDB`, each method a thin call of `engram.Graph` or of the weaver.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import engram
from engram.compat.embedded_db.embedders import chosen
from engram.compat.embedded_db.values import (
    ConvergedQuery,
    Embedding,
    Entity,
    as_id,
    parts_of,
    properties_of,
)
from engram.graph.names import MENTIONS
from engram.weaver import Weaver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

    from engram.graph import Chat, Matches, Message
    from engram.graph import ConvergedQuery as AnyQuery
    from engram.types import Embedder

__all__ = ["EmbeddedDB"]

_FILE = "embedded_db.engram"
"""The file within a folder that is given as a path."""


class EmbeddedDB:
    """A graph with chats, entities and converged queries, enriched in the background."""

    def __init__(
        self, path: str | os.PathLike[str] = ":memory:", *, embedder: Embedder | None = None
    ) -> None:
        """Open a file or make it, with the folders above it; a folder holds one file within it.

        Texts are embedded by MiniLM where it is installed, else by the built-in model cut to 384
        dimensions; a file goes on with the one that it has. `embedder` takes another one.
        """
        place = Path(path)
        if os.fspath(path) != ":memory:":
            place.parent.mkdir(parents=True, exist_ok=True)
            place = place / _FILE if place.is_dir() else place
        self.database = engram.open(place, embedder=None)
        try:
            self.graph = engram.Graph(
                self.database, embedder=embedder or chosen(self.database, "graph")
            )
            self.graph.register(Entity)
            self.weaver = Weaver(self.graph).start()
        except BaseException:
            self.database.close()
            raise

    def create_chat(self, title: str, topic: str | None = None) -> Chat:
        """Make a chat."""
        return self.graph.create_chat(title, topic)

    def create_message(
        self, chat_id: str, content: str, sender: str = "user", role: str = "user"
    ) -> Message:
        """Add a message to a chat, which is made where it is not there."""
        with self.database.transaction():
            if chat_id not in self.graph:
                self.graph.create_chat(id=chat_id)
            return self.graph.create_message(chat_id, content, sender, role)

    def create_node(self, node: Mapping[str, Any]) -> str:
        """Make a node: ``label``, and maybe ``id``, ``text``, ``properties``; the rest are more."""
        made = self.graph.create_node(
            node.get("label", "Node"),
            node.get("id"),
            text=node.get("text"),
            properties=properties_of(node),
        )
        return made.id

    def get_node(self, node_id: str) -> dict[str, Any] | None:
        """Give a node as a dict of ``id``, ``label``, ``text`` and ``properties``, or None."""
        record = self.graph.get_node(node_id)
        return None if record is None else record.to_dict()

    def update_node(self, node_id: str, updates: Mapping[str, Any]) -> None:
        """Change a node: ``label``, ``text``, ``properties``; the rest are properties."""
        known = {key: updates[key] for key in ("label", "text") if key in updates}
        self.graph.update_node(node_id, **known, properties=properties_of(updates))

    def delete_node(self, node_id: str) -> bool:
        """Delete a node with its edges."""
        return self.graph.delete_node(node_id)

    def create_edge(self, edge: Mapping[str, Any]) -> str:
        """Make an edge of ``source``, ``type``, ``target``, and maybe ``properties``."""
        key = (edge["source"], edge["type"], edge["target"])
        self.graph.create_edge(*key, edge.get("properties"))
        return as_id(*key)

    def get_edge(self, edge_id: str) -> dict[str, Any] | None:
        """Give an edge as a dict, or None."""
        edge = self.graph.get_edge(*parts_of(edge_id, 3))
        return None if edge is None else {"id": edge_id, **edge.to_dict()}

    def update_edge(self, edge_id: str, updates: Mapping[str, Any]) -> None:
        """Change properties of an edge: ``properties``, or by their names."""
        self.graph.update_edge(*parts_of(edge_id, 3), properties=properties_of(updates))

    def delete_edge(self, edge_id: str) -> bool:
        """Delete an edge."""
        return self.graph.delete_edge(*parts_of(edge_id, 3))

    def create_embedding(self, embedding: Mapping[str, Any]) -> str:
        """Give a node an embedding of its own: ``node_id``, ``vector``, and maybe ``space``."""
        node, space = embedding["node_id"], embedding.get("space", "vector")
        self.graph.put_embedding(node, embedding["vector"], space)
        return as_id(node, space)

    def get_embedding(self, embedding_id: str) -> Embedding | None:
        """Give an embedding, or None."""
        node, space = parts_of(embedding_id, 2)
        vector = self.graph.get_embedding(node, space) if node in self.graph else None
        return None if vector is None else Embedding(embedding_id, node, vector.tolist())

    def update_embedding(self, embedding_id: str, updates: Mapping[str, Any]) -> None:
        """Change an embedding: ``vector``."""
        node, space = parts_of(embedding_id, 2)
        self.graph.put_embedding(node, updates["vector"], space)

    def delete_embedding(self, embedding_id: str) -> bool:
        """Delete an embedding."""
        return self.graph.delete_embedding(*parts_of(embedding_id, 2))

    def get_embedding_for_node(self, node_id: str) -> Embedding | None:
        """Give a node's own embedding, else that of its text, or None."""
        found = (self.get_embedding(as_id(node_id, s)) for s in ("vector", "text"))
        return next((one for one in found if one is not None), None)

    def get_entities_mentioned_in(self, node_id: str) -> list[Entity]:
        """Give the entities that a node mentions."""
        node = self.graph.get_node(node_id, must=True)
        found = node.neighbors(types=MENTIONS, direction="out")
        return [one for one in found if isinstance(one, Entity)]

    def query(self, *parts: Any, **named: Any) -> Matches:
        """Find nodes; the arguments are those of `ConvergedQuery`."""
        return self.execute_query(ConvergedQuery(*parts, **named))

    def execute_query(self, query: AnyQuery) -> Matches:
        """Find nodes: results with ``node``, ``similarity_score``, ``path``, ``explanation``."""
        return self.graph.query(query)

    def find_shortest_path(self, start_id: str, end_id: str) -> list[str] | None:
        """Give the ids of the nodes on the shortest way, or None where there is none."""
        path = self.graph.find_shortest_path(start_id, end_id)
        return None if path is None else list(path.ids)

    def set_activity_level(self, level: str) -> None:
        """Say how busy you are: ``HighActivity``, ``Normal``, ``Idle``, ``SleepMode``."""
        self.weaver.set_activity_level(level)

    def weaver_status(self) -> dict[str, Any]:
        """Say who works: ``active_workers``, ``queue_size``, ``last_event`` and more."""
        return self.weaver.weaver_status()

    def wait_until_enriched(self, node_id: str | None = None, timeout: float | None = None) -> None:
        """Wait until a node, or every one, is enriched; better than to sleep."""
        self.weaver.wait_until_enriched(node_id, timeout)

    def close(self) -> None:
        """Stop the workers and close the file; what is left in the queue is done another time."""
        self.weaver.stop()
        self.database.close()

    def __enter__(self) -> Self:
        """Use it in a with statement that closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()
