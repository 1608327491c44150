"""Which retrievers a query comes to, and why the others did not run.

Owns: the policy of `mode`. Mode ``auto`` runs what can run and says in `Report.skipped` why the
rest did not; a mode that was named runs or is an error. Invariant: nothing is dropped silently.
Opposite side: `engram._native.View.query` runs what is decided here.
"""

from __future__ import annotations

from time import perf_counter

from engram.embed.calling import coverage, embed_query
from engram.errors import InvalidInput
from engram.filtering import filter_text
from engram.results import Answered, Results

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from engram._native import Ask, RetrieverAsk, View
    from engram.query import Query
    from engram.types import Embedder

    LiveSpaces = list[tuple[str, str, int, str | None]]

__all__ = ["TEXT_SPACE", "run", "run_many"]

TEXT_SPACE = "text"
"""The vector space that holds what the collection's embedder made from texts."""

VECTOR_SPACE = "vector"
"""The vector space of ``vector=``."""


class _Plan:
    """The retrievers of one query on one view, and why others do not run."""

    __slots__ = ("embed_s", "retrievers", "skipped")

    def __init__(self) -> None:
        self.retrievers: list[RetrieverAsk] = []
        self.skipped: dict[str, str] = {}
        self.embed_s = 0.0

    def add(  # noqa: PLR0913 - one retriever has this many sides
        self,
        query: Query,
        kind: str,
        name: str,
        space: str | None,
        identity: str | None,
        value: object,
        trust: float = 1.0,
    ) -> None:
        least = query.min_scores.get(name)
        weight = query.weights.get(name)
        how = (query.recall, query.exact, trust, query.threads)
        self.retrievers.append((kind, name, space, identity, value, weight, least, *how))


def run(view: View, collection: str, embedder: Embedder | None, query: Query) -> Results:
    """Answer a query from one view."""
    if query.stages:
        from engram.reranking import deepened, reranked

        return reranked(query, run(view, collection, embedder, deepened(query)))
    started = perf_counter()
    live = view.live_spaces(collection)
    plan = _plan(query, live, embedder)
    if live is None or not plan.retrievers:
        return Results(_nothing(view, collection, query, plan, started, absent=live is None))
    answer = view.query(collection, _ask(query, plan), query.flags)
    return Results(Answered(query, answer, plan.skipped, plan.embed_s, started, perf_counter()))


def run_many(
    view: View,
    collection: str,
    embedder: Embedder | None,
    queries: Iterable[Query],
    threads: int,
) -> list[Results]:
    """Answer several queries from one view, in their order."""
    queries = list(queries)
    if any(query.stages for query in queries):
        from engram.reranking import deepened, reranked

        first = [deepened(query) if query.stages else query for query in queries]
        found = run_many(view, collection, embedder, first, threads)
        pairs = zip(queries, found, strict=True)
        return [reranked(query, one) if query.stages else one for query, one in pairs]
    started = perf_counter()
    live = view.live_spaces(collection)
    plans = [(query, _plan(query, live, embedder)) for query in queries]
    by_flags: dict[tuple[bool, bool, bool], list[int]] = {}
    results: list[Results | None] = [None] * len(plans)
    for i, (query, plan) in enumerate(plans):
        if live is None or not plan.retrievers:
            nothing = _nothing(view, collection, query, plan, started, absent=live is None)
            results[i] = Results(nothing)
        else:
            by_flags.setdefault(query.flags, []).append(i)
    for flags, members in by_flags.items():
        asks = [_ask(*plans[i]) for i in members]
        answers = view.query_many(collection, asks, flags, threads)
        ended = perf_counter()
        for i, answer in zip(members, answers, strict=True):
            query, plan = plans[i]
            answered = Answered(query, answer, plan.skipped, plan.embed_s, started, ended)
            results[i] = Results(answered)
    return [result for result in results if result is not None]


def _ask(query: Query, plan: _Plan) -> Ask:
    """Put a query into the form that the native side takes."""
    known = [retriever[1] for retriever in plan.retrievers]
    for what, given in (("weights", query.weights), ("min_score", query.min_scores)):
        unknown = [name for name in given if name not in known and name not in plan.skipped]
        if unknown:
            raise InvalidInput(
                "input.invalid",
                f"{what} names {unknown[0]!r}, which is no retriever of this query",
                f"its retrievers: {', '.join(known)}",
            )
    return (
        plan.retrievers,
        filter_text(query.where),
        query.ignore_missing,
        None if query.near is None else query.near.native(),
        query.k,
        query.offset,
        query.candidates,
        query.fusion,
        (query.min_score, query.cutoff, query.diversity, query.group),
        (query.feedback, query.hop),
        (
            query.explain,
            None if query.snippets is None else (query.text or "", *query.snippets),
            None if query.facets is None else query.facets[1:],
        ),
    )


