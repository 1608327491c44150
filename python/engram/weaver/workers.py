"""The threads that do the work.

Owns: `Worker` and `Shop`, what the workers of one weaver share. A turn of a worker is: look what
the level allows, wait for a quiet moment, claim a batch, ask the models, store; then rest as long
as its share of time says. Worker 0 also looks for commits of other processes and for leases of
dead ones.
Invariant: a thread ends only with its weaver or its handle; what the file refuses is told, and
tried again.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread

from engram.errors import Busy, Closed, Conflict, EngramError, InvalidInput, NotFound
from engram.weaver.owners import owner
from engram.weaver.signals import POLL_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Protocol

    from engram import _native
    from engram.transaction import Transaction
    from engram.weaver.activity import Activity
    from engram.weaver.clock import Clock
    from engram.weaver.events import Events
    from engram.weaver.keys import Task
    from engram.weaver.levels import Budget, Level
    from engram.weaver.place import Place
    from engram.weaver.queue import Queue
    from engram.weaver.signals import Signal
    from engram.weaver.tally import Tally

    class Work(Protocol):
        """One kind of task: what it reads at the claim, does without the lock, and stores."""

        kind: str

        def read(self, view: _native.View, tasks: Sequence[Task], /) -> list[Any]: ...
        def work(self, contents: Sequence[Any], beat: Callable[[], None], /) -> list[Any]: ...
        def store(
            self,
            transaction: Transaction,
            tasks: Sequence[Task],
            contents: Sequence[Any],
            results: Sequence[Any],
            /,
        ) -> list[bool]: ...

    Batch = Sequence[tuple[Task, Any, Any]]

__all__ = ["Shop", "Worker"]

_RECLAIM_SECONDS = 1.0
_AGAIN_SECONDS = 1.0
"""How long a worker waits after the file refused something."""
_PARTS = 4
"""A batch beside puts is such a part of one in a quiet moment."""
_STORE_TRIES = 3
"""How often a result is stored that the lock was in the way of, before it is thrown away."""


@dataclass
class Shop:
    """What the workers of one weaver share."""

    place: Place
    queue: Queue
    works: dict[str, Work]
    activity: Activity
    signal: Signal
    events: Events
    clock: Clock
    tallies: dict[str, Tally]
    stopping: bool = False
    level: Level | None = None
    error: str = ""
    busy: set[int] = field(default_factory=set)


class Worker(Thread):
    """One thread that works."""

    def __init__(self, shop: Shop, number: int) -> None:
        """Make a worker; it works when it is started."""
        super().__init__(name=f"engram-weaver-{number}", daemon=True)
        self._shop = shop
        self.number = number
        self._commit = -1
        self._reclaimed: float | None = None
        self._since: float | None = None

    def run(self) -> None:
        """Work until the weaver stops."""
        shop = self._shop
        self._since = shop.clock.elapsed()
        while not shop.stopping:
            seen, paused = shop.signal.work.count, shop.signal.pause.count
            try:
                budget = self._budget()
                if self.number >= budget.workers and self.number > 0:
                    shop.signal.pause.wait(shop.clock, paused, None)
                elif not self._turn(budget):
                    poll = POLL_SECONDS if self.number == 0 else None
                    shop.signal.work.wait(shop.clock, seen, poll)
            except Closed:
                # Others may wait without an end; there is nothing left to wait for.
                shop.stopping = True
                shop.signal.look_again()
            except Exception as error:  # noqa: BLE001 - a worker outlives whatever the file says
                shop.error = f"{type(error).__name__}: {error}"
                shop.events.tell("error", worker=self.number, message=shop.error)
                self._rest(_AGAIN_SECONDS)

    def _budget(self) -> Budget:
        """Give what the level allows; worker 0 tells when it is another one."""
        shop = self._shop
        if self.number == 0:
            self._look_around()
            level = shop.activity.level()
            if level != shop.level:
                shop.level = level
                shop.events.tell("level", message=level)
                shop.signal.pause.ring()
        return shop.activity.budget()

    def _look_around(self) -> None:
        """Look for commits and for dead processes, and wake the others where there are some."""
        shop = self._shop
        now = shop.clock.elapsed()
        if self._reclaimed is None or now - self._reclaimed >= _RECLAIM_SECONDS:
            self._reclaimed = now
            shop.queue.reclaim()
        commit = shop.place.db._view().commit
        if commit != self._commit:
            self._commit = commit
            shop.signal.work.ring()
            shop.signal.done.ring()

    def _turn(self, budget: Budget) -> bool:
        """Do one batch; say whether there was one."""
        shop = self._shop
        if self.number >= budget.workers or not shop.queue.is_claimable(budget.kinds):
            return False
        if not self._quiet(budget):
            return False
        start = shop.clock.elapsed()
        contents: list[Any] = []

        def marks(view: _native.View, tasks: Sequence[Task]) -> list[str]:
            contents.extend(shop.works[tasks[0].kind].read(view, tasks))
            return [content.mark for content in contents]

        tasks = shop.queue.claim(owner(self.number), budget.kinds, self._size(budget), marks)
        if not tasks:
            return False
        shop.busy.add(self.number)
        try:
            self._do(tasks, contents, budget)
        except BaseException:
            # Nobody would touch them before the lease ends.
            with suppress(EngramError):
                shop.queue.release(tasks)
            raise
        finally:
            shop.busy.discard(self.number)
            shop.signal.done.ring()
        taken = shop.clock.elapsed() - start
        self._rest(taken * (1.0 - budget.cpu_share) / budget.cpu_share)
        return True

    def _do(self, tasks: Sequence[Task], contents: Sequence[Any], budget: Budget) -> None:
        """Do a batch, and store what came of it, in several commits where somebody puts."""
        shop, work = self._shop, self._shop.works[tasks[0].kind]
        fresh = [task.changed_us for task in tasks if task.state == "queued"]
        if work.kind == "weave" and fresh:
            shop.signal.note_change(max(fresh) / 1e6)
        batch = []
        results = work.work(contents, self._beat(tasks))
        for task, content, result in zip(tasks, contents, results, strict=True):
            if isinstance(result, Exception):
                self._failed(task, result)
            else:
                batch.append((task, content, result))
        while batch:
            size = self._size(budget)
            self._store(work, batch[:size])
            batch = batch[size:]

    def _beat(self, tasks: Sequence[Task]) -> Callable[[], None]:
        """Give what is called between calls of models: it makes leases last that would end."""
        queue, clock = self._shop.queue, self._shop.clock
        span = queue.policy.lease_seconds / 3
        renewed = clock.elapsed()

        def beat() -> None:
            nonlocal renewed
            if clock.elapsed() - renewed >= span:
                renewed = clock.elapsed()
                queue.renew(tasks)

        return beat

    def _store(self, work: Work, batch: Batch) -> None:
        """Store results; one that is refused does not take the others along."""
        shop = self._shop
        try:
            stored = self._committed(work, batch)
        except (InvalidInput, NotFound, Conflict) as error:
            if len(batch) == 1:
                self._failed(batch[0][0], error)
                return
            for one in batch:
                self._store(work, [one])
            return
        count = sum(stored)
        shop.tallies[work.kind].add(done=count, stale=len(batch) - count)
        for (task, _, _), done in zip(batch, stored, strict=True):
            shop.events.tell(
                "done" if done else "stale", kind=task.kind, node=task.node, worker=self.number
            )

    def _committed(self, work: Work, batch: Batch) -> list[bool]:
        tasks, contents, results = zip(*batch, strict=True)
        for tries in range(_STORE_TRIES):
            try:
                with self._shop.place.db.transaction() as transaction:
                    return work.store(transaction, tasks, contents, results)
            except Busy:  # noqa: PERF203 - a try is a transaction
                if tries == _STORE_TRIES - 1:
                    raise
        raise AssertionError("every try returns or raises")

    def _failed(self, task: Task, error: Exception) -> None:
        """Note a failure in the file, and tell it."""
        shop = self._shop
        outcome = shop.queue.fail(task, error)
        shop.tallies[task.kind].add(failed=1)
        shop.events.tell(
            "dead" if outcome == "dead" else "failed",
            kind=task.kind,
            node=task.node,
            worker=self.number,
            message=f"{type(error).__name__}: {error}",
        )

    def _quiet(self, budget: Budget) -> bool:
        """Wait until nobody puts anything for a while, or for too long; false at the end."""
        shop, clock = self._shop, self._shop.clock
        end, least = clock.elapsed() + budget.patience_seconds, 0.0
        while not shop.stopping:
            now = clock.elapsed()
            free = self._free(budget.quiet_seconds)
            if min(free, end) <= now:
                return True
            # While puts go on it looks more and more seldom: each look reads the queue anew.
            until = min(max(free, now + least), end)
            least = min(2.0 * (until - now), budget.patience_seconds / 4)
            paused = shop.signal.pause.count
            if shop.signal.pause.wait(clock, paused, until - clock.elapsed()):
                return False
        return False

    def _size(self, budget: Budget) -> int:
        """Give how many tasks one commit may have now: a put waits for the lock as long."""
        quiet = self._free(budget.quiet_seconds) <= self._shop.clock.elapsed()
        return budget.batch_size if quiet else -(-budget.batch_size // _PARTS)

    def _free(self, quiet_seconds: float) -> float:
        """Give the moment from which on it is quiet, as far as is known now."""
        shop, now = self._shop, self._shop.clock.elapsed()
        if not quiet_seconds:
            return now
        # Who has just started has heard of no put yet, which does not say that nobody puts.
        heard = [at for at in (shop.signal.last_put, self._since) if at is not None]
        last = max(heard, default=None)
        if last is not None and now - last < quiet_seconds:
            return last + quiet_seconds
        # Another process may put, and would wait for the lock while this one stores a batch.
        elsewhere = shop.queue.has_fresh(shop.clock.now() - quiet_seconds)
        return now + quiet_seconds if elsewhere else now

    def _rest(self, seconds: float) -> None:
        """Rest so long, unless the level changes or the weaver stops."""
        shop = self._shop
        paused = shop.signal.pause.count
        if seconds > 0 and not shop.stopping:
            shop.signal.pause.wait(shop.clock, paused, seconds)
