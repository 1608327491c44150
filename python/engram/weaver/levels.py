"""How much the weaver may do: activity levels as budgets.

Owns: `Budget`, `BUDGETS` (one for each `Level`) and `Activity`, which says which level holds: the
one that was set, in the file and so for every process, or by how long nothing has happened.
Invariant: time comes from the clock that is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BUDGETS",
    "ENRICHING",
    "KINDS",
    "LEVELS",
    "Budget",
    "Idleness",
    "Level",
    "checked_level",
]

Level: TypeAlias = Literal["HighActivity", "Normal", "Idle", "SleepMode"]
"""How busy the application is, and so how much the weaver may do."""

LEVELS: tuple[Level, ...] = get_args(Level)
"""Every level, the busiest application first."""

_NODES = ("weave",)
ENRICHING = ("weave", "summary")
"""The kinds of tasks that nodes wait for."""
KINDS = ("weave", "summary", "communities", "optimize")
"""The kinds of tasks."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What workers may do on one level.

    Attributes:
        workers: Most of this process's workers that work, 0 or more.
        cpu_share: The part of its time that a worker works, above 0, up to 1; it rests for the
            remaining part behind each batch, by the time that the batch took.
        batch_size: Most tasks of one batch.
        kinds: The kinds of tasks that are done, the first ones first.
        quiet_seconds: A worker starts a batch when nobody has put anything for that long: a put
            of its own process would wait for the interpreter, one of another for the lock.
        patience_seconds: It waits for that at most so long, then takes a quarter of a batch.
    """

    workers: int
    cpu_share: float
    batch_size: int
    kinds: tuple[str, ...] = ENRICHING
    quiet_seconds: float = 0.0
    patience_seconds: float = 0.0

    def __post_init__(self) -> None:
        """Check the values."""
        if self.workers < 0 or self.batch_size < 1 or not 0 < self.cpu_share <= 1:
            raise InvalidInput(
                "input.invalid",
                f"no budget: {self.workers} workers, a share of {self.cpu_share}, batches of "
                f"{self.batch_size}",
                "workers from 0, a share above 0 up to 1, batches from 1",
            )
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown:
            raise InvalidInput(
                "input.invalid", f"no kind of task: {unknown[0]!r}", f"one of: {', '.join(KINDS)}"
            )


BUDGETS: Mapping[Level, Budget] = {
    "HighActivity": Budget(1, 0.1, 8, _NODES, quiet_seconds=0.2, patience_seconds=5.0),
    "Normal": Budget(2, 0.5, 32, ENRICHING, quiet_seconds=0.05, patience_seconds=2.0),
    "Idle": Budget(4, 0.9, 64, ENRICHING),
    "SleepMode": Budget(4, 1.0, 128, KINDS),
}
"""The budgets that hold unless others are given."""


@dataclass(frozen=True, slots=True)
class Idleness:
    """After how many seconds without a change the level switches by itself.

    Attributes:
        normal: From ``HighActivity`` to ``Normal``.
        idle: To ``Idle``.
        sleep: To ``SleepMode``.
    """

    normal: float = 10.0
    idle: float = 60.0
    sleep: float = 1_800.0

    def __post_init__(self) -> None:
        """Check the values."""
        if not 0 <= self.normal <= self.idle <= self.sleep:
            raise InvalidInput(
                "input.invalid",
                f"thresholds do not rise: {self.normal}, {self.idle}, {self.sleep} seconds",
            )

    def level(self, seconds: float) -> Level:
        """Give the level after so many seconds without a change."""
        passed = sum(seconds >= limit for limit in (self.normal, self.idle, self.sleep))
        return LEVELS[passed]

    def next_switch(self, seconds: float) -> float | None:
        """Give the seconds until the next level, or None where it is the last."""
        later = [limit - seconds for limit in (self.normal, self.idle, self.sleep)]
        return min((wait for wait in later if wait > 0), default=None)


def checked_level(level: str) -> Level:
    """Check the name of a level."""
    for one in LEVELS:
        if level == one:
            return one
    raise InvalidInput(
        "input.invalid", f"no activity level: {level!r}", f"one of: {', '.join(LEVELS)}"
    )
