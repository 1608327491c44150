"""Records on their way in: every shape that `Collection.put_many` takes, made into batches.

Owns: `Batch`, which reader reads what, and the readers of the row form (iterables of dicts) and of
the column form (keyword columns). Data frames and Arrow tables are read by `engram.frames` into the
column form.
Invariant: a batch knows the index of its first record, so that an error can name the bad one.
Limits: a batch ends at `batch_size` records or `BATCH_TEXT_CHARS` characters of text.
Opposite side: `engram._native.Transaction.put_many` and `engram.transfer`, which writes them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from engram.checks import optional_str, proper_str
from engram.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from engram.errors import EngramError

    NativeVectors = tuple[str, str | None, Sequence[int] | None, Any]

__all__ = [
    "BATCH_RECORDS",
    "Batch",
    "bad_record",
    "by_space",
    "from_columns",
    "from_records",
    "from_rows",
    "one_record",
    "row_batch",
    "vectors_of",
]

BATCH_RECORDS = 10_000
"""Records per commit unless told otherwise."""

BATCH_TEXT_CHARS = 8_000_000
"""Characters of text after which a batch ends early, to bound memory and transaction size."""

_KEYS = frozenset({"id", "text", "metadata", "vector", "vectors"})
DEFAULT_SPACE = "vector"


class Batch:
    """Records in columns, all of one commit.

    Attributes:
        first: Index of the first record in the whole input.
        ids: Their ids.
        texts: Their texts.
        metadata: Their metadata.
        vectors: ``(space, identity or None, rows or None, matrix)``, as the native side takes it.
        times_us: ``(created, updated)`` of records that bring their own, or None.
        own_vectors: Indices of the records that came with vectors and are not embedded; None
            stands for all of them.
    """

    __slots__ = ("first", "ids", "metadata", "own_vectors", "texts", "times_us", "vectors")

    def __init__(self, first: int, ids: list[str]) -> None:
        """Start a batch of records that have nothing but their ids."""
        self.first = first
        self.ids = ids
        self.texts: Sequence[str | None] | None = None
        self.metadata: Sequence[dict[str, Any] | None] | None = None
        self.vectors: list[NativeVectors] = []
        self.times_us: Sequence[tuple[int, int] | None] | None = None
        self.own_vectors: set[int] | None = set()

    def to_embed(self) -> tuple[list[int], list[str]]:
        """Give the rows, and their texts, that have text and no vector of their own."""
        if self.texts is None or self.own_vectors is None:
            return [], []
        rows = [
            row
            for row, text in enumerate(self.texts)
            if text is not None and row not in self.own_vectors
        ]
        return rows, [self.texts[row] or "" for row in rows]

    def locate(self, error: EngramError) -> None:
        """Name the record in the whole input that an error about this batch is about."""
        row = error.details.get("index")
        if row is not None:
            index = self.first + int(row)
            error.details["index"] = str(index)
            error.message = f"record {index} ({self.ids[int(row)]!r}): {error.message}"


def bad_record(index: int, record_id: object, what: str, hint: str | None = None) -> InvalidInput:
    """Build the error for a record of the wrong shape."""
    name = f" ({record_id!r})" if isinstance(record_id, str) else ""
    return InvalidInput(
        "input.invalid",
        f"record {index}{name}: {what}",
        hint,
        {"index": str(index), "id": str(record_id)},
    )


def by_space(vectors: Any) -> dict[str, tuple[str | None, Any]]:
    """Give the `vectors` argument of `put_many` by space."""
    if vectors is None:
        return {}
    if hasattr(vectors, "items") and not hasattr(vectors, "dtype"):
        return {proper_str(space, "a space"): (None, matrix) for space, matrix in vectors.items()}
    return {"vector": (None, vectors)}


def from_records(records: Any, batch_size: int) -> Iterator[Batch]:
    """Choose the reader for what `put_many` was given."""
    if type(records).__module__.partition(".")[0] in {"pandas", "polars", "pyarrow"}:
        from engram.frames import from_frame, is_frame

        if is_frame(records):
            return from_frame(records, batch_size)
    if isinstance(records, (str, bytes)) or hasattr(records, "keys"):
        raise InvalidInput(
            "input.invalid",
            f"records is one {type(records).__name__}, not an iterable of dicts",
            "put_many([{...}, ...]); put(...) takes one record",
        )
    return from_rows(records, batch_size)


def from_rows(records: Iterable[Mapping[str, Any]], batch_records: int) -> Iterator[Batch]:
    """Read records given as mappings with the keys id, text, metadata, vector, vectors."""
    iterator = iter(records)
    first = 0
    while chunk := _take(iterator, first, batch_records):
        yield row_batch(chunk, first)
        first += len(chunk)


def one_record(record: Mapping[str, Any]) -> Batch:
    """Read one record, without a place in an input."""
    try:
        return next(from_rows([record], 1))
    except InvalidInput as error:
        error.message = error.message.replace("record 0", "the record", 1)
        error.details.pop("index", None)
        raise


def _take(
    iterator: Iterator[Mapping[str, Any]], first: int, batch_records: int
) -> list[Mapping[str, Any]]:
    """Take the records of one batch, checking that each is a mapping with known keys."""
    chunk: list[Mapping[str, Any]] = []
    chars = 0
    for record in islice(iterator, batch_records):
        index = first + len(chunk)
        if not isinstance(record, Mapping):
            raise bad_record(
                index,
                None,
                f"expected a mapping, got {type(record).__name__}",
                'each record is a dict such as {"id": "n1", "text": "..."}',
            )
        if not _KEYS.issuperset(record):
            unknown = ", ".join(sorted(str(key) for key in record if key not in _KEYS))
            raise bad_record(
                index,
                record.get("id"),
                f"unknown keys: {unknown}",
                "the keys are id, text, metadata, vector, vectors; other facts go into metadata",
            )
        _check_id(record.get("id"), index)
        chunk.append(record)
        text = record.get("text")
        chars += len(text) if isinstance(text, str) else 0
        if chars >= BATCH_TEXT_CHARS:
            break
    return chunk


def row_batch(chunk: Sequence[Mapping[str, Any]], first: int) -> Batch:
    """Turn mappings into columns; ``identities`` names the embedder of vectors, by space."""
    batch = Batch(first, [record["id"] for record in chunk])
    texts = [record.get("text") for record in chunk]
    if any(text is not None for text in texts):
        batch.texts = texts
    for row, text in enumerate(texts):
        _check_text(text, first + row, batch.ids[row])
    metadata = [record.get("metadata") for record in chunk]
    if any(values is not None for values in metadata):
        batch.metadata = [
            _metadata(values, first + row, batch.ids[row]) for row, values in enumerate(metadata)
        ]
    spaces: dict[tuple[str, str | None], tuple[list[int], list[Any]]] = {}
    own: set[int] = set()
    for row, record in enumerate(chunk):
        identities = record.get("identities") or {}
        for space, vector in vectors_of(record, first + row).items():
            rows, values = spaces.setdefault((space, identities.get(space)), ([], []))
            rows.append(row)
            values.append(vector)
            own.add(row)
    batch.own_vectors = own
    for (space, identity), (rows, values) in spaces.items():
        for part in same_length(rows, values):
            batch.vectors.append((space, identity, part[0], part[1]))
    return batch


def same_length(rows: list[int], vectors: list[Any]) -> Iterator[tuple[list[int], list[Any]]]:
    """Split vectors into runs of one length, so that a wrong one is refused by its own record."""
    groups: dict[int, tuple[list[int], list[Any]]] = {}
    for row, vector in zip(rows, vectors, strict=True):
        length = len(vector) if hasattr(vector, "__len__") else -1
        members = groups.setdefault(length, ([], []))
        members[0].append(row)
        members[1].append(vector)
    yield from groups.values()


def vectors_of(record: Mapping[str, Any], index: int) -> dict[str, Any]:
    """Give a record's own vectors by space, ``vector`` being the one named "vector"."""
    named = record.get("vectors")
    if named is not None and not isinstance(named, Mapping):
        raise bad_record(
            index,
            record.get("id"),
            f"vectors is {type(named).__name__}, not a mapping",
            'vectors={"title": [...], "body": [...]}',
        )
    vectors = {proper_str(k, "a vector's name"): v for k, v in (named or {}).items()}
    vectors = {name: vector for name, vector in vectors.items() if vector is not None}
    if record.get("vector") is not None:
        if DEFAULT_SPACE in vectors:
            raise bad_record(
                index, record.get("id"), 'vector= and vectors={"vector": ...} are the same space'
            )
        if not _is_dense(record["vector"]):
            raise bad_record(
                index,
                record.get("id"),
                "vector= is not one dense vector",
                'sparse and multi-vectors go by name: vectors={"tokens": matrix}',
            )
        vectors[DEFAULT_SPACE] = record["vector"]
    return vectors


