"""The names that a graph's labels, edges and collections have by convention.

Owns: these names. Any other label and edge type is a user's own and means what they say. Opposite
side: `engram.weaver` writes entities, mentions and summaries under the same names.
"""

from __future__ import annotations

__all__ = [
    "CHAT",
    "DOCUMENT",
    "ENTITY",
    "HAS_MESSAGE",
    "LABEL",
    "MENTIONS",
    "MESSAGE",
    "RELATED_TO",
    "SUMMARIZES",
    "SUMMARY",
    "texts_of",
]

LABEL = "label"
"""The metadata key that holds a node's label; no property has its name."""

CHAT = "Chat"
MESSAGE = "Message"
ENTITY = "Entity"
DOCUMENT = "Document"
SUMMARY = "Summary"

HAS_MESSAGE = "HAS_MESSAGE"
"""Leads from a chat to each of its messages."""

MENTIONS = "MENTIONS"
"""Leads from whatever has a text to the entities in it."""

RELATED_TO = "RELATED_TO"
"""Leads from an entity to another one."""

SUMMARIZES = "SUMMARIZES"
"""Leads from a summary to what it sums up."""


def texts_of(graph: str) -> str:
    """Give the collection of the texts of edges, by the name of the graph."""
    return f"{graph}.edges"
