"""What the commands of ``engram memory`` have in common.

Owns: their shared options, opening a memory, and reading JSON and access lists from the command
line.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import engram
from engram.errors import InvalidInput, Io, NotFound
from engram.files import io_error

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "STDIN",
    "AccessListOption",
    "AccessOption",
    "AdaptiveOption",
    "AsOfOption",
    "EmbedderOption",
    "KOption",
    "MaxKOption",
    "MemoryOption",
    "MetadataOption",
    "ModeOption",
    "RelevancyOption",
    "ScopeOption",
    "SessionOption",
    "SinceOption",
    "StrategyOption",
    "TagOption",
    "TagsOption",
    "UntilOption",
    "UriOption",
    "VisionOption",
    "WhenOption",
    "access_of",
    "json_object",
    "moment_of",
    "opened_memory",
    "put_options",
    "read_source",
    "searching",
    "without_none",
]

STDIN = "-"

MemoryOption = Annotated[
    str, typer.Option("--memory", "-m", help="Which memory of the file.", metavar="NAME")
]
VisionOption = Annotated[
    str | None,
    typer.Option("--vision", help="What embeds images: a CLIP model's name or folder."),
]
EmbedderOption = Annotated[
    str,
    typer.Option(
        "--embedder",
        help="What embeds: an installed model, provider:model; none for words alone.",
        metavar="NAME",
    ),
]
KOption = Annotated[int | None, typer.Option("-k", help="Most passages to look for.")]
ModeOption = Annotated[str, typer.Option("--mode", help="auto, lex, sem or hybrid.")]
ScopeOption = Annotated[
    str | None, typer.Option("--scope", help="Only documents whose uri starts so.")
]
TagsOption = Annotated[list[str] | None, typer.Option("--tag", help="Only with it; repeatable.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="Only documents from then on, such as 2024-05-01.")
]
UntilOption = Annotated[str | None, typer.Option("--until", help="Only documents from before.")]
WhenOption = Annotated[
    str | None, typer.Option("--when", help="Only documents from then, in words: last week.")
]
AdaptiveOption = Annotated[
    bool, typer.Option("--adaptive", help="Let the scores decide how many there are.")
]
RelevancyOption = Annotated[
    float | None, typer.Option("--min-relevancy", help="What a score must have; see --strategy.")
]
MaxKOption = Annotated[int | None, typer.Option("--max-k", help="Most, with --adaptive.")]
StrategyOption = Annotated[
    str | None,
    typer.Option("--strategy", help="relative, absolute, cliff, elbow or combined."),
]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", help="As it was: a snapshot's name, or a commit's number.")
]
AccessOption = Annotated[
    str | None,
    typer.Option(
        "--access", help="Who asks, as JSON: tenant, roles, groups, subject.", metavar="JSON"
    ),
]
UriOption = Annotated[
    str | None, typer.Option("--uri", help="Of one document; its path unless given.")
]
TagOption = Annotated[list[str] | None, typer.Option("--tag", help="Of all documents; repeatable.")]
MetadataOption = Annotated[
    str | None, typer.Option("--metadata", help="A JSON object.", metavar="JSON")
]
AccessListOption = Annotated[
    str | None,
    typer.Option(
        "--access",
        help="Who may see it, as JSON: tenant, roles, groups, subjects.",
        metavar="JSON",
    ),
]
SessionOption = Annotated[
    str | None, typer.Option("--session", help="Record it in this session.", metavar="NAME")
]


@contextmanager
def opened_memory(
    file: Path,
    name: str,
    *,
    read_only: bool = True,
    create: bool = False,
    embedder: str = "default",
    vision: str | None = None,
) -> Iterator[engram.Memory]:
    """Open a memory; one that is only read has to be there.

    Raises:
        NotFound: ``collection.not_found`` where the file has no memory of that name.
    """
    by = None if embedder == "none" else embedder
    with engram.Memory.open(
        file, name=name, embedder=by, read_only=read_only, create=create, vision=vision
    ) as memory:
        there = memory.db.list_collections()
        if not create and memory.layout.documents not in there:
            ending = memory.layout.documents.removeprefix(name)
            names = [one.removesuffix(ending) for one in there if one.endswith(ending)]
            raise NotFound(
                "collection.not_found",
                f"there is no memory {name!r}",
                f"memories of this file: {', '.join(names) or 'none'} (--memory NAME)",
            )
        yield memory


def searching(**given: Any) -> dict[str, Any]:
    """Give the options of a search as `Memory.find` and `Memory.ask` take them."""
    options = without_none(given)
    for name, read in (("tags", tuple), ("as_of", _point), ("access", access_of)):
        if name in options:
            options[name] = read(options[name])
    return options


def put_options(
    *,
    tags: list[str] | None,
    metadata: str | None,
    access: str | None,
    uri: str | None = None,
) -> dict[str, Any]:
    """Give what is said about documents as `Memory.put` takes it; nothing that was not given.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    options = {
        "tags": tags,
        "metadata": json_object(metadata, "--metadata") or None,
        "access": json_object(access, "--access") or None,
        "uri": uri,
    }
    return without_none(options)


def without_none(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out what was not given."""
    return {name: value for name, value in options.items() if value is not None}


def access_of(text: str | None) -> engram.AccessContext | None:
    """Read who asks.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    if text is None:
        return None
    given = json_object(text, "--access")
    try:
        return engram.AccessContext(**given)
    except TypeError as cause:
        raise InvalidInput(
            "input.invalid",
            f"--access is {text!r:.80}",
            '{"tenant": "...", "roles": ["..."], "groups": ["..."], "subject": "..."}',
        ) from cause


def json_object(text: str | None, option: str) -> dict[str, Any]:
    """Read a JSON object; an empty one of None.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidInput("input.invalid", f"{option} is no JSON object: {text!r:.80}")
    return found


def moment_of(text: str | None, option: str) -> datetime | None:
    """Read a moment.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    if text is None:
        return None
    from engram.memory.moments import moment

    return datetime.fromisoformat(moment(text, option).replace("Z", "+00:00"))


def read_source(path: str) -> str:
    """Read a text from a file or stdin.

    Raises:
        Io: ``io.failed``, ``file.not_found``.
        InvalidInput: ``input.invalid`` where it is no UTF-8.
    """
    try:
        raw = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
        return raw.decode()
    except OSError as cause:
        failed: Io = io_error(f"reading {path}", cause, path)
        raise failed from cause
    except UnicodeDecodeError as cause:
        raise InvalidInput("input.invalid", f"{path} is no UTF-8 text: {cause}") from cause


def _point(text: str) -> str | int:
    return int(text) if text.isdigit() else text
