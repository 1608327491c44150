"""How a converged query is answered.

Owns: the way from a `ConvergedQuery` to its results. Invariants: everything of one answer is of one
commit, paths included; every part of the query holds for every result. With meaning or words the
query is one of the engine, with filter and neighbourhood as its mask; without, the nodes come
nearest first, then by id, or the newest first where there is no neighbourhood.
"""

from __future__ import annotations

from heapq import nsmallest
from itertools import islice
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING

from engram._native import LIMITS
from engram.filtering import list_text, quoted
from engram.graph.matches import Match, Matches
from engram.graph.moments import moment_since
from engram.planning import run
from engram.query import Query
from engram.reading import CollectionView
from engram.records import _iso
from engram.results import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram._native import View
    from engram.graph.converged import ConvergedQuery
    from engram.graph.graphs import Graph
    from engram.records import Record
    from engram.results import Hit, Results
    from engram.types import Embedder, Include, Mode

__all__ = ["answer"]

_SEMANTIC = "semantic"
_DEEPER = 4
"""How many times more hits are asked for than wanted, where a threshold may leave some out."""

_SAMPLE = 256
"""Records that are read first where many match and few are wanted."""

_MOST_NAMED = 256
"""Nodes that a second query is kept to by their ids."""

_MOST_IDS = 4096
"""Ids that one filter names of a neighbourhood."""

_SPARE = 1.3
"""How many more ids are asked for than should do."""


def answer(graph: Graph, query: ConvergedQuery) -> Matches:
    """Answer a query from one commit."""
    point = (query.time or {}).get("as_of")
    database = graph.database
    view = database._view() if point is None else database.at(point)._view()
    if query.semantic_query is None and query.lexical_query is None:
        return _by_structure(graph, query, view)
    return _by_content(graph, query, view)


def _by_content(graph: Graph, query: ConvergedQuery, view: View) -> Matches:
    """Let the engine rank what filter and neighbourhood leave."""
    semantic = query.semantic_query or {}
    embedder = graph._embedder() if "text" in semantic else None
    if semantic.get("threshold") is not None and query.lexical_query is not None:
        return _by_words_and_threshold(graph, query, view, embedder)
    results = run(view, graph.name, embedder, _asked(query, query.limit))
    found = [Match(graph, query, view, hit, hit.score, hit.scores) for hit in results]
    return Matches(query, found, results.report)


def _by_words_and_threshold(
    graph: Graph, query: ConvergedQuery, view: View, embedder: Embedder | None
) -> Matches:
    """Leave out what is found by its words and means something else."""

    def ranked(k: int, only: list[str] | None = None) -> tuple[list[Hit], Results]:
        results = run(view, graph.name, embedder, _asked(query, k, only=only, include=()))
        least = (query.semantic_query or {})["threshold"]
        return [hit for hit in results if hit.scores.get(_SEMANTIC, -inf) >= least], results

    wanted = min(_DEEPER * query.limit, LIMITS["k"])
    kept, results = ranked(wanted)
    if len(kept) < query.limit and len(results) == wanted:
        asked = _asked(query, _MOST_NAMED, words=False, include=())
        near = run(view, graph.name, embedder, asked)
        if len(near) == 0:
            return Matches(query, (), near.report)
        if len(near) < _MOST_NAMED:
            kept, results = ranked(query.limit, near.ids)
    while len(kept) < query.limit and len(results) == wanted < LIMITS["k"]:
        wanted = min(wanted * _DEEPER, LIMITS["k"])
        kept, results = ranked(wanted)
    kept = kept[: query.limit]
    reading = CollectionView(graph.name, lambda: view, graph._embedder)
    rows = zip(reading.get_many(hit.id for hit in kept), kept, strict=True)
    found = [Match(graph, query, view, row, hit.score, hit.scores) for row, hit in rows if row]
    return Matches(query, found, results.report)


def _asked(
    query: ConvergedQuery,
    k: int,
    *,
    words: bool = True,
    only: list[str] | None = None,
    include: Sequence[Include] = ("text", "metadata"),
) -> Query:
    """Give the engine's query: maybe without the words, or of some ids only."""
    semantic = query.semantic_query or {}
    lexical = query.lexical_query["text"] if query.lexical_query is not None and words else None
    mode: Mode = "hybrid"
    if lexical is None or not semantic:
        mode = "semantic" if semantic else "lexical"
    where = query.filter
    if only is not None:
        of_these = f"_id IN {list_text(only, 'ids')}"
        where = of_these if where is None else f"{of_these} AND ({where})"
    threshold = semantic.get("threshold")
    asked = Query(
        semantic.get("text") if lexical is None else lexical,
        vector=semantic.get("vector"),
        vector_name=semantic.get("space"),
        where=where,
        near=query.neighbourhood,
        k=k,
        mode=mode,
        exact=query.exact,
        min_score=None if threshold is None else {_SEMANTIC: threshold},
        include=include,
        explain=query.explain,
        missing=query.missing,
    )
    asked.semantic_text = semantic.get("text")
    return asked


