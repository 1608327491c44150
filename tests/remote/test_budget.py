"""What may be spent is not passed."""

import threading

import pytest

from engram.embed.remote import get_remote
from engram.errors import Conflict, InvalidInput
from engram.remote import Budget, Usage
from loopback import Reply, embed


@pytest.fixture
def server(serve):
    return serve(embed("openai"))


def model(server, budget, quick, **options):
    return get_remote(
        "openai:m", base_url=server.url, dimensions=8, budget=budget, **options, **quick
    )


def test_a_request_beyond_the_budget_is_not_sent(server, quick):
    budget = Budget(tokens=20)
    with model(server, budget, quick) as one:
        one.encode("a few words")
        with pytest.raises(Conflict, match=r"17 are left") as caught:
            one.encode("far more words than this budget of twenty tokens has room for" * 3)
    assert caught.value.code == "remote.budget"
    assert caught.value.details["unit"] == "tokens"
    assert len(server.requests) == 1
    assert budget.spent_tokens == 3
    assert repr(budget) == "Budget(tokens=3/20)"


def test_money_is_counted_by_the_prices_given(server, quick):
    budget = Budget(money=0.001, prices={"openai:m": 100.0})
    with model(server, budget, quick) as one:
        one.encode("a b c d e")
        assert budget.spent_money == pytest.approx(0.0005)
        with pytest.raises(Conflict, match=r"0\.0005 are left"):
            one.encode("x" * 60)
    assert repr(budget) == "Budget(money=0.0005/0.001)"


def test_a_budget_of_money_needs_the_price_of_the_model(server, quick):
    budget = Budget(money=1, prices={"openai:other": 1.0})
    with model(server, budget, quick) as one, pytest.raises(InvalidInput, match="openai:m"):
        one.encode("a")
    assert server.requests == []


def test_input_and_output_have_prices_of_their_own():
    budget = Budget(money=10, prices={"m": (1.0, 5.0)})
    budget.reserve("m", Usage(1_000_000, 1_000_000))
    assert budget.spent_money == 6
    budget.correct("m", Usage(1_000_000, 1_000_000), Usage(1_000_000, 0))
    assert budget.spent_money == 1


def test_a_failed_request_costs_nothing(server, quick):
    budget = Budget(tokens=100)
    server.queue = [Reply(400, {"message": "no"})]
    with model(server, budget, quick) as one, pytest.raises(InvalidInput):
        one.encode("a few words")
    assert budget.spent_tokens == 0
    assert one.usage == Usage(0)


def test_models_share_a_budget(server, quick):
    budget = Budget(tokens=100)
    with model(server, budget, quick) as one, model(server, budget, quick) as other:
        one.encode("a b c")
        other.encode("d e")
    assert budget.spent_tokens == 5


def test_batches_beyond_the_budget_fail_and_the_rest_is_kept(server, quick):
    budget = Budget(tokens=40)
    with model(server, budget, quick, batch_size=1, threads=1) as one:
        encoded = one.encode_report([f"a text of some words, number {n}" for n in range(20)])
    assert 0 < len(encoded.failures) < 20
    assert {failure.error.code for failure in encoded.failures} == {"remote.budget"}
    assert budget.spent_tokens <= 40
    assert encoded.requests == len(server.requests) + 1


def test_threads_together_do_not_pass_what_none_passes_alone():
    budget = Budget(tokens=1_000)
    passed = []

    def spend():
        for _ in range(100):
            try:
                budget.reserve("m", Usage(7))
            except Conflict:
                continue
            passed.append(7)

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == budget.spent_tokens == 994


@pytest.mark.parametrize(
    "wrong", [{}, {"tokens": -1}, {"money": -0.1, "prices": {"m": 1.0}}, {"money": 1.0}]
)
def test_a_budget_that_limits_nothing_is_refused(wrong):
    with pytest.raises(InvalidInput):
        Budget(**wrong)


def test_usage_is_a_value():
    assert Usage(1, 2) + Usage(3, 4) == Usage(4, 6)
    assert Usage(1, 2).tokens == 3
    assert hash(Usage(1, 2)) == hash(Usage(1, 2))
    assert repr(Usage(1, 2)) == "Usage(input_tokens=1, output_tokens=2)"
    with pytest.raises(AttributeError):
        Usage().input_tokens = 5
