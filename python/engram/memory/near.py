"""Documents that are nearly the same.

Owns: `alike`, and what nearly the same means: the Jaccard similarity of their runs of five words
(w-shingling; Broder, 1997). Candidates are the documents that a search for the new one's most
telling words and passages finds; each is then compared exactly. Nothing has to be stored for it, so
that documents are found whatever they were put with. Limits: a document none of whose passages is
found among the best of the search is missed; docs/how-to/memory.md says how often.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engram.errors import InvalidInput
from engram.memory.layout import RESERVED

if TYPE_CHECKING:
    from engram.memory.base import Base
    from engram.memory.writing import Ready

__all__ = ["alike", "checked_threshold", "similarity"]

_RUN = 5
_PROBES = 3
_EACH = 8
_WORD = re.compile(r"\w+")


def checked_threshold(near: float | None) -> float | None:
    """Check the argument ``near``.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    if near is None:
        return None
    if isinstance(near, bool) or not isinstance(near, (int, float)) or not 0 < near <= 1:
        raise InvalidInput("input.invalid", f"near is {near!r}, not above 0 to 1", "near=0.8")
    return float(near)


def alike(memory: Base, ready: Ready, least: float) -> tuple[tuple[str, float], ...]:
    """Give the documents that are nearly the same as a new one, most alike first."""
    text = ready.document["text"]
    ids = sorted(_candidates(memory, ready) - {ready.id})
    own = _runs(text)
    found = []
    for record in memory._documents.get_many(ids):
        if record is None:
            continue
        share = _jaccard(own, _runs(record.text or ""))
        if share >= least:
            found.append((record.id, share))
    return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0])))


def similarity(a: str, b: str) -> float:
    """Give the share of runs of five words that two texts have in common, 0 to 1."""
    return _jaccard(_runs(a), _runs(b))


def _candidates(memory: Base, ready: Ready) -> set[str]:
    """Search for some passages of a document, spread over it, by their words."""
    passages = ready.passages
    chosen = {len(passages) * n // _PROBES for n in range(_PROBES)} if passages else set()
    found: set[str] = set()
    for position in chosen:
        text = passages[position]["text"]
        if not text.strip():
            continue
        results = memory._passages.query(
            text,
            mode="lexical",
            k=_EACH,
            group_by=f"{RESERVED}.id",
            include=("metadata",),
        )
        found |= {hit.metadata[RESERVED]["id"] for hit in results}
    return found


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    if len(words) < _RUN:
        return {tuple(words)}
    return set(zip(*(words[n:] for n in range(_RUN))))


def _jaccard(a: set[tuple[str, ...]], b: set[tuple[str, ...]]) -> float:
    return len(a & b) / (len(a | b) or 1)
