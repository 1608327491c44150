"""Work that lives in the file: queued with the change, done with the result, in one commit each.

Owns: `Queue` and `Task`. A task says that derived data of a node has to be made to fit the node;
it is a record of the collection `name`, one for each kind and node, so a change of a node that
waits already adds nothing. A fresh task of the kind ``weave`` is an id and nothing else, which is
what keeps puts quick; what a claim, a failure or another kind add stands in its metadata.
Invariant: a task leaves the queue in the transaction that stores its result (`finish`), so no
result is lost or stored twice, whenever processes die. A lease only keeps others from doing the
same work in vain: it ends by the clock, or when its process is known to be dead.
"""

from __future__ import annotations

import random as _random
from dataclasses import dataclass, replace

from engram.checks import proper_str
from engram.errors import InvalidInput, NotFound
from engram.filtering import quoted
from engram.records import _iso
from engram.weaver.clock import SYSTEM
from engram.weaver.keys import OPEN, as_task, claimable, is_claimable, key_of, task_values
from engram.weaver.owners import is_dead

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from engram import _native
    from engram.database import Database
    from engram.transaction import Transaction
    from engram.weaver.clock import Clock
    from engram.weaver.keys import Task

    Marks = Callable[[_native.View, Sequence[Task]], Sequence[str]]

__all__ = ["Policy", "Queue"]

_ERROR_CHARS = 2_000
_SCAN = 256
_FAR_US = 2**62


@dataclass(frozen=True, slots=True)
class Policy:
    """How long leases last, and how failures are tried again.

    Attributes:
        lease_seconds: How long a claim lasts unless it is renewed.
        tries: How often a task is tried before it becomes a dead letter, 1 or more.
        backoff_seconds: How long a task waits after its first failure; twice that after the next,
            and so on, each time between half and one and a half of it by chance.
        backoff_max_seconds: The longest wait, before chance.
    """

    lease_seconds: float = 60.0
    tries: int = 5
    backoff_seconds: float = 1.0
    backoff_max_seconds: float = 300.0

    def __post_init__(self) -> None:
        """Check the values."""
        if self.tries < 1:
            raise InvalidInput("input.invalid", f"tries is {self.tries}, below 1")
        for name in ("lease_seconds", "backoff_seconds", "backoff_max_seconds"):
            if not getattr(self, name) > 0:
                raise InvalidInput(
                    "input.invalid", f"{name} is {getattr(self, name)}, not above zero"
                )

    def backoff(self, failures: int, chance: float) -> float:
        """Give the seconds to wait after so many failures; `chance` is 0 to 1."""
        longest: float = self.backoff_seconds * 2.0 ** min(failures - 1, 60)
        return min(longest, self.backoff_max_seconds) * (0.5 + chance)


