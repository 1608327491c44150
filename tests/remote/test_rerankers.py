"""Each provider of rerankers, over real HTTP."""

import logging

import numpy as np
import pytest

import engram
from engram.errors import Busy, Conflict, InvalidInput, Io
from engram.remote import Budget, Limits, Retries, Usage
from engram.rerank import RemoteReranker, get_reranker
from engram.rerank.remote import RERANK_WIRES
from loopback import Reply

PROVIDERS = sorted(RERANK_WIRES)
SECRET = "sk-secret-123"
TEXTS = ["the cat sat", "a dog", "cats and the cat and cats"]


def shared(query, text):
    """The score: the share of words that the query has."""
    words = text.split()
    return sum(word in query.split() for word in words) / len(words)


def answer(provider):
    """Answers best first, as providers do."""

    def reply(request):
        body = request.body
        rows = [
            {"index": n, "relevance_score": shared(body["query"], text)}
            for n, text in enumerate(body["documents"])
        ]
        rows.sort(key=lambda row: -row["relevance_score"])
        said = {RERANK_WIRES[provider].rows: rows}
        if provider != "cohere":
            said["usage"] = {"total_tokens": 12}
        return said

    return reply


@pytest.fixture(params=PROVIDERS)
def provider(request):
    return request.param


@pytest.fixture
def server(serve, provider):
    return serve(answer(provider))


@pytest.fixture
def reranker(server, provider, quick):
    with get_reranker(f"{provider}:m", base_url=server.url, **quick) as made:
        yield made


def test_scores_are_in_the_order_of_the_texts(reranker, server):
    scores = reranker.score("the cat", TEXTS)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, [shared("the cat", text) for text in TEXTS], rtol=1e-6)
    assert server.requests[0].body["documents"] == TEXTS


def test_it_ranks_texts(reranker):
    assert [place for place, _ in reranker.rank("the cat", TEXTS)] == [0, 2, 1]
    assert [place for place, _ in reranker.rank("a dog", TEXTS, k=1)] == [1]


def test_it_reranks_a_query_and_is_named_in_the_report(reranker, provider, tmp_path):
    with engram.open(tmp_path / "a.engram") as db:
        pets = db.collection("pets")
        pets.put_many([{"id": str(n), "text": text} for n, text in enumerate(TEXTS)])
        found = pets.query("the cat", rerank=reranker)
        assert found.ids[0] == "0"
        assert found[0].score == pytest.approx(2 / 3)
        assert f"{provider}:m" in str(found.report.notes["rerank"])


def test_no_texts_need_no_request(reranker, server):
    assert reranker.score("the cat", []).shape == (0,)
    assert server.requests == []


def test_blank_texts_are_not_sent_and_come_last(reranker, server):
    np.testing.assert_allclose(reranker.score("a", ["", "a", " "]), [0, 1, 0])
    assert server.requests[0].body["documents"] == ["a"]
    np.testing.assert_array_equal(reranker.score("a", ["", " "]), [0, 0])


def test_blank_texts_come_last_where_scores_are_negative(reranker, server, provider):
    rows = [{"index": 0, "relevance_score": -2.5}, {"index": 1, "relevance_score": -1}]
    server.answer = lambda _: {RERANK_WIRES[provider].rows: rows}
    np.testing.assert_allclose(reranker.score("a", ["x", "", "y"]), [-2.5, -2.5, -1])


def test_many_texts_go_in_batches(reranker, server):
    texts = [f"cat {n}" for n in range(2_500)]
    scores = reranker.score("cat", texts)
    assert [len(request.body["documents"]) for request in server.requests] == [1000, 1000, 500]
    np.testing.assert_allclose(scores, 0.5)


def test_batches_are_cut_to_what_the_limits_let_through_at_once(server, provider, clock):
    limits = Limits(tokens_per_minute=1_000, clock=clock, sleep=clock.sleep)
    with get_reranker(f"{provider}:m", base_url=server.url, key="k", limits=limits) as reranker:
        reranker.score("cat", [f"some words {n:5}" for n in range(50)])
    assert len(server.requests) > 2


def test_tokens_are_counted_or_estimated(reranker, provider):
    reranker.score("the cat", TEXTS)
    if provider == "cohere":  # counts searches, not tokens
        assert reranker.usage.tokens > 0
    else:
        assert reranker.usage == Usage(12)


