"""What commands print: JSON for programs, tables for people, progress on stderr.

Owns: the shared options and the two ways of printing. Invariant: with ``--json`` stdout holds one
JSON document and nothing else.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

import engram
from engram.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from engram.snippets import Snippet

__all__ = [
    "CollectionOption",
    "DatabaseArgument",
    "JsonOption",
    "WhereOption",
    "existing",
    "opened",
    "print_json",
    "print_line",
    "print_marked",
    "print_table",
    "progress_bar",
]

DatabaseArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The database file.")]
CollectionOption = Annotated[
    str, typer.Option("--collection", "-c", help="The collection.", metavar="NAME")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
WhereOption = Annotated[
    str | None,
    typer.Option("--where", "-w", help="Filter, such as \"year >= 2020 AND tags CONTAINS 'a'\"."),
]

DEFAULT_COLLECTION = "default"


def opened(file: Path, *, read_only: bool = True) -> engram.Database:
    """Open a database that exists."""
    return engram.open(file, read_only=read_only, create=False)


def existing(db: engram.Database, name: str) -> engram.Collection:
    """Give a collection that exists.

    Raises:
        NotFound: ``collection.not_found``.
    """
    collection = db.get_collection(name)
    if collection is None:
        there = ", ".join(db.list_collections()) or "none"
        raise NotFound(
            "collection.not_found",
            f"there is no collection {name!r}",
            f"collections of this file: {there} (--collection NAME)",
        )
    return collection


def print_json(document: Any) -> None:
    """Print a JSON document."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def print_line(line: str) -> None:
    """Print a line for people."""
    sys.stdout.write(line + "\n")


def print_marked(indent: str, snippet: Snippet) -> None:
    """Print a piece of a text on one line for people, what was looked for in bold."""
    line, at = Text(indent), snippet.start
    for start, end in (*snippet.marks, (snippet.end, snippet.end)):
        for part, style in ((slice(at, start), ""), (slice(start, end), "bold")):
            inside = snippet.text[part.start - snippet.start : part.stop - snippet.start]
            line.append("".join(" " if c.isspace() else c for c in inside), style)
        at = end
    Console(soft_wrap=True, highlight=False).print(line)


def print_table(headers: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table for people; cells are plain text, wrapped to the width of the terminal."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    Console(soft_wrap=False, highlight=False).print(table)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a progress bar on stderr where it is a terminal; give the callback that moves it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _done, _total: None
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
