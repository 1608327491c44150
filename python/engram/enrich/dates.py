"""Which span of time a text means by a date.

Owns: `span_of` and `iso`. Invariant: a span is two aware datetimes in UTC, the second of which is
the first moment after it. Limits: English; years of four digits; weeks begin on Monday.
"""

from __future__ import annotations

import datetime as dt
import re

__all__ = ["aware", "iso", "span_of"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10}  # fmt: skip
_MONTH = r"(?P<month>[a-z]{3,9})\.?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?P<year>\d{4})-(?P<number>\d\d)-(?P<day>\d\d)(?:[t ].*)?",
        r"(?P<year>\d{4})-(?P<number>\d\d)",
        r"(?P<year>\d{4})",
        rf"{_MONTH},? (?P<year>\d{{4}})",
        rf"{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>\d{{4}}))?",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? (?P<year>\d{{4}}))?",
    )
)
_AGO = re.compile(r"(?P<count>\w+) (?P<unit>day|week|month|year)s? ago")
_NEAR = re.compile(r"(?P<which>last|this|next) (?P<unit>\w+)")
_DAY = dt.timedelta(days=1)


def aware(moment: dt.datetime) -> dt.datetime:
    """Give a moment in UTC; one without a zone is taken as UTC."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=dt.timezone.utc)
    return moment.astimezone(dt.timezone.utc)


def iso(moment: dt.datetime) -> str:
    """Write a moment so that the order of texts is that of time."""
    return aware(moment).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def span_of(text: str, now: dt.datetime) -> tuple[dt.datetime, dt.datetime] | None:
    """Give the span that a date means; None where it is no date that is known here.

    Args:
        text: For example ``"2019"``, ``"May 7, 2023"``, ``"last week"``, ``"two years ago"``.
        now: When it was said.
    """
    said = " ".join(text.lower().replace("the ", "").split())
    today = aware(now).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return _relative(said, today) or _absolute(said, today)
    except (ValueError, OverflowError):  # the 31st of June; a million years ago
        return None


def _absolute(said: str, today: dt.datetime) -> tuple[dt.datetime, dt.datetime] | None:
    for form in _FORMS:
        found = form.fullmatch(said)
        if found is None:
            continue
        parts = found.groupdict()
        month = int(parts.get("number") or 0)
        if parts.get("month"):
            if parts["month"][:3] not in _MONTHS:
                continue
            month = _MONTHS.index(parts["month"][:3]) + 1
        year, day = int(parts.get("year") or today.year), int(parts.get("day") or 0)
        start = dt.datetime(year, month or 1, day or 1, tzinfo=dt.timezone.utc)
        return _span(start, "day" if day else "month" if month else "year")
    return None


def _relative(said: str, today: dt.datetime) -> tuple[dt.datetime, dt.datetime] | None:
    days = {"yesterday": -1, "today": 0, "tonight": 0, "tomorrow": 1}
    if said in days:
        return _span(today + days[said] * _DAY, "day")
    if (found := _AGO.fullmatch(said)) is not None:
        word = found["count"]
        count = int(word) if word.isdecimal() else _COUNTS.get(word, 0)
        return _span(_moved(today, found["unit"], -count), found["unit"]) if count else None
    if (found := _NEAR.fullmatch(said)) is None:
        return None
    step = {"last": -1, "this": 0, "next": 1}[found["which"]]
    unit = found["unit"]
    if unit in _DAYS:
        ahead = (_DAYS.index(unit) - today.weekday()) % 7
        if step < 0:
            ahead = ahead - 7 if ahead else -7
        return _span(today + (ahead or 7 * max(step, 0)) * _DAY, "day")
    if unit not in {"week", "month", "year"}:
        return None
    return _span(_moved(today, unit, step), unit)


def _moved(day: dt.datetime, unit: str, count: int) -> dt.datetime:
    """Go some days, weeks, months or years from a day on."""
    if unit in {"day", "week"}:
        return day + count * (7 if unit == "week" else 1) * _DAY
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "year" else 1)
    return day.replace(year=months // 12, month=months % 12 + 1, day=1)


def _span(day: dt.datetime, unit: str) -> tuple[dt.datetime, dt.datetime]:
    """Give the day, week, month or year that a day is in."""
    if unit == "week":
        start = day - day.weekday() * _DAY
    elif unit == "month":
        start = day.replace(day=1)
    elif unit == "year":
        start = day.replace(month=1, day=1)
    else:
        start = day
    return start, _moved(start, unit, 1)
