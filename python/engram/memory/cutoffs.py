"""Where a list of hits ends when nobody says how many.

Owns: `Adaptive`, the strategies, and `cut`. Each looks at the scores of a list, best first, and at
nothing else; the first hit always stays. The names are those that memvid gave them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Adaptive", "Strategy", "adaptive_of", "cut"]

Strategy: TypeAlias = Literal["relative", "absolute", "cliff", "elbow", "combined"]
"""Where a list ends: ``relative``: before the first score below a share of the best; ``absolute``:
before the first below a score; ``cliff``: before the first below a share of the one before it;
``elbow``: where the curve of the scores bends (Kneedle; Satopää et al., 2011); ``combined``: where
``relative`` or ``cliff`` ends it, whichever comes first."""

_MIN_RELEVANCY = 0.7
_MAX_K = 100
_CLIFF = 0.75
"""The share of the score before that ``combined`` asks for. Both numbers are measured: see
docs/explanation/quality.md, "How many"."""


@dataclass(frozen=True, slots=True)
class Adaptive:
    """How a list is cut: the strategy, its threshold, and how many hits at most."""

    strategy: Strategy
    least: float
    most: int


def adaptive_of(
    adaptive: bool,  # noqa: FBT001 - as it was given
    least: float | None,
    most: int | None,
    strategy: Strategy | None,
) -> Adaptive | None:
    """Check the arguments that say how a list is cut; None where it is not.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    given = {"min_relevancy": least, "max_k": most, "adaptive_strategy": strategy}
    if not adaptive:
        named = [name for name, value in given.items() if value is not None]
        if named:
            raise InvalidInput("input.invalid", f"{named[0]} without adaptive", "adaptive=True")
        return None
    strategies = get_args(Strategy)
    if strategy is not None and strategy not in strategies:
        raise InvalidInput(
            "input.invalid",
            f"unknown adaptive_strategy={strategy!r}",
            f"one of: {', '.join(strategies)}",
        )
    chosen = "combined" if strategy is None else strategy
    if least is not None:
        if isinstance(least, bool) or not isinstance(least, (int, float)):
            raise InvalidInput("input.invalid", f"min_relevancy is {least!r}, not a number")
        if chosen == "elbow":
            raise InvalidInput(
                "input.invalid", "the strategy 'elbow' has no threshold", "drop min_relevancy"
            )
        if chosen != "absolute" and not 0 <= least <= 1:
            raise InvalidInput(
                "input.invalid", f"min_relevancy is {least!r}, no share: outside 0 to 1"
            )
    return Adaptive(
        chosen,
        _MIN_RELEVANCY if least is None else float(least),
        _MAX_K if most is None else most,
    )


def cut(scores: Sequence[float], how: Adaptive) -> tuple[int, str | None]:
    """Say how many hits of a list stay, and why it ends there.

    Args:
        scores: Their scores, best first.
        how: How it is cut.

    Returns:
        How many stay, and the reason; None where none is cut off.
    """
    least = how.least
    if how.strategy == "elbow":
        kept, why = elbow(scores), "the scores bend here"
    elif how.strategy == "absolute":
        kept, why = _first(scores, [least] * len(scores)), f"the next scores below {least:g}"
    elif how.strategy == "relative":
        kept, why = _relative(scores, least), f"the next scores below {least:g} of the best"
    elif how.strategy == "cliff":
        kept, why = _cliff(scores, least), f"the next scores below {least:g} of the one before"
    else:
        kept, why = min(
            (_relative(scores, least), f"the next scores below {least:g} of the best"),
            (_cliff(scores, _CLIFF), f"the next scores below {_CLIFF:g} of the one before"),
        )
    return kept, why if kept < len(scores) else None


def elbow(scores: Sequence[float]) -> int:
    """Count the hits down to where the scores bend most, below the line from first to last."""
    fewest = 3
    if len(scores) < fewest or scores[0] <= scores[-1]:
        return len(scores)
    width, height = len(scores) - 1, scores[0] - scores[-1]
    gaps = [1 - n / width - (score - scores[-1]) / height for n, score in enumerate(scores)]
    deepest = max(range(len(gaps)), key=lambda n: (gaps[n], -n))
    # The bend is the first of the low ones; where the curve is no bend at all, everything stays.
    return max(deepest, 1) if gaps[deepest] > 0 else len(scores)


def _relative(scores: Sequence[float], share: float) -> int:
    return _first(scores, [scores[0] * share if scores else 0.0] * len(scores))


def _cliff(scores: Sequence[float], share: float) -> int:
    return _first(scores, [one * share for one in (*scores[:1], *scores[:-1])])


def _first(scores: Sequence[float], least: Sequence[float]) -> int:
    """Count the hits before the first, other than the best, whose score is below its least."""
    for n in range(1, len(scores)):
        if scores[n] < least[n]:
            return n
    return len(scores)
