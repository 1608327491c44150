"""What is done while everybody sleeps: the space of the file.

Owns: `SpaceWork`, the kind ``optimize`` of tasks, one for a graph. It is queued when something was
derived, and done on levels that allow it.
"""

from __future__ import annotations

from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engram import _native
    from engram.transaction import Transaction
    from engram.weaver.keys import Task
    from engram.weaver.place import Place
    from engram.weaver.queue import Queue

__all__ = ["DEAD_SHARE", "OPTIMIZE", "SpaceWork"]

OPTIMIZE = "optimize"

DEAD_SHARE = 0.25
"""Part of a file that has to be dead or free before it is written anew."""


@dataclass(frozen=True, slots=True)
class Content:
    """A task of upkeep looks at nothing when it is claimed."""

    mark: str = ""


class SpaceWork:
    """Writes the file anew where much of it is dead space."""

    kind = OPTIMIZE

    def __init__(self, place: Place, queue: Queue) -> None:
        """Take the graph and its queue."""
        self._place = place
        self._queue = queue

    def read(self, _: _native.View, tasks: Sequence[Task]) -> list[Content]:
        """Read nothing."""
        return [Content() for _ in tasks]

    def work(self, contents: Sequence[Content], _: Callable[[], None]) -> list[bool | Exception]:
        """Optimize the file if that gives back enough."""
        try:
            found = self._place.db.stats()
            waste = found.dead_bytes + found.free_bytes
            worth = waste >= DEAD_SHARE * max(1, found.file_bytes)
            if worth:
                self._place.db.optimize()
        except Exception as error:  # noqa: BLE001 - as above
            return [error for _ in contents]
        return [worth for _ in contents]

    def store(
        self,
        transaction: Transaction,
        tasks: Sequence[Task],
        _: Sequence[Content],
        __: Sequence[bool],
    ) -> list[bool]:
        """Remove the task."""
        return self._queue.finish(transaction, tasks)
