"""Forgetting turns, with all that was made of them.

Owns: `forget_turns`. Invariant: afterwards no text that is searched holds a forgotten turn: the
neighbours that it was part of are written anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.agent.turns import position_of, scoped, turn_id, turn_of
from engram.checks import str_ids
from engram.enrich.resolution import plain_name
from engram.filtering import list_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram.agent.memory import AgentMemory

__all__ = ["forget_turns"]

_BATCH = 500


def forget_turns(
    memory: AgentMemory,
    ids: Sequence[str],
    whose: tuple[str | None, str | None, str | None],
    entity: str | None,
) -> tuple[int, int]:
    """Forget, within the open transaction; say how many turns and facts there were."""
    turns, sessions, facts = memory.turns, memory._sessions, memory.facts.collection
    narrowed = scoped(*whose)
    tests = [] if narrowed is None else [narrowed]
    if ids:
        tests.append(f"_id IN {list_text(str_ids(ids), 'ids')}")
    if entity is not None:
        tests.append(f"({_naming(memory, entity)})")
    found = sorted(one.id for one in turns.iterate(" AND ".join(tests), missing="ignore"))
    turns.delete(*found)
    gone = 0
    for start in range(0, len(found), _BATCH):
        part = list_text(found[start : start + _BATCH], "ids")
        gone += facts.delete_where(f"doc.id IN {part}", missing="ignore")
    under = scoped(*whose, under="doc.")
    if entity is not None and not ids:
        forms = list_text(memory.facts._forms(entity), "entities")
        about = f"entity_key IN {forms}"
        about = about if under is None else f"{about} AND {under}"
        gone += facts.delete_where(about, missing="ignore")
    elif not ids and under is not None:  # corrections have no turn
        gone += facts.delete_where(under, missing="ignore")
    if not ids and entity is None and narrowed is not None:
        sessions.delete_where(narrowed, missing="ignore")
    _write_neighbours_anew(memory, found)
    return len(found), gone


def _naming(memory: AgentMemory, entity: str) -> str:
    """Give the filter for turns that name an entity, or were said by it."""
    forms = memory.facts._forms(entity)
    kinds = ("person", "org", "place", "product", "event", "misc", "email", "url")
    keys = [f"{kind}:{form}" for kind in kinds for form in forms]
    spoken = [
        str(name)
        for name, _ in memory.turns.facets("speaker", limit=10_000, missing="ignore")["speaker"]
        if plain_name(str(name), "PERSON") in forms
    ]
    named = f"entities IN {list_text(keys, 'entities')}"
    return f"{named} OR speaker IN {list_text(spoken, 'speakers')}" if spoken else named


def _write_neighbours_anew(memory: AgentMemory, gone: list[str]) -> None:
    """Write the turns beside forgotten ones without them."""
    near = set()
    for turn in gone:
        key, position = position_of(turn)
        near |= {turn_id(key, place) for place in (position - 1, position + 1) if place >= 0}
    there = [one for one in memory.turns.get_many(sorted(near - set(gone))) if one is not None]
    records = []
    for record in there:
        key, position = position_of(record.id)
        beside = [turn_id(key, place) for place in (position - 1, position + 1)]
        before, after = memory.turns.get_many(beside)
        records.append(
            memory._record(
                turn_of(record),
                None if before is None else turn_of(before),
                None if after is None else turn_of(after),
            )
        )
    if records:
        memory.turns.put_many(records)
