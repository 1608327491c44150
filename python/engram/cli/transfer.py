"""``engram export, import``: records in files of common formats.

Owns: how transfers are shown. The formats are those of `Collection.export`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import engram
from engram.cli.output import (
    DEFAULT_COLLECTION,
    CollectionOption,
    DatabaseArgument,
    JsonOption,
    WhereOption,
    existing,
    opened,
    print_json,
    print_line,
    progress_bar,
)

FormatOption = Annotated[
    str | None, typer.Option("--format", help="jsonl or parquet, where the name does not tell.")
]


def export(
    file: DatabaseArgument,
    target: Annotated[Path, typer.Argument(help=".jsonl, .jsonl.gz or .parquet")],
    *,
    collection: CollectionOption = DEFAULT_COLLECTION,
    where: WhereOption = None,
    format_name: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a collection to JSON Lines or Parquet, exactly."""
    with opened(file) as db, progress_bar("exporting") as progress:
        written = existing(db, collection).export(
            target,
            format_name,  # type: ignore[arg-type]  # export checks it
            where=where,
            progress=progress,
        )
    if as_json:
        print_json({"exported": written, "path": str(target)})
    else:
        print_line(f"exported {written:,} records to {target}")


def import_file(
    file: DatabaseArgument,
    origin: Annotated[Path, typer.Argument(help=".jsonl, .jsonl.gz or .parquet")],
    *,
    collection: CollectionOption = DEFAULT_COLLECTION,
    format_name: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put the records of a JSON Lines or Parquet file into a collection."""
    with engram.open(file) as db, progress_bar("importing") as progress:
        read = db.collection(collection).import_(
            origin,
            format_name,  # type: ignore[arg-type]  # import_ checks it
            progress=progress,
        )
    if as_json:
        print_json({"imported": read, "path": str(origin)})
    else:
        print_line(f"imported {read:,} records into {collection!r}")
