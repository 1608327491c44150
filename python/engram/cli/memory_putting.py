"""``engram memory put, put-many``: documents in.

Owns: what is said about documents on the command line, and how it is shown what became of them.
Everything is a call of `engram.Memory`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engram.cli.failure import EXIT_CODES
from engram.cli.memory_options import (
    STDIN,
    AccessListOption,
    EmbedderOption,
    MemoryOption,
    MetadataOption,
    TagOption,
    UriOption,
    json_object,
    opened_memory,
    put_options,
    read_source,
    without_none,
)
from engram.cli.output import (
    DatabaseArgument,
    JsonOption,
    print_json,
    print_line,
    progress_bar,
)
from engram.errors import InvalidInput
from engram.memory.layout import DEFAULT_NAME

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from engram.memory import Memory, Put
    from engram.memory.outcomes import Failed, PutMany

__all__ = ["put", "put_many"]


def put(
    file: DatabaseArgument,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files, folders, or - for stdin.")
    ],
    *,
    title: Annotated[str | None, typer.Option("--title", help="Of one document.")] = None,
    uri: UriOption = None,
    tags: TagOption = None,
    label: Annotated[str | None, typer.Option("--label", help="What it is for you.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="What kind it is.")] = None,
    track: Annotated[str | None, typer.Option("--track", help="What it belongs to.")] = None,
    timestamp: Annotated[
        str | None, typer.Option("--timestamp", help="When one document is from.")
    ] = None,
    metadata: MetadataOption = None,
    access: AccessListOption = None,
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
        **put_options(tags=tags, metadata=metadata, access=access),
        "label": label,
        "kind": kind,
        "track": track,
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