def _is_dense(vector: Any) -> bool:
    """Say whether an embedding is one vector rather than weights by dimension or a matrix."""
    if hasattr(vector, "keys") or getattr(vector, "ndim", 1) > 1:
        return False
    return not (isinstance(vector, (list, tuple)) and vector and hasattr(vector[0], "__len__"))


def _metadata(values: object, index: int, record_id: str) -> dict[str, Any] | None:
    """Check that metadata is a mapping and make it a dict."""
    if values is None or type(values) is dict:
        return values
    if isinstance(values, Mapping):
        return dict(values)
    raise bad_record(
        index, record_id, f"metadata is {type(values).__name__}, not a mapping", "metadata={...}"
    )


def from_columns(  # noqa: PLR0913 - one argument per column
    ids: Sequence[str],
    texts: Sequence[str | None] | None,
    metadata: Sequence[Mapping[str, Any] | None] | None,
    vectors: Mapping[str, tuple[str | None, Any]],
    batch_records: int,
    first: int = 0,
    times_us: Sequence[tuple[int, int] | None] | None = None,
) -> Iterator[Batch]:
    """Read records given as columns of one length.

    Args:
        ids: Their ids.
        texts: Their texts, or None for no text at all.
        metadata: Their metadata, or None for none at all.
        vectors: ``(identity, matrix)`` by space: a NumPy array ``(n, dimension)`` or a sequence of
            vectors, in which None stands for a record without.
        batch_records: Records per batch.
        first: Index of the first record in the whole input.
        times_us: ``(created, updated)`` of each record that brings its own.
    """
    count = len(ids)
    columns = {"texts": texts, "metadata": metadata, "times": times_us}
    columns |= {f"vectors[{space!r}]": matrix for space, (_, matrix) in vectors.items()}
    for name, column in columns.items():
        if column is not None and len(column) != count:
            raise InvalidInput(
                "input.invalid",
                f"{name} has {len(column)} entries for {count} ids",
                "every column has one entry per id, in the same order",
            )
    start = 0
    while start < count:
        stop = _batch_end(texts, start, min(start + batch_records, count))
        yield _column_batch(
            Batch(first + start, _checked_ids(ids, start, stop, first)),
            texts[start:stop] if texts is not None else None,
            metadata[start:stop] if metadata is not None else None,
            {name: (who, matrix[start:stop]) for name, (who, matrix) in vectors.items()},
            times_us[start:stop] if times_us is not None else None,
        )
        start = stop


