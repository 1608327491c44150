"""EmbeddedDB for Python, on engram: change the import, keep the code.

Owns: the names of EmbeddedDB (docs/reference/compat-embedded-db.md), each a thin layer over the
public API.
"""

from __future__ import annotations

from engram.compat.embedded_db.databases import EmbeddedDB
from engram.compat.embedded_db.values import ConvergedQuery, Embedding, Entity
from engram.errors import EngramError
from engram.graph import Chat, Message

DbError = EngramError
"""The root of every error; its `code` says which."""

NodeId = EdgeId = EmbeddingId = str
"""What ids are."""

__all__ = [
    "Chat",
    "ConvergedQuery",
    "DbError",
    "EmbeddedDB",
    "Embedding",
    "Entity",
    "Message",
]
