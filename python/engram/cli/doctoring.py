"""``engram verify, doctor, optimize, backup``: keeping a file sound.

Owns: how checks and repairs are shown. `verify` and `doctor` exit with 6 where the file is unsound.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import engram
from engram.cli.failure import EXIT_UNSOUND
from engram.cli.output import DatabaseArgument, JsonOption, opened, print_json, print_line

if TYPE_CHECKING:
    from engram.reports import Problem


def verify(
    file: DatabaseArgument,
    *,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every block and recount every index.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the file."""
    with opened(file) as db:
        report = db.verify(deep=deep)
    if as_json:
        print_json(report.to_dict())
    else:
        _show_problems(report.problems)
        state = "sound" if report else f"{len(report.problems)} problems; engram doctor repairs"
        depth = "deep" if deep else "quick"
        print_line(f"{state} ({depth}: {report.records} records, {report.blocks} blocks)")
    if not report:
        raise typer.Exit(EXIT_UNSOUND)


def doctor(
    file: DatabaseArgument,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "--plan-only", help="Only list; write nothing.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make every index again from the records.")
    ] = False,
    vacuum: Annotated[bool, typer.Option("--vacuum", help="Reclaim dead space too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Repair the file as far as it can be, and say what was dropped."""
    report = engram.doctor(file, dry_run=dry_run, rebuild=rebuild, vacuum=vacuum)
    if as_json:
        print_json(report.to_dict())
    else:
        _show_problems(report.problems)
        for action in report.actions:
            print_line(f"{'would do' if dry_run else 'did'}: {action}")
        for item in report.dropped:
            print_line(f"dropped: {item}")
        state = "sound" if report else "not sound"
        print_line(f"{state}: {report.records_kept} records kept, {report.records_dropped} dropped")
        if report.edges_kept or report.edges_dropped:
            print_line(f"{report.edges_kept} edges kept, {report.edges_dropped} dropped")
    if not report:
        raise typer.Exit(EXIT_UNSOUND)


def optimize(file: DatabaseArgument, *, as_json: JsonOption = False) -> None:
    """Rewrite the file without dead space; what was deleted stays in snapshots only."""
    with opened(file, read_only=False) as db:
        report = db.optimize()
        snapshots = [snapshot.name for snapshot in db.list_snapshots()]
    if as_json:
        print_json(report.to_dict() | {"snapshots": snapshots})
    else:
        print_line(f"{report.bytes_before:,} bytes before, {report.bytes_after:,} bytes after")
        if snapshots:
            print_line(f"kept by snapshots, deleted records included: {', '.join(snapshots)}")


def backup(
    file: DatabaseArgument,
    target: Annotated[Path, typer.Argument(help="The new file; it must not exist.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Copy the latest commit to a new file while others read and write."""
    with opened(file) as db:
        report = db.backup(target)
    if as_json:
        print_json(report.to_dict() | {"path": str(target)})
    else:
        print_line(f"copied {report.records:,} records ({report.bytes:,} bytes) to {target}")


def _show_problems(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        print_line(f"problem[{problem.code}]: {problem.message} ({problem.where})")