class Queue:
    """Tasks in a collection of the file. Threads and processes may share one.

    Example:
        >>> queue = Queue(db, "graph.queue")
        >>> with db.transaction() as transaction:
        ...     nodes.put("m1", text="Alice met Bob.")
        ...     queue.enqueue(transaction, ["m1"])
        >>> for task in queue.claim("me", ("weave",), 10):
        ...     result = work(task.node)
        ...     with db.transaction() as transaction:
        ...         if queue.finish(transaction, [task]) == [True]:
        ...             store(result)
    """

    def __init__(
        self,
        db: Database,
        name: str,
        *,
        policy: Policy | None = None,
        clock: Clock | None = None,
        random: Callable[[], float] | None = None,
    ) -> None:
        """Open a queue; its collection is made at its first task.

        Args:
            db: The database.
            name: The collection of its tasks.
            policy: Leases and retries.
            clock: What tells the time; `SYSTEM` unless given.
            random: Gives numbers from 0 to 1, for the waits after failures; `random.random` unless
                given.
        """
        self._db = db
        self._name = proper_str(name, "the name")
        self._collection = db.collection(name, embedder=None)
        self._policy = policy or Policy()
        self._clock = clock or SYSTEM
        self._random = random or _random.random

    @property
    def name(self) -> str:
        """The collection of its tasks."""
        return self._name

    @property
    def policy(self) -> Policy:
        """Leases and retries."""
        return self._policy

    def enqueue(
        self,
        transaction: Transaction,
        nodes: Sequence[str],
        kind: str = "weave",
        *,
        derived: bool = False,
    ) -> None:
        """Put tasks into an open transaction, replacing those of the same nodes and kind.

        A task that is running is replaced too: what runs is thrown away, unless the content that it
        looked at is still the node's.

        Args:
            transaction: The transaction that changes the nodes.
            nodes: Their ids.
            kind: What is to be done.
            derived: Whether this follows from other work, so that `has_fresh` does not count it.
        """
        keys = [key_of(kind, node) for node in nodes]
        values: list[dict[str, Any] | None] | None = None
        if kind != "weave" or derived:
            state = {"state": "waiting", "due_us": 0} if derived else {}
            about = {} if kind == "weave" else {"kind": kind}
            values = [{**state, **about, **({"node": node} if about else {})} for node in nodes]
        self._put(transaction._open(), keys, values)

    def put(self, *nodes: str, kind: str = "weave") -> None:
        """Queue nodes in a commit of their own."""
        with self._db.transaction() as transaction:
            self.enqueue(transaction, nodes, kind)

    def claim(
        self, owner: str, kinds: Iterable[str], limit: int, marks: Marks | None = None
    ) -> list[Task]:
        """Take tasks on a lease, of the first kind that has some; one commit, none where none.

        Args:
            owner: Who takes them; see `engram.weaver.owners.owner`.
            kinds: The kinds that are looked for, in this order.
            limit: Most tasks, 1 or more.
            marks: Gives a mark of the content of each task's node, which the task then carries.
        """
        view = self._db._view()
        for kind in kinds:
            # Found without the lock, which puts wait for: to look through a long queue takes time.
            while keys := [row[0] for row in self._first(view, kind, limit)]:
                claimed = self._claim(owner, keys, marks)
                if claimed:
                    return claimed
                view = self._db._view()  # others were quicker
        return []

    def _claim(self, owner: str, keys: Sequence[str], marks: Marks | None) -> list[Task]:
        """Take those tasks that may still be claimed."""
        with self._db.transaction() as transaction:
            native = transaction._open()
            view, now_us = native.view(), self._now_us()
            rows = [row for row in self._rows(view, keys) if row is not None]
            tasks = [task for task in map(as_task, rows) if is_claimable(task, now_us)]
            if not tasks:
                return []
            # The number of this commit: no later claim can have it.
            fence = view.commit + 1
            until = now_us + int(self._policy.lease_seconds * 1e6)
            found = marks(view, tasks) if marks is not None else [""] * len(tasks)
            tasks = [
                replace(task, owner=owner, fence=fence, until_us=until, mark=mark)
                for task, mark in zip(tasks, found, strict=True)
            ]
            self._put(native, [task.key for task in tasks], [task_values(task) for task in tasks])
        return tasks

    def finish(self, transaction: Transaction, tasks: Sequence[Task]) -> list[bool]:
        """Remove tasks in the transaction that stores their results.

        Returns:
            For each whether its result may be stored: False where the task is gone, since somebody
            else has done it. The caller has checked that the content is still what it looked at.
        """
        native = transaction._open()
        rows = self._rows(native.view(), [task.key for task in tasks])
        there = [task.key for task, row in zip(tasks, rows, strict=True) if row is not None]
        if there:
            native.delete(self._name, there)
        return [row is not None for row in rows]

    def renew(self, tasks: Sequence[Task]) -> list[Task]:
        """Make leases last longer; give those that are still held, as they are now."""
        until = self._now_us() + int(self._policy.lease_seconds * 1e6)
        with self._db.transaction() as transaction:
            held = [replace(task, until_us=until) for task in self._held(transaction, tasks)]
            keys = [task.key for task in held]
            self._put(transaction._open(), keys, [task_values(task) for task in held])
        return held

    def release(self, tasks: Sequence[Task]) -> int:
        """Give tasks back untried; say how many were still held."""
        with self._db.transaction() as transaction:
            return self.give_back(transaction, tasks)

    def give_back(self, transaction: Transaction, tasks: Sequence[Task]) -> int:
        """Give tasks back untried, in an open transaction."""
        held = self._held(transaction, tasks)
        values = [task_values(task, state="waiting") for task in held]
        self._put(transaction._open(), [task.key for task in held], values)
        return len(held)

    def fail(self, task: Task, error: BaseException | str) -> str:
        """Note that a task failed.

        Returns:
            ``"waiting"`` where it will be tried again, ``"dead"`` where it has become a dead
            letter, ``"gone"`` where it is not held any more.
        """
        tries = task.tries + 1
        dead = tries >= self._policy.tries
        wait = self._policy.backoff(tries, self._random())
        reason = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        with self._db.transaction() as transaction:
            held = self._held(transaction, [task])
            if not held:
                return "gone"
            values = task_values(replace(held[0], tries=tries), state="dead" if dead else "waiting")
            values["error"] = reason[:_ERROR_CHARS]
            values["failed_us"] = self._now_us()
            if not dead:
                values["due_us"] = self._now_us() + int(wait * 1e6)
            self._put(transaction._open(), [task.key], [values])
        return "dead" if dead else "waiting"

    def reclaim(self) -> int:
        """Free the leases of processes that are known to be dead; say how many."""
        view = self._db._view()
        owners = {task.owner for task in self._scan(view, "state = 'running'")}
        dead = [name for name in owners if is_dead(name)]
        if not dead:
            return 0
        names = ", ".join(quoted(name) for name in dead)
        with self._db.transaction() as transaction:
            left = list(
                self._scan(transaction._open().view(), f"state = 'running' AND owner IN [{names}]")
            )
            return self.give_back(transaction, left)

    def get(self, node: str, kind: str = "weave") -> Task | None:
        """Give the task of a node, or None."""
        row = self._rows(self._db._view(), [key_of(kind, node)])[0]
        return None if row is None else as_task(row)

    def dead(self) -> list[Task]:
        """List the dead letters, the oldest failure first; `Task.error` says why."""
        found = self._scan(self._db._view(), "state = 'dead'")
        return sorted(found, key=lambda task: (task.failed_us, task.key))

    def retry(self, *nodes: str) -> int:
        """Queue dead letters anew, with all their tries; those of some nodes, or all.

        Returns:
            How many there were.
        """
        with self._db.transaction() as transaction:
            native = transaction._open()
            chosen = [
                task
                for task in self._scan(native.view(), "state = 'dead'")
                if not nodes or task.node in nodes
            ]
            for task in chosen:
                self.enqueue(transaction, [task.node], task.kind)
        return len(chosen)

    def is_claimable(self, kinds: Iterable[str]) -> bool:
        """Say whether a claim would find something."""
        view = self._db._view()
        return any(self._first(view, kind, 1) for kind in kinds)

    def has_fresh(self, since: float) -> bool:
        """Say whether a change queued something after a moment, seconds since 1970-01-01 UTC."""
        moment = quoted(_iso(int(since * 1e6)))
        return self._any(self._db._view(), f"NOT EXISTS state AND _updated > {moment}")

    def is_open(self, kinds: Iterable[str]) -> bool:
        """Say whether there is a task of these kinds that is neither done nor dead."""
        view = self._db._view()
        return any(self._any(view, f"{OPEN} AND {_of_kind(kind)}") for kind in kinds)

    def owners(self) -> set[str]:
        """Name who holds a lease."""
        return {task.owner for task in self._scan(self._db._view(), "state = 'running'")}

    def _any(self, view: _native.View, where: str) -> bool:
        return next(self._scan(view, where, 1), None) is not None

    def _first(self, view: _native.View, kind: str, limit: int) -> list[_native.Row]:
        where = f"{_of_kind(kind)} AND ({claimable(self._now_us())})"
        try:
            return view.scan(self._name, where, True, False).next_batch(limit)
        except NotFound:
            return []

    def _scan(self, view: _native.View, where: str, batch: int = _SCAN) -> Iterator[Task]:
        try:
            cursor = view.scan(self._name, where, True, False)
        except NotFound:
            return
        while rows := cursor.next_batch(batch):
            for row in rows:
                yield as_task(row)

    def _rows(self, view: _native.View, keys: Sequence[str]) -> list[_native.Row | None]:
        try:
            return view.get_many(self._name, keys, False)
        except NotFound:
            return [None] * len(keys)

    def _held(self, transaction: Transaction, tasks: Sequence[Task]) -> list[Task]:
        """Give those tasks whose lease is still the one they were claimed with."""
        rows = self._rows(transaction._open().view(), [task.key for task in tasks])
        present = [(task, as_task(row)) for task, row in zip(tasks, rows, strict=True) if row]
        return [now for task, now in present if (now.owner, now.fence) == (task.owner, task.fence)]

    def _put(
        self,
        native: _native.Transaction,
        keys: Sequence[str],
        values: Sequence[dict[str, Any] | None] | None,
    ) -> None:
        """Store task records; by the native call, since this is part of every put of a node."""
        try:
            native.put_many(self._name, keys, None, values, [], None)
        except NotFound:
            native.create_collection(self._name, "cosine", "none", "keep", None, None)
            native.put_many(self._name, keys, None, values, [], None)

    def _now_us(self) -> int:
        return int(self._clock.now() * 1e6)


def _of_kind(kind: str) -> str:
    return "NOT EXISTS kind" if kind == "weave" else f"kind = {quoted(kind)}"
