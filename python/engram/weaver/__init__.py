"""Work in the background: what is derived from the nodes of a graph, kept in step with them.

Owns: the public names. Modules load when their names are asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.weaver.clock import SYSTEM, Clock
    from engram.weaver.enricher import Enricher
    from engram.weaver.events import EVENTS, Event, EventStream
    from engram.weaver.keys import Task
    from engram.weaver.levels import BUDGETS, LEVELS, Budget, Idleness
    from engram.weaver.owners import owner
    from engram.weaver.queue import Policy, Queue
    from engram.weaver.weaver import Weaver

__all__ = [
    "BUDGETS",
    "EVENTS",
    "LEVELS",
    "SYSTEM",
    "Budget",
    "Clock",
    "Enricher",
    "Event",
    "EventStream",
    "Idleness",
    "Policy",
    "Queue",
    "Task",
    "Weaver",
    "owner",
]

_LATER = {
    "BUDGETS": "levels",
    "EVENTS": "events",
    "LEVELS": "levels",
    "SYSTEM": "clock",
    "Budget": "levels",
    "Clock": "clock",
    "Enricher": "enricher",
    "Event": "events",
    "EventStream": "events",
    "Idleness": "levels",
    "Policy": "queue",
    "Queue": "queue",
    "Task": "keys",
    "Weaver": "weaver",
    "owner": "owners",
}


def __getattr__(name: str) -> object:
    """Load a name."""
    if name not in _LATER:
        raise AttributeError(f"module 'engram.weaver' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"engram.weaver.{_LATER[name]}"), name)
    globals()[name] = value
    return value
