"""Data frames and Arrow tables on their way in: pandas, polars, pyarrow.

Owns: which column means what. ``id``, ``text``, ``metadata`` (mappings or JSON text), ``vector``,
``vectors.<space>``; every other column becomes a metadata key, and an empty cell leaves it out.
Invariant: none of the three packages is imported here; a frame brings its own. Frames are read
slice by slice, so memory stays at one batch.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from engram.errors import InvalidInput
from engram.ingest import Batch, bad_record, from_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["SPACE_PREFIX", "arrow_vectors", "from_frame", "is_frame"]

SPACE_PREFIX = "vectors."
"""A column of this name followed by a space's name holds the vectors of that space."""

_KINDS = {
    ("pandas", "DataFrame"),
    ("polars", "DataFrame"),
    ("polars", "LazyFrame"),
    ("pyarrow", "Table"),
    ("pyarrow", "RecordBatch"),
}


def is_frame(records: object) -> bool:
    """Say whether an object is a data frame or table of a known package."""
    return _kind(records) in _KINDS


def _kind(records: object) -> tuple[str, str]:
    kind = type(records)
    return (kind.__module__.partition(".")[0], kind.__name__)


def from_frame(frame: Any, batch_records: int, first: int = 0) -> Iterator[Batch]:
    """Read a frame batch by batch; `first` is the index of its first row in the whole input.

    Raises:
        InvalidInput: ``input.invalid`` where it has no ``id`` column, or is lazy.
    """
    package, name = _kind(frame)
    if name == "LazyFrame":
        raise InvalidInput("input.invalid", "a lazy frame has no rows yet", "call .collect() first")
    names = [str(n) for n in (frame.schema.names if package == "pyarrow" else frame.columns)]
    if "id" not in names:
        raise InvalidInput(
            "input.invalid",
            f"the frame has no column 'id'; it has {', '.join(names) or 'none'}",
            "name the column of the ids 'id'",
        )
    read: Callable[[str, int, int], Any] = {
        "pyarrow": _arrow_reader,
        "pandas": _pandas_reader,
        "polars": _polars_reader,
    }[package](frame)
    count = len(frame) if package != "pyarrow" else frame.num_rows
    for start in range(0, count, batch_records):
        stop = min(start + batch_records, count)
        yield from _slice(read, names, start, stop, first)


def _slice(
    read: Callable[[str, int, int], Any], names: Sequence[str], start: int, stop: int, first: int
) -> Iterator[Batch]:
    """Read the columns of some rows."""
    columns = {name: read(name, start, stop) for name in names}
    ids = columns.pop("id")
    texts = columns.pop("text", None)
    vectors = {
        ("vector" if name == "vector" else name[len(SPACE_PREFIX) :]): (None, columns.pop(name))
        for name in names
        if name == "vector" or name.startswith(SPACE_PREFIX)
    }
    metadata = _metadata(columns, ids, first + start)
    yield from from_columns(
        ids,
        None if texts is None else [None if _is_missing(text) else text for text in texts],
        metadata,
        vectors,
        stop - start,
        first=first + start,
    )


def _metadata(
    columns: dict[str, Any], ids: Sequence[str], start: int
) -> list[dict[str, Any] | None] | None:
    """Merge the metadata column with the remaining columns."""
    given = columns.pop("metadata", None)
    if given is None and not columns:
        return None
    merged: list[dict[str, Any] | None] = []
    for row in range(len(ids)):
        values = _mapping(given[row], start + row, ids[row]) if given is not None else {}
        for name, column in columns.items():
            value = _plain(column[row])
            if not _is_missing(value):
                values[name] = value
        merged.append(values)
    return merged


def _mapping(value: object, index: int, record_id: str) -> dict[str, Any]:
    """Read one cell of a metadata column."""
    if _is_missing(value):
        return {}
    if isinstance(value, str):
        import json

        try:
            value = json.loads(value)
        except ValueError as cause:
            raise bad_record(index, record_id, f"metadata is no JSON: {cause}") from cause
    if not isinstance(value, dict):
        raise bad_record(index, record_id, f"metadata is {type(value).__name__}, not a mapping")
    return dict(value)


def _plain(value: Any) -> Any:
    """Make a cell JSON-able: NumPy scalars and arrays by value, dates and times as ISO 8601."""
    if isinstance(value, (datetime, date, time)):
        return None if _is_missing(value) else value.isoformat()
    return value.tolist() if hasattr(value, "tolist") else value


def _is_missing(value: Any) -> bool:
    """Say whether a cell is empty: None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124 - NaN is not itself


def _pandas_reader(frame: Any) -> Callable[[str, int, int], Any]:
    def read(name: str, start: int, stop: int) -> Any:
        return [None if _is_missing(v) else v for v in frame[name].iloc[start:stop].tolist()]

    return read


def _polars_reader(frame: Any) -> Callable[[str, int, int], Any]:
    def read(name: str, start: int, stop: int) -> Any:
        return frame[name].slice(start, stop - start).to_list()

    return read


def _arrow_reader(table: Any) -> Callable[[str, int, int], Any]:
    def read(name: str, start: int, stop: int) -> Any:
        column = table.column(name).slice(start, stop - start)
        if name == "vector" or name.startswith(SPACE_PREFIX):
            return arrow_vectors(column)
        return column.to_pylist()

    return read


def arrow_vectors(column: Any) -> Any:
    """Read a vector column: a matrix where every row has one, else a list with None."""
    chunks = column.chunks if hasattr(column, "chunks") else [column]
    if not all(hasattr(chunk, "value_lengths") for chunk in chunks):
        return column.to_pylist()
    rows: list[Any] = []
    for chunk in chunks:
        valid = chunk.is_valid().to_pylist()
        lengths = set(chunk.drop_null().value_lengths().to_pylist()) if any(valid) else {0}
        if len(lengths) != 1:
            return column.to_pylist()
        matrix = chunk.flatten().to_numpy(zero_copy_only=False).reshape(sum(valid), lengths.pop())
        if all(valid) and len(chunks) == 1:
            return matrix
        vectors = iter(matrix)
        rows.extend(next(vectors) if one else None for one in valid)
    return rows
