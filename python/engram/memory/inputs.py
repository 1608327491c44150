"""One document on its way in, as it was given.

Owns: `Item`, the checks of what callers say about a document, and the digest of it that tells
whether a document that is there was put just so.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from engram.access import access_list
from engram.checks import optional_str, proper_str
from engram.embed.identity import Identity
from engram.errors import InvalidInput
from engram.memory.layout import RESERVED
from engram.memory.moments import moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from engram.memory.moments import Moment

__all__ = ["ITEM_KEYS", "Item", "item_of"]


@dataclass(slots=True, kw_only=True)
class Item:
    """What `Memory.put` was given about one document; the attributes are its arguments."""

    text: str | None = None
    file: str | os.PathLike[str] | bytes | None = None
    filename: str | None = None
    format: str | None = None
    title: str | None = None
    label: str | None = None
    uri: str | None = None
    tags: Sequence[str] = ()
    kind: str | None = None
    track: str | None = None
    timestamp: Moment | None = None
    metadata: Mapping[str, Any] | None = None
    search_text: str | None = None
    access: Mapping[str, Any] | None = None
    embedding: Any = None
    embedding_identity: Identity | Mapping[str, Any] | str | None = None

    def check(self) -> None:
        """Check what can be checked without reading the document, and bring it into one form.

        Raises:
            InvalidInput: ``input.invalid``.
        """
        if (self.text is None) == (self.file is None):
            raise InvalidInput(
                "input.invalid",
                "a document is either text= or file=",
                'put("some text"), or put(file="report.pdf")',
            )
        for name in (
            "text",
            "filename",
            "format",
            "title",
            "label",
            "uri",
            "kind",
            "track",
            "search_text",
        ):
            optional_str(getattr(self, name), name)
        if self.uri == "":
            raise InvalidInput("input.invalid", "uri is empty", "leave it out")
        if self.uri is None and isinstance(self.file, (str, os.PathLike)):
            self.uri = os.fspath(self.file).replace(os.sep, "/")
        if isinstance(self.tags, str):
            raise InvalidInput("input.invalid", "tags is one str, not several", "tags=[...]")
        self.tags = [proper_str(tag, "a tag") for tag in self.tags]
        if self.timestamp is not None:
            self.timestamp = moment(self.timestamp, "timestamp")
        self.metadata = _metadata(self.metadata)
        self.access = access_list(self.access)
        if self.embedding_identity is not None:
            if self.embedding is None:
                raise InvalidInput(
                    "input.invalid",
                    "embedding_identity without embedding",
                    "it says which model made embedding=",
                )
            self.embedding_identity = as_identity(self.embedding_identity)

    def known(self) -> dict[str, Any]:
        """Give what passages and document say of it, those of its facts that there are."""
        about = {
            "uri": self.uri,
            "title": self.title,
            "label": self.label,
            "kind": self.kind,
            "track": self.track,
            "tags": list(self.tags) or None,
            "timestamp": self.timestamp,
            "access": self.access,
        }
        return {name: value for name, value in about.items() if value is not None}

    def digest(self, *settings: object) -> str:
        """Give a hash of everything that was said about the document but its content."""
        said = [
            self.known(),
            self.metadata or {},
            self.search_text,
            self.format,
            self.filename,
            None if self.embedding is None else [float(x) for x in self.embedding],
            [str(one) for one in (self.embedding_identity, *settings)],
        ]
        try:
            text = json.dumps(said, sort_keys=True, ensure_ascii=False)
        except (TypeError, ValueError) as cause:
            raise InvalidInput(
                "input.invalid",
                f"metadata holds what is no JSON: {cause}",
                "None, bool, int, float, str, lists and mappings with text keys",
            ) from cause
        return hashlib.sha256(text.encode()).hexdigest()


ITEM_KEYS = tuple(one.name for one in fields(Item))
"""What one document of `Memory.put_many` can say."""


def item_of(given: object, index: int) -> Item:
    """Make an item of one document of `Memory.put_many`: text, or a mapping.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    if isinstance(given, str):
        return Item(text=given)
    if not isinstance(given, Mapping):
        raise InvalidInput(
            "input.invalid",
            f"document {index} is {type(given).__name__}, neither text nor a mapping",
            'put_many([{"text": ..., "title": ...}, "only text"])',
        )
    unknown = [str(key) for key in given if key not in ITEM_KEYS]
    if unknown:
        raise InvalidInput(
            "input.invalid",
            f"document {index}: unknown keys: {', '.join(unknown)}",
            f"the keys are {', '.join(ITEM_KEYS)}; other facts go into metadata",
        )
    return Item(**given)


def as_identity(given: Identity | Mapping[str, Any] | str) -> Identity:
    """Give the identity of an embedder, from itself, its facts, or its JSON.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    if isinstance(given, Identity):
        return given
    text = given if isinstance(given, str) else json.dumps(dict(given))
    try:
        return Identity.from_json(text)
    except InvalidInput as error:
        error.hint = "engram.Identity(name, revision, dimension, normalized)"
        raise


def _metadata(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Check that metadata is a mapping that leaves the reserved key alone."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InvalidInput(
            "input.invalid", f"metadata is {type(given).__name__}, not a mapping", "metadata={...}"
        )
    if RESERVED in given:
        raise InvalidInput(
            "input.invalid",
            f"metadata has the key {RESERVED!r}, which is the memory's own",
            "give it another name",
        )
    return dict(given)
