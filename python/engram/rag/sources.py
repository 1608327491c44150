"""Reading text, Markdown and HTML so that offsets into the source stay known.

Owns: `Source` and `read_source`. Invariant: `Source.span` maps a range of the extracted text to the
smallest range of the source that holds it; for all but HTML the two are the same. Limits: the
HTML reader is the standard library's tolerant parser: no scripts, no styles, no rendering.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias

from engram.errors import InvalidInput

if TYPE_CHECKING:
    from engram.rag.chunks import Chunk
    from engram.rag.splitters import TextSplitter

__all__ = ["KINDS", "Kind", "Source", "kind_of", "read_source"]

Kind: TypeAlias = Literal["text", "markdown", "html", "pdf"]

KINDS: dict[str, Kind] = {
    ".txt": "text",
    ".text": "text",
    ".rst": "text",
    ".log": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
}
"""The kind of a file by the end of its name."""

_SILENT = frozenset({"script", "style", "template", "noscript", "svg", "head"})
_INLINE_TAGS = (
    "a abbr b bdi bdo cite code data dfn em font i kbd label mark q s samp small span strong sub "
    "sup time tt u var wbr"
)
_LINES = frozenset({"br", "dd", "dt", "li", "td", "th", "tr"})
_VOID_TAGS = "area base br col embed hr img input link meta source track wbr"
_INLINE = frozenset(_INLINE_TAGS.split())
_VOID = frozenset(_VOID_TAGS.split())


@dataclass(frozen=True)
class Source:
    """A text with the way back to where it came from.

    Attributes:
        text: The extracted text; for text and Markdown, the source itself.
        title: The title that the source gives itself, or None.
        kind: ``text``, ``markdown``, ``html`` or ``pdf``.
    """

    text: str
    title: str | None
    kind: Kind
    _runs: tuple[tuple[int, int, int], ...] = field(default=(), repr=False)
    _pages: tuple[int, ...] = field(default=(), repr=False)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Map ``text[start:end]``, not empty, to a range of the source."""
        if not self._runs:
            return start, end
        return self._place(start)[0], self._place(end - 1)[1]

    def split(self, splitter: TextSplitter) -> list[Chunk]:
        """Split the text; a chunk is never on two pages, so that each has one page to be cited."""
        if not self._pages:
            return splitter.split(self.text)
        return [
            replace(chunk, start=chunk.start + start, end=chunk.end + start)
            for start, end in pairwise([*self._pages, len(self.text)])
            for chunk in splitter.split(self.text[start:end])
        ]

    def page(self, offset: int) -> int | None:
        """Give the page that a character of the text is on, from 1; None where there are none."""
        return bisect_right(self._pages, offset) if self._pages else None

    def _place(self, offset: int) -> tuple[int, int]:
        """Give the source range of one extracted character."""
        index = bisect_right(self._runs, offset, key=lambda run: run[0]) - 1
        begin, source, width = self._runs[max(index, 0)]
        if width:  # One reference, such as "&amp;", made the whole run.
            return source, source + width
        return source + offset - begin, source + offset - begin + 1


def kind_of(name: str) -> Kind | None:
    """Tell the kind of a file from its name, or None."""
    dot = name.rfind(".")
    return KINDS.get(name[dot:].lower()) if dot >= 0 else None


def read_source(content: str, kind: Kind = "text") -> Source:
    """Read a source: extract its text and keep the way back.

    Args:
        content: What the file holds.
        kind: ``text``, ``markdown`` (kept as it is, its first heading is the title) or ``html``
            (tags dropped, entities resolved, blocks as paragraphs).

    Raises:
        InvalidInput: ``input.invalid`` for ``pdf``, which is no text: `read_pdf` reads it.
    """
    if kind == "pdf":
        raise InvalidInput("input.invalid", "a PDF file is no text", "read_pdf(path)")
    if kind == "html":
        reader = _HtmlReader(content)
        title = " ".join((reader.title or "").split()) or None
        return Source("".join(reader.parts), title, kind, tuple(reader.runs))
    title = None
    if kind == "markdown":
        for line in content.splitlines():
            if line.startswith("#"):
                title = line.strip("# \t") or None
                break
    return Source(content, title, kind)


class _HtmlReader(HTMLParser):
    """Collects the visible text of a page, each run with its offset in the source."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self.runs: list[tuple[int, int, int]] = []
        self.title: str | None = None
        self._length = 0
        self._silent = 0
        self._in_title = False
        self._content = content
        # The parser counts lines by "\n" alone.
        self._lines = [0, *(i + 1 for i, char in enumerate(content) if char == "\n")]
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._in_title = tag == "title" and self.title is None
        if tag in _SILENT and tag not in _VOID:
            self._silent += 1
        elif tag not in _INLINE:
            self._break("\n" if tag in _LINES else "\n\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag not in _INLINE and tag not in _SILENT:
            self._break("\n")

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False
        if tag in _SILENT:
            self._silent = max(self._silent - 1, 0)
        elif tag not in _INLINE | _VOID | _LINES:
            self._break("\n\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title = (self.title or "") + data
        elif not self._silent:
            self._add(data, 0)

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name}", f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name}", f"&#{name};")

    def _reference(self, bare: str, full: str) -> None:
        if self._in_title:
            self.title = (self.title or "") + unescape(full)
        elif not self._silent:
            end = self._offset() + len(bare)
            whole = self._content[end : end + 1] == ";"
            self._add(unescape(full), len(full if whole else bare))

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def _add(self, text: str, width: int) -> None:
        if text:
            self.runs.append((self._length, self._offset(), width))
            self.parts.append(text)
            self._length += len(text)

    def _break(self, gap: str) -> None:
        if self.parts and not self._silent:
            self.runs.append((self._length, self._offset(), 1))
            self.parts.append(gap)
            self._length += len(gap)
