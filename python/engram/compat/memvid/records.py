"""Tables and sessions of memvid-sdk.

Owns: `Records`: tables put and given back, and what was asked, recorded and asked again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.compat.memvid.errors import MemvidError, mapped
from engram.compat.memvid.upkeep import Upkeep
from engram.memory import Memory

if TYPE_CHECKING:
    import os

    from engram.memory import TableInfo
    from engram.sessions import Session, SessionInfo

__all__ = ["Records"]


class Records(Upkeep):
    """The verbs about tables and sessions."""

    _session: Session | None = None

    def put_pdf_tables(
        self, pdf_path: str | os.PathLike[str], *, embed_rows: bool = True
    ) -> dict[str, Any]:
        """Put the tables of a PDF file, with the file; with `embed_rows` each row is searched.

        Raises:
            MemvidError: MV013, MV012 where it is no PDF file.
        """
        with mapped():
            done = self._memory.put_pdf_tables(pdf_path, embed_rows=embed_rows)
        self._vec = self._vec or done.embedded > 0
        return {
            "frame_id": done.document.id,
            "tables_count": len(done.tables),
            "table_ids": done.ids,
            "total_rows": done.rows,
            "embedded_rows": done.embedded,
        }

    def list_tables(self) -> list[dict[str, Any]]:
        """List the tables that are there."""
        with mapped():
            return [_table_of(one) for one in self._memory.list_tables()]

    def get_table(self, table_id: str, *, format: str = "dict") -> Any:
        """Give a table as ``"dict"``, ``"records"``, ``"csv"`` or ``"pandas"``.

        Raises:
            MemvidError: MV010 where there is none of that id.
        """
        given: Any = format
        with mapped():
            return self._memory.get_table(table_id, given)

    def session_start(self, name: str | None = None) -> str:
        """Record what is found and asked from now on; give the session's id.

        Raises:
            MemvidError: While another session is recorded.
        """
        if self._session is not None:
            raise MemvidError(
                f"session {self._session.name!r} is recorded", "session_end()", code="session.open"
            )
        with mapped():
            self._session = self._memory.session_start(name)
        return self._session.name

    def session_end(self) -> dict[str, Any]:
        """End what is recorded."""
        session = self._open_session()
        with mapped():
            info = session.end()
        self._session = None
        return _session_of(info)

    def session_checkpoint(self) -> str:
        """Keep the memory as it is now, beside what is recorded; give the snapshot's name."""
        with mapped():
            return self._open_session().checkpoint().name

    def session_list(self) -> list[dict[str, Any]]:
        """List the sessions, the last begun first."""
        with mapped():
            return [_session_of(one) for one in self._memory.session_list()]

    def session_delete(self, session_id: str) -> bool:
        """Delete a session; say whether there was one."""
        with mapped():
            return self._memory.session_delete(session_id)

    def session_replay(
        self,
        session_id: str,
        *,
        top_k: int | None = None,
        adaptive: bool | None = None,
        use_model: str | None = None,
    ) -> dict[str, Any]:
        """Ask everything of a session again, and say what comes out otherwise.

        Args:
            session_id: Which session.
            top_k: Another number of passages.
            adaptive: Let the scores decide how many there are.
            use_model: Another model.

        Raises:
            MemvidError: Where there is no such session.
        """
        settings: Any = {} if top_k is None else {"k": top_k}
        if adaptive is not None:
            settings["adaptive"] = adaptive
            if adaptive:
                settings |= {"k": None} | ({} if top_k is None else {"max_k": top_k})
        with mapped():
            again = Memory(self._db).session_replay(session_id, use_model, **settings)
        return again.to_dict()

    def _open_session(self) -> Session:
        if self._session is None:
            raise MemvidError("no session is recorded", "session_start()", code="session.none")
        return self._session


def _table_of(table: TableInfo) -> dict[str, Any]:
    """Give a table as memvid-sdk lists it."""
    return {
        "table_id": table.id,
        "source_file": table.document.uri,
        "page": table.page,
        "headers": list(table.columns),
        "n_rows": table.rows,
        "n_cols": len(table.columns),
        "frame_id": table.document.id,
        "quality": table.found,
    }


def _session_of(info: SessionInfo) -> dict[str, Any]:
    """Give a session as memvid-sdk lists it."""
    return {
        "session_id": info.name,
        "name": info.name,
        "action_count": info.steps,
        "created": info.started,
        "ended": info.ended,
    }
