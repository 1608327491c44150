"""Spans of time in words: "last week", "in March 2024", "since yesterday".

Owns: `span_in_words` and `found_in`, which looks for such words in a question. A single date is
read by `engram.enrich.dates`; here are the words around it. Limits: English; days, weeks and months
begin in UTC, weeks on Monday.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engram.enrich.dates import span_of
from engram.errors import InvalidInput
from engram.memory.moments import moment

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Span", "found_in", "span_in_words"]

_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "few": 3, "couple of": 2}  # fmt: skip
_DAYS = {"hour": 1 / 24, "day": 1, "week": 7, "month": 30, "year": 365}
_ROLLING = re.compile(
    r"(?:in |within |over |during )?(?:the )?(?:last|past) "
    rf"(?:(?P<count>\d+|{'|'.join(_COUNTS)}) )?"
    rf"(?P<unit>{'|'.join(_DAYS)})(?P<several>s?)"
)
_QUARTER = re.compile(r"(?:the )?(?:q([1-4])|(first|second|third|fourth) quarter of) (\d{4})")
_QUARTERS = ("first", "second", "third", "fourth")
_BOTH = re.compile(r"(?:between (.+) and (.+)|from (.+) (?:to|until|till) (.+))")
_ONE = re.compile(r"(in|on|during|of|from|since|after|before|until|till|by|up to) (.+)")
_YEAR = re.compile(r"(?:the )?\d{4}", re.IGNORECASE)
_MOST_WORDS = 9
_EDGE = ".,;:!?\"'()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span of time. Frozen.

    Attributes:
        since: Its first moment, ISO 8601 in UTC, or None where it has no beginning.
        until: The first moment after it, or None where it has no end.
        words: The words that say it.
    """

    since: str | None
    until: str | None
    words: str

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        return {"since": self.since, "until": self.until, "words": self.words}


def span_in_words(words: str, now: dt.datetime | None = None) -> Span:
    """Give the span that words mean.

    Args:
        words: For example ``"last week"``, ``"in March 2024"``, ``"since 2023"``,
            ``"past 3 days"``, ``"between May 2 and May 9"``.
        now: When they are said; the present unless given.

    Raises:
        InvalidInput: ``input.invalid`` where they mean none that is known.
    """
    found = _span(words, now or dt.datetime.now(dt.timezone.utc)) if words.strip() else None
    if found is None:
        raise InvalidInput(
            "input.invalid",
            f"no span of time is known as {words!r:.80}",
            'for example "last week", "in March 2024", "since yesterday"; or since= and until=',
        )
    return found


def found_in(question: str, now: dt.datetime | None = None) -> tuple[str, Span | None]:
    """Look for words of time in a question.

    The longest that come first count. A year by itself counts only after a word such as "in".

    Returns:
        The question without them, and what they mean; the question itself and None where there
        are none, or nothing else.
    """
    at = now or dt.datetime.now(dt.timezone.utc)
    words = list(re.finditer(r"\S+", question))
    for first in range(len(words)):
        for last in range(min(first + _MOST_WORDS, len(words)), first, -1):
            start, end = words[first].start(), words[last - 1].end()
            said = question[start:end].strip(_EDGE)
            if _YEAR.fullmatch(said):
                continue
            span = _span(said, at)
            if span is None:
                continue
            rest = " ".join(f"{question[:start]} {question[end:]}".split())
            return (rest, span) if re.search(r"\w", rest) else (question, None)
    return question, None


def _span(words: str, now: dt.datetime) -> Span | None:
    said = " ".join(words.lower().split())
    for reader in (_rolling, _two_ends, _one_end, _plain):
        found = reader(said, now)
        if found is not None:
            since, until = (None if one is None else moment(one, "when") for one in found)
            return Span(since=since, until=until, words=words)
    return None


_Ends = tuple["dt.datetime | None", "dt.datetime | None"]


def _rolling(said: str, now: dt.datetime) -> _Ends | None:
    """Read "past week" and "last 3 days": so long until now."""
    found = _ROLLING.fullmatch(said)
    if found is None:
        return None
    if found["count"] is None and (said.startswith("last") or found["several"]):
        # "last week" is the calendar's; "past weeks" says no number.
        return None
    count = found["count"] or "1"
    number = int(count) if count.isdecimal() else _COUNTS[count]
    try:
        return now - dt.timedelta(days=number * _DAYS[found["unit"]]), None
    except OverflowError:
        return None


def _two_ends(said: str, now: dt.datetime) -> _Ends | None:
    """Read "between ... and ..." and "from ... to ...": both ends included."""
    found = _BOTH.fullmatch(said)
    if found is None:
        return None
    first, last = (one for one in found.groups() if one is not None)
    start, end = _plain(first, now), _plain(last, now)
    if start is None or end is None or start[0] is None or end[1] is None:
        return None
    return (start[0], end[1]) if start[0] < end[1] else None


def _one_end(said: str, now: dt.datetime) -> _Ends | None:
    """Read a date with a word before it."""
    found = _ONE.fullmatch(said)
    inner = None if found is None else _plain(found[2], now)
    if found is None or inner is None:
        return None
    start, end = inner
    if found[1] == "since":
        return start, None
    if found[1] == "after":
        return end, None
    if found[1] == "before":
        return None, start
    if found[1] in {"until", "till", "by", "up to"}:
        return None, end
    return start, end


def _plain(said: str, now: dt.datetime) -> _Ends | None:
    """Read a date, or a quarter."""
    quarter = _QUARTER.fullmatch(said)
    if quarter is None:
        return span_of(said, now)
    number = int(quarter[1]) if quarter[1] else _QUARTERS.index(quarter[2]) + 1
    year, month = int(quarter[3]), 3 * number - 2
    try:
        start = dt.datetime(year, month, 1, tzinfo=dt.timezone.utc)
        end = dt.datetime(year + month // 10, (month + 2) % 12 + 1, 1, tzinfo=dt.timezone.utc)
    except ValueError:
        return None
    return start, end
