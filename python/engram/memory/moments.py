"""Moments as callers give them, and as the file keeps them.

Owns: `moment`: any way to say a time becomes ISO 8601 text in UTC with microseconds and a ``Z``,
the form that ``_created`` has, so that texts compare as times do.
"""

from __future__ import annotations

import datetime as dt
import re

from engram.errors import InvalidInput

__all__ = ["Moment", "from_seconds", "moment", "now", "stated"]

Moment = dt.datetime | dt.date | str | int | float
"""A time: an aware datetime, a date or text in ISO 8601 (UTC where no zone is said), or seconds
since 1970."""

_PART = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


def moment(value: Moment, what: str) -> str:
    """Give a time as text.

    Raises:
        InvalidInput: ``input.invalid`` where it is no time, or a datetime without a time zone.
    """
    if isinstance(value, dt.datetime):
        if value.tzinfo is None or value.utcoffset() is None:
            raise InvalidInput(
                "input.invalid",
                f"{what} is a datetime without a time zone",
                "datetime.now(timezone.utc), or .astimezone() for local time",
            )
        return _text(value)
    if isinstance(value, dt.date):
        return _text(dt.datetime(value.year, value.month, value.day, tzinfo=dt.timezone.utc))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return from_seconds(value, what)
    found = stated(value) if isinstance(value, str) else None
    if found is None:
        raise InvalidInput(
            "input.invalid",
            f"{what} is no time: {value!r:.80}",
            "an aware datetime, a date, ISO 8601 text ('2024-01-31'), or seconds since 1970",
        )
    return found


def from_seconds(value: float, what: str) -> str:
    """Give seconds since 1970 as text."""
    try:
        return _text(dt.datetime.fromtimestamp(value, dt.timezone.utc))
    except (ValueError, OverflowError, OSError) as cause:
        raise InvalidInput(
            "input.invalid", f"{what} is {value!r}, no number of seconds since 1970 that has a date"
        ) from cause


def now() -> str:
    """Give the present."""
    return _text(dt.datetime.now(dt.timezone.utc))


def stated(text: str) -> str | None:
    """Read ISO 8601, or the first part of it (``2024``, ``2024-03``); None where it is none."""
    part = _PART.fullmatch(text.strip())
    try:
        if part is not None:
            year, month, day = (int(number or 1) for number in part.groups())
            return _text(dt.datetime(year, month, day, tzinfo=dt.timezone.utc))
        # Python 3.10 reads no "Z".
        found = dt.datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", text.strip()))
    except ValueError:
        return None
    return _text(found if found.tzinfo is not None else found.replace(tzinfo=dt.timezone.utc))


def _text(value: dt.datetime) -> str:
    utc = value.astimezone(dt.timezone.utc).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='microseconds')}Z"
