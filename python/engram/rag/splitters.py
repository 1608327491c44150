"""Splitters of plain text, and what all splitters have in common.

Owns: `TextSplitter`, `RecursiveCharacterTextSplitter`, `TokenTextSplitter`. Invariants of every
splitter (property-tested): a chunk is exactly ``text[start:end]``; chunks are in order; together
they hold every character of the text, white space too; none is longer than `chunk_size`, nor shares
more than `chunk_overlap` with the one before. Complexity: linear in the text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from engram.checks import proper_str
from engram.errors import InvalidInput
from engram.rag.chunks import Chunk
from engram.rag.lengths import ruler
from engram.rag.packing import LINES, PARAGRAPHS, SENTENCES, WORDS, Separators, spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engram.rag.lengths import Length

__all__ = ["CHUNK_SIZE", "RecursiveCharacterTextSplitter", "TextSplitter", "TokenTextSplitter"]

CHUNK_SIZE = 1_000
"""Characters in a chunk at most, unless told otherwise: about 200 words, one thought or two."""

TOKEN_CHUNK_SIZE = 256
"""Tokens in a chunk of `TokenTextSplitter`: what most small embedders read of a text."""


class TextSplitter(ABC):
    """What every splitter is: a size, an overlap, a unit of length, and `split`.

    Chunks end where the text has its best break, so most are a little shorter than `chunk_size`.
    The last resort is a cut between two characters, never within what is seen as one (a letter and
    its accent, an emoji of several parts, a line end of two characters) unless that alone is too
    long. A chunk of nothing but white space comes only where white space fits nowhere else.
    """

    def __init__(
        self, chunk_size: int = CHUNK_SIZE, chunk_overlap: int = 0, *, length: Length = "characters"
    ) -> None:
        """Make a splitter.

        Args:
            chunk_size: Length of a chunk at most, 1 or more.
            chunk_overlap: How much of a chunk's end the next one may repeat at most, from 0 to
                below `chunk_size`. It repeats whole sentences or words, or nothing.
            length: What lengths are in: ``"characters"``, ``"tokens"`` (estimated), a function from
                text to int, or a tokenizer of `tiktoken` or `tokenizers`. A single character that a
                tokenizer takes for more than `chunk_size` tokens is a chunk nevertheless.

        Raises:
            InvalidInput: ``input.invalid`` where a number is out of its range.
        """
        for name, value, least in (
            ("chunk_size", chunk_size, 1),
            ("chunk_overlap", chunk_overlap, 0),
        ):
            if not isinstance(value, int) or isinstance(value, bool):
                raise InvalidInput("input.invalid", f"{name} is {value!r}, not a whole number")
            if value < least:
                raise InvalidInput("input.invalid", f"{name} is {value}, below {least}")
        if chunk_overlap >= chunk_size:
            raise InvalidInput(
                "input.invalid",
                f"chunk_overlap is {chunk_overlap}, not below chunk_size, which is {chunk_size}",
                f"an overlap of {chunk_size // 8} repeats about an eighth of each chunk",
            )
        self._chunk_size = chunk_size
        self._chunk_overlap = chunk_overlap
        self._length = length
        self._ruler = ruler(chunk_size, chunk_overlap, length)

    def split(self, text: str) -> list[Chunk]:
        """Split a text.

        Args:
            text: The text.

        Returns:
            The chunks in order; none for an empty text. `Chunk.strip` drops white space around one.
        """
        return list(self._chunks(proper_str(text, "the text")))

    def split_text(self, text: str) -> list[str]:
        """Split a text, and give the texts of its chunks only."""
        return [chunk.text for chunk in self.split(text)]

    @abstractmethod
    def _chunks(self, text: str) -> Iterator[Chunk]:
        """Split a text that is one."""

    def __repr__(self) -> str:
        """Show size and overlap."""
        name = type(self).__name__
        return f"{name}(chunk_size={self._chunk_size}, chunk_overlap={self._chunk_overlap})"


class RecursiveCharacterTextSplitter(TextSplitter):
    """Splits between paragraphs where it can, else between lines, sentences, words, characters.

    Example:
        >>> from engram.rag import RecursiveCharacterTextSplitter
        >>> RecursiveCharacterTextSplitter(12, 0).split_text("One two. Three four.")
        ['One two. ', 'Three four.']
    """

    def __init__(
        self,
        chunk_size: int = CHUNK_SIZE,
        chunk_overlap: int = 0,
        *,
        separators: Sequence[str | Sequence[str]] | None = None,
        length: Length = "characters",
    ) -> None:
        """Make a splitter.

        Args:
            chunk_size: See `TextSplitter`.
            chunk_overlap: See `TextSplitter`.
            separators: Where to break, the best first: behind the last of them that fits. An entry
                of several is a group of equals. None for paragraphs, lines, sentences and words.
            length: See `TextSplitter`.

        Raises:
            InvalidInput: ``input.invalid`` where a number is out of its range, or a separator no
                text.
        """
        super().__init__(chunk_size, chunk_overlap, length=length)
        if isinstance(separators, str):
            raise InvalidInput("input.invalid", "separators is one text", f"[{separators!r}]")
        if separators is None:
            separators = (PARAGRAPHS, LINES, SENTENCES, WORDS)
        self._breaks = Separators(separators)

    def _chunks(self, text: str) -> Iterator[Chunk]:
        for start, end in spans(text, (0, len(text)), self._breaks, self._ruler):
            yield Chunk(text[start:end], start, end)


class TokenTextSplitter(RecursiveCharacterTextSplitter):
    """Splits into chunks of as many tokens as fit, between words."""

    def __init__(
        self,
        chunk_size: int = TOKEN_CHUNK_SIZE,
        chunk_overlap: int = 0,
        *,
        length: Length = "tokens",
    ) -> None:
        """Make a splitter; the arguments are those of `TextSplitter`, in tokens."""
        super().__init__(chunk_size, chunk_overlap, separators=[(*LINES, *WORDS)], length=length)
