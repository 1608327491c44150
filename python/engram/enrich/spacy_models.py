"""Entities by a pipeline of spaCy.

Owns: `SpacyExtractor`, and what spaCy's labels are here. Limits: the pipeline is loaded at the
first use, and nothing is fetched: a model that is not installed is an error that says how.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.enrich.entities import Entity, Label, apart, checked_text
from engram.errors import NotFound, _missing_extra

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SpacyExtractor"]

_LABELS: Mapping[str, Label] = {
    "PERSON": "PERSON",
    "PER": "PERSON",
    "ORG": "ORG",
    "GPE": "GPE",
    "LOC": "LOC",
    "FAC": "LOC",
    "DATE": "DATE",
    "TIME": "DATE",
    "MONEY": "MONEY",
    "PRODUCT": "PRODUCT",
    "EVENT": "EVENT",
    "NORP": "MISC",
    "WORK_OF_ART": "MISC",
    "LAW": "MISC",
    "LANGUAGE": "MISC",
    "MISC": "MISC",
}
"""Labels of spaCy's pipelines; counts and shares (CARDINAL, PERCENT, ...) are no entities here."""


class SpacyExtractor:
    """Finds entities with a pipeline of spaCy.

    Args:
        model: An installed pipeline's name or folder, or a loaded pipeline.

    Raises:
        NotFound: ``model.not_found`` where the pipeline is not installed.
        MissingExtra: ``extra.missing`` where spaCy is not.
    """

    def __init__(self, model: Any = "en_core_web_sm") -> None:
        """Load the pipeline."""
        self._pipeline = _load(model) if isinstance(model, str) else model
        meta = getattr(self._pipeline, "meta", {})
        self._name = f"spacy:{meta.get('lang', '')}_{meta.get('name', '')}".rstrip("_")

    @property
    def name(self) -> str:
        """``spacy:`` and the pipeline's name."""
        return self._name

    @property
    def entity_types(self) -> tuple[str, ...]:
        """The labels that this pipeline can lead to."""
        own: set[str] = set()
        for part in ("ner", "entity_ruler"):
            if self._pipeline.has_pipe(part):
                own.update(self._pipeline.get_pipe(part).labels)
        return tuple(sorted({_LABELS[label] for label in own if label in _LABELS}))

    def extract(self, text: str, min_confidence: float = 0.0) -> list[Entity]:
        """Find the entities of a text.

        spaCy gives no confidences: each is 1.0.

        Raises:
            InvalidInput: ``input.invalid`` where the text is no str, or the confidence no share.
        """
        found = self._pipeline(checked_text(text)).ents
        return apart(
            (
                Entity(one.text, _LABELS[one.label_], one.start_char, one.end_char)
                for one in found
                if one.label_ in _LABELS
            ),
            min_confidence,
        )

    def __repr__(self) -> str:
        """Show the pipeline's name."""
        return f"SpacyExtractor({self._name!r})"


def _load(model: str) -> Any:
    try:
        import spacy
    except ImportError as cause:
        raise _missing_extra("spacy", "spacy", "finding entities with spaCy") from cause
    try:
        return spacy.load(model)
    except OSError as cause:
        raise NotFound(
            "model.not_found",
            f"the pipeline {model} of spaCy is not installed",
            f"python -m spacy download {model}; or use the extractor 'rules', which needs no model",
            {"model": model, "kind": "ner"},
        ) from cause
