"""Sending batches side by side, and finding out which of their texts are to blame.

Owns: `Sending`, one run over many batches. Invariants: every text ends with a row or with an error;
after three failures with nothing between that succeeded, or one that no other request can escape
(the key, the budget, the limit), nothing more is sent and the rest fails for the same reason.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from engram.errors import EngramError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Send = Callable[[Sequence[str]], NDArray[np.float32]]
    Done = Callable[[Sequence[int], NDArray[np.float32]], None]

__all__ = ["Sending"]

_HOPELESS = 3
_HOPELESS_CODES = frozenset({"remote.key", "remote.budget", "remote.limited"})
_BLAMING_STATUSES = frozenset({"400", "413", "422"})
"""Statuses by which a provider may mean one text of many."""


class Sending:
    """One run: sends runs of `texts`, tells `done` of each success, collects the failures."""

    def __init__(self, texts: Sequence[str], send: Send, done: Done) -> None:
        self._texts = texts
        self._send = send
        self._done = done
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._hopeless: EngramError | None = None
        self.failures: dict[int, EngramError] = {}
        self.requests = 0

    def run(self, batches: Sequence[range], threads: int) -> None:
        """Send every batch, by so many threads at most."""
        if min(threads, len(batches)) <= 1:
            for batch in batches:
                self._batch(batch)
            return
        with ThreadPoolExecutor(min(threads, len(batches)), "engram-remote") as pool:
            try:
                for future in [pool.submit(self._batch, batch) for batch in batches]:
                    future.result()
            except BaseException:  # what the caller gave raised, or Ctrl+C: nothing more is sent
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _batch(self, places: range) -> None:
        """Send a batch; where it is refused for what one text may be to blame, its halves."""
        with self._lock:
            if self._hopeless is not None:
                self.failures.update(dict.fromkeys(places, self._hopeless))
                return
            self.requests += 1
        try:
            rows = self._send([self._texts[place] for place in places])
        except EngramError as error:
            blames_one = error.details.get("status") in _BLAMING_STATUSES
            if blames_one and len(places) > 1:
                middle = len(places) // 2
                self._batch(places[:middle])
                self._batch(places[middle:])
            else:
                self._failed(places, error)
            return
        with self._lock:
            self._in_a_row = 0
            self._done(places, rows)

    def _failed(self, places: range, error: EngramError) -> None:
        with self._lock:
            self.failures.update(dict.fromkeys(places, error))
            self._in_a_row += 1
            if self._in_a_row >= _HOPELESS or error.code in _HOPELESS_CODES:
                self._hopeless = error
