"""What the file says about weaving: whether changes are queued, and the activity level.

Owns: the record ``weaver`` of the collection ``<graph>.settings``. It holds for every process.
"""

from __future__ import annotations

from engram.weaver.levels import LEVELS
from engram.weaver.place import put_row, rows_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from engram import _native
    from engram.weaver.levels import Level
    from engram.weaver.place import Place

__all__ = ["RECORD", "is_on", "level_of", "set_level", "turn"]

RECORD = "weaver"


def is_on(view: _native.View, settings: str) -> bool:
    """Say whether changes are queued."""
    row = rows_of(view, settings, [RECORD])[0]
    return row is not None and row[2].get("on") is True


def level_of(view: _native.View, settings: str) -> Level | None:
    """Give the activity level that was set, or None."""
    row = rows_of(view, settings, [RECORD])[0]
    stored = None if row is None else row[2].get("level")
    return next((level for level in LEVELS if level == stored), None)


def turn(place: Place, *, on: bool) -> None:
    """Start or end the queueing of changes; a commit where it is so already has nothing in it."""
    _change(place, on=on)


def set_level(place: Place, level: Level | None) -> None:
    """Set the activity level, or with None leave it to the weaver."""
    _change(place, level=level)


def _change(place: Place, **changes: Any) -> None:
    with place.db.transaction() as transaction:
        native = transaction._open()
        row = rows_of(native.view(), place.settings, [RECORD])[0]
        values = ({} if row is None else row[2]) | changes
        kept = {name: value for name, value in values.items() if value is not None}
        if row is None or kept != row[2]:
            put_row(native, place.settings, RECORD, None, kept)
