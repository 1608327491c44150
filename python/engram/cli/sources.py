"""``engram put``: files, folders and stdin into passages.

Owns: which files are taken, how a file becomes records, and that putting a file again replaces its
old passages in the same transaction. A passage's metadata says where it stands: ``source``,
``start``, ``end`` (character offsets into the source), ``title``, ``path``, and the page, slide,
sheet or section. A file of a folder that cannot be read does not keep the others out.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

import engram
from engram.cli.output import (
    DEFAULT_COLLECTION,
    CollectionOption,
    DatabaseArgument,
    JsonOption,
    print_json,
    print_line,
    progress_bar,
)
from engram.errors import EngramError
from engram.files import io_error
from engram.filtering import quoted
from engram.rag import (
    MarkdownTextSplitter,
    RecursiveCharacterTextSplitter,
    chunk_records,
    read_source,
)
from engram.rag.splitters import CHUNK_SIZE

_RECORD_ENDINGS = (".jsonl", ".jsonl.gz", ".ndjson")
_STDIN = "-"
_FACTS = ("author", "language", "created", "modified", "date")
"""What a document says of itself that its passages carry, to be filtered by."""


def put(
    file: DatabaseArgument,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files, folders, or - for stdin.")
    ],
    *,
    collection: CollectionOption = DEFAULT_COLLECTION,
    glob: Annotated[
        str, typer.Option("--glob", help="Which files of a folder, such as '**/*.md'.")
    ] = "**/*",
    kind: Annotated[
        str | None,
        typer.Option(
            "--as", help="Read as text, markdown, pdf, docx or another, whatever the name says."
        ),
    ] = None,
    source: Annotated[
        str, typer.Option("--source", help="The name under which stdin is put.")
    ] = "stdin",
    max_chars: Annotated[
        int, typer.Option("--max-chars", min=1, help="Characters in a passage at most.")
    ] = CHUNK_SIZE,
    embed: Annotated[
        bool, typer.Option("--embed/--no-embed", help="Whether to make vectors of the texts.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Put files, folders or stdin into the file, split into passages.

    Text, Markdown, HTML, PDF, Office and other documents become passages that know their place in
    the source; JSON Lines become records. Putting a source again replaces its passages.
    """
    if kind is not None:
        from engram.extract.kinds import named

        named(kind)
    chosen, skipped = _choose(paths, glob, kind)
    passages = 0
    failed: list[tuple[str, EngramError]] = []
    with engram.open(file, embedder="default" if embed else None) as db:
        target = db.collection(collection)
        with progress_bar("putting") as progress:
            for done, path in enumerate(chosen):
                progress(done, len(chosen))
                try:
                    passages += _put_one(db, target, path, kind, source, max_chars)
                except EngramError as error:
                    if path in paths or not error.code.startswith("document."):
                        raise
                    failed.append((path, error))
    summary = {"collection": collection, "sources": len(chosen) - len(failed), "records": passages}
    summary["skipped"] = len(skipped)
    if as_json:
        unread = [{"path": path, "code": error.code} for path, error in failed]
        print_json(summary | {"skipped_paths": skipped} | ({"failed": unread} if failed else {}))
    else:
        put_sources = summary["sources"]
        print_line(f"put {passages} records from {put_sources} sources into {collection!r}")
        if skipped:
            print_line(f"left out {len(skipped)} files of an unknown kind (--as decides for them)")
    if failed:
        raise _unreadable(failed, len(chosen))


def _unreadable(failed: list[tuple[str, EngramError]], count: int) -> EngramError:
    """Build the error for files of folders that could not be read, once all others are put."""
    first = failed[0][1]
    names = "; ".join(f"{path} [{error.code}] {error.message}" for path, error in failed)
    return type(first)(
        first.code, f"{len(failed)} of {count} sources could not be read: {names}", first.hint
    )


def _choose(paths: list[str], glob: str, kind: str | None) -> tuple[list[str], list[str]]:
    """List the sources to read, and the files of folders that are of no known kind."""
    chosen: list[str] = []
    skipped: list[str] = []
    for path in paths:
        if path == _STDIN or not Path(path).is_dir():
            chosen.append(path)
            continue
        for found in sorted(Path(path).glob(glob)):
            if not found.is_file() or any(p.startswith(".") for p in found.parts):
                continue
            name = found.as_posix()
            known = kind is not None or name.endswith(_RECORD_ENDINGS) or _is_read(name)
            (chosen if known else skipped).append(name)
    return chosen, skipped


def _is_read(name: str) -> bool:
    """Say whether a file of a folder is of a kind that is read, and that its package is there."""
    from engram.extract.kinds import kind_of_name

    kind = kind_of_name(name)
    return kind is not None and (kind.package is None or find_spec(kind.package) is not None)


def _put_one(
    db: engram.Database,
    target: engram.Collection,
    path: str,
    kind: str | None,
    source: str,
    max_chars: int,
) -> int:
    """Put one source; say how many records it gave."""
    name = source if path == _STDIN else Path(os.path.normpath(path)).as_posix()
    if kind == "jsonl" or (kind is None and path.endswith(_RECORD_ENDINGS)):
        if path != _STDIN:
            return target.import_(path, format="jsonl")
        with tempfile.NamedTemporaryFile(suffix=".jsonl") as spool:
            shutil.copyfileobj(sys.stdin.buffer, spool)
            spool.flush()
            return target.import_(spool.name)
    records = _passages(path, kind, name, max_chars)
    with db.transaction():
        target.delete_where(f"source = {quoted(name)}", missing="ignore")
        return target.put_many(records)


def _read(path: str) -> bytes:
    """Read a file or stdin."""
    try:
        return sys.stdin.buffer.read() if path == _STDIN else Path(path).read_bytes()
    except OSError as cause:
        raise io_error(f"reading {path}", cause, path) from cause


def _passages(path: str, kind: str | None, name: str, max_chars: int) -> list[dict[str, Any]]:
    """Split a source into records."""
    from engram.extract import extract
    from engram.extract.encodings import decode
    from engram.extract.kinds import identify

    raw = _read(path)
    found = identify(raw, kind, None if path == _STDIN else Path(path).name)
    if found.name == "markdown":
        # Its front matter is text like the rest, and needs no extra to be found.
        source = read_source(decode(raw)[0], "markdown")
        chunks = MarkdownTextSplitter(max_chars).split(source.text)
        return chunk_records(chunks, name, read=source, contextual=False)
    document = extract(raw, kind=found.media, tables=False)
    return chunk_records(
        document.split(RecursiveCharacterTextSplitter(max_chars)),
        name,
        read=document,
        contextual=False,
        metadata={fact: document.metadata[fact] for fact in _FACTS if fact in document.metadata},
    )
