"""The contract of rerankers.

Owns: `RerankerContract`. Each of its tests is one promise that a query relies on.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import engram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram.results import Hit

__all__ = ["RerankerContract"]

_SPOILT = "a reranker's promise is broken: "


class RerankerContract:
    """Tests of any `engram.types.Reranker`; subclass it and give it a `make`.

    Attributes:
        query: What is looked for.
        texts: What is found.
        tolerance: By how much a score may differ beside other hits; None where a score is meant to
            depend on them, as in lists that a language model orders.
    """

    query: str = "where does the fox live"
    texts: tuple[str, ...] = (
        "the fox lives in the wood",
        "a wood is full of trees",
        "where the road ends",
        "",
    )
    tolerance: float | None = 1e-4

    def make(self) -> Any:
        """Give the reranker under test."""
        raise NotImplementedError(f"{type(self).__name__} has no make()")

    def test_it_scores_each_hit(self) -> None:
        """One finite number for each hit."""
        hits = self._hits()
        scores = self._scores(hits)
        _promise(len(scores) == len(hits), f"{len(scores)} scores for {len(hits)} hits")
        _promise(all(map(isfinite, scores)), "a score is NaN or Inf")

    def test_it_scores_a_single_hit(self) -> None:
        """A list of one is a list."""
        _promise(len(self._scores(self._hits()[:1])) == 1, "one hit has not one score")

    def test_it_says_the_same_again(self) -> None:
        """The same hits have the same scores."""
        hits = self._hits()
        _promise(_near(self._scores(hits), self._scores(hits), 1e-5), "a second look differs")

    def test_a_score_does_not_depend_on_the_other_hits(self) -> None:
        """Nor on their order. Set `tolerance` to None where it is meant to."""
        if self.tolerance is None:
            return
        hits = self._hits()
        scores = self._scores(hits)
        back = self._scores(hits[::-1])[::-1]
        _promise(_near(scores, back, self.tolerance), "scores change with the order of the hits")
        alone = [self._scores([hit])[0] for hit in hits]
        _promise(_near(scores, alone, self.tolerance), "scores change with the hits beside them")

    def test_it_orders_a_query(self) -> None:
        """The hits of a query come by its scores, and the report names it."""
        with self._collection() as db:
            found = db.collection("contract").query(
                self.query, vector=[1.0], rerank=self.make(), k=len(self.texts)
            )
            _promise(
                len(found) == len(self.texts), f"{len(found)} hits of {len(self.texts)} are left"
            )
            _promise(found.scores == sorted(found.scores, reverse=True), "hits are out of order")
            _promise("rerank" in found.report.timings_ms, "the report does not tell of it")

    def _collection(self) -> engram.Database:
        db = engram.open(":memory:", embedder=None)
        rows = [
            {"id": str(i), "text": text, "vector": [1.0 + i], "metadata": {"place": i}}
            for i, text in enumerate(self.texts)
        ]
        db.collection("contract", metric="dot").put_many(rows)
        return db

    def _hits(self) -> list[Hit]:
        with self._collection() as db:
            return list(
                db.collection("contract").query(
                    vector=[1.0], k=len(self.texts), include=("text", "metadata", "vectors")
                )
            )

    def _scores(self, hits: Sequence[Hit]) -> list[float]:
        return [float(score) for score in self.make().rerank(self.query, hits)]


def _near(one: list[float], other: list[float], tolerance: float) -> bool:
    pairs = zip(one, other, strict=True)
    return all(abs(a - b) <= tolerance for a, b in pairs)


def _promise(kept: bool, told: str) -> None:  # noqa: FBT001 - it reads as an assertion
    if not kept:
        raise AssertionError(_SPOILT + told)
