"""Looking after a memory: what is in it, in which order, and whether it is sound.

Owns: `Upkeep`: `timeline`, `stats`, `info`, `verify`, `doctor`, `reembed`.
"""

from __future__ import annotations

import heapq
import sys
from typing import TYPE_CHECKING

from engram.errors import InvalidInput
from engram.memory.conditions import conditions, joined
from engram.memory.documents import Stored
from engram.memory.keeping import Keeping
from engram.memory.layout import RESERVED
from engram.memory.reports import MemoryStats, memory_stats, plan_text, version_info

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from typing import Any

    from engram.access import AccessContext
    from engram.memory.base import Point
    from engram.memory.moments import Moment
    from engram.reports import DoctorReport, LockOwner, ReembedReport, VerifyReport
    from engram.types import Embedder

__all__ = ["Upkeep"]


class Upkeep(Keeping):
    """The verbs that list documents and check the file."""

    def timeline(  # noqa: PLR0913 - a list has this many sides
        self,
        limit: int | None = 100,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        when: str | None = None,
        reverse: bool = False,
        scope: str | None = None,
        tags: Sequence[str] = (),
        as_of: Point | None = None,
        access: AccessContext | None = None,
    ) -> list[Stored]:
        """List documents by when they are from, latest first.

        Args:
            limit: How many at most, 1 or more; None for all.
            since: Only those from that moment on: an aware datetime, a date, ISO 8601 text, or
                seconds since 1970.
            until: Only those from before that moment.
            when: Only those from then, in words, as in `find`.
            reverse: Earliest first.
            scope: Only those whose uri starts so.
            tags: Only those that have all of these.
            as_of: The memory as it was: a commit number, a moment or a snapshot's name.
            access: Who asks.

        Raises:
            InvalidInput: ``input.invalid``.
            NotFound: ``history.not_retained``, ``snapshot.not_found``.
        """
        if limit is not None and (isinstance(limit, bool) or limit < 1):
            raise InvalidInput("input.invalid", f"limit is {limit!r}, below 1", "limit=100")
        asked = conditions(scope, tags, since, until, when)
        # The first passage stands for its document: its text is short.
        where = joined([f"{RESERVED}.position = 0", *asked])
        firsts = self._at(self.layout.passages, as_of).iterate(where, missing="ignore")
        dated = (
            (record.metadata[RESERVED]["timestamp"], record.metadata[RESERVED]["id"])
            for record in firsts
            if self._visible(record, access, None)
        )
        if limit is None:
            order = sorted(dated, reverse=not reverse)
        else:
            choose = heapq.nsmallest if reverse else heapq.nlargest
            order = choose(limit, dated)
        documents = self._at(self.layout.documents, as_of)
        records = documents.get_many([one for _, one in order])
        return [
            Stored.of(one)
            for one in records
            if one is not None and self._visible(one, access, as_of)
        ]

    def stats(self) -> MemoryStats:
        """Count what is in the memory, and say who made its vectors."""
        return memory_stats(self)

    def reembed(
        self,
        embedder: Embedder | str | os.PathLike[str],
        *,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> ReembedReport:
        """Embed every passage again with another model, and switch to it in one commit.

        Until then searches of every handle answer with the old model, and documents may be put. A
        run that was stopped, or killed, goes on where it was when it is made again with the same
        model. This memory then embeds with the new one; others find it by its identity.

        Args:
            embedder: An embedder, or what `engram.embed.get_embedder` takes: the name of a model, a
                folder, ``"provider:model"``, or ``"default"``.
            progress: Called after each batch with passages done and passages in all, as far as
                known.

        Raises:
            EngramError: As `Collection.reembed`; ``embedder.mismatch`` where the vectors were given
                without saying who made them.
        """
        passages = self._passages
        report = passages.reembed(embedder, progress=progress)
        self._source = passages._embedder
        return report

    def info(self) -> dict[str, Any]:
        """Give what a report of a fault should have: versions, file, settings."""
        embedder = None if self._source() is None else self._source()
        return {
            **version_info(),
            "path": self.db.path,
            "read_only": self.db.read_only,
            "name": self.name,
            "embedder": None if embedder is None else embedder.identity.to_dict(),
            "lock_owner": None if (owner := self.lock_owner()) is None else owner.to_dict(),
        }

    def lock_owner(self) -> LockOwner | None:
        """Say which process is writing to the file now, or None."""
        return self.db.lock_owner()

    def verify(self, *, deep: bool = False) -> VerifyReport:
        """Check the file; the report is true when all is well.

        Args:
            deep: Also read every block, and count each index again from the records.
        """
        return self.db.verify(deep=deep)

    def doctor(
        self,
        *,
        dry_run: bool = False,
        rebuild: bool = False,
        vacuum: bool = False,
        quiet: bool = False,
    ) -> DoctorReport:
        """Repair the file as far as it can be repaired, and say what was dropped.

        Args:
            dry_run: Only find what is wrong, and print what would be done.
            rebuild: Make every derived part (all indexes) again from the records.
            vacuum: Reclaim dead space.
            quiet: Print nothing.

        Raises:
            InvalidInput: ``input.invalid`` for an in-memory database.
            EngramError: As `engram.doctor`.
        """
        report = self.db.doctor(dry_run=dry_run, rebuild=rebuild, vacuum=vacuum)
        if dry_run and not quiet:
            sys.stdout.write(plan_text(self.db.path, report))
        return report