def test_a_throttled_request_waits_as_long_as_it_is_told(reranker, server, clock):
    server.queue = [Reply(429, {}, {"retry-after": "7"})]
    reranker.score("the cat", TEXTS)
    assert 7 <= sum(clock.slept) <= 8


def test_a_failing_provider_is_asked_again_and_given_up_on(reranker, server):
    server.queue = [Reply(500, {}), Reply(503, b"")]
    reranker.score("the cat", TEXTS)
    server.answer = lambda _: Reply(500, {"message": "out of order"})
    with pytest.raises(Io, match="out of order") as caught:
        reranker.score("the cat", TEXTS)
    assert caught.value.code == "remote.failed"


def test_a_limit_that_stays_is_busy(reranker, server):
    server.answer = lambda _: Reply(429, {"detail": "rate limit"})
    with pytest.raises(Busy, match="rate limit"):
        reranker.score("the cat", TEXTS)


def test_a_body_cut_off_is_asked_for_again(reranker, server):
    server.queue = [Reply(200, b'{"results": [', cut=True)]
    reranker.score("the cat", TEXTS)
    assert len(server.requests) == 2


def test_a_silent_provider_is_given_up_on(serve, provider, quick):
    server = serve(lambda _: Reply(stall=True))
    quick["retries"] = Retries(attempts=1)
    with (
        get_reranker(f"{provider}:m", base_url=server.url, timeout_s=0.05, **quick) as reranker,
        pytest.raises(Io, match="ReadTimeout"),
    ):
        reranker.score("the cat", TEXTS)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"index": 0, "relevance_score": 1}],
        [{"index": n, "relevance_score": 1} for n in (0, 1, 1)],
        [{"index": n, "relevance_score": 1} for n in (0, 1, 3)],
        [{"index": n, "relevance_score": float("inf")} for n in range(3)],
        [{"index": n} for n in range(3)],
        [{"index": n, "relevance_score": None} for n in range(3)],
        "rows",
        None,
    ],
)
def test_scores_that_are_none_are_no_answer(reranker, server, provider, rows):
    server.answer = lambda _: {RERANK_WIRES[provider].rows: rows}
    with pytest.raises(Io) as caught:
        reranker.score("the cat", TEXTS)
    assert caught.value.code == "remote.answer"


@pytest.mark.parametrize("nonsense", [b"<html>", b"", b"null", b"[]", b"{}"])
def test_nonsense_is_no_answer(reranker, server, nonsense):
    server.answer = lambda _: Reply(200, nonsense)
    with pytest.raises(Io) as caught:
        reranker.score("the cat", TEXTS)
    assert caught.value.code == "remote.answer"


def test_a_refused_key_is_an_error_that_does_not_show_it(reranker, server, caplog):
    caplog.set_level(logging.DEBUG)
    server.answer = lambda _: Reply(403, {"message": f"wrong key {SECRET}"})
    with pytest.raises(InvalidInput) as caught:
        reranker.score("the cat", TEXTS)
    assert caught.value.code == "remote.key"
    shown = [str(caught.value), str(caught.value.details), repr(reranker), caplog.text]
    assert SECRET not in "".join(shown)


def test_a_budget_holds(server, provider, quick):
    budget = Budget(tokens=10)
    with (
        get_reranker(f"{provider}:m", base_url=server.url, budget=budget, **quick) as reranker,
        pytest.raises(Conflict, match="budget"),
    ):
        reranker.score("the cat", TEXTS)
    assert server.requests == []


def test_it_shows_what_it_is_and_needs_a_key(provider):
    reranker = RemoteReranker(provider, "m", key=SECRET)
    assert repr(reranker) == f"RemoteReranker('{provider}:m')"
    assert (reranker.provider, reranker.model, reranker.name) == (provider, "m", f"{provider}:m")
    with pytest.raises(InvalidInput) as caught:
        get_reranker(f"{provider}:m")
    assert caught.value.code == "remote.key"


def test_an_unknown_provider_is_told_the_nearest():
    with pytest.raises(InvalidInput, match="did you mean cohere"):
        get_reranker("coher:m")
    with pytest.raises(InvalidInput, match="openai offers no rerankers here"):
        get_reranker("openai:m")
