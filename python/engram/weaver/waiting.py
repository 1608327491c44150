"""Waiting until nodes are enriched.

Owns: `wait_until_enriched`. Threads of one process wake each other; for commits of other processes
the number of the last commit is looked at every `POLL_SECONDS`.
"""

from __future__ import annotations

from engram.errors import Busy, Conflict, NotFound
from engram.weaver.ledger import done_of
from engram.weaver.levels import ENRICHING
from engram.weaver.signals import POLL_SECONDS, signal_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.weaver.clock import Clock
    from engram.weaver.keys import Task
    from engram.weaver.place import Place
    from engram.weaver.queue import Queue

__all__ = ["wait_until_enriched"]


def wait_until_enriched(
    place: Place, queue: Queue, clock: Clock, node: str | None, timeout: float | None
) -> None:
    """Wait until there is nothing left to do for a node, or for all.

    Raises:
        NotFound: ``record.not_found`` where there is no such node, nor was one.
        Conflict: ``weaver.failed`` where a task is a dead letter; the message says why;
            ``transaction.active`` inside a transaction.
        Busy: ``weaver.timeout``.
    """
    # Nothing that others commit would show in it.
    place.db._outside("wait_until_enriched")
    signal = signal_of(place)
    end = None if timeout is None else clock.elapsed() + timeout
    _check_known(place, queue, node)
    commit = -1
    while True:
        seen = signal.done.count
        now = place.db._view().commit
        if now != commit:
            commit = now
            if not _left(queue, node):
                return
        left = None if end is None else end - clock.elapsed()
        if left is not None and left <= 0:
            raise _late(queue, node, timeout)
        signal.done.wait(clock, seen, POLL_SECONDS if left is None else min(left, POLL_SECONDS))


def _left(queue: Queue, node: str | None) -> bool:
    """Say whether there is something to wait for; raise for what has been given up."""
    if node is None:
        if queue.is_open(ENRICHING):
            return True
        dead = [task for task in queue.dead() if task.kind in ENRICHING]
    else:
        tasks = [task for kind in ENRICHING if (task := queue.get(node, kind)) is not None]
        dead = [task for task in tasks if task.state == "dead"]
        if len(tasks) > len(dead):
            return True
    if dead:
        raise _failed(dead)
    return False


def _check_known(place: Place, queue: Queue, node: str | None) -> None:
    if node is None or queue.get(node) is not None:
        return
    view = place.db._view()
    known = node in place.db.collection(place.nodes, embedder=None)
    if not known and done_of(view, place.woven, [node])[0] is None:
        raise NotFound("record.not_found", f"no node {node!r:.80}", None, {"id": node})


def _failed(dead: list[Task]) -> Conflict:
    first = dead[0]
    more = f", and {len(dead) - 1} more" if len(dead) > 1 else ""
    return Conflict(
        "weaver.failed",
        f"{first.kind} of {first.node!r:.80} was given up after {first.tries} tries: "
        f"{first.error}{more}",
        "weaver.dead_letters() lists what failed, weaver.retry() tries it again",
        {"id": first.node, "kind": first.kind, "reason": first.error, "count": str(len(dead))},
    )


def _late(queue: Queue, node: str | None, timeout: float | None) -> Busy:
    what = "nodes are" if node is None else f"node {node!r:.80} is"
    who = "" if queue.owners() else "; nobody works on this queue now"
    return Busy(
        "weaver.timeout",
        f"{what} not enriched after {timeout:g} seconds{who}",
        "allow more time, or start a Weaver in this process or another one",
    )
