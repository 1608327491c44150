"""The reading half of a collection, shared by live collections and by views of the past.

Owns: `CollectionView`. Invariant: every call answers from one commit; a collection that does not
exist reads as empty. The writing half is `engram.collection.Collection`.
"""

from __future__ import annotations

from engram.checks import proper_str, str_ids
from engram.edge_reading import GraphReading
from engram.errors import InvalidInput, NotFound
from engram.filtering import filter_text
from engram.planning import run, run_many
from engram.processors import processors
from engram.query import as_query, ignore_missing, many_query
from engram.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from typing_extensions import Unpack

    from engram._native import Cursor, View
    from engram.expressions import Field
    from engram.faceting import Facet
    from engram.query import Query
    from engram.reports import RecallReport, SpaceInfo
    from engram.results import Results
    from engram.types import Embedder, ExportFormat, Missing, QueryOptions, SharedOptions, Where

__all__ = ["CollectionView"]

SCAN_BATCH_RECORDS = 256
"""Records that `CollectionView.iterate` holds in memory at a time."""


class CollectionView(GraphReading):
    """A collection to read from: of a commit in the past, or the base of a live `Collection`."""

    __slots__ = ("_embedder", "_name", "_source")

    _name: str
    _source: Callable[[], View]
    _embedder: Callable[[], Embedder | None]

    def __init__(
        self,
        name: str,
        source: Callable[[], View],
        embedder: Callable[[], Embedder | None],
    ) -> None:
        """Make a view; `DatabaseView.collection` does this for you."""
        self._name = name
        self._source = source
        self._embedder = embedder

    @property
    def name(self) -> str:
        """The collection's name."""
        return self._name

    @property
    def metric(self) -> str | None:
        """``cosine``, ``dot`` or ``l2``; None where the collection does not exist."""
        return self._fact("metric")

    @property
    def language(self) -> str | None:
        """The language its text is stemmed for; None where the collection does not exist."""
        return self._fact("language")

    @property
    def stop_words(self) -> str | None:
        """``weak``, ``keep`` or ``drop``; None where the collection does not exist."""
        return self._fact("stop_words")

    @property
    def k1(self) -> float | None:
        """BM25's k1; None where the length of the texts decides."""
        return self._number("k1")

    @property
    def b(self) -> float | None:
        """BM25's b; None where the length of the texts decides."""
        return self._number("b")

    def spaces(self) -> tuple[SpaceInfo, ...]:
        """List the vector spaces with their dimension, embedder identity and record count."""
        from engram.reports import SpaceInfo, make

        described = self._source().describe(self._name)
        return tuple(make(SpaceInfo, space) for space in described["spaces"]) if described else ()

    def _fact(self, key: str) -> str | None:
        described = self._source().describe(self._name)
        return None if described is None else str(described[key])

    def _number(self, key: str) -> float | None:
        described = self._source().describe(self._name)
        found = None if described is None else described[key]
        return None if found is None else float(found)

    def get(self, id: str, *, vectors: bool = False) -> Record | None:
        """Give one record, or None where there is none of that id.

        Args:
            id: The record's id.
            vectors: Whether to give its vectors too, as float32 arrays.
        """
        return self.get_many([id], vectors=vectors)[0]

    def get_many(self, ids: Iterable[str], *, vectors: bool = False) -> list[Record | None]:
        """Give records in the order of `ids`, None for each that is not there.

        Raises:
            InvalidInput: ``input.invalid`` where an id is no str.
        """
        wanted = str_ids(ids)
        try:
            rows = self._source().get_many(self._name, wanted, vectors)
        except NotFound as error:
            _absent(error)
            return [None] * len(wanted)
        return [None if row is None else Record(*row) for row in rows]

    def count(self, where: Where | None = None, *, missing: Missing = "error") -> int:
        """Count the records, or those that match a filter.

        Args:
            where: A filter: text, a dict or an expression (docs/reference/filters.md).
            missing: ``"error"`` refuses a field that no record has; ``"ignore"`` lets it match
                nothing.

        Raises:
            InvalidInput: ``filter.syntax``, ``filter.unknown_field``.
        """
        ignore = ignore_missing(missing)
        try:
            return self._source().count(self._name, filter_text(where), ignore)
        except NotFound as error:
            _absent(error)
            return 0

    def iterate(
        self, where: Where | None = None, *, vectors: bool = False, missing: Missing = "error"
    ) -> Iterator[Record]:
        """Go through the records, or those that match a filter, in no promised order.

        All of them come from the commit that was the latest when this was called; later writes do
        not show. Memory stays at a few hundred records.

        Raises:
            InvalidInput: ``filter.syntax``, ``filter.unknown_field``, at the call.
        """
        ignore = ignore_missing(missing)
        condition = filter_text(where)
        try:
            cursor = self._source().scan(self._name, condition, ignore, vectors)
        except NotFound as error:
            _absent(error)
            return iter(())
        return _rows(cursor)

    def facets(
        self,
        fields: str | Field | Iterable[str | Field],
        where: Where | None = None,
        *,
        limit: int = 10,
        missing: Missing = "error",
    ) -> dict[str, Facet]:
        """Count the values of fields over the records, or over those that match a filter.

        Exact. A record counts once for each value that it has, by itself or in a list; equal
        numbers are one value.

        Args:
            fields: Dotted paths, or fields of `engram.F`.
            where: A filter: text, a dict or an expression (docs/reference/filters.md).
            limit: Most values that each `Facet` holds, 0 or more.
            missing: What a field that no record has is, here and in the filter: ``"error"``, or
                with ``"ignore"`` a field without values.

        Returns:
            A `Facet` for each field, under its path, in the order of `fields`.

        Raises:
            InvalidInput: ``filter.syntax``, ``filter.unknown_field``; ``input.invalid`` for
                ``_id`` and ``_text``, which differ in each record.
        """
        from engram.faceting import facets

        return facets(self._source(), self._name, fields, where, limit, ignore_missing(missing))

    def query(
        self,
        text: str | Query | Mapping[str, Any] | None = None,
        /,
        **options: Unpack[QueryOptions],
    ) -> Results:
        """Find the records that fit a text, a vector, or both.

        Args:
            text: What to look for, in words; or a `Query`, or its arguments as a dict.
            **options: The other arguments of `Query`: ``vector``, ``where``, ``k``, ``mode``, ...

        Returns:
            The hits by falling score, ties by id, and the `Report` of how they were found.

        Raises:
            InvalidInput: ``query.empty``, ``input.invalid``, ``input.limit``, ``input.dimension``,
                ``input.not_finite``, ``input.zero_vector``, ``filter.syntax``,
                ``filter.unknown_field``, ``embedder.missing``, ``embedder.mismatch``.
        """
        query = as_query(text, options)
        embedder = self._embedder() if query.wants_embedder else None
        source = self._source() if query.as_of is None else self._past(query.as_of)
        return run(source, self._name, embedder, query)

    def _past(self, point: str | int | datetime) -> View:
        """Give the view that `as_of` names."""
        raise InvalidInput(
            "input.invalid",
            f"as_of={point!r} in a view of the past",
            "the view has a commit of its own; ask the live collection",
        )

    def query_many(
        self,
        queries: Iterable[str | Query | Mapping[str, Any]],
        *,
        threads: int | None = None,
        **options: Unpack[SharedOptions],
    ) -> list[Results]:
        """Answer several queries from one commit, on several threads.

        Args:
            queries: Texts, `Query` objects, or dicts of their arguments.
            threads: Most threads; the processors that this process may use, unless given.
            **options: Arguments for those that are not `Query` objects, as in `query`; what a dict
                says itself goes first.

        Returns:
            One `Results` per query, in their order.

        Raises:
            InvalidInput: As `query`; ``details["index"]`` names the bad one where one is to blame.
        """
        asked = [many_query(query, options) for query in queries]
        if threads is None:
            threads = processors()
        elif threads < 1:
            raise InvalidInput("input.invalid", f"threads is {threads}, below 1")
        if any(query.as_of is not None for query in asked):
            raise InvalidInput(
                "input.invalid",
                "as_of in query_many, which answers from one commit",
                "db.at(...).collection(...).query_many(...)",
            )
        embedder = self._embedder() if any(query.wants_embedder for query in asked) else None
        return run_many(self._source(), self._name, embedder, asked, threads)

    def recall_check(
        self,
        sample: int = 100,
        space: str | None = None,
        k: int = 10,
        recall: float | None = None,
    ) -> RecallReport:
        """Measure how well searches by vector find what an exact search finds.

        Stored vectors are asked for, evenly spread over the records, each for its nearest others;
        of token vectors the first 32 of a record.

        Args:
            sample: How many are asked for.
            space: A space of dense vectors or token vectors; needed where there are several.
            k: Neighbours of each.
            recall: As in `query`.

        Raises:
            InvalidInput: ``input.invalid`` for a number out of range or a space that is not there.
        """
        from engram.recall import measure

        return measure(self._source(), self._name, sample, space, k, recall)

    def export(
        self,
        path: str | os.PathLike[str],
        format: ExportFormat | None = None,
        *,
        where: Where | None = None,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> int:
        """Write the records to a file that `Collection.import_` reads back exactly.

        Text, metadata, vectors, embedder identities, both times and the edges are kept; with a
        filter, the edges between records that match. The file appears whole or not at all, and
        replaces one of the same name.

        Args:
            path: Where to write. ``.jsonl``, ``.jsonl.gz`` or ``.parquet`` decides the format.
            format: The format, where the name does not tell.
            where: A filter; only records that match it are written.
            progress: Called with records done and records in all.

        Returns:
            How many records were written.

        Raises:
            InvalidInput: ``input.invalid`` for an unknown format; filter errors as in `count`.
            MissingExtra: ``extra.missing`` for Parquet without pyarrow.
            Io: Where the file cannot be written.
        """
        from engram.transfer import export_records

        return export_records(
            self._source(), self._name, path, format, filter_text(where), progress
        )

    def __len__(self) -> int:
        """Count the records."""
        return self.count()

    def __bool__(self) -> bool:
        """Be true, records or none: emptiness is asked for by `count`."""
        return True

    def __contains__(self, id: object) -> bool:
        """Say whether there is a record of that id."""
        if not isinstance(id, str):
            return False
        try:
            return self._source().contains(self._name, proper_str(id, "an id"))
        except NotFound as error:
            _absent(error)
            return False

    def __repr__(self) -> str:
        """Show the name."""
        return f"{type(self).__name__}({self._name!r})"


def _absent(error: NotFound) -> None:
    """Let a missing collection pass as empty, and raise every other error again."""
    if error.code != "collection.not_found":
        raise error


def _rows(cursor: Cursor) -> Iterator[Record]:
    """Give the records of a native cursor."""
    while batch := cursor.next_batch(SCAN_BATCH_RECORDS):
        for row in batch:
            yield Record(*row)
