"""Facts and corrections of memvid-sdk: its memory cards.

Owns: `Cards`: `memories`, `state`, `enrich`, `export_facts`, `correct`, over the facts of
`engram.Memory`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.compat.memvid.errors import mapped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engram.enrich.facts import Fact
    from engram.memory import Memory

__all__ = ["BOOST", "Cards", "card_of"]

BOOST = "boost"
"""Metadata: by how much a correction's score is multiplied in a search."""


def card_of(fact: Fact) -> dict[str, Any]:
    """Give a fact as a memory card."""
    return {
        "id": fact.id,
        "kind": "fact",
        "entity": fact.entity,
        "slot": fact.slot,
        "value": fact.value,
        "confidence": fact.confidence,
        "source_frame_id": fact.document,
        "engine": fact.extractor,
        "valid_from": fact.valid_from.isoformat() if fact.valid_from else None,
        "valid_to": fact.valid_to.isoformat() if fact.valid_to else None,
    }


class Cards:
    """The verbs about facts."""

    _memory: Memory

    def memories(self, *, entity: str | None = None, slot: str | None = None) -> dict[str, Any]:
        """List the facts that `enrich` found."""
        with mapped():
            cards = [card_of(fact) for fact in self._memory.memories(entity, slot)]
        return {"cards": cards, "count": len(cards)}

    def memory_entities(self) -> list[str]:
        """List whom and what facts are about."""
        with mapped():
            return sorted({fact.entity for fact in self._memory.memories()})

    def memories_stats(self) -> dict[str, Any]:
        """Count facts."""
        with mapped():
            facts = self._memory.memories()
        return {
            "card_count": len(facts),
            "entity_count": len({fact.entity for fact in facts}),
            "slot_count": len({(fact.entity, fact.slot) for fact in facts}),
        }

    def state(self, entity: str, *, slot: str | None = None) -> dict[str, Any]:
        """Say what holds of an entity now: the newest value of each slot."""
        with mapped():
            names = [slot] if slot else sorted({one.slot for one in self._memory.memories(entity)})
            held = [(name, self._memory.state(entity, name)) for name in names]
        slots = {name: card_of(fact) for name, fact in held if fact is not None}
        return {"entity": entity, "found": bool(slots), "slots": slots}

    def enrich(self, *, engine: str = "rules", force: bool = False) -> dict[str, Any]:
        """Read the documents for facts: by ``"rules"``, or by a model, ``"provider:model"``.

        Raises:
            MemvidError: Where a document could not be read; the others were.
        """
        with mapped():
            done = self._memory.enrich(engine=engine, force=force)
            for one in done.failed:
                raise one.error
        return {
            "engine": engine,
            "frames_processed": done.documents,
            "new_cards": done.facts,
            "total_cards": self.memories_stats()["card_count"],
        }

    def export_facts(
        self, *, format: str = "json", entity: str | None = None, with_provenance: bool = False
    ) -> str:
        """Write facts as text: ``"json"``, ``"jsonl"`` or ``"csv"``."""
        with mapped():
            given: Any = format
            return self._memory.export_facts(given, entity=entity, with_provenance=with_provenance)

    def add_memory_cards(self, cards: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Add facts of your own: each with ``entity``, ``slot`` and ``value``."""
        with mapped():
            ids = [
                self._memory.correct(card["entity"], card["slot"], card["value"]).id
                for card in cards
            ]
        return {"added": len(ids), "ids": ids}
