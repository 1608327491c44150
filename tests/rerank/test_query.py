"""A query runs its rerankers, checks them, and tells what they did."""

import pickle

import pytest

import engram
from engram.errors import InvalidInput
from engram.rerank import Formula, Reranker, TextReranker

LOOK = {"vector": [1.0, 0.0]}


class Fixed:
    """Scores hits by a table, and keeps what it saw."""

    def __init__(self, **scores):
        self.scores = scores
        self.seen = []

    def rerank(self, query, hits):
        self.seen.append((query, [hit.id for hit in hits]))
        return [self.scores.get(hit.id, 0.0) for hit in hits]


def test_the_hits_come_in_the_order_of_the_reranker(notes):
    judge = Fixed(d=9, c=8, a=1)
    hits = notes.query(**LOOK, rerank=judge, k=3)
    assert hits.ids == ["d", "c", "a"]
    assert hits.scores == [9.0, 8.0, 1.0]
    assert judge.seen == [(None, ["a", "b", "c", "d", "e"])]
    assert hits[0].scores == pytest.approx({"semantic": 0.7, "rerank": 9.0})
    assert isinstance(judge, Reranker)


def test_it_looks_as_deep_as_it_is_told(notes):
    judge = Fixed(e=9)
    assert notes.query(**LOOK, rerank=judge, rerank_depth=4, k=2).ids == ["a", "b"]
    assert judge.seen[0][1] == ["a", "b", "c", "d"]
    assert notes.query(**LOOK, rerank=judge, k=2).ids == ["e", "a"]


def test_ties_are_ordered_by_id(notes):
    assert notes.query(**LOOK, rerank=Fixed(), k=5).ids == ["a", "b", "c", "d", "e"]


def test_stages_follow_each_other(notes):
    first, second = Fixed(c=3, b=2, e=1), Fixed(e=5, b=4)
    hits = notes.query(**LOOK, rerank=[first, second], rerank_depth=[5, 3], k=2)
    assert second.seen == [(None, ["c", "b", "e"])]
    assert hits.ids == ["e", "b"]
    assert hits[0].scores == pytest.approx({"semantic": 0.6, "rerank 1": 1.0, "rerank 2": 5.0})
    assert hits.report.notes["rerank 2"]["looked at"] == "3"
    assert list(hits.report.timings_ms)[-2:] == ["rerank 1", "rerank 2"]


def test_the_report_says_what_was_done_and_what_it_cost(notes):
    plain = notes.query(**LOOK, k=3).report
    hits = notes.query(**LOOK, k=3, rerank=Fixed(c=1))
    report = hits.report
    assert report.retrievers == plain.retrievers
    assert report.notes["rerank"] == {"reranker": "Fixed", "looked at": "5", "moved": "3"}
    name, rows, ms = report.steps[-1]
    assert (name, rows) == ("rerank", 5)
    assert report.timings_ms["rerank"] == ms > 0
    assert report.took_ms > ms
    assert "rerank: reranker Fixed, looked at 5, moved 3" in report.explain()
    assert hits.cursor is None
    again = pickle.loads(pickle.dumps(hits))
    assert (again.ids, again.report.notes) == (hits.ids, report.notes)


def test_hits_carry_what_was_asked_for_whatever_the_reranker_needs(notes):
    seen = []

    def look(hit):
        seen.append((hit.text, hit.metadata["stars"], len(hit.vectors["vector"])))
        return hit.metadata["stars"]

    judge = Formula(look, needs=("text", "metadata", "vectors"))
    hits = notes.query(**LOOK, rerank=judge, include=(), k=2)
    assert seen[0] == ("dog runs", 1, 2)
    assert hits.ids == ["b", "e"]
    assert hits[0].vectors is None
    for part in ("text", "metadata"):
        with pytest.raises(AttributeError, match="not asked for"):
            getattr(hits[0], part)
    full = notes.query(**LOOK, rerank=judge, include=("text", "metadata", "vectors"), k=1)[0]
    assert (full.text, full.metadata["stars"]) == ("bird sings", 5)
    assert full.created == notes.get("b").created
    assert full.vectors["vector"].tolist() == pytest.approx([0.9, 0.1])


