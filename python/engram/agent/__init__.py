"""Memory for agents: what was said is remembered, and recalled for what is asked.

Owns: `AgentMemory` over plain collections: turns of conversations, each searched with its
neighbours, and the facts that people state, scoped by user, agent and session. Importing this loads
nothing heavy.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.agent.memory import AgentMemory, Forgotten
    from engram.agent.recalling import Recall
    from engram.agent.remembering import Remembered
    from engram.agent.turns import Turn

__all__ = ["AgentMemory", "Forgotten", "Recall", "Remembered", "Turn"]

_HOMES = {
    "AgentMemory": "memory",
    "Forgotten": "memory",
    "Recall": "recalling",
    "Remembered": "remembering",
    "Turn": "turns",
}
"""Where the names that load when they are asked for live."""


def __getattr__(name: str) -> object:
    """Load a name when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'engram.agent' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"engram.agent.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
