"""Rerankers: what looks at the first hits again, slower and better.

Owns: `CrossEncoder` and `ColBERT` (models), `RemoteReranker` (a provider's model), `Listwise` (a
language model), `MMR`, `Recency` and `Formula` (arithmetic), and `TextReranker`, the base of those
that score texts. Each goes into
``collection.query(..., rerank=...)``; those that score texts also stand alone.
"""

from __future__ import annotations

from engram.rerank.colbert import ColBERT
from engram.rerank.cross_encoder import CrossEncoder
from engram.rerank.formulas import MMR, Formula, Recency
from engram.rerank.listwise import Listwise
from engram.rerank.remote import RemoteReranker, get_reranker
from engram.rerank.texts import TextReranker
from engram.types import Reranker

__all__ = [
    "MMR",
    "ColBERT",
    "CrossEncoder",
    "Formula",
    "Listwise",
    "Recency",
    "RemoteReranker",
    "Reranker",
    "TextReranker",
    "get_reranker",
]
