"""The converged query: its forms, what its results tell, and what it refuses."""

from datetime import datetime, timezone

import numpy as np
import pytest

from engram import Graph, Near
from engram.graph import ConvergedQuery


def test_the_parts_of_a_query_are_kept_as_object_dict_and_builder(people):
    whole = ConvergedQuery(
        structural_filters=[{"property": "age", "operator": "GreaterThan", "value": 30},
                            {"property": "label", "operator": "Equals", "value": "Person"}],
        graph_filter={"start": "alice", "hops": 2, "edge_types": "KNOWS", "direction": "Outgoing"},
        semantic_query={"text": "engines", "threshold": -1.0},
        lexical_query="bread engines",
        time={"since": "2020-01-01"},
        limit=5,
    )  # fmt: skip
    built = (
        ConvergedQuery()
        .where("age", "GreaterThan", 30)
        .label("Person")
        .near("alice", hops=2, edge_types=["KNOWS"], direction="out")
        .similar_to("engines", threshold=-1.0)
        .matching("bread engines")
        .within(since="2020-01-01")
        .top(5)
    )
    assert whole == built == ConvergedQuery.from_dict(whole.to_dict())
    assert whole != built.top(4)
    found = people.query(whole)
    assert found.ids == people.query(whole.to_dict()).ids == people.query(**whole.to_dict()).ids
    assert set(found.ids) == {"alice", "bob"}
    assert eval(repr(whole), {"ConvergedQuery": ConvergedQuery}) == whole


def test_a_match_tells_what_it_is_and_why(people):
    found = people.query(
        structural_filters=[{"property": "age", "operator": "Exists"}],
        graph_filter={"start": "alice", "hops": 2},
        semantic_query={"text": "Bob bakes bread", "threshold": 0.9},
        explain=True,
    )
    (match,) = found
    assert (match.id, match.node["age"], match.hops) == ("bob", 41, 1)
    assert match.similarity_score == pytest.approx(1.0)
    assert match.score == match.scores["semantic"] == match.similarity_score
    assert match.path.edges == (("alice", "KNOWS", "bob"),)
    assert match.explanation.splitlines() == [
        "age Exists",
        "1 hop away: GraphPath('alice' -KNOWS-> 'bob', cost=1)",
        "semantic 1.0000, at least 0.9",
    ]
    assert "EXISTS age" in found.report.steps[0][0]
    assert found.nodes == [match.node]
    text = found.explain()
    assert "structural_filters" in text
    assert "   1 hop away" in text
    plain = found.to_dict()
    assert plain["results"][0]["path"]["ids"] == ["alice", "bob"]
    assert plain["report"]["mode"] == "semantic"
    assert "Match(" in repr(found)


def test_words_do_not_bring_in_what_is_below_the_threshold(graph):
    rows = [{"label": "A", "id": f"x{n:03}", "text": "alpha"} for n in range(80)]
    rows += [{"label": "A", "id": f"y{n}", "text": "beta gamma"} for n in range(3)]
    graph.put_nodes(rows)
    found = graph.query(
        lexical_query="alpha", semantic_query={"text": "beta gamma", "threshold": 0.9}, limit=3
    )
    assert found.ids == ["y0", "y1", "y2"]
    assert all(match.similarity_score > 0.9 for match in found)
    nothing = {"semantic_query": {"text": "delta", "threshold": 0.9}}
    assert graph.query(lexical_query="alpha", limit=3, **nothing).ids == []
    some = {"semantic_query": {"text": "alpha", "threshold": 0.9}}
    assert graph.query(lexical_query="beta", limit=90, **some).ids == [
        f"x{n:03}" for n in range(80)
    ]


def test_everything_of_an_answer_is_of_one_commit(people):
    found = people.query(graph_filter={"start": "alice", "hops": 3})
    people.delete_nodes(["alice", "bob", "carol"])
    assert [match.hops for match in found] == [0, 1, 2, 3]
    assert found[1].node.text == "Bob bakes bread"


def test_time_asks_for_new_nodes_and_for_the_past(people):
    db = people.database
    db.create_snapshot("before")
    people.delete_node("bob")
    now = ConvergedQuery().near("alice", hops=3)
    assert people.query(now).ids == ["alice"]
    assert people.query(now.within(as_of="before")).ids == ["alice", "bob", "carol", "acme"]
    later = datetime(2199, 1, 1, tzinfo=timezone.utc)
    assert people.query(time={"until": later}).ids == ["acme", "alice", "carol"]
    assert people.query(time={"since": later}).ids == []
    assert people.query(time={"since": "2020-01-01", "until": "2199-01-01"}, limit=1).ids == [
        "acme"
    ]


def test_many_matches_come_in_the_order_of_their_ids(graph):
    rng = np.random.default_rng(3)
    ids = [f"n{n:05}" for n in rng.permutation(3000)]
    graph.put_nodes({"label": "A", "id": id_, "properties": {"n": n}} for n, id_ in enumerate(ids))
    assert graph.query(limit=20).ids == sorted(ids)[:20]
    late = graph.query(
        structural_filters=[{"property": "n", "operator": "LessThan", "value": 1500}]
    )
    assert late.ids == sorted(ids[:1500])[:10]
    assert (late.report.matched, late.report.records, late.report.exact) == (1500, 3000, True)


