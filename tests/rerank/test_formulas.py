"""Rerankers without a model are their formulas."""

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from engram.errors import InvalidInput
from engram.rerank import MMR, Formula, Recency

LOOK = {"vector": [1.0, 0.0]}
NOW = datetime(2024, 3, 11, tzinfo=timezone.utc)
RELEVANCE = {"a": 1.0, "b": 0.75, "c": 0.5, "d": 0.25, "e": 0.0}


def scores_of(hits):
    return dict(zip(hits.ids, hits.scores, strict=True))


def test_a_formula_sees_the_score_and_the_metadata(notes):
    stars = Formula(lambda hit: hit.score * hit.metadata["stars"], name="stars")
    hits = notes.query(**LOOK, rerank=stars)
    want = {"a": 1.0, "b": 4.5, "c": 1.6, "d": 2.1, "e": 2.4}
    assert scores_of(hits) == pytest.approx(want, rel=1e-5)
    assert hits.ids == ["b", "e", "d", "c", "a"]
    assert hits.report.notes["rerank"]["reranker"] == "stars"
    assert repr(stars) == "Formula('stars')"
    with pytest.raises(InvalidInput):
        Formula("hit.score")


def test_recency_mixes_relevance_with_an_age_by_halves(notes):
    recent = Recency(timedelta(days=10), weight=0.5, field="metadata.day", now=NOW)
    hits = notes.query(**LOOK, rerank=recent)
    days = {"a": 70, "b": 10, "d": 38 + 14 / 24}
    fresh = {name: 0.5 ** (days[name] / 10) if name in days else 0.0 for name in RELEVANCE}
    want = {name: 0.5 * RELEVANCE[name] + 0.5 * fresh[name] for name in RELEVANCE}
    assert scores_of(hits) == pytest.approx(want, abs=1e-5)
    assert hits.ids == ["b", "a", "c", "d", "e"]


@pytest.mark.parametrize("field", ["updated", "created"])
def test_recency_reads_the_times_of_the_records(notes, field):
    moment = getattr(notes.get("a"), field)
    recent = Recency(timedelta(hours=1), weight=1.0, field=field, now=moment + timedelta(hours=2))
    hits = notes.query(**LOOK, rerank=recent)
    assert hits.scores == pytest.approx([0.25] * 5, rel=1e-2)
    # A record of the future is as fresh as can be, not fresher.
    early = Recency(timedelta(hours=1), weight=1.0, field=field, now=moment - timedelta(days=1))
    assert notes.query(**LOOK, rerank=early).scores == [1.0] * 5
    assert notes.query(**LOOK, rerank=Recency(timedelta(days=1), weight=1.0)).scores[0] > 0.99


def test_a_moment_that_is_none_is_refused(notes):
    notes.put("f", vector=[2.0, 0.0], metadata={"day": "Tuesday"})
    with pytest.raises(InvalidInput, match="Tuesday"):
        notes.query(**LOOK, rerank=Recency(timedelta(1), field="metadata.day"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Recency(timedelta(0)),
        lambda: Recency(5),
        lambda: Recency(timedelta(1), weight=1.1),
        lambda: Recency(timedelta(1), field="born"),
        lambda: Recency(timedelta(1), now=datetime(2024, 1, 1)),  # noqa: DTZ001 - that is the point
        lambda: MMR(-0.1),
        lambda: MMR(True),
    ],
)
def test_settings_out_of_range_are_refused(make):
    with pytest.raises(InvalidInput) as caught:
        make()
    assert caught.value.code == "input.invalid"


def naive_mmr(vectors, relevance, diversity):
    """The definition, step by step."""
    vectors = {name: row / np.linalg.norm(row) for name, row in vectors.items()}
    chosen = {}
    while len(chosen) < len(vectors):
        left = [name for name in vectors if name not in chosen]
        marginal = {
            name: (1 - diversity) * relevance[name]
            - diversity * max((float(vectors[name] @ vectors[one]) for one in chosen), default=0.0)
            for name in left
        }
        best = max(left, key=marginal.__getitem__)
        chosen[best] = marginal[best]
    return chosen


@pytest.mark.parametrize("diversity", [0.0, 0.3, 0.6, 1.0])
def test_mmr_is_its_definition(notes, diversity):
    vectors = {name: notes.get(name, vectors=True).vectors["vector"] for name in RELEVANCE}
    want = naive_mmr(vectors, RELEVANCE, diversity)
    hits = notes.query(**LOOK, rerank=MMR(diversity))
    assert scores_of(hits) == pytest.approx(want, abs=1e-5)
    assert sorted(want.values(), reverse=True) == pytest.approx(hits.scores, abs=1e-5)


def test_mmr_needs_to_know_whose_vectors(notes):
    notes.put("f", vectors={"vector": [1.0, 1.0], "other": [1.0]})
    with pytest.raises(InvalidInput, match="other, vector"):
        notes.query(**LOOK, rerank=MMR())
    assert len(notes.query(**LOOK, rerank=MMR(space="vector"))) == 6
    with pytest.raises(InvalidInput, match="absent"):
        notes.query(**LOOK, rerank=MMR(space="absent"))
    assert repr(MMR(space="x")) == "MMR(0.3, space='x')"
    assert "Recency" in repr(Recency(timedelta(1)))


def test_a_hit_without_a_vector_is_like_no_other(notes):
    notes.put("f", text="cat")
    hits = notes.query("cat dog", rerank=MMR(1.0, space="vector"), k=10)
    assert scores_of(hits)["f"] == 0.0
