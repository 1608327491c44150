"""Checking an answer against what it cites.

Owns: `ground`, and reading the numbers of citations. Rule: a sentence is supported where the share
of its terms that the cited passages hold, and the cosine with their nearest sentence, come in equal
parts to `SUPPORTED`, and every number in it stands in them. It finds what passages do not say; it
does not understand them: "not" more or less, or two names exchanged, is not found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engram.answer.nearness import SUPPORTED, blend
from engram.answer.results import Sentence
from engram.answer.sentences import split_sentences
from engram.answer.terms import numbers, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram.answer.extracting import Material
    from engram.rag import Chunk

__all__ = ["ground", "numbers_cited", "without_citations"]

_MARK = re.compile(r"\[(\d{1,4}(?:\s*[,;\u2013-]\s*\d{1,4})*)\]")
_LONGEST_RANGE = 50


def numbers_cited(text: str) -> list[int]:
    """Give the numbers in brackets, as in ``[1]``, ``[1, 3]`` or ``[2-4]``, each once, in order."""
    found: dict[int, None] = {}
    for mark in _MARK.findall(text):
        for part in re.split(r"[,;]", mark):
            ends = [int(one) for one in re.split(r"[\u2013-]", part)]
            last = min(ends[-1], ends[0] + _LONGEST_RANGE)
            found.update(dict.fromkeys(range(ends[0], last + 1) if len(ends) > 1 else ends))
    return list(found)


def without_citations(text: str) -> str:
    """Give a text without its numbers in brackets."""
    return _MARK.sub(" ", text)


def ground(
    answer: str, material: Material, sentences: Sequence[Chunk] | None = None
) -> list[Sentence]:
    """Check each sentence of an answer. Those without a word (rules, lone marks) are left out.

    Args:
        answer: The answer.
        material: The passages.
        sentences: Its sentences, where they are known.
    """
    return [
        _checked(chunk, material)
        for chunk in (split_sentences(answer) if sentences is None else sentences)
        if terms(without_citations(chunk.text))
    ]


def _checked(chunk: Chunk, material: Material) -> Sentence:
    last = len(material.context.citations)
    cites = tuple(number for number in numbers_cited(chunk.text) if 1 <= number <= last)
    against = set(cites) or set(range(1, last + 1))
    rows = [row for row, part in enumerate(material.parts) if part.number in against]
    said = without_citations(chunk.text)
    wanted = frozenset(terms(said))
    if not rows:
        return Sentence(
            chunk.text, chunk.start, chunk.end, cites, 0.0, False, tuple(sorted(wanted)), None
        )
    held = frozenset[str]().union(*(material.nearness.terms[row] for row in rows))
    cosines = material.nearness.cosines(said)
    covered = material.nearness.coverage(wanted)
    best = max(rows, key=lambda row: float(cosines[row]) + covered[row])
    share = len(wanted & held) / len(wanted)
    support = min(1.0, blend(said)(share, max(cosines[row] for row in rows)))
    there = {n for row in rows for n in numbers(material.parts[row].chunk.text)}
    invented = [one for one in numbers(said) if one not in there]
    missing = sorted((wanted - held) | set(invented))
    part = material.parts[best]
    return Sentence(
        chunk.text,
        chunk.start,
        chunk.end,
        cites,
        support,
        support >= SUPPORTED and not invented,
        tuple(missing),
        material.context.evidence(part.number, part.chunk.start, part.chunk.end),
    )
