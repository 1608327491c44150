"""What an evaluation gives back, for one input and for many.

Owns: `EvaluationReport` and `BatchReport`, and their forms as dict, data frame, Markdown and HTML.
Means are over the scores that there are; how many are missing stands beside each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engram.errors import EngramError, InvalidInput, _missing_extra
from engram.evaluate.statistics import Summary, summarize
from engram.evaluate.tables import html_table, markdown_table, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from engram.evaluate.inputs import EvaluationInput, MetricResult

__all__ = ["BatchReport", "EvaluationReport", "data_frame"]

_HEAD = ("metric", "score", "method", "reason")


@dataclass(frozen=True)
class EvaluationReport:
    """What the metrics say of one input. Frozen.

    Attributes:
        input: What was judged.
        results: A `MetricResult` by name of metric, in the order in which they were added.
    """

    input: EvaluationInput
    results: Mapping[str, MetricResult]

    @property
    def scores(self) -> dict[str, float]:
        """The scores by metric, of those that have one."""
        return {n: one.score for n, one in self.results.items() if one.score is not None}

    @property
    def errors(self) -> dict[str, Exception]:
        """The errors by metric, of those that have no score."""
        return {n: one.error for n, one in self.results.items() if one.error is not None}

    @property
    def overall_score(self) -> float | None:
        """The mean of the scores; None unless every metric has one."""
        scores = self.scores
        return sum(scores.values()) / len(scores) if scores and not self.errors else None

    def __getitem__(self, metric: str) -> MetricResult:
        """Give the result of a metric."""
        return self.results[metric]

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON-able data."""
        return {
            "input": self.input.to_dict(),
            "scores": self.scores,
            "overall_score": self.overall_score,
            "results": [one.to_dict() for one in self.results.values()],
        }

    def to_pandas(self) -> pd.DataFrame:
        """Give a data frame, a row per metric.

        Raises:
            MissingExtra: ``extra.missing`` without pandas.
        """
        rows = [
            {"metric": one.name, "score": one.score, "method": one.method, "reason": one.reason}
            | {"error": _said(one.error)}
            for one in self.results.values()
        ]
        return data_frame(rows, ("metric", "score", "method", "reason", "error"))

    def to_markdown(self) -> str:
        """Give a Markdown table, a row per metric."""
        return markdown_table(_HEAD, self._rows())

    def to_html(self) -> str:
        """Give an HTML table, a row per metric; everything in it is escaped."""
        return html_table(self.input.query, _HEAD, self._rows())

    def _repr_html_(self) -> str:
        """Show the table in notebooks."""
        return self.to_html()

    def _rows(self) -> list[tuple[str, str, str, str]]:
        return [
            (one.name, _cell(one), one.method, _said(one.error) or one.reason)
            for one in self.results.values()
        ]

    def __repr__(self) -> str:
        """Show the scores, and what has none."""
        shown = [f"{name}={_cell(one)}" for name, one in self.results.items()]
        return f"EvaluationReport({', '.join(shown)})"


class BatchReport(list[EvaluationReport]):
    """The reports of many inputs, in their order: a list, with what can be said of them together.

    Attributes:
        metrics: The names of the metrics that were asked.
    """

    def __init__(self, reports: Sequence[EvaluationReport], metrics: Sequence[str]) -> None:
        """Gather reports; `Evaluator.evaluate_batch` does this for you."""
        super().__init__(reports)
        self.metrics = tuple(metrics)

    @property
    def means(self) -> dict[str, float | None]:
        """The mean score by metric, of the inputs that have one; None where none has."""
        return {name: one.mean for name, one in self.summary().items()}

    @property
    def errors(self) -> list[tuple[int, str, Exception]]:
        """Every error, as number of the input, name of the metric, error."""
        return [(n, name, e) for n, one in enumerate(self) for name, e in one.errors.items()]

    def summary(self, confidence: float = 0.95) -> dict[str, Summary]:
        """Give a `Summary` by metric: the mean, its bootstrap interval, how many errors.

        Args:
            confidence: How much the interval should hold, between 0 and 1.
        """
        return {
            name: summarize(
                [one.scores[name] for one in self if name in one.scores],
                sum(name in one.errors for one in self),
                confidence,
            )
            for name in self.metrics
        }

    def to_dict(self) -> dict[str, Any]:
        """Give the batch as JSON-able data."""
        return {
            "summary": {name: one.to_dict() for name, one in self.summary().items()},
            "reports": [one.to_dict() for one in self],
        }

    def to_pandas(self) -> pd.DataFrame:
        """Give a data frame, a row per input: the input, a column per metric, and the errors.

        Raises:
            MissingExtra: ``extra.missing`` without pandas.
        """
        head = ("id", "query", "answer", "ground_truth", *self.metrics, "errors")
        rows = [
            {
                "id": _name(n, one),
                "query": one.input.query,
                "answer": one.input.answer,
                "ground_truth": one.input.ground_truth,
                **{name: one.scores.get(name) for name in self.metrics},
                "errors": "; ".join(f"{name}: {_said(e)}" for name, e in one.errors.items()),
            }
            for n, one in enumerate(self)
        ]
        return data_frame(rows, head)

    def to_markdown(self) -> str:
        """Give two Markdown tables: the means with their intervals, and a row per input."""
        head = ("metric", "mean", "95 % interval", "scores", "errors")
        return markdown_table(head, self._summary_rows()) + "\n" + markdown_table(*self._inputs())

    def to_html(self) -> str:
        """Give the same two tables as HTML; everything in them is escaped."""
        head = ("metric", "mean", "95 % interval", "scores", "errors")
        return html_table("Metrics", head, self._summary_rows()) + html_table(
            "Inputs", *self._inputs()
        )

    def _repr_html_(self) -> str:
        """Show the tables in notebooks."""
        return self.to_html()

    def _summary_rows(self) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for name, one in self.summary().items():
            mean = "-" if one.mean is None else f"{one.mean:.3f}"
            spread = "-" if one.low is None else f"{one.low:.3f} to {one.high:.3f}"
            rows.append((name, mean, spread, one.count, one.errors))
        return rows

    def _inputs(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        head = ("input", "question", *self.metrics)
        return head, [
            (
                _name(n, one),
                shortened(one.input.query),
                *(_cell(one.results[name]) for name in self.metrics),
            )
            for n, one in enumerate(self)
        ]

    def __repr__(self) -> str:
        """Show how many reports, and the means."""
        shown = ", ".join(f"{name}={one}" for name, one in self.summary().items())
        return f"BatchReport({len(self)} inputs, {len(self.errors)} errors, {shown})"


def _name(number: int, report: EvaluationReport) -> str:
    return str(number) if report.input.id is None else report.input.id


def _cell(result: MetricResult) -> str:
    if result.score is not None:
        return f"{result.score:.3f}"
    error = result.error
    return f"error: {error.code if isinstance(error, EngramError) else type(error).__name__}"


def _said(error: Exception | None) -> str:
    return "" if error is None else str(error) or type(error).__name__


def data_frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Build a data frame.

    Raises:
        MissingExtra: ``extra.missing`` without pandas.
    """
    if len(set(columns)) < len(columns):
        raise InvalidInput(
            "input.invalid",
            f"two columns have one name: {', '.join(columns)}",
            "give the metric another name=",
        )
    try:
        import pandas as pd
    except ImportError as cause:
        raise _missing_extra("pandas", "pandas", "a data frame") from cause
    return pd.DataFrame(list(rows), columns=list(columns))
