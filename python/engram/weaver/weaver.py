"""The weaver: workers that keep what is derived from a graph in step with its nodes.

Owns: `Weaver`, put together from the queue, the work, the levels and the events. Invariant:
whether changes are queued stands in the file, so that processes without workers queue theirs, too.
"""

from __future__ import annotations

from threading import Lock, current_thread
from weakref import ref

from engram.errors import Conflict, InvalidInput
from engram.graph.graphs import Graph
from engram.weaver.activity import Activity
from engram.weaver.clock import SYSTEM
from engram.weaver.enricher import checked, identity_of, model_of
from engram.weaver.events import Events
from engram.weaver.ledger import as_done, is_current
from engram.weaver.levels import KINDS
from engram.weaver.nodes import NodeWork
from engram.weaver.place import Place, scan_rows
from engram.weaver.queue import Queue
from engram.weaver.settings import turn
from engram.weaver.signals import signal_of
from engram.weaver.status import status_of
from engram.weaver.summaries import SummaryWork
from engram.weaver.tally import Tally
from engram.weaver.upkeep import CommunityWork, SpaceWork
from engram.weaver.waiting import wait_until_enriched
from engram.weaver.workers import Shop, Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

    from engram.database import Database
    from engram.embed.identity import Identity
    from engram.weaver.clock import Clock
    from engram.weaver.enricher import Enricher
    from engram.weaver.events import Callback, EventStream
    from engram.weaver.keys import Task
    from engram.weaver.levels import Budget, Idleness, Level
    from engram.weaver.queue import Policy

__all__ = ["Weaver"]

_TEXT_SPACE = "text"
_BATCH = 1_000


