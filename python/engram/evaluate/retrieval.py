"""Measuring what a collection finds for judged queries.

Owns: `evaluate_retrieval`. Invariant: all queries are answered from one commit, and what stood in
the way of a fair figure is in the report: queries without a relevant record, relevant records that
are not there, retrievers that did not run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engram.errors import InvalidInput
from engram.evaluate.measures import measure_runs, parse_measures
from engram.evaluate.query_sets import QuerySet
from engram.evaluate.runs import RetrievalReport
from engram.reading import CollectionView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from engram.records import Record

    Search = Callable[[str], Iterable[str | Record]]

__all__ = ["evaluate_retrieval"]

_OWN = {"k", "include", "cursor", "text", "vector", "snippets", "facets", "facet_limit", "explain"}


def evaluate_retrieval(  # noqa: PLR0913 - what to ask, and how
    collection: CollectionView | Search,
    queries: QuerySet | Mapping[str, str],
    judgments: Mapping[str, Mapping[str, int]] | None = None,
    k: int = 10,
    *,
    metrics: Sequence[str] | None = None,
    name: str | None = None,
    as_of: str | int | datetime | None = None,
    document: str | None = None,
    threads: int | None = None,
    **options: Any,
) -> RetrievalReport:
    """Ask a collection judged queries, and measure what it finds.

    Args:
        collection: The collection; or a function from a query's text to ids or records, best first,
            for a pipeline of your own.
        queries: A `QuerySet`; or texts of queries by id, with `judgments`.
        judgments: Grades of record ids by query: 0 for a record that does not help, 1 or more for
            one that does.
        k: How many hits are asked for.
        metrics: Any of ``nDCG``, ``MRR``, ``recall``, ``precision``, ``MAP`` and ``success`` (a
            relevant record was found), down to `k`, or to the rank in ``"nDCG@5"``. All but the
            last, unless given. nDCG has the grade as its gain (Jarvelin & Kekalainen, 2002);
            recall and MAP are over all relevant records.
        name: What the report is called; the options in short, unless given.
        as_of: Ask the collection as it was: a snapshot's name, a commit number, a moment.
        document: The metadata path that names what the judgments are about, such as ``"source"``
            where records are passages of sources: k different ones are asked for, each by its best
            passage. Ids of records are judged unless given.
        threads: As in `CollectionView.query_many`.
        **options: The other arguments of `engram.Query`, such as ``mode="lexical"``.

    Returns:
        The values of every query that has a relevant record, and their means.

    Raises:
        InvalidInput: ``input.invalid`` for options that make no sense here, and as
            `CollectionView.query_many`.
        MissingExtra: ``extra.missing`` without ``engram[evaluate]``.
    """
    asked = _query_set(queries, judgments)
    relevant = asked.relevant()
    if not relevant:
        raise InvalidInput(
            "input.invalid", "no query has a relevant record", "judge some with a grade above 0"
        )
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise InvalidInput("input.invalid", f"k is {k!r}, not a number from 1 on")
    measures = parse_measures(metrics, k)
    settings = _settings({"k": k, **options, "as_of": as_of, "document": document})
    texts = [asked.queries[query] for query in relevant]
    if isinstance(collection, CollectionView):
        refused = sorted(options.keys() & _OWN)
        if refused:
            raise InvalidInput("input.invalid", f"{refused[0]} is no option of an evaluation")
        if document is not None and "group_by" in options:
            raise InvalidInput("input.invalid", "document groups the hits; group_by cannot, too")
        view = collection._source() if as_of is None else collection._past(as_of)
        if collection.name not in view.collections():
            raise InvalidInput(
                "input.invalid",
                f"there is no collection {collection.name!r} at commit {view.commit}",
                f"there are: {', '.join(view.collections()) or 'none'}",
            )
        # Everything that follows looks at one commit.
        fixed = CollectionView(collection.name, lambda: view, collection._embedder)
        absent = _absent(fixed, relevant, document)
        facts = _asked(fixed, texts, k, threads, options, document)
        facts |= {"absent": absent, "collection": collection.name, "commit": view.commit}
    else:
        if options or as_of is not None or threads is not None or document is not None:
            raise InvalidInput(
                "input.invalid", "a function takes no options of a query", "let it use them itself"
            )
        facts = {"found": [_ids(collection(text), k) for text in texts]}
    found = dict(zip(relevant, facts.pop("found"), strict=True))
    return RetrievalReport(
        name=name or ", ".join(f"{key}={value}" for key, value in settings.items()),
        query_set=asked.name if isinstance(queries, QuerySet) else None,
        k=k,
        metrics=tuple(one.name for one in measures),
        per_query=measure_runs(found, relevant, measures),
        found=found,
        unjudged=tuple(query for query in asked.queries if query not in relevant),
        options=settings,
        **facts,
    )


def _query_set(
    queries: QuerySet | Mapping[str, str], judgments: Mapping[str, Mapping[str, int]] | None
) -> QuerySet:
    if isinstance(queries, QuerySet):
        if judgments is not None:
            raise InvalidInput("input.invalid", "a query set goes alone, without judgments")
        return queries
    if not isinstance(queries, Mapping) or judgments is None:
        raise InvalidInput(
            "input.invalid",
            "an evaluation needs queries with judgments",
            "a QuerySet, or queries={id: text} and judgments={id: {record id: grade}}",
        )
    return QuerySet("queries", queries, judgments)


def _settings(given: Mapping[str, Any]) -> dict[str, str]:
    """Give the settings in words, for the report."""
    said = {name: value for name, value in given.items() if value is not None}
    return {name: value if isinstance(value, str) else repr(value) for name, value in said.items()}


def _asked(
    collection: CollectionView,
    texts: Sequence[str],
    k: int,
    threads: int | None,
    options: Mapping[str, Any],
    document: str | None,
) -> dict[str, Any]:
    """Ask all queries."""
    wanted: Any = {**options, "k": k, "include": ()}
    if document is not None:
        wanted |= {"group_by": document, "include": ("metadata",)}
    answers = collection.query_many(texts, threads=threads, **wanted)
    ran = Counter(name for one in answers for name in one.report.retrievers)
    skipped = {name: why for one in answers for name, why in one.report.skipped.items()}
    if document is None:
        found = [tuple(one.ids) for one in answers]
    else:
        found = [tuple(_named(hit, document) for hit in one) for one in answers]
    return {
        "found": found,
        "retrievers": dict(ran),
        "skipped": skipped,
    }


def _named(hit: Record, document: str) -> str:
    """Give the name of what a hit is a passage of."""
    value: Any = hit.metadata
    for part in document.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if not isinstance(value, str):
        raise InvalidInput(
            "input.invalid",
            f"the record {hit.id!r} has no text in {document!r}",
            "leave such records out with where=",
        )
    return value


def _absent(
    collection: CollectionView, relevant: Mapping[str, Mapping[str, int]], document: str | None
) -> tuple[str, ...]:
    """List what is relevant and not in the collection."""
    judged = [pair for grades in relevant.values() for pair in grades.items()]
    wanted = {record for record, grade in judged if grade > 0}
    if document is not None:
        there = {value for value, _ in collection.facets(document, limit=2**31)[document]}
        return tuple(sorted(wanted - there))
    return tuple(sorted(record for record in wanted if record not in collection))


def _ids(hits: Iterable[str | Record], k: int) -> tuple[str, ...]:
    """Give the ids that a function found."""
    if isinstance(hits, str):
        raise InvalidInput("input.invalid", "the function returned one text", "return a list")
    ids = tuple(one if isinstance(one, str) else one.id for one in hits)[:k]
    if len(set(ids)) < len(ids):
        raise InvalidInput("input.invalid", "the function returned an id twice for one query")
    return ids
