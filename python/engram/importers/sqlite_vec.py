"""Tables of sqlite-vec.

Owns: reading ``vec0`` tables, and which of their columns are vectors. The package apsw brings an
SQLite that can load extensions, which that of Python often cannot.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engram.errors import InvalidInput, Io
from engram.importers.carrying import BATCH_RECORDS, Found, Rows, carry, chosen, foreign, package

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    from engram.database import Database
    from engram.importers.carrying import ImportReport
    from engram.types import Metric

__all__ = ["import_sqlite_vec"]

_ANY_CASE = re.IGNORECASE
_TABLE = re.compile(
    r"create\s+virtual\s+table\b.*?\busing\s+vec0\s*\((.*)\)", _ANY_CASE | re.DOTALL
)
_VECTOR = re.compile(r"\s*(\w+)\s+(float|f32|int8|i8|bit)\s*\[", _ANY_CASE)
_METRIC = re.compile(r"distance_metric\s*=\s*(\w+)", _ANY_CASE)
_TYPES = {"float": np.float32, "f32": np.float32, "int8": np.int8, "i8": np.int8}


def import_sqlite_vec(  # noqa: PLR0913 - the options of an import
    database: Database,
    source: str | os.PathLike[str],
    *,
    collections: Sequence[str] | None = None,
    into: str | None = None,
    metric: Metric | None = None,
    records_table: str | None = None,
    key_column: str = "rowid",
    text_column: str = "text",
    batch_size: int = BATCH_RECORDS,
    progress: Callable[[int, int | None], None] | None = None,
) -> ImportReport:
    """Carry ``vec0`` tables over from an SQLite database with sqlite-vec.

    A column of vectors becomes the space ``"vector"`` where it is the only one, else the space of
    its name; ``int8`` vectors become the same numbers in float32, ``bit`` vectors stay behind.
    The primary key, or the rowid, becomes the id, as text; other columns become metadata.

    Args:
        database: Where they go; records of the same ids there are replaced.
        source: The file.
        collections: Which ``vec0`` tables; all unless given.
        into: What to call the one table that is imported; its own name unless given.
        metric: ``"cosine"``, ``"dot"`` or ``"l2"``; that of the vectors' columns unless given.
        records_table: A plain table whose row with the same key holds more of a record: its columns
            become metadata, too.
        key_column: The column of `records_table` that holds the id of the vector.
        text_column: The column of either table that becomes a record's text where it is text.
        batch_size: Records that are read, and committed, at a time.
        progress: Called with records done and records in all.

    Raises:
        MissingExtra: ``extra.missing`` without apsw and sqlite-vec.
        InvalidInput: ``input.invalid`` where the columns of a table have several metrics, or one
            that is unknown here (``l1``), and `metric` is not given.
        Io: ``file.not_found``, ``io.failed`` with what SQLite says.
        NotFound: ``collection.not_found``.
        Conflict: ``collection.mismatch`` where a collection here has another metric.
    """
    apsw, sqlite_vec = package("apsw", "sqlite-vec"), package("sqlite_vec", "sqlite-vec")
    path = Path(source)
    if not path.is_file():
        raise Io("file.not_found", f"there is no file {path}", "check the path")
    more = (records_table, key_column, text_column)
    with foreign("sqlite-vec", path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        with foreign("sqlite-vec", path):
            connection.enable_load_extension(True)
            connection.load_extension(sqlite_vec.loadable_path())
            tables = dict(connection.execute("select name, sql from sqlite_master where sql <> ''"))
            there = [name for name, sql in tables.items() if _TABLE.match(sql)]
            names = chosen(there, collections)
            found = [_found(connection, name, tables, more, batch_size) for name in names]
        return carry("sqlite-vec", database, found, into, metric, progress)
    finally:
        connection.close()


def _found(
    connection: Any,
    name: str,
    tables: dict[str, str],
    more: tuple[str | None, str, str],
    batch_size: int,
) -> Found:
    """Describe a table."""
    matched = _TABLE.match(tables[name])
    assert matched is not None
    kinds: dict[str, str] = {}
    metrics, notes = set(), []
    for definition in matched.group(1).split(","):
        vector = _VECTOR.match(definition)
        if vector is None:
            continue
        column, kind = vector.group(1), vector.group(2).lower()
        kinds[column] = kind
        if kind == "bit":
            notes.append(f"the bit vectors of the column {column!r} stay behind")
            continue
        metric = _METRIC.search(definition)
        metrics.add(metric.group(1).lower() if metric else "l2")
    _check_records(connection, tables, more)
    count = next(iter(connection.execute(f"select count(*) from {_quoted(name)}")))[0]  # noqa: S608 - quoted
    rows = _rows(connection, name, kinds, more, batch_size)
    return Found(name, metrics or {"l2"}, count, rows, notes)


def _check_records(
    connection: Any, tables: dict[str, str], more: tuple[str | None, str, str]
) -> None:
    """Check that the table of records has the key. SQLite takes unknown columns for texts."""
    table, key_column, _ = more
    if table is None:
        return
    if table not in tables:
        raise InvalidInput(
            "input.invalid",
            f"there is no table {table!r}",
            f"tables of this file: {', '.join(sorted(tables))}",
        )
    columns = _columns(connection, table)
    if key_column != "rowid" and key_column not in columns:
        raise InvalidInput(
            "input.invalid",
            f"table {table!r} has no column {key_column!r}; it has {', '.join(columns)}",
            "name the one that holds the id of the vector with key_column=",
        )


def _quoted(name: str) -> str:
    """Write the name of a table or column."""
    return '"{}"'.format(name.replace('"', '""'))


def _rows(
    connection: Any,
    name: str,
    kinds: dict[str, str],
    more: tuple[str | None, str, str],
    batch_size: int,
) -> Iterator[Rows]:
    """Read a table."""
    vectors = [column for column, kind in kinds.items() if kind in _TYPES]
    columns = _columns(connection, name)
    key_column = next((column for column, is_key in columns.items() if is_key), "rowid")
    cursor = connection.execute(f"select * from {_quoted(name)}")  # noqa: S608 - quoted
    while batch := [row for _, row in zip(range(batch_size), cursor)]:
        records = [dict(zip(columns, row, strict=True)) for row in batch]
        keys = [record.pop(key_column) for record in records]
        spaces = {
            ("vector" if len(vectors) == 1 else column): [
                _numbers(record[column], kinds[column]) for record in records
            ]
            for column in vectors
        }
        for record in records:
            for column in kinds:
                del record[column]
        _join(connection, keys, records, more)
        texts: list[str | None] = []
        for record in records:
            own = isinstance(record.get(more[2]), str)
            texts.append(record.pop(more[2]) if own else None)
        kept = [{k: v for k, v in one.items() if v is not None} for one in records]
        yield Rows([str(key) for key in keys], texts, kept, spaces)


def _columns(connection: Any, name: str) -> dict[str, bool]:
    """List the columns that ``select *`` gives, and whether each is the key."""
    described = connection.execute(f"pragma table_xinfo({_quoted(name)})")
    return {row[1]: bool(row[5]) for row in described if not row[6]}


def _numbers(raw: bytes, kind: str) -> Any:
    """Read a vector; a row of a ``vec0`` table has every one."""
    return np.frombuffer(raw, dtype=np.dtype(_TYPES[kind]).newbyteorder("<")).astype(np.float32)


def _join(
    connection: Any,
    keys: list[Any],
    records: list[dict[str, Any]],
    more: tuple[str | None, str, str],
) -> None:
    """Add the columns of the table of records."""
    table, key_column, _ = more
    if table is None:
        return
    marks = ",".join("?" * len(keys))
    key = _quoted(key_column) if key_column != "rowid" else "rowid"
    names = _columns(connection, table)
    query = f"select {key}, * from {_quoted(table)} where {key} in ({marks})"  # noqa: S608 - quoted
    found = {row[0]: row[1:] for row in connection.execute(query, keys)}
    for record_key, record in zip(keys, records, strict=True):
        values = found.get(record_key)
        if values is not None:
            own = dict(zip(names, values, strict=True))
            own.pop(key_column, None)
            record.update(own)
