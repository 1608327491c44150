"""``engram memory put, put-many, find, get, delete``: documents in and out.

Owns: the group ``memory`` and how documents and passages are shown. Everything is a call of
`engram.Memory`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engram.cli import (
    memory_answers,
    memory_facts,
    memory_sessions,
    memory_tables,
    memory_upkeep,
)
from engram.cli.failure import EXIT_CODES
from engram.cli.memory_options import (
    STDIN,
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
    WhenOption,
    json_object,
    opened_memory,
    read_source,
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
    progress_bar,
)
from engram.errors import InvalidInput, NotFound
from engram.memory.layout import DEFAULT_NAME

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from engram.memory import Found, Memory, Put
    from engram.memory.outcomes import Failed, PutMany

app = typer.Typer(help="Documents: put in, found, asked about.", no_args_is_help=True)
app.command("ask")(memory_answers.ask)
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

_SNIPPET_CHARS = 300
_SHOWN = 5


@app.command("put")
def put(
    file: DatabaseArgument,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files, folders, or - for stdin.")
    ],
    *,
    title: Annotated[str | None, typer.Option("--title", help="Of one document.")] = None,
    uri: Annotated[
        str | None, typer.Option("--uri", help="Of one document; its path unless given.")
    ] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="Repeatable.")] = None,
    label: Annotated[str | None, typer.Option("--label", help="What it is for you.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="What kind it is.")] = None,
    track: Annotated[str | None, typer.Option("--track", help="What it belongs to.")] = None,
    timestamp: Annotated[
        str | None, typer.Option("--timestamp", help="When one document is from.")
    ] = None,
    metadata: Annotated[
        str | None, typer.Option("--metadata", help="A JSON object.", metavar="JSON")
    ] = None,
    access: Annotated[
        str | None,
        typer.Option(
            "--access",
            help="Who may see it, as JSON: tenant, roles, groups, subjects.",
            metavar="JSON",
        ),
    ] = None,
    search_text: Annotated[
        str | None, typer.Option("--search-text", help="What one document is found by instead.")
    ] = None,
    kind_of_file: Annotated[
        str | None,
        typer.Option(
            "--as", help="Read as text, markdown, pdf or another, whatever the name says."
        ),
    ] = None,
    globs: Annotated[
        list[str] | None, typer.Option("--glob", help="Which files of folders; repeatable.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", help="Which files not; repeatable.")
    ] = None,
    hidden: Annotated[bool, typer.Option("--hidden", help="Take hidden files too.")] = False,
    remove_vanished: Annotated[
        bool, typer.Option("--remove-vanished", help="Remove documents of files that are gone.")
    ] = False,
    near: Annotated[
        float | None, typer.Option("--near", help="Name documents as alike as that, 0 to 1.")
    ] = None,
    embed: Annotated[
        bool, typer.Option("--embed/--no-embed", help="Whether to make vectors of the texts.")
    ] = True,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes that read files of folders.")
    ] = None,
    embedder: EmbedderOption = "default",
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Put files, folders or stdin into a memory, as documents.

    A file that is there just so is left alone; one that changed takes its document's place.
    """
    shared = {
        "tags": tags or (),
        "label": label,
        "kind": kind,
        "track": track,
        "metadata": json_object(metadata, "--metadata") or None,
        "access": json_object(access, "--access") or None,
        "enable_embedding": None if embed else False,
        "near": near,
    }
    of_one = {
        "title": title,
        "uri": uri,
        "timestamp": timestamp,
        "search_text": search_text,
        "format": kind_of_file,
    }
    of_folders = {
        "exclude": exclude or (),
        "hidden": hidden,
        "remove_vanished": remove_vanished,
        "workers": workers,
    }
    folders = [path for path in paths if path != STDIN and Path(path).is_dir()]
    if (len(paths) > 1 or folders) and any(value is not None for value in of_one.values()):
        raise InvalidInput(
            "input.invalid", "--title, --uri, --timestamp, --search-text and --as are of one file"
        )
    with _made(file, name, embedder if embed else "none") as memory:
        done = [
            _put_folder(memory, path, globs or ["**/*"], {**shared, **of_folders})
            if path in folders
            else _put_one(memory, path, {**shared, **without_none(of_one)})
            for path in paths
        ]
    _show_put(done, name, as_json=as_json)


