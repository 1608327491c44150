"""Asking again what was asked, and what came out otherwise.

Owns: `Replay`, `Change`, `Moved`, and `replay`. A change is between two lists of passages, and two
answers: gained and lost by id, moved by rank. Settings that a step was recorded with hold unless
they are given anew.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engram.errors import InvalidInput
from engram.sessions.session import Sessions
from engram.sessions.steps import Step, seen, told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engram.memory.memory import Memory
    from engram.sessions.steps import Seen

__all__ = ["Change", "Moved", "Replay", "replay"]

_OF_ANSWERS = frozenset({"model"})
_MODES = {"lex": "lexical", "sem": "semantic"}


@dataclass(frozen=True, slots=True)
class Moved:
    """A passage at another rank. Frozen; ranks are from 1."""

    id: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Change:
    """One step asked again. Frozen.

    Attributes:
        step: The step as it was recorded.
        hits: What is found now, best first.
        mode: How it was searched now.
        gained: Ids that are found now and were not.
        lost: Ids that were found and are not now.
        moved: Those that have another rank.
        overlap: The share of all ids of both that is in both, 0 to 1 (Jaccard); 1 of none.
        answer: What is kept of the answer now; None of a find.
        answer_changed: Whether the answer's text, or whether it was found, is another.
    """

    step: Step
    hits: tuple[Seen, ...]
    mode: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    moved: tuple[Moved, ...]
    overlap: float
    answer: Mapping[str, Any] | None
    answer_changed: bool

    @property
    def changed(self) -> bool:
        """Whether anything came out otherwise."""
        return bool(self.gained or self.lost or self.moved or self.answer_changed)

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        return asdict(self) | {"step": self.step.to_dict(), "changed": self.changed}


@dataclass(frozen=True, slots=True)
class Replay:
    """A session asked again. Frozen.

    Attributes:
        session: Its name.
        settings: What was given anew, as data; objects by their names.
        changes: One for each find and ask, in order.
    """

    session: str
    settings: Mapping[str, Any]
    changes: tuple[Change, ...]

    @property
    def changed(self) -> int:
        """How many steps came out otherwise."""
        return sum(one.changed for one in self.changes)

    @property
    def overlap(self) -> float:
        """The mean overlap of the steps; 1 of none."""
        return sum(one.overlap for one in self.changes) / len(self.changes) if self.changes else 1.0

    @property
    def answers_changed(self) -> int:
        """How many answers came out otherwise."""
        return sum(one.answer_changed for one in self.changes)

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        return {
            "session": self.session,
            "settings": dict(self.settings),
            "steps": len(self.changes),
            "changed": self.changed,
            "answers_changed": self.answers_changed,
            "overlap": self.overlap,
            "changes": [one.to_dict() for one in self.changes],
        }

    def __str__(self) -> str:
        """Show what changed, a line for each step."""
        given = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        lines = [
            f"{self.session}: {self.changed} of {len(self.changes)} steps changed"
            + (f" with {given}" if given else "")
        ]
        for one in self.changes:
            marks = [f"+{len(one.gained)}", f"-{len(one.lost)}", f"~{len(one.moved)}"]
            said = ", another answer" if one.answer_changed else ""
            lines.append(f"{one.step.number}. {one.step.question!r}: {' '.join(marks)}{said}")
        return "\n".join(lines)


def replay(
    memory: Memory,
    name: str,
    settings: Mapping[str, Any],
    progress: Callable[[int, int], None] | None = None,
) -> Replay:
    """Ask everything of a session again.

    Raises:
        InvalidInput: ``input.invalid`` where a step was asked with something that could not be
            recorded, and that is not given now.
        NotFound: ``session.not_found``.
    """
    steps = [one for one in Sessions(memory).steps(name) if one.verb != "checkpoint"]
    for step in steps:
        missing = [one for one in step.kept_out if one not in settings]
        if missing:
            raise InvalidInput(
                "input.invalid",
                f"step {step.number} was asked with {', '.join(missing)}, which cannot be recorded",
                f"give it to the replay: {missing[0]}=...",
            )
    changes = []
    for done, step in enumerate(steps):
        if progress is not None:
            progress(done, len(steps))
        changes.append(_again(memory, step, settings))
    if progress is not None:
        progress(len(steps), len(steps))
    shown = {name: _shown(value) for name, value in settings.items()}
    return Replay(name, shown, tuple(changes))


def _again(memory: Memory, step: Step, settings: Mapping[str, Any]) -> Change:
    options = _options(step.options, settings)
    if step.verb == "find":
        known = _of_find(memory)
        finds = memory.find(
            step.question, **{name: value for name, value in options.items() if name in known}
        )
        answer = None
    else:
        model = options.pop("model", None)
        finds, pieces = memory._asked(step.question, model, options, whole=True)
        answer = told(pieces.answer)
    hits = seen(finds)
    before, after = ([one.id for one in found] for found in (step.hits, hits))
    return Change(
        step=step,
        hits=hits,
        mode=finds.mode,
        gained=tuple(one for one in after if one not in before),
        lost=tuple(one for one in before if one not in after),
        moved=_moved(before, after),
        overlap=len(set(before) & set(after)) / len({*before, *after}) if before or after else 1.0,
        answer=answer,
        answer_changed=_differs(step.answer, answer),
    )


def _options(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options of a step asked again: a list is cut by number or by scores, not both."""
    number, scores = {"k"}, {"adaptive", "min_relevancy", "max_k", "adaptive_strategy"}
    dropped = number if now.get("adaptive") else scores if "k" in now else set()
    return {**{name: one for name, one in then.items() if name not in dropped}, **now}


def _moved(before: Sequence[str], after: Sequence[str]) -> tuple[Moved, ...]:
    ranks = {one: rank for rank, one in enumerate(before, 1)}
    return tuple(
        Moved(one, ranks[one], rank)
        for rank, one in enumerate(after, 1)
        if one in ranks and ranks[one] != rank
    )


def _differs(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> bool:
    if before is None or after is None:
        return False
    return any(before[name] != after[name] for name in ("text", "found"))


def _of_find(memory: Memory) -> set[str]:
    """Name the options of `Memory.find`: settings of answers alone do not concern a find."""
    import inspect

    return set(inspect.signature(memory.find).parameters)


def _shown(value: Any) -> Any:
    """Give a setting as data."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return getattr(value, "__name__", None) or repr(value)
