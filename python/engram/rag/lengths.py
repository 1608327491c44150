"""How long a text is: in characters, in tokens, or as somebody's function says.

Owns: `Length`, `as_counter`, `estimate_tokens`, and the rulers, which find how much text fits into
a length. Invariant: what a ruler gives fits, as long as it is more than one character. Limits: a
counter is called about six times for each chunk; it should cost no more than the tokenizers it
stands for.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable  # noqa: TC003 - `Length` is read at run time
from typing import Any, Literal, Protocol, TypeAlias

from engram.errors import InvalidInput

__all__ = [
    "CharacterRuler",
    "CountingRuler",
    "Length",
    "Ruler",
    "as_counter",
    "estimate_tokens",
    "ruler",
]


class Tokenizer(Protocol):
    """What `tiktoken`, `tokenizers` and `transformers` have in common."""

    def encode(self, text: str, /) -> Any:
        """Turn a text into something that has as many tokens as its length says."""


Length: TypeAlias = "Literal['characters', 'tokens'] | Callable[[str], int] | Tokenizer"
"""A unit by name, a function that counts, or a tokenizer (`tiktoken`, `tokenizers`)."""

_PIECES = re.compile(r"[A-Za-z]{1,6}|[0-9]{1,3}|\n+|[ \t]{2,}|[\u0080-\u058f]{1,2}|[^\sA-Za-z0-9]")
_ASTRAL = re.compile(r"[\U00010000-\U0010ffff]")
_FIRST_RATIO = 4.0
"""Characters in a token, until the text has shown its own ratio."""

_SLACK = 64
"""A chunk may stay this small a share below its limit, rather than be measured once more."""


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text, without a vocabulary.

    Counts six letters, three digits, one sign or one ideograph as a token. Beside a BPE vocabulary
    of 152,000 tokens (Qwen) it gives 1.1 to 1.2 times as many for English, 1.3 to 1.4 for code,
    Chinese and Russian, and three quarters for German, whose words are long: an estimate, mostly on
    the safe side. Where the number has to be right, pass the model's own tokenizer.
    """
    count = len(_PIECES.findall(text))
    return count if text.isascii() else count + len(_ASTRAL.findall(text))


def as_counter(length: Length) -> Callable[[str], int]:
    """Take a unit, a function or a tokenizer as a function from text to its length.

    Args:
        length: ``"characters"``; ``"tokens"`` (`estimate_tokens`); a function; or an object whose
            ``encode(text)`` gives tokens, such as those of `tiktoken` and `tokenizers`, whose
            special tokens are not counted; or a model with ``count_tokens(text)``, such as
            `engram.embed.Dense`, which counts them too, so that what fits its limit fits.

    Raises:
        InvalidInput: ``input.invalid`` where it is none of them, or a tokenizer that cuts or pads.
    """
    if length == "characters":
        return len
    if length == "tokens":
        return estimate_tokens
    for setting in ("truncation", "padding"):
        # transformers has a `padding_side`, not a `padding`; tokenizers keeps them in its file.
        if isinstance(getattr(length, setting, None), dict):
            raise InvalidInput(
                "input.invalid",
                f"the tokenizer has {setting} switched on, so it cannot count",
                f"call its no_{setting}() first",
            )
    if not isinstance(length, str):
        for ready in (_of_model(length), _of_tiktoken(length), _of_tokenizers(length)):
            if ready is not None:
                return ready
        if callable(length):
            return _checked(length)
    raise InvalidInput(
        "input.invalid",
        f"length is {length!r}",
        '"characters", "tokens", a function from text to int, or a tokenizer with `encode`',
    )


def _of_model(length: Any) -> Callable[[str], int] | None:
    count = getattr(length, "count_tokens", None)
    return _checked(count) if callable(count) else None


def _of_tiktoken(length: Any) -> Callable[[str], int] | None:
    encode = getattr(length, "encode_ordinary", None)
    return (lambda text: len(encode(text))) if callable(encode) else None


