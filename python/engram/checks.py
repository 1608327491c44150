"""Checks of text arguments.

Owns: what a name, an id, a filter or a query text must be before the core sees it: `str`, with a
UTF-8 form. The core checks lengths and meaning.
"""

from __future__ import annotations

from engram.errors import InvalidInput

__all__ = ["optional_str", "proper_str", "str_ids"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def proper_str(value: object, what: str) -> str:
    """Check that a value is text.

    Raises:
        InvalidInput: ``input.invalid`` where it is none, or holds half of a surrogate pair.
    """
    if not isinstance(value, str):
        raise InvalidInput(
            "input.invalid",
            f"{what} is {type(value).__name__}, not str: {value!r:.80}",
            "convert it with str()",
        )
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as cause:
            raise InvalidInput(
                "input.invalid",
                f"{what} holds a lone surrogate, which has no UTF-8 form: {value!r:.80}",
                'clean it with value.encode("utf-8", "replace").decode()',
            ) from cause
    return value


def number(value: object, what: str) -> float:
    """Return a number as a float.

    Raises:
        InvalidInput: ``input.invalid`` where it is none, or a bool.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidInput(
            "input.invalid", f"{what} is {type(value).__name__}, not a number", "give a float"
        )
    return float(value)


def optional_str(value: object, what: str) -> str | None:
    """Check that a value is text or None."""
    return None if value is None else proper_str(value, what)


def str_ids(ids: Iterable[str]) -> list[str]:
    """Check ids: several of them, not one, and each of them text."""
    if isinstance(ids, str):
        raise InvalidInput(
            "input.invalid", "ids is one str, not several", "pass a list: [...]", {"id": ids}
        )
    return [proper_str(record_id, "an id") for record_id in ids]
