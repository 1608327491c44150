"""A session under way.

Owns: `Session`, which asks a memory and writes down what it asked and found, and `recordable`.
Invariants: what `find` and `ask` return is what the memory returned; a step is in the file before
they return it. Steps of several threads or processes are numbered one after the other.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from engram.errors import Conflict, InvalidInput, NotFound
from engram.filtering import quoted
from engram.sessions.steps import SessionInfo, Step, seen, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from engram.answer import Answer
    from engram.answer.asking import Model
    from engram.collection import Collection
    from engram.memory.ask_options import MemoryAskOptions, SearchOptions
    from engram.memory.finds import Finds
    from engram.memory.memory import Memory
    from engram.records import Record
    from engram.reports import SnapshotInfo

__all__ = ["Session", "now", "recordable"]


class Session:
    """What is asked here is recorded: use it in the place of the memory.

    Leaving a ``with`` block ends it.

    Example:
        >>> import engram
        >>> with engram.Memory.open(":memory:") as memory:
        ...     put = memory.put("Tents keep you dry.")
        ...     with memory.session_start("tents") as session:
        ...         found = session.find("how to stay dry", mode="lex")
        ...     memory.session_replay("tents", mode="auto").changed
        0
    """

    def __init__(self, memory: Memory, name: str) -> None:
        """Take an open session; `Memory.session_start` does this for you."""
        self._memory = memory
        self.name = name

    def find(self, query: str, **options: Unpack[SearchOptions]) -> Finds:
        """Find as `Memory.find` does, and record it.

        Raises:
            Conflict: ``session.ended``.
            NotFound: ``session.not_found`` where it was deleted.
            EngramError: As `Memory.find`; nothing is recorded then.
        """
        finds = self._memory.find(query, **options)
        self._add("find", query, options, finds=finds)
        return finds

    def ask(
        self, question: str, model: Model | None = None, **options: Unpack[MemoryAskOptions]
    ) -> Answer:
        """Ask as `Memory.ask` does, and record it.

        Raises:
            Conflict: ``session.ended``.
            NotFound: ``session.not_found`` where it was deleted.
            EngramError: As `Memory.ask`; nothing is recorded then.
        """
        finds, pieces = self._memory._asked(question, model, options, whole=True)
        answer = pieces.answer
        given = dict(options) if model is None else {"model": model, **options}
        self._add("ask", question, given, finds=finds, answer=answer)
        return answer

    def checkpoint(self, note: str = "") -> SnapshotInfo:
        """Keep the memory as it is now, under a snapshot that `Memory.session_replay` can use.

        The snapshot's name is ``<session>/<number of the step>``; deleting the session deletes it.

        Raises:
            Conflict: ``session.ended``; ``transaction.active`` inside a transaction.
        """
        db = self._memory.db
        step = self._add("checkpoint", note, {})
        return db.create_snapshot(f"{self.name}/{step.number}")

    def end(self) -> SessionInfo:
        """End it: nothing more is recorded. Ending it twice is no error."""
        return self._memory.session_end(self.name)

    @property
    def info(self) -> SessionInfo:
        """What is known of it.

        Raises:
            NotFound: ``session.not_found`` where it was deleted.
        """
        return Sessions(self._memory).info(self.name)

    def steps(self) -> list[Step]:
        """What was asked so far, in order."""
        return list(Sessions(self._memory).steps(self.name))

    def __enter__(self) -> Self:
        """Use it in a with statement that ends it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.end()

    def __repr__(self) -> str:
        """Show its name."""
        return f"Session({self.name!r})"

    def _add(
        self,
        verb: Any,
        question: str,
        options: Mapping[str, Any],
        *,
        finds: Finds | None = None,
        answer: Answer | None = None,
    ) -> Step:
        kept, kept_out = recordable(options)
        return Sessions(self._memory).add(
            self.name,
            Step(
                number=0,
                verb=verb,
                question=question,
                options=kept,
                kept_out=kept_out,
                mode="none" if finds is None else finds.mode,
                hits=() if finds is None else seen(finds),
                commit=self._memory.db._view().commit if finds is None else finds.report.commit,
                asked=now(),
                answer=None if answer is None else told(answer),
            ),
        )


