"""When a request is sent again, after how long, and when not."""

import pytest

from engram.embed.remote import get_remote
from engram.errors import Busy, InvalidInput, Io
from engram.remote import Retries
from engram.remote.retries import asked_wait_s
from loopback import Reply, embed


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "-3"}, 0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9),
        ({"retry-after": "soon"}, None),
        (
            {
                "retry-after": "Fri, 20 Nov 2026 10:00:30 GMT",
                "date": "Fri, 20 Nov 2026 10:00:00 GMT",
            },
            30,
        ),
        (
            {
                "retry-after": "Fri, 20 Nov 2026 09:00:00 GMT",
                "date": "Fri, 20 Nov 2026 10:00:00 GMT",
            },
            0,
        ),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
    ],
)
def test_what_a_provider_asks_for_is_read(headers, seconds):
    assert asked_wait_s(headers) == seconds


def test_waits_double_up_to_the_longest_and_are_jittered():
    retries = Retries(attempts=10, first_s=1, longest_s=10, seed=3)
    for failed, base in enumerate([1, 2, 4, 8, 10, 10, 10, 10, 10], start=1):
        waits = [retries.delay_s(failed, None) for _ in range(50)]
        assert base / 2 <= min(waits) < max(waits) <= base
    assert retries.delay_s(10, None) is None


def test_a_wait_asked_for_is_kept_and_never_cut_short():
    retries = Retries(attempts=3, first_s=1, longest_s=10, seed=3)
    assert all(10 <= retries.delay_s(1, 10.0) <= 11 for _ in range(50))
    assert retries.delay_s(1, 10.1) is None


def test_the_same_seed_gives_the_same_waits():
    one, other = Retries(seed=5), Retries(seed=5)
    assert [one.delay_s(2, None) for _ in range(5)] == [other.delay_s(2, None) for _ in range(5)]


def test_any_number_of_attempts_has_a_wait():
    assert Retries(attempts=5_000, longest_s=60).delay_s(4_000, None) <= 60


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"first_s": -1}, {"longest_s": -1}])
def test_a_policy_out_of_range_is_refused(wrong):
    with pytest.raises(InvalidInput, match="Retries"):
        Retries(**wrong)


def test_a_policy_shows_what_it_is():
    assert repr(Retries()) == "Retries(attempts=5, first_s=0.5, longest_s=60.0)"


@pytest.fixture
def model(serve, quick):
    server = serve(embed("openai"))
    with get_remote("openai:m", base_url=server.url, dimensions=8, **quick) as made:
        made.server = server
        yield made


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_what_passes_is_tried_again(model, status):
    model.server.queue = [Reply(status, {})]
    model.encode("a")
    assert len(model.server.requests) == 2


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 404, 405, 413, 422, 501])
def test_what_does_not_pass_is_not(model, status):
    model.server.queue = [Reply(status, {}, {"location": "/elsewhere"})]
    with pytest.raises(InvalidInput) as caught:
        model.encode("a")
    assert caught.value.details["status"] == str(status)
    assert len(model.server.requests) == 1


def test_an_account_without_credit_is_not_waited_for(model, clock):
    model.server.queue = [Reply(429, {"error": {"code": "insufficient_quota", "message": "pay"}})]
    with pytest.raises(Busy, match=r"pay.*quota"):
        model.encode("a")
    assert clock.slept == []


def test_a_provider_may_forbid_trying_again(model):
    model.server.queue = [Reply(500, {}, {"x-should-retry": "false"})]
    with pytest.raises(InvalidInput):
        model.encode("a")
    assert len(model.server.requests) == 1


def test_a_wait_too_long_fails_at_once_and_says_how_long(model, clock):
    model.server.queue = [Reply(429, {}, {"retry-after": "3600"})]
    with pytest.raises(Busy, match="3600"):
        model.encode("a")
    assert clock.slept == []


def test_an_error_names_the_request(model):
    model.server.queue = [Reply(400, {"message": "no"}, {"x-request-id": "req-7"})]
    with pytest.raises(InvalidInput) as caught:
        model.encode("a")
    assert caught.value.details == {
        "provider": "openai",
        "model": "m",
        "status": "400",
        "attempts": "1",
        "body": '{"message": "no"}',
        "request_id": "req-7",
    }


def test_nobody_there_is_an_error(quick):
    with (
        get_remote("openai:m", base_url="http://127.0.0.1:9", dimensions=8, **quick) as model,
        pytest.raises(Io, match="failed: ConnectError") as caught,
    ):
        model.encode("a")
    assert caught.value.code == "remote.failed"
    assert caught.value.details["attempts"] == "4"
    # What the HTTP client raised holds the request, with the key.
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_request_after_closing_opens_a_connection_again(model):
    model.encode("a")
    model.close()
    model.encode("b")
    assert len(model.server.requests) == 2


def test_a_time_out_has_to_be_positive(quick):
    with pytest.raises(InvalidInput, match="timeout_s"):
        get_remote("openai:m", timeout_s=0, **quick)
