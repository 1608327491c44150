"""``engram memory find, get, delete``, and the group they are in.

Owns: the group ``memory`` and how documents and passages are shown. Everything is a call of
`engram.Memory`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engram.cli import (
    memory_answers,
    memory_facts,
    memory_forgetting,
    memory_images,
    memory_putting,
    memory_sessions,
    memory_tables,
    memory_upkeep,
)
from engram.cli.memory_options import (
    AccessOption,
    AdaptiveOption,
    AsOfOption,
    EmbedderOption,
    KOption,
    MaxKOption,
    MemoryOption,
    ModeOption,
    RelevancyOption,
    ScopeOption,
    SessionOption,
    SinceOption,
    StrategyOption,
    TagsOption,
    UntilOption,
    VisionOption,
    WhenOption,
    opened_memory,
    searching,
    without_none,
)
from engram.cli.output import (
    DatabaseArgument,
    JsonOption,
    WhereOption,
    print_json,
    print_line,
    print_marked,
)
from engram.errors import InvalidInput, NotFound
from engram.memory.layout import DEFAULT_NAME

if TYPE_CHECKING:
    from engram.memory import Found

app = typer.Typer(help="Documents: put in, found, asked about.", no_args_is_help=True)
app.command("put")(memory_putting.put)
app.command("put-many")(memory_putting.put_many)
app.command("ask")(memory_answers.ask)
app.command("forget")(memory_forgetting.forget)
app.command("verify-forgotten")(memory_forgetting.verify_forgotten)
app.command("enrich")(memory_facts.enrich)
app.command("facts")(memory_facts.facts)
app.command("state")(memory_facts.state)
app.command("correct")(memory_facts.correct)
app.command("export-facts")(memory_facts.export_facts)
app.command("timeline")(memory_upkeep.timeline)
app.command("stats")(memory_upkeep.stats)
app.command("info")(memory_upkeep.info)
app.command("blob")(memory_upkeep.blob)
app.add_typer(memory_sessions.app, name="session")
app.add_typer(memory_tables.app, name="tables")
app.add_typer(memory_images.app, name="images")

_SNIPPET_CHARS = 300
_SHOWN = 5


@app.command("find")
def find(
    file: DatabaseArgument,
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="What to look for, in words.")
    ] = None,
    *,
    image: Annotated[
        Path | None, typer.Option("--image", help="Look for images like this one.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only of that kind; image looks among images.")
    ] = None,
    vision: VisionOption = None,
    k: KOption = None,
    mode: ModeOption = "auto",
    where: WhereOption = None,
    scope: ScopeOption = None,
    tags: TagsOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    when: WhenOption = None,
    as_of: AsOfOption = None,
    adaptive: AdaptiveOption = False,
    min_relevancy: RelevancyOption = None,
    max_k: MaxKOption = None,
    strategy: StrategyOption = None,
    cursor: Annotated[
        str | None, typer.Option("--cursor", help="The next page: what the last one said.")
    ] = None,
    per_document: Annotated[
        int | None, typer.Option("--per-document", help="Most passages of one document.")
    ] = None,
    access: AccessOption = None,
    session: SessionOption = None,
    embedder: EmbedderOption = "default",
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Find the passages that fit a question."""
    if k is None and not adaptive:
        k = _SHOWN
    options = searching(
        k=k,
        mode=mode,
        where=where,
        scope=scope,
        tags=tags,
        since=since,
        until=until,
        when=when,
        as_of=as_of,
        access=access,
        adaptive=adaptive,
        min_relevancy=min_relevancy,
        max_k=max_k,
        adaptive_strategy=strategy,
    )
    options |= without_none({"cursor": cursor, "per_document": per_document})
    options["snippet_chars"] = _SNIPPET_CHARS
    read_only = session is None
    with opened_memory(file, name, read_only=read_only, embedder=embedder, vision=vision) as memory:
        if session is None:
            finds = memory.find(text, image=image, kind=kind, **options)
        elif text is None or image is not None or kind is not None:
            raise InvalidInput("input.invalid", "a session records texts that are looked for")
        else:
            finds = memory.session(session).find(text, **options)
    if as_json:
        print_json(finds.to_dict())
        return
    for rank, found in enumerate(finds, start=1):
        print_line(f"{rank}. {_place(found)}  ({found.score:.4f})")
        for snippet in found.snippets:
            print_marked("   ", snippet)
    ran = f"{len(finds)} passages, {finds.mode}"
    skipped = "".join(f"; not {what}: {why}" for what, why in finds.skipped.items())
    print_line(ran + skipped)
    if finds.cursor is not None:
        print_line(f"more: --cursor {finds.cursor}")


def _place(found: Found) -> str:
    """Say where a passage stands, on one line."""
    parts = [found.uri or found.document.id]
    if found.title and found.title != found.uri:
        parts.append(repr(found.title))
    if found.page is not None:
        parts.append(f"page {found.page}")
    parts.append(f"{found.start}-{found.end}")
    return " ".join(parts)


@app.command("get")
def get(
    file: DatabaseArgument,
    document: Annotated[str, typer.Argument(metavar="ID", help="Its id, or its uri.")],
    *,
    text: Annotated[bool, typer.Option("--text", help="Print its text, nothing else.")] = False,
    as_of: AsOfOption = None,
    access: AccessOption = None,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Show a document."""
    with opened_memory(file, name) as memory:
        found = memory.get(document, **searching(as_of=as_of, access=access))
    if found is None:
        raise _no_document(document)
    plain = found.to_dict()
    if as_json:
        print_json(plain)
    elif text:
        print_line(found.text)
    else:
        for key, value in plain.items():
            if value not in (None, {}, []) and key != "text":
                shown = json.dumps(value, ensure_ascii=False) if key == "metadata" else value
                print_line(f"{key}: {shown}")
        print_line(f"text: {len(found.text):,} characters (--text prints them)")


@app.command("delete")
def delete(
    file: DatabaseArgument,
    documents: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids, or uris.")],
    *,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Delete documents with everything that was made of them."""
    with opened_memory(file, name, read_only=False) as memory:
        deleted = memory.delete(*documents)
    if not deleted:
        raise _no_document(", ".join(documents))
    if as_json:
        print_json({"deleted": deleted})
    else:
        print_line(f"deleted {deleted} documents")


def _no_document(name: str) -> NotFound:
    return NotFound("record.not_found", f"there is no document {name!r}", "by its id, or its uri")
