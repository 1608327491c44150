"""A store and a database of collections, as VecStore has them, each one file.

Owns: `VecStore`, `VecDatabase` and `Collection`. A store is the collection ``default`` of its file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.compat.vecstore.files import File, opened
from engram.compat.vecstore.records import DELETIONS, Records
from engram.compat.vecstore.values import Name, NameTaken, Snapshot, value_errors

if TYPE_CHECKING:
    import os

__all__ = ["Collection", "VecDatabase", "VecStore"]


class VecStore(File, Records):
    """One set of vectors in one file. Safe to share by threads; several processes may open it.

    Args:
        path: The file; or a folder that exists, in which it is ``vecstore.engram``; or
            ``":memory:"``.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file, or make it."""
        Records.__init__(self, opened(path), "default")

    def remove(self, id: str) -> None:
        """Delete a vector with its metadata and text.

        Raises:
            UnknownName: ``record.not_found``.
        """
        self._remove(id)

    def save(self) -> None:
        """Do nothing: every call that wrote has it on disk when it returns.

        Raises:
            Closed: ``handle.closed``.
        """
        self.len()

    def len(self) -> int:
        """Count the vectors."""
        return self.records.count()

    def is_empty(self) -> bool:
        """Say whether there is none."""
        return self.len() == 0

    def create_snapshot(self, name: str) -> None:
        """Keep the present state under a name.

        Raises:
            NameTaken: ``snapshot.exists``.
        """
        with value_errors():
            self.database.create_snapshot(name)

    def restore_snapshot(self, name: str | Snapshot) -> None:
        """Make the store what it was at a snapshot.

        Raises:
            UnknownName: ``snapshot.not_found``.
        """
        with value_errors():
            self.database.restore_snapshot(name.name if isinstance(name, Snapshot) else name)

    def list_snapshots(self) -> list[Snapshot]:
        """List the snapshots, oldest first."""
        return [
            Snapshot(
                kept.name,
                kept.time.isoformat(),
                self.database.at(kept.name).collection(self.records.name).count(),
            )
            for kept in self.database.list_snapshots()
        ]

    def __len__(self) -> int:
        """Count the vectors."""
        return self.len()

    def __repr__(self) -> str:
        """Show how many vectors there are."""
        return "VecStore(closed)" if self.database.closed else f"VecStore(vectors={self.len()})"


class Collection(Records):
    """An isolated set of vectors. Made by `VecDatabase`."""

    @property
    def name(self) -> Name:
        """Its name, which VecStore has as a method: ``c.name`` and ``c.name()``."""
        return Name(self.records.name)

    def delete(self, id: str) -> bool:
        """Delete a vector with its metadata and text; say whether there was one."""
        return self._delete(id)

    def count(self) -> int:
        """Count the vectors."""
        return self.records.count()

    def __repr__(self) -> str:
        """Show the name and how many vectors there are."""
        return f"Collection(name={str(self.name)!r}, vectors={self.count()})"


class VecDatabase(File):
    """Several collections in one file, each with a dimension of its own.

    Args:
        path: As `VecStore`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file, or make it."""
        self.database = opened(path)

    def create_collection(self, name: str) -> Collection:
        """Make a collection.

        Raises:
            NameTaken: ``collection.exists``.
        """
        if name == DELETIONS:
            raise NameTaken("collection.exists", f"{name!r} is the collection of VecStore's counts")
        with value_errors():
            self.database.create_collection(name)
        return Collection(self.database, name)

    def get_collection(self, name: str) -> Collection | None:
        """Give a collection, or None where there is none of that name."""
        return Collection(self.database, name) if name in self.list_collections() else None

    def list_collections(self) -> list[str]:
        """List the names."""
        return [name for name in self.database.list_collections() if name != DELETIONS]

    def delete_collection(self, name: str) -> bool:
        """Delete a collection with all that is in it; say whether there was one."""
        with self.database.transaction():
            there = name != DELETIONS and self.database.delete_collection(name)
            if there:
                self.database.collection(DELETIONS).delete(name)
        return there

    def __repr__(self) -> str:
        """Show how many collections there are."""
        if self.database.closed:
            return "VecDatabase(closed)"
        return f"VecDatabase(collections={len(self.list_collections())})"
