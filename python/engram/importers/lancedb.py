"""Tables of LanceDB.

Owns: reading tables through lancedb, and which column means what: one column of ids, one of texts,
columns of vectors by their Arrow type, everything else metadata.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from engram.errors import InvalidInput, Io
from engram.frames import arrow_vectors
from engram.importers.carrying import BATCH_RECORDS, Found, Rows, carry, chosen, foreign, package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engram.database import Database
    from engram.importers.carrying import ImportReport
    from engram.types import Metric

__all__ = ["import_lancedb"]


def import_lancedb(  # noqa: PLR0913 - the options of an import
    database: Database,
    source: str | os.PathLike[str] | Any,
    *,
    collections: Sequence[str] | None = None,
    into: str | None = None,
    metric: Metric | None = None,
    id_column: str = "id",
    text_column: str = "text",
    batch_size: int = BATCH_RECORDS,
    progress: Callable[[int, int | None], None] | None = None,
) -> ImportReport:
    """Carry tables over from LanceDB.

    A column of vectors (fixed-size lists of floats) becomes the space ``"vector"`` where it is the
    only one, else the space of its name; a column of lists of vectors becomes a multi-vector space.

    Args:
        database: Where they go; records of the same ids there are replaced.
        source: A folder or URI as `lancedb.connect` takes it, or a connection.
        collections: Which tables; all unless given.
        into: What to call the one table that is imported; its own name unless given.
        metric: ``"cosine"``, ``"dot"`` or ``"l2"``; that of the tables' vector indexes unless
            given, and l2 where there is none, as LanceDB searches then.
        id_column: The column of ids; numbers become text.
        text_column: The column of texts, where there is one.
        batch_size: Records that are read, and committed, at a time.
        progress: Called with records done and records in all.

    Raises:
        MissingExtra: ``extra.missing`` without lancedb.
        InvalidInput: ``input.invalid`` where a table has no such column of ids.
        Io: ``file.not_found``, ``io.failed`` with what lancedb says.
        NotFound: ``collection.not_found``.
        Conflict: ``collection.mismatch`` where a collection here has another metric.
    """
    lancedb = package("lancedb", "lancedb")
    connection: Any = source
    if isinstance(source, (str, os.PathLike)):
        place = os.fsdecode(source)
        if "://" not in place and not os.path.isdir(place):  # noqa: PTH112 - a URI is no Path
            raise Io("file.not_found", f"there is no folder {place}", "the one given to connect()")
        with foreign("lancedb", place):
            connection = lancedb.connect(place)
    with foreign("lancedb", source):
        names = chosen(_names(connection), collections)
        found = [
            _found(connection.open_table(name), name, id_column, text_column, batch_size)
            for name in names
        ]
    return carry("lancedb", database, found, into, metric, progress)


def _names(connection: Any) -> list[str]:
    """List the tables, page by page."""
    names: list[str] = []
    token = None
    while True:
        page = connection.list_tables(page_token=token)
        names += page.tables
        token = page.page_token
        if not token:
            return names


def _found(table: Any, name: str, id_column: str, text_column: str, batch_size: int) -> Found:
    """Describe a table."""
    columns = list(table.schema.names)
    if id_column not in columns:
        raise InvalidInput(
            "input.invalid",
            f"table {name!r} has no column {id_column!r} of ids; it has {', '.join(columns)}",
            "name it with id_column=",
        )
    import pyarrow as pa

    vectors = [one.name for one in table.schema if _is_vector(pa, one.type)]
    multi = [one.name for one in table.schema if _is_multi(pa, one.type)]
    metrics = set()
    for index in table.list_indices():
        if index.columns[0] in vectors + multi:
            metrics.add(table.index_stats(index.name).distance_type)
    spaces = {one: one if len(vectors + multi) > 1 else "vector" for one in vectors + multi}
    rows = _rows(table, (id_column, text_column), spaces, multi, batch_size)
    return Found(name, metrics or {"l2"}, table.count_rows(), rows)


def _is_vector(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_fixed_size_list(kind) and pa.types.is_floating(kind.value_type))


def _is_multi(pa: Any, kind: Any) -> bool:
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    return bool(is_list and _is_vector(pa, kind.value_type))


def _rows(
    table: Any, named: tuple[str, str], spaces: dict[str, str], multi: list[str], batch_size: int
) -> Iterator[Rows]:
    """Read a table."""
    id_column, text_column = named
    for batch in table.search().to_batches(batch_size):
        columns = {
            name: batch.column(name).to_pylist()
            for name in batch.schema.names
            if name not in spaces or name in multi
        }
        vectors = {
            space: columns.pop(name) if name in multi else arrow_vectors(batch.column(name))
            for name, space in spaces.items()
        }
        ids = [_id(one) for one in columns.pop(id_column)]
        texts = columns.pop(text_column, None)
        if texts is not None and not all(isinstance(one, str | None) for one in texts):
            columns[text_column], texts = texts, None
        metadata = [
            {name: column[row] for name, column in columns.items() if column[row] is not None}
            for row in range(len(ids))
        ]
        yield Rows(ids, texts, metadata, vectors)


def _id(value: Any) -> str:
    """Give an id as text."""
    if value is None:
        raise InvalidInput(
            "input.invalid", "a row has no id", "name another column with id_column="
        )
    return str(value)
