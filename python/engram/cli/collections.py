"""``engram stats``: what a file holds.

Owns: how statistics are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.cli.output import (
    DatabaseArgument,
    JsonOption,
    opened,
    print_json,
    print_line,
    print_table,
)

if TYPE_CHECKING:
    from engram.reports import CollectionStats


def _text_of(part: CollectionStats) -> str:
    """Name what a collection does with its text, as far as it is no default."""
    told = [part.language]
    if part.stop_words != "weak":
        told.append(f"{part.stop_words} stop words")
    told += [
        f"{name} {value:g}" for name, value in (("k1", part.k1), ("b", part.b)) if value is not None
    ]
    return ", ".join(told)


def stats(file: DatabaseArgument, *, as_json: JsonOption = False) -> None:
    """Show sizes, collections and vector spaces."""
    with opened(file) as db:
        found = db.stats()
    if as_json:
        print_json(found.to_dict())
        return
    edges = f"{found.edges} edges, " if found.edges else ""
    print_line(
        f"commit {found.commit}, {found.records} records, {edges}{found.snapshots} snapshots"
    )
    print_line(
        f"{found.file_bytes:,} bytes: {found.live_bytes:,} live, {found.dead_bytes:,} dead, "
        f"{found.free_bytes:,} free"
    )
    rows = [
        (
            name,
            f"{part.records:,}",
            f"{part.live_bytes:,}",
            _text_of(part),
            ", ".join(f"{s.name}[{s.dimension}] {s.records:,}" for s in part.spaces) or "-",
        )
        for name, part in sorted(found.collections.items())
    ]
    if rows:
        print_table(("collection", "records", "bytes", "text", "vectors"), rows)
