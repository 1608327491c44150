"""Chunks as records, and back.

Owns: the form in which chunks are stored: `chunk_records` writes it, `chunk_of` reads it. The
text of a record is what is searched, by words and by vector: the chunk with its context before
it. Its metadata says where the chunk is (``source``, ``start``, ``end``), what it stands under
(``title``, ``path``), and how much of the text is context (``context_chars``), so that the exact
chunk is always at hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from engram.checks import proper_str
from engram.errors import InvalidInput
from engram.rag.chunks import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any


__all__ = ["chunk_of", "chunk_records", "context_chars", "text_of"]

_PLACE = ("page", "slide", "sheet", "rows", "section", "attachment")
_OWN = frozenset({"source", "start", "end", "title", "path", "context_chars", *_PLACE})


class Readable(Protocol):
    """What `chunk_records` asks of what was read, a `Source` or a `Document`."""

    @property
    def title(self) -> str | None:
        """The title."""
        ...

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Map a range of the text to one of the source."""
        ...

    def where(self, offset: int) -> dict[str, Any]:
        """Say where a character is, as metadata."""
        ...


def chunk_records(
    chunks: Iterable[Chunk],
    source: str,
    *,
    contextual: bool = True,
    read: Readable | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Make records of the chunks of one text, for `Collection.put_many`.

    Args:
        chunks: What a splitter gave. White space around a chunk is dropped, and chunks of nothing
            else are.
        source: The name of the text, such as its path.
        contextual: Whether the title of the source, and the context of each chunk, go before its
            text: they are then searched with it.
        read: What `engram.extract.extract` or `read_source` gave, if the chunks are parts
            of its text: its title, where each chunk is (``page``, ``slide``, ``sheet`` and
            ``rows``, ``section``, ``attachment``), and offsets into what was read.
        metadata: More metadata for each record.

    Returns:
        Records with the ids ``source#start-end``, their text, and their metadata.

    Raises:
        InvalidInput: ``input.invalid`` where `metadata` has a name that this function fills in.
    """
    proper_str(source, "the source")
    taken = _OWN & set(metadata or ())
    if taken:
        raise InvalidInput(
            "input.invalid",
            f"metadata names {', '.join(sorted(taken))}, which chunk_records fills in",
            "take other names",
        )
    records = []
    for chunk in (chunk.strip() for chunk in chunks):
        if not chunk.text:
            continue
        start, end = chunk.start, chunk.end
        if read is not None:
            start, end = read.span(start, end)
        about: dict[str, Any] = {**(metadata or {}), "source": source, "start": start, "end": end}
        if read is not None:
            about |= read.where(chunk.start)
        title = chunk.path[-1] if chunk.path else None if read is None else read.title
        if title is not None:
            about["title"] = title
        if chunk.path:
            about["path"] = list(chunk.path)
        text = chunk.text
        if contextual:
            text = _in_context(chunk, None if read is None else read.title)
            about["context_chars"] = len(text) - len(chunk.text)
        records.append({"id": f"{source}#{start}-{end}", "text": text, "metadata": about})
    return records


def _in_context(chunk: Chunk, title: str | None) -> str:
    """Give the text of a chunk with its context, and the title of its source, before it."""
    if title is None or title in chunk.path:
        return chunk.contextual
    return f"{title}\n{chunk.contextual}" if chunk.context else f"{title}\n\n{chunk.text}"


def chunk_of(record: Any) -> Chunk:
    """Give the chunk that a record was made of.

    Args:
        record: A record or a hit, with its text and its metadata, of `chunk_records` or of
            ``engram put``.

    Returns:
        The chunk: its exact text, and where it is in its source. Of the context only `Chunk.path`
        is read back; all of it is in the record's text.

    Raises:
        InvalidInput: ``input.invalid`` where the record has no text, or no place in a source.
    """
    about = record.metadata
    text = text_of(record)
    start, end = about.get("start"), about.get("end")
    if not isinstance(start, int) or not isinstance(end, int):
        raise InvalidInput(
            "input.invalid",
            f"the record {record.id!r} is no chunk: its metadata has no start and end",
            "chunk_records() makes records of chunks",
        )
    return Chunk(text, start, end, tuple(about.get("path", ())))


def text_of(record: Any) -> str:
    """Give the text of a record without the context that `chunk_records` put before it."""
    text = getattr(record, "text", None)
    if text is None:
        text = record.metadata.get("text")
    if not isinstance(text, str):
        raise InvalidInput(
            "input.invalid",
            f"the result {record.id!r} has no text",
            'put texts, and ask for them: include=("text", "metadata")',
        )
    return text[context_chars(record) :]


def context_chars(record: Any) -> int:
    """Give how many characters of a record's text are context."""
    count = record.metadata.get("context_chars", 0)
    return count if isinstance(count, int) else 0
