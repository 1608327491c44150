"""Splitting text into passages with exact offsets.

Owns: `split_passages`. Invariants (property-tested): every passage is ``text[start:end]``; passages
are in order and do not overlap; together they hold every character that is no white space; none is
longer than asked. Breaks fall between paragraphs where they can, else between sentences, else
between words, else anywhere. Complexity: linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_CHARS", "Passage", "split_passages"]

MAX_CHARS = 1_000
"""Characters in a passage at most, unless told otherwise: about 200 words, one thought or two."""

_PARAGRAPH_GAP = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE_GAP = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])[\"')\]]*\s+")
_WORD_GAP = re.compile(r"\s+")
_HEADING = re.compile(r"#{1,6}[ \t]+(\S.*?)[ \t#]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")

Span = tuple[int, int]


@dataclass(frozen=True)
class Passage:
    """A part of a text.

    Attributes:
        text: The passage: ``source[start:end]``.
        start: Offset of its first character.
        end: Offset behind its last character.
        title: The heading that it stands under, or None.
    """

    text: str
    start: int
    end: int
    title: str | None = None


def split_passages(
    text: str, *, max_chars: int = MAX_CHARS, headings: bool = False
) -> list[Passage]:
    """Split a text into passages.

    Args:
        text: The text.
        max_chars: Characters in a passage at most, 1 or more.
        headings: Whether Markdown headings (``# ...``) start a passage and give it its title.

    Returns:
        The passages in order; none for a text of white space.

    Raises:
        InvalidInput: ``input.invalid`` where `max_chars` is below 1.
    """
    if max_chars < 1:
        raise InvalidInput("input.invalid", f"max_chars is {max_chars}, below 1")
    marks = list(_headings(text)) if headings else []
    bounds = [0, *(start for start, _ in marks if start > 0), len(text)]
    titles: list[str | None] = [title for _, title in marks]
    if not marks or marks[0][0] > 0:
        titles.insert(0, None)
    passages: list[Passage] = []
    for (start, end), title in zip(pairwise(bounds), titles, strict=True):
        spans = _packed(_pieces(text, (start, end), max_chars), max_chars)
        passages.extend(Passage(text[a:b], a, b, title) for a, b in spans)
    return passages


def _headings(text: str) -> Iterator[tuple[int, str]]:
    """Find Markdown headings outside of fenced code: where each starts, and its words."""
    start = 0
    fence: str | None = None
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        heading = _HEADING.match(line.rstrip())
        if mark is not None and fence is None:
            fence = mark.group(1)
        elif mark is not None and fence is not None and mark.group(1).startswith(fence):
            fence = None
        elif heading is not None and fence is None:
            yield start, heading.group(1)
        start += len(line)


def _packed(pieces: Iterator[Span], max_chars: int) -> Iterator[Span]:
    """Join neighbouring pieces as long as they stay within the limit."""
    start = end = -1
    for piece_start, piece_end in pieces:
        if start >= 0 and piece_end - start <= max_chars:
            end = piece_end
            continue
        if start >= 0:
            yield start, end
        start, end = piece_start, piece_end
    if start >= 0:
        yield start, end


def _pieces(text: str, span: Span, max_chars: int) -> Iterator[Span]:
    """Cut a span into paragraphs, and those that are too long further, down to single characters.

    A paragraph that has to be cut is packed by itself, so that a passage does not start in the
    middle of one paragraph and end in the middle of the next.
    """
    for paragraph in _cut(text, span, _PARAGRAPH_GAP):
        if paragraph[1] - paragraph[0] <= max_chars:
            yield paragraph
        else:
            yield from _packed(_sentences(text, paragraph, max_chars), max_chars)


def _sentences(text: str, paragraph: Span, max_chars: int) -> Iterator[Span]:
    for sentence in _cut(text, paragraph, _SENTENCE_GAP):
        if sentence[1] - sentence[0] <= max_chars:
            yield sentence
        else:
            yield from _packed(_words(text, sentence, max_chars), max_chars)


def _words(text: str, sentence: Span, max_chars: int) -> Iterator[Span]:
    for start, end in _cut(text, sentence, _WORD_GAP):
        for piece in range(start, end, max_chars):
            yield piece, min(piece + max_chars, end)


def _cut(text: str, span: Span, gap: re.Pattern[str]) -> Iterator[Span]:
    """Cut a span at gaps; what surrounds the pieces is white space only."""
    start, stop = span
    for match in gap.finditer(text, start, stop):
        yield from _stripped(text, start, match.end())
        start = match.end()
    yield from _stripped(text, start, stop)


def _stripped(text: str, start: int, end: int) -> Iterator[Span]:
    """Give the span without white space around it, if anything is left."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
