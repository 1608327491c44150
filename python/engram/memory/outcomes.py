"""What putting documents came to.

Owns: `Put`, `Failed` and `PutMany`. Every document that was given is in exactly one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from typing import Any

    from engram.errors import EngramError

__all__ = ["Failed", "Put", "PutMany", "Status"]

Status: TypeAlias = Literal["added", "replaced", "unchanged", "duplicate"]
"""What became of a document: ``added``; ``replaced``, where its uri was there with other content
or other details; ``unchanged``, where it was there just so; ``duplicate``, where a document of the
same bytes was there, which is the one that is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """One document that is in the memory now. Frozen.

    Attributes:
        id: Its id.
        uri: Its uri, or None.
        title: Its title, or None.
        status: ``added``, ``replaced``, ``unchanged`` or ``duplicate``.
        passages: How many passages it has.
        near: Ids of documents that are nearly the same, with their similarity (0 to 1), where that
            was asked for; most alike first.
    """

    id: str
    uri: str | None
    title: str | None
    status: Status
    passages: int
    near: tuple[tuple[str, float], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"near": [list(pair) for pair in self.near]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """One document that could not be put. Frozen.

    Attributes:
        name: Which: its uri, its path, or its index in what was given.
        error: Why.
    """

    name: str
    error: EngramError

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        error = self.error
        return {
            "name": self.name,
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PutMany:
    """What putting several documents came to. Frozen.

    Attributes:
        documents: Those that are in the memory now, in the order they were given.
        failed: Those that are not, and why.
        skipped: Files of a folder that are of a kind that is not read.
        removed: Ids of documents that were removed because their files are gone.
        seconds: Seconds spent by step: ``extract`` (reading, splitting; summed over workers),
            ``embed``, ``index`` (writing and committing), ``total`` (of the clock).
    """

    documents: tuple[Put, ...] = ()
    failed: tuple[Failed, ...] = ()
    skipped: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    def count(self, status: Status) -> int:
        """Count the documents of which that became."""
        return sum(document.status == status for document in self.documents)

    @property
    def passages(self) -> int:
        """How many passages were written: those of added and replaced documents."""
        written = ("added", "replaced")
        return sum(one.passages for one in self.documents if one.status in written)

    @property
    def ids(self) -> list[str]:
        """The ids of the documents, in the order they were given."""
        return [document.id for document in self.documents]

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        return {
            "documents": [one.to_dict() for one in self.documents],
            "failed": [one.to_dict() for one in self.failed],
            "skipped": list(self.skipped),
            "removed": list(self.removed),
            "seconds": dict(self.seconds),
        }
