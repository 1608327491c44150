"""engram as a peer of the side-by-side harness: its `Base` interface, nothing of its own measured.

Owns: `Adapter`. The knob is the recall aimed at. Opposite side: `run.py` beside this file puts the
adapter into the harness' list. One file per database, defaults throughout, vectors given. The
variant `engram-unstemmed` takes words as they are, as the harness' text reference does.
"""

from __future__ import annotations

from typing import Any

from adapters import Base

import engram

WHERE = {
    "year_lt": "year < {}",
    "category": 'category == "{}"',
    "tag": 'tags CONTAINS "{}"',
}


def _where(condition: dict[str, Any]) -> str:
    ((key, value),) = condition.items()
    return WHERE[key].format(value)


def _row(number: int) -> str:
    return f"r{number:07d}"


def _numbers(results: engram.Results) -> list[int]:
    return [int(one[1:]) for one in results.ids]


def _metadata(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("category", "year", "tags")}


class Adapter(Base):
    """See `Base` of the harness for what each method is asked to do."""

    knobs = [0.95, 0.99]
    notes = "1-bit codes at commit, exact re-rank; BM25; one file"

    def _file(self) -> str:
        return self.path + ".engram"

    def create(self, dim: int) -> None:
        del dim
        self.open()

    def open(self) -> None:
        self.db = engram.open(self._file(), embedder=None)
        plain = self.name == "engram-unstemmed"
        self.records = self.db.collection("bench", language="none" if plain else None)

    def put_many(self, ids: list[int], vecs: Any, rows: list[dict[str, Any]]) -> None:
        self.records.put_many(
            ids=[_row(number) for number in ids],
            texts=[row["text"] for row in rows],
            metadata=[_metadata(row) for row in rows],
            vectors=vecs,
        )

    def query(self, vec: Any, k: int, knob: float | None = None) -> list[int]:
        return _numbers(self.records.query(vector=vec, k=k, recall=knob or 0.99, include=()))

    def query_batch(self, vecs: Any, k: int, knob: float | None = None) -> list[list[int]]:
        asked = [{"vector": vec} for vec in vecs]
        found = self.records.query_many(asked, k=k, recall=knob or 0.99, include=())
        return [_numbers(results) for results in found]

    def query_filtered(
        self, vec: Any, k: int, flt: dict[str, Any], knob: float | None = None
    ) -> list[int]:
        results = self.records.query(
            vector=vec, k=k, where=_where(flt), recall=knob or 0.99, include=()
        )
        return _numbers(results)

    def text(self, q: str, k: int) -> list[int]:
        return _numbers(self.records.query(q, mode="lexical", k=k, include=()))

    def hybrid(self, vec: Any, q: str, k: int, knob: float | None = None) -> list[int]:
        results = self.records.query(
            q, vector=vec, mode="hybrid", k=k, recall=knob or 0.99, include=()
        )
        return _numbers(results)

    def put_one_durable(self, i: int, vec: Any, row: dict[str, Any]) -> None:
        self.records.put(_row(i), text=row["text"], metadata=_metadata(row), vector=vec)

    def delete(self, ids: list[int]) -> None:
        self.records.delete(*(_row(number) for number in ids))

    def reclaim(self) -> None:
        self.db.optimize()

    def close(self) -> None:
        self.db.close()