def test_without_anything_to_rank_by_the_newest_come_first(graph, tmp_path):
    for n in range(3):
        graph.put_nodes({"label": "A", "id": f"{n}-{m:03}"} for m in range(400))
    graph.create_node("A", "alone")
    graph.create_node("B", "later")
    order = ["alone", *(f"{n}-{m:03}" for n in (2, 1, 0) for m in range(400))]
    for limit in (1, 2, 300, 401, 402, 900, 1201, 2000):
        assert graph.query(ConvergedQuery().label("A").top(limit)).ids == order[:limit]
    assert graph.query(limit=2).ids == ["later", "alone"]
    graph.collection.export(tmp_path / "all.jsonl")
    lines = (tmp_path / "all.jsonl").read_text().splitlines()
    old = [line.replace('"created":"20', '"created":"19') for line in lines]
    (tmp_path / "old.jsonl").write_text("\n".join(old))
    assert old != lines
    copy = Graph(graph.database, "copy")
    copy.collection.import_(tmp_path / "old.jsonl")
    assert copy.query(limit=2).ids == ["later", "alone"]
    assert copy.query(ConvergedQuery().label("A").top(402)).ids == order[:402]


def test_a_large_neighbourhood_is_filtered_nearest_first(graph):
    graph.put_nodes({"label": "A", "id": f"n{n:04}", "properties": {"n": n}} for n in range(1000))
    graph.put_edges(("n0000", "TO", f"n{n:04}") for n in range(1, 1000))
    found = graph.query(
        structural_filters=[{"property": "n", "operator": "GreaterThan", "value": 990}],
        graph_filter={"start": "n0000"},
    )
    assert found.ids == [f"n{n:04}" for n in range(991, 1000)]
    assert found.report.matched == 1000
    assert found.report.notes["near"]["nodes"] == "1000"


def test_a_vector_of_ones_own_asks_its_space(people):
    people.put_embedding("carol", [1.0, 0.0], "face")
    people.put_embedding("acme", [0.0, 1.0], "face")
    found = people.query(semantic_query={"vector": [1.0, 0.1], "space": "face", "threshold": 0.5})
    assert found.ids == ["carol"]
    vector = people.get_embedding("bob")
    assert people.query(semantic_query={"vector": vector, "space": "text"}, limit=1).ids == ["bob"]


def test_it_is_one_query_of_the_engine(people, db):
    near = Near("alice", 2)
    plain = db.collection("graph").query(
        "engines bread", where="age > 30", near=near, mode="hybrid", k=5
    )
    found = people.query(
        structural_filters=[{"property": "age", "operator": "GreaterThan", "value": 30}],
        graph_filter={"start": "alice", "hops": 2},
        semantic_query="engines bread",
        lexical_query="engines bread",
        limit=5,
    )
    assert found.ids == plain.ids
    assert [match.score for match in found] == plain.scores
    assert found.report.retrievers == plain.report.retrievers == ("lexical", "semantic")


@pytest.mark.parametrize(
    "parts",
    [
        {"structural_filters": {"property": "a", "operator": "Equals", "value": 1}},
        {"structural_filters": ["a = 1"]},
        {"structural_filters": [{"property": "a", "operator": "Like", "value": "x"}]},
        {"structural_filters": [{"property": "a", "operator": "Equals"}]},
        {"structural_filters": [{"operator": "Equals", "value": 1}]},
        {"structural_filters": [{"property": "a", "operator": "Equals", "value": 1, "x": 1}]},
        {"structural_filters": [{"property": "a", "operator": "Between", "value": [1]}]},
        {"structural_filters": [{"property": "a", "operator": "In", "value": "abc"}]},
        {"structural_filters": [{"property": "a", "operator": "Exists", "value": "yes"}]},
        {"graph_filter": {"hops": 2}},
        {"graph_filter": {"start": "alice", "hops": 0}},
        {"graph_filter": {"start": "alice", "depth": 2}},
        {"graph_filter": {"start": "alice", "direction": "up"}},
        {"graph_filter": "alice"},
        {"semantic_query": {"threshold": 0.5}},
        {"semantic_query": {"text": "a", "vector": [1.0]}},
        {"semantic_query": {"text": "a", "threshold": "high"}},
        {"lexical_query": ""},
        {"time": {"when": 1}},
        {"limit": 0},
        {"limit": 2.5},
        {"filters": []},
    ],
)
def test_a_wrong_part_is_refused(people, code, parts):
    assert code(people.query, **parts) in {"input.invalid", "input.limit"}
    assert code(people.query, parts) in {"input.invalid", "input.limit"}


def test_errors_name_what_is_missing(people, db, code):
    unknown = [{"property": "aeg", "operator": "Equals", "value": 1}]
    assert code(people.query, structural_filters=unknown) == "filter.unknown_field"
    near = {"start": "alice"}
    both = {"structural_filters": unknown, "graph_filter": near}
    assert code(people.query, **both) == "filter.unknown_field"
    assert people.query(**both, missing="ignore").ids == []
    assert code(people.query, graph_filter={"start": "nobody"}) == "record.not_found"
    nobody = {"start": ["alice", "nobody"]}
    assert code(people.query, graph_filter=nobody, lexical_query="a") == "record.not_found"
    assert code(people.query, ConvergedQuery(), limit=3) == "input.invalid"
    without = Graph(db, embedder=None)
    assert code(without.query, semantic_query="engines") == "embedder.missing"
    empty = Graph(db, "empty")
    assert empty.query().ids == empty.query(semantic_query="x").ids == []
    assert code(empty.query, graph_filter={"start": "alice"}) == "record.not_found"
