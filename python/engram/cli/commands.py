"""Every command of the command line, gathered into one application.

Owns: the list of commands and the options that stand before them.
"""

from __future__ import annotations

from typing import Annotated

import typer

import engram
from engram.cli import (
    collections,
    doctoring,
    evaluating,
    graph,
    importing,
    measuring,
    memory,
    memory_upkeep,
    models,
    records,
    reembedding,
    sealing,
    snapshots,
    sources,
    transfer,
)
from engram.cli.failure import CommandGroup

__all__ = ["app"]

app = typer.Typer(
    name="engram",
    cls=CommandGroup,
    help="Memory and retrieval in one file: put texts in, ask, keep it sound.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        major, minor = engram.FORMAT_VERSION
        typer.echo(f"engram {engram.__version__} (file format {major}.{minor})")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show versions and exit."
        ),
    ] = False,
) -> None:
    """Keep the options that every command shares."""
    del version
    context.obj = {"debug": debug}


app.command("put")(sources.put)
app.command("find")(records.find)
app.command("get")(records.get)
app.command("list")(records.list_records)
app.command("delete")(records.delete)
app.command("stats")(collections.stats)
app.command("recall-check")(measuring.recall_check)
app.command("evaluate")(evaluating.evaluate)
app.command("verify")(doctoring.verify)
app.command("doctor")(doctoring.doctor)
app.command("optimize")(doctoring.optimize)
app.command("backup")(doctoring.backup)
app.command("reembed")(reembedding.reembed)
app.command("lock")(sealing.lock)
app.command("unlock")(sealing.unlock)
app.command("nudge")(memory_upkeep.nudge)
app.command("export")(transfer.export)
app.add_typer(importing.app, name="import")
app.add_typer(graph.app, name="graph")
app.add_typer(memory.app, name="memory")
app.add_typer(models.app, name="models")
app.add_typer(evaluating.app, name="query-set")
app.add_typer(snapshots.app, name="snapshot")
