"""``engram graph put, delete, edges, neighbors, path, rank, types``: edges between records.

Owns: how edges are shown. Everything is a call of `Collection`.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from engram.cli.output import (
    DEFAULT_COLLECTION,
    CollectionOption,
    DatabaseArgument,
    JsonOption,
    existing,
    opened,
    print_json,
    print_line,
    print_table,
)
from engram.errors import InvalidInput, NotFound
from engram.json_values import to_json

app = typer.Typer(help="Edges between records, and the ways along them.", no_args_is_help=True)

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of a record.")]
SourceArgument = Annotated[str, typer.Argument(help="Id of the record where it starts.")]
TypeArgument = Annotated[str, typer.Argument(help="Its type.")]
TargetArgument = Annotated[str, typer.Argument(help="Id of the record where it ends.")]
TypesOption = Annotated[
    list[str] | None, typer.Option("--type", "-t", help="Only edges of this type; repeatable.")
]
DirectionOption = Annotated[str, typer.Option("--direction", "-d", help="out, in or both.")]
LimitOption = Annotated[
    int, typer.Option("--limit", "-n", min=0, help="Most records to show; 0 shows all.")
]
_LIMIT = 20


@app.command("put")
def put(
    file: DatabaseArgument,
    source: SourceArgument,
    type_: TypeArgument,
    target: TargetArgument,
    *,
    properties: Annotated[
        str | None, typer.Option("--properties", "-p", help="A JSON object.")
    ] = None,
    collection: CollectionOption = DEFAULT_COLLECTION,
    as_json: JsonOption = False,
) -> None:
    """Put an edge between two records."""
    with opened(file, read_only=False) as db:
        existing(db, collection).put_edge(source, type_, target, _object(properties))
    _done("put", (source, type_, target), as_json=as_json)


@app.command("delete")
def delete(
    file: DatabaseArgument,
    source: SourceArgument,
    type_: TypeArgument,
    target: TargetArgument,
    *,
    collection: CollectionOption = DEFAULT_COLLECTION,
    as_json: JsonOption = False,
) -> None:
    """Delete an edge."""
    with opened(file, read_only=False) as db:
        if not existing(db, collection).delete_edge(source, type_, target):
            raise NotFound(
                "record.not_found",
                f"there is no edge {source!r} -{type_}-> {target!r}",
                "engram graph edges shows those of a record",
            )
    _done("deleted", (source, type_, target), as_json=as_json)


@app.command("edges")
def edges(
    file: DatabaseArgument,
    record: IdArgument,
    *,
    types: TypesOption = None,
    direction: DirectionOption = "both",
    collection: CollectionOption = DEFAULT_COLLECTION,
    as_json: JsonOption = False,
) -> None:
    """Show the edges of a record."""
    with opened(file) as db:
        found = existing(db, collection).edges(
            record,
            types=types or None,
            direction=direction,  # type: ignore[arg-type]  # the core checks it
        )
    if as_json:
        print_json([edge.to_dict() for edge in found])
        return
    rows = [
        (e.source, e.type, e.target, json.dumps(to_json(e.properties), ensure_ascii=False))
        for e in found
    ]
    print_table(("source", "type", "target", "properties"), rows)


@app.command("neighbors")
def neighbors(
    file: DatabaseArgument,
    record: IdArgument,
    *,
    hops: Annotated[int, typer.Option("--hops", min=1, help="How many edges to go.")] = 1,
    types: TypesOption = None,
    direction: DirectionOption = "both",
    limit: LimitOption = _LIMIT,
    collection: CollectionOption = DEFAULT_COLLECTION,
    as_json: JsonOption = False,
) -> None:
    """Show the records within some hops of one."""
    with opened(file) as db:
        found = existing(db, collection).neighbors(
            record,
            hops=hops,
            types=types or None,
            direction=direction,  # type: ignore[arg-type]  # the core checks it
            limit=limit or None,
        )
    if as_json:
        print_json(found)
    else:
        print_table(("id", "hops"), found.items())


@app.command("path")
def path(
    file: DatabaseArgument,
    start: Annotated[str, typer.Argument(help="Id of the first record.")],
    end: Annotated[str, typer.Argument(help="Id of the last record.")],
    *,
    types: TypesOption = None,
    direction: DirectionOption = "both",
    weight: Annotated[
        str | None, typer.Option("--weight", help="A property whose sum is to be least.")
    ] = None,
    max_hops: Annotated[
        int | None, typer.Option("--max-hops", min=0, help="Most edges of the way.")
    ] = None,
    collection: CollectionOption = DEFAULT_COLLECTION,
    as_json: JsonOption = False,
) -> None:
    """Show the shortest way from one record to another."""
    with opened(file) as db:
        found = existing(db, collection).shortest_path(
            start,
            end,
            types=types or None,
            direction=direction,  # type: ignore[arg-type]  # the core checks it
            weight=weight,
            max_hops=max_hops,
        )
    if as_json:
        print_json(None if found is None else found.to_dict())
    elif found is None:
        print_line(f"there is no way from {start!r} to {end!r}")
    else:
        print_table(("source", "type", "target"), found.edges)
        print_line(f"{len(found)} edges, cost {found.cost:g}")


@app.command("rank")
def rank(
    file: DatabaseArgument,
    seeds: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids to start from.")],
    *,
    types: TypesOption = None,
    direction: DirectionOption = "both",
    limit: LimitOption = _LIMIT,
    collection: CollectionOption = DEFAULT_COLLECTION,
    as_json: JsonOption = False,
) -> None:
    """Show the records nearest to some by all ways at once (personalized PageRank)."""
    with opened(file) as db:
        found = existing(db, collection).pagerank(
            seeds,
            types=types or None,
            direction=direction,  # type: ignore[arg-type]  # the core checks it
            limit=limit or None,
        )
    if as_json:
        print_json(found)
    else:
        print_table(("id", "score"), [(id_, f"{score:.6f}") for id_, score in found.items()])


@app.command("types")
def types(
    file: DatabaseArgument,
    *,
    collection: CollectionOption = DEFAULT_COLLECTION,
    as_json: JsonOption = False,
) -> None:
    """Count the edges by type."""
    with opened(file) as db:
        found = existing(db, collection).edge_types()
    if as_json:
        print_json(found)
    else:
        print_table(("type", "edges"), [(name, f"{count:,}") for name, count in found.items()])


def _object(text: str | None) -> dict[str, object] | None:
    """Read a JSON object."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError as cause:
        raise InvalidInput(
            "input.invalid", f"--properties is no JSON: {cause}", "such as '{\"since\": 2020}'"
        ) from cause
    if not isinstance(value, dict):
        raise InvalidInput("input.invalid", "--properties is no JSON object")
    return value


def _done(what: str, key: tuple[str, str, str], *, as_json: bool) -> None:
    source, kind, target = key
    if as_json:
        print_json({what: {"source": source, "type": kind, "target": target}})
    else:
        print_line(f"{what} {source!r} -{kind}-> {target!r}")