def _by_structure(graph: Graph, query: ConvergedQuery, view: View) -> Matches:
    """Find nodes by filter and neighbourhood alone."""
    started = perf_counter()
    reading = CollectionView(graph.name, lambda: view, graph._embedder)
    if query.graph_filter is None:
        records, matched = _newest(reading, query)
    else:
        distances = _distances(reading, query)
        records, matched = [], len(distances)
        if query.filter is None:
            ids = list(islice(distances, query.limit))
            records = [record for record in reading.get_many(ids) if record is not None]
        else:
            records = _nearest(reading, query, list(distances))
    total = reading.count()
    report = _report(view, query, total, matched, perf_counter() - started)
    found = [Match(graph, query, view, record, 0.0, {}) for record in records]
    return Matches(query, found, report)


def _newest(reading: CollectionView, query: ConvergedQuery) -> tuple[list[Record], int]:
    """Give the newest records that match, ties by id, and how many match."""
    limit, missing, given = query.limit, query.missing, query.filter

    def joined(test: str) -> str:
        return test if given is None else f"({given}) AND {test}"

    def since(us: int) -> str:
        return joined(f"_created >= {quoted(_iso(us))}")

    def count(us: int) -> int:
        return reading.count(since(us), missing=missing)

    def read(where: str | None) -> list[Record]:
        return list(reading.iterate(where, missing=missing))

    matched = reading.count(given, missing=missing)
    if matched <= limit + _SAMPLE or count(0) < limit:
        records = read(given)
    else:
        at = moment_since(count, limit, _SAMPLE)
        if count(at) <= limit + _SAMPLE:
            records = read(since(at))
        else:
            newer = since(at + 1)
            records = read(newer)
            moment = joined(f"_created = {quoted(_iso(at))}")
            # Of any records, as many as are wanted are not behind the last of them.
            some = islice(reading.iterate(moment, missing=missing), limit + _SAMPLE)
            last = nsmallest(limit, (record.id for record in some))[-1]
            records += read(f"{moment} AND _id <= {quoted(last)}")
    return nsmallest(limit, records, key=lambda one: (-one.created_us, one.id)), matched


def _distances(reading: CollectionView, query: ConvergedQuery) -> dict[str, int]:
    """Give the nodes within the hops asked for, nearest first, then by id, starts included."""
    near = query.neighbourhood
    assert near is not None, "the caller looked"
    starts = dict.fromkeys(sorted(near.start), 0)
    if len(near.start) == 1:
        (start,) = near.start
        found = reading.neighbors(start, hops=near.hops, types=near.types, direction=near.direction)
        return starts | found
    for start in near.start:
        found = reading.neighbors(start, hops=near.hops, types=near.types, direction=near.direction)
        for id_, hops in found.items():
            starts[id_] = min(hops, starts.get(id_, hops))
    return dict(sorted(starts.items(), key=lambda pair: (pair[1], pair[0])))


def _nearest(reading: CollectionView, query: ConvergedQuery, ids: list[str]) -> list[Record]:
    """Give the first of some nodes that match, in their order."""
    where, missing = query.filter, query.missing
    records: list[Record] = []
    # Reading records is what costs: ask for as many as should do, by the share that matches.
    share = reading.count(where, missing=missing) / max(reading.count(), 1)
    at = 0
    while at < len(ids) and len(records) < query.limit:
        size = _SPARE * (query.limit - len(records)) / max(share, 1 / _MOST_IDS)
        part = ids[at : at + min(int(size) + 1, _MOST_IDS)]
        of_these = f"_id IN {list_text(part, 'ids')} AND ({where})"
        found = {record.id: record for record in reading.iterate(of_these, missing=missing)}
        records += (found[id_] for id_ in part if id_ in found)
        at += len(part)
        share = len(records) / at
    return records[: query.limit]


def _report(view: View, query: ConvergedQuery, total: int, matched: int, seconds: float) -> Report:
    """Say how a query without meaning or words was answered.

    With a neighbourhood, `matched` counts its nodes: the filter is not asked of all of them.
    """
    why = "the query asks for no text and no vector"
    near: dict[str, dict[str, str]] = {}
    if query.graph_filter is not None:
        how = "nearest first, until there are enough"
        near["near"] = {"nodes": str(matched)} | ({} if query.filter is None else {"filtered": how})
    return Report(
        mode="structural",
        retrievers=(),
        skipped={"lexical": why, _SEMANTIC: why},
        searched={},
        weights={},
        exact=True,
        complete=True,
        unembedded=0,
        took_ms=seconds * 1e3,
        timings_ms={},
        steps=(),
        notes=near,
        commit=view.commit,
        records=total,
        matched=matched,
    )
