"""Fixtures that the tests of `engram.remote`, `engram.llm` and remote rerankers share."""

import pytest

from engram.remote import Limits, Retries
from engram.remote.providers import PROVIDERS
from loopback import Loopback, VirtualClock


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for provider in PROVIDERS.values():
        for name in (*provider.key_variables, provider.url_variable, provider.model_variable):
            if name:
                monkeypatch.delenv(name, raising=False)


@pytest.fixture
def serve():
    """Start providers; each is stopped at the end."""
    started = []

    def start(answer=None, clock=None):
        started.append(Loopback(answer, clock))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def quick(clock):
    """Options of a connection that waits on the clock of the test."""
    return {
        "key": "sk-secret-123",
        "limits": Limits(clock=clock, sleep=clock.sleep),
        "retries": Retries(attempts=4, first_s=1.0, longest_s=30.0, seed=1),
    }
