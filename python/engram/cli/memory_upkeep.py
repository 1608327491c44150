"""``engram memory timeline, stats, info, blob``; ``engram nudge``.

Owns: how lists and counts of documents are shown. Everything is a call of `engram.Memory`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from engram.cli.memory_options import (
    AccessOption,
    AsOfOption,
    MemoryOption,
    ScopeOption,
    SinceOption,
    TagsOption,
    UntilOption,
    WhenOption,
    opened_memory,
    searching,
)
from engram.cli.output import DatabaseArgument, JsonOption, print_json, print_line, print_table
from engram.errors import Io
from engram.files import io_error
from engram.memory.layout import DEFAULT_NAME

__all__ = ["blob", "info", "nudge", "stats", "timeline"]

_LIMIT = 20


def timeline(
    file: DatabaseArgument,
    *,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="Most documents to show; 0 shows all.")
    ] = _LIMIT,
    reverse: Annotated[bool, typer.Option("--reverse", help="Earliest first.")] = False,
    since: SinceOption = None,
    until: UntilOption = None,
    when: WhenOption = None,
    scope: ScopeOption = None,
    tags: TagsOption = None,
    as_of: AsOfOption = None,
    access: AccessOption = None,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """List documents by when they are from, latest first."""
    asked = searching(
        since=since, until=until, when=when, scope=scope, tags=tags, as_of=as_of, access=access
    )
    with opened_memory(file, name) as memory:
        found = memory.timeline(limit or None, reverse=reverse, **asked)
    if as_json:
        plain = [one.to_dict() for one in found]
        print_json([{key: one[key] for key in one if key != "text"} for one in plain])
    else:
        rows = (
            (one.timestamp[:16].replace("T", " "), one.uri or one.id, one.title or "", one.passages)
            for one in found
        )
        print_table(("from", "document", "title", "passages"), rows)


def stats(
    file: DatabaseArgument, *, name: MemoryOption = DEFAULT_NAME, as_json: JsonOption = False
) -> None:
    """Count what is in a memory, and say who made its vectors."""
    with opened_memory(file, name) as memory:
        found = memory.stats()
    if as_json:
        print_json(found.to_dict())
        return
    print_line(f"{found.documents:,} documents, {found.passages:,} passages")
    print_line(f"{found.file_bytes:,} bytes in the file, {found.live_bytes:,} of this memory")
    summary = found.embedding_identity_summary
    dimension = found.effective_vec_dimension
    vectors = "no vectors" if dimension is None else f"vectors of {dimension} dimensions"
    print_line(f"{vectors}, by {summary.kind} identity")
    for identity, count in summary.counts:
        print_line(f"  {count:,} by {identity if identity is None else identity.name}")


def info(
    file: DatabaseArgument, *, name: MemoryOption = DEFAULT_NAME, as_json: JsonOption = False
) -> None:
    """Show what a report of a fault should have: versions, file, settings."""
    with opened_memory(file, name) as memory:
        found = memory.info()
    if as_json:
        print_json(found)
    else:
        for key, value in found.items():
            print_line(f"{key}: {value}")


def blob(
    file: DatabaseArgument,
    document: Annotated[str, typer.Argument(metavar="ID", help="Its id, or its uri.")],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write it; stdout unless given.")
    ] = None,
    as_of: AsOfOption = None,
    access: AccessOption = None,
    name: MemoryOption = DEFAULT_NAME,
) -> None:
    """Give the bytes that a document was put as."""
    with opened_memory(file, name) as memory:
        raw = memory.blob(document, **searching(as_of=as_of, access=access))
    if output is None:
        sys.stdout.buffer.write(raw)
        return
    try:
        output.write_bytes(raw)
    except OSError as cause:
        failed: Io = io_error(f"writing {output}", cause, str(output))
        raise failed from cause
    print_line(f"wrote {len(raw):,} bytes to {output}")


def nudge(file: DatabaseArgument, *, as_json: JsonOption = False) -> None:
    """Say who is writing to the file, and what can be done about it."""
    from engram.memory.reports import lock_nudge

    found = lock_nudge(file)
    if as_json:
        print_json(found.to_dict())
    else:
        print_line(found.advice)
