"""The measures of ranked lists, by trec_eval.

Owns: the names of the measures and the call of ``pytrec_eval``, which is NIST's trec_eval as a
module (Van Gysel & de Rijke, 2018). Invariant: what is measured is the order that was given;
trec_eval sorts by score and breaks ties in its own way, so ranks are handed over as scores.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engram.errors import InvalidInput, _missing_extra

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Measure", "measure_runs", "parse_measures"]

_NAMES = {
    "ndcg": ("nDCG", "ndcg_cut"),
    "mrr": ("MRR", "recip_rank"),
    "recall": ("recall", "recall"),
    "precision": ("precision", "P"),
    "map": ("MAP", "map_cut"),
    "success": ("success", "success"),
}
DEFAULT_NAMES = ("nDCG", "MRR", "recall", "precision", "MAP")
_FORM = re.compile(r"(?P<name>\w+)(?:@(?P<cutoff>[1-9]\d*))?", re.ASCII)


@dataclass(frozen=True)
class Measure:
    """A measure down to a rank: its name here, such as ``nDCG@10``, and trec_eval's."""

    name: str
    trec_name: str
    cutoff: int

    @property
    def trec_key(self) -> str:
        """The name under which trec_eval gives its value."""
        # trec_eval knows no cutoff of this one; the list is cut instead.
        return self.trec_name if self.trec_name == "recip_rank" else (
            f"{self.trec_name}_{self.cutoff}"
        )  # fmt: skip


def parse_measures(names: Iterable[str] | None, k: int) -> list[Measure]:
    """Read names such as ``"nDCG@10"``; without a rank they go down to `k`.

    Raises:
        InvalidInput: ``input.invalid`` for an unknown name, or a rank that was not asked for.
    """
    if isinstance(names, str):
        raise InvalidInput("input.invalid", "metrics is one text", f"metrics=[{names!r}]")
    found: dict[str, Measure] = {}
    for text in DEFAULT_NAMES if names is None else names:
        match = _FORM.fullmatch(text) if isinstance(text, str) else None
        known = None if match is None else _NAMES.get(match["name"].lower())
        if match is None or known is None:
            raise InvalidInput(
                "input.invalid",
                f"unknown metric {text!r}",
                f"one of: {', '.join(name for name, _ in _NAMES.values())}, with @ and a rank",
            )
        cutoff = int(match["cutoff"] or k)
        if cutoff > k:
            raise InvalidInput(
                "input.invalid", f"{text} looks at {cutoff} hits, k is {k}", f"k={cutoff}"
            )
        name = f"{known[0]}@{cutoff}"
        found[name] = Measure(name, known[1], cutoff)
    if not found:
        raise InvalidInput("input.invalid", "there is no metric", "leave metrics= out")
    return list(found.values())


def measure_runs(
    found: Mapping[str, Sequence[str]],
    judgments: Mapping[str, Mapping[str, int]],
    measures: Sequence[Measure],
) -> dict[str, dict[str, float]]:
    """Measure ranked ids against judgments.

    Args:
        found: Ids by query, best first.
        judgments: Grades by query and id; each query of `found` has a grade above 0.
        measures: What to measure.

    Returns:
        Values by query and name of the measure.

    Raises:
        MissingExtra: ``extra.missing`` without pytrec_eval.
    """
    try:
        import pytrec_eval
    except ImportError as cause:
        raise _missing_extra("pytrec_eval-terrier", "evaluate", "measuring retrieval") from cause
    # trec_eval works on C strings: numbers stand for the ids, whatever is in them.
    names = {query: str(n) for n, query in enumerate(found)}
    graded = {names[query]: _numbered(found[query], judgments[query]) for query in found}
    out: dict[str, dict[str, float]] = {query: {} for query in found}
    for cutoff in sorted({one.cutoff for one in measures}):
        here = [one for one in measures if one.cutoff == cutoff]
        evaluator = pytrec_eval.RelevanceEvaluator(graded, {one.trec_key for one in here})
        runs = {
            names[query]: {str(rank): float(len(ids) - rank) for rank in range(len(ids[:cutoff]))}
            for query, ids in found.items()
        }
        values: dict[str, dict[str, Any]] = evaluator.evaluate(runs)
        for query in found:
            # A query that found nothing is in no list of trec_eval's.
            value = values.get(names[query], {})
            out[query] |= {one.name: float(value.get(one.trec_key, 0.0)) for one in here}
    return {query: {one.name: of[one.name] for one in measures} for query, of in out.items()}


def _numbered(ids: Sequence[str], grades: Mapping[str, int]) -> dict[str, int]:
    """Give the grades by rank, then those of what was not found; below 0 counts as 0."""
    numbers = {record: str(rank) for rank, record in enumerate(ids)}
    absent = (record for record in grades if record not in numbers)
    numbers |= {record: str(n) for n, record in enumerate(absent, start=len(ids))}
    return {numbers[record]: max(grade, 0) for record, grade in grades.items()}