def _batch_end(texts: Sequence[str | None] | None, start: int, stop: int) -> int:
    """Find where a batch ends: at `stop`, or earlier where its texts are long."""
    if texts is None:
        return stop
    chars = 0
    for row in range(start, stop):
        text = texts[row]
        chars += len(text) if isinstance(text, str) else 0
        if chars >= BATCH_TEXT_CHARS:
            return row + 1
    return stop


def _checked_ids(ids: Sequence[str], start: int, stop: int, first: int) -> list[str]:
    """Give the ids of one batch as a list of str."""
    part = list(ids[start:stop])
    for row, record_id in enumerate(part):
        _check_id(record_id, first + start + row)
    return part


def _check_id(record_id: object, index: int) -> None:
    """Check that an id is text."""
    try:
        proper_str(record_id, "the id")
    except InvalidInput as error:
        raise bad_record(index, record_id, error.message, "every record needs an id") from error


def _check_text(text: object, index: int, record_id: str) -> None:
    """Check that a text is text, or None."""
    try:
        optional_str(text, "text")
    except InvalidInput as error:
        raise bad_record(index, record_id, error.message, error.hint) from error


def _column_batch(
    batch: Batch,
    texts: Sequence[str | None] | None,
    metadata: Sequence[Mapping[str, Any] | None] | None,
    vectors: Mapping[str, tuple[str | None, Any]],
    times_us: Sequence[tuple[int, int] | None] | None,
) -> Batch:
    """Fill a batch from slices of columns."""
    if texts is not None:
        batch.texts = list(texts)
        for row, text in enumerate(batch.texts):
            _check_text(text, batch.first + row, batch.ids[row])
    if metadata is not None:
        batch.metadata = [
            _metadata(values, batch.first + row, batch.ids[row])
            for row, values in enumerate(metadata)
        ]
    batch.times_us = times_us
    for space, (identity, matrix) in vectors.items():
        if hasattr(matrix, "dtype"):
            batch.vectors.append((space, identity, None, matrix))
            batch.own_vectors = None
            continue
        rows = [row for row, vector in enumerate(matrix) if vector is not None]
        for part in same_length(rows, [matrix[row] for row in rows]):
            batch.vectors.append((space, identity, part[0], part[1]))
        if batch.own_vectors is not None:
            batch.own_vectors.update(rows)
    return batch
