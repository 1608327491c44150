"""What is judged, and what a judgement is.

Owns: `EvaluationInput`, `MetricResult`, and the protocol `Metric`. Invariant: a result has either a
score, a finite number from 0 to 1, or the error that kept it from one; never NaN, never both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from engram.errors import EngramError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engram.records import Record

__all__ = ["EvaluationInput", "Metric", "MetricResult"]


@dataclass(frozen=True, init=False)
class EvaluationInput:
    """One answered question, as a retrieval pipeline left it. Frozen.

    Attributes:
        query: The question.
        contexts: The texts that were retrieved for it, best first.
        answer: What was answered, or None.
        ground_truth: What should have been answered, or None.
        id: Its name in reports; its number in the batch where it has none.
        metadata: Whatever belongs to it; reports carry it along.
    """

    query: str
    contexts: tuple[str, ...]
    answer: str | None
    ground_truth: str | None
    id: str | None
    metadata: Mapping[str, Any]

    def __init__(
        self,
        query: str,
        *,
        contexts: Iterable[str | Record] = (),
        answer: str | None = None,
        ground_truth: str | None = None,
        id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Make an input; hits and records count as their texts, so `Results` can be given whole.

        Raises:
            InvalidInput: ``input.invalid`` where something that should be a text is none.
        """
        if isinstance(contexts, str):
            raise InvalidInput(
                "input.invalid", "contexts is one text", "give a list of texts: contexts=[text]"
            )
        texts = enumerate(getattr(one, "text", one) for one in contexts)
        values = {
            "query": _text(query, "query"),
            "contexts": tuple(_text(one, f"context {n}") for n, one in texts),
            "answer": None if answer is None else _text(answer, "answer"),
            "ground_truth": None if ground_truth is None else _text(ground_truth, "ground_truth"),
            "id": None if id is None else _text(id, "id"),
            "metadata": dict(metadata or {}),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def need(self, name: str, metric: str) -> str:
        """Give the text of an optional field, or say which metric misses it.

        Raises:
            InvalidInput: ``input.invalid`` where the field is None or blank.
        """
        value: str | None = getattr(self, name)
        if value is None or not value.strip():
            raise InvalidInput(
                "input.invalid", f"{metric} needs {name}", f"EvaluationInput(..., {name}=...)"
            )
        return value

    def to_dict(self) -> dict[str, Any]:
        """Give the input as JSON-able data."""
        return {
            "id": self.id,
            "query": self.query,
            "contexts": list(self.contexts),
            "answer": self.answer,
            "ground_truth": self.ground_truth,
            "metadata": dict(self.metadata),
        }


@dataclass(frozen=True)
class MetricResult:
    """What one metric says of one input. Frozen.

    Attributes:
        name: The metric's name.
        score: From 0 to 1, higher is better; None where there is an error.
        method: How the score was found: ``"llm"`` (a language model judged), ``"embedding"``
            (nearness of vectors), ``"overlap"`` (words in common), or a name of your own.
        reason: In words, why the score is what it is.
        details: What the score was made of, JSON-able.
        error: Why there is no score, or None. Of a judge that answered nonsense: ``llm.answer``,
            with its answer in the error's details.
    """

    name: str
    score: float | None
    method: str = "custom"
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    error: Exception | None = None

    def __post_init__(self) -> None:
        """Hold the invariant of the module."""
        if (self.score is None) == (self.error is None):
            raise InvalidInput(
                "input.invalid",
                f"the result of {self.name} has {'neither' if self.score is None else 'both'} "
                "a score and an error",
                "give one of them",
            )
        if self.score is not None and not (math.isfinite(self.score) and 0 <= self.score <= 1):
            raise InvalidInput(
                "input.invalid", f"the score of {self.name} is {self.score!r}, outside 0 to 1"
            )

    @property
    def ok(self) -> bool:
        """Whether there is a score."""
        return self.error is None

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able data."""
        return {
            "name": self.name,
            "score": self.score,
            "method": self.method,
            "reason": self.reason,
            "details": dict(self.details),
            "error": None if self.error is None else _error_facts(self.error),
        }


@runtime_checkable
class Metric(Protocol):
    """What an `Evaluator` asks of a metric. Metrics of your own need nothing else."""

    @property
    def name(self) -> str:
        """The name under which reports show it; unique within an evaluator."""

    def evaluate(self, input: EvaluationInput, /) -> MetricResult:
        """Judge one input. What it raises becomes the error of that input's result."""


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidInput("input.invalid", f"{name} is {type(value).__name__}, not a text")
    return value


def _error_facts(error: Exception) -> dict[str, Any]:
    if isinstance(error, EngramError):
        return {
            "type": type(error).__name__,
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "details": dict(error.details),
        }
    return {"type": type(error).__name__, "message": str(error)}
