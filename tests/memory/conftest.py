"""What the tests of memory share."""

import zlib

import numpy as np
import pytest

from engram import Memory
from engram.embed import Identity
from provider_fixtures import clock, quick, serve  # noqa: F401


class Words:
    """Embeds a text as the sum of one fixed random vector per word."""

    def __init__(self, name="words", dimension=16):
        self.identity = Identity(name, "1", dimension, normalized=True)
        self.calls = []

    def encode_batch(self, texts, /):
        self.calls.append(list(texts))
        rows = np.zeros((len(texts), self.identity.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                seed = zlib.crc32(word.encode())
                row += np.random.default_rng(seed).standard_normal(len(row), dtype=np.float32)
            row /= np.linalg.norm(row) or 1.0
        return rows


@pytest.fixture
def words():
    return Words


@pytest.fixture
def memory():
    with Memory.open(":memory:", embedder=Words()) as opened:
        yield opened


@pytest.fixture
def bare():
    """Give a memory without an embedder."""
    with Memory.open(":memory:", embedder=None) as opened:
        yield opened
