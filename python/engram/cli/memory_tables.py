"""``engram memory tables put, list, get, find``: tables of documents.

Owns: how tables and rows are shown. Everything is a call of `engram.Memory`.
"""

from __future__ import annotations

from typing import Annotated

import typer

from engram.cli.memory_options import (
    AccessListOption,
    AccessOption,
    AsOfOption,
    EmbedderOption,
    MemoryOption,
    MetadataOption,
    ScopeOption,
    TagOption,
    UriOption,
    opened_memory,
    put_options,
    searching,
    without_none,
)
from engram.cli.output import (
    DatabaseArgument,
    JsonOption,
    WhereOption,
    print_json,
    print_line,
    print_table,
    progress_bar,
)
from engram.errors import InvalidInput
from engram.memory.layout import DEFAULT_NAME

app = typer.Typer(help="Tables of documents, by row and cell.", no_args_is_help=True)

DocumentOption = Annotated[
    str | None, typer.Option("--document", help="Only of this document: its id, or its uri.")
]
_SHOWN = ("dict", "records", "csv")


@app.command("put")
def put(
    file: DatabaseArgument,
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files with tables.")],
    *,
    embed_rows: Annotated[
        bool, typer.Option("--embed-rows", help="Make a passage of each row, too.")
    ] = False,
    pages: Annotated[
        list[int] | None, typer.Option("--page", help="Only this page of a PDF file; repeatable.")
    ] = None,
    unruled: Annotated[
        bool, typer.Option("--unruled/--ruled-only", help="Look for tables without lines, too.")
    ] = True,
    uri: UriOption = None,
    tags: TagOption = None,
    metadata: MetadataOption = None,
    access: AccessListOption = None,
    embedder: EmbedderOption = "default",
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Put files with their tables."""
    if uri is not None and len(paths) > 1:
        raise InvalidInput("input.invalid", "--uri is of one file")
    options = put_options(tags=tags, metadata=metadata, access=access, uri=uri)
    done = []
    with (
        opened_memory(file, name, read_only=False, create=True, embedder=embedder) as memory,
        progress_bar("reading tables") as bar,
    ):
        for count, path in enumerate(paths):
            bar(count, len(paths))
            done.append(
                memory.put_tables(
                    path, embed_rows=embed_rows, pages=pages, unruled=unruled, **options
                )
            )
    if as_json:
        print_json([one.to_dict() for one in done])
        return
    for one in done:
        where = one.document.uri or one.document.id
        print_line(f"{where}: {len(one.tables)} tables, {one.rows} rows, {one.status}")


@app.command("list")
def list_tables(
    file: DatabaseArgument,
    *,
    document: DocumentOption = None,
    scope: ScopeOption = None,
    as_of: AsOfOption = None,
    access: AccessOption = None,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """List tables."""
    with opened_memory(file, name) as memory:
        found = memory.list_tables(document, **searching(scope=scope, as_of=as_of, access=access))
    if as_json:
        print_json([one.to_dict() for one in found])
    else:
        rows = (
            (one.id, one.document.uri or "", one.page or "", one.rows, ", ".join(one.columns))
            for one in found
        )
        print_table(("table", "document", "page", "rows", "columns"), rows)


@app.command("get")
def get(
    file: DatabaseArgument,
    table: Annotated[str, typer.Argument(metavar="TABLE", help="Its id.")],
    *,
    format_name: Annotated[
        str, typer.Option("--format", help="dict, records or csv; a table to look at unless given.")
    ] = "",
    as_of: AsOfOption = None,
    access: AccessOption = None,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Show a table."""
    if format_name and format_name not in _SHOWN:
        raise InvalidInput(
            "input.invalid", f"unknown format {format_name!r}", f"one of: {', '.join(_SHOWN)}"
        )
    wanted = format_name or ("dict" if as_json else "records")
    with opened_memory(file, name) as memory:
        found = memory.get_table(
            table,
            wanted,  # type: ignore[arg-type]  # checked above
            **searching(as_of=as_of, access=access),
        )
    if wanted == "csv":
        print_line(found.rstrip("\n"))
    elif as_json or format_name:
        print_json(found)
    else:
        print_table(found[0] if found else (), (row.values() for row in found))


@app.command("find")
def find(
    file: DatabaseArgument,
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="Words to look for in rows.")
    ] = None,
    *,
    where: WhereOption = None,
    table: Annotated[str | None, typer.Option("--table", help="Only of this table.")] = None,
    document: DocumentOption = None,
    scope: ScopeOption = None,
    k: Annotated[int | None, typer.Option("-k", help="Most rows.")] = None,
    as_of: AsOfOption = None,
    access: AccessOption = None,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Find rows by their cells, by words, or both."""
    asked = searching(scope=scope, as_of=as_of, access=access)
    asked |= without_none({"query": text, "table": table, "document": document, "k": k})
    with opened_memory(file, name) as memory:
        found = memory.find_rows(where, **asked)
    if as_json:
        print_json([one.to_dict() for one in found])
        return
    for one in found:
        page = "" if one.page is None else f", page {one.page}"
        print_line(f"{one.document.uri or one.document.id}{page}: {one.table} row {one.row}")
        print_line("   " + " | ".join(f"{key}: {cell}" for key, cell in one.cells.items()))
