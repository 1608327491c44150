"""Which activity level holds now.

Owns: `Activity`. A level that was set, by whatever process, holds; else, where switching by itself
is wanted, how long ago a node was changed decides; else it is ``Normal``.
"""

from __future__ import annotations

from engram.errors import InvalidInput
from engram.weaver.levels import BUDGETS, checked_level
from engram.weaver.settings import level_of, set_level

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from engram.weaver.clock import Clock
    from engram.weaver.levels import Budget, Idleness, Level
    from engram.weaver.place import Place
    from engram.weaver.signals import Signal

__all__ = ["Activity"]


class Activity:
    """The activity level of a graph, as one process sees it."""

    def __init__(
        self,
        place: Place,
        signal: Signal,
        clock: Clock,
        idleness: Idleness | None,
        budgets: Mapping[Level, Budget] | None,
    ) -> None:
        """Take where the level is stored, what the time is, and what each level allows."""
        for level in budgets or ():
            checked_level(level)
        if budgets is not None and not all(hasattr(one, "cpu_share") for one in budgets.values()):
            raise InvalidInput(
                "input.invalid", "a budget is none", "Budget(workers, cpu_share, ...)"
            )
        self._place = place
        self._signal = signal
        self._clock = clock
        self._idleness = idleness
        self._budgets: dict[Level, Budget] = {**BUDGETS, **(budgets or {})}
        self._start = clock.now()

    def level(self) -> Level:
        """Give the level that holds now."""
        stored = level_of(self._place.db._view(), self._place.settings)
        if stored is not None:
            return stored
        return "Normal" if self._idleness is None else self._idleness.level(self._idle())

    def budget(self) -> Budget:
        """Give what that level allows."""
        return self._budgets[self.level()]

    def set(self, level: str | None) -> None:
        """Set the level, for every process; None leaves it to idleness, or to ``Normal``."""
        set_level(self._place, None if level is None else checked_level(level))

    def next_switch(self) -> float | None:
        """Give the seconds until the level switches by itself, or None."""
        return None if self._idleness is None else self._idleness.next_switch(self._idle())

    def _idle(self) -> float:
        """Give the seconds since a node was changed, as far as is known."""
        return max(0.0, self._clock.now() - max(self._start, self._signal.last_change))
