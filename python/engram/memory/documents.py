"""Documents as the memory keeps them.

Owns: `Stored`, and how it is read from a record of ``<name>.documents``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engram.memory.layout import RESERVED

if TYPE_CHECKING:
    from typing import Any

    from engram.records import Record

__all__ = ["Stored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One document of a memory. Frozen.

    Attributes:
        id: Its id.
        uri: What it is called outside, such as its path; None where it has none.
        title: Its title: the one given, or the one it gives itself.
        text: All of its text; offsets of passages and snippets are into this.
        label: The label given, or None.
        kind: The kind given, or the media type of what was read.
        track: The track given, or None.
        tags: Its tags.
        timestamp: When it is from, ISO 8601 in UTC: as given, else as it says itself, else when
            its file was changed, else when it was put.
        metadata: The metadata given.
        found: What it says about itself: ``author``, ``language``, ``created``, ``pages`` and the
            like, as `engram.extract.Document.metadata` has them.
        hash: SHA-256 of the bytes it was put as.
        size: How many bytes those are.
        passages: How many passages it has.
        access: Who may see it, or None for everybody.
        created: When it was first put, ISO 8601 in UTC.
        updated: When it was last put.
    """

    id: str
    uri: str | None
    title: str | None
    text: str = field(repr=False)
    label: str | None
    kind: str | None
    track: str | None
    tags: tuple[str, ...]
    timestamp: str
    metadata: dict[str, Any]
    found: dict[str, Any] = field(repr=False)
    hash: str = field(repr=False)
    size: int
    passages: int
    access: dict[str, Any] | None
    created: str = field(repr=False)
    updated: str = field(repr=False)

    @classmethod
    def of(cls, record: Record) -> Stored:
        """Read a record."""
        about: dict[str, Any] = record.metadata[RESERVED]
        dated = record._dated()
        return cls(
            id=record.id,
            uri=about.get("uri"),
            title=about.get("title"),
            text=record.text or "",
            label=about.get("label"),
            kind=about.get("kind"),
            track=about.get("track"),
            tags=tuple(about.get("tags", ())),
            timestamp=about["timestamp"],
            metadata={key: value for key, value in record.metadata.items() if key != RESERVED},
            found=about.get("found", {}),
            hash=about["hash"],
            size=about["size"],
            passages=about["passages"],
            access=about.get("access"),
            created=dated["created"],
            updated=dated["updated"],
        )

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"tags": list(self.tags)}
