"""What the tests share: a path, an open database, a small embedder, and Hypothesis profiles."""

import os
import zlib
from pathlib import Path

import network_guard
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import engram
from engram.embed import Identity

network_guard.install()

# The frameworks that engram is integrated with read these when they are imported; Chroma loads ONNX
# Runtime by itself.
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
os.environ["LANGSMITH_TRACING"] = "false"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

settings.register_profile(
    "fast",
    max_examples=40,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
# `pytest --hypothesis-profile=slow` looks for new examples.
settings.register_profile(
    "slow", settings.get_profile("fast"), max_examples=1_000, derandomize=False
)
settings.load_profile("fast")

DIMENSION = 16


@pytest.fixture(autouse=True)
def _nothing_reaches_out():
    """Fail a test that reaches beyond this machine, by itself or by what it starts."""
    start = network_guard.seen()[1]
    yield
    reached = network_guard.seen(start)[0]
    if reached:
        pytest.fail(f"the network was used: {reached}")


def pytest_sessionfinish(session):
    """Fail the run if anything reached out at any time, within a test or not."""
    reached = network_guard.seen()[0]
    if reached:
        print(f"\nthe network was used:\n{reached}")  # noqa: T201 - for whoever ran the tests
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


class WordEmbedder:
    """Embeds a text as the sum of one fixed random vector per word: exact and quick."""

    def __init__(self, name="words", dimension=DIMENSION):
        self.identity = Identity(name, "1", dimension, normalized=True)
        self.calls = []

    def encode_batch(self, texts, /):
        self.calls.append(list(texts))
        rows = np.zeros((len(texts), self.identity.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                seed = zlib.crc32(word.encode())
                row += np.random.default_rng(seed).standard_normal(len(row), dtype=np.float32)
            norm = np.linalg.norm(row)
            if norm:
                row /= norm
        return rows


@pytest.fixture
def embedder():
    return WordEmbedder()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.engram"


@pytest.fixture
def db(path, embedder):
    with engram.open(path, embedder=embedder) as opened:
        yield opened


@pytest.fixture
def notes(db):
    return db.collection("notes")
