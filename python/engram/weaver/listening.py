"""The ear of a graph: each change of a node queues its work, in the same commit.

Owns: `listen`, which makes the listener that `engram.Graph` calls within its write transactions.
This is all that a put pays for the weaver: one look at the settings, and one record that is an id.
"""

from __future__ import annotations

from engram.weaver.clock import SYSTEM
from engram.weaver.queue import Queue
from engram.weaver.settings import is_on
from engram.weaver.signals import signal_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engram.graph.changes import Change
    from engram.transaction import Transaction
    from engram.weaver.clock import Clock
    from engram.weaver.place import Place

__all__ = ["listen"]


def listen(place: Place, clock: Clock = SYSTEM) -> Callable[[Transaction, Sequence[Change]], None]:
    """Give the listener of a graph; it queues nothing while weaving is off."""
    queue, signal = Queue(place.db, place.queue, clock=clock), signal_of(place)

    def committed() -> None:
        signal.note_put(clock)

    def heard(transaction: Transaction, changes: Sequence[Change]) -> None:
        if is_on(transaction._view(), place.settings):
            signal.note_start(clock)
            queue.enqueue(transaction, [change.id for change in changes])
            transaction._after_commit(committed)

    return heard
