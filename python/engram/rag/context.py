"""What a model is shown of what a search found, and where each part of it comes from.

Owns: `pack_context`, `PackedContext`, `Citation`. Invariants: the packed text is within its tokens;
the text of each citation is a part of it, and equal to ``source[start:end]`` where the records have
exact offsets; no part of a source is shown twice.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from engram.errors import InvalidInput
from engram.rag.indexing import context_chars, text_of
from engram.rag.lengths import as_counter
from engram.rag.splitters import RecursiveCharacterTextSplitter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from engram.rag.lengths import Length

__all__ = ["Citation", "PackedContext", "pack_context"]

_MARK = re.compile(r"\[(\d+(?:\s*[,;]\s*\d+)*)\]")


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage of a packed context. Frozen.

    Attributes:
        number: The number that it has in the context, from 1.
        ids: The records that it is made of, the best first.
        text: The passage, without what stands before it in the context.
        source: Where it comes from, or None where its records do not say.
        start: Offset of its first character in the source, or None.
        end: Offset behind its last character, or None.
        metadata: The metadata of its best record.
    """

    number: int
    ids: tuple[str, ...]
    text: str
    source: str | None
    start: int | None
    end: int | None
    metadata: Mapping[str, Any]

    def __str__(self) -> str:
        """Show number and place, as a list of sources does."""
        place = "" if self.start is None else f" ({self.start}-{self.end})"
        return f"[{self.number}] {_label(self.ids[0], self.metadata)}{place}"

    def to_dict(self) -> dict[str, Any]:
        """Give the citation as JSON-able data."""
        return asdict(self) | {"ids": list(self.ids)}


@dataclass(frozen=True, slots=True)
class PackedContext:
    """Passages for a prompt, numbered, with what the numbers stand for. Frozen.

    Attributes:
        text: The passages, each below its number and source.
        citations: What the numbers stand for, in their order.
        tokens: How long the text is.
        left_out: The ids of the results that had no room.
    """

    text: str
    citations: tuple[Citation, ...]
    tokens: int
    left_out: tuple[str, ...]

    def cited(self, answer: str) -> list[Citation]:
        """Give the citations that an answer names, as ``[1]`` or ``[1, 3]``, in its order."""
        known = {one.number: one for one in self.citations}
        return [known[number] for number in _numbers(answer) if number in known]

    def unknown(self, answer: str) -> list[int]:
        """Give the numbers that an answer names and that stand for nothing here."""
        known = {one.number for one in self.citations}
        return [number for number in _numbers(answer) if number not in known]


def pack_context(
    hits: Iterable[Any], max_tokens: int, *, length: Length = "tokens"
) -> PackedContext:
    """Put what a search found into a prompt's budget, best first, each part once.

    Results that overlap or touch in their source become one passage, at the place of the better
    one. A result that does not fit any more is left out, and smaller ones behind it may still fit.
    If not even the best one fits, it is cut.

    Args:
        hits: Results, best first: hits of engram, of `MultiQueryRetrieval` or `ParentDocuments`;
            or objects with an ``id``, a ``text`` and ``metadata``. What `chunk_records` made is
            shown with its context; ``source``, ``start``, ``end`` and ``page`` of the metadata are
            cited.
        max_tokens: Tokens of the whole text at most, 1 or more.
        length: How they are counted; see `TextSplitter`.

    Returns:
        The text, and what its numbers stand for; empty for no results.

    Raises:
        InvalidInput: ``input.invalid`` where a result has no text; ``input.limit`` where there is
            no room for as much as a name and one word.
    """
    count = as_counter(length)
    if not isinstance(max_tokens, int) or max_tokens < 1:
        raise InvalidInput("input.invalid", f"max_tokens is {max_tokens!r}, not 1 or more")
    packed: list[_Passage] = []
    left_out: list[str] = []
    best: _Passage | None = None
    for hit in hits:
        passage = _passage(hit)
        best = best or passage
        more = _with(packed, passage)
        if count(_rendered(more)) <= max_tokens:
            packed = more
        else:
            left_out.append(hit.id)
    if best is not None and not packed:
        packed = [_cut(best, max_tokens, count, length)]
        left_out.remove(best.ids[0])
    text = _rendered(packed)
    citations = tuple(one.citation(number) for number, one in enumerate(packed, 1))
    return PackedContext(text, citations, count(text), tuple(left_out))


