"""``engram memory forget, verify-forgotten``: erasing with a receipt.

Owns: how receipts are written and checked. Everything is a call of `engram.Memory`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from engram.cli.failure import EXIT_UNSOUND
from engram.cli.memory_options import (
    MemoryOption,
    ScopeOption,
    json_object,
    opened_memory,
    read_source,
)
from engram.cli.output import DatabaseArgument, JsonOption, print_json, print_line
from engram.errors import Io
from engram.files import io_error
from engram.memory.layout import DEFAULT_NAME

__all__ = ["forget", "verify_forgotten"]


def forget(
    file: DatabaseArgument,
    documents: Annotated[
        list[str] | None, typer.Argument(metavar="[ID...]", help="Ids, or uris.")
    ] = None,
    *,
    entity: Annotated[
        str | None, typer.Option("--entity", help="Also every document that names it.")
    ] = None,
    scope: ScopeOption = None,
    delete_snapshots: Annotated[
        bool, typer.Option("--delete-snapshots", help="Delete snapshots that hold one of them.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be erased.")
    ] = False,
    receipt: Annotated[
        Path | None, typer.Option("--receipt", help="Write the receipt to this file.")
    ] = None,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Erase documents with everything that was made of them, and rewrite the file."""
    with opened_memory(file, name, read_only=False) as memory:
        done = memory.forget(
            *(documents or ()),
            entity=entity,
            scope=scope,
            snapshots="delete" if delete_snapshots else "refuse",
            dry_run=dry_run,
        )
    if receipt is not None:
        try:
            receipt.write_text(json.dumps(done.to_dict(), indent=2), encoding="utf-8")
        except OSError as cause:
            failed: Io = io_error(f"writing {receipt}", cause, str(receipt))
            raise failed from cause
    if as_json:
        print_json(done.to_dict())
        return
    counts = ", ".join(f"{count} {kind}" for kind, count in done.counts.items() if count)
    print_line(f"{'would erase' if dry_run else 'erased'}: {counts or 'nothing'}")
    if done.snapshots:
        print_line(f"{'would delete' if dry_run else 'deleted'}: {done.snapshots} snapshots")


def verify_forgotten(
    file: DatabaseArgument,
    receipt: Annotated[str, typer.Argument(metavar="RECEIPT", help="Its file, or - for stdin.")],
    *,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Check that nothing of what a receipt names is in the file; exits with 6 if something is."""
    given = json_object(read_source(receipt), receipt)
    with opened_memory(file, name) as memory:
        found = memory.verify_forgotten(given)
    if as_json:
        print_json(found.to_dict())
    else:
        for one in found.found:
            print_line(f"still there: {one}")
        if not found.whole:
            print_line("the receipt was changed")
        if not found.sound:
            print_line("the file is damaged: engram verify says how")
        print_line("forgotten" if found else "not forgotten")
    if not found:
        raise typer.Exit(EXIT_UNSOUND)