def _nothing(
    view: View, collection: str, query: Query, plan: _Plan, started: float, *, absent: bool
) -> Answered:
    """Answer a query of which no retriever runs."""
    matched = 0
    counted: list[tuple[list[tuple[object, int]], int]] = []
    if query.facets is not None:
        _, paths, limit = query.facets
        counted = [([], 0)] * len(paths)
    if absent:
        plan.skipped.update(
            dict.fromkeys(("lexical", "semantic"), "the collection does not exist yet")
        )
    else:
        where = filter_text(query.where)
        matched = view.count(collection, where, query.ignore_missing)
        if query.facets is not None:
            counted = view.facets(collection, where, query.ignore_missing, paths, limit)
    facts = {"commit": view.commit, "matched": matched}
    facts["records"] = 0 if absent else view.count(collection, None, True)
    return Answered(query, None, plan.skipped, 0.0, started, perf_counter(), facts, counted)


def _plan(query: Query, live: LiveSpaces | None, embedder: Embedder | None) -> _Plan:
    """Decide which retrievers run."""
    plan = _Plan()
    if live is None:
        return plan
    if query.mode == "semantic":
        plan.skipped["lexical"] = "mode is semantic"
    elif query.text is None:
        plan.skipped["lexical"] = "the query has no text"
    else:
        plan.add(query, "lexical", "lexical", None, None, query.text)
    if query.mode == "lexical":
        plan.skipped["semantic"] = "mode is lexical"
        return plan
    _plan_semantic(query, plan, live, embedder)
    for name, value in query.vectors.items():
        kind = next((kind for space, kind, _, _ in live if space == name), None)
        if kind is None:
            _no_space(plan, live, name, name, asked=True)
        else:
            plan.add(query, kind, name, name, None, value)
    return plan


def _plan_semantic(query: Query, plan: _Plan, live: LiveSpaces, embedder: Embedder | None) -> None:
    """Decide on the semantic retriever."""
    by_text = query.vector is None
    space = query.vector_name or (TEXT_SPACE if by_text else VECTOR_SPACE)
    if by_text and query.text is None:
        plan.skipped["semantic"] = "the query has no text"
        return
    if by_text and embedder is None:
        if query.mode != "auto":
            raise InvalidInput(
                "embedder.missing",
                f"mode {query.mode!r} needs a vector for the text, and there is no embedder",
                "open the database with an embedder, pass vector=..., or use mode='lexical'",
            )
        plan.skipped["semantic"] = "the query has no vector, and there is no embedder to make one"
        return
    kind = next((kind for name, kind, _, _ in live if name == space), None)
    if kind is None:
        asked = query.vector_name is not None or not by_text
        _no_space(plan, live, "semantic", space, asked=asked)
        return
    if query.vector is not None:
        plan.add(query, kind, "semantic", space, None, query.vector)
        return
    text = query.semantic_text
    assert embedder is not None and text is not None  # noqa: PT018 - one invariant
    started = perf_counter()
    vector = embed_query(embedder, text)
    plan.embed_s = perf_counter() - started
    if vector is None:
        plan.skipped["semantic"] = "the embedder knows no word of the text"
        return
    # What it does not know of a text speaks against the vector as much as the rest speaks for it.
    trust = max(0.0, 2 * coverage(embedder, text) - 1)
    plan.add(query, kind, "semantic", space, embedder.identity.to_json(), vector, trust)


def _no_space(plan: _Plan, live: LiveSpaces, name: str, space: str, *, asked: bool) -> None:
    """Skip a retriever whose space has nothing in it; refuse it where its name looks wrong."""
    if asked and live:
        raise InvalidInput(
            "input.invalid",
            f"no record has a vector named {space!r}",
            f"the vector spaces of this collection: {', '.join(s[0] for s in live)}"
            + (" (vector_name=...)" if name == "semantic" else ""),
        )
    plan.skipped[name] = f"no record has a vector named {space!r}"
