"""A part of a text that knows where it came from.

Owns: `Chunk`. Invariant: ``text[chunk.start:chunk.end] == chunk.text`` for the text that was split;
what a chunk stands under is beside its text, never in it, so that the offsets stay exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Chunk"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a text. Frozen.

    Attributes:
        text: The part: ``source[start:end]``.
        start: Offset of its first character.
        end: Offset behind its last character.
        path: What it stands under, outermost first: headings of Markdown, definitions of code.
        opens: How many of the last parts of the path its own text opens with.
        header: The header rows of the table that it starts within, or None.
    """

    text: str
    start: int
    end: int
    path: tuple[str, ...] = ()
    opens: int = 0
    header: str | None = None

    @property
    def context(self) -> str:
        """What the text does not say itself: the path above it, and the header of its table."""
        above = self.path[: len(self.path) - self.opens]
        lines = [" > ".join(above)] if above else []
        return "\n".join([*lines, self.header] if self.header else lines)

    @property
    def contextual(self) -> str:
        """The text with its context before it: what to embed or to show to a model."""
        context = self.context
        if not context:
            return self.text
        # Rows read as a table only right below their header.
        gap = "\n" if self.header else "\n\n"
        return f"{context}{gap}{self.text}"

    def strip(self) -> Chunk:
        """Give the chunk without white space around it, and the offsets of what is left."""
        text = self.text.strip()
        start = self.start + len(self.text) - len(self.text.lstrip()) if text else self.start
        return replace(self, text=text, start=start, end=start + len(text))

    def to_dict(self) -> dict[str, Any]:
        """Give the chunk as JSON-able data."""
        plain: dict[str, Any] = {"text": self.text, "start": self.start, "end": self.end}
        if self.path:
            plain["path"] = list(self.path)
            plain["opens"] = self.opens
        if self.header is not None:
            plain["header"] = self.header
        return plain
