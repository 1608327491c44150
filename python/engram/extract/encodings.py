"""Bytes into text, and by which encoding.

Owns: `decode`. Order: what the caller gives, a byte order mark, UTF-8, what the file declares, and
last what charset-normalizer detects. Invariant: every byte is decoded by the encoding that is
reported; nothing is replaced.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from engram.errors import InvalidInput
from engram.extract.failing import missing, unsupported

if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    Found: TypeAlias = Literal["given", "mark", "utf-8", "declared", "detected"]

__all__ = ["decode", "is_binary"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # Before UTF-16's, which it starts with.
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)|^<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]+)""",
    re.IGNORECASE,
)
_DECLARED_WITHIN = 1024
_CONTROL = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_LOOKED_AT = 65_536


def is_binary(raw: bytes) -> bool:
    """Say whether bytes without a mark are no text: a zero byte, or many control characters."""
    if any(raw.startswith(mark) for mark, _ in _MARKS):
        return False
    head = raw[:_LOOKED_AT]
    return b"\0" in raw or len(_CONTROL.findall(head)) * 50 > len(head)


def decode(
    raw: bytes, given: str | None = None, *, declares: bool = False
) -> tuple[str, str, Found]:
    """Decode a file.

    Args:
        raw: What it holds.
        given: The encoding that the caller knows.
        declares: Whether files of its kind can declare theirs, as HTML and XML do.

    Returns:
        The text, the encoding as Python names it, and how it was found.

    Raises:
        InvalidInput: ``input.invalid`` where the given encoding is unknown or does not fit;
            ``document.unsupported`` where the file is no text.
        MissingExtra: ``extra.missing`` where charset-normalizer is needed and not installed.
    """
    if given is not None:
        return _as_given(raw, given), codecs.lookup(given).name, "given"
    for mark, name in _MARKS:
        if raw.startswith(mark):
            text = _try(raw, name)
            if text is None:
                raise unsupported(
                    f"the file starts with the mark of {name} and is none",
                    "encoding='latin-1' or another reads it as such",
                )
            return text, name, "mark"
    if is_binary(raw):
        raise unsupported(
            "the file is binary and of no known kind",
            "encoding='utf-16-le' and the like read text without a mark",
        )
    text = _try(raw, "utf-8")
    if text is not None:
        return text, "utf-8", "utf-8"
    if declares and (named := _declared(raw)) is not None:
        text = _try(raw, named)
        if text is not None:
            return text, named, "declared"
    return _detected(raw)


def _try(raw: bytes, name: str) -> str | None:
    try:
        return raw.decode(name)
    except (UnicodeError, LookupError):
        return None


def _as_given(raw: bytes, given: str) -> str:
    try:
        return raw.decode(given)
    except LookupError as cause:
        raise InvalidInput(
            "input.invalid", f"there is no text encoding {given!r}", "a name such as 'cp1252'"
        ) from cause
    except UnicodeError as cause:
        raise InvalidInput(
            "input.invalid",
            f"the file is not in {given}: {cause}",
            "without encoding= it is detected",
        ) from cause


def _declared(raw: bytes) -> str | None:
    found = _DECLARED.search(raw[:_DECLARED_WITHIN])
    if found is None:
        return None
    name = (found[1] or found[2]).decode("ascii", "ignore")
    # What pages call these is read as the encoding of Windows, by the WHATWG's standard.
    name = {"iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252"}.get(
        name.lower(), name
    )
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _detected(raw: bytes) -> tuple[str, str, Found]:
    try:
        from charset_normalizer import from_bytes
    except ImportError as cause:
        raise missing("charset-normalizer", "text that is not UTF-8") from cause
    best = from_bytes(raw).best()
    text = None if best is None else _try(raw, best.encoding)
    if best is None or text is None:
        raise unsupported(
            "the file is text in no encoding that can be told", "pass encoding='cp1252' or its own"
        )
    return text, best.encoding, "detected"
