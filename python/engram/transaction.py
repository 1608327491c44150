"""Transactions over several collections, and which of them a call joins.

Owns: `Transaction` and `active`. A transaction belongs to the thread or task that opened it, by a
context variable: calls made there through the same handle join it; other threads see the latest
commit until it commits. Invariant: at most one is open per handle and context.
"""

from __future__ import annotations

from contextvars import ContextVar

from engram.errors import Conflict
from engram.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from engram import _native
    from engram.collection import Collection
    from engram.database import Database
    from engram.embed.calling import EmbedderChoice
    from engram.types import Metric, StopWords

__all__ = ["Transaction", "active"]

_open: ContextVar[tuple[Transaction, ...]] = ContextVar("engram_transactions", default=())


class Transaction:
    """Writes that become visible together, or not at all. Made by `Database.transaction`."""

    __slots__ = ("_database", "_finished", "_native", "_then", "commit")

    commit: int | None
    """The commit that it became; None before its end and after a rollback."""

    def __init__(self, database: Database) -> None:
        """Prepare a transaction; it starts where its with block starts."""
        self._database = database
        self._native: _native.Transaction | None = None
        self._finished = False
        self._then: dict[Callable[[], None], None] = {}
        self.commit = None

    def __enter__(self) -> Self:
        """Take the write lock and start."""
        if self._finished or self._native is not None:
            raise self._ended()
        if active(self._database) is not None:
            raise Conflict(
                "transaction.active",
                "a transaction is open already in this thread or task",
                "transactions do not nest: use the one that is open",
            )
        self._native = self._database._native.begin()
        _open.set((*_open.get(), self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Commit, or roll back where an exception leaves the block."""
        native, self._native, self._finished = self._native, None, True
        # Not by a token: a generator may be left in another context than it was entered in.
        _open.set(tuple(one for one in _open.get() if one._native is not None))
        if native is None:
            return
        if kind is None:
            self.commit = native.commit()
            for call in self._then:
                call()
        else:
            native.rollback()

    def collection(  # noqa: PLR0913 - each is a setting of its own
        self,
        name: str,
        *,
        metric: Metric | None = None,
        language: str | None = None,
        stop_words: StopWords | None = None,
        k1: float | None = None,
        b: float | None = None,
        embedder: EmbedderChoice = "default",
    ) -> Collection:
        """Give a collection that writes into this transaction, from whatever thread.

        Arguments and errors are those of `Database.collection`.
        """
        settings = Settings(metric, language, stop_words, k1, b)
        return self._database._collection(name, settings, embedder, self)

    def _after_commit(self, call: Callable[[], None]) -> None:
        """Call a function that cannot fail after the commit, once however often it is given."""
        self._then[call] = None

    def _open(self) -> _native.Transaction:
        """Give the native transaction."""
        if self._native is None:
            raise self._ended()
        return self._native

    def _view(self) -> _native.View:
        """Give the transaction's own state, its writes included."""
        return self._open().view()

    def _ended(self) -> Conflict:
        what = "is over" if self._finished else "has not started"
        return Conflict(
            "transaction.finished",
            f"the transaction {what}",
            "use it inside its with block, and db.transaction() for each one",
        )

    def __repr__(self) -> str:
        """Show the database and the state."""
        state = "open" if self._native is not None else "finished" if self._finished else "new"
        return f"Transaction({self._database.path!r}, {state})"


def active(database: Database) -> Transaction | None:
    """Give the transaction that this thread or task has open on a handle."""
    for transaction in _open.get():
        if transaction._database is database and transaction._native is not None:
            return transaction
    return None
