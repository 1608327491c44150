"""Evaluators and their reports: batches with failures, threads, progress, forms."""

import json
import threading

import pytest

from engram import InvalidInput, MissingExtra
from engram.evaluate import (
    AnswerCorrectness,
    AnswerFaithfulness,
    ContextRecall,
    ContextRelevance,
    EvaluationInput,
    Evaluator,
    MetricResult,
)
from engram.evaluate.statistics import summarize

EVIL = '<script>alert(1)</script> | `x` [a](javascript:b) & "q"\n| --- |'


class Odd:
    """A metric of a user's own that does not like some inputs."""

    name = "odd"

    def evaluate(self, input):
        if input.query == "raise":
            raise RuntimeError("no")
        if input.query == "return":
            return 0.5
        if input.query == "nan":
            return MetricResult("odd", float("nan"))
        return MetricResult("other name", 1.0, reason=EVIL)


def batch():
    return [EvaluationInput(q, id=f"id-{q}") for q in ("fine", "raise", "return", "nan", "good")]


def test_metrics_can_be_chained_and_have_names_of_their_own():
    evaluator = Evaluator().add_metric(ContextRelevance()).add_metric(AnswerFaithfulness())
    assert [metric.name for metric in evaluator.metrics] == [
        "context_relevance", "answer_faithfulness"
    ]  # fmt: skip
    with pytest.raises(InvalidInput, match="already"):
        evaluator.add_metric(ContextRelevance())
    evaluator.add_metric(ContextRelevance(embedder="default", name="nearness"))
    for wrong in (5, "x", ContextRelevance):
        with pytest.raises(InvalidInput, match="no metric"):
            Evaluator().add_metric(wrong)
    assert repr(evaluator) == "Evaluator(context_relevance, answer_faithfulness, nearness)"


def test_one_input(answered):
    report = Evaluator([ContextRecall(), AnswerCorrectness()]).evaluate(answered)
    assert set(report.scores) == {"context_recall", "answer_correctness"}
    assert report.errors == {}
    assert report.overall_score == pytest.approx(sum(report.scores.values()) / 2)
    assert report["context_recall"].method == "overlap"
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["input"]["query"] == answered.query
    assert [one["name"] for one in plain["results"]] == ["context_recall", "answer_correctness"]
    assert list(report.to_pandas()["metric"]) == ["context_recall", "answer_correctness"]
    assert "context_recall=" in repr(report)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_failure_stays_with_its_input(concurrency):
    told = []
    reports = Evaluator([Odd()]).evaluate_batch(
        batch(), concurrency=concurrency, progress=lambda *at: told.append(at)
    )
    assert isinstance(reports, list)
    assert [one.input.query for one in reports] == ["fine", "raise", "return", "nan", "good"]
    assert [one.scores.get("odd") for one in reports] == [1.0, None, None, None, 1.0]
    assert [(n, type(e).__name__) for n, _, e in reports.errors] == [
        (1, "RuntimeError"), (2, "InvalidInput"), (3, "InvalidInput")
    ]  # fmt: skip
    assert told == [(n, 5) for n in range(1, 6)]
    assert reports.means == {"odd": 1.0}
    assert (reports.summary()["odd"].count, reports.summary()["odd"].errors) == (2, 3)
    assert [one.overall_score for one in reports] == [1.0, None, None, None, 1.0]
    assert "3 errors" in repr(reports)


def test_a_judge_that_answers_nonsense_now_and_then_spoils_only_those_inputs(judge, answered):
    model = judge({"relevant": True}, {"relevant": True}, "what?", "what?", {"relevant": False})
    reports = Evaluator([ContextRelevance(model)]).evaluate_batch([answered] * 3)
    assert [one.scores.get("context_relevance") for one in reports] == [1.0, None, 0.0]
    assert reports.errors[0][2].details["answer"] == "what?"


def test_threads_judge_at_the_same_time(answered):
    meeting = threading.Barrier(3, timeout=20)

    def judge(prompt):
        meeting.wait()
        return '{"relevant": true}'

    one = EvaluationInput("q", contexts=["c"])
    reports = Evaluator([ContextRelevance(judge)]).evaluate_batch([one] * 3, concurrency=3)
    assert reports.means == {"context_relevance": 1.0}


