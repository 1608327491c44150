"""Reading text, Markdown and HTML so that offsets into the source stay known.

Owns: `Source` and `read_source`. Invariant: `Source.span` maps a range of the extracted text to the
smallest range of the source that holds it; for all but HTML the two are the same. Limits: the
HTML reader is the standard library's tolerant parser: no scripts, no styles, no rendering.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from typing import Any


__all__ = ["KINDS", "HtmlReader", "Kind", "Source", "kind_of", "read_source"]

Kind: TypeAlias = Literal["text", "markdown", "html"]

KINDS: dict[str, Kind] = {
    ".txt": "text",
    ".text": "text",
    ".rst": "text",
    ".log": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
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
        kind: ``text``, ``markdown`` or ``html``.
    """

    text: str
    title: str | None
    kind: Kind
    _runs: tuple[tuple[int, int, int], ...] = field(default=(), repr=False)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Map ``text[start:end]``, not empty, to a range of the source."""
        if not self._runs:
            return start, end
        return self._place(start)[0], self._place(end - 1)[1]

    def where(self, offset: int) -> dict[str, Any]:
        """Say where a character of the text is, as metadata: a text has no pages or sheets."""
        del offset
        return {}

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
    """
    if kind == "html":
        return HtmlReader(content).source()
    title = None
    if kind == "markdown":
        for line in content.splitlines():
            if line.startswith("#"):
                title = line.strip("# \t") or None
                break
    return Source(content, title, kind)


class HtmlReader(HTMLParser):
    """Collects the visible text of a page, each run with its offset in the source."""

    def __init__(self, content: str) -> None:
        """Read a page."""
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

    def source(self) -> Source:
        """Give what was read."""
        title = " ".join((self.title or "").split()) or None
        return Source("".join(self.parts), title, "html", tuple(self.runs))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what starts."""
        del attrs
        self._in_title = tag == "title" and self.title is None
        if tag in _SILENT and tag not in _VOID:
            self._silent += 1
        elif tag not in _INLINE:
            self._break("\n" if tag in _LINES else "\n\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what starts and ends at once."""
        del attrs
        if tag not in _INLINE and tag not in _SILENT:
            self._break("\n")

    def handle_endtag(self, tag: str) -> None:
        """Note what ends."""
        self._in_title = False
        if tag in _SILENT:
            self._silent = max(self._silent - 1, 0)
        elif tag not in _INLINE | _VOID | _LINES:
            self._break("\n\n")

    def handle_data(self, data: str) -> None:
        """Take text."""
        if self._in_title:
            self.title = (self.title or "") + data
        elif not self._silent:
            self._add(data, 0)

    def handle_entityref(self, name: str) -> None:
        """Take a character given by its name."""
        self._reference(f"&{name}", f"&{name};")

    def handle_charref(self, name: str) -> None:
        """Take a character given by its number."""
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
