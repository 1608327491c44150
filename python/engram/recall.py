"""Recall checks: which vector space is meant, and that the numbers make sense.

Owns: `measure`, behind `CollectionView.recall_check`.
"""

from __future__ import annotations

from engram._native import LIMITS
from engram.errors import InvalidInput
from engram.query import RECALL, check_recall
from engram.reports import RecallReport, make

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram._native import View

__all__ = ["measure"]


def measure(
    view: View, collection: str, sample: int, space: str | None, k: int, recall: float | None
) -> RecallReport:
    """Ask for stored embeddings by codes and exactly, and compare."""
    wanted = RECALL if recall is None else check_recall(recall)
    _check("sample", sample, LIMITS["k"])
    # Each is asked for one neighbour more, which is itself.
    _check("k", k, LIMITS["k"] - 1)
    name = _space(view, collection, space)
    found = view.recall_check(collection, name, sample, k, wanted)
    return make(RecallReport, found, space=name, k=k)


def _check(name: str, value: object, limit: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= limit:
        raise InvalidInput("input.invalid", f"{name} is {value!r}, outside 1 to {limit}")


def _space(view: View, collection: str, space: str | None) -> str:
    """Choose the space that is meant: the only one that codes can be of, unless it is named."""
    live = view.live_spaces(collection) or []
    names = [name for name, kind, *_ in live if kind != "sparse"]
    if space in names or (space is None and len(names) == 1):
        return space or names[0]
    if not names:
        raise InvalidInput("input.invalid", f"no record of {collection!r} has a vector to ask for")
    raise InvalidInput(
        "input.invalid",
        "there are several vector spaces" if space is None else f"no vector space {space!r}",
        f"pass space=..., one of: {', '.join(names)}",
    )
