"""What `Memory.ask` takes, for type checkers.

Owns: `SearchOptions` and `MemoryAskOptions`. A test compares them with `Memory.find`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from engram.answer import AskOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from engram.access import AccessContext
    from engram.embed.identity import Identity
    from engram.memory.cutoffs import Strategy
    from engram.memory.finding import Mode
    from engram.memory.moments import Moment
    from engram.types import Embedder, Missing, Reranker, Vector, Where

__all__ = ["MemoryAskOptions", "SearchOptions"]


class SearchOptions(TypedDict, total=False):
    """What `Memory.find` takes beside the question; see there."""

    k: int | None
    mode: Mode
    scope: str | None
    where: Where | None
    missing: Missing
    tags: Sequence[str]
    since: Moment | None
    until: Moment | None
    when: str | bool | None
    as_of: str | int | datetime | None
    per_document: int | None
    adaptive: bool
    min_relevancy: float | None
    max_k: int | None
    adaptive_strategy: Strategy | None
    rerank: Reranker | Sequence[Reranker] | None
    rerank_depth: int | Sequence[int] | None
    query_embedding: Vector | None
    query_embedding_identity: Identity | Mapping[str, Any] | str | None
    embedder: Embedder | None
    access: AccessContext | None


class MemoryAskOptions(SearchOptions, AskOptions, total=False):
    """What `Memory.ask` takes: the options of the search and of the answer."""
