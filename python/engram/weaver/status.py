"""What the weaver is doing, as data.

Owns: `status_of`. What the file says holds for all processes; counts of what was done are of one.
"""

from __future__ import annotations

from engram.errors import NotFound
from engram.filtering import quoted
from engram.weaver.levels import ENRICHING, KINDS
from engram.weaver.settings import is_on, level_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from engram import _native
    from engram.weaver.clock import Clock
    from engram.weaver.place import Place
    from engram.weaver.weaver import Weaver

__all__ = ["status_of"]

_STATES = {
    "queued": "NOT EXISTS state",
    "running": "state = 'running'",
    "waiting": "state = 'waiting'",
    "dead": "state = 'dead'",
}


def status_of(place: Place, clock: Clock, weaver: Weaver | None) -> dict[str, Any]:
    """Say what is queued, who works, and what was done.

    Args:
        place: The graph.
        clock: What the time is.
        weaver: The one of this process, where there is one.
    """
    view = place.db._view()
    kinds = {kind: _of_kind(view, place.queue, kind, clock) for kind in KINDS}
    for kind, counts in kinds.items():
        tally = None if weaver is None else weaver._shop.tallies[kind]
        counts["done"] = 0 if tally is None else tally.done
        counts["failed"] = 0 if tally is None else tally.failed
        counts["stale"] = 0 if tally is None else tally.stale
        counts["rate"] = 0.0 if tally is None else tally.rate()
    last = None if weaver is None else weaver._shop.events.last
    waiting = sum(
        kinds[kind][state] for kind in ENRICHING for state in ("queued", "running", "waiting")
    )
    return {
        "active_workers": 0 if weaver is None else weaver.active_workers,
        "queue_size": waiting,
        "last_event": None if last is None else str(last),
        "on": is_on(view, place.settings),
        "level": (level_of(view, place.settings) or "Normal") if weaver is None else weaver.level,
        "busy_workers": _owners(view, place.queue),
        "enriched": _count(view, place.woven, None),
        "dead_letters": sum(counts["dead"] for counts in kinds.values()),
        "kinds": kinds,
        "callback_errors": 0 if weaver is None else weaver._shop.events.callback_errors,
        "last_error": None if weaver is None else weaver._shop.error or None,
    }


def _of_kind(view: _native.View, queue: str, kind: str, clock: Clock) -> dict[str, Any]:
    of_kind = "NOT EXISTS kind" if kind == "weave" else f"kind = {quoted(kind)}"
    counts: dict[str, Any] = {
        state: _count(view, queue, f"{of_kind} AND {where}") for state, where in _STATES.items()
    }
    counts["oldest_seconds"] = None
    if counts["queued"] + counts["running"] + counts["waiting"]:
        since = _oldest(view, queue, f"{of_kind} AND NOT state = 'dead'")
        counts["oldest_seconds"] = max(0.0, clock.now() - since / 1e6)
    return counts


def _owners(view: _native.View, queue: str) -> int:
    """Count the workers, of all processes, that hold leases."""
    try:
        found = view.facets(queue, "state = 'running'", True, ["owner"], 0)
    except NotFound:
        return 0
    return found[0][1]


def _count(view: _native.View, collection: str, where: str | None) -> int:
    try:
        return view.count(collection, where, True)
    except NotFound:
        return 0


def _oldest(view: _native.View, queue: str, where: str) -> int:
    """Find the time of the oldest record that matches, by halving: counting reads no record."""
    from engram.records import _iso

    low, high = 0, view.time_us
    while low < high:
        middle = (low + high) // 2
        if _count(view, queue, f"({where}) AND _created <= {quoted(_iso(middle))}"):
            high = middle
        else:
            low = middle + 1
    return low
