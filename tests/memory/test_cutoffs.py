"""Where an adaptive list ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram.errors import InvalidInput
from engram.memory.cutoffs import Adaptive, adaptive_of, cut

STRATEGIES = ("relative", "absolute", "cliff", "elbow", "combined")


@pytest.mark.parametrize(
    ("strategy", "least", "scores", "kept"),
    [
        ("relative", 0.5, [1.0, 0.6, 0.5, 0.49, 0.1], 3),
        ("absolute", 0.3, [0.9, 0.4, 0.3, 0.2], 3),
        ("absolute", 2.0, [0.9, 0.4], 1),
        ("cliff", 0.5, [1.0, 0.8, 0.7, 0.3, 0.2], 3),
        ("cliff", 0.5, [1.0, 0.9, 0.8, 0.7], 4),
        ("elbow", 0.5, [1.0, 0.95, 0.9, 0.2, 0.15, 0.1], 3),
        ("elbow", 0.5, [1.0, 1.0, 1.0], 3),
        ("combined", 0.3, [1.0, 0.9, 0.6, 0.55, 0.2], 2),
        ("combined", 0.8, [1.0, 0.9, 0.78, 0.7], 2),
        ("combined", 0.5, [], 0),
        ("relative", 0.5, [-0.1, -0.2], 1),
    ],
)
def test_a_list_ends_where_its_scores_say(strategy, least, scores, kept):
    count, why = cut(scores, Adaptive(strategy, least, 100))
    assert count == kept
    assert (why is None) == (kept == len(scores))


@given(
    st.lists(st.floats(0, 10), min_size=1).map(lambda one: sorted(one, reverse=True)),
    st.sampled_from(STRATEGIES),
    st.floats(0, 1),
)
def test_the_best_always_stays_and_so_does_the_order(scores, strategy, least):
    count, _ = cut(scores, Adaptive(strategy, least, 100))
    assert 1 <= count <= len(scores)


@given(
    st.lists(st.floats(0.1, 10), min_size=1).map(lambda one: sorted(one, reverse=True)),
    st.sampled_from(("relative", "cliff", "combined", "elbow")),
)
def test_the_scale_of_the_scores_changes_nothing_but_for_absolute(scores, strategy):
    how = Adaptive(strategy, 0.5, 100)
    # A power of two is exact.
    assert cut(scores, how)[0] == cut([one * 2**4 for one in scores], how)[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_relevancy": 0.5},
        {"max_k": 5},
        {"adaptive_strategy": "elbow"},
        {"adaptive": True, "k": 3},
        {"adaptive": True, "adaptive_strategy": "steep"},
        {"adaptive": True, "min_relevancy": 1.5},
        {"adaptive": True, "min_relevancy": "much"},
        {"adaptive": True, "min_relevancy": 0.5, "adaptive_strategy": "elbow"},
        {"adaptive": True, "max_k": 0},
    ],
)
def test_arguments_that_say_nothing_together_are_refused(memory, wrong):
    memory.put("tents")
    with pytest.raises(InvalidInput):
        memory.find("tents", **wrong)


def test_an_adaptive_search_says_what_ended_it(memory):
    memory.put("tents tents tents dry", uri="best")
    for n in range(20):
        memory.put(f"tents and something else about number {n} of many others", uri=str(n))
    finds = memory.find("tents dry", mode="lex", adaptive=True)
    assert [one.uri for one in finds] == ["best"]
    assert "below" in finds.cut
    assert finds.cursor is None
    wide = memory.find("tents", mode="lex", adaptive=True, min_relevancy=0.0, max_k=4,
                       adaptive_strategy="relative")  # fmt: skip
    assert (len(wide), wide.cut) == (4, None)
    assert adaptive_of(adaptive=False, least=None, most=None, strategy=None) is None
