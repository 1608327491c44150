"""What a session holds, and its form as records.

Owns: `SessionInfo`, `Step`, `Seen`. A session is a record whose id is its name, and one record per
step with the id ``<name>/<number>``; the question is the text of a step. Of a passage its id,
document and place are kept, and no text; the text of an answer is, under ``answer``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engram.answer import Answer
    from engram.memory.finds import Finds
    from engram.records import Record

__all__ = ["Seen", "SessionInfo", "Step", "step_id"]

_DIGITS = 8
"""Of a step's number, so that ids are in the order of steps."""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session. Frozen.

    Attributes:
        name: Its name.
        started: When, ISO 8601 in UTC.
        ended: When it was ended, or None while it is open.
        steps: How much was asked in it, checkpoints included.
        note: What it was said to be for, or None.
    """

    name: str
    started: str
    ended: str | None
    steps: int
    note: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Seen:
    """A passage that was found. Frozen.

    Attributes:
        id: The passage.
        document: The id of its document.
        score: Its score.
        uri: Where the document comes from, or None.
        page: Its page, or None.
    """

    id: str
    document: str
    score: float
    uri: str | None
    page: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was asked. Frozen.

    Attributes:
        number: Which step of the session, from 1.
        verb: ``"find"``, ``"ask"``, or ``"checkpoint"``.
        question: What was asked; the note of a checkpoint.
        options: The options it was asked with, as JSON-able data.
        kept_out: The names of options that cannot be recorded (objects, functions, vectors).
        mode: How it was searched: ``"lexical"``, ``"semantic"``, ``"hybrid"``, ``"none"``.
        hits: What was found, best first.
        commit: The commit that answered; that of the snapshot for a checkpoint.
        asked: When, ISO 8601 in UTC.
        answer: ``text``, ``found``, ``mode``, ``model``, ``grounded`` and the ids of the passages
            ``cited``; None of a find.
    """

    number: int
    verb: Literal["find", "ask", "checkpoint"]
    question: str
    options: Mapping[str, Any]
    kept_out: tuple[str, ...]
    mode: str
    hits: tuple[Seen, ...]
    commit: int
    asked: str
    answer: Mapping[str, Any] | None = field(default=None)

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        return asdict(self) | {"kept_out": list(self.kept_out)}

    def record(self, session: str) -> dict[str, Any]:
        """Give it as a record."""
        plain = self.to_dict()
        del plain["question"]
        documents = sorted({one.document for one in self.hits})
        about = {"session": session, "documents": documents, "step": plain}
        return {"id": step_id(session, self.number), "text": self.question, "metadata": about}

    @classmethod
    def of(cls, record: Record) -> Step:
        """Read a record."""
        plain = dict(record.metadata["step"])
        plain["hits"] = tuple(Seen(**one) for one in plain["hits"])
        plain["kept_out"] = tuple(plain["kept_out"])
        return cls(question=record.text or "", **plain)


def step_id(session: str, number: int) -> str:
    """Give the id of a step's record."""
    return f"{session}/{number:0{_DIGITS}}"


def seen(finds: Finds) -> tuple[Seen, ...]:
    """Give what is kept of passages that were found."""
    return tuple(
        Seen(one.id, one.document.id, one.score, one.document.uri, one.page) for one in finds
    )


def told(answer: Answer) -> dict[str, Any]:
    """Give what is kept of an answer."""
    cited = [name for one in answer.citations for name in one.ids]
    return {
        "text": answer.text,
        "found": answer.found,
        "mode": answer.mode,
        "model": answer.model,
        "grounded": answer.grounded,
        "cited": cited,
    }
