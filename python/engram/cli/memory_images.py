"""``engram memory images put, list, get``: images, alone or in documents.

Owns: how images are shown. Everything is a call of `engram.Memory`; `engram memory find` searches
them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from engram.cli.memory_options import (
    AccessListOption,
    AccessOption,
    AsOfOption,
    EmbedderOption,
    MemoryOption,
    MetadataOption,
    ScopeOption,
    TagOption,
    UriOption,
    VisionOption,
    opened_memory,
    put_options,
    searching,
    without_none,
)
from engram.cli.output import (
    DatabaseArgument,
    JsonOption,
    print_json,
    print_line,
    print_table,
    progress_bar,
)
from engram.files import io_error
from engram.memory.layout import DEFAULT_NAME

app = typer.Typer(help="Images, alone or in documents.", no_args_is_help=True)


@app.command("put")
def put(
    file: DatabaseArgument,
    source: Annotated[
        str, typer.Argument(metavar="PATH", help="An image, a document, or a folder of images.")
    ],
    *,
    caption: Annotated[
        str | None, typer.Option("--caption", help="What the image shows; searched as text.")
    ] = None,
    least: Annotated[
        int | None,
        typer.Option("--least", help="Pixels of the shorter side of images in documents."),
    ] = None,
    uri: UriOption = None,
    tags: TagOption = None,
    metadata: MetadataOption = None,
    access: AccessListOption = None,
    vision: VisionOption = None,
    embedder: EmbedderOption = "default",
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """Put images, embedded by a vision model."""
    options = put_options(tags=tags, metadata=metadata, access=access, uri=uri)
    options |= without_none({"caption": caption, "least": least})
    with (
        opened_memory(
            file, name, read_only=False, create=True, embedder=embedder, vision=vision
        ) as memory,
        progress_bar("embedding images") as bar,
    ):
        done = memory.put_images(source, progress=bar, **options)
        images = sum(len(memory.list_images(one.id)) for one in done.documents)
    if as_json:
        print_json(done.to_dict() | {"images": images})
    else:
        print_line(f"{images} images in {len(done.documents)} documents")
    for one in done.failed:
        typer.echo(f"failed: {one.name}: {one.error}", err=True)
    if done.failed:
        raise done.failed[0].error


@app.command("list")
def list_images(
    file: DatabaseArgument,
    *,
    document: Annotated[
        str | None, typer.Option("--document", help="Only of this document: its id, or its uri.")
    ] = None,
    scope: ScopeOption = None,
    as_of: AsOfOption = None,
    access: AccessOption = None,
    name: MemoryOption = DEFAULT_NAME,
    as_json: JsonOption = False,
) -> None:
    """List images."""
    with opened_memory(file, name) as memory:
        found = memory.list_images(document, **searching(scope=scope, as_of=as_of, access=access))
    if as_json:
        print_json([one.to_dict() for one in found])
        return
    rows = (
        (one.id, one.document.uri or "", one.page or one.slide or "", f"{one.width}x{one.height}")
        for one in found
    )
    print_table(("image", "document", "page", "pixels"), rows)


@app.command("get")
def get(
    file: DatabaseArgument,
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="Its id.")],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write it; stdout unless given.")
    ] = None,
    as_of: AsOfOption = None,
    access: AccessOption = None,
    name: MemoryOption = DEFAULT_NAME,
) -> None:
    """Give an image back, as the bytes of a file."""
    with opened_memory(file, name) as memory:
        raw = memory.get_image(image, **searching(as_of=as_of, access=access))
    if output is None:
        sys.stdout.buffer.write(raw)
        return
    try:
        output.write_bytes(raw)
    except OSError as cause:
        raise io_error(f"writing {output}", cause, str(output)) from cause
