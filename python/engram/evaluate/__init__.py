"""Measuring retrieval and answers: metrics with and without a language model, and their tests.

Nothing here calls a network; a judge is whatever model the caller passes in.
"""

from __future__ import annotations

from engram.evaluate.comparison import (
    Comparison,
    Difference,
    RegressionCheck,
    check_regression,
    compare,
)
from engram.evaluate.evaluator import Evaluator
from engram.evaluate.inputs import EvaluationInput, Metric, MetricResult
from engram.evaluate.metrics import (
    AnswerCorrectness,
    AnswerFaithfulness,
    ContextPrecision,
    ContextRecall,
    ContextRelevance,
)
from engram.evaluate.query_sets import QuerySet
from engram.evaluate.reports import BatchReport, EvaluationReport
from engram.evaluate.retrieval import evaluate_retrieval
from engram.evaluate.runs import RetrievalReport
from engram.evaluate.statistics import Summary

__all__ = [
    "AnswerCorrectness",
    "AnswerFaithfulness",
    "BatchReport",
    "Comparison",
    "ContextPrecision",
    "ContextRecall",
    "ContextRelevance",
    "Difference",
    "EvaluationInput",
    "EvaluationReport",
    "Evaluator",
    "Metric",
    "MetricResult",
    "QuerySet",
    "RegressionCheck",
    "RetrievalReport",
    "Summary",
    "check_regression",
    "compare",
    "evaluate_retrieval",
]
