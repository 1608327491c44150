"""Which turns fit a question best, once search has scored them.

Owns: `ranked`. Search has found windows; a turn then passes a tenth of its score on to its
neighbours, and turns of the speaker whom the question names go up. Source: measurements on long
conversations, in docs/explanation/recall.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engram.agent.turns import position_of, turn_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["NEIGHBOUR_SHARE", "SPEAKER_BONUS", "named_speakers", "ranked"]

NEIGHBOUR_SHARE = 0.1
"""What a turn's neighbours get of its score."""

SPEAKER_BONUS = 0.2
"""What turns of a named speaker gain, as a share of the best score."""

_WORDS = re.compile(r"[^\W_]+")
_ME = frozenset({"i", "me", "my", "mine", "myself"})
_SHORTEST_NAME = 2


def named_speakers(query: str, speakers: Iterable[str], me: str | None = None) -> set[str]:
    """Say which speakers a question names: by all of their name, or by its first word.

    Args:
        query: The question.
        speakers: Who speaks in these conversations.
        me: Who asks, whom "I" and "my" name.
    """
    words = [word.casefold() for word in _WORDS.findall(query)]
    found = set()
    for speaker in speakers:
        name = [word.casefold() for word in _WORDS.findall(speaker)]
        said = name and len(name[0]) >= _SHORTEST_NAME and name[0] in words
        if said or (speaker == me and _ME & set(words)):
            found.add(speaker)
    return found


def ranked(scores: Mapping[str, float], by_named: Iterable[str] = ()) -> list[tuple[str, float]]:
    """Order turns by their own score, what their neighbours pass on, and who speaks.

    Args:
        scores: The scores of turns, by id.
        by_named: Ids of turns by a speaker whom the question names.

    Returns:
        Ids with their scores, best first, ties by id; neighbours that search did not find among
        them, which may be turns that are not there.
    """
    total = dict(scores)
    for turn, score in scores.items():
        key, position = position_of(turn)
        for near in (position - 1, position + 1):
            if near >= 0:
                name = turn_id(key, near)
                total[name] = total.get(name, 0.0) + NEIGHBOUR_SHARE * score
    bonus = SPEAKER_BONUS * max(scores.values(), default=0.0)
    for turn in by_named:
        if turn in total:
            total[turn] += bonus
    return sorted(total.items(), key=lambda one: (-one[1], one[0]))
