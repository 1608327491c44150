"""The graph's side of the weaver: changes are queued, and what comes of them can be asked for.

Owns: `Weaving`, mixed into `Graph`. Workers are made by `engram.weaver.Weaver`; what is here does
without, so that a process that only writes, or only waits for others, needs none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.graph.base import Base

if TYPE_CHECKING:
    from typing import Any

    from engram.database import Database
    from engram.embed.calling import EmbedderChoice
    from engram.weaver.place import Place

__all__ = ["Weaving"]


class Weaving(Base):
    """What a graph says and asks about its enrichment."""

    def __init__(
        self,
        db: Database,
        name: str = "graph",
        *,
        embedder: EmbedderChoice = "default",
        language: str | None = None,
    ) -> None:
        """Give the graph of that name; it is made by its first write.

        Args:
            db: The database.
            name: Names the collection of the nodes.
            embedder: What embeds the texts of nodes; the database's unless given.
            language: What the texts are stemmed for; see `Database.collection`.

        Raises:
            Conflict: ``collection.mismatch`` where it is there in another language.
        """
        super().__init__(db, name, embedder=embedder, language=language)
        from engram.weaver.listening import listen

        self.listeners.append(listen(self._place()))

    def weaver_status(self) -> dict[str, Any]:
        """Say what is queued, who works, and what was done; see `engram.weaver.Weaver`.

        Queue and leases are those of the file; workers, events and rates those of the weaver that
        was started last in this process, if there is one.
        """
        from engram.weaver.clock import SYSTEM
        from engram.weaver.signals import signal_of
        from engram.weaver.status import status_of

        place = self._place()
        reference = signal_of(place).weaver
        weaver = None if reference is None else reference()
        return status_of(place, SYSTEM, weaver) if weaver is None else weaver.weaver_status()

    def wait_until_enriched(self, node: str | None = None, timeout: float | None = None) -> None:
        """Wait until workers, of whatever process, have enriched a node, or every one.

        Args:
            node: Its id; None for all, and for the summaries of chats.
            timeout: Most seconds to wait; None for no limit.

        Raises:
            NotFound: ``record.not_found`` where there is no such node.
            Conflict: ``weaver.failed`` where it was given up; the message says why.
            Busy: ``weaver.timeout``.
        """
        from engram.weaver.clock import SYSTEM
        from engram.weaver.queue import Queue
        from engram.weaver.waiting import wait_until_enriched

        place = self._place()
        wait_until_enriched(place, Queue(place.db, place.queue), SYSTEM, node, timeout)

    def set_activity_level(self, level: str | None) -> None:
        """Say how busy the application is, to the weavers of every process.

        Args:
            level: ``"HighActivity"``, ``"Normal"``, ``"Idle"`` or ``"SleepMode"``; None leaves it
                to idleness where a weaver switches by itself, or to ``"Normal"``.

        Raises:
            InvalidInput: ``input.invalid``.
        """
        from engram.weaver.levels import checked_level
        from engram.weaver.settings import set_level
        from engram.weaver.signals import signal_of

        place = self._place()
        set_level(place, None if level is None else checked_level(level))
        signal_of(place).look_again()

    def _place(self) -> Place:
        from engram.weaver.place import Place

        return Place(self.database, self.name)
