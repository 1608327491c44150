"""How threads of one process hear of each other's commits.

Owns: `Bell`, a condition with a count, and `Signal`, the bells of one graph in one process. Other
processes are heard of by the file itself, whose last commit is looked at every `POLL_SECONDS`
while somebody waits: that is one load from memory.
"""

from __future__ import annotations

import os
from threading import Condition, Lock
from weakref import WeakValueDictionary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from weakref import ReferenceType

    from engram.weaver.clock import Clock
    from engram.weaver.place import Place
    from engram.weaver.weaver import Weaver

__all__ = ["POLL_SECONDS", "Bell", "Signal", "signal_of"]

POLL_SECONDS = 0.05
"""How often the file is looked at for commits of other processes, while somebody waits."""
_UNDER_WAY_SECONDS = 1.0

_lock = Lock()
_signals: WeakValueDictionary[tuple[int, str, str], Signal] = WeakValueDictionary()


class Bell:
    """Something to wait for. Who reads `count` before looking for work misses nothing."""

    def __init__(self) -> None:
        """Start silent."""
        self._condition = Condition()
        self._waiting = 0
        self.count = 0

    def ring(self) -> None:
        """Wake everybody who waits."""
        with self._condition:
            self.count += 1
            if self._waiting:
                self._condition.notify_all()

    def wait(self, clock: Clock, seen: int, seconds: float | None) -> bool:
        """Wait until it has rung since `seen`, or so long; say whether it has."""
        end = None if seconds is None else clock.elapsed() + seconds
        with self._condition:
            self._waiting += 1
            try:
                while self.count == seen:
                    left = None if end is None else end - clock.elapsed()
                    if left is not None and left <= 0:
                        return False
                    clock.wait(self._condition, left)
                return True
            finally:
                self._waiting -= 1


class Signal:
    """The bells of one graph in one process.

    Attributes:
        work: Rings when there is something to do.
        done: Rings when something was done.
        pause: Rings when the level changes or workers are to stop: whoever rests looks again.
        last_put: When this process has put last, by `Clock.elapsed`; later than now while it puts.
        last_change: When any process changed a node, as far as is known here, by `Clock.now`.
        weaver: The weaver of this process that was started last.
    """

    weaver: ReferenceType[Weaver] | None = None

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.work = Bell()
        self.done = Bell()
        self.pause = Bell()
        self.last_put: float | None = None
        self.last_change = 0.0

    def note_put(self, clock: Clock) -> None:
        """Note that this process has changed nodes."""
        self.last_put = clock.elapsed()
        self.last_change = clock.now()
        self.work.ring()

    def note_start(self, clock: Clock) -> None:
        """Note that a put is under way: its commit may take longer than a quiet moment does."""
        # Whether it will be rolled back nobody says, so it counts for a second at most.
        self.last_put = clock.elapsed() + _UNDER_WAY_SECONDS

    def look_again(self) -> None:
        """Wake the workers: the level has changed, or they are to stop."""
        self.pause.ring()
        self.work.ring()

    def note_change(self, at: float) -> None:
        """Note when a node was changed, by whatever process."""
        self.last_change = max(self.last_change, at)


def signal_of(place: Place) -> Signal:
    """Give the signal of a graph, the same for every handle of this process on its file."""
    path = place.db._native.path
    # An in-memory database has no other handle.
    file = f"{id(place.db):x}" if path is None else os.path.realpath(path)
    key = (os.getpid(), file, place.name)
    with _lock:
        signal = _signals.get(key)
        if signal is None:
            signal = _signals[key] = Signal()
        return signal
