"""The contract suite holds for every reranker here, and finds what breaks it."""

import inspect
from datetime import datetime, timedelta, timezone

import pytest

from engram.rerank import MMR, CrossEncoder, Formula, Listwise, Recency, TextReranker
from engram.testing import RerankerContract


class TestCrossEncoder(RerankerContract):
    @pytest.fixture(autouse=True)
    def folder(self, judge_folder):
        self.place = judge_folder()

    def make(self):
        return CrossEncoder(self.place)


class TestFormula(RerankerContract):
    def make(self):
        return Formula(lambda hit: hit.score * (1 + hit.metadata["place"]))


class TestRecency(RerankerContract):
    tolerance = None  # relevance is stretched over the hits at hand

    def make(self):
        return Recency(timedelta(days=1), now=datetime(2024, 1, 1, tzinfo=timezone.utc))


class TestMMR(RerankerContract):
    tolerance = None

    def make(self):
        return MMR(0.5)


class TestListwise(RerankerContract):
    tolerance = None

    def make(self):
        return Listwise(lambda prompt: "[2] > [1]")


class Sound(TextReranker):
    def score(self, query, texts):
        return [float(len(set(query.split()) & set(text.split()))) for text in texts]


class TooFew(Sound):
    def score(self, query, texts):
        return super().score(query, texts)[:-1]


class NotFinite(Sound):
    def score(self, query, texts):
        return [float("inf")] * len(texts)


class Places(Sound):
    def score(self, query, texts):
        return [float(i) for i in range(len(texts))]


class Restless(Sound):
    calls = 0

    def score(self, query, texts):
        Restless.calls += 1
        return [float(Restless.calls)] * len(texts)


def broken(kind):
    """Run the suite; give the tests that fail."""

    class Suite(RerankerContract):
        def make(self):
            return kind()

    failed = set()
    for name, test in inspect.getmembers(Suite(), inspect.ismethod):
        if name.startswith("test_"):
            try:
                test()
            except Exception:
                failed.add(name.removeprefix("test_"))
    return failed


def test_a_sound_reranker_passes():
    assert broken(Sound) == set()


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (TooFew, "it_scores_each_hit"),
        (TooFew, "it_scores_a_single_hit"),
        (TooFew, "it_orders_a_query"),
        (NotFinite, "it_scores_each_hit"),
        (Places, "a_score_does_not_depend_on_the_other_hits"),
        (Restless, "it_says_the_same_again"),
    ],
)
def test_each_broken_promise_is_found(kind, promise):
    assert promise in broken(kind)
