"""Typed use of the public API; `make check` runs mypy over it, nothing runs it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import polars as pl
from typing_extensions import assert_type

import engram
from engram.embed import Identity, Static

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Mine:
    """An embedder as a user writes it."""

    identity = Identity("mine", "1", 4, normalized=False)

    def encode_batch(self, texts: object, /) -> NDArray[np.float32]:
        """Embed texts."""
        del texts
        return np.zeros((0, 4), dtype=np.float32)


embedder: engram.Embedder = Mine()
embedder = Static()

with engram.open("a.engram", embedder=embedder, durability="relaxed") as db:
    assert_type(db, engram.Database)
    notes = db.collection("notes", metric="dot")
    assert_type(notes, engram.Collection)
    notes.put("a", text="x", metadata={"n": 1}, vector=[1.0, 2.0])
    notes.put("b", vector=np.ones(3), vectors={"t": b"\0\0\0\0"})
    assert_type(notes.put_many([{"id": "a"}], progress=lambda done, total: None), int)
    notes.put_many(pd.DataFrame({"id": ["a"]}))
    notes.put_many(pl.DataFrame({"id": ["a"]}))
    notes.put_many(ids=["a"], vectors=np.ones((1, 3)))
    notes.update("a", text=None, vectors={"t": None})
    hits = notes.query("x", where="n = 1", k=3, mode="hybrid")
    assert_type(hits, engram.Results)
    assert_type(hits[0], engram.Hit)
    assert_type([hit.score for hit in hits], list[float])
    assert_type(hits.report, engram.Report)
    assert_type(engram.F.a.b == 1, engram.Condition)
    assert_type((engram.F.n > 1) & ~engram.F["x y"].isin([1]), engram.Condition)
    assert_type(notes.count(engram.F.n == 1), int)
    notes.query("x", where={"n": {"$gte": 1}})
    assert_type(notes.facets(["n", engram.F.a]), dict[str, engram.Facet])
    assert_type(notes.get("a"), engram.Record | None)
    assert_type(db.get_collection("x"), engram.Collection | None)
    assert_type(db.at(datetime.now(timezone.utc)), engram.DatabaseView)
    assert_type(db.at("s").collection("notes"), engram.CollectionView)
    assert_type(db.verify(deep=True), engram.VerifyReport)
    notes.put_edge("a", "cites", "b", {"page": 3})
    assert_type(notes.put_edges([("a", "cites", "b"), engram.Edge("b", "cites", "a")]), int)
    notes.put_edges([{"source": "a", "type": "cites", "target": "b"}])
    assert_type(notes.edges("a", direction="in", types=["cites"]), list[engram.Edge])
    assert_type(notes.neighbors("a", hops=2, limit=3), dict[str, int])
    assert_type(notes.shortest_path("a", "b", weight="page"), engram.GraphPath | None)
    assert_type(notes.pagerank({"a": 1.0}), dict[str, float])
    assert_type(notes.connect(["a", "b"]), engram.Subgraph)
    with db.transaction() as tx:
        assert_type(tx, engram.Transaction)
    try:
        notes.query("x")
    except engram.InvalidInput as error:
        if error.code == "query.empty":
            assert_type(error.details, dict[str, str])
