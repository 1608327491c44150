"""``engram models install, list, remove, verify``: models that embed and rerank here.

Owns: how models are shown. Each verb is one call of `engram.embed.ModelStore`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from engram.cli.output import JsonOption, print_json, print_line, print_table
from engram.errors import NotFound

if TYPE_CHECKING:
    from engram.embed import ModelStore

__all__ = ["app"]

app = typer.Typer(help="Models that embed and rerank here.", no_args_is_help=True)

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="A known model, or OWNER/MODEL of the hub.")
]
FolderOption = Annotated[
    Path | None,
    typer.Option("--folder", help="Where models are kept, if not in your own store."),
]
_MIB = 2**20


def _store(folder: Path | None, hub: str | None = None) -> ModelStore:
    from engram.embed import ModelStore

    return ModelStore(folder) if hub is None else ModelStore(folder, hub=hub)


@app.command("install")
def install(
    name: NameArgument,
    *,
    revision: Annotated[str, typer.Option("--revision", help="Branch, tag or commit.")] = "main",
    file: Annotated[str | None, typer.Option("--file", help="The ONNX file to take.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Fetch it again.")] = False,
    hub: Annotated[str | None, typer.Option("--hub", help="Another hub's address.")] = None,
    folder: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch a model from the hub. A fetch that was cut off goes on where it ended."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
               TransferSpeedColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks = {}

        def show(place: str, done: int, total: int) -> None:
            if place not in tasks:
                tasks[place] = bar.add_task(place, total=total)
            bar.update(tasks[place], completed=done)

        store = _store(folder, hub)
        model = store.install(name, revision=revision, file=file, replace=replace, progress=show)
    if as_json:
        print_json(model.to_dict())
    else:
        print_line(f"{model.name} is at {model.path} ({model.nbytes / _MIB:.1f} MiB)")


@app.command("list")
def list_models(
    *,
    known: Annotated[bool, typer.Option("--known", help="Those that have a name here.")] = False,
    folder: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the installed models, or with --known those that can be installed by name."""
    if known:
        from engram.embed.catalog import CATALOG

        rows = [(one.name, one.kind, one.repo) for one in CATALOG.values()]
        if as_json:
            print_json([dict(zip(("name", "kind", "repo"), row, strict=True)) for row in rows])
        else:
            print_table(("name", "kind", "repository"), rows)
        return
    found = _store(folder).list_models()
    if as_json:
        print_json([model.to_dict() for model in found])
    else:
        shown = [(m.name, m.revision[:12], f"{m.nbytes / _MIB:.1f}", m.path) for m in found]
        print_table(("name", "revision", "MiB", "folder"), shown)


@app.command("remove")
def remove(name: NameArgument, *, folder: FolderOption = None, as_json: JsonOption = False) -> None:
    """Delete an installed model."""
    if not _store(folder).remove(name):
        raise NotFound(
            "model.not_found", f"model {name} is not installed", "engram models list shows them"
        )
    if as_json:
        print_json({"removed": name})
    else:
        print_line(f"removed {name}")


@app.command("verify")
def verify(name: NameArgument, *, folder: FolderOption = None, as_json: JsonOption = False) -> None:
    """Hash every file of an installed model again, and compare."""
    model = _store(folder).verify(name)
    if as_json:
        print_json(model.to_dict())
    else:
        print_line(f"{model.name} is what was installed ({len(model.files)} files)")
