"""Sentences of a text, with their exact places.

Owns: `split_sentences`. Invariants (property-tested): a sentence is exactly ``text[start:end]``;
sentences are in order and do not overlap; between them is nothing but white space; none is empty.
Rules, no model: what ends sentences in Latin, Greek, Cyrillic, Arabic, Indic, Chinese and Japanese
writing; abbreviations, initials and ordinals of seven languages; blocks and items of Markdown.
Limits: an abbreviation that is in no list ends a sentence where a capital follows. Complexity:
linear in the text.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from engram.answer.wording import BEGINNINGS, MONTHS, NEVER_LAST, ORDINAL_BEFORE, SELDOM_LAST
from engram.checks import proper_str
from engram.rag import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["split_sentences"]

_LONGEST = 1_000
"""Characters; what is longer has no sentences (a table, a log): it is cut at lines or words."""

_FULL = 0.7
"""Share of the longest line of a paragraph: below it, a line was not broken to fit a page."""

_ORDINAL_DIGITS = 3
_STOPS = r"(?:\.[ \u00a0]){1,3}\.|[.!?\u2026\u061f\u06d4\u0964\u0965]+"
_CLOSING = "\"'\u2019\u201d\u00bb)\\]\u300d\u300f\uff09\u3011"
_MARKS = r"(?:[ \t]*\[\d+(?:\s*[,;\u2013-]\s*\d+)*\])*"
"""Citations behind the end of a sentence are part of it."""

_END = re.compile(
    rf"(?P<spaced>{_STOPS})[{_CLOSING}]*{_MARKS}(?=\s|$)"
    rf"|(?P<tight>[\u3002\uff01\uff1f\uff61]+)[{_CLOSING}]*{_MARKS}"
)
_PARAGRAPH = re.compile(r"(?:[ \t]*(?:\r\n?|\n)){2,}")
_LINE = re.compile(r"\r\n?|\n")
_ITEM = re.compile(r"[ \t]*(?:[-*+\u2022\u2013][ \t]|\d{1,3}[.)][ \t]|#{1,6} |[|>]|```|~~~)")
_WORD_BEFORE = re.compile(r"[^\s(\[\"'\u201c\u201e\u00ab]+$")
_LETTERS_WITH_STOPS = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}$")


def split_sentences(text: str) -> list[Chunk]:
    """Split a text into its sentences.

    Headings, items of lists and rows of tables count as sentences of their own; lines that were
    broken to fit a page do not.

    Args:
        text: The text, in any language.

    Returns:
        The sentences in order: `Chunk.text` is exactly ``text[start:end]``, without white space
        around it. None for a text of white space.

    Example:
        >>> from engram.answer import split_sentences
        >>> [one.text for one in split_sentences("Dr. Who arrived at 5 p.m. He left. Why?")]
        ['Dr. Who arrived at 5 p.m.', 'He left.', 'Why?']
    """
    proper_str(text, "the text")
    found: list[Chunk] = []
    for start, end in _blocks(text):
        for first, last in _within(text, start, end):
            found.extend(_stripped(text, first, last))
    return found


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Give paragraphs, items and rows: what no sentence goes beyond."""
    start = 0
    for gap in _PARAGRAPH.finditer(text):
        yield from _lines(text, start, gap.start())
        start = gap.end()
    yield from _lines(text, start, len(text))


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Part a paragraph at lines that are no continuations."""
    breaks = list(_LINE.finditer(text, start, end))
    bounds = [start, *(match.end() for match in breaks), end]
    longest = max(after - before for before, after in pairwise(bounds))
    begun = start
    for place, match in enumerate(breaks):
        line = text[bounds[place] : match.start()]
        following = text[match.end() : bounds[place + 2]]
        if _parts(line, following, longest):
            yield begun, match.start()
            begun = match.end()
    yield begun, end


def _parts(line: str, following: str, longest: int) -> bool:
    """Say whether a line ends what it says, by how it and the next one look."""
    if _ITEM.match(following) or line.lstrip().startswith(("#", "|", "```", "~~~")):
        return True
    # A line that had room for the next word was ended by somebody.
    head = following.lstrip()
    room = len(line) + len(head.split(" ", 1)[0]) + 1 < longest * _FULL
    return room and bool(head) and not head[0].islower()


def _within(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    begun = start
    for match in _END.finditer(text, start, end):
        if match.end() < end and match["spaced"] and not _ends(text, match, begun, end):
            continue
        yield begun, match.end()
        begun = match.end()
    yield begun, end


def _ends(text: str, match: re.Match[str], begun: int, end: int) -> bool:
    """Say whether a stop with white space behind it ends a sentence."""
    if match.start() > begun and text[match.start() - 1].isspace() and len(match["spaced"]) == 1:
        return True  # the stops of text that was cut into words stand alone
    rest = text[match.end() : min(end, match.end() + 60)].lstrip()
    if not rest:
        return True
    head = rest.lstrip("\"'\u201c\u201e\u00ab(\u00bf\u00a1[*_")
    if head[:1].islower():
        return False
    if match["spaced"] != ".":
        return True
    before = _WORD_BEFORE.search(text, max(begun, match.start() - 40), match.start())
    return not (before and _is_short(before[0], head, text[begun : before.start()]))


def _is_short(word: str, head: str, earlier: str) -> bool:
    """Say whether the stop behind a word belongs to the word."""
    lowered = word.casefold()
    following = re.match(r"[^\W\d_]+", head)
    next_word = following[0].casefold() if following else ""
    if lowered in NEVER_LAST:
        # "No." and "Art." stand before numbers; alone they are words.
        return lowered not in {"no", "art", "ed", "do", "don", "al", "str"} or not following
    if lowered in SELDOM_LAST or _LETTERS_WITH_STOPS.fullmatch(word):
        return next_word not in BEGINNINGS
    if len(word) == 1 and word.isalpha() and word.isupper():
        # "and I. Then" ends; "J. Smith" does not.
        return not (word == "I" and re.search(r"[a-z] $", earlier))
    if word.isdigit() and len(word) <= _ORDINAL_DIGITS:
        *_, last = ["", *earlier.casefold().split()]
        return not last or last in ORDINAL_BEFORE or next_word in MONTHS
    return False


def _stripped(text: str, start: int, end: int) -> Iterator[Chunk]:
    """Give a span without white space around it; in parts where it is too long."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > _LONGEST:
        cut = max(text.rfind("\n", start, start + _LONGEST), -1)
        if cut <= start:
            cut = text.rfind(" ", start, start + _LONGEST)
        cut = cut if cut > start else start + _LONGEST
        yield from _stripped(text, start, cut)
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield Chunk(text[start:end], start, end)