def test_snippets_and_facets_stay(notes):
    hits = notes.query("cat", rerank=Fixed(), snippets=True, facets="stars", k=1)
    assert hits[0].snippets[0].text
    assert (
        hits.facets["stars"].to_dict()
        == notes.query("cat", facets="stars").facets["stars"].to_dict()
    )


def test_many_queries_are_reranked_each(notes):
    judge = Fixed(c=2, d=1)
    queries = [{"vector": [1.0, 0.0]}, {"vector": [0.0, 1.0], "rerank": Fixed(e=5)}]
    found = notes.query_many(queries, rerank=judge, k=2)
    assert [one.ids for one in found] == [["c", "d"], ["e", "a"]]
    plain = notes.query_many([engram.Query("cat", k=1), {"text": "dog", "rerank": judge}])
    assert [one.report.timings_ms.get("rerank", 0) > 0 for one in plain] == [False, True]


def test_nothing_found_is_nothing_reranked(notes):
    judge = Fixed()
    hits = notes.query("zebra", rerank=judge)
    assert (len(hits), judge.seen) == (0, [])
    assert hits.report.notes["rerank"]["looked at"] == "0"
    with engram.open(":memory:") as db:
        assert db.collection("new").query("x", rerank=judge).ids == []


def test_a_filter_and_a_snapshot_come_before_it(notes):
    judge = Fixed(d=1)
    assert notes.query(**LOOK, where="stars >= 3", rerank=judge).ids == ["d", "b", "e"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"rerank": 5}, "reranker.invalid"),
        ({"rerank": []}, "input.invalid"),
        ({"rerank": Fixed(), "rerank_depth": 2}, "input.invalid"),
        ({"rerank": Fixed(), "rerank_depth": 10**9}, "input.invalid"),
        ({"rerank": Fixed(), "rerank_depth": True}, "input.invalid"),
        ({"rerank": [Fixed(), Fixed()], "rerank_depth": [5]}, "input.invalid"),
        ({"rerank": [Fixed(), Fixed()], "rerank_depth": [5, 6]}, "input.invalid"),
        ({"rerank_depth": 20}, "input.invalid"),
        ({"rerank": Fixed(), "cursor": "x"}, "input.invalid"),
        ({"rerank": Formula(len, needs=("colour",))}, "reranker.invalid"),
    ],
)
def test_what_makes_no_sense_is_refused(notes, options, code):
    with pytest.raises(InvalidInput) as caught:
        notes.query(**LOOK, k=3, **options)
    assert caught.value.code == code


@pytest.mark.parametrize("returned", [[1.0], [1.0] * 9, ["x"] * 5, None, [float("nan")] * 5])
def test_what_a_reranker_returns_is_not_trusted(notes, returned):
    class Odd:
        name = "odd one"

        def rerank(self, query, hits):
            return returned

    with pytest.raises(InvalidInput, match="odd one") as caught:
        notes.query(**LOOK, rerank=Odd())
    assert caught.value.code == "reranker.invalid"


class Shortest(TextReranker):
    def score(self, query, texts):
        return [-len(text) for text in texts]


def test_a_reranker_of_texts_is_one_method(notes):
    assert Shortest().rank("any", ["long text", "short", "tiny!"]) == [(1, -5), (2, -5), (0, -9)]
    assert Shortest().rank("any", ["long text", "short"], k=1) == [(1, -5)]
    assert notes.query("cat dog", rerank=Shortest()).ids == ["d", "a", "c"]
    assert repr(Shortest()) == "Shortest()"


def test_a_reranker_of_texts_needs_the_words(notes):
    with pytest.raises(InvalidInput, match="query has none"):
        notes.query(**LOOK, rerank=Shortest())
    for call in (lambda: Shortest().rank("x", "one"), lambda: Shortest().rank("x", ["a"], k=0)):
        with pytest.raises(InvalidInput):
            call()
    hits = notes.query("cat", vector=[1.0, 0.0], rerank=Shortest(), k=2)
    assert hits.ids == ["e", "d"]  # a hit without text is the empty text