def _made(file: Path, name: str, embedder: str) -> AbstractContextManager[Memory]:
    """Open a memory to put into; it is made where there is none."""
    return opened_memory(file, name, read_only=False, create=True, embedder=embedder)


def _put_one(memory: Memory, path: str, options: dict[str, Any]) -> Put:
    if path == STDIN:
        return memory.put(read_source(path), **options)
    return memory.put_file(path, **options)


def _put_folder(memory: Memory, folder: str, globs: list[str], options: dict[str, Any]) -> PutMany:
    with progress_bar(f"putting {folder}") as bar:
        return memory.put_folder(
            folder, globs, progress=lambda done, total, _name: bar(done, total), **options
        )


@app.command("put-many")
def put_many(
    file: DatabaseArgument,
    origin: Annotated[str, typer.Argument(metavar="LINES", help="JSON Lines, or - for stdin.")],
    *,
    embed: Annotated[
        bool, typer.Option("--embed/--no-embed", help="Whether to make vectors of the texts.")
    ] = True,
    near: Annotated[
        float | None, typer.Option("--near", help="Name documents as alike as that, 0 to 1.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes that read files.")
    ] = None,
    embedder: EmbedderOption = "default",
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Put many documents: one JSON object a line, with the arguments of Memory.put."""
    documents = []
    for number, line in enumerate(read_source(origin).splitlines(), 1):
        if line.strip():
            documents.append(json_object(line, f"line {number} of {origin}"))
    with _made(file, name, embedder if embed else "none") as memory, progress_bar("putting") as bar:
        done = memory.put_many(
            documents,
            enable_embedding=None if embed else False,
            near=near,
            workers=workers,
            progress=lambda count, total, _name: bar(count, total),
        )
    _show_put([done], name, as_json=as_json)


def _show_put(done: list[Put | PutMany], name: str, *, as_json: bool) -> None:
    """Show what became of documents; exit as the first that failed would."""
    from engram.memory import Put

    documents: list[Put] = []
    failed: list[Failed] = []
    skipped: list[str] = []
    removed: list[str] = []
    for one in done:
        if isinstance(one, Put):
            documents.append(one)
        else:
            documents += one.documents
            failed += one.failed
            skipped += one.skipped
            removed += one.removed
    counts = {
        status: sum(one.status == status for one in documents)
        for status in ("added", "replaced", "unchanged", "duplicate")
    }
    if as_json:
        print_json(
            {
                "memory": name,
                **counts,
                "documents": [one.to_dict() for one in documents],
                "failed": [one.to_dict() for one in failed],
                "skipped": skipped,
                "removed": removed,
            }
        )
    else:
        said = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
        print_line(f"{said or 'nothing'} in {name!r}")
        for put_one in documents:
            for other, share in put_one.near:
                print_line(f"{put_one.uri or put_one.id} is {share:.2f} like {other}")
        if removed:
            print_line(f"removed {len(removed)} whose files are gone")
        if skipped:
            print_line(f"left out {len(skipped)} files of a kind that is not read")
        for lost in failed:
            typer.echo(f"failed: {lost.name}: [{lost.error.code}] {lost.error.message}", err=True)
    if failed:
        raise typer.Exit(EXIT_CODES[type(failed[0].error)])


@app.command("find")
def find(
    file: DatabaseArgument,
    text: Annotated[str, typer.Argument(help="What to look for, in words.")],
    *,
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
    with opened_memory(file, name, read_only=read_only, embedder=embedder) as memory:
        source = memory if session is None else memory.session(session)
        finds = source.find(text, **options)
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
