"""What time it is, and how to wait: the one door of the weaver to both.

Owns: `Clock`, and `SYSTEM`, the one that is used unless another is given. Tests hand in one that
they move themselves, so nothing of the weaver sleeps or reads the time elsewhere.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from threading import Condition

__all__ = ["SYSTEM", "Clock"]


class Clock:
    """The system's clocks."""

    def now(self) -> float:
        """Give seconds since 1970-01-01 UTC, which all processes of a machine share."""
        return time.time()

    def elapsed(self) -> float:
        """Give seconds since some moment, never running backwards."""
        return time.monotonic()

    def wait(self, condition: Condition, seconds: float | None) -> bool:
        """Wait until a held condition is notified, or so long; say whether it was notified."""
        return condition.wait(seconds)


SYSTEM = Clock()
"""The clock that is used unless another is given."""
