"""When to try again, and after how long.

Owns: `Retries`, jittered exponential back-off, and reading what a provider says about waiting.
Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("equal jitter").
"""

from __future__ import annotations

import random
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from engram.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RETRIED_STATUSES", "Retries", "asked_wait_s"]

RETRIED_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""What passes: time-outs, conflicts of the provider's own, limits, outages. 529 is Anthropic's
"overloaded"."""


class Retries:
    """How often a failed request is sent again. What the provider asks for by Retry-After is kept.

    Example:
        >>> from engram.remote import Retries
        >>> patient = Retries(attempts=8, longest_s=120)
    """

    def __init__(
        self,
        *,
        attempts: int = 5,
        first_s: float = 0.5,
        longest_s: float = 60.0,
        seed: int | None = None,
    ) -> None:
        """Make a policy.

        Args:
            attempts: Requests sent for one call at most, 1 or more.
            first_s: Seconds before the second one; each further wait is twice as long. A random
                half of each wait is left out, so that clients do not come back all at once.
            longest_s: Seconds that one wait may last. Where the provider asks for more, the call
                fails at once and says so.
            seed: Of the randomness; None for another one each time.

        Raises:
            InvalidInput: ``input.invalid`` where a number is out of its range.
        """
        if attempts < 1 or first_s < 0 or longest_s < 0:
            raise InvalidInput(
                "input.invalid",
                f"Retries(attempts={attempts}, first_s={first_s}, longest_s={longest_s})",
                "attempts is 1 or more, seconds are 0 or more",
            )
        self.attempts = attempts
        self.first_s = first_s
        self.longest_s = longest_s
        self._random = random.Random(seed)  # noqa: S311 - spreads load, keeps no secret

    def delay_s(self, failed: int, asked_s: float | None) -> float | None:
        """Say how long to wait after so many failed attempts; None to give up.

        Args:
            failed: Attempts that failed so far, 1 or more.
            asked_s: What the provider asked for, if it did.
        """
        if failed >= self.attempts or (asked_s is not None and asked_s > self.longest_s):
            return None
        # The exponent is bounded so that any number of attempts stays a float.
        base = min(self.longest_s, self.first_s * 2.0 ** min(failed - 1, 60))
        if asked_s is not None:
            return asked_s + self.first_s * self._random.random()
        return base * (0.5 + 0.5 * self._random.random())

    def __repr__(self) -> str:
        """Show the policy."""
        return (
            f"Retries(attempts={self.attempts}, first_s={self.first_s}, longest_s={self.longest_s})"
        )


def asked_wait_s(headers: Mapping[str, str]) -> float | None:
    """Read how long a provider asks to wait, in seconds; None where it does not say.

    ``retry-after-ms`` (OpenAI, Azure) counts before ``retry-after``, which is a number of seconds
    or a date (RFC 9110, section 10.2.3). A date is compared with the response's own ``date``, so
    that clocks that disagree do no harm.
    """
    try:
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    except (KeyError, ValueError):
        pass
    asked = headers.get("retry-after")
    if asked is None:
        return None
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(asked)
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else _now()
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):  # no date at all, or one of two without a time zone
        return None


def _now() -> datetime:
    return datetime.now(timezone.utc)
