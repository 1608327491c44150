"""Questions with judgments, kept in the database that they are about.

Owns: `QuerySet` and how it lies in the file: the collection ``engram.query_sets`` has a record for
each set (id ``["<set>"]``) and one for each query (id ``["<set>","query","<query>"]``, with
the query as text). They are records as any other, so snapshots, backups and exports have them.
Judged ids and grades are two lists: a field for each id would be a column for each id.
"""

from __future__ import annotations

import json
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engram.errors import Conflict, InvalidInput, NotFound
from engram.expressions import F

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from typing import Literal

    from engram.collection import Collection
    from engram.database import Database
    from engram.past import DatabaseView
    from engram.reading import CollectionView

__all__ = ["COLLECTION", "QuerySet", "record_id", "sets_of", "writing"]

COLLECTION = "engram.query_sets"
"""The collection that holds saved query sets and saved reports."""


@dataclass(frozen=True, init=False)
class QuerySet:
    """Questions, and which records answer them. Frozen.

    Attributes:
        name: The set's name.
        queries: The text of each query, by its id.
        judgments: For each query, the grades of record ids: 0 for a record that does not help,
            1 or more for one that does, higher for better ones. What has no grade counts as 0.
        description: What the set is for, where it comes from.
    """

    name: str
    queries: Mapping[str, str]
    judgments: Mapping[str, Mapping[str, int]]
    description: str

    def __init__(
        self,
        name: str,
        queries: Mapping[str, str],
        judgments: Mapping[str, Mapping[str, int]],
        *,
        description: str = "",
    ) -> None:
        """Make a set.

        Raises:
            InvalidInput: ``input.invalid`` for a query without text, a judgment of no query, or a
                grade that is no whole number.
        """
        values = {
            "name": _filled(name, "the name"),
            "queries": {
                _filled(query, "a query's id"): _filled(text, f"query {query!r}")
                for query, text in queries.items()
            },
            "judgments": {query: _grades(query, grades) for query, grades in judgments.items()},
            "description": description,
        }
        strangers = sorted(set(judgments) - set(queries))
        if strangers:
            raise InvalidInput(
                "input.invalid",
                f"judgments of {strangers[0]!r}, which is no query of the set",
                "give its text in queries",
            )
        if not queries:
            raise InvalidInput("input.invalid", "a query set needs a query")
        for field, value in values.items():
            object.__setattr__(self, field, value)

    def relevant(self) -> dict[str, dict[str, int]]:
        """Give the judgments of the queries that have a relevant record: a grade above 0."""
        return {
            query: dict(self.judgments[query])
            for query in self.queries
            if any(grade > 0 for grade in self.judgments.get(query, {}).values())
        }

    def save(self, db: Database, *, replace: bool = False) -> None:
        """Save the set into a database, in one commit.

        Args:
            db: The database.
            replace: Whether a set of that name is replaced. Reports saved for it stay.

        Raises:
            Conflict: ``query_set.exists``; ``file.read_only``.
        """
        with writing(db) as records:
            there = record_id(self.name) in records
            if there and not replace:
                raise Conflict(
                    "query_set.exists",
                    f"there is a query set {self.name!r}",
                    "save(db, replace=True), or another name",
                )
            if there:
                records.delete_where((F.set == self.name) & (F.kind == "query"))
            records.put_many(self._records())

    @classmethod
    def load(cls, db: Database | DatabaseView, name: str) -> QuerySet:
        """Give a saved set.

        Raises:
            NotFound: ``query_set.not_found``.
        """
        records = sets_of(db)
        head = records.get(record_id(name))
        if head is None:
            saved = ", ".join(cls.saved(db)) or "none"
            raise NotFound(
                "query_set.not_found", f"there is no query set {name!r}", f"saved sets: {saved}"
            )
        rows = sorted(
            records.iterate((F.set == name) & (F.kind == "query")),
            key=lambda row: int(row.metadata["position"]),
        )
        by_query = {str(row.metadata["query"]): row for row in rows}
        return cls(
            name,
            {query: row.text or "" for query, row in by_query.items()},
            {
                query: dict(zip(row.metadata["judged"], row.metadata["grades"], strict=True))
                for query, row in by_query.items()
            },
            description=str(head.metadata["description"]),
        )

    @classmethod
    def saved(cls, db: Database | DatabaseView) -> list[str]:
        """List the names of the saved sets, sorted."""
        rows = sets_of(db).iterate(F.kind == "set", missing="ignore")
        return sorted(str(row.metadata["set"]) for row in rows)

    @classmethod
    def delete(cls, db: Database, name: str) -> bool:
        """Delete a saved set with the reports saved for it; say whether there was one."""
        if record_id(name) not in sets_of(db):
            return False
        with writing(db) as records:
            return records.delete_where(F.set == name) > 0

    @classmethod
    def read(
        cls,
        name: str,
        queries: str | os.PathLike[str],
        judgments: str | os.PathLike[str],
        *,
        description: str = "",
    ) -> QuerySet:
        """Read a set from files in the form of BEIR or of TREC, plain or ``.gz``.

        Args:
            name: The name of the set.
            queries: ``.jsonl`` with ``_id`` and ``text`` in each line (BEIR); or lines of a query's
                id, a tab and its text.
            judgments: Lines of query, record and grade, with or without a line of names above
                (BEIR); or of query, a column that is not used, record and grade (TREC's qrels).
                Queries without a line in it are left out.
            description: What the set is for, where it comes from.

        Raises:
            Io: ``file.not_found``, ``io.failed``.
            InvalidInput: ``input.invalid`` with the line that cannot be read.
        """
        from engram.evaluate.exchange import read_judgments, read_queries

        judged = read_judgments(judgments, read_queries(queries))
        return cls(name, judged.queries, judged.judgments, description=description)

    def write(
        self,
        queries: str | os.PathLike[str],
        judgments: str | os.PathLike[str],
        format: Literal["beir", "trec"] = "beir",
    ) -> None:
        """Write the set to two files that `read` takes; ``.gz`` compresses them.

        Raises:
            InvalidInput: ``input.invalid`` where an id or a text does not fit into the format.
            Io: Where a file cannot be written.
        """
        from engram.evaluate.exchange import write_set

        write_set(self, queries, judgments, format)

    def __len__(self) -> int:
        """Count the queries."""
        return len(self.queries)

    def to_dict(self) -> dict[str, Any]:
        """Give the set as JSON-able data."""
        return {
            "name": self.name,
            "description": self.description,
            "queries": dict(self.queries),
            "judgments": {query: dict(grades) for query, grades in self.judgments.items()},
        }

    def _records(self) -> Iterator[dict[str, Any]]:
        facts = {"set": self.name, "kind": "set", "description": self.description}
        yield {"id": record_id(self.name), "metadata": facts | {"queries": len(self)}}
        for position, (query, text) in enumerate(self.queries.items()):
            grades = self.judgments.get(query, {})
            facts = {"set": self.name, "kind": "query", "query": query}
            lists = {"judged": list(grades), "grades": list(grades.values())}
            metadata = {**facts, "position": position, **lists}
            yield {"id": record_id(self.name, "query", query), "text": text, "metadata": metadata}

    def __repr__(self) -> str:
        """Show the name and how much there is."""
        judged = sum(len(grades) for grades in self.judgments.values())
        return f"QuerySet({self.name!r}, {len(self)} queries, {judged} judgments)"


def record_id(*names: str) -> str:
    """Give the id of a record of `COLLECTION`; different names never share one."""
    return json.dumps(names, ensure_ascii=False, separators=(",", ":"))


def sets_of(db: Database | DatabaseView) -> CollectionView:
    """Give the collection for reading; where it does not exist it reads as empty."""
    return db.collection(COLLECTION, embedder=None)


@contextmanager
def writing(db: Database) -> Iterator[Collection]:
    """Give the collection for writing, in a transaction of its own or in the one that is open."""
    with nullcontext() if db._active() is not None else db.transaction():
        yield db.collection(COLLECTION, embedder=None)


def _filled(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput("input.invalid", f"{name} is {value!r}, not a text")
    return value


def _grades(query: str, grades: Mapping[str, int]) -> dict[str, int]:
    for record, grade in grades.items():
        _filled(record, f"a judged id of {query!r}")
        if isinstance(grade, bool) or not isinstance(grade, int):
            raise InvalidInput(
                "input.invalid",
                f"the grade of {record!r} for {query!r} is {grade!r}, not a whole number",
                "0 for a record that does not help, 1 or more for one that does",
            )
    return dict(grades)
