"""``engram import``: records from files, and collections from other vector stores.

Owns: the sub-words of ``import``, one for each system of `engram.importers`, and how a report is
shown. What begins with no sub-word is the import of a file of records.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

import engram
from engram.cli.output import DatabaseArgument, JsonOption, print_json, print_line, progress_bar
from engram.cli.transfer import import_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from engram.importers import ImportReport

__all__ = ["app"]

OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="NAME", help="Only this collection of the source; repeatable."),
]
IntoOption = Annotated[
    str | None,
    typer.Option(
        "--collection", "-c", metavar="NAME", help="What to call the one that is imported."
    ),
]
MetricOption = Annotated[
    str | None, typer.Option("--metric", help="cosine, dot or l2, where the source's is another.")
]
TextColumnOption = Annotated[
    str, typer.Option("--text-column", help="The column that becomes the text.")
]


class _ImportGroup(TyperGroup):
    """Takes what begins with no sub-word for the import of a file."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the sub-word in where it was left out."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["file", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_ImportGroup,
    help="Put the records of a file, or the collections of another vector store, into a file.",
    no_args_is_help=True,
)
app.command("file")(import_file)


@app.command("chroma")
def chroma(
    file: DatabaseArgument,
    source: Annotated[Path, typer.Argument(help="The folder of a persistent client.")],
    *,
    only: OnlyOption = None,
    into: IntoOption = None,
    metric: MetricOption = None,
    as_json: JsonOption = False,
) -> None:
    """Carry collections over from Chroma."""
    _run(file, "import_chroma", source, _options(only, into, metric), as_json=as_json)


@app.command("lancedb")
def lancedb(
    file: DatabaseArgument,
    source: Annotated[str, typer.Argument(help="The folder or URI of a database.")],
    *,
    only: OnlyOption = None,
    into: IntoOption = None,
    metric: MetricOption = None,
    id_column: Annotated[str, typer.Option("--id-column", help="The column of ids.")] = "id",
    text_column: TextColumnOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Carry tables over from LanceDB."""
    options = _options(only, into, metric) | {"id_column": id_column, "text_column": text_column}
    _run(file, "import_lancedb", source, options, as_json=as_json)


@app.command("qdrant")
def qdrant(
    file: DatabaseArgument,
    source: Annotated[
        str, typer.Argument(help="The folder of a local client or shard, or a server's URL.")
    ],
    *,
    only: OnlyOption = None,
    into: IntoOption = None,
    metric: MetricOption = None,
    text_key: Annotated[
        str, typer.Option("--text-key", help="The field of the payload that becomes the text.")
    ] = "text",
    as_json: JsonOption = False,
) -> None:
    """Carry collections over from Qdrant."""
    options = _options(only, into, metric) | {"text_key": text_key}
    _run(file, "import_qdrant", source, options, as_json=as_json)


@app.command("faiss")
def faiss(
    file: DatabaseArgument,
    source: Annotated[Path, typer.Argument(help="The file of an index.")],
    *,
    records: Annotated[
        Path | None,
        typer.Option("--records", help="JSON Lines with id, text, metadata of each vector."),
    ] = None,
    into: IntoOption = None,
    metric: MetricOption = None,
    as_json: JsonOption = False,
) -> None:
    """Carry an index over from FAISS."""
    options = {"records": records, "into": into, "metric": metric}
    _run(file, "import_faiss", source, options, as_json=as_json)


@app.command("sqlite-vec")
def sqlite_vec(
    file: DatabaseArgument,
    source: Annotated[Path, typer.Argument(help="The SQLite file.")],
    *,
    only: OnlyOption = None,
    into: IntoOption = None,
    metric: MetricOption = None,
    records_table: Annotated[
        str | None, typer.Option("--records-table", help="A table that holds more of each record.")
    ] = None,
    key_column: Annotated[
        str, typer.Option("--key-column", help="Its column that holds the id of the vector.")
    ] = "rowid",
    text_column: TextColumnOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Carry vec0 tables over from sqlite-vec."""
    options = _options(only, into, metric)
    options |= {
        "records_table": records_table,
        "key_column": key_column,
        "text_column": text_column,
    }
    _run(file, "import_sqlite_vec", source, options, as_json=as_json)


def _options(only: list[str] | None, into: str | None, metric: str | None) -> dict[str, Any]:
    return {"collections": only or None, "into": into, "metric": metric}


def _run(
    file: Path,
    importer: str,
    source: object,
    options: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    """Run an import and show its report."""
    # Loads NumPy, which the other commands start without.
    from engram import importers

    run: Callable[..., ImportReport] = getattr(importers, importer)
    with engram.open(file, embedder=None) as db, progress_bar("importing") as progress:
        report = run(db, source, **options, progress=progress)
    if as_json:
        print_json(report.to_dict())
        return
    for one in report.collections:
        vectors = ", ".join(f"{name} {count:,}" for name, count in one.vectors.items()) or "none"
        print_line(
            f"imported {one.records:,} records of {one.name!r} into {one.collection!r} "
            f"({one.metric}; {one.texts:,} texts; vectors: {vectors})"
        )
        for what, count in one.changed.items():
            print_line(f"  changed {count:,}: {what}")
        for what, count in one.left_out.items():
            print_line(f"  left out {count:,}: {what}")
        for note in one.notes:
            print_line(f"  {note}")
