"""What was forgotten, without saying what it was.

Owns: `Receipt` and `Forgotten`. Invariant: a receipt holds no text, uri or id of what was erased,
only hashes by which somebody who has them can tell; its digest covers all of it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

__all__ = ["Forgotten", "Receipt", "hashed"]

_VERSION = 1


def hashed(what: str, value: str) -> str:
    """Give the hash by which a receipt names an id (``"id"``) or a content hash (``"content"``)."""
    return hashlib.sha256(f"engram forgotten {what}\0{value}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What `Memory.forget` erased. Frozen, and JSON-able by `to_dict`.

    Attributes:
        memory: Which memory of the file.
        documents: Hashes of the ids of the documents, in order.
        contents: Hashes of the SHA-256 of what they were put as, in order.
        counts: How many records were erased: ``documents``, ``passages``, ``originals``, ``facts``,
            ``tables`` and ``sessions`` (steps that had found one of them).
        snapshots: How many snapshots were deleted because they held one of them.
        commit: The commit that erased them; 0 for a dry run.
        file_hash: SHA-256 of the file just after, or None for a dry run or a memory without a file.
        file_bytes: How large the file was then.
        when: When, ISO 8601 in UTC.
        digest: SHA-256 of all of the above, which tells whether the receipt was changed.
    """

    memory: str
    documents: tuple[str, ...]
    contents: tuple[str, ...]
    counts: Mapping[str, int]
    snapshots: int
    commit: int
    file_hash: str | None
    file_bytes: int
    when: str
    digest: str = ""

    @property
    def dry_run(self) -> bool:
        """Whether nothing was erased."""
        return self.commit == 0

    def __len__(self) -> int:
        """Count the documents."""
        return len(self.documents)

    def signed(self) -> Receipt:
        """Give it with its digest."""
        plain = self.to_dict() | {"digest": self._digest()}
        return Receipt.from_dict(plain)

    def is_whole(self) -> bool:
        """Say whether it is as it was made."""
        return self.digest == self._digest()

    def _digest(self) -> str:
        plain = self.to_dict()
        del plain["digest"]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data; `from_dict` reads it."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        plain |= {name: list(plain[name]) for name in ("documents", "contents")}
        return plain | {"counts": dict(self.counts), "version": _VERSION}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Receipt:
        """Read what `to_dict` gave.

        Raises:
            InvalidInput: ``input.invalid`` where it is no receipt, or one of a newer version.
        """
        names = {one.name for one in fields(cls)}
        if plain.get("version") != _VERSION or set(plain) != names | {"version"}:
            raise InvalidInput("input.invalid", "this is no receipt of this version")
        values = {name: plain[name] for name in names}
        values |= {name: tuple(values[name]) for name in ("documents", "contents")}
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """Whether what a receipt names is gone; true where it is. Frozen.

    Attributes:
        found: What is there of it, in words: which collection or snapshot holds how much.
        whole: Whether the receipt is as it was made.
        sound: Whether the file is, see `Memory.verify`.
        same_file: Whether the file is byte for byte what it was just after; it changes with the
            next write, or where it is checked without a file.
    """

    found: tuple[str, ...]
    whole: bool
    sound: bool
    same_file: bool

    def __bool__(self) -> bool:
        """Say whether it is gone, and the receipt can be believed."""
        return self.whole and self.sound and not self.found

    @staticmethod
    def wanted(names: Iterable[str], what: str, hashes: Iterable[str]) -> int:
        """Count the names that are among hashes."""
        known = frozenset(hashes)
        return sum(hashed(what, name) in known for name in names)

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"found": list(self.found), "forgotten": bool(self)}
