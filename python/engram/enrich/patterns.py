"""Entities whose form says what they are: addresses, sums, dates.

Owns: the patterns of e-mail addresses, URLs, sums of money and dates. Limits: English words for
dates and currencies; each pattern reads a text in time that grows with its length.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engram.enrich.entities import Entity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engram.enrich.entities import Label

__all__ = ["formed"]

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_ORDINAL = r"(?:3[01]|[12]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?:1[5-9]\d\d|20\d\d)"
_COUNT = r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|several|few|a few)"
_UNIT = r"(?:minutes?|hours?|days?|weeks?|weekends?|months?|years?|decades?)"

_URL = re.compile(r"\b(?:https?://|www\.)[^\s<>\"'()\[\]]*[^\s<>\"'()\[\].,;:!?]", re.IGNORECASE)
_EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9_](?:[\w.+-]{0,63})@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
)
_MONEY = re.compile(
    r"(?:(?:US|A|C|NZ|HK)?\$|[\u20ac\u00a3\u00a5\u20b9]|\b(?:USD|EUR|GBP|JPY|CHF)\s)"
    r"\s?\d[\d,]{0,24}(?:\.\d+)?(?:\s?(?:k|m|bn|thousand|million|billion|trillion)\b)?"
    r"|\b\d[\d,]{0,24}(?:\.\d+)?\s?(?:(?:thousand|million|billion|trillion)\s)?"
    r"(?:dollars|euros?|pounds|yen|rupees|cents|bucks|USD|EUR|GBP|JPY|CHF|\u20ac|\u00a3)(?!\w)",
    re.IGNORECASE,
)
_DATE = re.compile(
    rf"\b\d{{4}}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?\b"
    rf"|\b\d{{1,2}}[/.]\d{{1,2}}[/.](?:\d{{4}}|\d\d)\b"
    rf"|\b(?:{_DAY},?\s)?{_ORDINAL}\s(?:of\s)?{_MONTH}(?:,?\s{_YEAR})?(?!\w)"
    rf"|\b(?:{_DAY},?\s)?{_MONTH}\s{_ORDINAL}(?:,?\s{_YEAR})?\b"
    rf"|\b{_MONTH},?\s{_YEAR}\b"
    rf"|\b(?:[Ll]ast|[Tt]his|[Nn]ext|[Pp]ast)\s(?:(?:{_COUNT}\s)?{_UNIT}|{_DAY}|{_MONTH}"
    rf"|summer|winter|spring|autumn|fall|night)(?!\w)"
    rf"|\b{_COUNT}\s{_UNIT}\sago\b"
    rf"|\b(?:[Yy]esterday|[Tt]oday|[Tt]omorrow|[Tt]onight)\b"
    rf"|\b{_DAY}\b"
    rf"|\b(?<=[Ii]n\s){_YEAR}\b|\b(?<=[Ss]ince\s){_YEAR}\b"
    rf"|\b(?:January|February|April|June|July|August|September|October|November|December)\b"
    rf"|\b(?<=[Ii]n\s)(?:March|May)\b"
)
_PATTERNS: tuple[tuple[Label, re.Pattern[str], float], ...] = (
    ("URL", _URL, 0.99),
    ("EMAIL", _EMAIL, 0.99),
    ("MONEY", _MONEY, 0.95),
    ("DATE", _DATE, 0.9),
)


def formed(text: str) -> Iterator[Entity]:
    """Find what has the form of an address, a sum or a date."""
    for label, pattern, sure in _PATTERNS:
        for found in pattern.finditer(text):
            yield Entity(found[0], label, found.start(), found.end(), sure)
