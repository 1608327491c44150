"""Limits hold whatever number of threads asks, by a clock of the test's own."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram.embed.remote import get_remote
from engram.errors import InvalidInput
from engram.remote import Limits, Retries
from loopback import Loopback, Reply, VirtualClock, embed

THREADS = 8


def most_in_a_minute(events):
    """The largest sum of amounts within any 60 seconds, the end not counted."""
    return max(
        sum(amount for at, amount in events if start <= at < start + 60) for start, _ in events
    )


def test_eight_threads_together_stay_under_both_limits(serve):
    """Over HTTP: the server notes when requests come, and how many tokens were estimated."""
    clock = VirtualClock(THREADS)
    server = serve(embed("compatible"), clock)
    limits = Limits(requests_per_minute=40, tokens_per_minute=900, clock=clock, sleep=clock.sleep)
    failures = []

    def work(thread):
        try:
            with get_remote("compatible:m", base_url=server.url, limits=limits) as model:
                model._identity = model._identified(8)
                for n in range(15):
                    model.encode(f"thread {thread} text {n} " + "x" * (n * 7 % 40))
        except BaseException as error:
            failures.append(error)
        finally:
            clock.done()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(server.requests) == THREADS * 15
    requests = [(request.at, 1) for request in server.requests]
    # What the provider counted (words) is less than the estimate; the correction lets more through.
    tokens = [(request.at, len(request.body["input"][0].split())) for request in server.requests]
    assert most_in_a_minute(requests) <= 40
    assert most_in_a_minute(tokens) <= 900
    # And the limit is made use of: without a wait too many, 120 requests take three minutes.
    assert 120 < clock.now < 200


@given(
    limit=st.integers(1, 200),
    gaps=st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.1, 1.0, 5.0, 30.0, 90.0]), max_size=60),
)
def test_no_minute_has_more_requests_than_the_limit(limit, gaps):
    now = [0.0]
    let_through = []
    limits = Limits(
        requests_per_minute=limit,
        clock=lambda: now[0],
        sleep=lambda seconds: now.__setitem__(0, now[0] + seconds),
    )
    for gap in gaps:
        now[0] += gap
        limits.enter(1)
        let_through.append((now[0], 1))
    if let_through:
        # Seconds are floats: a refill may be due a rounding error early.
        assert most_in_a_minute([(at * (1 + 1e-9), n) for at, n in let_through]) <= limit


@given(
    limit=st.integers(100, 5_000),
    amounts=st.lists(st.integers(1, 5_000), max_size=40),
)
def test_no_minute_has_more_tokens_than_the_limit(limit, amounts):
    now = [0.0]
    limits = Limits(
        tokens_per_minute=limit,
        clock=lambda: now[0],
        sleep=lambda seconds: now.__setitem__(0, now[0] + seconds),
    )
    let_through = []
    for amount in amounts:
        amount = min(amount, limits.largest_tokens)  # as batches are cut
        limits.enter(amount)
        let_through.append((now[0], amount))
    if let_through:
        assert most_in_a_minute(let_through) <= limit * (1 + 1e-9)


def virtual(**limits):
    now = [0.0]
    made = Limits(
        **limits,
        clock=lambda: now[0],
        sleep=lambda seconds: now.__setitem__(0, now[0] + seconds),
    )
    return made, now


def test_a_request_larger_than_a_bucket_is_paid_off_before_the_next():
    limits, now = virtual(tokens_per_minute=600)
    assert limits.largest_tokens == 60
    limits.enter(600)
    assert now[0] == 0
    limits.enter(1)
    assert now[0] == pytest.approx(541 / 9)  # 540 tokens a minute fill the bucket again


def test_what_the_provider_counts_corrects_the_estimate():
    limits, now = virtual(tokens_per_minute=600)
    limits.enter(60)
    limits.correct(60, 10)
    limits.enter(50)
    assert now[0] == 0
    limits.correct(50, 95)
    limits.enter(9)
    assert now[0] == pytest.approx(54 / 9)


def test_nothing_passes_during_a_pause():
    limits, now = virtual()
    limits.pause(30)
    limits.enter(1)
    assert now[0] == 30
    limits.pause(10)
    limits.enter(1)
    assert now[0] == 40


def test_what_one_thread_is_told_to_wait_holds_for_the_others(serve):
    """The pause is the limits', not the request's: another model asks while one waits."""
    now = [0.0]
    asked = []

    def sleep(seconds):
        if not asked:
            asked.append(True)
            other.encode("b")
        now[0] += seconds

    server = serve(embed("openai"), lambda: now[0])
    limits = Limits(clock=lambda: now[0], sleep=sleep)
    server.queue = [Reply(429, {}, {"retry-after": "20"})]
    options = {"base_url": server.url, "key": "k", "limits": limits, "dimensions": 8}
    with get_remote("openai:m", **options) as one, get_remote("openai:n", **options) as other:
        one.encode("a")
    assert [request.body["model"] for request in server.requests] == ["m", "n", "m"]
    assert [request.at >= 20 for request in server.requests] == [False, True, True]


def test_batches_are_cut_to_what_the_limits_let_through_at_once():
    clock = VirtualClock()
    server = Loopback(embed("openai"))
    limits = Limits(tokens_per_minute=1_000, clock=clock, sleep=clock.sleep)
    options = {"base_url": server.url, "key": "k", "limits": limits, "dimensions": 8, "threads": 1}
    with get_remote("openai:m", **options) as model:
        model.encode_batch([f"word {n:20}" for n in range(40)])
    server.close()
    assert max(len(request.body["input"]) for request in server.requests) <= 12
    assert sum(len(request.body["input"]) for request in server.requests) == 40


def test_waits_are_those_of_the_limits(serve):
    clock = VirtualClock()
    server = serve(embed("openai"), clock)
    limits = Limits(requests_per_minute=10, clock=clock, sleep=clock.sleep)
    with get_remote(
        "openai:m", base_url=server.url, key="k", limits=limits, dimensions=8, retries=Retries()
    ) as model:
        for n in range(4):
            model.encode(f"text {n}")
    assert [request.at for request in server.requests] == pytest.approx([0, 60 / 9, 120 / 9, 20])


@pytest.mark.parametrize("name", ["requests_per_minute", "tokens_per_minute"])
@pytest.mark.parametrize("value", [0, -5])
def test_a_limit_below_one_is_refused(name, value):
    with pytest.raises(InvalidInput, match=name):
        Limits(**{name: value})


def test_limits_show_what_they_are():
    limits = Limits(requests_per_minute=5)
    assert repr(limits) == "Limits(requests_per_minute=5, tokens_per_minute=None)"
    assert limits.largest_tokens is None
