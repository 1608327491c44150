"""Typed use of `engram.evaluate`; `make check` runs mypy over it, nothing runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from typing_extensions import assert_type

import engram
from engram.embed import default
from engram.evaluate import (
    AnswerCorrectness,
    AnswerFaithfulness,
    BatchReport,
    Comparison,
    ContextPrecision,
    ContextRecall,
    ContextRelevance,
    EvaluationInput,
    EvaluationReport,
    Evaluator,
    Metric,
    MetricResult,
    QuerySet,
    RegressionCheck,
    RetrievalReport,
    Summary,
    check_regression,
    compare,
    evaluate_retrieval,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Model:
    """A language model as a user writes it."""

    def complete(
        self,
        prompt: str,
        /,
        *,
        system: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> str:
        """Answer."""
        del system, max_tokens, temperature
        return prompt


class Length:
    """A metric as a user writes it."""

    name = "length"

    def evaluate(self, input: EvaluationInput, /) -> MetricResult:
        """Judge one input."""
        return MetricResult(self.name, min(1.0, len(input.answer or "") / 100))


def rows(texts: list[str]) -> NDArray[np.float64]:
    """Embed texts."""
    return np.ones((len(texts), 2))


def ask(prompt: str) -> str:
    """Answer a prompt."""
    return prompt


metric: Metric = Length()
metric = ContextRelevance(Model(), retries=2)
metric = ContextPrecision(ask, threshold=0.5)
metric = ContextRecall(embedder=rows)
metric = AnswerFaithfulness(ask, name="faithful")
metric = AnswerCorrectness(default())
metric = AnswerCorrectness("default")
metric = AnswerCorrectness(llm=Model())

evaluator = Evaluator().add_metric(metric).add_metric(Length())
assert_type(evaluator, Evaluator)

with engram.open("a.engram") as db:
    notes = db.collection("notes")
    judged = EvaluationInput("q", contexts=notes.query("q"), answer="a", ground_truth="b")
    assert_type(judged.contexts, tuple[str, ...])
    report = evaluator.evaluate(judged)
    assert_type(report, EvaluationReport)
    assert_type(report.scores, dict[str, float])
    assert_type(report["length"], MetricResult)
    assert_type(report["length"].score, float | None)
    reports = evaluator.evaluate_batch([judged], progress=True, concurrency=4)
    assert_type(reports, BatchReport)
    assert_type(reports[0], EvaluationReport)
    assert_type(reports.summary(), dict[str, Summary])
    assert_type(reports.to_pandas(), pd.DataFrame)
    evaluator.evaluate_batch([judged], progress=lambda done, total: None)

    asked = QuerySet("basics", {"q1": "x"}, {"q1": {"a": 1}})
    asked.save(db, replace=True)
    assert_type(QuerySet.load(db.at("s"), "basics"), QuerySet)
    assert_type(QuerySet.saved(db), list[str])
    words = evaluate_retrieval(notes, asked, k=5, mode="lexical", metrics=["nDCG@5"])
    assert_type(words, RetrievalReport)
    evaluate_retrieval(notes, {"q1": "x"}, {"q1": {"a": 1}}, 5, as_of="before")
    evaluate_retrieval(lambda text: notes.query(text, k=3), asked)
    evaluate_retrieval(lambda text: [text], asked)
    assert_type(words.scores, dict[str, float])
    assert_type(compare(words, words), Comparison)
    assert_type(check_regression(words, words, "nDCG@5", 0.01), RegressionCheck)
