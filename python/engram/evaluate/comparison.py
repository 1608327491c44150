"""Comparing two evaluations of retrieval.

Owns: `compare` and `check_regression`. Invariant: only equal queries are compared, one by one; the
same two reports and seed give the same figures.
"""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engram.errors import InvalidInput
from engram.evaluate.reports import data_frame
from engram.evaluate.significance import paired_test
from engram.evaluate.statistics import summarize
from engram.evaluate.tables import html_table, markdown_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from engram.evaluate.runs import RetrievalReport

__all__ = ["Comparison", "Difference", "RegressionCheck", "check_regression", "compare"]

_SHOWN_QUERIES = 5


@dataclass(frozen=True)
class Difference:
    """How one metric differs between two reports. Frozen.

    Attributes:
        metric: The metric.
        mean_a: Its mean in the first report.
        mean_b: Its mean in the second.
        difference: The second less the first.
        low: Lower end of the bootstrap interval of the difference; None for a single query.
        high: Upper end.
        p_value: Two-sided p-value of the paired randomization test: how often chance alone would
            make a difference as large. Small where it hardly would.
        p_t: Two-sided p-value of the paired t-test; None where all differences are equal.
        better: Queries with a higher value in the second report.
        worse: Queries with a lower one.
        equal: Queries without a difference.
        per_query: The difference of each query.
    """

    metric: str
    mean_a: float
    mean_b: float
    difference: float
    low: float | None
    high: float | None
    p_value: float
    p_t: float | None
    better: int
    worse: int
    equal: int
    per_query: Mapping[str, float]


@dataclass(frozen=True)
class Comparison:
    """Two reports over the same queries. Frozen.

    Attributes:
        a: The name of the first report.
        b: The name of the second.
        differences: A `Difference` by metric.
    """

    a: str
    b: str
    differences: Mapping[str, Difference]

    def __getitem__(self, metric: str) -> Difference:
        """Give the difference of a metric."""
        return self.differences[metric]

    def to_dict(self) -> dict[str, Any]:
        """Give the comparison as JSON-able data."""
        differences = {name: asdict(one) for name, one in self.differences.items()}
        return {"a": self.a, "b": self.b, "differences": differences}

    def to_pandas(self) -> pd.DataFrame:
        """Give a data frame, a row per query and a column per metric: second less first.

        Raises:
            MissingExtra: ``extra.missing`` without pandas.
        """
        queries = next(iter(self.differences.values())).per_query
        rows = [
            {"query": query, **{name: one.per_query[query] for name, one in self._each()}}
            for query in queries
        ]
        return data_frame(rows, ("query", *self.differences))

    def to_markdown(self) -> str:
        """Give a Markdown table, a row per metric."""
        return markdown_table(self._head(), self._rows())

    def to_html(self) -> str:
        """Give an HTML table, a row per metric; everything in it is escaped."""
        return html_table(f"{self.a} and {self.b}", self._head(), self._rows())

    def _repr_html_(self) -> str:
        """Show the table in notebooks."""
        return self.to_html()

    def _each(self) -> Sequence[tuple[str, Difference]]:
        return list(self.differences.items())

    def _head(self) -> tuple[str, ...]:
        return (
            "metric", self.a, self.b, "difference", "95 % interval", "p", "better", "worse", "equal"
        )  # fmt: skip

    def _rows(self) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for name, one in self._each():
            spread = "-" if one.low is None else f"{one.low:+.3f} to {one.high:+.3f}"
            means = (f"{one.mean_a:.3f}", f"{one.mean_b:.3f}", f"{one.difference:+.3f}")
            queries = (one.better, one.worse, one.equal)
            rows.append((name, *means, spread, f"{one.p_value:.4f}", *queries))
        return rows

    def __repr__(self) -> str:
        """Show the differences with their p-values."""
        shown = [
            f"{name} {one.difference:+.3f} (p={one.p_value:.3f})" for name, one in self._each()
        ]
        return f"Comparison({self.a!r} to {self.b!r}: {', '.join(shown)})"


