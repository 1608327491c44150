"""What memvid-sdk's memory is, and how it is looked after.

Owns: `Upkeep`: opening and closing, frames, timeline, statistics, checks, corrections, tools.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from engram.compat.memvid.cards import BOOST, Cards
from engram.compat.memvid.errors import FrameNotFoundError, mapped
from engram.compat.memvid.shapes import doctor_of, frame_of, line_of, stats_of, verify_of
from engram.compat.memvid.tools import functions_of, query_engine_of, tools_of
from engram.memory import Memory
from engram.memory import doctor as repair
from engram.memory import verify as check

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from typing_extensions import Self

    from engram.database import Database
    from engram.memory import Stored

__all__ = ["Upkeep"]

_CORRECTION = "correction"


class Upkeep(Cards):
    """A memory in a file: what it is, what is in it, whether it is sound."""

    def __init__(self, db: Database, kind: str, *, enable_lex: bool, enable_vec: bool) -> None:
        """Take an open file; `create` and `use` do this for you."""
        self._db = db
        self._memory = Memory(db)
        self._lex = enable_lex
        self._vec = enable_vec
        self.kind = kind

    @property
    def path(self) -> str:
        """The file."""
        return self._db.path

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._db.closed

    def close(self) -> None:
        """Close the file; everything that was put is in it."""
        self._db.close()

    def seal(self) -> None:
        """Close the file: in engram nothing else is left to be done."""
        self.close()

    def commit(self) -> int:
        """Give the number of the last commit: what was put is committed by the put."""
        with mapped():
            return self._db.stats().commit

    def commit_parallel(self) -> int:
        """Do as `commit`."""
        return self.commit()

    def enable_lex(self) -> None:
        """Search by words from now on."""
        self._lex = True

    def enable_vec(self) -> None:
        """Search by meaning from now on."""
        self._vec = True

    def frame(self, uri: str) -> dict[str, Any]:
        """Give a document, by uri or frame id.

        Raises:
            MemvidError: MV010.
        """
        with mapped():
            return frame_of(self._stored(uri))

    def blob(self, uri: str) -> bytes:
        """Give the bytes that a document was put as.

        Raises:
            MemvidError: MV010.
        """
        with mapped():
            return self._memory.blob(self._stored(uri).id)

    def remove(self, frame_id: str | int) -> int:
        """Delete a document with all that was derived from it; give the number of the commit.

        Raises:
            MemvidError: MV010.
        """
        with mapped():
            self._memory.delete(self._stored(str(frame_id)).id)
        return self.commit()

    def correct(
        self,
        statement: str,
        *,
        topics: Sequence[str] | None = None,
        source: str | None = None,
        boost: float = 2.0,
    ) -> str:
        """Put what is right, to be found first: its scores are multiplied by `boost`."""
        about = {BOOST: float(boost)} | ({} if source is None else {"source": source})
        with mapped():
            put = self._memory.put(
                statement,
                label=_CORRECTION,
                tags=list(topics or ()),
                metadata=about,
                enable_embedding=self._has_vectors(),
                duplicates="keep",
            )
        return put.id

    def correct_many(self, corrections: Sequence[dict[str, Any]]) -> list[str]:
        """Put several corrections, each a dict of the arguments of `correct`."""
        return [self.correct(**one) for one in corrections]

    def timeline(
        self,
        *,
        limit: int = 100,
        since: int | None = None,
        until: int | None = None,
        reverse: bool = False,
        as_of_frame: str | None = None,
        as_of_ts: int | None = None,
    ) -> list[dict[str, Any]]:
        """List documents by when they are from, earliest first; times are seconds since 1970."""
        with mapped():
            ends = [one for one in (until, None if as_of_ts is None else as_of_ts + 1) if one]
            lines = self._memory.timeline(
                None if as_of_frame else limit,
                since=since,
                until=min(ends, default=None),
                reverse=not reverse,
            )
            if as_of_frame is not None:
                last = self._stored(as_of_frame).created
                lines = [one for one in lines if one.created <= last][:limit]
        return [line_of(one) for one in lines]

    def stats(self) -> dict[str, Any]:
        """Count what is in the memory; say who made its vectors."""
        with mapped():
            return stats_of(self._memory.stats(), lex=self._lex, vec=self._vec)

    def verify(
        self: Upkeep | str | os.PathLike[str], path: str | None = None, *, deep: bool = False
    ) -> dict[str, Any]:
        """Check the file: ``memory.verify()``, or ``Memvid.verify(path)``.

        Raises:
            MemvidError: MV012 where it is too damaged to open, MV013.
        """
        with mapped():
            if isinstance(self, Upkeep) and path is None:
                return verify_of(self.path, self._db.verify(deep=deep))
            given = path if isinstance(self, Upkeep) else os.fspath(self)
            return verify_of(str(given), check(str(given), deep=deep))

    def doctor(  # noqa: PLR0913 - as memvid-sdk has it
        self: Upkeep | str | os.PathLike[str],
        path: str | None = None,
        *,
        rebuild_time_index: bool = False,
        rebuild_lex_index: bool = False,
        rebuild_vec_index: bool = False,
        vacuum: bool = False,
        dry_run: bool = False,
        quiet: bool = False,
    ) -> dict[str, Any]:
        """Repair a file: ``memory.doctor()``, or ``Memvid.doctor(path)``.

        Any ``rebuild_`` makes every index again. `dry_run` prints the plan, and changes nothing.

        Raises:
            MemvidError: MV012, MV013, MV007.
        """
        given = self.path if isinstance(self, Upkeep) and path is None else path
        place = str(given) if isinstance(self, Upkeep) else os.fspath(self)
        rebuild = rebuild_time_index or rebuild_lex_index or rebuild_vec_index
        with mapped():
            done = repair(place, dry_run=dry_run, rebuild=rebuild, vacuum=vacuum, quiet=quiet)
        return doctor_of(place, done)

    @property
    def functions(self) -> list[dict[str, Any]]:
        """The memory's tools as function schemas, for OpenAI and whoever takes its form."""
        return functions_of()

    @property
    def tools(self) -> list[Any]:
        """The memory's tools as objects of the framework of `kind`; schemas otherwise."""
        if self.kind in {"langchain", "llamaindex"}:
            with mapped():
                return tools_of(self, self.kind)
        return functions_of()

    def as_query_engine(self) -> Any:
        """Give the memory as a query engine of LlamaIndex."""
        with mapped():
            return query_engine_of(self)

    def _stored(self, name: str) -> Stored:
        """Give a document by id, by uri, or by the uri that was made of its id."""
        found = self._memory.get(str(name).removeprefix("mv2://frames/") or str(name))
        if found is None:
            found = self._memory.get(str(name))
        if found is None:
            raise FrameNotFoundError(f"there is no frame {name!r:.200}", "timeline() lists them")
        return found

    def _has_vectors(self) -> bool:
        return self._memory.stats().effective_vec_dimension is not None

    def _corrected(self) -> bool:
        passages = self._db.get_collection(self._memory.layout.passages)
        return passages is not None and bool(
            passages.count(f"doc.label = '{_CORRECTION}'", missing="ignore")
        )

    def __enter__(self) -> Self:
        """Close the file at the end of a with statement."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def __repr__(self) -> str:
        """Show the file and the kind."""
        return f"Memvid({self.path!r}, kind={self.kind!r})"
