"""The words of a text that say something.

Owns: `terms` and `numbers`. Words are folded and cut to a stem of sorts; of scripts without spaces,
pairs of neighbouring characters count (as in CJK analysis by bigrams). Words that only hold a
sentence together are left out, in eight languages.
"""

from __future__ import annotations

import re
import unicodedata

from engram.answer.wording import EMPTY, EMPTY_PAIRS

__all__ = ["IS_UNSPACED", "numbers", "terms"]

# Kana, ideographs and Hangul; Thai, Lao, Burmese and Khmer.
_UNSPACED = (
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
_PIECE = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:['\u2019][^\W_]+)?")
IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_NUMBER = re.compile(r"\d+(?:[.,:/\u2019'\u00a0\u202f]\d{1,3}\b)*")
_DIGITS = re.compile(r"\d+")
_ENDINGS = (
    "ingly",
    "edly",
    "ings",
    "ing",
    "ies",
    "ied",
    "ed",
    "es",
    "en",
    "er",
    "em",
    "s",
    "e",
    "n",
)
_SHORTEST_STEM = 4


def terms(text: str) -> list[str]:
    """Give the terms of a text, in order and as often as they stand there."""
    found: list[str] = []
    for piece in _PIECE.findall(unicodedata.normalize("NFKC", text).casefold()):
        if IS_UNSPACED.match(piece):
            pairs = [piece[at : at + 2] for at in range(max(len(piece) - 1, 1))]
            found.extend(pair for pair in pairs if pair not in EMPTY_PAIRS)
            continue
        word = re.sub(r"['\u2019].*$", "", piece) if piece[-2:-1] in "'\u2019" else piece
        if word and word not in EMPTY and (len(word) > 1 or word.isdigit()):
            found.append(_stem(word))
    return found


def numbers(text: str) -> list[str]:
    """Give the numbers of a text as their digits alone, so that 1,500 and 1500 are the same."""
    folded = unicodedata.normalize("NFKC", text)
    return ["".join(_DIGITS.findall(one)) for one in _NUMBER.findall(folded)]


def _stem(word: str) -> str:
    """Cut the endings off that most often vary; Harman's S stemmer (1991) and a little more."""
    if word.isdigit() or len(word) <= _SHORTEST_STEM:
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM - 1:
            stem = word[: -len(ending)]
            return stem + "y" if ending in {"ies", "ied"} else stem
    return word
