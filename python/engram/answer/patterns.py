"""Where personal data stands in a text.

Owns: `Kind`, `KINDS`, and finding the spans of each kind. Whatever has check digits or a grammar
is checked, so that order numbers and versions stay as they are: cards by Luhn, IBANs by ISO 7064,
IP addresses by the standard library, phone numbers by the numbering plans of libphonenumber. Names
and addresses have no pattern: a `Masker` takes a model for them.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from engram.errors import InvalidInput, _missing_extra

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["KINDS", "Kind", "Span", "checked_regions", "found_in"]

Kind: TypeAlias = Literal["KEY", "EMAIL", "IBAN", "CARD", "IP", "SSN", "PHONE"]


class Span(NamedTuple):
    """A piece of a text that is personal."""

    start: int
    end: int
    kind: str


_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.!#$%&'*+=?^`{|}~-]*[\w+]@(?:[^\W_](?:[\w-]{0,62}[^\W_])?\.)+[^\W\d_]{2,24}"
    r"(?![\w-])"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ \u00a0-]?[A-Z0-9]){11,30}(?![a-z0-9])")
_CARD = re.compile(r"(?<![\d.,-])[2-6]\d{3}(?:[ \u00a0-]?\d){9,15}(?!\d|[.,]\d)")
_IP4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
_IP6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:)[0-9A-Fa-f:.]{3,45}(?![\w:])")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<![\w-])(?:sk|pk|rk|nvapi|hf|glpat|xox[abeprs])[-_][A-Za-z0-9_-]{16,}"
    r"|(?<!\w)(?:AKIA|ASIA)[0-9A-Z]{16}(?!\w)"
    r"|(?<!\w)gh[oprsu]_[A-Za-z0-9]{30,}"
    r"|(?<!\w)AIza[0-9A-Za-z_-]{35}"
    r"|(?<!\w)eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+"
)
_IBAN_LENGTHS = range(34, 14, -1)
_GLYPHS = re.compile(r"[ \u00a0-]")
_CARD_DIGITS = range(13, 20)
_TEN = 10


def _emails(text: str, regions: Sequence[str]) -> Iterator[tuple[int, int]]:
    del regions
    yield from (match.span() for match in _EMAIL.finditer(text))


def _keys(text: str, regions: Sequence[str]) -> Iterator[tuple[int, int]]:
    del regions
    yield from (match.span() for match in _KEY.finditer(text))


def _ssns(text: str, regions: Sequence[str]) -> Iterator[tuple[int, int]]:
    del regions
    yield from (match.span() for match in _SSN.finditer(text))


def _ibans(text: str, regions: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Find account numbers; a word in capitals behind one is no part of it."""
    del regions
    for match in _IBAN.finditer(text):
        places = [at for at in range(match.start(), match.end()) if not _GLYPHS.match(text[at])]
        for length in _IBAN_LENGTHS:
            if length > len(places):
                continue
            end = places[length - 1] + 1
            ends_there = length == len(places) or _GLYPHS.match(text[end])
            if ends_there and _is_iban("".join(text[at] for at in places[:length])):
                yield match.start(), end
                break


def _is_iban(plain: str) -> bool:
    """Check ISO 7064, MOD 97-10."""
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(one, 36)) for one in moved)) % 97 == 1


def _cards(text: str, regions: Sequence[str]) -> Iterator[tuple[int, int]]:
    del regions
    for match in _CARD.finditer(text):
        digits = [int(one) for one in match[0] if one.isdigit()]
        if len(digits) in _CARD_DIGITS and len(set(digits)) > 1 and _is_luhn(digits):
            yield match.span()


def _is_luhn(digits: list[int]) -> bool:
    doubled = [2 * one - 9 * (2 * one >= _TEN) for one in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % _TEN == 0


def _addresses(text: str, regions: Sequence[str]) -> Iterator[tuple[int, int]]:
    del regions
    for pattern in (_IP4, _IP6):
        for match in pattern.finditer(text):
            plain = match[0].rstrip(".")
            plain = plain[:-1] if plain.endswith(":") and not plain.endswith("::") else plain
            try:
                found = ip_address(plain)
            except ValueError:
                continue
            # "a::b" is C++ before it is an address.
            if not found.is_unspecified and any(one.isdigit() for one in plain):
                yield match.start(), match.start() + len(plain)


def _phones(text: str, regions: Sequence[str]) -> Iterator[tuple[int, int]]:
    try:
        import phonenumbers
    except ImportError as cause:
        raise _missing_extra("phonenumbers", "pii", "finding phone numbers") from cause
    for region in (None, *regions):
        for match in phonenumbers.PhoneNumberMatcher(text, region):
            yield match.start, match.end


KINDS: dict[Kind, Callable[[str, Sequence[str]], Iterator[tuple[int, int]]]] = {
    "KEY": _keys,
    "EMAIL": _emails,
    "IBAN": _ibans,
    "CARD": _cards,
    "IP": _addresses,
    "SSN": _ssns,
    "PHONE": _phones,
}
"""What is looked for; of two that overlap, the earlier kind stands."""


def checked_regions(regions: Sequence[str]) -> tuple[str, ...]:
    """Check the regions whose national phone numbers are known.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    if isinstance(regions, str):
        raise InvalidInput("input.invalid", "regions is one text", f"({regions!r},)")
    try:
        from phonenumbers import SUPPORTED_REGIONS
    except ImportError as cause:
        raise _missing_extra("phonenumbers", "pii", "finding phone numbers") from cause
    for one in regions:
        if one not in SUPPORTED_REGIONS:
            raise InvalidInput(
                "input.invalid",
                f"no region {one!r} of phone numbers is known",
                "two capital letters, as in US, DE, GB",
            )
    return tuple(regions)


def found_in(text: str, kinds: Sequence[Kind], regions: Sequence[str]) -> list[Span]:
    """Give the spans of some kinds, in order and without overlap."""
    spans: list[Span] = []
    for kind, find in KINDS.items():
        if kind in kinds:
            spans.extend(Span(start, end, kind) for start, end in find(text, regions))
    return spans
