"""Indexes of FAISS.

Owns: getting the vectors and ids back out of an index, by its kind. FAISS keeps nothing else: texts
and metadata come from the caller. Invariant: where the index keeps only codes of its vectors, the
report says that they are not the originals. Limits: the index is in memory, as FAISS has it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engram.errors import InvalidInput
from engram.files import io_error, open_text
from engram.importers.carrying import BATCH_RECORDS, Found, Rows, carry, foreign, package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from engram.database import Database
    from engram.importers.carrying import ImportReport
    from engram.types import Metric

    Fetch = Callable[[int, int], NDArray[np.float32]]

__all__ = ["import_faiss"]

_KEYS = {"id", "text", "metadata"}


def import_faiss(  # noqa: PLR0913 - the options of an import
    database: Database,
    source: str | os.PathLike[str] | Any,
    *,
    records: str | os.PathLike[str] | Iterable[Mapping[str, Any]] | None = None,
    into: str | None = None,
    metric: Metric | None = None,
    batch_size: int = BATCH_RECORDS,
    progress: Callable[[int, int | None], None] | None = None,
) -> ImportReport:
    """Carry an index over from FAISS.

    Args:
        database: Where it goes; records of the same ids there are replaced.
        source: A file that `faiss.write_index` wrote, or an index.
        records: What belongs to the vectors, in the order in which they were added: mappings with
            any of the keys ``id``, ``text``, ``metadata``, or a JSON Lines file of such. Ids that
            are not given are those of the index (``IndexIDMap``), or positions, as text.
        into: The collection; the name of the file, or ``"faiss"``, unless given.
        metric: ``"cosine"``, ``"dot"`` or ``"l2"``; that of the index unless given.
        batch_size: Records that are committed at a time.
        progress: Called with records done and records in all.

    Raises:
        MissingExtra: ``extra.missing`` without faiss.
        InvalidInput: ``input.invalid`` where the index cannot give its vectors back, compares by
            another metric, or `records` are not as many as its vectors.
        Io: ``file.not_found``, ``io.failed`` with what FAISS says.
        Conflict: ``collection.mismatch`` where the collection here has another metric.
    """
    faiss = package("faiss", "faiss")
    name = "faiss"
    index: Any = source
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        name = path.stem
        try:
            path.open("rb").close()
        except OSError as cause:
            raise io_error(f"reading {path}", cause, str(path)) from cause
        with foreign("faiss", path):
            index = faiss.read_index(str(path))
    with foreign("faiss", source):
        ids, fetch, exact = _contents(faiss, faiss.downcast_index(index))
    own = None if records is None else _records(records, len(ids))
    words = {faiss.METRIC_INNER_PRODUCT: "dot", faiss.METRIC_L2: "l2"}
    said = words.get(index.metric_type, f"metric {index.metric_type}")
    notes = [] if exact else ["the index keeps codes of its vectors: these are not the originals"]
    rows = _rows(ids, fetch, own, batch_size)
    found = Found(name, {said}, len(ids), rows, notes)
    return carry("faiss", database, [found], into, metric, progress)


def _contents(faiss: Any, index: Any) -> tuple[NDArray[np.int64], Fetch, bool]:
    """Give the ids of an index in the order of adding, its vectors, and whether they are exact."""
    if isinstance(index, faiss.IndexIDMap):
        outer = faiss.vector_to_array(index.id_map)
        _, fetch, exact = _contents(faiss, faiss.downcast_index(index.index))
        return outer, fetch, exact
    if isinstance(index, faiss.IndexRefine):
        return _contents(faiss, faiss.downcast_index(index.refine_index))
    if isinstance(index, faiss.IndexIVF):
        return _inverted(faiss, index)
    exact = isinstance(index, (faiss.IndexFlat, faiss.IndexHNSWFlat, faiss.IndexNSGFlat))
    if isinstance(index, (faiss.IndexHNSW, faiss.IndexNSG)):
        index = faiss.downcast_index(index.storage)
    if index.ntotal:
        try:
            # Alone: what reconstruct_n raises ends the process.
            index.reconstruct(0)
        except RuntimeError as cause:
            raise InvalidInput(
                "input.invalid",
                f"a {type(index).__name__} does not give its vectors back",
                "import the vectors from where they were added: put_many(ids=..., vectors=...)",
            ) from cause

    def fetch_n(start: int, stop: int) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = index.reconstruct_n(start, stop - start)
        return vectors

    return np.arange(index.ntotal), fetch_n, exact


def _inverted(faiss: Any, index: Any) -> tuple[NDArray[np.int64], Fetch, bool]:
    """Read an inverted file, whose ids may be any."""
    lists = index.invlists
    parts = [
        faiss.rev_swig_ptr(lists.get_ids(number), lists.list_size(number)).copy()
        for number in range(lists.nlist)
        if lists.list_size(number)
    ]
    ids = np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)
    index.set_direct_map_type(faiss.DirectMap.Hashtable)

    def fetch(start: int, stop: int) -> NDArray[np.float32]:
        return np.stack([index.reconstruct(int(one)) for one in ids[start:stop]])

    return ids, fetch, isinstance(index, faiss.IndexIVFFlat)


def _records(
    records: str | os.PathLike[str] | Iterable[Mapping[str, Any]], count: int
) -> list[Mapping[str, Any]]:
    """Read what belongs to the vectors."""
    own: list[Any] = list(_lines(records) if isinstance(records, (str, os.PathLike)) else records)
    for number, record in enumerate(own):
        if not isinstance(record, Mapping) or not record.keys() <= _KEYS:
            raise InvalidInput(
                "input.invalid",
                f"record {number} is {record!r:.80}",
                "an object with any of the keys id, text, metadata",
                {"index": str(number)},
            )
    if len(own) != count:
        raise InvalidInput(
            "input.invalid",
            f"there are {len(own):,} records for {count:,} vectors",
            "one for each, in the order in which the vectors were added",
        )
    return own


def _lines(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Read JSON Lines."""
    name = os.fsdecode(path)
    number = 0
    try:
        with open_text(name, "r", compressed=name.endswith(".gz")) as stream:
            for line in stream:
                number += 1
                if line.strip():
                    yield json.loads(line)
    except json.JSONDecodeError as cause:
        raise InvalidInput(
            "input.invalid", f"line {number} of {name} is no JSON: {cause}"
        ) from cause
    except (OSError, UnicodeDecodeError) as cause:
        raise io_error(f"reading {name}", cause, name) from cause


def _rows(
    ids: NDArray[np.int64],
    fetch: Fetch,
    own: list[Mapping[str, Any]] | None,
    batch_size: int,
) -> Iterator[Rows]:
    """Give the vectors with what belongs to them."""
    for start in range(0, len(ids), batch_size):
        stop = min(start + batch_size, len(ids))
        names = [str(one) for one in ids[start:stop]]
        vectors = {"vector": fetch(start, stop)}
        if own is None:
            yield Rows(names, vectors=vectors)
            continue
        part = own[start:stop]
        yield Rows(
            [record.get("id", name) for record, name in zip(part, names, strict=True)],
            [record.get("text") for record in part],
            [record.get("metadata") for record in part],
            vectors,
        )
