"""Records in files of common formats: JSON Lines and Parquet, both ways.

Owns: the two file forms (docs/reference/export.md) and how a file is written whole or not at all.
Invariant: import of an export gives equal records: text, metadata, vectors bit by bit, embedder
identities, created and updated times, and the edges between them (`engram.transfer_edges`). Limits:
memory stays at one batch.
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engram.errors import EngramError, InvalidInput, NotFound, _missing_extra
from engram.files import io_error, open_text, replacing
from engram.frames import SPACE_PREFIX, arrow_vectors, from_frame
from engram.ingest import Batch, from_columns, row_batch
from engram.json_values import from_json, to_json
from engram.records import _iso, plain
from engram.transfer_edges import (
    EDGES_COLUMN,
    EdgesOut,
    arrow_edges,
    arrow_type,
    bad_edges,
    line_edges,
    table_edges,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from engram._native import Row, View
    from engram.edges import EdgeIn

__all__ = ["export_records", "import_batches", "import_edges"]

_ROWS = 512
"""Records read, converted and written at a time."""

_LINE_KEYS = frozenset(
    {
        "id",
        "text",
        "metadata",
        "created",
        "updated",
        "vector",
        "vectors",
        "identities",
        EDGES_COLUMN,
    }
)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SCHEMA_KEY = b"engram"


def export_records(
    view: View,
    collection: str,
    path: str | os.PathLike[str],
    format: str | None,
    where: str | None,
    progress: Callable[[int, int | None], None] | None,
) -> int:
    """Write a collection's records to a file; see `CollectionView.export`."""
    target = os.fspath(path)
    kind = _format(target, format)
    total = view.count(collection, where, False)
    described = view.describe(collection)
    if described is None:
        raise NotFound("collection.not_found", f"there is no collection {collection!r}")
    cursor = view.scan(collection, where, False, True)

    def rows() -> Iterator[list[Row]]:
        done = 0
        while batch := cursor.next_batch(_ROWS):
            yield batch
            done += len(batch)
            if progress is not None:
                progress(done, total)

    write = _write_parquet if kind == "parquet" else _write_lines
    with replacing(target) as temporary:
        write(temporary, target, described, rows(), EdgesOut(view, collection, where))
    return total


def _write_lines(
    temporary: Path,
    target: str,
    described: Mapping[str, Any],
    rows: Iterator[list[Row]],
    edges: EdgesOut,
) -> None:
    """Write one JSON object per line."""
    identities = {
        space["name"]: json.loads(space["identity"])
        for space in described["spaces"]
        if space["identity"] is not None
    }
    with open_text(temporary, "w", compressed=target.endswith(".gz")) as stream:
        for batch in rows:
            for record_id, text, metadata, created_us, updated_us, vectors in batch:
                line: dict[str, Any] = {
                    "id": record_id,
                    "text": text,
                    "metadata": to_json(metadata),
                    "created": _iso(created_us),
                    "updated": _iso(updated_us),
                    "vectors": {name: plain(v) for name, v in (vectors or {}).items()},
                }
                made_by = {name: identities[name] for name in vectors or () if name in identities}
                if made_by:
                    line["identities"] = made_by
                if own := edges.of(record_id):
                    line[EDGES_COLUMN] = own
                stream.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
                stream.write("\n")


