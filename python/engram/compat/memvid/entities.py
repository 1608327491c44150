"""Names in texts, as memvid-sdk finds them.

Owns: `NerModel`, the extractors and `get_entity_extractor`. Each is a thin form of one of
`engram.enrich`, or asks a language model; an entity is a dict with ``name``, ``type`` and
``confidence``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypedDict

from engram.compat.memvid.errors import MemvidError, NerModelNotAvailableError, mapped

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

__all__ = [
    "ClaudeEntities",
    "Entity",
    "EntityExtractor",
    "GeminiEntities",
    "HuggingFaceNER",
    "LocalNER",
    "NerModel",
    "OpenAIEntities",
    "get_entity_extractor",
]

_TYPES = ("PERSON", "ORG", "GPE", "LOC", "DATE", "MONEY", "PRODUCT", "EVENT", "MISC")


class Entity(TypedDict):
    """A name in a text."""

    name: str
    type: str
    confidence: float


class EntityExtractor(ABC):
    """What an extractor of your own has to offer."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is."""

    @property
    @abstractmethod
    def entity_types(self) -> list[str]:
        """The types it finds."""

    @abstractmethod
    def extract(self, text: str, min_confidence: float = 0.5) -> list[Entity]:
        """Find the names of a text, in their order."""

    def extract_batch(
        self, texts: Sequence[str], min_confidence: float = 0.5
    ) -> list[list[Entity]]:
        """Find the names of several texts."""
        return [self.extract(text, min_confidence) for text in texts]


class LocalNER(EntityExtractor):
    """An extractor that runs here: an installed model, its folder, ``spacy``, or ``rules``."""

    def __init__(self, model: str | os.PathLike[str] = "distilbert-ner") -> None:
        """Load it; nothing is fetched.

        Raises:
            MemvidError: MV017 where it is not installed.
        """
        from engram.enrich import get_extractor

        with mapped(NerModelNotAvailableError):
            self._extractor = get_extractor(model)

    @property
    def name(self) -> str:
        """What it is: ``rules`` where it is no model."""
        return self._extractor.name

    @property
    def entity_types(self) -> list[str]:
        """The types it finds."""
        return list(self._extractor.entity_types)

    def extract(self, text: str, min_confidence: float = 0.5) -> list[Entity]:
        """Find the names of a text, in their order."""
        with mapped():
            found = self._extractor.extract(text, min_confidence=min_confidence)
        return [
            {"name": one.text, "type": one.label, "confidence": one.confidence} for one in found
        ]


class HuggingFaceNER(LocalNER):
    """A model of the hub that is installed, or its folder."""

    def __init__(self, model: str | os.PathLike[str] = "dslim/bert-base-NER") -> None:
        """Load it; nothing is fetched."""
        super().__init__(model)


class NerModel:
    """A model that finds names, as the native module of memvid-sdk has it."""

    def __init__(self, model: str | os.PathLike[str] = "distilbert-ner") -> None:
        """Load an installed model, or a folder.

        Raises:
            MemvidError: MV017 where it is not there.
        """
        self._local = LocalNER(model)

    @property
    def entity_types(self) -> list[str]:
        """The types it finds."""
        return self._local.entity_types

    def extract(self, text: str, min_confidence: float = 0.0) -> list[Entity]:
        """Find the names of a text, in their order, at that confidence (0 to 1) or above."""
        return self._local.extract(text, min_confidence)


class _Asked(EntityExtractor):
    """A language model that is asked for the names of a text."""

    provider: str
    default: str

    def __init__(
        self,
        api_key: str | None = None,
        model: str | None = None,
        entity_types: Sequence[str] | None = None,
        base_url: str | None = None,
    ) -> None:
        from engram.llm import get_llm

        options = {"key": api_key, "base_url": base_url}
        given: Any = {name: one for name, one in options.items() if one is not None}
        with mapped():
            self._llm = get_llm(f"{self.provider}:{model or self.default}", **given)
        self._types = list(_TYPES if entity_types is None else entity_types)

    @property
    def name(self) -> str:
        """The provider and its model."""
        return f"{self.provider}:{self._llm.model}"

    @property
    def entity_types(self) -> list[str]:
        """The types that it is asked for."""
        return list(self._types)

    def extract(self, text: str, min_confidence: float = 0.5) -> list[Entity]:
        """Ask for the names of a text. A name that the text does not hold is dropped.

        Raises:
            MemvidError: MV008 without a key; where the provider fails, or answers with no list.
        """
        from engram.llm import complete_json

        item = {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "type": {"type": "string", "enum": self._types},
                "confidence": {"type": "number"},
            },
            "required": ["name", "type", "confidence"],
            "additionalProperties": False,
        }
        schema = {
            "type": "object",
            "properties": {"entities": {"type": "array", "items": item}},
            "required": ["entities"],
            "additionalProperties": False,
        }
        asked = (
            "List the named entities of the text between the lines, each as it is written there,"
            f" with its type and your confidence from 0 to 1.\n---\n{text}\n---"
        )
        with mapped(MemvidError):
            found = complete_json(self._llm, asked, schema, temperature=0.0)["entities"]
        return [
            Entity(name=one["name"], type=one["type"], confidence=float(one["confidence"]))
            for one in found
            if one["confidence"] >= min_confidence and one["name"] in text
        ]


class OpenAIEntities(_Asked):
    """Names by a model of OpenAI's."""

    provider, default = "openai", "gpt-4o-mini"


class ClaudeEntities(_Asked):
    """Names by a model of Anthropic's."""

    provider, default = "anthropic", "claude-3-5-sonnet-20241022"


class GeminiEntities(_Asked):
    """Names by a model of Google's."""

    provider, default = "gemini", "gemini-2.0-flash"


_EXTRACTORS: dict[str, type[EntityExtractor]] = {
    "local": LocalNER,
    "huggingface": HuggingFaceNER,
    "openai": OpenAIEntities,
    "claude": ClaudeEntities,
    "gemini": GeminiEntities,
}


def get_entity_extractor(
    provider: str = "local",
    model: str | None = None,
    api_key: str | None = None,
    entity_types: Sequence[str] | None = None,
    **options: Any,
) -> EntityExtractor:
    """Make an extractor by name: local, huggingface, openai, claude or gemini.

    Raises:
        ValueError: For a name that is none.
        MemvidError: MV017 where a local model is not there, MV008 where there is no key.
    """
    if provider not in _EXTRACTORS:
        raise ValueError(f"no provider {provider!r}; one of: {', '.join(sorted(_EXTRACTORS))}")
    given = {"model": model, "api_key": api_key, "entity_types": entity_types, **options}
    return _EXTRACTORS[provider](**{name: one for name, one in given.items() if one is not None})
