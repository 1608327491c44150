"""What an evaluation of retrieval gives back, and how it is kept.

Owns: `RetrievalReport` and how it lies in the file: among the query sets, a record for the report
and one for each query with the ids that were found. Values are not kept: they are measured again
when a report is loaded, so that a judgment added since counts for old and new alike.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engram.errors import InvalidInput, NotFound
from engram.evaluate.measures import measure_runs, parse_measures
from engram.evaluate.query_sets import QuerySet, record_id, sets_of, writing
from engram.evaluate.reports import data_frame
from engram.evaluate.statistics import Summary, summarize
from engram.evaluate.tables import html_table, markdown_table
from engram.expressions import F

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from engram.database import Database
    from engram.past import DatabaseView

__all__ = ["RetrievalReport"]


@dataclass(frozen=True)
class RetrievalReport:
    """How good the hits of judged queries are. Frozen.

    Attributes:
        name: What it is called.
        query_set: The name of the query set, or None for queries that are in none.
        k: How many hits were asked for.
        metrics: The names of the metrics, such as ``nDCG@10``.
        per_query: The value of each metric, by query; of the queries with a relevant record.
        found: The ids that each query found, best first.
        unjudged: Queries without a relevant record, which are in no mean.
        absent: Relevant records that the collection does not have: each keeps the values below 1.
        collection: The collection that was asked, or None for a function.
        commit: The commit that answered, or None.
        retrievers: For how many queries each retriever ran.
        skipped: Why a retriever did not run, by its name.
        options: What was asked for, in words.
    """

    name: str
    query_set: str | None
    k: int
    metrics: tuple[str, ...]
    per_query: Mapping[str, Mapping[str, float]]
    found: Mapping[str, tuple[str, ...]]
    unjudged: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    collection: str | None = None
    commit: int | None = None
    retrievers: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def scores(self) -> dict[str, float]:
        """The mean of each metric over the queries."""
        return {name: statistics.fmean(self.values(name)) for name in self.metrics}

    def values(self, metric: str) -> list[float]:
        """Give the values of a metric, in the order of the queries.

        Raises:
            InvalidInput: ``input.invalid`` for a metric that was not measured.
        """
        if metric not in self.metrics:
            raise InvalidInput(
                "input.invalid",
                f"{self.name!r} has no metric {metric!r}",
                f"one of: {', '.join(self.metrics)}",
            )
        return [values[metric] for values in self.per_query.values()]

    def summary(self, confidence: float = 0.95) -> dict[str, Summary]:
        """Give a `Summary` by metric: the mean with its bootstrap interval over the queries."""
        return {name: summarize(self.values(name), confidence=confidence) for name in self.metrics}

    def save(self, db: Database) -> None:
        """Save the report under its name beside its query set, which has to be saved there.

        A report of the same set and name is replaced.

        Raises:
            NotFound: ``query_set.not_found``.
            InvalidInput: ``input.invalid`` where its queries are in no set.
        """
        if self.query_set is None:
            raise InvalidInput(
                "input.invalid", "the queries of this report are in no set", "make a QuerySet"
            )
        QuerySet.load(db, self.query_set)
        with writing(db) as records:
            if record_id(self.query_set, "report", self.name) in records:
                records.delete_where((F.set == self.query_set) & (F.report == self.name))
            records.put_many(self._records(self.query_set))

    @classmethod
    def load(cls, db: Database | DatabaseView, query_set: str, name: str) -> RetrievalReport:
        """Give a saved report, measured by the judgments that its query set has now.

        Queries that the set has no more, or no relevant record for, are left out.

        Raises:
            NotFound: ``query_set.not_found``; ``report.not_found``.
            InvalidInput: ``input.invalid`` where no query is left.
            MissingExtra: ``extra.missing`` without ``engram[evaluate]``.
        """
        relevant = QuerySet.load(db, query_set).relevant()
        records = sets_of(db)
        head = records.get(record_id(query_set, "report", name))
        if head is None:
            saved = ", ".join(cls.saved(db, query_set)) or "none"
            raise NotFound(
                "report.not_found",
                f"no report {name!r} is saved for {query_set!r}",
                f"saved reports: {saved}",
            )
        rows = records.iterate((F.report == name) & (F.set == query_set) & (F.kind == "run"))
        by_query = {str(row.metadata["query"]): tuple(row.metadata["found"]) for row in rows}
        found = {query: by_query[query] for query in relevant if query in by_query}
        if not found:
            raise InvalidInput(
                "input.invalid",
                f"no query of the report {name!r} has a relevant record in {query_set!r} now",
                "evaluate again, and save that",
            )
        facts: dict[str, Any] = dict(head.metadata["facts"])
        measures = parse_measures(facts["metrics"], facts["k"])
        facts |= {name: tuple(facts[name]) for name in ("metrics", "unjudged", "absent")}
        per_query = measure_runs(found, relevant, measures)
        return cls(name=name, query_set=query_set, per_query=per_query, found=found, **facts)

    @classmethod
    def saved(cls, db: Database | DatabaseView, query_set: str) -> list[str]:
        """List the names of the reports that are saved for a query set, sorted."""
        rows = sets_of(db).iterate((F.set == query_set) & (F.kind == "report"), missing="ignore")
        return sorted(str(row.metadata["report"]) for row in rows)

    def _records(self, query_set: str) -> Iterator[dict[str, Any]]:
        own = {"set": query_set, "report": self.name}
        facts = {
            "k": self.k,
            "metrics": list(self.metrics),
            "unjudged": list(self.unjudged),
            "absent": list(self.absent),
            "collection": self.collection,
            "commit": self.commit,
            "retrievers": dict(self.retrievers),
            "skipped": dict(self.skipped),
            "options": dict(self.options),
        }
        head = record_id(query_set, "report", self.name)
        yield {"id": head, "metadata": {**own, "kind": "report", "facts": facts}}
        for query, ids in self.found.items():
            metadata = {**own, "kind": "run", "query": query, "found": list(ids)}
            yield {"id": record_id(query_set, "run", self.name, query), "metadata": metadata}

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON-able data."""
        return {
            "name": self.name,
            "query_set": self.query_set,
            "k": self.k,
            "scores": self.scores,
            "summary": {name: one.to_dict() for name, one in self.summary().items()},
            "queries": len(self.per_query),
            "unjudged": list(self.unjudged),
            "absent": list(self.absent),
            "collection": self.collection,
            "commit": self.commit,
            "retrievers": dict(self.retrievers),
            "skipped": dict(self.skipped),
            "options": dict(self.options),
            "per_query": {query: dict(values) for query, values in self.per_query.items()},
            "found": {query: list(ids) for query, ids in self.found.items()},
        }

    def to_pandas(self) -> pd.DataFrame:
        """Give a data frame, a row per query and a column per metric.

        Raises:
            MissingExtra: ``extra.missing`` without pandas.
        """
        rows = [{"query": query, **values} for query, values in self.per_query.items()]
        return data_frame(rows, ("query", *self.metrics))

    def to_markdown(self) -> str:
        """Give a Markdown table, a row per metric."""
        return markdown_table(self._head(), self._rows())

    def to_html(self) -> str:
        """Give an HTML table, a row per metric; everything in it is escaped."""
        return html_table(self.name, self._head(), self._rows())

    def _repr_html_(self) -> str:
        """Show the table in notebooks."""
        return self.to_html()

    def _head(self) -> tuple[str, ...]:
        return ("metric", "mean", "95 % interval", "queries")

    def _rows(self) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for name, one in self.summary().items():
            spread = "-" if one.low is None else f"{one.low:.3f} to {one.high:.3f}"
            rows.append((name, f"{one.mean:.3f}", spread, one.count))
        return rows

    def __repr__(self) -> str:
        """Show the means, and what is missing."""
        means = ", ".join(f"{name}={mean:.3f}" for name, mean in self.scores.items())
        absent = f", {len(self.absent)} relevant records are not there" if self.absent else ""
        return f"RetrievalReport({self.name!r}, {len(self.per_query)} queries, {means}{absent})"
