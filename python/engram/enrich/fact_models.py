"""Facts by a language model.

Owns: `ModelFacts`. Invariant: a fact stands on a quotation that is in the text; what the model
gives without one is left out, so that nothing is stored that nobody said.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from engram.checks import proper_str
from engram.enrich.dates import aware, iso, span_of
from engram.enrich.facts import USER, Fact, slot_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engram.llm import LLM

__all__ = ["ModelFacts"]

_SYSTEM = "You list the facts that a text states. You add nothing that it does not say."
_PROMPT = """\
List the facts that the text states about people, organisations, places and things: who or what
(entity), the property (slot: a short name such as employer, residence, birthday, likes), and its
value. For "I" write {speaker}. Quote word for word the part of the text that states the fact. Give
dates as YYYY-MM-DD where the text says since when (valid_from) or until when (valid_to); it was
written on {date}. Leave out questions, wishes, guesses and what is denied.

Text:
{text}"""
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "facts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "entity": {"type": "string"},
                    "slot": {"type": "string"},
                    "value": {"type": "string"},
                    "quote": {"type": "string"},
                    "valid_from": {"type": ["string", "null"]},
                    "valid_to": {"type": ["string", "null"]},
                    "confidence": {"type": "number"},
                },
                "required": [
                    "entity",
                    "slot",
                    "value",
                    "quote",
                    "valid_from",
                    "valid_to",
                    "confidence",
                ],
                "additionalProperties": False,
            },
        }
    },
    "required": ["facts"],
    "additionalProperties": False,
}


class ModelFacts:
    """Finds facts with a language model.

    Args:
        model: A language model, or a function from prompt to answer.
        name: What is stored with each fact; ``llm:`` and the model's own name, unless given.
    """

    def __init__(self, model: LLM | Callable[[str], str], *, name: str | None = None) -> None:
        """Take the model; nothing is asked."""
        from engram.llm import as_llm

        self._model = as_llm(model)
        own = getattr(model, "model", None) or getattr(model, "__name__", type(model).__name__)
        self._name = name or f"llm:{own}"

    @property
    def name(self) -> str:
        """What is stored with each fact."""
        return self._name

    def facts(
        self, text: str, *, speaker: str | None = None, when: datetime | None = None
    ) -> list[Fact]:
        """Find the facts of a text; see `FactExtractor`.

        Raises:
            InvalidInput: ``llm.answer`` where the model gives no such list; ``input.invalid``.
            MissingExtra: ``extra.missing`` without jsonschema.
        """
        from engram.llm import complete_json

        if not proper_str(text, "the text").strip():
            return []
        said = aware(when) if when is not None else datetime.now(timezone.utc)
        prompt = _PROMPT.format(speaker=speaker or USER, date=iso(said)[:10], text=text)
        answer = complete_json(self._model, prompt, _SCHEMA, system=_SYSTEM, temperature=0.0)
        found = [_fact(one, text, said, self._name) for one in answer["facts"]]
        return [fact for fact in found if fact is not None]

    def __repr__(self) -> str:
        """Show its name."""
        return f"ModelFacts({self._name!r})"


def _fact(given: Mapping[str, Any], text: str, said: datetime, name: str) -> Fact | None:
    """Make a fact of what the model gave; None where its quotation is not in the text."""
    entity, value, quote = (str(given[key]).strip() for key in ("entity", "value", "quote"))
    start = text.find(quote)
    if not (entity and value and quote and slot_name(given["slot"])) or start < 0:
        return None
    since = span_of(given["valid_from"] or "", said)
    until = span_of(given["valid_to"] or "", said)
    return Fact(
        entity=entity,
        slot=slot_name(given["slot"]),
        value=value,
        valid_from=since[0] if since else said,
        valid_to=until[0] if until else None,
        statement=" ".join(quote.split()),
        start=start,
        end=start + len(quote),
        confidence=min(max(float(given["confidence"]), 0.0), 1.0),
        extractor=name,
    )
