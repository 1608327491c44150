"""What is done while everybody sleeps: communities of entities, and the space of the file.

Owns: `CommunityWork` and `SpaceWork`, the kinds ``communities`` and ``optimize`` of tasks, one each
for a graph. They are queued when something was derived, and done on levels that allow them.
"""

from __future__ import annotations

from dataclasses import dataclass

from engram.filtering import quoted
from engram.graph.names import ENTITY, LABEL, RELATED_TO
from engram.weaver.place import rows_of, scan_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engram import _native
    from engram.graph.graphs import Graph
    from engram.transaction import Transaction
    from engram.weaver.keys import Task
    from engram.weaver.place import Place
    from engram.weaver.queue import Queue

__all__ = ["COMMUNITIES", "DEAD_SHARE", "OPTIMIZE", "CommunityWork", "SpaceWork"]

COMMUNITIES = "communities"
OPTIMIZE = "optimize"

DEAD_SHARE = 0.25
"""Part of a file that has to be dead or free before it is written anew."""


@dataclass(frozen=True, slots=True)
class Content:
    """A task of upkeep looks at nothing when it is claimed."""

    mark: str = ""


class CommunityWork:
    """Writes into each entity the number of its community, as property ``community``."""

    kind = COMMUNITIES

    def __init__(self, place: Place, queue: Queue, graph: Graph) -> None:
        """Take the graph and its queue."""
        self._place = place
        self._queue = queue
        self._graph = graph

    def read(self, _: _native.View, tasks: Sequence[Task]) -> list[Content]:
        """Read nothing: communities are found without the lock."""
        return [Content() for _ in tasks]

    def work(
        self, contents: Sequence[Content], _: Callable[[], None]
    ) -> list[Mapping[str, int] | Exception]:
        """Find the communities, once for all."""
        try:
            found: Mapping[str, int] | Exception = self._graph.communities(
                label=ENTITY, types=RELATED_TO, weight="count"
            )
        except Exception as error:  # noqa: BLE001 - whatever it raises is the task's
            found = error
        return [found for _ in contents]

    def store(
        self,
        transaction: Transaction,
        tasks: Sequence[Task],
        _: Sequence[Content],
        results: Sequence[Mapping[str, int]],
    ) -> list[bool]:
        """Store the numbers that are other than before."""
        finished = self._queue.finish(transaction, tasks)
        native, nodes = transaction._open(), self._place.nodes
        if any(finished):
            found = results[0]
            ids = list(found)
            for row in rows_of(native.view(), nodes, ids):
                if row is not None and row[2].get("community") != found[row[0]]:
                    values = {"community": found[row[0]]}
                    native.update(nodes, row[0], False, None, values, [], [], [])
            self._clear(native, found)
        return finished

    def _clear(self, native: _native.Transaction, found: Mapping[str, int]) -> None:
        """Remove the number of entities that are in no community any more."""
        where = f"{LABEL} = {quoted(ENTITY)} AND EXISTS community"
        for row in list(scan_rows(native.view(), self._place.nodes, where)):
            if row[0] not in found:
                nodes = self._place.nodes
                native.update(nodes, row[0], False, None, None, ["community"], [], [])


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
