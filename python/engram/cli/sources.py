"""``engram put``: files, folders and stdin into passages.

Owns: which files are taken, how a file becomes records, and that putting a file again replaces its
old passages in the same transaction. A passage's metadata says where it stands: ``source``,
``start``, ``end`` (character offsets into the source), ``title``, ``path``, ``page``.
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
from engram.errors import InvalidInput
from engram.files import io_error
from engram.filtering import quoted
from engram.rag import (
    MarkdownTextSplitter,
    RecursiveCharacterTextSplitter,
    chunk_records,
    read_pdf,
    read_source,
)
from engram.rag.sources import KINDS, Kind, kind_of
from engram.rag.splitters import CHUNK_SIZE

_RECORD_ENDINGS = (".jsonl", ".jsonl.gz", ".ndjson")
_STDIN = "-"


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
            "--as", help="Read as text, markdown, html, pdf or jsonl, whatever the name says."
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

    Text, Markdown, HTML and PDF become passages that know their place in the source; JSON Lines
    become records. Putting a source again replaces its passages.
    """
    if kind is not None and kind != "jsonl" and _kind(kind) is None:
        raise InvalidInput(
            "input.invalid", f"unknown kind {kind!r}", "one of: text, markdown, html, pdf, jsonl"
        )
    chosen, skipped = _choose(paths, glob, kind)
    passages = 0
    with engram.open(file, embedder="default" if embed else None) as db:
        target = db.collection(collection)
        with progress_bar("putting") as progress:
            for done, path in enumerate(chosen):
                progress(done, len(chosen))
                passages += _put_one(db, target, path, kind, source, max_chars)
    summary = {"collection": collection, "sources": len(chosen), "records": passages}
    summary["skipped"] = len(skipped)
    if as_json:
        print_json(summary | {"skipped_paths": skipped})
        return
    print_line(f"put {passages} records from {len(chosen)} sources into {collection!r}")
    if skipped:
        print_line(f"left out {len(skipped)} files of an unknown kind (--as decides for them)")


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
            known = kind is not None or kind_of(name) not in _unread()
            (chosen if known or name.endswith(_RECORD_ENDINGS) else skipped).append(name)
    return chosen, skipped


def _unread() -> set[Kind | None]:
    """Give the kinds of files that are left out of a folder: no known one, or without its extra."""
    return {None} if find_spec("pypdfium2") else {None, "pdf"}


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
    read_as = _kind(kind) or kind_of(path)
    if read_as is None and path != _STDIN:
        raise InvalidInput(
            "input.invalid",
            f"{path} is of an unknown kind",
            f"--as text|markdown|html|pdf|jsonl; known endings: {', '.join(sorted(KINDS))}, .jsonl",
        )
    records = _passages(path, read_as or "text", name, max_chars)
    with db.transaction():
        target.delete_where(f"source = {quoted(name)}", missing="ignore")
        return target.put_many(records)


def _kind(kind: str | None) -> Kind | None:
    """Narrow the option to the kinds that become passages."""
    return next((known for known in KINDS.values() if known == kind), None)


def _read(path: str) -> bytes:
    """Read a file or stdin."""
    try:
        return sys.stdin.buffer.read() if path == _STDIN else Path(path).read_bytes()
    except OSError as cause:
        raise io_error(f"reading {path}", cause, path) from cause


def _decoded(raw: bytes, path: str) -> str:
    """Decode UTF-8."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise InvalidInput(
            "input.invalid",
            f"{path} is no UTF-8 text: byte {cause.start}",
            "convert it to UTF-8 first",
        ) from cause


def _passages(path: str, kind: Kind, name: str, max_chars: int) -> list[dict[str, Any]]:
    """Split a source into records."""
    raw = _read(path)
    read = read_pdf(raw) if kind == "pdf" else read_source(_decoded(raw, path), kind)
    markdown = kind == "markdown"
    splitter = (MarkdownTextSplitter if markdown else RecursiveCharacterTextSplitter)(max_chars)
    return chunk_records(read.split(splitter), name, read=read, contextual=False)
