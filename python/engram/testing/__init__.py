"""Contract suites: what engram expects of embedders and rerankers, as tests that anybody can run.

Owns: `EmbedderContract` and `RerankerContract`. Give a subclass a `make` and let pytest collect it:

    class TestMine(EmbedderContract):
        def make(self):
            return Mine()

Neither needs pytest itself: a test that fails raises AssertionError.
"""

from __future__ import annotations

from engram.testing.embedders import EmbedderContract
from engram.testing.rerankers import RerankerContract

__all__ = ["EmbedderContract", "RerankerContract"]
