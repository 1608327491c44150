"""What was asked of a memory and what it found, kept and asked again.

Owns: the public names of sessions: recording, reading back, replaying with other settings, and the
report of what changed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.sessions.replaying import Change, Moved, Replay
    from engram.sessions.session import Session
    from engram.sessions.steps import Seen, SessionInfo, Step

__all__ = ["Change", "Moved", "Replay", "Seen", "Session", "SessionInfo", "Step"]

_HOMES = {
    "Change": "replaying",
    "Moved": "replaying",
    "Replay": "replaying",
    "Seen": "steps",
    "Session": "session",
    "SessionInfo": "steps",
    "Step": "steps",
}
"""The module of each name; it loads when the name is asked for."""


def __getattr__(name: str) -> object:
    """Load a name of `_HOMES`."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
