"""Sessions of a memory: what was asked, recorded and asked again.

Owns: `Recording`: the verbs ``session_*``. The form of sessions is that of `engram.sessions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from engram.memory.asking import Asking

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Unpack

    from engram.answer.asking import Model
    from engram.memory.ask_options import MemoryAskOptions
    from engram.memory.memory import Memory
    from engram.reports import SnapshotInfo
    from engram.sessions import Replay, Session, SessionInfo, Step

__all__ = ["Recording"]


class Recording(Asking):
    """The verbs of sessions."""

    def session_start(self, name: str | None = None, *, note: str | None = None) -> Session:
        """Begin a session: what is asked of it is asked of the memory, and recorded in the file.

        Args:
            name: Its name, without a slash; None for one made of the time.
            note: What it is for.

        Raises:
            Conflict: ``session.exists``, ``file.read_only``.
        """
        from engram.sessions.session import Sessions

        return Sessions(cast("Memory", self)).start(name, note)

    def session(self, name: str) -> Session:
        """Give a session that was begun, to go on with it or to read its steps.

        Raises:
            NotFound: ``session.not_found``.
        """
        from engram.sessions.session import Session, Sessions

        Sessions(cast("Memory", self)).info(name)
        return Session(cast("Memory", self), name)

    def session_end(self, name: str) -> SessionInfo:
        """End a session: nothing more is recorded in it.

        Raises:
            NotFound: ``session.not_found``.
        """
        from engram.sessions.session import Sessions

        return Sessions(cast("Memory", self)).end(name)

    def session_list(self) -> list[SessionInfo]:
        """Describe the sessions, the last begun first."""
        from engram.sessions.session import Sessions

        return Sessions(cast("Memory", self)).all()

    def session_steps(self, name: str) -> list[Step]:
        """Give what was asked in a session, in order.

        Raises:
            NotFound: ``session.not_found``.
        """
        return self.session(name).steps()

    def session_delete(self, name: str) -> bool:
        """Delete a session with its steps and its snapshots; say whether there was one."""
        from engram.sessions.session import Sessions

        return Sessions(cast("Memory", self)).delete(name)

    def session_checkpoint(self, name: str, note: str = "") -> SnapshotInfo:
        """Keep the memory as it is now, as a snapshot that belongs to a session.

        Raises:
            NotFound: ``session.not_found``.
            Conflict: ``session.ended``; ``transaction.active`` inside a transaction.
        """
        return self.session(name).checkpoint(note)

    def session_replay(
        self,
        name: str,
        model: Model | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
        **settings: Unpack[MemoryAskOptions],
    ) -> Replay:
        """Ask everything of a session again, with other settings, and report the difference.

        Args:
            name: The session.
            model: What answers now; None for what answered then.
            progress: Called with the steps done and the steps in all.
            settings: Options of `find` and `ask` in the place of those recorded: ``k``, ``mode``,
                ``rerank``, ``as_of`` (such as the snapshot of a checkpoint) and so on. Those of
                answers alone do not concern a find.

        Raises:
            NotFound: ``session.not_found``.
            InvalidInput: ``input.invalid`` where a step was asked with something that cannot be
                recorded (a function, an embedder) and that is not given now.
            EngramError: As `find` and `ask`.
        """
        from engram.sessions.replaying import replay

        given = dict(settings) if model is None else {"model": model, **settings}
        return replay(cast("Memory", self), name, given, progress)
