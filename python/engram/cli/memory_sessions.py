"""``engram memory session start, list, show, end, delete, checkpoint, replay``.

Owns: how sessions and what changed in them are shown. Everything is a call of `engram.Memory`.
"""

from __future__ import annotations

from typing import Annotated

import typer

from engram.cli.memory_answers import ModelOption, UrlOption, model_of
from engram.cli.memory_options import (
    AdaptiveOption,
    AsOfOption,
    EmbedderOption,
    KOption,
    MaxKOption,
    MemoryOption,
    RelevancyOption,
    StrategyOption,
    opened_memory,
    searching,
)
from engram.cli.output import (
    DatabaseArgument,
    JsonOption,
    print_json,
    print_line,
    print_table,
    progress_bar,
)
from engram.errors import NotFound
from engram.memory.layout import DEFAULT_NAME

app = typer.Typer(help="What was asked: recorded, and asked again.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The session's name.")]
NoteOption = Annotated[str | None, typer.Option("--note", help="What it is for.")]


@app.command("start")
def start(
    file: DatabaseArgument,
    session: NameArgument,
    *,
    note: NoteOption = None,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Begin a session; find and ask record in it with --session NAME."""
    with opened_memory(file, name, read_only=False) as memory:
        info = memory.session_start(session, note=note).info
    if as_json:
        print_json(info.to_dict())
    else:
        print_line(f"began {info.name!r}")


@app.command("list")
def list_sessions(
    file: DatabaseArgument, *, name: MemoryOption = DEFAULT_NAME, as_json: JsonOption = False
) -> None:
    """List the sessions, the last begun first."""
    with opened_memory(file, name) as memory:
        found = memory.session_list()
    if as_json:
        print_json([one.to_dict() for one in found])
    else:
        rows = (
            (one.name, one.started, one.ended or "", one.steps, one.note or "") for one in found
        )
        print_table(("session", "started", "ended", "steps", "note"), rows)


@app.command("show")
def show(
    file: DatabaseArgument,
    session: NameArgument,
    *,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Show what was asked in a session, and what was found."""
    with opened_memory(file, name) as memory:
        info = memory.session(session).info
        steps = memory.session_steps(session)
    if as_json:
        print_json({**info.to_dict(), "asked": [one.to_dict() for one in steps]})
        return
    for step in steps:
        print_line(f"{step.number}. {step.verb} {step.question!r}: {len(step.hits)} passages")
        if step.answer is not None:
            print_line(f"   {step.answer['text']}")


@app.command("end")
def end(
    file: DatabaseArgument,
    session: NameArgument,
    *,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """End a session: nothing more is recorded in it."""
    with opened_memory(file, name, read_only=False) as memory:
        info = memory.session_end(session)
    if as_json:
        print_json(info.to_dict())
    else:
        print_line(f"ended {info.name!r} after {info.steps} steps")


@app.command("delete")
def delete(
    file: DatabaseArgument,
    session: NameArgument,
    *,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Delete a session with its steps and snapshots."""
    with opened_memory(file, name, read_only=False) as memory:
        if not memory.session_delete(session):
            raise NotFound(
                "session.not_found",
                f"there is no session {session!r}",
                "engram memory session list names them",
            )
    if as_json:
        print_json({"deleted": session})
    else:
        print_line(f"deleted {session!r}")


@app.command("checkpoint")
def checkpoint(
    file: DatabaseArgument,
    session: NameArgument,
    *,
    note: NoteOption = None,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Keep the memory as it is now, as a snapshot of the session."""
    with opened_memory(file, name, read_only=False) as memory:
        kept = memory.session_checkpoint(session, note or "")
    if as_json:
        print_json({**kept.to_dict(), "time": kept.time.isoformat()})
    else:
        print_line(f"kept {kept.name!r} (replay with --as-of {kept.name})")


@app.command("replay")
def replay(
    file: DatabaseArgument,
    session: NameArgument,
    *,
    model: ModelOption = None,
    base_url: UrlOption = None,
    k: KOption = None,
    mode: Annotated[
        str | None, typer.Option("--mode", help="auto, lex, sem or hybrid; as then unless given.")
    ] = None,
    as_of: AsOfOption = None,
    adaptive: AdaptiveOption = False,
    min_relevancy: RelevancyOption = None,
    max_k: MaxKOption = None,
    strategy: StrategyOption = None,
    embedder: EmbedderOption = "default",
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Ask everything of a session again, and say what came out otherwise."""
    settings = searching(
        k=k,
        mode=mode,
        as_of=as_of,
        adaptive=adaptive or None,
        min_relevancy=min_relevancy,
        max_k=max_k,
        adaptive_strategy=strategy,
    )
    by = model_of(model, base_url)
    try:
        with (
            opened_memory(file, name, embedder=embedder) as memory,
            progress_bar("replaying") as bar,
        ):
            done = memory.session_replay(session, by, progress=bar, **settings)
    finally:
        if by is not None:
            by.close()
    if as_json:
        print_json(done.to_dict())
    else:
        print_line(str(done))
