"""The metrics of answers and of what was retrieved for them.

Owns: the five metrics. Each is a question of `Scorer` put to the fields of an input, and takes a
language model, an embedder, or neither. Invariant: `evaluate` returns a result for every input;
what is wrong with an input, or with the judge's answer to it, is the result's error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.errors import InvalidInput
from engram.evaluate.inputs import EvaluationInput, MetricResult
from engram.evaluate.judging import Judge
from engram.evaluate.scoring import Finding, Judged, Nearness, Overlap
from engram.evaluate.vectors import TextVectors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engram.evaluate.scoring import Scorer
    from engram.evaluate.vectors import TextEmbedder
    from engram.llm import LLM

    Model = LLM | Callable[[str], str]

__all__ = [
    "AnswerCorrectness",
    "AnswerFaithfulness",
    "ContextPrecision",
    "ContextRecall",
    "ContextRelevance",
]

_NOTHING = "nothing was retrieved"


class _Metric:
    """What the metrics share: a name, a way to compare, and errors that stay with their input."""

    _default_name: str

    def __init__(
        self,
        llm: Model | None = None,
        *,
        embedder: TextEmbedder | None = None,
        retries: int = 1,
        name: str | None = None,
    ) -> None:
        """Choose the way to compare.

        Args:
            llm: The model that judges: an `engram.llm.LLM`, or a function from prompt to answer.
            embedder: Instead of it, what embeds: an `engram.Embedder`, ``"default"`` for the
                built-in model, or a function from a list of texts to one row each.
            retries: How often the model is asked again after an answer that cannot be read.
            name: The name in reports, where one evaluator has several of a kind.

        Raises:
            InvalidInput: ``llm.invalid``, ``embedder.invalid``; ``input.invalid`` for both at once.
        """
        self._scorer = _scorer(llm, embedder, retries)
        self._name = name or self._default_name

    @property
    def name(self) -> str:
        """The name in reports."""
        return self._name

    @property
    def method(self) -> str:
        """How it compares: ``"llm"``, ``"embedding"`` or ``"overlap"``."""
        return self._scorer.method

    def evaluate(self, input: EvaluationInput) -> MetricResult:
        """Judge one input; errors are in the result."""
        try:
            score, reason, details = self._judge(input)
        except Exception as error:  # noqa: BLE001 - one input must not end a batch
            return MetricResult(self._name, None, self.method, error=error)
        return MetricResult(self._name, score, self.method, reason, details)

    def _judge(self, input: EvaluationInput) -> tuple[float, str, dict[str, object]]:
        """Give score, reason and details, or raise."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """Show name and method."""
        return f"{type(self).__name__}(name={self._name!r}, method={self.method!r})"


def _scorer(llm: Model | None, embedder: TextEmbedder | None, retries: int) -> Scorer:
    if llm is not None and embedder is not None:
        raise InvalidInput(
            "input.invalid",
            "a metric compares in one way, by llm or by embedder",
            "add two metrics with a name= each",
        )
    if llm is not None:
        return Judged(Judge(llm, retries))
    return Overlap() if embedder is None else Nearness(TextVectors(embedder))


class ContextRelevance(_Metric):
    """Whether what was retrieved has to do with the question. Needs `contexts`.

    The mean over the contexts. With a model: the share of contexts that it finds to help with the
    answer (as in ARES, Saad-Falcon et al., 2024). By vectors: the cosine of question and context.
    By words: the share of the question's words that the context has.
    """

    _default_name = "context_relevance"

    def _judge(self, input: EvaluationInput) -> tuple[float, str, dict[str, object]]:
        if not input.contexts:
            return 0.0, _NOTHING, {}
        found = self._scorer.relevance(
            input.need("query", type(self).__name__), None, input.contexts
        )
        score = sum(one.score for one in found) / len(found)
        return score, _mean_of(found, "contexts"), _by_context(found)


class ContextPrecision(_Metric):
    """Whether the contexts that help stand before those that do not. Needs `ground_truth`.

    The mean, over the contexts that help, of the share of such contexts down to that rank: average
    precision (RAGAS's context precision, Es et al., 2023). A context helps where the model says
    that it helped to arrive at the ground truth; by vectors and by words, where its nearness to the
    ground truth reaches `threshold`.
    """

    _default_name = "context_precision"

    def __init__(
        self,
        llm: Model | None = None,
        *,
        embedder: TextEmbedder | None = None,
        threshold: float = 0.5,
        retries: int = 1,
        name: str | None = None,
    ) -> None:
        """Choose the way to compare; see the other metrics.

        Args:
            llm: The model that judges.
            embedder: Instead of it, what embeds.
            threshold: From 0 to 1: how near to the ground truth a context has to be to help,
                without a model.
            retries: How often the model is asked again.
            name: The name in reports.

        Raises:
            InvalidInput: As the others; ``input.invalid`` for a threshold out of range.
        """
        super().__init__(llm, embedder=embedder, retries=retries, name=name)
        if not 0 <= threshold <= 1:
            raise InvalidInput("input.invalid", f"threshold is {threshold!r}, outside 0 to 1")
        self._threshold = threshold

    def _judge(self, input: EvaluationInput) -> tuple[float, str, dict[str, object]]:
        truth = input.need("ground_truth", type(self).__name__)
        if not input.contexts:
            return 0.0, _NOTHING, {}
        found = self._scorer.relevance(input.query, truth, input.contexts)
        helps = [one.score >= self._threshold for one in found]
        shares = [sum(helps[:rank]) / rank for rank, good in enumerate(helps, start=1) if good]
        score = sum(shares) / len(shares) if shares else 0.0
        reason = f"{sum(helps)} of {len(helps)} contexts help, at ranks " + (
            ", ".join(str(rank) for rank, good in enumerate(helps, start=1) if good) or "none"
        )
        return score, reason, _by_context(found) | {"threshold": self._threshold}


class ContextRecall(_Metric):
    """How much of the ground truth is in what was retrieved. Needs `ground_truth`.

    With a model: the share of the ground truth's statements that follow from the contexts (RAGAS's
    context recall, Es et al., 2023). By vectors: the mean over its sentences of the cosine with the
    nearest sentence of the contexts. By words: the share of its words that the contexts have.
    """

    _default_name = "context_recall"

    def _judge(self, input: EvaluationInput) -> tuple[float, str, dict[str, object]]:
        truth = input.need("ground_truth", type(self).__name__)
        return _supported(self._scorer, truth, input.contexts, "ground truth")


class AnswerFaithfulness(_Metric):
    """How much of the answer is in what was retrieved. Needs `answer`.

    With a model: the share of the answer's statements that follow from the contexts (RAGAS's
    faithfulness, Es et al., 2023, both of its steps in one question). By vectors: the mean over the
    answer's sentences of the cosine with the nearest sentence of the contexts. By words: the share
    of its words that the contexts have (K-precision, Adlakha et al., 2024).
    """

    _default_name = "answer_faithfulness"

    def _judge(self, input: EvaluationInput) -> tuple[float, str, dict[str, object]]:
        answer = input.need("answer", type(self).__name__)
        return _supported(self._scorer, answer, input.contexts, "answer")


class AnswerCorrectness(_Metric):
    """How far the answer says what the ground truth says. Needs `answer` and `ground_truth`.

    By vectors: their cosine (RAGAS's answer similarity, Es et al., 2023). With a model: the F1 of
    the statements that both make. By words: the F1 of their words (as in SQuAD, Rajpurkar et al.,
    2016).
    """

    _default_name = "answer_correctness"

    def __init__(
        self,
        embedder: TextEmbedder | None = None,
        *,
        llm: Model | None = None,
        retries: int = 1,
        name: str | None = None,
    ) -> None:
        """Choose the way to compare; as the other metrics, but the embedder comes first."""
        super().__init__(llm, embedder=embedder, retries=retries, name=name)

    def _judge(self, input: EvaluationInput) -> tuple[float, str, dict[str, object]]:
        answer = input.need("answer", type(self).__name__)
        truth = input.need("ground_truth", type(self).__name__)
        found = self._scorer.agreement(input.query, answer, truth)
        said = {"llm": "F1 of statements", "overlap": "F1 of words", "embedding": "cosine"}
        return found.score, f"{said[self.method]} {found.score:.2f}", dict(found.details)


def _supported(
    scorer: Scorer, text: str, contexts: Sequence[str], what: str
) -> tuple[float, str, dict[str, object]]:
    """Say how much of a text is in the contexts."""
    if not contexts:
        return 0.0, _NOTHING, {}
    found = scorer.support(text, contexts)
    reason = f"{found.score:.0%} of the {what} is in the contexts"
    if scorer.method == "embedding":
        reason = f"the sentences of the {what} are {found.score:.2f} near the contexts"
    return found.score, reason, dict(found.details)


def _mean_of(found: Sequence[Finding], what: str) -> str:
    good = sum(one.score > 0 for one in found)
    return f"mean over {len(found)} {what}, {good} of them above 0"


def _by_context(found: Sequence[Finding]) -> dict[str, object]:
    return {"contexts": [{"score": one.score, **one.details} for one in found]}
