"""A conversation between two forms.

Owns: `Talk` and `Said`, and the two forms of a moment: seconds since 1970, and text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from engram.errors import InvalidInput

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Said", "Talk", "bad", "seconds_of", "stamp_of"]

_START = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(slots=True)
class Said:
    """One message.

    Attributes:
        role: ``user``, ``assistant``, ``system``, ``tool``, or what the form says.
        text: What was said; None where it is no text.
        sender: Who said it; the role where nobody is named.
        seconds: When, since 1970; None where the form does not say.
        id: Its id in the form, or None.
        extra: What else the form says of it.
    """

    role: str
    text: str | None
    sender: str
    seconds: float | None = None
    id: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Talk:
    """One conversation.

    Attributes:
        form: Which form it was read from.
        said: Its messages in their order.
        id: Its id in the form, or None.
        title: What it is called, or None.
        extra: What else the form says of it.
    """

    form: str
    said: list[Said]
    id: str | None = None
    title: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def stamp_of(seconds: float) -> str:
    """Give a moment as `Message.timestamp` has it.

    Raises:
        InvalidInput: ``input.invalid`` where no calendar has that moment.
    """
    try:
        moment = _START + timedelta(microseconds=round(seconds * 1e6))
    except (OverflowError, ValueError) as error:
        raise InvalidInput("input.invalid", f"{seconds!r} is no moment") from error
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def seconds_of(stamp: str | None) -> float | None:
    """Give a timestamp in seconds since 1970; None where it is none."""
    try:
        moment = datetime.fromisoformat((stamp or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
    return (moment - _START) / timedelta(seconds=1)


def bad(format: str, what: str) -> InvalidInput:
    """Make the error of data that are not of a form."""
    return InvalidInput("input.invalid", f"this is no conversation of the form {format!r}: {what}")
