"""Documents and records, scores and their scales.

Owns: what a Haystack document is in the file. A score is not kept: it belongs to a search. Numbers
of embeddings are kept as float32.
"""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any

from haystack.dataclasses import ByteStream, Document, SparseEmbedding

from engram.errors import InvalidInput
from engram.planning import VECTOR_SPACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from engram.records import Record

__all__ = ["SPARSE_SPACE", "document", "meta_of", "record", "scale"]

SPARSE_SPACE = "sparse"
"""The vector space of sparse embeddings."""

_BLOB = "_haystack_blob"
_BM25_SCALE = 8
_DOT_SCALE = 100


def record(given: Document) -> dict[str, Any]:
    """Give a document as a record."""
    if _BLOB in given.meta:
        raise InvalidInput("input.invalid", f"meta has a key {_BLOB!r}", "give it another name")
    metadata = dict(given.meta)
    if given.blob is not None:
        data = base64.b64encode(given.blob.data).decode()
        metadata[_BLOB] = {
            "data": data,
            "meta": given.blob.meta,
            "mime_type": given.blob.mime_type,
        }
    vectors: dict[str, Any] = {}
    if given.embedding is not None:
        vectors[VECTOR_SPACE] = given.embedding
    if given.sparse_embedding is not None:
        sparse = given.sparse_embedding
        vectors[SPARSE_SPACE] = dict(zip(sparse.indices, sparse.values, strict=True))
    return {"id": given.id, "text": given.content, "metadata": metadata, "vectors": vectors}


def document(found: Record, score: float | None = None) -> Document:
    """Give a record as a document; with its embeddings where the record was read with them."""
    vectors = found.vectors or {}
    sparse: dict[int, float] | None = vectors.get(SPARSE_SPACE)
    blob = found.metadata.get(_BLOB)
    return Document(
        id=found.id,
        content=found.text,
        blob=None if blob is None else _blob(blob),
        meta=meta_of(found),
        score=score,
        embedding=vectors[VECTOR_SPACE].tolist() if VECTOR_SPACE in vectors else None,
        sparse_embedding=None if sparse is None else _sparse(sparse),
    )


def meta_of(found: Record) -> dict[str, Any]:
    """Give the document's own metadata."""
    return {key: value for key, value in found.metadata.items() if key != _BLOB}


def _sparse(kept: dict[int, float]) -> SparseEmbedding:
    return SparseEmbedding(indices=list(kept), values=list(kept.values()))


def _blob(kept: dict[str, Any]) -> ByteStream:
    data = base64.b64decode(kept["data"])
    return ByteStream(data=data, meta=kept["meta"], mime_type=kept["mime_type"])


def scale(kind: str) -> Callable[[float], float]:
    """Give the function from score to a number from 0 to 1, as Haystack scales scores.

    Args:
        kind: ``"bm25"``, or the metric of the collection.
    """
    return _SCALES[kind]


def _logistic(divisor: float) -> Callable[[float], float]:
    def scaled(score: float) -> float:
        return 1.0 / (1.0 + math.exp(-score / divisor))

    return scaled


_SCALES: dict[str, Callable[[float], float]] = {
    "bm25": _logistic(_BM25_SCALE),
    "dot": _logistic(_DOT_SCALE),
    "cosine": lambda score: min(max((score + 1.0) / 2.0, 0.0), 1.0),
    "l2": lambda score: 1.0 / (1.0 - score),
}
