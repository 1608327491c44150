"""``engram find, get, list, delete``: records in and out of sight.

Owns: how records and hits are shown. Everything is a call of `Collection`.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
    print_marked,
    print_table,
)
from engram.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from engram.records import Record

_SNIPPET_CHARS = 300
_LIST_LIMIT = 20


def find(
    file: DatabaseArgument,
    text: Annotated[str, typer.Argument(help="What to look for, in words.")],
    *,
    collection: CollectionOption = DEFAULT_COLLECTION,
    k: Annotated[int, typer.Option("-k", help="Most hits to show.")] = 5,
    where: WhereOption = None,
    mode: Annotated[
        str, typer.Option("--mode", help="auto, lexical, semantic or hybrid.")
    ] = "auto",
    as_json: JsonOption = False,
) -> None:
    """Find the records that fit a question."""
    with opened(file) as db:
        results = existing(db, collection).query(
            text,
            k=k,
            where=where,
            mode=mode,  # type: ignore[arg-type]  # query checks it
            snippets={"length": _SNIPPET_CHARS},
        )
    if as_json:
        print_json(results.to_dict())
        return
    for rank, hit in enumerate(results, start=1):
        print_line(f"{rank}. {hit.id}  ({hit.score:.4f})")
        for found in hit.snippets:
            print_marked("   ", found)
    report = results.report
    ran = " + ".join(report.retrievers) or "nothing"
    print_line(
        f"{len(results)} hits among {report.matched} records, {ran}, {report.took_ms:.1f} ms"
    )
    for name, why in report.skipped.items():
        print_line(f"{name} was left out: {why}")
    if not report.complete:
        print_line("not complete: some matching records hold nothing that was searched")


def get(
    file: DatabaseArgument,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of records.")],
    *,
    collection: CollectionOption = DEFAULT_COLLECTION,
    vectors: Annotated[bool, typer.Option("--vectors", help="Show vectors too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show records by id."""
    with opened(file) as db:
        records = existing(db, collection).get_many(ids, vectors=vectors)
    found = [record for record in records if record is not None]
    missing = [name for name, record in zip(ids, records, strict=True) if record is None]
    if as_json:
        print_json([record.to_dict() for record in found])
    else:
        for record in found:
            _show(record.to_dict())
    if missing:
        raise NotFound(
            "record.not_found",
            f"no record {', '.join(repr(name) for name in missing)} in {collection!r}",
            "engram list shows the ids",
        )


def list_records(
    file: DatabaseArgument,
    *,
    collection: CollectionOption = DEFAULT_COLLECTION,
    where: WhereOption = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="Most records to show; 0 shows all.")
    ] = _LIST_LIMIT,
    as_json: JsonOption = False,
) -> None:
    """List records, or those that match a filter."""
    with opened(file) as db:
        held = existing(db, collection)
        total = held.count(where)
        records = list(islice(held.iterate(where), limit or None))
    if as_json:
        plain = [record.to_dict() for record in records]
        print_json({"total": total, "records": plain})
        return
    rows = [(r.id, r.updated.strftime("%Y-%m-%d %H:%M"), _snippet(r, 60)) for r in records]
    print_table(("id", "updated", "text"), rows)
    print_line(f"{len(records)} of {total} records")


def delete(
    file: DatabaseArgument,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID...]", help="Ids of records.")
    ] = None,
    *,
    collection: CollectionOption = DEFAULT_COLLECTION,
    where: WhereOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete records by id, or those that match a filter."""
    if bool(ids) == (where is not None):
        raise InvalidInput(
            "input.invalid",
            "delete takes either ids or --where",
            'engram delete FILE ID..., or engram delete FILE --where "year < 2000"',
        )
    with opened(file, read_only=False) as db:
        held = existing(db, collection)
        deleted = held.delete_where(where) if where is not None else held.delete(*(ids or ()))
    if as_json:
        print_json({"deleted": deleted})
    else:
        print_line(f"deleted {deleted} records")


def _snippet(record: Record, chars: int) -> str:
    """Give the start of a record's text on one line."""
    text = " ".join((record.text or "").split())
    return text if len(text) <= chars else text[: chars - 3] + "..."


def _show(record: dict[str, Any]) -> None:
    """Print one record for people."""
    for name, value in record.items():
        if value is not None and value != {}:
            print_line(f"{name}: {value}")
    print_line("")