class _Place(NamedTuple):
    source: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Passage:
    """A passage, which grows by what overlaps it."""

    ids: tuple[str, ...]
    text: str
    context: str
    place: _Place | None
    metadata: Mapping[str, Any]

    @property
    def is_exact(self) -> bool:
        """Whether it is as long as its place; one that was read out of HTML is not."""
        return self.place is not None and self.place.end - self.place.start == len(self.text)

    def block(self, number: int) -> str:
        lines = (f"[{number}] {_label(self.ids[0], self.metadata)}", self.context, self.text)
        return "\n".join(line for line in lines if line)

    def citation(self, number: int) -> Citation:
        source = self.metadata.get("source")
        source = source if isinstance(source, str) else None
        _, start, end = self.place or (None, None, None)
        return Citation(number, self.ids, self.text, source, start, end, self.metadata)

    def joined(self, other: _Passage) -> _Passage | None:
        """Give both as one, where they show the same or touch in their source."""
        ids = self.ids + other.ids
        if self.place is None or other.place is None:
            same = self.text == other.text and self.metadata == other.metadata
            return replace(self, ids=ids) if same else None
        swapped = other.place.start < self.place.start
        early, late = (other, self) if swapped else (self, other)
        text, place = _union(early, late)
        if place is None:
            return None
        return replace(early, ids=ids, text=text, place=place, metadata=self.metadata)


def _union(early: _Passage, late: _Passage) -> tuple[str, _Place | None]:
    """Give text and place of two passages as one; no place where they do not touch."""
    assert early.place is not None
    assert late.place is not None
    shared = early.place.end - late.place.start
    if early.place.source != late.place.source or shared < 0:
        return "", None
    both_exact = early.is_exact and late.is_exact
    if late.place.end <= early.place.end:
        same = early.text.startswith(late.text, late.place.start - early.place.start)
        return early.text, early.place if same or not both_exact else None
    # Where the overlap differs, they are of two versions of the source.
    exact = both_exact and early.text.endswith(late.text[:shared])
    return early.text + late.text[shared:], early.place._replace(
        end=late.place.end
    ) if exact else None


def _passage(hit: Any) -> _Passage:
    text, about = text_of(hit), hit.metadata
    source, start, end = (about.get(name) for name in ("source", "start", "end"))
    place = None
    if isinstance(source, str) and isinstance(start, int) and isinstance(end, int):
        place = _Place(source, start, end)
    chars = context_chars(hit)
    context = hit.text[:chars].rstrip() if chars else ""
    return _Passage((hit.id,), text, context, place, about)


def _with(packed: Sequence[_Passage], passage: _Passage) -> list[_Passage]:
    """Add a passage to others, joined to all that it touches, at the place of the first of them."""
    found: list[_Passage] = []
    place: int | None = None
    for one in packed:
        both = one.joined(passage) if place is None else found[place].joined(one)
        if both is None:
            found.append(one)
        elif place is None:
            place = len(found)
            found.append(both)
        else:
            found[place] = both
    return found if place is not None else [*found, passage]


def _rendered(packed: Sequence[_Passage]) -> str:
    return "\n\n".join(one.block(number) for number, one in enumerate(packed, 1))


def _cut(
    passage: _Passage, max_tokens: int, count: Callable[[str], int], length: Length
) -> _Passage:
    """Give as much of a passage as fits, from its start."""
    room = max_tokens - count(replace(passage, text="").block(1))
    while room > 0:
        chunk = RecursiveCharacterTextSplitter(room, length=length).split(passage.text)[0].strip()
        place = passage.place
        if place is not None and passage.is_exact:
            place = place._replace(start=place.start + chunk.start, end=place.start + chunk.end)
        shorter = replace(passage, text=chunk.text, place=place)
        if chunk.text and count(shorter.block(1)) <= max_tokens:
            return shorter
        room -= 1
    name = _label(passage.ids[0], passage.metadata)
    raise InvalidInput(
        "input.limit",
        f"{max_tokens} tokens have no room for {name!r} and a word of it",
        "allow more tokens",
    )


def _label(key: str, about: Mapping[str, Any]) -> str:
    source, title, page = (about.get(name) for name in ("source", "title", "page"))
    label = str(source) if source is not None else key
    if page is not None:
        label += f", page {page}"
    return f"{label}: {title}" if isinstance(title, str) and title else label


def _numbers(answer: str) -> list[int]:
    """Give the numbers in brackets, each once, in order."""
    found = (int(one) for mark in _MARK.findall(answer) for one in re.split(r"[,;]", mark))
    return list(dict.fromkeys(found))
