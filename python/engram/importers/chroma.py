"""Collections of Chroma.

Owns: reading a Chroma folder, or a client of a server, through chromadb: documents become texts,
metadatas metadata, embeddings the space ``vector``. Limits: the ids of a collection are in memory.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engram.errors import Io
from engram.importers.carrying import BATCH_RECORDS, Found, Rows, carry, chosen, foreign, package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engram.database import Database
    from engram.importers.carrying import ImportReport
    from engram.types import Metric

__all__ = ["import_chroma"]


def import_chroma(  # noqa: PLR0913 - the options of an import
    database: Database,
    source: str | os.PathLike[str] | Any,
    *,
    collections: Sequence[str] | None = None,
    into: str | None = None,
    metric: Metric | None = None,
    batch_size: int = BATCH_RECORDS,
    progress: Callable[[int, int | None], None] | None = None,
) -> ImportReport:
    """Carry collections over from Chroma.

    Args:
        database: Where they go; records of the same ids there are replaced.
        source: The folder of a persistent client, or a client (``chromadb.HttpClient(...)``).
        collections: Which ones; all unless given.
        into: What to call the one collection that is imported; its own name unless given.
        metric: ``"cosine"``, ``"dot"`` or ``"l2"``; as in Chroma unless given.
        batch_size: Records that are read, and committed, at a time.
        progress: Called with records done and records in all.

    Raises:
        MissingExtra: ``extra.missing`` without chromadb.
        Io: ``file.not_found``, ``io.failed`` with what chromadb says.
        NotFound: ``collection.not_found``.
        Conflict: ``collection.mismatch`` where a collection here has another metric.
    """
    chromadb = package("chromadb", "chroma")
    client: Any = source
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        if not (path / "chroma.sqlite3").is_file():
            raise Io(
                "file.not_found",
                f"{path} is no folder of a Chroma database",
                "the folder given to chromadb.PersistentClient, which holds chroma.sqlite3",
            )
        with foreign("chromadb", path):
            # Default settings: a folder can be open in one process with one kind only.
            client = chromadb.PersistentClient(str(path))
    with foreign("chromadb", source):
        there = {one.name: one for one in client.list_collections()}
        found = [_found(there[name], batch_size) for name in chosen(there, collections)]
    return carry("chroma", database, found, into, metric, progress)


def _found(collection: Any, batch_size: int) -> Found:
    """Describe a collection."""
    settings = collection.configuration_json
    index = settings.get("hnsw") or settings.get("spann") or {}
    function = settings.get("embedding_function") or {}
    notes = []
    if function.get("type") == "known":
        notes.append(
            f"the embedding function {function['name']!r} stays behind: give queries vectors of it"
        )
    return Found(
        collection.name,
        {index.get("space", "l2")},
        collection.count(),
        _rows(collection, batch_size, notes),
        notes,
    )


def _rows(collection: Any, batch_size: int, notes: list[str]) -> Iterator[Rows]:
    """Read a collection."""
    ids = collection.get(include=[])["ids"]
    parts = ["embeddings", "documents", "metadatas", "uris"]
    uris = 0
    for start in range(0, len(ids), batch_size):
        got = collection.get(ids=ids[start : start + batch_size], include=parts)
        metadata = [dict(one) if one else {} for one in got["metadatas"]]
        for own, uri in zip(metadata, got["uris"] or (), strict=False):
            if uri is not None:
                own["uri"] = uri
                uris += 1
        yield Rows(got["ids"], got["documents"], metadata, {"vector": got["embeddings"]})
    if uris:
        notes.append(f"{uris:,} URIs became the metadata field 'uri'; what is there was not read")
