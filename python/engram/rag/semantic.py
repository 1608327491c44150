"""Splitting a text where its subject changes.

Owns: `SemanticTextSplitter`. Method: G. Kamradt, "5 Levels of Text Splitting" (2023), level 4:
neighbouring sentences are embedded, and the text breaks where the distance between two of them is
among the largest. Complexity: one vector a sentence; the sentences of a text are embedded in one
call.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from engram.embed.calling import embedder_source
from engram.errors import InvalidInput
from engram.rag.chunks import Chunk
from engram.rag.packing import LINES, PARAGRAPHS, SENTENCES, WORDS, Separators, spans
from engram.rag.splitters import CHUNK_SIZE, TextSplitter
from engram.rag.vectors import document_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engram.rag.lengths import Length
    from engram.types import Embedder

__all__ = ["SemanticTextSplitter"]

# The number of an item, as in "7. Then", ends no sentence.
_SENTENCE = re.compile(
    r"[.!?](?<!\b\d\.)(?<!\b\d\d\.)[\"')\]]*\s+"
    r"|[\u3002\uff01\uff1f]+[\u201d\u300d\u300f\uff09]*\s*"
    r"|(?:\r\n?|\n)\s*(?:\r\n?|\n)\s*"
)
_MOST_PERCENT = 100


class SemanticTextSplitter(TextSplitter):
    """Splits where the meaning of neighbouring sentences parts.

    What lies between two such places is a chunk; one that is too long is cut between paragraphs,
    sentences and words. Overlaps stay within what belongs together.

    Example:
        >>> import engram.embed
        >>> from engram.rag import SemanticTextSplitter
        >>> splitter = SemanticTextSplitter(engram.embed.default(), percentile=50)
        >>> text = "Cats purr. Cats meow. Stocks fell. Stocks rose."
        >>> splitter.split_text(text)
        ['Cats purr. Cats meow. ', 'Stocks fell. Stocks rose.']
    """

    def __init__(
        self,
        embedder: Embedder,
        chunk_size: int = CHUNK_SIZE,
        chunk_overlap: int = 0,
        *,
        percentile: float = 90.0,
        length: Length = "characters",
    ) -> None:
        """Make a splitter.

        Args:
            embedder: What embeds the sentences, such as `engram.embed.default()`.
            chunk_size: See `TextSplitter`.
            chunk_overlap: See `TextSplitter`.
            percentile: The text breaks where the distance between two sentences is above that
                percentile of all its distances, 0 to 100: at 90, after every tenth sentence or so.
            length: See `TextSplitter`.

        Raises:
            InvalidInput: ``input.invalid`` where a number is out of its range, ``embedder.invalid``
                where the object is no embedder.
        """
        super().__init__(chunk_size, chunk_overlap, length=length)
        if not 0 <= percentile <= _MOST_PERCENT:
            raise InvalidInput("input.invalid", f"percentile is {percentile}, not from 0 to 100")
        if embedder_source(embedder)() is None:
            raise InvalidInput("embedder.invalid", "None is no embedder", "engram.embed.default()")
        self._embedder = embedder
        self._percentile = percentile
        self._breaks = Separators((PARAGRAPHS, SENTENCES, LINES, WORDS))

    def _chunks(self, text: str) -> Iterator[Chunk]:
        ends = [match.end() for match in _SENTENCE.finditer(text) if match.end() < len(text)]
        bounds = [0, *ends, len(text)] if text else []
        sentences = [text[start:end] for start, end in pairwise(bounds)]
        parted = [place for place, far in zip(ends, self._far(sentences), strict=True) if far]
        for part in pairwise([0, *parted, len(text)] if text else []):
            for start, end in spans(text, part, self._breaks, self._ruler):
                yield Chunk(text[start:end], start, end)

    def _far(self, sentences: Sequence[str]) -> list[bool]:
        """Say for each gap between sentences whether the text breaks there."""
        import numpy as np

        far = [False] * max(len(sentences) - 1, 0)
        rows, units = document_vectors(self._embedder, sentences) if far else ([], None)
        if units is None or len(rows) <= 1:
            return far
        distances = 1 - np.einsum("nd,nd->n", units[1:], units[:-1])
        parted = distances > np.percentile(distances, self._percentile)
        # A sentence that the embedder knows nothing of stands with the one before it.
        for row in np.asarray(rows)[1:][parted].tolist():
            far[row - 1] = True
        return far