@dataclass(frozen=True)
class RegressionCheck:
    """Whether a metric fell by more than is tolerated. True where it did not. Frozen.

    Attributes:
        ok: Whether all is well.
        tolerance: The fall of the mean that is tolerated.
        difference: What was compared.
    """

    ok: bool
    tolerance: float
    difference: Difference

    def __bool__(self) -> bool:
        """Say whether all is well."""
        return self.ok

    @property
    def worst(self) -> list[tuple[str, float]]:
        """The queries that fell, the deepest first, with their differences."""
        fallen = [(d, query) for query, d in self.difference.per_query.items() if d < 0]
        return [(query, d) for d, query in sorted(fallen)]

    def to_dict(self) -> dict[str, Any]:
        """Give the check as JSON-able data."""
        return {"ok": self.ok, "tolerance": self.tolerance} | asdict(self.difference)

    def __str__(self) -> str:
        """Say in one line what was found."""
        one = self.difference
        said = (
            f"{one.metric} {one.mean_a:.4f} -> {one.mean_b:.4f} ({one.difference:+.4f}, "
            f"p={one.p_value:.4f}, {one.better} queries better, {one.worse} worse)"
        )
        if self.ok:
            return f"no regression: {said}"
        worst = ", ".join(f"{query} {d:+.2f}" for query, d in self.worst[:_SHOWN_QUERIES])
        return f"REGRESSION beyond {self.tolerance:g}: {said}; worst: {worst}"

    def __repr__(self) -> str:
        """Show the line in assertions."""
        return f"RegressionCheck({self})"


def compare(
    a: RetrievalReport,
    b: RetrievalReport,
    *,
    metrics: Sequence[str] | None = None,
    seed: int = 0,
    confidence: float = 0.95,
) -> Comparison:
    """Compare two reports over the same queries, with tests of significance.

    The p-values are of Fisher's paired randomization test, which Smucker, Allan & Carterette (2007)
    recommend for retrieval, over every way to swap where there are few queries, else over 9,999 of
    them. Whoever looks at several metrics has to expect one below 0.05 by chance sooner or later.

    Args:
        a: The first report: the baseline.
        b: The second.
        metrics: Which metrics; those that both have, unless given.
        seed: What the random draws start from.
        confidence: How much the intervals of the differences should hold.

    Raises:
        InvalidInput: ``input.invalid`` where the reports have other queries, or no metric, in
            common.
        MissingExtra: ``extra.missing`` without ``engram[evaluate]``.
    """
    for one, other in ((a, b), (b, a)):
        alone = sorted(one.per_query.keys() - other.per_query.keys())
        if alone:
            raise InvalidInput(
                "input.invalid",
                f"{len(alone)} queries are only in {one.name!r}, such as {alone[0]!r}",
                "evaluate both on the same query set",
            )
    names = [name for name in a.metrics if name in b.metrics] if metrics is None else list(metrics)
    if not names:
        raise InvalidInput(
            "input.invalid",
            f"{a.name!r} and {b.name!r} have no metric in common",
            "evaluate both with the same k and metrics",
        )
    return Comparison(
        a.name, b.name, {name: _difference(a, b, name, seed, confidence) for name in names}
    )


def _difference(
    a: RetrievalReport, b: RetrievalReport, metric: str, seed: int, confidence: float
) -> Difference:
    first, b_by_query = a.values(metric), dict(zip(b.per_query, b.values(metric), strict=True))
    second = [b_by_query[query] for query in a.per_query]
    differences = [y - x for x, y in zip(first, second, strict=True)]
    summary = summarize(differences, confidence=confidence)
    test = paired_test(first, second, seed)
    return Difference(
        metric=metric,
        mean_a=statistics.fmean(first),
        mean_b=statistics.fmean(second),
        difference=statistics.fmean(differences),
        low=summary.low,
        high=summary.high,
        p_value=test.p_randomization,
        p_t=test.p_t,
        better=sum(d > 0 for d in differences),
        worse=sum(d < 0 for d in differences),
        equal=sum(d == 0 for d in differences),
        per_query=dict(zip(a.per_query, differences, strict=True)),
    )


def check_regression(
    baseline: RetrievalReport,
    current: RetrievalReport,
    metric: str | None = None,
    tolerance: float = 0.01,
    *,
    seed: int = 0,
) -> RegressionCheck:
    """Check that a metric did not fall.

    Args:
        baseline: What was, for example `RetrievalReport.load`.
        current: What is, over the same queries.
        metric: The metric; the first of the baseline unless given.
        tolerance: By how much its mean may fall, 0 or more.
        seed: What the significance test starts from. The test informs; it decides nothing.

    Returns:
        A check that is true when all is well; as text it says what fell.

    Raises:
        InvalidInput: As `compare`; ``input.invalid`` for a tolerance below 0.
        MissingExtra: ``extra.missing`` without ``engram[evaluate]``.
    """
    if not tolerance >= 0:
        raise InvalidInput("input.invalid", f"tolerance is {tolerance!r}, below 0")
    name = baseline.metrics[0] if metric is None else metric
    found = compare(baseline, current, metrics=[name], seed=seed)[name]
    return RegressionCheck(found.difference >= -tolerance, tolerance, found)
