"""Dates that documents state, as ISO 8601.

Owns: the forms that formats write dates in. Invariant: a time zone is given where the file has one,
and never made up; what is no date gives None.
"""

from __future__ import annotations

import datetime as dt
import re
from email.utils import parsedate_to_datetime

__all__ = ["iso", "mail_date", "pdf_date", "stated_date"]

_PDF = re.compile(
    r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?\s*(?:([Zz+-])(?:(\d\d)'?(?:(\d\d)'?)?)?)?"
)
_STATED = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")


def iso(value: object) -> str | None:
    """Give a date or time of Python as text; other things give None."""
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else None


def stated_date(text: str | None) -> str | None:
    """Read a date as HTML, EPUB and XML write it: ISO 8601, or the first part of it."""
    text = (text or "").strip()
    if _STATED.fullmatch(text):
        return text
    # Python 3.10 reads no "Z", and no fraction of other than 3 or 6 digits.
    whole = re.sub(r"[Zz]$", "+00:00", text)
    whole = re.sub(r"\.(\d+)", lambda found: f".{found[1][:6]:0<6}", whole)
    try:
        return dt.datetime.fromisoformat(whole).isoformat()
    except ValueError:
        return mail_date(text)


def mail_date(text: str | None) -> str | None:
    """Read a date as e-mails write it; ``-0000`` says that the zone is unknown."""
    try:
        return parsedate_to_datetime(text or "").isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def pdf_date(text: str | None) -> str | None:
    """Read a date as PDF files write it (ISO 32000-1, 7.9.4): ``D:20260102030405+01'00'``."""
    found = _PDF.fullmatch((text or "").strip().rstrip("\0"))
    if found is None:
        return stated_date(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    zone = None
    if found[7]:
        shift = dt.timedelta(hours=int(found[8] or 0), minutes=int(found[9] or 0))
        zone = dt.timezone(-shift if found[7] == "-" else shift) if found[8] else None
        zone = zone or (dt.timezone.utc if found[7] in "Zz" else None)
    try:
        whole = dt.datetime(year, month or 1, day or 1, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
    return (
        whole.isoformat()
        if found[4]
        else whole.date().isoformat()[: 4 + 3 * bool(found[2]) + 3 * bool(found[3])]
    )
