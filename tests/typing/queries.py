"""Typed use of queries, views and reports; type checkers read it, nothing runs it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
from typing_extensions import assert_type

import engram
from engram import F, Near, Query, Space
from engram.rerank import MMR, Recency
from engram.types import QueryOptions

db = engram.open(":memory:", read_only=False, create=True, lock_timeout_ms=100, embedder=None)
notes = db.create_collection(
    "notes",
    metric="l2",
    language="de",
    stop_words="keep",
    k1=1.2,
    b=0.75,
    embedder="default",
    spaces={"words": Space("sparse"), "tokens": Space("multi", 128, element="int8", truncate=True)},
)

# Every option of a query, as an object, by name, as a dict, and shared.
now = datetime.now(timezone.utc)
query = Query(
    "words",
    vector=np.ones(3),
    vector_name="vector",
    vectors={"words": {3: 0.5}, "tokens": [[0.1, 0.2], [0.3, 0.4]], "bytes": b"\0\0\0\0"},
    where=(F.year >= 2020) & ~F.tags.contains("x") | F["a b"].startswith("y"),
    since="2024-01-31",
    until=now,
    as_of="snapshot",
    near=Near(["a"], hops=2, types=["cites"], direction="both"),
    k=5,
    mode="hybrid",
    recall=0.95,
    exact=False,
    threads=2,
    fusion="convex",
    weights={"lexical": 0.4, "semantic": 0.6},
    min_score={"lexical": 1.0},
    cutoff="elbow",
    diversity=0.2,
    group_by="author",
    group_size=2,
    feedback=0.1,
    hop=0.2,
    candidates=50,
    cursor=None,
    include=("text", "metadata", "vectors"),
    snippets={"length": 100, "count": 2},
    facets=["year", F.author.name],
    facet_limit=3,
    explain=True,
    missing="ignore",
    rerank=[Recency(timedelta(days=30)), MMR()],
    rerank_depth=[20, 10],
)
assert_type(notes.query(query), engram.Results)
assert_type(notes.query("words", as_of=3, near="a", min_score=0.1, cutoff=0.5), engram.Results)
assert_type(notes.query(vector=[0.0, 1.0], near=["a", "b"], snippets=True), engram.Results)
assert_type(notes.query({"text": "words", "k": 3}), engram.Results)
options: QueryOptions = {"k": 3, "where": {"year": {"$gte": 2020}}}
assert_type(notes.query("words", **options), engram.Results)
many = notes.query_many(["one", query, {"vector": [1.0]}], threads=4, mode="lexical")
assert_type(many, list[engram.Results])

# What comes back.
hits = notes.query("words")
assert_type(hits.ids, list[str])
assert_type(hits.scores, list[float])
assert_type(hits.cursor, str | None)
assert_type(hits[1:3], Sequence[engram.Hit])
assert_type(len(hits), int)
for hit in hits:
    assert_type(hit.text, str | None)
    assert_type(hit.metadata, dict[str, Any])
    assert_type(hit.snippets, tuple[engram.Snippet, ...])
    assert_type(hit.snippets[0].marked("<", ">"), str)
    assert_type(hit.created, datetime)
    assert_type(hit.to_dict(), dict[str, Any])
report = hits.report
assert_type(report.retrievers, tuple[str, ...])
assert_type(report.complete, bool)
assert_type(report.explain(), str)

# Records and views.
assert_type([record.id for record in notes.iterate(F.n.between(1, 2), vectors=True)], list[str])
assert_type(notes.get_many(["a", "b"]), list[engram.Record | None])
assert_type("a" in notes, bool)
assert_type(notes.recall_check(10), engram.RecallReport)
assert_type(notes.spaces(), tuple[engram.SpaceInfo, ...])
assert_type(notes.export("out.jsonl", "jsonl", where="n > 1"), int)
assert_type(notes.import_("out.jsonl", progress=lambda done, total: None), int)
assert_type(notes.delete_where({"n": 1}), int)
assert_type(notes.delete("a", "b"), int)
view = db.at(3)
assert_type(view.time, datetime)
assert_type(view.get_collection("notes"), engram.CollectionView | None)

# The graph.
assert_type(notes.edge("a", "cites", "b"), engram.Edge | None)
assert_type(notes.degree("a", direction="both"), int)
assert_type(notes.edge_types(), dict[str, int])
path = notes.shortest_path("a", "b", types="cites", direction="both", max_hops=3)
if path is not None:
    assert_type(path.ids, tuple[str, ...])
    assert_type(path.cost, float)
assert_type(notes.subgraph(["a"], hops=2).edges, tuple[engram.Edge, ...])
assert_type(notes.delete_edge("a", "cites", "b"), bool)

# The file.
assert_type(db.stats(), engram.Stats)
assert_type(db.stats().collections, dict[str, engram.CollectionStats])
assert_type(F.author.name, engram.Field)
assert_type(db.create_snapshot("s"), engram.SnapshotInfo)
assert_type(db.list_snapshots(), list[engram.SnapshotInfo])
assert_type(db.optimize(), engram.OptimizeReport)
assert_type(db.reembed("default"), dict[str, engram.ReembedReport])
assert_type(db.backup("copy.engram"), engram.BackupReport)
assert_type(db.lock_owner(), engram.LockOwner | None)
assert_type(engram.doctor("notes.engram", dry_run=True), engram.DoctorReport)
assert_type(db.verify().problems, tuple[engram.Problem, ...])
assert_type(engram.LIMITS, dict[str, int])
