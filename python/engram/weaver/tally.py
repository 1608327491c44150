"""What the workers of one process have done so far.

Owns: `Tally`: counts by kind of task, and how many a second there were of late.
"""

from __future__ import annotations

from collections import deque
from threading import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.weaver.clock import Clock

__all__ = ["RATE_SECONDS", "Tally"]

RATE_SECONDS = 60.0
"""The span over which a rate is taken."""


class Tally:
    """Counts of one kind of task."""

    def __init__(self, clock: Clock) -> None:
        """Start at zero."""
        self._clock = clock
        self._lock = Lock()
        self._start = clock.elapsed()
        self._recent: deque[tuple[float, int]] = deque()
        self.done = 0
        self.failed = 0
        self.stale = 0

    def add(self, *, done: int = 0, failed: int = 0, stale: int = 0) -> None:
        """Count what a batch came to."""
        with self._lock:
            self.done += done
            self.failed += failed
            self.stale += stale
            if done:
                self._recent.append((self._clock.elapsed(), done))
                self._forget()

    def rate(self) -> float:
        """Give tasks done in a second, over the last minute or since the start."""
        with self._lock:
            self._forget()
            span = min(RATE_SECONDS, self._clock.elapsed() - self._start)
            return sum(count for _, count in self._recent) / span if span > 0 else 0.0

    def _forget(self) -> None:
        while self._recent and self._recent[0][0] < self._clock.elapsed() - RATE_SECONDS:
            self._recent.popleft()
