"""Putting metrics to inputs.

Owns: `Evaluator`. Invariant: a batch has one report per input, in their order, each with a result
of every metric, whatever a metric, a judge or an embedder does.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from engram.errors import InvalidInput
from engram.evaluate.inputs import EvaluationInput, Metric, MetricResult
from engram.evaluate.reports import BatchReport, EvaluationReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from typing_extensions import Self

    Progress = Callable[[int, int | None], None]

__all__ = ["Evaluator"]


class Evaluator:
    """Judges answered questions by several metrics.

    Example:
        >>> report = Evaluator([AnswerFaithfulness()]).evaluate(
        ...     EvaluationInput("Where?", contexts=["In Rome."], answer="In Rome.")
        ... )
        >>> report.scores
        {'answer_faithfulness': 1.0}
    """

    def __init__(self, metrics: Iterable[Metric] = ()) -> None:
        """Make an evaluator of some metrics; `add_metric` adds more."""
        self._metrics: dict[str, Metric] = {}
        for metric in metrics:
            self.add_metric(metric)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics, in the order in which they were added."""
        return tuple(self._metrics.values())

    def add_metric(self, metric: Metric) -> Self:
        """Add a metric; gives the evaluator, so that calls can be chained.

        Raises:
            InvalidInput: ``input.invalid`` where the object is no metric, or another has its name.
        """
        name = getattr(metric, "name", None)
        if not isinstance(name, str) or not callable(getattr(metric, "evaluate", None)):
            raise InvalidInput(
                "input.invalid",
                f"{type(metric).__name__} is no metric",
                "give it a `name` and `evaluate(input) -> MetricResult`",
            )
        if name in self._metrics:
            raise InvalidInput(
                "input.invalid",
                f"there is a metric {name!r} already",
                f"give one of them another name, such as name={name + '_2'!r}",
            )
        self._metrics[name] = metric
        return self

    def evaluate(self, input: EvaluationInput) -> EvaluationReport:
        """Judge one input by every metric.

        Returns:
            A report with a score or an error of each metric; a metric that fails raises nothing.

        Raises:
            InvalidInput: ``input.invalid`` without metrics, or for what is no `EvaluationInput`.
        """
        self._check(input, "")
        return EvaluationReport(
            input, {name: _result(metric, name, input) for name, metric in self._metrics.items()}
        )

    def evaluate_batch(
        self,
        inputs: Iterable[EvaluationInput],
        *,
        progress: bool | Progress = False,
        concurrency: int = 1,
    ) -> BatchReport:
        """Judge many inputs by every metric.

        Args:
            inputs: The inputs; all of them are checked before the first is judged.
            progress: True for a bar on stderr; or a function that is called, from this thread,
                after each input with inputs done and inputs in all.
            concurrency: How many inputs are judged at once, in threads. Worth it for judges that
                wait for a network; metrics and models then have to stand several threads.

        Returns:
            One report per input, in their order. An input whose judge fails has an error in its
            report; the others are judged all the same.

        Raises:
            InvalidInput: ``input.invalid`` without metrics, or for what is no `EvaluationInput`.
        """
        wanted = list(inputs)
        for n, one in enumerate(wanted):
            self._check(one, f"input {n} of the batch, ")
        if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
            raise InvalidInput(
                "input.invalid", f"concurrency is {concurrency!r}, not a number from 1 on"
            )
        with _shown(progress) as tell:
            if concurrency == 1:
                reports = []
                for done, one in enumerate(wanted, start=1):
                    reports.append(self.evaluate(one))
                    tell(done, len(wanted))
            else:
                reports = self._in_threads(wanted, concurrency, tell)
        return BatchReport(reports, tuple(self._metrics))

    def _in_threads(
        self, inputs: list[EvaluationInput], concurrency: int, tell: Progress
    ) -> list[EvaluationReport]:
        pool = ThreadPoolExecutor(concurrency, thread_name_prefix="engram-evaluate")
        try:
            futures = [pool.submit(self.evaluate, one) for one in inputs]
            for done, _ in enumerate(as_completed(futures), start=1):
                tell(done, len(inputs))
            return [future.result() for future in futures]
        finally:
            # Interrupted, it waits for the calls under way, but starts no other.
            pool.shutdown(cancel_futures=True)

    def _check(self, input: object, where: str) -> None:
        if not self._metrics:
            raise InvalidInput("input.invalid", "there is no metric", "add_metric(...)")
        if not isinstance(input, EvaluationInput):
            raise InvalidInput(
                "input.invalid",
                f"{where}{type(input).__name__}, is no EvaluationInput"
                if where
                else f"{type(input).__name__} is no EvaluationInput",
                "EvaluationInput(query, contexts=[...], answer=..., ground_truth=...)",
            )

    def __repr__(self) -> str:
        """Show the names of the metrics."""
        return f"Evaluator({', '.join(self._metrics)})"


def _result(metric: Metric, name: str, input: EvaluationInput) -> MetricResult:
    """Ask a metric; what goes wrong in it is its result."""
    try:
        return _named(metric.evaluate(input), name)
    except Exception as error:  # noqa: BLE001 - one input must not end a batch
        return MetricResult(name, None, getattr(metric, "method", "custom"), error=error)


def _named(found: object, name: str) -> MetricResult:
    """Check what a metric returned, and give it the metric's name."""
    if not isinstance(found, MetricResult):
        raise InvalidInput(
            "input.invalid",
            f"the metric {name} returned {type(found).__name__}",
            "return a MetricResult",
        )
    return found if found.name == name else replace(found, name=name)


@contextmanager
def _shown(progress: bool | Progress) -> Iterator[Progress]:  # noqa: FBT001 - documented above
    """Give what is told of the progress."""
    if callable(progress):
        yield progress
        return
    if not progress:
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("evaluating", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
