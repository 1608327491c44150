"""What sessions keep of a document that is deleted.

Owns: `scrub`. Invariant: once a document is deleted, no session holds text that was made of it, nor
its uri: of a step that found it, the answer is dropped; ids and ranks stay, so that a replay shows
what was lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.filtering import list_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram.database import Database

__all__ = ["scrub"]


def scrub(db: Database, collection: str, documents: Sequence[str]) -> int:
    """Drop what steps hold of some documents, within the open transaction.

    Args:
        db: The database.
        collection: The collection of sessions (`Layout.sessions`).
        documents: The ids of the documents.

    Returns:
        How many steps held something of them.
    """
    if not documents or collection not in db.list_collections():
        return 0
    sessions = db.collection(collection, embedder=None)
    gone = set(documents)
    where = f"documents CONTAINS ANY {list_text(sorted(gone), 'documents')}"
    changed: list[dict[str, Any]] = []
    for record in sessions.iterate(where, missing="ignore"):
        about = dict(record.metadata)
        step = dict(about["step"])
        step["answer"] = None
        step["hits"] = [
            {**hit, "uri": None} if hit["document"] in gone else hit for hit in step["hits"]
        ]
        about |= {"step": step, "documents": sorted(set(about["documents"]) - gone)}
        changed.append({"id": record.id, "text": record.text, "metadata": about})
    sessions.put_many(changed)
    return len(changed)
