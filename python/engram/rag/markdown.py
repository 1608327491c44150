"""Splitting Markdown by its structure.

Owns: `MarkdownTextSplitter`. The blocks are those of `markdown-it-py` (CommonMark and tables), of
which only the block phase runs. Invariants: those of every splitter; a heading starts a chunk; a
chunk ends within a row of a table or a line of code only where that alone is too long. Limits:
front matter between ``---`` lines is a block of its own; other extensions are read as paragraphs.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from engram.rag.boundaries import parts_a_character
from engram.rag.chunks import Chunk
from engram.rag.packing import LINES, WIDE_ENDS, WORDS, Places, Separators, spans
from engram.rag.splitters import TextSplitter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

    from engram.rag.packing import Span

__all__ = ["MarkdownTextSplitter"]

_LINE_END = re.compile(r"\r\n?|\n")
# Its first line has a key, so that a rule at the start of a page is none.
_FRONT_MATTER = re.compile(
    r"---[ \t]*(?:\r\n?|\n)(?=[\w\"'][^\r\n]*:)"
    r"(?:[^\r\n]*(?:\r\n?|\n))*?(?:---|\.\.\.)[ \t]*(?:\r\n?|\n|\Z)"
)
_SENTENCE_ENDS = tuple(f"{end}{gap}" for end in ".!?" for gap in (" ", "\n", "\r\n", '" ', ") "))
# Line ends within a paragraph say little in Markdown.
_WITHIN = Separators([(*_SENTENCE_ENDS, *WIDE_ENDS), LINES, WORDS])
_ROWS_KEPT = 1
"""Rows that stay with the header of their table, and lines with the opening fence of their code."""


class MarkdownTextSplitter(TextSplitter):
    r"""Splits Markdown between headings, then blocks, items, rows, lines of code, and sentences.

    A heading always starts a chunk, unless nothing but headings stand before it. Chunks carry their
    headings as `Chunk.path`, and those that start within a table its header rows as `Chunk.header`.
    Tables and code stay whole where they fit, and are cut between rows and lines where they do not.
    An overlap never reaches across a heading.

    Example:
        >>> from engram.rag import MarkdownTextSplitter
        >>> [chunk.path for chunk in MarkdownTextSplitter().split("# A\nx\n## B\ny")]
        [('A',), ('A', 'B')]
    """

    def _chunks(self, text: str) -> Iterator[Chunk]:
        outline = _Outline(text)
        breaks = outline.breaks()
        for section in outline.sections:
            for start, end in spans(text, section.span, breaks, self._ruler):
                opens = section.opens if start == section.span[0] else 0
                yield Chunk(
                    text[start:end], start, end, section.path, opens, outline.header_at(start)
                )


@dataclass(frozen=True, slots=True)
class _Section:
    """What stands between a heading and the next."""

    span: Span
    path: tuple[str, ...]
    opens: int


@dataclass(slots=True)
class _Table:
    """Where the rows of a table are, and what they are headed by."""

    span: Span
    header: str


@dataclass(slots=True)
class _Heading:
    at: int
    body: int
    depth: int
    words: str


@dataclass(slots=True)
class _Outline:
    """The structure of one text: its sections, the places between blocks, what is solid."""

    text: str
    sections: list[_Section] = field(init=False)
    _solid: list[Span] = field(default_factory=list)
    _tables: list[_Table] = field(default_factory=list)
    _lines: list[int] = field(init=False)
    _blocks: list[int] = field(default_factory=list)
    _nested: list[int] = field(default_factory=list)
    _rows: list[int] = field(default_factory=list)
    _openings: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        front = _FRONT_MATTER.match(self.text)
        body = front.end() if front else 0
        ends = _LINE_END.finditer(self.text, body)
        self._lines = [body, *(match.end() for match in ends)]
        if front:
            self._blocks.append(body)
        self.sections = self._read(_parser().parse(self.text[body:]))

    def breaks(self) -> Places:
        """Give where to break."""
        blocks, nested, rows, openings = (
            [place for place in sorted(set(level)) if not parts_a_character(self.text, place)]
            for level in (self._blocks, self._nested, self._rows, self._openings)
        )
        return Places([blocks, nested, rows], _WITHIN, ends=[openings], solid=self._solid)

    def header_at(self, start: int) -> str | None:
        """Give the header of the table whose rows a chunk starts within."""
        at = bisect_right(self._tables, start, key=lambda table: table.span[0]) - 1
        if at >= 0 and start < self._tables[at].span[1]:
            return self._tables[at].header
        return None

    def _place(self, line: int) -> int:
        return self._lines[line] if line < len(self._lines) else len(self.text)

    def _read(self, tokens: Sequence[Token]) -> list[_Section]:
        headings: list[_Heading] = []
        for index, token in enumerate(tokens):
            if token.map is None or token.nesting < 0 or token.type == "inline":
                continue
            first, last = token.map
            # A heading is parted from what it stands over only where they cannot stay together.
            opening = (
                bool(headings) and not self.text[headings[-1].body : self._place(first)].strip()
            )
            level = self._openings if opening else self._nested if token.level else self._blocks
            level.append(self._place(first))
            if token.type == "heading_open" and token.level == 0:
                words = " ".join(tokens[index + 1].content.split())
                place = _Heading(self._place(first), self._place(last), int(token.tag[1]), words)
                headings.append(place)
                self._solid.append((place.at, place.body))
            elif token.type == "table_open":
                self._read_table(first, last)
            elif token.type in {"fence", "code_block"}:
                fenced = token.type == "fence"
                self._solidify(first, last, first + 1 + fenced * _ROWS_KEPT, last - fenced)
        return _sections(self.text, headings)

    def _read_table(self, first: int, last: int) -> None:
        """Note the rows of a table: two lines are its header, and the first row stays with them."""
        rows = first + 2
        header = self.text[self._place(first) : self._place(rows)].rstrip()
        if rows < last:
            self._tables.append(_Table((self._place(rows), self._place(last)), header))
        self._solidify(first, last, rows + _ROWS_KEPT, last)

    def _solidify(self, first: int, last: int, row: int, end: int) -> None:
        self._solid.append((self._place(first), self._place(last)))
        self._rows.extend(self._place(line) for line in range(row, end))


def _sections(text: str, headings: list[_Heading]) -> list[_Section]:
    """Make a section of each heading that has a body, and of those without what follows them."""
    bounds = [*(one.at for one in headings), len(text)]
    found: list[_Section] = []
    start = 0
    if headings and text[: headings[0].at].strip():
        found.append(_Section((0, headings[0].at), (), 0))
        start = headings[0].at
    elif not headings:
        return [_Section((0, len(text)), (), 0)] if text else []
    above: list[_Heading] = []
    for heading, (_, end) in zip(headings, pairwise(bounds), strict=True):
        above = [*(one for one in above if one.depth < heading.depth), heading]
        if end == len(text) or text[heading.body : end].strip():
            opens = sum(one.at >= start for one in above)
            found.append(_Section((start, end), tuple(one.words for one in above), opens))
            start = end
    return found


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser
