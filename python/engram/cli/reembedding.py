"""``engram reembed``: the texts of a file, embedded with another model.

Owns: how its progress and its end are shown.
"""

from __future__ import annotations

from typing import Annotated

import typer

from engram.cli.output import (
    DatabaseArgument,
    JsonOption,
    existing,
    opened,
    print_json,
    print_line,
    progress_bar,
)

__all__ = ["reembed"]


def reembed(
    file: DatabaseArgument,
    *,
    model: Annotated[
        str,
        typer.Option("--model", "-m", help="A model's name, a folder, provider:model, or default."),
    ],
    collection: Annotated[
        list[str] | None,
        typer.Option("--collection", "-c", help="The collection; several times for several."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Embed the texts again with another model; searches go on, and switch at the end.

    A run that was stopped goes on where it was.
    """
    with opened(file, read_only=False) as db, progress_bar("texts") as progress:
        for name in collection or ():
            existing(db, name)
        reports = db.reembed(model, collection or None, progress=progress)
    if as_json:
        print_json({name: report.to_dict() for name, report in reports.items()})
        return
    for name, report in reports.items():
        more = f", {report.resumed} were there" if report.resumed else ""
        more += f", {report.unembedded} have no vector" if report.unembedded else ""
        print_line(f"{name}: {report.embedded} texts embedded{more}")
    if not reports:
        print_line("no collection has embedded texts")
