"""Closed sets and shapes of the public signatures.

Owns: the literal types (metrics, modes, error codes) and the protocols users implement.
Invariant: `Code` lists what `engram.errors.CODES` lists (a test compares them).
Loaded only when asked for: `import engram` must stay quick, and `typing` is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypedDict, runtime_checkable

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from engram.embed import Identity
    from engram.expressions import Condition, Field
    from engram.nearness import Near
    from engram.results import Hit

Metric: TypeAlias = Literal["cosine", "dot", "l2"]
"""How near two vectors are. Higher scores are nearer under each of them."""

StopWords: TypeAlias = Literal["weak", "keep", "drop"]
"""What stop words of a query count beside its other words: a tenth, as much, or nothing."""

Durability: TypeAlias = Literal["full", "relaxed"]
"""``full``: a commit is on disk when the call returns. ``relaxed``: syncs may be grouped."""

Mode: TypeAlias = Literal["auto", "lexical", "semantic", "hybrid"]
"""Which retrievers a query runs."""

Fusion: TypeAlias = Literal["convex", "rrf"]
"""How the lists of several retrievers become one."""

Cutoff: TypeAlias = "float | Literal['elbow']"
"""Where a list of hits ends early: a share of the best score, or its elbow."""

Include: TypeAlias = Literal["text", "metadata", "vectors"]
"""What hits carry beside id and score."""

Kind: TypeAlias = Literal["dense", "sparse", "multi"]
"""What the embeddings of a vector space are."""

Element: TypeAlias = Literal["float32", "float16", "int8", "binary"]
"""How the numbers of a vector space are kept."""

Where: TypeAlias = "str | Mapping[str, Any] | Condition"
"""A filter: text, a dict in the style of MongoDB, or an expression of `engram.F`
(docs/reference/filters.md)."""

Missing: TypeAlias = Literal["error", "ignore"]
"""What a filter on a field that no record has does: an error, or no match."""

Direction: TypeAlias = Literal["out", "in", "both"]
"""Which edges of a record: those that start there, those that end there, or all."""

ExportFormat: TypeAlias = Literal["jsonl", "parquet"]
"""File formats of `Collection.export` and `Collection.import_`."""

Code: TypeAlias = Literal[
    "input.invalid",
    "input.limit",
    "input.dimension",
    "input.not_finite",
    "input.zero_vector",
    "query.empty",
    "filter.syntax",
    "filter.unknown_field",
    "embedder.mismatch",
    "embedder.missing",
    "collection.not_found",
    "record.not_found",
    "snapshot.not_found",
    "history.not_retained",
    "collection.exists",
    "collection.mismatch",
    "snapshot.exists",
    "transaction.active",
    "transaction.finished",
    "file.exists",
    "file.read_only",
    "lock.timeout",
    "corrupt.superblock",
    "corrupt.manifest",
    "corrupt.log",
    "corrupt.segment",
    "corrupt.truncated",
    "format.not_engram",
    "format.too_new",
    "file.not_found",
    "io.failed",
    "io.full",
    "io.poisoned",
    "handle.closed",
    "handle.forked",
    "internal",
    "embedder.invalid",
    "llm.invalid",
    "extra.missing",
    "model.invalid",
    "template.invalid",
    "query_set.exists",
    "query_set.not_found",
    "report.not_found",
    "reranker.invalid",
    "model.not_found",
    "model.corrupt",
    "provider.unknown",
    "remote.key",
    "remote.refused",
    "remote.budget",
    "remote.limited",
    "remote.failed",
    "remote.answer",
    "remote.partial",
    "llm.answer",
    "document.unsupported",
    "document.encrypted",
    "document.damaged",
    "snapshot.holds",
    "sealed.password",
    "sealed.damaged",
    "sealed.unsupported",
    "node.exists",
    "node.stale",
    "edge.exists",
    "edge.not_found",
    "graph.constraint",
    "session.exists",
    "session.ended",
    "session.not_found",
    "weaver.failed",
    "weaver.timeout",
    "weaver.stopping",
]
"""Every stable error code."""

Vector: TypeAlias = "Sequence[float] | NDArray[Any] | bytes"
"""One vector: numbers, a one-dimensional NumPy array of any real dtype, or little-endian float32
bytes. It is copied and stored as float32."""

AnyVector: TypeAlias = "Vector | Mapping[int, float] | Sequence[Sequence[float]]"
"""A vector; or the weights of a sparse one by dimension; or the token vectors of a multi-vector, as
a sequence of vectors or a NumPy array ``(tokens, dimension)``."""

Metadata: TypeAlias = Mapping[str, Any]
"""A JSON object: None, bool, int (64 bits), finite float, str, lists and string-keyed maps."""


class SharedOptions(TypedDict, total=False):
    """The arguments of `Query` that several queries can share."""

    text: str | None
    vector: Vector | None
    vector_name: str | None
    vectors: Mapping[str, AnyVector] | None
    where: Where | None
    since: datetime | str | None
    until: datetime | str | None
    as_of: str | int | datetime | None
    near: str | Sequence[str] | Near | None
    k: int
    mode: Mode
    recall: float
    exact: bool
    fusion: Fusion
    weights: Mapping[str, float] | None
    min_score: float | Mapping[str, float] | None
    cutoff: Cutoff | None
    diversity: float | None
    group_by: str | None
    group_size: int
    feedback: float
    hop: float
    candidates: int | None
    rerank: Reranker | Sequence[Reranker] | None
    rerank_depth: int | Sequence[int] | None
    cursor: str | None
    include: Sequence[Include]
    snippets: bool | Mapping[str, int]
    facets: str | Field | Iterable[str | Field]
    facet_limit: int
    explain: bool
    missing: Missing


class QueryOptions(SharedOptions, total=False):
    """The arguments of `Query`."""

    threads: int


class Frame(Protocol):
    """A pandas or polars data frame, a pyarrow table or record batch."""

    @property
    def columns(self) -> Any:
        """Its columns, or their names."""


@runtime_checkable
class Embedder(Protocol):
    """What `engram.open(..., embedder=...)` needs: an identity and a way to embed texts.

    An embedder that treats queries differently from documents also has
    ``encode_query(text: str) -> float32 (dimension,)``, and one that knows only some scripts or
    words ``coverage(text: str) -> float``, 0 to 1: hybrid search gives the vector of a query no
    more weight than that. One that makes no dense vectors says by ``kind`` what it makes:
    ``"multi"``, a matrix ``(tokens, dimension)`` for each text, or ``"sparse"``, weights by
    dimension; ``encode_batch`` then returns a list of them. engram uses these where they exist.
    """

    @property
    def identity(self) -> Identity:
        """Who made the vectors. Stored with the vectors; another one is refused."""

    def encode_batch(self, texts: Sequence[str], /) -> NDArray[np.float32]:
        """Embed texts as float32 ``(len(texts), dimension)``, finite values.

        A row of zeros says that the text has no vector.
        """


@runtime_checkable
class Reranker(Protocol):
    """What ``query(..., rerank=...)`` needs: scores for hits.

    A reranker may also have a ``name: str``, by which the report calls it, and ``needs``: which
    parts of a hit it reads, any of ``"text"``, ``"metadata"``, ``"vectors"``; ``("text",)`` unless
    given. engram gives it these, whatever the query includes.
    """

    def rerank(self, query: str | None, hits: Sequence[Hit], /) -> Sequence[float]:
        """Score hits, best first as the stage before left them.

        Args:
            query: The query's text; None where it has only vectors.
            hits: At least one.

        Returns:
            One finite score for each hit, higher is better. The list is sorted by it, ties by id.
        """
