"""Rerankers without a model: arithmetic over what hits carry.

Owns: `MMR`, `Recency` and `Formula`. They read the scores that the stage before gave.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engram.results import Hit

__all__ = ["MMR", "Formula", "Recency"]

_DENSE = 1


class Formula:
    """A function of a hit as a reranker.

    Args:
        function: Gives a hit's score, finite, higher is better. ``hit.score`` is what the stage
            before gave, ``hit.scores`` what each retriever did.
        needs: Which parts of a hit it reads: any of ``"text"``, ``"metadata"``, ``"vectors"``.
        name: What the report calls it.

    Example:
        >>> stars = Formula(lambda hit: hit.score * (1 + hit.metadata.get("stars", 0)))
    """

    def __init__(
        self,
        function: Callable[[Hit], float],
        *,
        needs: Sequence[str] = ("text", "metadata"),
        name: str = "Formula",
    ) -> None:
        """Keep the function."""
        if not callable(function):
            raise InvalidInput("reranker.invalid", "Formula takes a function of a hit")
        self.function = function
        self.needs = tuple(needs)
        self.name = name

    def rerank(self, query: str | None, hits: Sequence[Hit], /) -> Sequence[float]:
        """Score hits, for ``query(..., rerank=...)``."""
        del query
        return [float(self.function(hit)) for hit in hits]

    def __repr__(self) -> str:
        """Show the name."""
        return f"Formula({self.name!r})"


class Recency:
    """Newer hits first: the relevance mixed with an age that fades by halves.

    The score is ``(1 - weight) * relevance + weight * 0.5 ** (age / half_life)``; relevance is the
    score of the stage before, stretched to 0..1.

    Args:
        half_life: The age at which freshness is half.
        weight: The share of freshness, 0 to 1.
        field: Which moment: ``"updated"``, ``"created"``, or ``"metadata.<path>"``, text in ISO
            8601 (UTC where it names no zone). A hit without it counts as old.
        now: The moment that ages are counted to; that of the call, unless given.
    """

    def __init__(
        self,
        half_life: timedelta,
        *,
        weight: float = 0.3,
        field: str = "updated",
        now: datetime | None = None,
    ) -> None:
        """Keep the settings."""
        if not isinstance(half_life, timedelta) or half_life <= timedelta(0):
            raise InvalidInput(
                "input.invalid", f"half_life is {half_life!r}", "a timedelta above 0"
            )
        self.weight = _share(weight, "weight")
        if field not in {"updated", "created"} and not field.startswith("metadata."):
            raise InvalidInput(
                "input.invalid", f"unknown field {field!r}", "updated, created or metadata.<path>"
            )
        if now is not None and now.tzinfo is None:
            raise InvalidInput("input.invalid", "now has no time zone", "give it tzinfo")
        self.half_life, self.field, self.now = half_life, field, now
        self.needs = ("metadata",)
        self.name = "Recency"

    def rerank(self, query: str | None, hits: Sequence[Hit], /) -> Sequence[float]:
        """Score hits, for ``query(..., rerank=...)``."""
        del query
        now = self.now or datetime.now(timezone.utc)
        fresh = [self._freshness(hit, now) for hit in hits]
        pairs = zip(_stretched(hits), fresh, strict=True)
        return [(1 - self.weight) * relevance + self.weight * one for relevance, one in pairs]

    def _freshness(self, hit: Hit, now: datetime) -> float:
        moment = self._moment(hit)
        if moment is None:
            return 0.0
        age = max(now - moment, timedelta(0))
        return float(0.5 ** (age / self.half_life))

    def _moment(self, hit: Hit) -> datetime | None:
        if self.field in {"updated", "created"}:
            found: datetime = getattr(hit, self.field)
            return found
        value: Any = hit.metadata
        for key in self.field.split(".")[1:]:
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        except ValueError as cause:
            raise InvalidInput(
                "input.invalid",
                f"{self.field} of {hit.id!r} is {value!r}, no moment",
                "text in ISO 8601, such as 2024-01-31T12:00:00Z",
            ) from cause
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)

    def __repr__(self) -> str:
        """Show the settings."""
        return f"Recency({self.half_life!r}, weight={self.weight}, field={self.field!r})"


class MMR:
    """Hits that differ: maximal marginal relevance (Carbonell & Goldstein, 1998).

    Each next hit is the one with the largest ``(1 - diversity) * relevance - diversity *
    likeness``: relevance is the score of the stage before, stretched to 0..1, likeness the largest
    cosine with a hit before it. That is its score.

    Args:
        diversity: 0 keeps the order, 1 looks at nothing but difference.
        space: Whose vectors are compared; ``"text"`` or the only dense one, unless given. A hit
            without a vector there is like no other.
    """

    def __init__(self, diversity: float = 0.3, *, space: str | None = None) -> None:
        """Keep the settings."""
        self.diversity = _share(diversity, "diversity")
        self.space = space
        self.needs = ("vectors",)
        self.name = "MMR"

    def rerank(self, query: str | None, hits: Sequence[Hit], /) -> Sequence[float]:
        """Score hits, for ``query(..., rerank=...)``."""
        del query
        import numpy as np

        vectors = self._vectors(hits)
        relevance = np.array(_stretched(hits))
        likeness = np.zeros(len(hits))
        scores = np.zeros(len(hits))
        left = list(range(len(hits)))
        while left:
            marginal = (1 - self.diversity) * relevance[left] - self.diversity * likeness[left]
            best = left[int(marginal.argmax())]
            scores[best] = marginal.max()
            left.remove(best)
            near = vectors @ vectors[best]
            # Nothing chosen yet likens the first: before it likeness is 0 for all.
            first = len(left) == len(hits) - 1
            likeness = near if first else np.maximum(likeness, near)
        return [float(score) for score in scores]

    def _vectors(self, hits: Sequence[Hit]) -> Any:
        """Give unit vectors, zeros where a hit has none: float64 ``(n, dimension)``."""
        import numpy as np

        space = self.space or _dense_space(hits)
        found = [(hit.vectors or {}).get(space) for hit in hits]
        width = next((len(one) for one in found if one is not None), 0)
        if not width:
            raise InvalidInput(
                "input.invalid",
                f"none of the hits has a vector named {space!r}",
                "space= names one that they have",
            )
        rows = np.zeros((len(hits), width))
        for row, one in zip(rows, found, strict=True):
            if one is not None:
                row[:] = one
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.where(norms > 0, norms, 1)

    def __repr__(self) -> str:
        """Show the settings."""
        space = "" if self.space is None else f", space={self.space!r}"
        return f"MMR({self.diversity}{space})"


def _dense_space(hits: Sequence[Hit]) -> str:
    """Find the dense space that hits have vectors in."""
    names = {
        name
        for hit in hits
        for name, one in (hit.vectors or {}).items()
        if getattr(one, "ndim", 0) == _DENSE
    }
    if "text" in names or not names:
        return "text"
    if len(names) > 1:
        raise InvalidInput(
            "input.invalid",
            f"the hits have vectors in {', '.join(sorted(names))}",
            "MMR(space=...) names one",
        )
    return names.pop()


def _share(value: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise InvalidInput("input.invalid", f"{what} is {value!r}, outside 0 to 1")
    return float(value)


def _stretched(hits: Sequence[Hit]) -> list[float]:
    """Stretch the scores of hits to 0..1; equal ones are all 1."""
    scores = [hit.score for hit in hits]
    low, high = min(scores), max(scores)
    if high == low:
        return [1.0] * len(scores)
    return [(score - low) / (high - low) for score in scores]
