"""``engram stats``: what a file holds.

Owns: how statistics are shown.
"""

from __future__ import annotations

from engram.cli.output import (
    DatabaseArgument,
    JsonOption,
    opened,
    print_json,
    print_line,
    print_table,
)


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
            ", ".join(f"{s.name}[{s.dimension}] {s.records:,}" for s in part.spaces) or "-",
        )
        for name, part in sorted(found.collections.items())
    ]
    if rows:
        print_table(("collection", "records", "bytes", "vectors"), rows)
