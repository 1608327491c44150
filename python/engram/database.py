"""A database: one file, its collections, transactions and snapshots.

Owns: `Database`. Invariant: reads outside a transaction answer from the latest commit of any
process. `engram.opening` makes databases, `engram.past` shows one commit of the past,
`engram.transaction` says which transaction a call joins. Opposite side: `engram._native.Database`,
which holds the file and its locks.
"""

from __future__ import annotations

import os

from engram.checks import proper_str
from engram.collection import Collection
from engram.embed.calling import embedder_source
from engram.errors import Conflict, InvalidInput, NotFound
from engram.past import DatabaseView, Reader
from engram.reembedding import ReembeddingAll
from engram.settings import Settings
from engram.transaction import Transaction, active

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from types import TracebackType

    from typing_extensions import Self

    from engram import _native
    from engram.embed.calling import EmbedderChoice, EmbedderSource
    from engram.graph.graphs import Graph
    from engram.graph.kinds import Chat
    from engram.memory.memory import Memory
    from engram.reports import (
        BackupReport,
        DoctorReport,
        LockOwner,
        OptimizeReport,
        SnapshotInfo,
        Stats,
        VerifyReport,
    )
    from engram.spaces import Space
    from engram.types import Embedder, Metric, StopWords

__all__ = ["Database"]


