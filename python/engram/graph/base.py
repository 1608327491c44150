"""What every part of a graph stands on: its collections, its settings, its transactions.

Owns: `Base`, mixed into `Graph`, and the settings record. Invariant: each call that writes is one
commit, or joins the transaction that this thread or task has open.
"""

from __future__ import annotations

from contextlib import contextmanager
from secrets import token_hex
from threading import Lock
from time import time_ns
from typing import TYPE_CHECKING

from engram.checks import proper_str
from engram.errors import InvalidInput, NotFound
from engram.graph.constraints import RECORD
from engram.graph.names import texts_of
from engram.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Literal

    from engram.collection import Collection
    from engram.database import Database
    from engram.embed.calling import EmbedderChoice
    from engram.graph.changes import Listener
    from engram.graph.nodes import Node
    from engram.transaction import Transaction

    Embed = Literal["now", "later"]

__all__ = ["Base"]

_OPTIONS = "graph"
"""The record of the settings that holds the graph's own."""


class Base:
    """A graph's collections, settings and transactions."""

    database: Database
    """The database that it is in."""

    name: str
    """Its name, and that of the collection of its nodes."""

    collection: Collection
    """Its nodes as records, to read from. What is written there goes by no constraint, and no
    listener hears of it."""

    settings: Collection
    """Its constraints and options as records, ``<name>.settings``."""

    edge_texts: Collection
    """The texts and embeddings of its edges as records, ``<name>.edges``; as `collection`."""

    listeners: list[Listener]
    """Who is called with each change of nodes made through this object, within the transaction
    that makes it: ``listener(transaction, changes)``. What it raises undoes the change."""

    def __init__(
        self,
        db: Database,
        name: str = "graph",
        *,
        embedder: EmbedderChoice = "default",
        language: str | None = None,
    ) -> None:
        """Give the graph of that name; it is made by its first write.

        Args:
            db: The database.
            name: Names the collection of the nodes.
            embedder: What embeds the texts of nodes; the database's unless given.
            language: What the texts are stemmed for; see `Database.collection`.

        Raises:
            Conflict: ``collection.mismatch`` where it is there in another language.
        """
        self.database = db
        self.name = proper_str(name, "the name")
        self._settings = Settings(None, language, None, None, None)
        self._embedder = db._embedder_of(embedder)
        self.collection = db._collection(name, self._settings, embedder, None)
        self.edge_texts = db._collection(texts_of(name), self._settings, embedder, None)
        self.settings = db.collection(f"{name}.settings", embedder=None)
        self.listeners = []
        self._kinds: dict[str, type[Node]] = {}
        self._clock = Lock()
        self._last_us = 0

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        """Give the open transaction of this thread or task, or one that ends with the block."""
        joined = self.database._active()
        if joined is not None:
            yield joined
            return
        with self.database.transaction() as transaction:
            yield transaction

    def _option(self, record: str) -> dict[str, Any]:
        """Read one record of the settings; empty where it is not there."""
        try:
            row = self.database._view().get_many(self.settings.name, [record], False)[0]
        except NotFound:
            return {}
        return {} if row is None else row[2]

    @property
    def embed(self) -> Embed:
        """When texts are embedded: ``"now"``, as nodes are put, or ``"later"``, by somebody else.

        It is kept in the file, for every process. With ``"later"`` a put stores the text without a
        vector, and a changed text drops the vector of the old one; `engram.weaver` embeds them.
        """
        return "later" if self._option(_OPTIONS).get("embed") == "later" else "now"

    @embed.setter
    def embed(self, when: Embed) -> None:
        if when not in {"now", "later"}:
            raise InvalidInput("input.invalid", f"embed is {when!r}", "one of: now, later")
        with self._transaction():
            self.settings.put(_OPTIONS, metadata=self._option(_OPTIONS) | {"embed": when})

    def constraints(self) -> dict[str, dict[str, Any]]:
        """Give what the nodes of each label must have, by label; see `Graph.constrain`."""
        return self._option(RECORD)

    def _moment_us(self) -> int:
        """Give the time in microseconds, later than any that this object gave before."""
        with self._clock:
            self._last_us = max(time_ns() // 1000, self._last_us + 1)
            return self._last_us

    def _new_id(self, label: str) -> str:
        """Make an id that sorts by the time it was made, within one process strictly."""
        return f"{label.lower()}-{self._moment_us():014x}{token_hex(4)}"

    def _properties(self, properties: Mapping[str, Any] | None, label: str) -> dict[str, Any]:
        """Give metadata from properties and label."""
        from engram.graph.names import LABEL

        proper_str(label, "the label")
        if not label:
            raise InvalidInput("input.invalid", "the label is empty", "name what the node is")
        if properties is not None and not hasattr(properties, "keys"):
            raise InvalidInput(
                "input.invalid", f"properties is {type(properties).__name__}, not a mapping"
            )
        if properties and LABEL in properties:
            raise InvalidInput(
                "input.invalid",
                f"{LABEL!r} is no property: it is the node's own",
                "give the label beside the properties, and another name to the property",
            )
        return {**(properties or {}), LABEL: label}

    def __repr__(self) -> str:
        """Show file and name."""
        return f"Graph({self.database.path!r}, {self.name!r})"
