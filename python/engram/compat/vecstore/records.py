"""The records of one collection, as VecStore writes and searches them.

Owns: `Records`, and what engram does not count itself: the deletions since the last `optimize`.
They are counted in the file, in the transaction of each deletion, so that every handle and
process sees one number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import engram
from engram.compat.vecstore.values import (
    HybridQuery,
    Query,
    SearchResult,
    UnknownName,
    value_errors,
    whole_query,
)
from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engram.results import Hit
    from engram.types import Vector, Where

__all__ = ["DELETIONS", "Records"]

DELETIONS = "vecstore.deletions"
"""The collection that counts deletions: one record for each collection that has any."""


def _candidates(k: int) -> int:
    """How many candidates a hybrid query takes of each side, and has back of both.

    By reciprocal ranks (60 + rank) a record at rank k of one side comes before all but 2 k records
    that are higher on one side, and 2 (60 + 2 k) that are lower on both.
    """
    return min(6 * k + 120, engram.LIMITS["k"])


class Records:
    """What a store and a collection share.

    Attributes:
        database: The engram database behind it, for what VecStore has no name for.
        records: The engram collection behind it.
    """

    database: engram.Database
    records: engram.Collection

    def __init__(self, database: engram.Database, name: str) -> None:
        """Wrap a collection of a database."""
        self.database = database
        self.records = database.collection(name)
        self._deletions = database.collection(DELETIONS)

    def upsert(self, id: str, vector: Vector, metadata: Mapping[str, Any] | None = None) -> None:
        """Insert a vector with its metadata, or replace both; text indexed for it stays.

        Args:
            id: Its name.
            vector: float32 (dimension,); any sequence of numbers.
            metadata: A JSON object.

        Raises:
            InvalidInput: ``input.dimension``, ``input.not_finite``, ``input.zero_vector``, ...
        """
        if vector is None:
            raise InvalidInput("input.invalid", f"the vector of {id!r} is None", "pass numbers")
        with self.database.transaction():
            old = self.records.get(id)
            text = None if old is None else old.text
            self.records.put(id, text=text, vector=vector, metadata=metadata)

    def index_text(self, id: str, text: str) -> None:
        """Set the text in which a hybrid query looks for keywords.

        Raises:
            UnknownName: ``record.not_found``; `upsert` comes first.
        """
        with value_errors(f"ID not found: {id!r}"):
            self.records.update(id, text=text)

    def query(
        self, vector: Vector | Query, k: int | None = None, filter: Where | None = None
    ) -> list[SearchResult]:
        """Give the `k` nearest records (10 unless given) that match the filter, best first.

        Args:
            vector: float32 (dimension,), or a `Query`, which goes alone.
            k: Most results.
            filter: docs/reference/filters.md; a record without the field does not match.

        Raises:
            InvalidInput: ``input.dimension``, ``input.not_finite``, ``filter.syntax``, ...
        """
        asked = whole_query(Query, vector, k=k, filter=filter)
        hits = self.records.query(
            vector=asked.vector, k=asked.k, where=asked.filter, missing="ignore"
        )
        return [_result(hit, hit.score) for hit in hits]

    def hybrid_query(
        self,
        vector: Vector | HybridQuery,
        keywords: str | None = None,
        k: int | None = None,
        alpha: float | None = None,
        filter: Where | None = None,
    ) -> list[SearchResult]:
        """Give the `k` best by ``alpha * cosine + (1 - alpha) * BM25 / best BM25``.

        Args:
            vector: float32 (dimension,), or a `HybridQuery`, which goes alone.
            keywords: Words of the indexed texts; none of them is required.
            k: Most results, 10 unless given.
            alpha: 0 to 1, 0.7 unless given. At 1 the keywords count nothing, at 0 the vector does
                not, and only records with a keyword are found.
            filter: docs/reference/filters.md; a record without the field does not match.

        Raises:
            InvalidInput: As `query`; ``input.invalid`` for an alpha outside 0 to 1.
        """
        asked = whole_query(HybridQuery, vector, keywords=keywords, k=k, alpha=alpha, filter=filter)
        if not 0.0 <= asked.alpha <= 1.0:
            raise InvalidInput("input.invalid", f"alpha is {asked.alpha!r}, outside 0 to 1")
        if not isinstance(asked.k, int) or asked.k < 1:
            raise InvalidInput("input.invalid", f"k is {asked.k!r}, not 1 or more")
        if asked.alpha == 1.0:
            return self.query(Query(asked.vector, asked.k, asked.filter))
        # All candidates of both sides come back, so that each is scored by the formula above.
        words_only = asked.alpha == 0.0
        count = asked.k if words_only else _candidates(asked.k)
        hits = self.records.query(
            asked.keywords,
            vector=None if words_only else asked.vector,
            mode="lexical" if words_only else "auto",
            fusion="rrf",
            where=asked.filter,
            k=count,
            candidates=count,
            missing="ignore",
        )
        best = max((hit.scores.get("lexical", 0.0) for hit in hits), default=0.0) or 1.0
        found = [
            _result(
                hit,
                asked.alpha * hit.scores.get("semantic", 0.0)
                + (1.0 - asked.alpha) * hit.scores.get("lexical", 0.0) / best,
            )
            for hit in hits
        ]
        return sorted(found, key=lambda one: (-one.score, one.id))[: asked.k]

    def stats(self) -> dict[str, int]:
        """Count vectors, records, and deletions since the last `optimize`; tell the dimension."""
        space = next((space for space in self.records.spaces() if space.name == "vector"), None)
        return {
            "vector_count": 0 if space is None else space.records,
            "active_count": self.records.count(),
            "deleted_count": self._deleted_count(),
            "dimension": 0 if space is None else space.dimension,
        }

    def _deleted_count(self) -> int:
        counted = self._deletions.get(self.records.name)
        return 0 if counted is None else int(counted.metadata["count"])

    def _delete(self, id: str) -> bool:
        """Delete a record and count it; say whether there was one."""
        with self.database.transaction():
            there = self.records.delete(id) > 0
            if there:
                count = self._deleted_count() + 1
                self._deletions.put(self.records.name, metadata={"count": count})
        return there

    def _remove(self, id: str) -> None:
        """Delete a record that has to be there."""
        if not self._delete(id):
            raise UnknownName("record.not_found", f"ID not found: {id!r}", None, {"id": id})


def _result(hit: Hit, score: float) -> SearchResult:
    """Make a result; float32 rounds, and no score is above that of an identical vector."""
    return SearchResult(hit.id, min(score, 1.0), dict(hit.metadata))
