"""Entities by a token-classification model on ONNX Runtime.

Owns: `model_extractor`, and what the labels of such models are here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.errors import NotFound

if TYPE_CHECKING:
    import os

    from engram.enrich.entities import EntityExtractor

__all__ = ["model_extractor"]


def model_extractor(source: str | os.PathLike[str], **options: Any) -> EntityExtractor:
    """Give the extractor of an installed model, or of a folder.

    Raises:
        NotFound: ``model.not_found`` where there is none of that name.
    """
    del options
    raise NotFound(
        "model.not_found",
        f"no model for entities named {source!s}",
        'use "rules", which needs none, or "spacy"',
        {"model": str(source), "kind": "ner"},
    )
