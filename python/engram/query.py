"""What a query asks for.

Owns: `Query` and the checks of its arguments that need no file. Opposite side: `engram.planning`
decides which retrievers that comes to.
"""

from __future__ import annotations

from engram._native import LIMITS
from engram.checks import optional_str
from engram.errors import InvalidInput
from engram.filtering import between
from engram.nearness import Near, as_near

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from engram.expressions import Field
    from engram.reranking import Stages
    from engram.types import (
        AnyVector,
        Cutoff,
        Fusion,
        Include,
        Missing,
        Mode,
        Reranker,
        Vector,
        Where,
    )

__all__ = ["Query", "as_query", "check_recall", "ignore_missing", "many_query"]

RECALL = 0.99
"""The recall that a search by vector aims at unless told otherwise."""

_MODES = ("auto", "lexical", "semantic", "hybrid")
_DEFAULT_INCLUDE: Sequence[Include] = ("text", "metadata")
_PARTS = frozenset({"text", "metadata", "vectors"})
_FLAGS = {("text", "metadata"): (True, True, False), (): (False, False, False)}


class Query:
    """One query with all its sides. `CollectionView.query` takes the same arguments.

    Args:
        text: What to look for, in words. Lexical search matches it by BM25; semantic search embeds
            it with the collection's embedder.
        vector: What to look for, as a vector of the space `vector_name`.
        vector_name: The space that semantic search looks in: ``"vector"`` for a vector and
            ``"text"`` (what the embedder made) for a text, unless given.
        vectors: More to look for, by space name: a dense vector, a dict of weights for a sparse
            space, a matrix ``(tokens, dimension)`` for a multi-vector space.
        where: A filter as text, dict or expression (docs/reference/filters.md); only records that
            match it are searched.
        since: Only records that were first put at that moment or later: an aware datetime, or text
            as in filters (``"2024-01-31"``).
        until: Only records that were first put before that moment.
        as_of: Search the database as it was: a snapshot's name, a commit number or an aware
            datetime, as in `Database.at`.
        near: Only records near others in the graph: the id of a record, several ids, or a `Near`.
        k: Most hits, 1 to ``LIMITS["k"]``.
        mode: ``"auto"`` runs every retriever that can run and reports why the others did not;
            ``"lexical"``, ``"semantic"`` and ``"hybrid"`` (both) run what they say or fail.
        recall: The share of the true nearest vectors to be found, 0.5 to 1.
        exact: Whether every vector is compared (recall 1).
        threads: Most threads that share the search of a large collection by vector, 1 or more,
            where codes or vectors are read whole; lists of near vectors are read by one. They
            change nothing of what is found.
        fusion: How the lists of several retrievers become one: ``"convex"``, the weighted sum of
            scores stretched to 0..1 (Bruch, Gai & Ingber, 2023), or ``"rrf"``, reciprocal ranks
            with k = 60 (Cormack et al., 2009).
        weights: The share of each retriever in the convex sum, by name (``"lexical"``,
            ``"semantic"``, and the names of `vectors`), 0 or more.
        min_score: Hits that score below are left out; or scores by retriever, below which a
            record is none of its candidates.
        cutoff: Where the list ends early: a share of the best score (0.5: half as good), or
            ``"elbow"``, where the scores bend (Satopää et al., 2011).
        diversity: 0 to 1: how much a hit must differ from those before it, by their vectors
            (maximal marginal relevance, Carbonell & Goldstein, 1998).
        group_by: A metadata path; at most `group_size` hits share a value of it.
        group_size: Most hits of one group.
        feedback: 0 to 1: how far a dense query moves toward its first three hits (Rocchio).
        hop: 0 to 1: the share of their score that the first five hits pass on to the records that
            they link to (outgoing edges of any type). Such a record gains, or becomes a hit.
        candidates: How many candidates of each retriever are fused, shaped and paged through.
            Unless given: k + 20 for a convex sum, max(100, 4 k) for reciprocal ranks, diversity
            and groups.
        rerank: What looks at the first hits again and orders them anew: a reranker of
            `engram.rerank`, several in turn, or one's own (`engram.types.Reranker`).
        rerank_depth: How many hits it looks at, `k` or more; one number for each where there are
            several. Unless given: 50, or `k` where that is more.
        cursor: `Results.cursor` of the page before; not together with `rerank`.
        include: What hits carry beside id and score: any of ``"text"``, ``"metadata"``,
            ``"vectors"``.
        snippets: Whether hits have `Hit.snippets`, pieces of their texts that show best what the
            query looks for: True for one of 200 characters, or
            ``{"length": characters, "count": pieces}``.
        facets: Fields whose values are counted, as `Results.facets`: over the records that match,
            which are those that `where` and `near` leave and, where words alone are looked for
            (mode ``"lexical"``), that hold any of them.
        facet_limit: Most values of each facet.
        explain: Whether the report tells what each test of the filter did.
        missing: ``"error"`` refuses a filter on a field that no record has; ``"ignore"`` lets it
            match nothing.
    """

    __slots__ = (
        "as_of",
        "candidates",
        "cutoff",
        "diversity",
        "exact",
        "explain",
        "facets",
        "feedback",
        "flags",
        "fusion",
        "group",
        "hop",
        "ignore_missing",
        "k",
        "min_score",
        "min_scores",
        "mode",
        "near",
        "offset",
        "recall",
        "semantic_text",
        "snippets",
        "stages",
        "text",
        "threads",
        "vector",
        "vector_name",
        "vectors",
        "weights",
        "where",
    )

    def __init__(  # noqa: PLR0913, PLR0915 - one query has this many sides
        self,
        text: str | None = None,
        *,
        vector: Vector | None = None,
        vector_name: str | None = None,
        vectors: Mapping[str, AnyVector] | None = None,
        where: Where | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        as_of: str | int | datetime | None = None,
        near: str | Sequence[str] | Near | None = None,
        k: int = 10,
        mode: Mode = "auto",
        recall: float = RECALL,
        exact: bool = False,
        threads: int = 1,
        fusion: Fusion = "convex",
        weights: Mapping[str, float] | None = None,
        min_score: float | Mapping[str, float] | None = None,
        cutoff: Cutoff | None = None,
        diversity: float | None = None,
        group_by: str | None = None,
        group_size: int = 1,
        feedback: float = 0.0,
        hop: float = 0.0,
        candidates: int | None = None,
        rerank: Reranker | Sequence[Reranker] | None = None,
        rerank_depth: int | Sequence[int] | None = None,
        cursor: str | None = None,
        include: Sequence[Include] = _DEFAULT_INCLUDE,
        snippets: bool | Mapping[str, int] = False,
        facets: str | Field | Iterable[str | Field] = (),
        facet_limit: int = 10,
        explain: bool = False,
        missing: Missing = "error",
    ) -> None:
        """Check and keep what can be checked without the file."""
        optional_str(text, "text")
        if mode not in _MODES:
            raise InvalidInput(
                "input.invalid", f"unknown mode {mode!r}", f"one of: {', '.join(_MODES)}"
            )
        has_text = text is not None and not text.isspace() and text != ""
        if not has_text and vector is None and not vectors:
            raise InvalidInput(
                "query.empty",
                "the query has neither text nor vector",
                "pass text=... or vector=..., or use iterate(where=...) to list records",
            )
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= LIMITS["k"]:
            raise InvalidInput(
                "input.limit" if isinstance(k, int) else "input.invalid",
                f"k is {k!r}, outside 1 to {LIMITS['k']}",
                "ask for at least one hit; iterate(where=...) lists all records",
            )
        self.text = text if has_text else None
        # What is embedded: `engram.graph` may set another text than the words to look for.
        self.semantic_text = self.text
        self.vector = vector
        self.vector_name = optional_str(vector_name, "vector_name")
        self.vectors = vectors or {}
        self.where = where if since is None is until else between(where, since, until)
        self.as_of = as_of
        self.near = None if near is None else as_near(near)
        self.explain = explain
        self.k = k
        self.mode = mode
        self.recall = check_recall(recall)
        self.exact = exact or recall == 1.0
        self.threads = _check_threads(threads)
        self.fusion = fusion
        self.weights = weights or {}
        by_retriever = min_score is not None and hasattr(min_score, "keys")
        self.min_score: Any = None if by_retriever else min_score
        self.min_scores: Any = min_score if by_retriever else {}
        self.cutoff = cutoff
        self.diversity = diversity
        self.group = None if group_by is None else (group_by, group_size)
        self.feedback = feedback
        self.hop = hop
        self.candidates = candidates
        self.ignore_missing = ignore_missing(missing)
        self.flags = _flags(include)
        self.snippets = None
        if snippets is not False:
            from engram.snippets import snippet_shape

            self.snippets = snippet_shape(snippets)
        self.facets = None
        if facets != ():
            from engram.faceting import asked

            self.facets = asked(facets, facet_limit)
        if mode != "auto":
            self._check_mode()
        again = rerank is not None or rerank_depth is not None
        self.stages = _stages(rerank, rerank_depth, k, cursor) if again else ()
        self.offset = 0
        if cursor is not None:
            from engram.paging import resume

            self.offset, self.candidates = resume(cursor, self)

    def _check_mode(self) -> None:
        """Refuse arguments that the named mode would not use, or cannot do without."""
        if self.mode in {"lexical", "hybrid"} and self.text is None:
            raise InvalidInput(
                "input.invalid", f"mode {self.mode!r} needs text", "pass text=..., or mode='auto'"
            )
        vectors = self.vector is not None or self.vector_name is not None or self.vectors
        if self.mode == "lexical" and vectors:
            raise InvalidInput(
                "input.invalid",
                "mode 'lexical' uses no vector",
                "drop vector=, vectors= and vector_name=, or use mode='hybrid'",
            )
        if self.mode == "semantic" and self.text is not None and self.vector is not None:
            raise InvalidInput(
                "input.invalid",
                "mode 'semantic' takes text or vector, not both",
                "drop one of them, or use mode='hybrid' to match the text by its words",
            )

    @property
    def wants_embedder(self) -> bool:
        """Whether its text is to be embedded."""
        return self.text is not None and self.vector is None and self.mode != "lexical"

    def __repr__(self) -> str:
        """Show what it looks for."""
        vectors = [*(["vector"] if self.vector is not None else []), *self.vectors]
        return f"Query({self.text!r}, vectors={vectors}, k={self.k}, mode={self.mode!r})"


