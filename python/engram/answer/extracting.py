"""Answers out of the passages' own sentences.

Owns: `Material`: the sentences of a context, how near each is to a question, and which of them
answer it. Method: sentences are ranked by cosine and terms; the best is taken, then others that
are not much worse and say something new (maximal marginal relevance in its simplest form,
Carbonell and Goldstein, 1998); they are shown in the order of their sources.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engram.answer.nearness import Nearness, blend
from engram.answer.sentences import split_sentences
from engram.answer.terms import terms

if TYPE_CHECKING:
    from engram.answer.context import Context
    from engram.rag import Chunk

__all__ = ["Material"]

_WORTH = 0.72
"""Share of the best score that a further sentence needs."""
_SAME = 0.85
"""Cosine from which on two sentences say the same."""
_SAME_TERMS = 0.7
_PLACE_BONUS = 0.04
"""What the first passage has before the last: search ranked them, and knew more than a sentence."""
_LEAST_TERMS = 2
"""A sentence of fewer terms is a heading or a scrap: it answers nothing by itself."""

_NUMBER_BONUS = 0.06
"""What a sentence with a number has before others where the question asks for one."""

_DIGIT = re.compile(r"\d")
_ASKS_FOR_A_NUMBER = re.compile(
    r"\b(?:when|how (?:many|much|long|tall|high|old|far|large|big|fast|deep|wide)|"
    r"wh(?:at|ich) (?:year|date|day|number|percentage)|wann|wie ?(?:viele?|lange?|hoch|alt|weit)|"
    r"quand|combien|cu\u00e1ndo|cu\u00e1ntos?|cu\u00e1ntas?|quando|quanto|quanti|wanneer|hoeveel)\b"
    r"|\u591a\u5c11|\u4f55\u65f6|\u51e0",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"(?:he|she|it|they|this|these|those|such|er|sie|es|dies\w*|il|elle|ils|elles|ce(?:la|ci)?|"
    r"\u00e9l|ella|ellos|esto|esta|hij|zij|dit|dat)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Part:
    """A sentence of a citation."""

    number: int
    chunk: Chunk


class Material:
    """The sentences of a context."""

    def __init__(self, context: Context, question: str) -> None:
        """Cut the passages into sentences, and compare each with a question."""
        self.context = context
        self.question = question
        self.parts = [
            _Part(one.number, chunk)
            for one in context.citations
            for chunk in split_sentences(one.text)
        ]
        self.nearness = Nearness([part.chunk.text for part in self.parts])
        self._wanted = frozenset(terms(question))
        self._cosines = self.nearness.cosines(question)
        self._blend = blend(question)
        self._asks_for_a_number = _ASKS_FOR_A_NUMBER.search(question) is not None

    def relevance(self) -> float:
        """Say how near the passages are to the question, 0 to 1; see `RELEVANT`."""
        if not self.parts:
            return 0.0
        shares: dict[int, float] = {}
        for number in {part.number for part in self.parts}:
            held = frozenset[str]().union(
                *(
                    found
                    for part, found in zip(self.parts, self.nearness.terms, strict=True)
                    if part.number == number
                )
            )
            shares[number] = len(self._wanted & held) / len(self._wanted) if self._wanted else 0.0
        return max(
            self._blend(shares[part.number], cosine)
            for part, cosine in zip(self.parts, self._cosines, strict=True)
        )

    def best(self, most: int) -> list[_Part]:
        """Choose the sentences that answer the question, in the order of their sources."""
        scores = self._scores()
        order = sorted(range(len(self.parts)), key=lambda row: -scores[row])
        chosen: list[int] = []
        for row in order:
            if len(chosen) == most or scores[row] < _WORTH * scores[order[0]]:
                break
            if len(self.nearness.terms[row]) >= _LEAST_TERMS and self._is_new(row, chosen):
                chosen.append(row)
        chosen = chosen or order[:1]
        return [self.parts[row] for row in self._with_what_they_point_at(chosen, most)]

    def _scores(self) -> list[float]:
        covered = self.nearness.coverage(self._wanted)
        last = len(self.context.citations)
        scores: list[float] = []
        for row, part in enumerate(self.parts):
            near = self._blend(covered[row], self._cosines[row])
            if self._points_back(row):
                near = (near + self._near_with_the_one_before(row)) / 2
            if self._asks_for_a_number and _DIGIT.search(part.chunk.text):
                near += _NUMBER_BONUS
            scores.append(near + _PLACE_BONUS * (last - part.number) / last)
        return scores

    def _near_with_the_one_before(self, row: int) -> float:
        """Say how near a sentence and the one that it points back at are together."""
        both = self.nearness.terms[row] | self.nearness.terms[row - 1]
        share = len(self._wanted & both) / len(self._wanted) if self._wanted else 0.0
        return self._blend(share, max(self._cosines[row], self._cosines[row - 1]))

    def _points_back(self, row: int) -> bool:
        """Say whether a sentence begins with "she" or "this", and which stands before it."""
        return (
            row > 0
            and self.parts[row - 1].number == self.parts[row].number
            and _POINTS_BACK.match(self.parts[row].chunk.text) is not None
        )

    def _is_new(self, row: int, chosen: list[int]) -> bool:
        """Say whether a sentence says something that the chosen ones do not."""
        units, held = self.nearness.units, self.nearness.terms
        for other in chosen:
            shared = len(held[row] & held[other]) / min(len(held[row]), len(held[other]))
            if float(units[row] @ units[other]) >= _SAME or shared >= _SAME_TERMS:
                return False
        return True

    def _with_what_they_point_at(self, chosen: list[int], most: int) -> list[int]:
        """Add the sentence before one that begins with "she" or "this", where there is room."""
        found = list(chosen)
        for row in chosen:
            before = row - 1
            if len(found) < most and before not in found and self._points_back(row):
                found.append(before)
        return sorted(found)
