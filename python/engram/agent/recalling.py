"""What was recalled, and the text of it that fits a budget.

Owns: `Recall` and how it is packed. Invariants: the text is within its tokens, as the counter
counts them; it stands between marks by which `AgentMemory.remember` knows it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engram.agent.turns import CLOSING, OPENING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from engram.agent.turns import Turn
    from engram.enrich.facts import Fact
    from engram.enrich.resolution import Canonical
    from engram.results import Report

__all__ = ["Recall", "packed"]

_HEADS = ("What is known:", "What was said before:", "What was said last:")
_FACTS_SHARE = 0.25
_RECENT_SHARE = 0.4
"""Shares of the budget that facts and the last turns take at most; the rest is for what fits."""


@dataclass(frozen=True, slots=True)
class Recall:
    """What a memory has for a question.

    Attributes:
        turns: The turns that fit, best first.
        recent: The last turns of the session, in their order.
        facts: The facts that fit, best first; of what changed both sides, each with its time.
        entities: Who and what is named in the question and in `turns`, the question's own first.
        text: As much of it as fits the budget, for a prompt.
        tokens: How long the text is.
        report: How the turns were searched.
    """

    turns: tuple[Turn, ...]
    recent: tuple[Turn, ...]
    facts: tuple[Fact, ...]
    entities: tuple[Canonical, ...]
    text: str
    tokens: int
    report: Report

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data, without the report."""
        return {
            "turns": [turn.to_dict() for turn in self.turns],
            "recent": [turn.to_dict() for turn in self.recent],
            "facts": [fact.to_dict() for fact in self.facts],
            "entities": [one.to_dict() for one in self.entities],
            "text": self.text,
            "tokens": self.tokens,
        }


def packed(
    turns: Sequence[Turn],
    recent: Sequence[Turn],
    facts: Sequence[Fact],
    max_tokens: int | None,
    count: Callable[[str], int],
) -> str:
    """Write as much as fits: facts, the last turns from the newest on, then what fits best.

    What does not fit is left out, and shorter things behind it may still fit. Turns stand in the
    order of time.
    """
    given = {turn.id for turn in recent}
    older = [turn for turn in turns if turn.id not in given]
    chosen: tuple[list[str], list[Turn], list[Turn]] = ([], [], [])

    def text() -> str:
        return _written(*chosen)

    def fits(share: float) -> bool:
        return max_tokens is None or count(text()) <= max_tokens * share

    for fact in facts:
        chosen[0].append(_fact_line(fact))
        if not fits(_FACTS_SHARE):
            chosen[0].pop()
    for turn in reversed(recent):
        chosen[2].append(turn)
        if not fits(_FACTS_SHARE + _RECENT_SHARE):
            chosen[2].pop()
            break
    for turn in older:
        chosen[1].append(turn)
        if not fits(1.0):
            chosen[1].pop()
    return text()


def _written(facts: list[str], older: list[Turn], recent: list[Turn]) -> str:
    blocks = (facts, _lines(older), _lines(recent))
    parts = [f"{head}\n" + "\n".join(block) for head, block in zip(_HEADS, blocks) if block]
    return f"{OPENING}\n" + "\n\n".join(parts) + f"\n{CLOSING}" if parts else ""


def _lines(turns: list[Turn]) -> list[str]:
    ordered = sorted(turns, key=lambda turn: (turn.time, turn.session, turn.position))
    return [f"[{turn.time:%Y-%m-%d}] {turn.line}" for turn in ordered]


def _fact_line(fact: Fact) -> str:
    since = f" since {fact.valid_from:%Y-%m-%d}" if fact.valid_from else ""
    until = f" until {fact.valid_to:%Y-%m-%d}" if fact.valid_to else ""
    return f"- {fact.entity}: {fact.slot.replace('_', ' ')}: {fact.value}{since}{until}"
