"""Second looks at the hits of a query.

Owns: how the stages of ``rerank=`` run, what they may return, and what the report says of them.
Opposite side: the rerankers themselves are in `engram.rerank`; anything with a ``rerank`` will do.
"""

from __future__ import annotations

from copy import copy
from math import isfinite
from time import perf_counter

from engram._native import LIMITS
from engram.errors import InvalidInput
from engram.results import Hit, Report, _thaw_results

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from engram.query import Query
    from engram.results import Results
    from engram.types import Reranker

    Stages = tuple[tuple[Reranker, int], ...]

__all__ = ["checked_stages", "deepened", "reranked"]

DEPTH = 50
"""How many hits a reranker looks at unless told otherwise."""

_PARTS = ("text", "metadata", "vectors")
_MS_PER_S = 1e3
_set = object.__setattr__


def checked_stages(
    rerank: Reranker | Sequence[Reranker], depth: int | Sequence[int] | None, k: int
) -> Stages:
    """Pair each reranker with how many hits it looks at.

    Raises:
        InvalidInput: ``reranker.invalid`` where an object is none; ``input.invalid`` for a depth
            below `k`, above the stage before, or above ``LIMITS["k"]``.
    """
    several = isinstance(rerank, (list, tuple))
    rerankers: list[Reranker] = list(rerank) if several else [rerank]  # type: ignore[arg-type,list-item]
    for one in rerankers:
        if not callable(getattr(one, "rerank", None)):
            raise InvalidInput(
                "reranker.invalid",
                f"{type(one).__name__} is no reranker",
                "give it `rerank(query, hits) -> scores`; engram.rerank has some",
            )
        unknown = [part for part in _needs(one) if part not in _PARTS]
        if unknown:
            raise InvalidInput(
                "reranker.invalid",
                f"reranker {_named(one)} needs {unknown[0]!r} of a hit",
                f"any of: {', '.join(_PARTS)}",
            )
    if isinstance(depth, (list, tuple)):
        depths = list(depth)
    else:
        depths = [min(max(DEPTH, k), LIMITS["k"]) if depth is None else depth] * len(rerankers)
    if len(depths) != len(rerankers) or not rerankers:
        raise InvalidInput(
            "input.invalid",
            f"rerank_depth has {len(depths)} numbers for {len(rerankers)} rerankers",
            "one number for all, or one for each",
        )
    most = LIMITS["k"]
    for one in depths:
        if isinstance(one, bool) or not isinstance(one, int) or not k <= one <= most:
            raise InvalidInput(
                "input.invalid",
                f"rerank_depth is {one!r}, outside {k} (k) to {most}",
                "each stage looks at least at the hits that are asked for, and at no more than "
                "the stage before",
            )
        most = one
    return tuple(zip(rerankers, depths, strict=True))


def deepened(query: Query) -> Query:
    """Give the query whose hits the first stage looks at, with all that any stage needs."""
    deep = copy(query)
    deep.k = query.stages[0][1]
    wanted = {part for reranker, _ in query.stages for part in _needs(reranker)}
    flags = [flag or part in wanted for part, flag in zip(_PARTS, query.flags, strict=True)]
    deep.flags = (flags[0], flags[1], flags[2])
    deep.stages = ()
    return deep


def reranked(query: Query, first: Results) -> Results:
    """Run the stages of a query over the hits of its first search.

    Raises:
        InvalidInput: ``reranker.invalid`` where a reranker does not return one finite number a hit.
    """
    hits = list(first)
    report = first.report
    names = _names(query.stages)
    steps: list[tuple[str, int, float]] = []
    notes: dict[str, dict[str, str]] = {}
    for name, (reranker, depth) in zip(names, query.stages, strict=True):
        before = hits[:depth]
        started = perf_counter()
        scores = _scores(reranker, query.text, before) if before else []
        took_ms = (perf_counter() - started) * _MS_PER_S
        order = sorted(range(len(before)), key=lambda i: (-scores[i], before[i].id))
        flags = query.flags if name == names[-1] else deepened(query).flags
        hits = [_scored(before[i], name, scores[i], flags) for i in order]
        steps.append((name, len(hits), took_ms))
        moved = sum(place != i for place, i in enumerate(order))
        notes[name] = {
            "reranker": _named(reranker),
            "looked at": str(len(before)),
            "moved": str(moved),
        }
    kept = tuple(hits[: query.k])
    facts = {name: getattr(report, name) for name in Report.__slots__}
    facts["steps"] = (*report.steps, *steps)
    facts["timings_ms"] = {**report.timings_ms, **{name: ms for name, _, ms in steps}}
    facts["took_ms"] = report.took_ms + sum(ms for _, _, ms in steps)
    facts["notes"] = {**report.notes, **notes}
    facts["complete"] = len(kept) >= query.k or report.complete
    return _thaw_results(kept, Report(**facts), dict(first.facets))


def _needs(reranker: Reranker) -> Sequence[str]:
    needs = getattr(reranker, "needs", ("text",))
    return (needs,) if isinstance(needs, str) else tuple(needs)


def _named(reranker: Reranker) -> str:
    return str(getattr(reranker, "name", type(reranker).__name__))


def _names(stages: Stages) -> list[str]:
    """Name the stages in the report: ``rerank``, or ``rerank 1`` and so on where there are more."""
    return ["rerank"] if len(stages) == 1 else [f"rerank {n + 1}" for n in range(len(stages))]


def _scores(reranker: Reranker, text: str | None, hits: list[Hit]) -> list[float]:
    """Ask a reranker, and do not trust what it returns."""
    returned: Any = reranker.rerank(text, hits)
    try:
        scores = [float(score) for score in returned]
    except (TypeError, ValueError) as cause:
        raise InvalidInput(
            "reranker.invalid",
            f"reranker {_named(reranker)} returned no numbers",
            "one score for each hit, higher is better",
        ) from cause
    if len(scores) != len(hits) or not all(map(isfinite, scores)):
        what = f"{len(scores)} scores for {len(hits)} hits"
        what = "NaN or Inf" if len(scores) == len(hits) else what
        raise InvalidInput(
            "reranker.invalid",
            f"reranker {_named(reranker)} returned {what}",
            "one finite score for each hit, higher is better",
        )
    return scores


def _scored(hit: Hit, name: str, score: float, flags: tuple[bool, bool, bool]) -> Hit:
    """Give the hit with another score and no more parts than were asked for."""
    text = hit.text if flags[0] else None
    row: Any = (hit.id, text, None, 0, 0, hit.vectors if flags[2] else None)
    if flags[1]:
        row = (hit.id, text, hit.metadata, hit.created_us, hit.updated_us, row[5])
    made = Hit(row, score, {**hit.scores, name: score}, (), flags)
    _set(made, "snippets", hit.snippets)
    return made
