"""Metadata as JSON: the one form that bytes have where only JSON can stand.

Owns: ``{"$bytes": "<base64>"}``, and what makes it exact: an object of the user's whose only key is
``$bytes``, with any number of ``$`` before it, gets one more. Invariant: `from_json` of `to_json`
gives an equal value.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["from_json", "to_json"]

_TAG = "$bytes"


def to_json(value: Any) -> Any:
    """Give a metadata value as JSON-able data."""
    if isinstance(value, dict):
        plain = {key: to_json(inner) for key, inner in value.items()}
        return {"$" + key: inner for key, inner in plain.items()} if _is_tagged(plain) else plain
    if isinstance(value, list):
        return [to_json(inner) for inner in value]
    if isinstance(value, bytes):
        from base64 import b64encode

        return {_TAG: b64encode(value).decode("ascii")}
    return value


def from_json(value: Any) -> Any:
    """Give back what `to_json` was given.

    Raises:
        ValueError: The bytes are no base64.
    """
    if isinstance(value, list):
        return [from_json(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if not _is_tagged(value):
        return {key: from_json(inner) for key, inner in value.items()}
    ((key, inner),) = value.items()
    if key != _TAG:
        return {key[1:]: from_json(inner)}
    if not isinstance(inner, str):
        raise ValueError(f'"{_TAG}" needs a text in base64')  # noqa: TRY004 - as of bad JSON
    from base64 import b64decode

    return b64decode(inner, validate=True)


def _is_tagged(value: dict[str, Any]) -> bool:
    """Say whether an object stands for bytes, or looks as if it did."""
    if len(value) != 1:
        return False
    (key,) = value
    return key.endswith(_TAG) and key.strip("$") == _TAG[1:]
