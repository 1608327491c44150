"""Entities by a token-classification model on ONNX Runtime.

Owns: `ModelExtractor`, and what the labels of such models are here (those of CoNLL, OntoNotes and
WNUT). Limits: the model is one of `engram.embed.TokenClassifier`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.enrich.entities import Entity, Label, apart, checked_confidence, checked_text
from engram.enrich.gazetteer import PLACES
from engram.errors import EngramError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from engram.embed.token_classifier import TokenClassifier

__all__ = ["ModelExtractor"]

_LABELS: Mapping[str, Label] = {
    **dict.fromkeys(("per", "person"), "PERSON"),
    **dict.fromkeys(("org", "organization", "organisation", "corporation", "group"), "ORG"),
    **dict.fromkeys(("gpe", "country", "city"), "GPE"),
    **dict.fromkeys(("loc", "location", "fac"), "LOC"),
    **dict.fromkeys(("date", "time"), "DATE"),
    "money": "MONEY",
    "product": "PRODUCT",
    "event": "EVENT",
    "email": "EMAIL",
    "url": "URL",
    **dict.fromkeys(("misc", "norp", "work_of_art", "creative-work", "law", "language"), "MISC"),
}
_NOT_ENTITIES = frozenset({"cardinal", "ordinal", "percent", "quantity"})


class ModelExtractor:
    """Finds entities with a token-classification model.

    Args:
        model: The name of an installed model, its folder, or a `TokenClassifier`.
        options: What `TokenClassifier` takes beside its source.

    Raises:
        NotFound: ``model.not_found`` where the model is not installed.
        Io: ``file.not_found`` where there is no such folder.
        InvalidInput: ``model.invalid``.
        MissingExtra: ``extra.missing`` without ``engram[onnx]``.
    """

    def __init__(self, model: str | os.PathLike[str] | TokenClassifier, **options: Any) -> None:
        """Load the model."""
        self._model: Any = model
        if not callable(getattr(model, "extract", None)):
            from engram.embed import TokenClassifier

            try:
                self._model = TokenClassifier(model, **options)  # type: ignore[arg-type] # a source
            except EngramError as error:
                error.details["kind"] = "ner"
                without = "the extractor 'rules' needs no model"
                error.hint = f"{error.hint}; {without}" if error.hint else without
                raise

    @property
    def name(self) -> str:
        """The model's name."""
        return str(self._model.model)

    @property
    def entity_types(self) -> tuple[str, ...]:
        """The labels that this model can lead to."""
        return tuple(
            sorted(
                {_label(one, "") for one in self._model.labels if one.lower() not in _NOT_ENTITIES}
            )
        )

    def extract(self, text: str, min_confidence: float = 0.0) -> list[Entity]:
        """Find the entities of a text.

        A model that knows one kind of places gives GPE for those on the lists of the rules, and LOC
        for others. Labels that are unknown here are MISC; counts and shares are no entities.

        Raises:
            InvalidInput: ``input.invalid`` where the text is no str, or the confidence no share.
        """
        found = self._model.extract(checked_text(text), checked_confidence(min_confidence))
        return apart(
            Entity(one.text, _label(one.label, one.text), one.start, one.end, one.confidence)
            for one in found
            if one.label.lower() not in _NOT_ENTITIES
        )

    def __repr__(self) -> str:
        """Show the model's name."""
        return f"ModelExtractor({self.name!r})"


def _label(label: str, text: str) -> Label:
    ours = _LABELS.get(label.lower(), "MISC")
    return "GPE" if ours == "LOC" and " ".join(text.split()) in PLACES else ours
