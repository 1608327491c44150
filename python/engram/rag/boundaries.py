"""Where a text can be cut without breaking what a reader sees as one character.

Owns: `parts_a_character` and `whole`. A small part of Unicode's rules for grapheme clusters (UAX
29): line ends of two characters, combining marks, variation selectors, emoji with skin tones or
joiners, flags, tags, and Hangul written in letters. Limits: looks at a bounded number of
characters.
"""

from __future__ import annotations

from unicodedata import category

__all__ = ["parts_a_character", "whole"]

_FIRST_MARK = "\u0300"
_NON_JOINER, _JOINER = "\u200c", "\u200d"
_MARKS = frozenset({"Mn", "Me", "Mc"})
_LONGEST = 64
"""Characters of one cluster that are looked at; the longest emoji has ten, stacked marks a few
more."""


def parts_a_character(text: str, at: int) -> bool:
    """Say whether a cut before ``text[at]`` would part what belongs together."""
    if not 0 < at < len(text):
        return False
    after, before = text[at], text[at - 1]
    if after < _FIRST_MARK:
        return after == "\n" and before == "\r"
    if before == _JOINER or after in {_JOINER, _NON_JOINER}:
        return True
    if _is_flag_letter(after):
        return _flag_letters_before(text, at) % 2 == 1
    return (
        category(after) in _MARKS
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= after <= "\U000e007f"  # tags: the flags of countries within countries
        or "\u1160" <= after <= "\u11ff"  # Hangul vowels and finals
    )


def whole(text: str, at: int, floor: int) -> int:
    """Give the last place up to `at`, behind `floor`, that parts nothing; `at` if there is none."""
    for place in range(at, max(floor, at - _LONGEST), -1):
        if not parts_a_character(text, place):
            return place
    return at


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _flag_letters_before(text: str, at: int) -> int:
    count = 0
    while count < min(at, _LONGEST) and _is_flag_letter(text[at - count - 1]):
        count += 1
    return count
