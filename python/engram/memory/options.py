"""The arguments that several verbs of a memory share.

Owns: `PutOptions`, which lists what `Memory.put` takes beside the document itself, and
`FolderOptions`, what `Memory.put_folder` takes beside the folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engram.embed.identity import Identity
    from engram.memory.moments import Moment

__all__ = ["FolderOptions", "PutOptions"]


class PutOptions(TypedDict, total=False):
    """What `Memory.put` can be told about a file."""

    filename: str | None
    format: str | None
    title: str | None
    label: str | None
    uri: str | None
    tags: Sequence[str]
    kind: str | None
    track: str | None
    timestamp: Moment | None
    metadata: Mapping[str, Any] | None
    search_text: str | None
    access: Mapping[str, Any] | None
    embedding: Any
    embedding_identity: Identity | Mapping[str, Any] | str | None
    enable_embedding: bool | None
    duplicates: Literal["skip", "keep"]
    near: float | None


class FolderOptions(TypedDict, total=False):
    """What `Memory.put_folder` can be told."""

    exclude: Sequence[str]
    hidden: bool
    remove_vanished: bool
    uri_prefix: str | None
    tags: Sequence[str]
    track: str | None
    label: str | None
    kind: str | None
    metadata: Mapping[str, Any] | None
    access: Mapping[str, Any] | None
    enable_embedding: bool | None
    duplicates: Literal["skip", "keep"]
    near: float | None
    workers: int | None
    progress: Callable[[int, int | None, str], None] | None
