"""Comparisons: the tests against slow oracles, planted regressions, and no false alarms."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram import InvalidInput, MissingExtra
from engram.evaluate import RetrievalReport, check_regression, compare, evaluate_retrieval
from engram.evaluate.significance import paired_test

SCORES = st.lists(st.tuples(*[st.sampled_from([0, 0.25, 0.5, 1])] * 2), min_size=1, max_size=9)


def report(name, values, metric="nDCG@10"):
    per_query = {f"q{n}": {metric: value} for n, value in enumerate(values)}
    return RetrievalReport(name, None, 10, (metric,), per_query, {})


@given(pairs=SCORES)
def test_few_queries_are_tested_exactly(pairs):
    a, b = zip(*pairs, strict=True)
    test = paired_test(a, b, seed=1)
    assert test.exact
    differences = [y - x for x, y in pairs]
    sums = [
        abs(sum(sign * d for sign, d in zip(signs, differences, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(pairs))
    ]
    expected = sum(s >= abs(sum(differences)) - 1e-12 for s in sums) / len(sums)
    assert test.p_randomization == pytest.approx(expected)
    again = paired_test(b, a, seed=2)
    assert again.p_randomization == pytest.approx(expected)


def test_many_queries_are_tested_by_chance_and_the_same_each_time():
    rng = np.random.default_rng(7)
    a = rng.random(300)
    b = a + rng.normal(0.02, 0.1, 300)
    test = paired_test(a, b, seed=3)
    assert not test.exact
    assert test == paired_test(a, b, seed=3)
    # By the central limit theorem both tests agree for many queries.
    d = b - a
    z = abs(d.mean()) / (d.std(ddof=1) / math.sqrt(300))
    normal = math.erfc(z / math.sqrt(2))
    assert test.p_randomization == pytest.approx(normal, abs=0.01)
    assert test.p_t == pytest.approx(normal, abs=0.005)


def test_the_test_errs_as_often_as_it_says():
    """Without a true difference, one in ten p-values is below 0.1."""
    rng = np.random.default_rng(11)
    below = sum(
        paired_test(rng.random(40), rng.random(40), seed).p_randomization < 0.1
        for seed in range(100)
    )
    assert 2 <= below <= 20


def test_equal_reports_do_not_differ():
    found = compare(report("a", [0.1, 0.5, 1]), report("b", [0.1, 0.5, 1]))["nDCG@10"]
    assert (found.difference, found.p_value, found.p_t) == (0, 1, None)
    assert (found.better, found.worse, found.equal) == (0, 0, 3)
    one = compare(report("a", [0.1]), report("b", [0.5]))["nDCG@10"]
    assert (one.p_value, one.low) == (1, None)


def test_a_comparison_shows_each_query(animals, query_set):
    words = evaluate_retrieval(animals, query_set, k=3, mode="lexical", name="words | 1")
    vectors = evaluate_retrieval(animals, query_set, k=3, mode="semantic", name="<vectors>")
    found = compare(words, vectors)
    assert list(found.differences) == list(words.metrics)
    for metric in words.metrics:
        of = found[metric]
        expected = vectors.scores[metric] - words.scores[metric]
        assert of.difference == pytest.approx(expected)
        assert of.per_query == {
            q: vectors.per_query[q][metric] - words.per_query[q][metric] for q in words.per_query
        }
        assert of.low <= of.difference <= of.high
    json.dumps(found.to_dict(), allow_nan=False)
    assert list(found.to_pandas().columns) == ["query", *words.metrics]
    assert len(found.to_pandas()) == 5
    assert "words \\| 1 | \\<vectors\\>" in found.to_markdown()
    assert "&lt;vectors&gt;" in found.to_html()
    assert "<vectors>" not in found._repr_html_()
    assert "p=" in repr(found)


def test_only_equal_queries_and_metrics_are_compared():
    a, b = report("a", [0.1, 0.5]), report("b", [0.1])
    for pair in ((a, b), (b, a)):
        with pytest.raises(InvalidInput, match=r"only in 'a', such as 'q1'"):
            compare(*pair)
    other = report("c", [0.1, 0.5], "MRR@10")
    with pytest.raises(InvalidInput, match="no metric in common"):
        compare(a, other)
    with pytest.raises(InvalidInput, match="no metric"):
        compare(a, a, metrics=["MRR@10"])


def test_a_planted_regression_is_found(db, animals, query_set):
    query_set.save(db)
    evaluate_retrieval(animals, query_set, name="good").save(db)
    assert check_regression(
        RetrievalReport.load(db, "animals", "good"), evaluate_retrieval(animals, query_set)
    )
    # The planted fault: two texts are swapped.
    animals.put("hen", text="an eel swims in the river")
    animals.put("eel", text="the hen lays eggs")
    check = check_regression(
        RetrievalReport.load(db, "animals", "good"), evaluate_retrieval(animals, query_set)
    )
    assert not check
    assert check.difference.metric == "nDCG@10"
    assert check.difference.difference < -0.1
    assert check.worst[0][0] in {"q2", "q4"}
    assert "REGRESSION" in repr(check)
    assert check.worst[0][0] in str(check)
    assert check.to_dict()["ok"] is False


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_equal_reports_raise_no_alarm(values):
    assert check_regression(report("a", values), report("b", values), tolerance=0)


def test_what_is_tolerated_is_up_to_the_caller():
    a, b = report("a", [0.5, 0.5]), report("b", [0.5, 0.4])
    assert check_regression(a, b, tolerance=0.06)
    assert not check_regression(a, b, tolerance=0.04)
    assert not check_regression(a, b, "nDCG@10", 0)
    assert check_regression(b, a, tolerance=0)
    assert "no regression" in str(check_regression(b, a))
    for wrong in (-0.1, float("nan")):
        with pytest.raises(InvalidInput, match="tolerance"):
            check_regression(a, b, tolerance=wrong)


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "scipy", None)
    with pytest.raises(MissingExtra, match=r"engram\[evaluate\]"):
        compare(report("a", [0.1]), report("b", [0.2]))
