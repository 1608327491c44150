"""Collections of Qdrant.

Owns: reading a folder of Qdrant's local client, a folder of an edge shard, or a server, and what
its vectors are: named and unnamed dense ones, sparse ones, multi-vectors.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engram.errors import Io
from engram.importers.carrying import BATCH_RECORDS, Found, Rows, carry, chosen, foreign, package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engram.database import Database
    from engram.importers.carrying import ImportReport
    from engram.types import Metric

__all__ = ["import_qdrant"]


def import_qdrant(  # noqa: PLR0913 - the options of an import
    database: Database,
    source: str | os.PathLike[str] | Any,
    *,
    collections: Sequence[str] | None = None,
    into: str | None = None,
    metric: Metric | None = None,
    text_key: str = "text",
    batch_size: int = BATCH_RECORDS,
    progress: Callable[[int, int | None], None] | None = None,
) -> ImportReport:
    """Carry collections over from Qdrant.

    The unnamed vector becomes the space ``"vector"``, others the space of their name; sparse
    vectors and multi-vectors keep their kind. Servers and shards keep vectors that are compared by
    cosine at length 1, and that is how they come over.

    Args:
        database: Where they go; records of the same ids there are replaced.
        source: The folder of ``QdrantClient(path=...)``, the folder of an ``EdgeShard`` (whose
            collection is named after it), the URL of a server, or a client.
        collections: Which ones; all unless given.
        into: What to call the one collection that is imported; its own name unless given.
        metric: ``"cosine"``, ``"dot"`` or ``"l2"``; as in Qdrant unless given.
        text_key: The payload field that becomes a record's text where it is text.
        batch_size: Points that are read, and committed, at a time.
        progress: Called with records done and records in all.

    Raises:
        MissingExtra: ``extra.missing`` without qdrant-client, or qdrant-edge-py for a shard.
        InvalidInput: ``input.invalid`` where the vectors of a collection have several metrics, or
            one that is unknown here (Manhattan), and `metric` is not given.
        Io: ``file.not_found``, ``io.failed`` with what Qdrant says.
        NotFound: ``collection.not_found``.
        Conflict: ``collection.mismatch`` where a collection here has another metric.
    """
    place = os.fsdecode(source) if isinstance(source, (str, os.PathLike)) else None
    if place is not None and (Path(place) / "edge_config.json").is_file():
        with foreign("qdrant", place):
            found, close = _shard(Path(place), collections, text_key, batch_size)
    else:
        with foreign("qdrant", source):
            client, close = _client(source, place)
            names = chosen((one.name for one in client.get_collections().collections), collections)
            found = [_found(client, name, text_key, batch_size) for name in names]
    try:
        return carry("qdrant", database, found, into, metric, progress)
    finally:
        close()


def _client(source: Any, place: str | None) -> tuple[Any, Callable[[], None]]:
    """Open a client, and say how it is closed; one that was handed in stays open."""
    if place is None:
        return source, lambda: None
    qdrant_client = package("qdrant_client", "qdrant")
    if place.startswith(("http://", "https://")):
        client = qdrant_client.QdrantClient(url=place)
    else:
        if not (Path(place) / "meta.json").is_file():
            raise Io(
                "file.not_found",
                f"{place} is no folder of a Qdrant database",
                "the folder given to QdrantClient(path=...), or that of an edge shard",
            )
        client = qdrant_client.QdrantClient(path=place)
    return client, client.close


def _found(client: Any, name: str, text_key: str, batch_size: int) -> Found:
    """Describe a collection of a client."""
    described = client.get_collection(name)
    vectors = described.config.params.vectors or {}
    if not isinstance(vectors, Mapping):
        vectors = {"": vectors}
    metrics = {one.distance.value for one in vectors.values()}

    def points() -> Iterator[list[Any]]:
        offset = None
        while True:
            page, offset = client.scroll(
                name, limit=batch_size, offset=offset, with_payload=True, with_vectors=True
            )
            yield page
            if offset is None:
                return

    return Found(name, metrics or {"dot"}, described.points_count, _rows(points(), text_key))


def _shard(
    folder: Path, wanted: Sequence[str] | None, text_key: str, batch_size: int
) -> tuple[list[Found], Callable[[], None]]:
    """Describe the one collection of an edge shard."""
    edge = package("qdrant_edge", "qdrant")
    name = folder.resolve().name
    chosen([name], wanted)
    settings = json.loads((folder / "edge_config.json").read_text(encoding="utf-8"))
    metrics = {one["distance"] for one in (settings.get("vectors") or {}).values()}
    shard = edge.EdgeShard.load(str(folder))

    def points() -> Iterator[list[Any]]:
        offset = None
        while True:
            asked = edge.ScrollRequest(
                offset=offset, limit=batch_size, with_payload=True, with_vector=True
            )
            page, offset = shard.scroll(asked)
            yield page
            if offset is None:
                return

    count = shard.info().points_count
    return [Found(name, metrics or {"dot"}, count, _rows(points(), text_key))], shard.close


def _rows(pages: Iterator[list[Any]], text_key: str) -> Iterator[Rows]:
    """Turn points into columns."""
    for points in pages:
        payloads = [dict(point.payload or {}) for point in points]
        texts: list[str | None] = []
        for payload in payloads:
            own = isinstance(payload.get(text_key), str)
            texts.append(payload.pop(text_key) if own else None)
        own_vectors = [_by_space(point.vector) for point in points]
        names = {name: None for vectors in own_vectors for name in vectors}
        columns = {name: [vectors.get(name) for vectors in own_vectors] for name in names}
        yield Rows([str(point.id) for point in points], texts, payloads, columns)


def _by_space(vector: Any) -> dict[str, Any]:
    """Give the vectors of a point by space."""
    if vector is None:
        return {}
    named = vector if isinstance(vector, Mapping) else {"": vector}
    return {name or "vector": _embedding(one) for name, one in named.items()}


def _embedding(vector: Any) -> Any:
    """Give one vector: numbers, or the weights of a sparse one."""
    if hasattr(vector, "indices"):
        return dict(zip(vector.indices, vector.values, strict=True))
    return vector
