"""The database as it was at one commit.

Owns: `DatabaseView`, and what it shares with a live `Database`. Invariant: a view never changes.
Opposite side: `engram._native.View`.
"""

from __future__ import annotations

from engram.checks import proper_str
from engram.reading import CollectionView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from engram import _native
    from engram.database import Database
    from engram.embed.calling import EmbedderChoice

__all__ = ["DatabaseView", "Reader"]


class Reader:
    """What live databases and views of the past have in common."""

    __slots__ = ()

    def _view(self) -> _native.View:
        raise NotImplementedError

    def list_collections(self) -> list[str]:
        """List the names of the collections, sorted."""
        return self._view().collections()

    def __contains__(self, name: object) -> bool:
        """Say whether there is a collection of that name."""
        return isinstance(name, str) and name in self._view().collections()


class DatabaseView(Reader):
    """The database as it was at one commit; read-only, and it stays so whatever is written.

    Made by `Database.at`. Its collections have the reading methods of `Collection`.
    """

    __slots__ = ("_database", "_native")

    def __init__(self, database: Database, native: _native.View) -> None:
        """Make a view; `Database.at` does this for you."""
        self._database = database
        self._native = native

    def _view(self) -> _native.View:
        return self._native

    @property
    def commit(self) -> int:
        """The commit that is seen."""
        return self._native.commit

    @property
    def time(self) -> datetime:
        """When that commit was made, aware, UTC."""
        from engram.records import _utc

        return _utc(self._native.time_us)

    def collection(self, name: str, *, embedder: EmbedderChoice = "default") -> CollectionView:
        """Give a collection of that commit; one that did not exist reads as empty."""
        return CollectionView(
            proper_str(name, "the name"), self._view, self._database._embedder_of(embedder)
        )

    def get_collection(self, name: str) -> CollectionView | None:
        """Give a collection of that commit, or None where it did not exist."""
        return self.collection(name) if name in self else None

    def __repr__(self) -> str:
        """Show file and commit."""
        return f"DatabaseView({self._database.path!r}, commit={self.commit})"
