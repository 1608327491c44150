"""The file behind a store or a database.

Owns: which file a path means, and what every open file can do.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import engram
from engram.compat.vecstore.records import DELETIONS
from engram.errors import Incompatible

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["File", "opened"]

FILE_NAME = "vecstore.engram"
"""The file within a folder that is given as a path."""

_VECSTORE = ("manifest.json", "meta.bin", "vectors.bin")
"""What a folder of VecStore itself holds."""


class File:
    """An open file."""

    database: engram.Database

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a file; the same as calling the class."""
        return cls(path)

    if TYPE_CHECKING:

        def __init__(self, path: str | os.PathLike[str]) -> None: ...

    def optimize(self) -> int:
        """Rewrite the file without what was deleted; say how many vectors were.

        What a snapshot keeps stays in the file.
        """
        self.database.optimize()
        with self.database.transaction():
            counted = self.database.collection(DELETIONS).iterate()
            removed = sum(int(record.metadata["count"]) for record in counted)
            self.database.delete_collection(DELETIONS)
        return removed

    def close(self) -> None:
        """Close the file. Everything written is in it, with or without this."""
        self.database.close()

    def __enter__(self) -> Self:
        """Use it in a with statement that closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()


def opened(path: str | os.PathLike[str]) -> engram.Database:
    """Open a file, made with the folders above it where it is not there."""
    name = os.fsdecode(path)
    if name != ":memory:":
        place = Path(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            place = _within(place)
        name = str(place)
    return engram.open(name, embedder=None)


def _within(folder: Path) -> Path:
    """Give our file in a folder; beside VecStore's own files it would be a second, empty store."""
    if not (folder / FILE_NAME).exists() and all((folder / name).exists() for name in _VECSTORE):
        raise Incompatible(
            "format.not_engram",
            f"{folder} holds a store that VecStore itself wrote, which is not read",
            "give another path, and upsert its records there",
            {"path": str(folder)},
        )
    return folder / FILE_NAME