class Database(Reader, ReembeddingAll):
    """An open database. Made by `engram.open`; safe to share by threads.

    After `fork` an inherited handle opens the file anew in the child; an in-memory database stays
    in its process, and its handle raises ``handle.forked`` in the child.
    """

    __slots__ = ("__weakref__", "_embedder", "_graph", "_memory", "_native")

    def __init__(self, native: _native.Database, embedder: EmbedderChoice) -> None:
        """Wrap a native handle; `engram.open` does this for you."""
        self._native = native
        self._embedder = embedder_source(embedder)
        self._graph: Graph | None = None
        self._memory: Memory | None = None

    @property
    def memory(self) -> Memory:
        """The documents of this database: its memory of the default name."""
        if self._memory is None:
            from engram.memory.memory import Memory

            self._memory = Memory(self)
        return self._memory

    @property
    def path(self) -> str:
        """The file, or ``":memory:"``."""
        return self._native.path or ":memory:"

    @property
    def read_only(self) -> bool:
        """Whether the handle refuses to write."""
        return self._native.read_only

    @property
    def closed(self) -> bool:
        """Whether the handle was closed."""
        return self._native.closed

    @property
    def embedder(self) -> Embedder | None:
        """What embeds texts, or None; loads the built-in model where that is the one."""
        return self._embedder_of("default")()

    @property
    def graph(self) -> Graph:
        """The graph named ``"graph"``; the same object every time. `engram.Graph` takes others."""
        if self._graph is None:
            from engram.graph.graphs import Graph

            self._graph = Graph(self)
        return self._graph

    def create_chat(self, title: str | None = None, topic: str | None = None) -> Chat:
        """Make a chat in `graph`; see `Graph.create_chat`."""
        return self.graph.create_chat(title, topic)

    def close(self) -> None:
        """Close the handle; a second time does nothing. Everything committed is in the file."""
        self._native.close()

    def __enter__(self) -> Self:
        """Use the database in a with statement that closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the handle."""
        self.close()

    def transaction(self) -> Transaction:
        """Start a transaction over any collections, for a with statement.

        While it is open, every call of this thread or task through this handle's collections joins
        it, reads included. Leaving the block commits; an exception rolls back.

        Example:
            >>> with db.transaction():
            ...     notes.put("n1", text="one")
            ...     log.put("l1", text="added n1")

        Raises:
            Conflict: ``transaction.active`` where one is open already, ``file.read_only``.
            Busy: ``lock.timeout``.
        """
        return Transaction(self)

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
        spaces: Mapping[str, Space] | None = None,
    ) -> Collection:
        """Give a collection; it is made at its first write.

        Args:
            name: 1 to ``LIMITS["collection_name_bytes"]`` bytes of UTF-8.
            metric: ``"cosine"``, ``"dot"`` or ``"l2"``; left out: as stored, or cosine.
            language: What its text is stemmed for, such as ``"en"``, or ``"none"``; left out: as
                stored, or English.
            stop_words: What its articles, pronouns, question words count in a query beside other
                words: ``"weak"`` a tenth, ``"keep"`` as much, ``"drop"`` nothing; left out: as
                stored, or weak.
            k1: How much more a word counts that is in a text often, 0 to 10; left out: as stored,
                or by the mean length of the texts, from 0.9 to 1.5.
            b: How much less a word counts in a long text, 0 to 1; left out: as stored, or by the
                mean length of the texts, from 0.4 to 0.75.
            embedder: What embeds its texts; the database's unless given.
            spaces: Vector spaces that are not plain float32, by name; added at the first write.

        Raises:
            Conflict: ``collection.mismatch`` where it exists with other settings, and
                at the first write where a space does with other settings.
        """
        settings = Settings(metric, language, stop_words, k1, b)
        return self._collection(name, settings, embedder, None, spaces)

    def _collection(
        self,
        name: str,
        settings: Settings,
        embedder: EmbedderChoice,
        transaction: Transaction | None,
        spaces: Mapping[str, Space] | None = None,
    ) -> Collection:
        embed = self._embedder_of(embedder)
        name = proper_str(name, "the name")
        if settings.asks():
            settings.check(self._view() if transaction is None else transaction._view(), name)
        return Collection(self, name, settings, embed, transaction, spaces)

    def create_collection(  # noqa: PLR0913 - each is a setting of its own
        self,
        name: str,
        *,
        metric: Metric = "cosine",
        language: str = "en",
        stop_words: StopWords = "weak",
        k1: float | None = None,
        b: float | None = None,
        embedder: EmbedderChoice = "default",
        spaces: Mapping[str, Space] | None = None,
    ) -> Collection:
        """Make a collection now; the arguments are those of `collection`.

        Raises:
            Conflict: ``collection.exists``.
            InvalidInput: ``input.invalid``, ``input.limit``.
        """
        proper_str(name, "the name")
        proper_str(metric, "metric")
        proper_str(language, "language")
        proper_str(stop_words, "stop_words")
        settings = Settings(metric, language, stop_words, k1, b)
        made = Collection(self, name, settings, self._embedder_of(embedder), None, spaces)

        def make_it(native: _native.Transaction) -> None:
            settings.create(native, name)
            made._declare(native)

        made._write(make_it)
        return made

    def get_collection(self, name: str) -> Collection | None:
        """Give a collection, or None where there is none of that name."""
        return self.collection(name) if name in self else None

    def delete_collection(self, name: str) -> bool:
        """Delete a collection with its records; say whether there was one."""
        return self.collection(name)._write(lambda native: native.delete_collection(name))

    def create_snapshot(self, name: str) -> SnapshotInfo:
        """Keep the latest commit under a name; no record is copied.

        Raises:
            Conflict: ``snapshot.exists``, ``transaction.active`` inside a transaction.
        """
        from engram.reports import SnapshotInfo, make

        self._outside("create_snapshot")
        return make(SnapshotInfo, self._native.create_snapshot(proper_str(name, "the name")))

    def restore_snapshot(self, name: str) -> SnapshotInfo:
        """Make the database what it was at a snapshot, as a new commit.

        Later snapshots stay. What was written since is gone from the latest commit.

        Raises:
            NotFound: ``snapshot.not_found``.
            Conflict: ``transaction.active`` inside a transaction.
        """
        from engram.reports import SnapshotInfo, make

        self._outside("restore_snapshot")
        return make(SnapshotInfo, self._native.restore_snapshot(proper_str(name, "the name")))

    def delete_snapshot(self, name: str) -> bool:
        """Forget a snapshot, so that its space can be reclaimed; say whether there was one."""
        self._outside("delete_snapshot")
        return self._native.delete_snapshot(proper_str(name, "the name"))

    def list_snapshots(self) -> list[SnapshotInfo]:
        """List the snapshots by the commits that they keep, oldest first, then by name."""
        from engram.reports import SnapshotInfo, make

        found = [make(SnapshotInfo, snapshot) for snapshot in self._native.list_snapshots()]
        return sorted(found, key=lambda snapshot: (snapshot.commit, snapshot.name))

    def at(self, point: str | int | datetime) -> DatabaseView:
        """Look at the database as it was.

        Args:
            point: A snapshot's name, a commit number, or an aware datetime (the last commit at or
                before it).

        Raises:
            NotFound: ``snapshot.not_found``; ``history.not_retained`` where no snapshot or log
                keeps that commit any more.
            InvalidInput: ``input.invalid`` for a datetime without a time zone.
        """
        if isinstance(point, str):
            return DatabaseView(self, self._native.view_at_snapshot(proper_str(point, "the name")))
        if isinstance(point, int) and not isinstance(point, bool):
            if not 0 <= point < 2**63:
                raise NotFound("history.not_retained", f"there is no commit {point}")
            return DatabaseView(self, self._native.view_at_commit(point))
        return DatabaseView(self, self._native.view_at_time(_time_us(point)))

    def stats(self) -> Stats:
        """Measure the file: sizes, records, collections, vector spaces."""
        from engram.reports import stats

        return stats(self._native.stats())

    def verify(self, *, deep: bool = False) -> VerifyReport:
        """Check the file; the report is true when all is well.

        Args:
            deep: Also read every block and count each index again from the records.
        """
        from engram.reports import verify

        return verify(self._native.verify(deep))

    def doctor(
        self, *, dry_run: bool = False, rebuild: bool = False, vacuum: bool = False
    ) -> DoctorReport:
        """Repair this database's file; see `engram.doctor`.

        Raises:
            InvalidInput: ``input.invalid`` for an in-memory database.
        """
        self._outside("doctor")
        if self._native.path is None:
            raise InvalidInput(
                "input.invalid", "an in-memory database has no file to repair", "verify() checks it"
            )
        from engram.opening import doctor

        return doctor(self._native.path, dry_run=dry_run, rebuild=rebuild, vacuum=vacuum)

    def optimize(self) -> OptimizeReport:
        """Rewrite the file without dead space; deleted text and vectors are then nowhere in it.

        Other handles may stay open. What a snapshot keeps is not dead.
        """
        from engram.reports import OptimizeReport, make

        self._outside("optimize")
        return make(OptimizeReport, self._native.optimize())

    def backup(self, path: str | os.PathLike[str]) -> BackupReport:
        """Copy the latest commit to a new file, while others read and write.

        Raises:
            Conflict: ``file.exists``.
        """
        from engram.reports import BackupReport, make

        return make(BackupReport, self._native.backup(os.fsdecode(path)))

    def lock_owner(self) -> LockOwner | None:
        """Say which process holds the write lock, or None."""
        from engram.reports import LockOwner, make

        owner = self._native.lock_owner()
        return None if owner is None else make(LockOwner, owner)

    def _view(self) -> _native.View:
        """Give the view that reads of this thread or task answer from."""
        active = self._active()
        return self._native.view() if active is None else active._view()

    def _active(self) -> Transaction | None:
        """Give the transaction that this thread or task has open on this handle."""
        return active(self)

    def _outside(self, action: str) -> None:
        """Refuse an action that takes the write lock itself while a transaction holds it."""
        if self._active() is not None:
            raise Conflict(
                "transaction.active",
                f"{action} cannot run inside a transaction",
                "leave the with block of the transaction first",
            )

    def _embed_with(self, embedder: Embedder) -> None:
        self._embedder = lambda: embedder
        self._graph = self._memory = None

    def _embedder_of(self, choice: EmbedderChoice) -> EmbedderSource:
        own = isinstance(choice, str) and choice == "default"
        return self._embedder if own else embedder_source(choice)

    def __repr__(self) -> str:
        """Show the file and how it is open."""
        state = "closed" if self.closed else "read-only" if self.read_only else "open"
        return f"Database({self.path!r}, {state})"


def _time_us(point: object) -> int:
    """Turn an aware datetime into microseconds since 1970."""
    from datetime import datetime, timedelta, timezone

    if not isinstance(point, datetime):
        raise InvalidInput(
            "input.invalid",
            f"at() takes no {type(point).__name__}",
            "a snapshot's name (str), a commit number (int) or an aware datetime",
        )
    if point.tzinfo is None or point.utcoffset() is None:
        raise InvalidInput(
            "input.invalid",
            "the datetime has no time zone",
            "datetime.now(timezone.utc), or .astimezone() for local time",
        )
    return (point - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