class Sessions:
    """The sessions of a memory, as records."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @property
    def _collection(self) -> Collection:
        return self._memory.db.collection(self._memory.layout.sessions, embedder=None)

    def start(self, name: str | None, note: str | None) -> Session:
        """Make a session.

        Raises:
            Conflict: ``session.exists``.
        """
        begun = now()
        name = f"session-{begun}" if name is None else _checked(name)
        with self._writing():
            if self._collection.get(name) is not None:
                raise Conflict(
                    "session.exists",
                    f"there is a session {name!r}",
                    "another name, or session_delete it first",
                )
            about = {"started": begun, "ended": None, "steps": 0, "note": note}
            self._collection.put(name, metadata={"about": about})
        return Session(self._memory, name)

    def end(self, name: str) -> SessionInfo:
        """End a session.

        Raises:
            NotFound: ``session.not_found``.
        """
        with self._writing():
            record = self._record(name)
            about = dict(record.metadata["about"])
            about["ended"] = about["ended"] or now()
            self._collection.put(name, metadata={"about": about})
        return SessionInfo(name, **about)

    def info(self, name: str) -> SessionInfo:
        """Describe a session.

        Raises:
            NotFound: ``session.not_found``.
        """
        return SessionInfo(name, **self._record(name).metadata["about"])

    def all(self) -> list[SessionInfo]:
        """Describe all of them, the last begun first."""
        if not self._is_there():
            return []
        records = self._collection.iterate("about.steps >= 0", missing="ignore")
        found = [SessionInfo(one.id, **one.metadata["about"]) for one in records]
        return sorted(found, key=lambda one: (one.started, one.name), reverse=True)

    def steps(self, name: str) -> Iterator[Step]:
        """Give the steps of a session, in order.

        Raises:
            NotFound: ``session.not_found``.
        """
        self._record(name)
        records = self._collection.iterate(f"session = {quoted(name)}", missing="ignore")
        yield from sorted(map(Step.of, records), key=lambda one: one.number)

    def delete(self, name: str) -> bool:
        """Delete a session with its steps and snapshots; say whether there was one."""
        if not self._is_there() or self._collection.get(name) is None:
            return False
        checkpoints = [one.number for one in self.steps(name) if one.verb == "checkpoint"]
        with self._writing():
            self._collection.delete_where(f"session = {quoted(name)}", missing="ignore")
            self._collection.delete(name)
        for number in checkpoints:
            self._memory.db.delete_snapshot(f"{name}/{number}")
        return True

    def add(self, name: str, step: Step) -> Step:
        """Write a step behind the others.

        Raises:
            Conflict: ``session.ended``.
            NotFound: ``session.not_found``.
        """
        with self._writing():
            about = dict(self._record(name).metadata["about"])
            if about["ended"] is not None:
                raise Conflict(
                    "session.ended",
                    f"session {name!r} ended {about['ended']}",
                    "session_start another",
                )
            about["steps"] += 1
            numbered = Step(**{**_fields(step), "number": about["steps"]})
            self._collection.put_many(
                [{"id": name, "metadata": {"about": about}}, numbered.record(name)]
            )
        return numbered

    def _record(self, name: str) -> Record:
        record = self._collection.get(name) if self._is_there() else None
        if record is None or "about" not in record.metadata:
            raise NotFound(
                "session.not_found", f"there is no session {name!r}", "session_list names them"
            )
        return record

    def _is_there(self) -> bool:
        return self._memory.layout.sessions in self._memory.db.list_collections()

    def _writing(self) -> Any:
        """Give a transaction, or join the open one."""
        from contextlib import nullcontext

        db = self._memory.db
        return nullcontext() if db._active() is not None else db.transaction()


def recordable(options: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Part options into those that JSON can hold, and the names of those that it cannot."""
    kept: dict[str, Any] = {}
    kept_out: list[str] = []
    for name, value in options.items():
        plain = value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else value
        try:
            kept[name] = json.loads(json.dumps(plain, allow_nan=False))
        except (TypeError, ValueError):
            kept_out.append(name)
    return kept, tuple(kept_out)


def now() -> str:
    """Give the present, ISO 8601 in UTC."""
    return dt.datetime.now(dt.timezone.utc).isoformat(timespec="milliseconds")


def _checked(name: str) -> str:
    if not isinstance(name, str) or not name.strip() or "/" in name:
        raise InvalidInput(
            "input.invalid", f"{name!r} is no name of a session", "some text without a slash"
        )
    return name


def _fields(step: Step) -> dict[str, Any]:
    return {name: getattr(step, name) for name in Step.__slots__}
