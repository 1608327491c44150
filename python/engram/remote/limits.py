"""Rate limits that threads, and several models, share.

Owns: `Limits`, token buckets for requests and for tokens, with the clock they read and the sleep
they wait by. Invariant: in any 60 seconds at most `requests_per_minute` requests and
`tokens_per_minute` tokens are let through, whatever number of threads asks: the buckets hold a
tenth of a minute's worth and refill at nine tenths of the rate, so a full bucket and a minute of
refilling make exactly the limit. A single request that is larger than a bucket waits for a full
one and leaves a debt. Requests pass in the order in which they asked.
"""

from __future__ import annotations

import threading
import time

from engram.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Limits"]

_MINUTE_S = 60.0
_BURST_RATIO = 0.1


class _Bucket:
    """One token bucket. Its level falls below 0 only after a request larger than all of it."""

    def __init__(self, per_minute: int, now: float) -> None:
        self.capacity = max(1.0, per_minute * _BURST_RATIO)
        # A limit of one a minute leaves nothing to refill but that one.
        self.per_second = max(per_minute - self.capacity, self.capacity) / _MINUTE_S
        self.level = self.capacity
        self._at = now

    def wait_s(self, amount: float, now: float) -> float:
        """Say how long after `now` there is enough for `amount`."""
        lacking = min(amount, self.capacity) - self._level(now)
        return max(0.0, lacking / self.per_second)

    def take(self, amount: float, now: float) -> None:
        self.level = self._level(now) - amount
        self._at = now

    def _level(self, now: float) -> float:
        passed = max(0.0, now - self._at)
        return min(self.capacity, self.level + passed * self.per_second)


class Limits:
    """How much may be sent in a minute. Hand the same object to all that share an account.

    Example:
        >>> from engram.remote import Limits
        >>> limits = Limits(requests_per_minute=500, tokens_per_minute=1_000_000)
    """

    def __init__(
        self,
        *,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Make limits.

        Args:
            requests_per_minute: Requests in any 60 seconds at most, 1 or more; None for no limit.
            tokens_per_minute: Tokens in any 60 seconds at most, as estimated before a request and
                corrected by what the provider counted; 1 or more; None for no limit.
            clock: Gives the time in seconds; never goes back.
            sleep: Waits for so many seconds. Back-off between retries waits by it, too.

        Raises:
            InvalidInput: ``input.invalid`` where a limit is below 1.
        """
        for name, value in (
            ("requests_per_minute", requests_per_minute),
            ("tokens_per_minute", tokens_per_minute),
        ):
            if value is not None and value < 1:
                raise InvalidInput(
                    "input.invalid", f"{name} is {value}, below 1", "None for no limit"
                )
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._last = clock()
        self._requests = _bucket(requests_per_minute, self._last)
        self._tokens = _bucket(tokens_per_minute, self._last)

    @property
    def largest_tokens(self) -> int | None:
        """Tokens that one request can have without going into debt; None without a limit."""
        return None if self._tokens is None else int(self._tokens.capacity)

    def enter(self, tokens: int) -> None:
        """Wait until a request of so many tokens may be sent."""
        with self._lock:
            now = self._clock()
            # Never before the one that asked earlier, nor within a pause.
            start = max(now, self._last)
            start += max(
                0.0 if self._requests is None else self._requests.wait_s(1, start),
                0.0 if self._tokens is None else self._tokens.wait_s(tokens, start),
            )
            if self._requests is not None:
                self._requests.take(1, start)
            if self._tokens is not None:
                self._tokens.take(tokens, start)
            self._last = start
        self.wait(start - now)

    def correct(self, estimated: int, actual: int) -> None:
        """Put right what `enter` took, once the provider has counted."""
        if self._tokens is not None:
            with self._lock:
                self._tokens.level += estimated - actual

    def pause(self, seconds: float) -> None:
        """Let nothing through for so long: the provider asked for it."""
        with self._lock:
            self._last = max(self._last, self._clock() + seconds)

    def wait(self, seconds: float) -> None:
        """Wait, by the sleep this was made with."""
        if seconds > 0:
            self._sleep(seconds)

    def __repr__(self) -> str:
        """Show both limits."""
        return (
            f"Limits(requests_per_minute={self.requests_per_minute}, "
            f"tokens_per_minute={self.tokens_per_minute})"
        )


def _bucket(per_minute: int | None, now: float) -> _Bucket | None:
    return None if per_minute is None else _Bucket(per_minute, now)
