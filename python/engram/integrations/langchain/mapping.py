"""Documents and records, scores and relevance.

Owns: what a LangChain document is in the file, and which scores have a scale from 0 to 1.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, get_args

from langchain_core.documents import Document

from engram.errors import InvalidInput
from engram.types import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.embeddings import Embeddings

    from engram.records import Record
    from engram.results import Hit

__all__ = [
    "checked_mode",
    "document",
    "documents",
    "marginal",
    "name_of",
    "records",
    "relevance",
    "scored",
]


def checked_mode(mode: Mode) -> Mode:
    """Give a mode back where there is such a one."""
    if mode not in get_args(Mode):
        raise InvalidInput(
            "input.invalid", f"unknown mode {mode!r}", f"one of: {', '.join(get_args(Mode))}"
        )
    return mode


def name_of(embedding: Embeddings) -> str:
    """Name embeddings by their class and their model, where they say which."""
    for attribute in ("model", "model_name", "model_id"):
        model = getattr(embedding, attribute, None)
        if isinstance(model, str) and model:
            return f"langchain:{type(embedding).__name__}:{model}"
    return f"langchain:{type(embedding).__name__}"


def records(
    texts: list[str],
    metadatas: Sequence[dict[str, Any] | None] | None,
    ids: Sequence[str | None] | None,
) -> list[dict[str, Any]]:
    """Give the records of texts; an id that is missing is made up."""
    for name, given in (("metadatas", metadatas), ("ids", ids)):
        if given is not None and len(given) != len(texts):
            raise InvalidInput(
                "input.invalid",
                f"there are {len(texts)} texts and {len(given)} {name}",
                f"give one of the {name} per text, or none",
            )
    chosen = [one or str(uuid.uuid4()) for one in ids or [None] * len(texts)]
    described = metadatas or [None] * len(texts)
    return [
        {"id": id_, "text": text, "metadata": metadata}
        for id_, text, metadata in zip(chosen, texts, described, strict=True)
    ]


def document(record: Record) -> Document:
    """Give a record as a document."""
    return Document(id=record.id, page_content=record.text or "", metadata=record.metadata)


def documents(hits: Sequence[Hit]) -> list[Document]:
    """Give hits as documents."""
    return [document(hit) for hit in hits]


def scored(hits: Sequence[Hit]) -> list[tuple[Document, float]]:
    """Give hits as documents with their scores."""
    return [(document(hit), hit.score) for hit in hits]


def marginal(k: int, fetch_k: int, lambda_mult: float) -> dict[str, Any]:
    """Turn LangChain's arguments for maximal marginal relevance into those of a query."""
    return {"diversity": 1.0 - lambda_mult, "candidates": max(k, fetch_k)}


def relevance(mode: str, metric: str) -> Callable[[float], float]:
    """Give the function from score to relevance, 0 to 1.

    Raises:
        InvalidInput: ``input.invalid`` where the scores have no such scale.
    """
    if mode == "hybrid":
        return float
    if mode == "semantic" and metric in {"cosine", "l2"}:
        return _from_cosine if metric == "cosine" else _from_distance
    kind = "the dot product" if mode == "semantic" else f"mode {mode!r}"
    raise InvalidInput(
        "input.invalid",
        f"scores of {kind} have no scale from 0 to 1",
        "use similarity_search_with_score, mode='hybrid', or a collection with metric='cosine'",
    )


def _from_cosine(score: float) -> float:
    return min(max((score + 1.0) / 2.0, 0.0), 1.0)


def _from_distance(score: float) -> float:
    return 1.0 / (1.0 - score)