def _of_tokenizers(length: Any) -> Callable[[str], int] | None:
    encode = getattr(length, "encode", None)
    if not callable(encode):
        return None

    def count(text: str) -> int:
        try:
            tokens = encode(text, add_special_tokens=False)
        except TypeError:
            tokens = encode(text)
        if hasattr(tokens, "shape"):
            raise InvalidInput(
                "input.invalid",
                f"length is {length!r}, an embedder: its encode gives a vector, not tokens",
                'a tokenizer, a model with count_tokens, or "tokens"',
            )
        return len(tokens)

    return count


def _checked(function: Callable[[str], int]) -> Callable[[str], int]:
    def count(text: str) -> int:
        value: object = function(text)
        try:
            number = operator.index(value)  # type: ignore[arg-type] # that is the question
        except TypeError:
            number = -1
        if number < 0:
            raise InvalidInput(
                "input.invalid",
                f"the function given as length returned {value!r}",
                "return the number of units in the text: an int, 0 or more",
            )
        return number

    return count


class Ruler(Protocol):
    """Measures how much of a text fits."""

    def reach(self, text: str, start: int, stop: int) -> int:
        """Give the furthest end up to `stop` of a chunk from `start`; always behind `start`."""

    def back(self, text: str, start: int, end: int) -> int:
        """Give the first place from `start` on from where the overlap reaches to `end`."""

    def fits(self, text: str, start: int, end: int) -> bool:
        """Say whether that is a chunk that is not too long."""


class CharacterRuler:
    """Measures in characters."""

    def __init__(self, size: int, overlap: int) -> None:
        self._size = size
        self._overlap = overlap

    def reach(self, text: str, start: int, stop: int) -> int:
        """See `Ruler`."""
        del text
        return min(start + self._size, stop)

    def back(self, text: str, start: int, end: int) -> int:
        """See `Ruler`."""
        del text
        return max(start, end - self._overlap)

    def fits(self, text: str, start: int, end: int) -> bool:
        """See `Ruler`."""
        del text
        return end - start <= self._size


class CountingRuler:
    """Measures with a counter, of which it only supposes that more text is seldom less long."""

    def __init__(self, size: int, overlap: int, count: Callable[[str], int]) -> None:
        self._size = size
        self._overlap = overlap
        self._count = count

    def reach(self, text: str, start: int, stop: int) -> int:
        """See `Ruler`."""
        longest = self._longest(lambda n: text[start : start + n], stop - start, self._size)
        return start + max(longest, 1)

    def back(self, text: str, start: int, end: int) -> int:
        """See `Ruler`."""
        if not self._overlap:
            return end
        return end - self._longest(lambda n: text[end - n : end], end - start, self._overlap)

    def fits(self, text: str, start: int, end: int) -> bool:
        """See `Ruler`."""
        return self._count(text[start:end]) <= self._size

    def _longest(self, part: Callable[[int], str], most: int, limit: int) -> int:
        """Find about the most characters whose part is within the limit.

        The next guess comes from the ratio that the last one showed, and stays within the bounds
        known by then; every second one halves them, so that an odd counter costs no more than
        bisection.
        """
        fits, exceeds = 0, most + 1
        guess = min(most, int(limit * _FIRST_RATIO) + 1)
        halve = False
        # The slack is for where it ends within the text; what is left of it whole is worth knowing.
        while exceeds - fits > (1 + fits // _SLACK if exceeds <= most else 1):
            count = self._count(part(guess))
            if count <= limit:
                fits = guess
            else:
                exceeds = guess
            wanted = int(guess * limit / max(count, 1)) if count else guess * 2
            if exceeds > most:
                wanted = max(wanted, guess + guess // 8 + 1)
            elif halve:
                wanted = (fits + exceeds) // 2
            halve = exceeds <= most and not halve
            guess = min(max(wanted, fits + 1), exceeds - 1)
        return fits


def ruler(size: int, overlap: int, length: Length) -> Ruler:
    """Make the ruler of a splitter."""
    count = as_counter(length)
    return CharacterRuler(size, overlap) if count is len else CountingRuler(size, overlap, count)