def _write_parquet(
    temporary: Path,
    target: str,
    described: Mapping[str, Any],
    rows: Iterator[list[Row]],
    edges: EdgesOut,
) -> None:
    """Write a Parquet file with one column per vector space, and one of edges where any are."""
    del target
    pa, parquet = _pyarrow()
    spaces = described["spaces"]
    for space in spaces:
        if space["kind"] != "dense":
            raise InvalidInput(
                "input.invalid",
                f"the space {space['name']!r} is {space['kind']}; Parquet files hold dense ones",
                "export to .jsonl, which holds every kind",
            )
    moment = pa.timestamp("us", tz="UTC")
    fields = [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.string()),
        pa.field("metadata", pa.string(), nullable=False),
        pa.field("created", moment, nullable=False),
        pa.field("updated", moment, nullable=False),
    ]
    # Not lists of a fixed size: pyarrow before 26 cannot read those back where some are null.
    fields += [pa.field(SPACE_PREFIX + space["name"], pa.list_(pa.float32())) for space in spaces]
    if edges.any:
        fields.append(pa.field(EDGES_COLUMN, arrow_type(pa)))
    facts = {"version": 1, "collection": described["name"]}
    facts |= {key: described[key] for key in ("metric", "language", "stop_words", "k1", "b")}
    facts["identities"] = {space["name"]: space["identity"] for space in spaces}
    schema = pa.schema(fields, metadata={_SCHEMA_KEY: json.dumps(facts)})
    with parquet.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for batch in rows:
            columns = [
                [row[0] for row in batch],
                [row[1] for row in batch],
                [json.dumps(to_json(row[2]), ensure_ascii=False) for row in batch],
                [row[3] for row in batch],
                [row[4] for row in batch],
            ]
            columns += [[(row[5] or {}).get(space["name"]) for row in batch] for space in spaces]
            if edges.any:
                columns.append([arrow_edges(edges.of(row[0])) for row in batch])
            arrays = [
                pa.array(column, type=field.type)
                for column, field in zip(columns, schema, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def import_batches(
    path: str | os.PathLike[str],
    format: str | None,
    batch_records: int,
) -> tuple[Iterator[Batch], int | None]:
    """Open a file for import: its records in batches, and how many where the file says."""
    source = os.fspath(path)
    if batch_records < 1:
        raise InvalidInput("input.invalid", f"batch_size is {batch_records}, below 1")
    if _format(source, format) == "parquet":
        return _read_parquet(source, batch_records)
    return _read_lines(source, batch_records), None


def import_edges(path: str | os.PathLike[str], format: str | None) -> Iterator[EdgeIn]:
    """Read the edges of a file whose records were read without an error."""
    source = os.fspath(path)
    if _format(source, format) == "parquet":
        _, parquet = _pyarrow()
        file = parquet.ParquetFile(source)
        exported = _SCHEMA_KEY in (file.schema_arrow.metadata or {})
        return table_edges(file) if exported else iter(())
    return line_edges(source)


def _read_lines(source: str, batch_records: int) -> Iterator[Batch]:
    """Read JSON Lines."""
    first = 0
    chunk: list[dict[str, Any]] = []
    try:
        with open_text(source, "r", compressed=source.endswith(".gz")) as stream:
            for number, line in enumerate(stream, start=1):
                if not line.strip():
                    continue
                chunk.append(_line_record(line, number))
                if len(chunk) == batch_records:
                    yield _line_batch(chunk, first)
                    first += len(chunk)
                    chunk = []
    except (OSError, EOFError, UnicodeDecodeError) as cause:
        if isinstance(cause, EngramError):
            raise
        raise io_error(f"reading {source}", cause, source) from cause
    if chunk:
        yield _line_batch(chunk, first)


def _line_record(line: str, number: int) -> dict[str, Any]:
    """Read one line: a JSON object with an id."""
    try:
        record = json.loads(line)
    except ValueError as cause:
        raise _bad_line(number, f"is no JSON: {cause}") from cause
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        raise _bad_line(number, 'is no record: expected an object with an "id" of text')
    unknown = sorted(record.keys() - _LINE_KEYS)
    if unknown:
        raise _bad_line(number, f"has unknown keys: {', '.join(unknown)}")
    identities = record.get("identities")
    if identities is not None:
        if not isinstance(identities, dict):
            raise _bad_line(number, "has identities that are no object")
        record["identities"] = {
            space: json.dumps(who, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            for space, who in identities.items()
        }
    _read_values(record, number)
    vectors = record.get("vectors")
    if isinstance(vectors, dict):
        record["vectors"] = {space: _embedding(v, number) for space, v in vectors.items()}
    for key in ("created", "updated"):
        if key in record:
            record[key] = _moment_us(record[key], number)
    return record


def _read_values(record: dict[str, Any], number: int) -> None:
    """Read the bytes in the metadata of a line, and look at its edges, which are put later."""
    edges = record.pop(EDGES_COLUMN, [])
    if bad_edges(edges):
        raise _bad_line(number, "has edges that are no list of objects with type and target")
    try:
        if "metadata" in record:
            record["metadata"] = from_json(record["metadata"])
        for edge in edges:
            from_json(edge.get("properties"))
    except ValueError as cause:
        raise _bad_line(number, f"has bytes that are no base64: {cause}") from cause


def _embedding(value: Any, number: int) -> Any:
    """Read an embedding of a line: keys of a JSON object are texts, dimensions are numbers."""
    if not isinstance(value, dict):
        return value
    try:
        return {int(dimension): weight for dimension, weight in value.items()}
    except ValueError as cause:
        raise _bad_line(number, "has a sparse vector whose dimensions are no numbers") from cause


def _bad_line(number: int, what: str) -> InvalidInput:
    return InvalidInput(
        "input.invalid",
        f"line {number} {what}",
        'one JSON object per line: {"id": "...", "text": "...", "metadata": {...}}',
        {"line": str(number)},
    )


def _moment_us(value: object, number: int) -> int:
    """Read an ISO 8601 time with a zone."""
    try:
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        return (moment - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, TypeError) as cause:
        raise _bad_line(number, f"has no time with a zone: {value!r}") from cause


def _line_batch(chunk: list[dict[str, Any]], first: int) -> Batch:
    """Turn the records of some lines into a batch; a ``vectors`` key says: embed nothing."""
    batch = row_batch(chunk, first)
    told = {row for row, record in enumerate(chunk) if "vectors" in record}
    batch.own_vectors = (batch.own_vectors or set()) | told
    times = [
        (record.get("created", record.get("updated")), record.get("updated", record.get("created")))
        for record in chunk
    ]
    if any(created is not None for created, _ in times):
        batch.times_us = [
            (created, updated) if created is not None and updated is not None else None
            for created, updated in times
        ]
    return batch


def _read_parquet(source: str, batch_records: int) -> tuple[Iterator[Batch], int]:
    """Open a Parquet file: an export, or any table with an ``id`` column."""
    _, parquet = _pyarrow()
    try:
        file = parquet.ParquetFile(source)
    except (OSError, ValueError) as cause:
        raise io_error(f"reading {source}", cause, source) from cause
    exported = (file.schema_arrow.metadata or {}).get(_SCHEMA_KEY)
    facts = None if exported is None else json.loads(exported)

    def batches() -> Iterator[Batch]:
        first = 0
        for table in file.iter_batches(batch_size=batch_records):
            if facts is None:
                yield from from_frame(table, batch_records, first)
            else:
                yield from _exported(table, facts["identities"], first)
            first += table.num_rows

    return batches(), file.metadata.num_rows


def _exported(table: Any, identities: Mapping[str, str | None], first: int) -> Iterator[Batch]:
    """Read rows that `export` wrote."""
    created = table.column("created").cast("int64").to_pylist()
    updated = table.column("updated").cast("int64").to_pylist()
    vectors = {
        space: (identity, arrow_vectors(table.column(SPACE_PREFIX + space)))
        for space, identity in identities.items()
    }
    for batch in from_columns(
        table.column("id").to_pylist(),
        table.column("text").to_pylist(),
        [from_json(json.loads(text)) for text in table.column("metadata").to_pylist()],
        vectors,
        max(table.num_rows, 1),
        first,
        list(zip(created, updated, strict=True)),
    ):
        batch.own_vectors = None
        yield batch


def _format(path: str, format: str | None) -> str:
    """Decide on the format by argument or by name."""
    if format is not None:
        if format not in {"jsonl", "parquet"}:
            raise InvalidInput(
                "input.invalid", f"unknown format {format!r}", "one of: jsonl, parquet"
            )
        return format
    if path.endswith((".jsonl", ".jsonl.gz", ".ndjson")):
        return "jsonl"
    if path.endswith(".parquet"):
        return "parquet"
    raise InvalidInput(
        "input.invalid",
        f"the name {Path(path).name!r} does not tell a format",
        "name it .jsonl, .jsonl.gz or .parquet, or pass format=",
    )


def _pyarrow() -> tuple[Any, Any]:
    """Import pyarrow, or say how to install it."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as cause:
        raise _missing_extra("pyarrow", "parquet", "Parquet") from cause
    return pa, parquet
