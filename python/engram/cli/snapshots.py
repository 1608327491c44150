"""``engram snapshot create, list, restore, delete``: commits with a name.

Owns: how snapshots are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from engram.cli.output import (
    DatabaseArgument,
    JsonOption,
    opened,
    print_json,
    print_line,
    print_table,
)
from engram.errors import NotFound

if TYPE_CHECKING:
    from engram.reports import SnapshotInfo

app = typer.Typer(help="Keep a commit under a name, go back to it.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The snapshot's name.")]


@app.command("create")
def create(file: DatabaseArgument, name: NameArgument, *, as_json: JsonOption = False) -> None:
    """Keep the latest commit under a name."""
    with opened(file, read_only=False) as db:
        _show("kept", db.create_snapshot(name), as_json=as_json)


@app.command("list")
def list_snapshots(file: DatabaseArgument, *, as_json: JsonOption = False) -> None:
    """List the snapshots."""
    with opened(file) as db:
        found = db.list_snapshots()
    if as_json:
        print_json([_plain(snapshot) for snapshot in found])
    else:
        rows = [(s.name, s.commit, s.time.isoformat(timespec="seconds")) for s in found]
        print_table(("name", "commit", "time"), rows)


@app.command("restore")
def restore(file: DatabaseArgument, name: NameArgument, *, as_json: JsonOption = False) -> None:
    """Make the database what it was at a snapshot, as a new commit."""
    with opened(file, read_only=False) as db:
        _show("restored", db.restore_snapshot(name), as_json=as_json)


@app.command("delete")
def delete(file: DatabaseArgument, name: NameArgument, *, as_json: JsonOption = False) -> None:
    """Forget a snapshot."""
    with opened(file, read_only=False) as db:
        if not db.delete_snapshot(name):
            raise NotFound(
                "snapshot.not_found",
                f"there is no snapshot {name!r}",
                "engram snapshot list shows them",
            )
    if as_json:
        print_json({"deleted": name})
    else:
        print_line(f"forgot {name!r}")


def _plain(snapshot: SnapshotInfo) -> dict[str, Any]:
    return {**snapshot.to_dict(), "time": snapshot.time.isoformat()}


def _show(done: str, snapshot: SnapshotInfo, *, as_json: bool) -> None:
    if as_json:
        print_json(_plain(snapshot))
    else:
        print_line(f"{done} {snapshot.name!r} (commit {snapshot.commit})")