@pytest.mark.parametrize("concurrency", [1, 2])
def test_an_interruption_ends_a_batch(concurrency):
    class Interrupted(Odd):
        def evaluate(self, input):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Evaluator([Interrupted()]).evaluate_batch(batch(), concurrency=concurrency)


def test_the_bar_goes_to_stderr(capsys):
    Evaluator([Odd()]).evaluate_batch(batch(), progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""


def test_wrong_calls_are_refused():
    with pytest.raises(InvalidInput, match="no metric"):
        Evaluator().evaluate(EvaluationInput("q"))
    evaluator = Evaluator([Odd()])
    with pytest.raises(InvalidInput, match="no EvaluationInput"):
        evaluator.evaluate("q")
    with pytest.raises(InvalidInput, match="input 1 of the batch"):
        evaluator.evaluate_batch([EvaluationInput("q"), "q"])
    with pytest.raises(InvalidInput, match="concurrency"):
        evaluator.evaluate_batch([], concurrency=0)


def test_an_empty_batch_has_no_means():
    reports = Evaluator([Odd()]).evaluate_batch([])
    assert reports.means == {"odd": None}
    assert reports.to_pandas().empty
    assert "| odd | - | - | 0 | 0 |" in reports.to_markdown()


def test_a_batch_as_a_table():
    reports = Evaluator([Odd()]).evaluate_batch(batch())
    frame = reports.to_pandas()
    assert list(frame.columns) == ["id", "query", "answer", "ground_truth", "odd", "errors"]
    assert list(frame["id"])[:2] == ["id-fine", "id-raise"]
    assert frame["odd"].notna().tolist() == [True, False, False, False, True]
    assert frame["errors"][1] == "odd: no"
    shown = reports.to_markdown()
    assert "| odd | 1.000 | 1.000 to 1.000 | 2 | 3 |" in shown
    assert "error: RuntimeError" in shown
    json.dumps(reports.to_dict(), allow_nan=False)


def test_html_and_markdown_escape_what_they_show():
    report = Evaluator([Odd()]).evaluate(EvaluationInput(EVIL))
    reports = Evaluator([Odd()]).evaluate_batch([EvaluationInput(EVIL, id=EVIL)])
    for page in (report.to_html(), report._repr_html_(), reports.to_html(), reports._repr_html_()):
        assert "<script" not in page
        assert "&lt;script&gt;" in page
    for text in (report.to_markdown(), reports.to_markdown()):
        assert "<script>" not in text.replace("\\<", "")
        rows = [line for line in text.splitlines() if line]
        assert all(line.startswith("|") and line.endswith("|") for line in rows)
        bars = {line.replace("\\|", "").count("|") for line in report.to_markdown().splitlines()}
        assert bars == {5}


def test_intervals_hold_the_mean_and_are_the_same_each_time():
    values = [0.1, 0.5, 0.9, 0.4, 0.4]
    found = summarize(values)
    assert found == summarize(values)
    assert 0.1 <= found.low < found.mean < found.high <= 0.9
    assert found.mean == pytest.approx(0.46)
    narrow = summarize(values, confidence=0.5)
    assert found.low < narrow.low
    assert narrow.high < found.high
    assert summarize([0.3]).low is None
    assert str(summarize([])) == "-"
    equal = summarize([0.1] * 7)
    assert equal.low <= equal.mean <= equal.high
    with pytest.raises(InvalidInput):
        summarize(values, confidence=1)


def test_the_width_of_an_interval_is_that_of_the_standard_error():
    """For many values the bootstrap agrees with the normal interval."""
    values = [(n * 37 % 100) / 100 for n in range(400)]
    found = summarize(values)
    mean = sum(values) / 400
    error = (sum((v - mean) ** 2 for v in values) / 400) ** 0.5 / 20
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.05)


def test_a_metric_cannot_take_the_name_of_a_column(monkeypatch):
    reports = Evaluator([ContextRelevance(name="query")]).evaluate_batch([EvaluationInput("q")])
    with pytest.raises(InvalidInput, match="two columns"):
        reports.to_pandas()
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"engram\[pandas\]"):
        Evaluator([Odd()]).evaluate_batch(batch()).to_pandas()
