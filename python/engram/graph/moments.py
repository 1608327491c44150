"""The moment since which there is enough.

Owns: `moment_since`. Counting what a filter matches is quick where reading it is not, so the newest
of many records are found by looking for the moment since which there are so many.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LAST_US", "moment_since"]

LAST_US = 253_402_300_799_999_999
"""The last microsecond of the year 9999, after which there is no moment."""


def moment_since(count: Callable[[int], int], least: int, spare: int) -> int:
    """Give a moment since which there are at least so many, and at most `spare` more if it can be.

    Args:
        count: How many there are since a moment, in microseconds since 1970: fewer later on.
        least: How many are wanted; there are as many since 1970.
        spare: How many more do no harm.

    Returns:
        The last moment since which there are enough where those of that very moment are too many.
    """
    early, late = 0, LAST_US
    while late - early > 1:
        middle = (early + late) // 2
        found = count(middle)
        if found < least:
            late = middle
        else:
            early = middle
            if found <= least + spare:
                break
    return early
