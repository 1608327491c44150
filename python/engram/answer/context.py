"""The passages of an answer, numbered and fenced.

Owns: `Context`: which passages fit, what their numbers stand for, and how a model is shown them.
Invariants: the text is within its budget; a passage cannot end its own fence, nor open another:
what looks like one is broken up. Passages that overlap or touch in their source are one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from engram.answer.results import Citation, Evidence
from engram.errors import InvalidInput
from engram.rag import pack_context
from engram.rag.lengths import as_counter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram.answer.passages import Passage
    from engram.rag import Length

__all__ = ["Context", "packed"]

_FENCE = re.compile(r"<(?=\s*/?\s*passages?\b)", re.IGNORECASE)
_EMPTY_FENCE = '<passage number="1" source="" title="" page="">\n</passage>'
_BLOCK = re.compile(r"(?:^|\n\n)\[\d+\] ")
_TRIES = 6


@dataclass(frozen=True, slots=True)
class Context:
    """Numbered passages."""

    text: str
    citations: tuple[Citation, ...]
    left_out: tuple[str, ...]
    parts: dict[str, Passage]
    """The passages by id, as they came: they know the page of each place."""

    def evidence(self, number: int, start: int, end: int) -> Evidence:
        """Give a part of a citation's text with its place in the source."""
        citation = self.citations[number - 1]
        text = citation.text[start:end]
        if citation.start is None:
            return Evidence(number, text, citation.page, None, None)
        first, last = citation.start + start, citation.start + end
        return Evidence(number, text, self._page(citation, first), first, last)

    def _page(self, citation: Citation, offset: int) -> int | None:
        holding = [
            one
            for one in (self.parts[name] for name in citation.ids)
            if one.start is not None and one.start <= offset < one.start + len(one.text)
        ]
        return holding[0].page if holding else citation.page


def packed(passages: Sequence[Passage], budget: int, length: Length) -> Context:
    """Number the passages that fit into a budget, best first.

    Raises:
        InvalidInput: ``input.invalid``, ``input.limit`` where there is no room for a word.
    """
    count = as_counter(length)
    if isinstance(budget, bool) or not isinstance(budget, int) or budget < 1:
        raise InvalidInput("input.invalid", f"max_context is {budget!r}, not 1 or more")
    parts: dict[str, Passage] = {}
    for one in passages:
        parts.setdefault(one.id, one)
    hits: list[Any] = [_Shown(one) for one in parts.values()]
    room = budget
    fence = count(_EMPTY_FENCE)
    for _ in range(_TRIES):
        # Packing counts a line above each passage; a fence is longer.
        pack = pack_context(
            hits, room, length=lambda text: count(text) + fence * len(_BLOCK.findall(text))
        )
        citations = tuple(_citation(one, parts) for one in pack.citations)
        text = "\n".join(map(_fenced, citations))
        over = count(text) - budget
        if over <= 0:
            return Context(text, citations, pack.left_out, parts)
        room -= over
        if room < 1:
            break
    raise InvalidInput(
        "input.limit", f"max_context is {budget}, which has no room for a passage", "allow more"
    )


class _Shown:
    """A passage in the form that `pack_context` takes."""

    def __init__(self, one: Passage) -> None:
        self.id = one.id
        self.text = one.text
        about: dict[str, Any] = {"title": one.title, "page": one.page}
        if one.uri is not None:
            about["source"] = one.uri
            if one.start is not None:
                about |= {"start": one.start, "end": _end(one)}
        self.metadata = about


def _end(one: Passage) -> int:
    assert one.start is not None
    return one.start + len(one.text) if one.end is None else one.end


def _citation(one: Any, parts: dict[str, Passage]) -> Citation:
    best = parts[one.ids[0]]
    start, end = one.start, one.end
    if start is None and best.start is not None and len(one.ids) == 1:
        shift = best.text.find(one.text)
        start, end = best.start + shift, _end(best) - len(best.text) + shift + len(one.text)
    elif start is not None and end - start != len(one.text):
        # Read out of HTML, say: the place is that of the source, not of the text.
        start = end = None
    first = [
        parts[name].page for name in one.ids if start is not None and parts[name].start == start
    ]
    page = first[0] if first else best.page
    return Citation(
        one.number, one.ids[0], one.ids, one.text, best.uri, best.title, page, start, end
    )


def _fenced(one: Citation) -> str:
    about = [f'number="{one.number}"']
    for name, value in (("source", one.uri), ("title", one.title), ("page", one.page)):
        if value is not None:
            about.append(f'{name}="{escape(str(value))}"')
    return f"<passage {' '.join(about)}>\n{_FENCE.sub('< ', one.text)}\n</passage>"