class Weaver:
    """Enriches the nodes of a graph in the background.

    Making one turns weaving on for the graph, in the file: from then on each change of a node, by
    whatever process, queues its work in the same commit. `start` starts the workers, and so does a
    with statement, which stops them at its end.

    Example:
        >>> with Weaver(db.graph) as weaver:
        ...     message = db.graph.create_node("Message", text="Alice met Bob in Paris.")
        ...     weaver.wait_until_enriched(message.id, timeout=30)
        ...     print([entity.name for entity in message.entities()])
    """

    def __init__(  # noqa: PLR0913 - each is a choice of its own
        self,
        graph: Graph | Database,
        *,
        enricher: Enricher | None = None,
        workers: int = 2,
        policy: Policy | None = None,
        budgets: Mapping[Level, Budget] | None = None,
        idleness: Idleness | None = None,
        clock: Clock | None = None,
        random: Callable[[], float] | None = None,
    ) -> None:
        """Make a weaver; it works when it is started.

        Args:
            graph: A graph; a database stands for its default one.
            enricher: What embeds, finds entities and sums up; `engram.enrich.default_enricher()`
                with the graph's own embedder unless given.
            workers: Threads of this process, 1 or more; a level may let fewer of them work.
            policy: How long leases last, and how failures are tried again.
            budgets: Budgets of levels, where they are not to be those of `BUDGETS`.
            idleness: Thresholds for switching levels by itself; unless given, the level is what
                `set_activity_level` says, or ``Normal``.
            clock: What tells the time; `SYSTEM` unless given.
            random: Gives numbers from 0 to 1, for the waits after failures.

        Raises:
            InvalidInput: ``input.invalid``; ``embedder.mismatch`` where the vectors of the graph's
                texts are of another model than the enricher's.
            Conflict: ``file.read_only``.
        """
        if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
            raise InvalidInput("input.invalid", f"workers is {workers!r}, not 1 or more")
        self._graph = graph if isinstance(graph, Graph) else graph.graph
        own = self._graph._embedder()
        # Without an embedder a graph has no vectors, unless somebody is given to make them.
        embeds = own is not None or enricher is not None
        self._enricher = _default(own) if enricher is None else checked(enricher)
        clock = clock or SYSTEM
        place = Place(self._graph.database, self._graph.name)
        signal, events = signal_of(place), Events(clock)
        queue = Queue(place.db, place.queue, policy=policy, clock=clock, random=random)
        self._identity = identity_of(self._enricher, own)
        self._check_vectors()
        works = (
            NodeWork(place, queue, self._enricher, self._identity, embeds=embeds),
            SummaryWork(place, queue, self._enricher),
            CommunityWork(place, queue, self._graph),
            SpaceWork(place, queue),
        )
        self._shop = Shop(
            place=place,
            queue=queue,
            works={work.kind: work for work in works},
            activity=Activity(place, signal, clock, idleness, budgets),
            signal=signal,
            events=events,
            clock=clock,
            tallies={kind: Tally(clock) for kind in KINDS},
        )
        self._count = workers
        self._workers: list[Worker] = []
        self._lock = Lock()
        turn(place, on=True)

    @property
    def graph(self) -> Graph:
        """The graph."""
        return self._graph

    @property
    def queue(self) -> Queue:
        """What is to be done."""
        return self._shop.queue

    @property
    def model(self) -> str:
        """Who enriches, as it is noted with what was done."""
        return model_of(self._enricher)

    @property
    def level(self) -> Level:
        """The activity level that holds now."""
        return self._shop.activity.level()

    @property
    def active_workers(self) -> int:
        """How many workers of this weaver the level lets work; none before `start`."""
        running = sum(worker.is_alive() for worker in self._workers)
        return min(running, self._shop.activity.budget().workers)

    def start(self) -> Self:
        """Start the workers; where they run already, nothing happens."""
        with self._lock:
            if not any(worker.is_alive() for worker in self._workers):
                self._shop.stopping = False
                self._shop.signal.weaver = ref(self)
                self._workers = [Worker(self._shop, n) for n in range(self._count)]
                self._shop.events.tell("started", message=f"{self._count} workers")
                for worker in self._workers:
                    worker.start()
        return self

    def stop(self) -> None:
        """Stop the workers, once the batches that they have are stored; changes go on queueing.

        Raises:
            Conflict: ``weaver.stopping`` where a worker itself calls it, in a callback.
        """
        with self._lock:
            if current_thread() in self._workers:
                raise Conflict(
                    "weaver.stopping",
                    "a worker cannot wait for its own end",
                    "stop the weaver in another thread than that of a callback",
                )
            if not self._workers:
                return
            self._shop.stopping = True
            self._shop.signal.look_again()
            for worker in self._workers:
                worker.join()
            self._workers = []
            self._shop.events.tell("stopped")
            self._shop.events.end()

    def turn_off(self) -> None:
        """Queue no changes any more, in no process; what is queued stays. `turn_on` undoes it."""
        turn(self._shop.place, on=False)

    def turn_on(self) -> None:
        """Queue changes again; `catch_up` finds those that were not queued."""
        turn(self._shop.place, on=True)

    def catch_up(self) -> int:
        """Queue what was not queued: nodes that were there before, or that another model enriched.

        Returns:
            How many nodes were queued.
        """
        place, model = self._shop.place, self.model
        view = place.db._view()
        left = {row[0]: as_done(row) for row in scan_rows(view, place.woven, None)}
        missing = [
            row[0]
            for row in scan_rows(view, place.nodes, None)
            if not is_current(left.pop(row[0], None), row, model)
        ]
        missing += left  # what is known of nodes that are gone
        for start in range(0, len(missing), _BATCH):
            self._shop.queue.put(*missing[start : start + _BATCH])
        self._shop.signal.work.ring()
        return len(missing)

    def weaver_status(self) -> dict[str, Any]:
        """Say what is queued, who works, and what was done; see the reference for the keys."""
        return status_of(self._shop.place, self._shop.clock, self)

    def wait_until_enriched(self, node: str | None = None, timeout: float | None = None) -> None:
        """Wait until a node, or every one, is enriched as it is now.

        Args:
            node: Its id; None for all, and for the summaries of chats.
            timeout: Most seconds to wait; None for no limit.

        Raises:
            NotFound: ``record.not_found`` where there is no such node.
            Conflict: ``weaver.failed`` where it was given up; the message says why.
            Busy: ``weaver.timeout``.
        """
        shop = self._shop
        wait_until_enriched(shop.place, shop.queue, shop.clock, node, timeout)

    def set_activity_level(self, level: str | None) -> None:
        """Say how busy the application is, to the weavers of every process.

        Args:
            level: ``"HighActivity"``, ``"Normal"``, ``"Idle"`` or ``"SleepMode"``; None leaves it
                to idleness where the weaver switches by itself, or to ``"Normal"``.

        Raises:
            InvalidInput: ``input.invalid``.
        """
        self._shop.activity.set(level)
        self._shop.signal.look_again()

    def dead_letters(self) -> list[Task]:
        """List the tasks that were given up, the oldest first; `Task.error` says why."""
        return self._shop.queue.dead()

    def retry(self, *nodes: str) -> int:
        """Queue dead letters anew, those of some nodes or all; say how many there were."""
        count = self._shop.queue.retry(*nodes)
        self._shop.signal.work.ring()
        return count

    def on(self, event: str, callback: Callback) -> Callable[[], None]:
        """Call a function with each event of a name; `EVENTS` names them, ``"*"`` is any.

        It is called by the thread in which the event happens. What it raises stops nothing: it is
        logged, counted in the status, and told as the event ``callback_failed``.

        Returns:
            A function that ends it.

        Raises:
            InvalidInput: ``input.invalid`` where there is no such event.
        """
        return self._shop.events.on(event, callback)

    def events(self, limit: int = 1_000) -> EventStream:
        """Give an iterator over events as they happen, until the weaver stops.

        Args:
            limit: Most events that wait to be taken; older ones are dropped, and counted.
        """
        return self._shop.events.stream(limit)

    def __enter__(self) -> Self:
        """Start the workers."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the workers."""
        self.stop()

    def __repr__(self) -> str:
        """Show the graph and whether it works."""
        state = f"{len(self._workers)} workers" if self._workers else "stopped"
        return f"Weaver({self._graph!r}, {state})"

    def _check_vectors(self) -> None:
        """Refuse vectors that searches could not be compared with."""
        identity: Identity | None = self._identity
        for space in self._graph.collection.spaces():
            stored, given = space.identity, None if identity is None else identity.to_json()
            if space.name == _TEXT_SPACE and space.records and stored not in (None, given):
                raise InvalidInput(
                    "embedder.mismatch",
                    f"the texts of graph {self._graph.name!r} were embedded by {stored}, the "
                    f"enricher embeds by {given}",
                    "give the weaver an enricher with the graph's embedder, or embed anew",
                )


def _default(own: Any) -> Enricher:
    """Make the enricher that is used unless one is given, with the embedder of the graph."""
    from engram.enrich import LocalEnricher

    return LocalEnricher() if own is None else LocalEnricher(embedder=own)