def _stages(
    rerank: Reranker | Sequence[Reranker] | None,
    depth: int | Sequence[int] | None,
    k: int,
    cursor: str | None,
) -> Stages:
    """Check the rerankers and how many hits each looks at."""
    from engram.reranking import checked_stages

    if rerank is None:
        raise InvalidInput("input.invalid", "rerank_depth without rerank", "rerank=...")
    if cursor is not None:
        raise InvalidInput(
            "input.invalid",
            "cursor with rerank: pages of a reranked list do not follow each other",
            "a larger k and rerank_depth",
        )
    return checked_stages(rerank, depth, k)


def _check_threads(threads: int) -> int:
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise InvalidInput("input.invalid", f"threads is {threads!r}, not a number from 1 on")
    return threads


def check_recall(recall: float) -> float:
    """Give a recall back where it is one that can be asked for."""
    if not 0.5 <= recall <= 1.0:  # noqa: PLR2004 - the documented range
        raise InvalidInput("input.invalid", f"recall is {recall!r}, outside 0.5 to 1")
    return recall


def as_query(query: str | Query | Mapping[str, Any] | None, options: Any) -> Query:
    """Give the query that the arguments of `CollectionView.query` spell."""
    if isinstance(query, Query):
        if options:
            raise InvalidInput("input.invalid", f"a Query goes alone, without {', '.join(options)}")
        return query
    if query is not None and hasattr(query, "keys"):
        return Query(**{**options, **query})
    return Query(**options) if query is None else Query(query, **options)


def many_query(query: str | Query | Mapping[str, Any], options: Any) -> Query:
    """Give one query of `CollectionView.query_many`; options are for those that are no object."""
    return query if isinstance(query, Query) else as_query(query, options)


def _flags(include: Sequence[Include]) -> tuple[bool, bool, bool]:
    """Turn `include` into the native flags."""
    try:
        return _FLAGS[include]  # type: ignore[index]
    except (KeyError, TypeError):
        pass
    parts = set(include)
    if isinstance(include, str) or not parts <= _PARTS:
        raise InvalidInput(
            "input.invalid",
            f"include is {include!r}",
            'give a tuple of any of "text", "metadata", "vectors"',
        )
    return ("text" in parts, "metadata" in parts, "vectors" in parts)


def ignore_missing(missing: Missing) -> bool:
    """Turn the `missing` argument into the native flag."""
    if missing not in {"error", "ignore"}:
        raise InvalidInput("input.invalid", f"unknown missing={missing!r}", "one of: error, ignore")
    return missing == "ignore"
