"""Edges: what is put is found, in every direction, at every commit, and goes with its records."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engram
from engram import Edge, GraphPath, InvalidInput, NotFound, Subgraph


@pytest.fixture
def people(tmp_path):
    with engram.open(tmp_path / "g.engram", embedder=None) as db:
        people = db.collection("people")
        people.put_many([{"id": name} for name in ("alice", "bob", "carol", "dora", "acme")])
        people.put_edges(
            [
                ("alice", "knows", "bob", {"since": 2019}),
                ("bob", "knows", "carol"),
                Edge("carol", "works_at", "acme", {"hours": 30}),
                {"source": "dora", "type": "works_at", "target": "acme"},
            ]
        )
        yield people


def keys(edges):
    return [edge.key for edge in edges]


def test_an_edge_is_found_by_its_key_and_from_both_ends(people):
    edge = Edge("alice", "knows", "bob", {"since": 2019})
    assert people.edge("alice", "knows", "bob") == edge
    assert people.edge("bob", "knows", "alice") is None
    assert people.edges("alice") == people.edges("bob", direction="in") == [edge]
    assert keys(people.edges("bob", direction="both")) == [
        ("alice", "knows", "bob"),
        ("bob", "knows", "carol"),
    ]
    assert people.edges("bob", direction="both", types="works_at") == []
    assert keys(people.edges("carol", direction="both", types=["works_at", "unheard of"])) == [
        ("carol", "works_at", "acme")
    ]
    assert people.degree("carol") == 2
    assert people.edge_types() == {"knows": 2, "works_at": 2}
    assert sorted(keys(people.iterate_edges())) == [
        ("alice", "knows", "bob"),
        ("bob", "knows", "carol"),
        ("carol", "works_at", "acme"),
        ("dora", "works_at", "acme"),
    ]


def test_putting_an_edge_again_replaces_its_properties(people):
    people.put_edge("alice", "knows", "bob", {"since": 2020, "deep": {"list": [1, None, "x"]}})
    (edge,) = people.edges("alice")
    assert edge.properties == {"since": 2020, "deep": {"list": [1, None, "x"]}}
    people.put_edge("alice", "knows", "bob")
    assert people.edges("alice") == [Edge("alice", "knows", "bob")]


def test_neighbors_come_nearest_first_then_by_id(people):
    assert list(people.neighbors("alice", hops=3).items()) == [
        ("bob", 1),
        ("carol", 2),
        ("acme", 3),
    ]
    assert people.neighbors("acme", direction="in") == {"carol": 1, "dora": 1}
    assert people.neighbors("acme", direction="out") == {}
    assert people.neighbors("alice", hops=9, limit=2) == {"bob": 1, "carol": 2}
    assert people.neighbors("alice", hops=9, types="knows") == {"bob": 1, "carol": 2}


def test_a_path_names_its_records_and_edges(people):
    path = people.shortest_path("alice", "dora")
    assert path == GraphPath(
        ("alice", "bob", "carol", "acme", "dora"),
        (
            ("alice", "knows", "bob"),
            ("bob", "knows", "carol"),
            ("carol", "works_at", "acme"),
            ("dora", "works_at", "acme"),
        ),
        4.0,
    )
    assert len(path) == 4
    assert "'acme' <-works_at- 'dora'" in repr(path)
    assert people.shortest_path("alice", "dora", direction="out") is None
    assert people.shortest_path("alice", "dora", max_hops=3) is None
    same = people.shortest_path("alice", "alice")
    assert (same.ids, len(same), bool(same)) == (("alice",), 0, True)


def test_a_weight_makes_the_cheapest_way_the_shortest(people):
    people.put_edge("alice", "knows", "dora", {"cost": 100})
    assert people.shortest_path("alice", "dora").ids == ("alice", "dora")
    cheapest = people.shortest_path("alice", "dora", weight="cost")
    assert (cheapest.cost, len(cheapest)) == (4.0, 4)
    for bad in (-1, "much", True):
        people.put_edge("alice", "knows", "dora", {"cost": bad})
        with pytest.raises(InvalidInput, match="no number of 0 or more"):
            people.shortest_path("alice", "dora", weight="cost")
    with pytest.raises(InvalidInput, match="max_hops"):
        people.shortest_path("alice", "dora", weight="cost", max_hops=2)


def test_pagerank_scores_what_is_near(people):
    people.put("loner")
    scores = people.pagerank(["alice", "loner"], epsilon=1e-9)
    assert sum(scores.values()) == pytest.approx(1, abs=1e-6)
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    assert scores["loner"] > 0
    assert scores["bob"] > scores["carol"] > scores["dora"]
    assert list(people.pagerank({"alice": 1, "dora": 9}, limit=1)) == ["acme"]
    assert people.pagerank("loner") == {"loner": pytest.approx(1.0, abs=1e-4)}


def test_subgraph_and_connect_give_every_edge_within(people):
    near = people.subgraph(["alice"], hops=1)
    assert (near.nodes, keys(near.edges)) == ({"alice": 0, "bob": 1}, [("alice", "knows", "bob")])
    people.put("loner")
    joined = people.connect(["dora", "alice", "loner"])
    assert joined.sets == (("alice", "dora"), ("loner",))
    assert joined.nodes == {"alice": 0, "dora": 0, "loner": 0, "acme": 1, "bob": 1, "carol": 1}
    assert len(joined.edges) == 4
    assert people.connect(["alice", "dora"], max_hops=2).sets == (("alice",), ("dora",))
    assert people.subgraph([]) == people.connect([]) == Subgraph({}, ())


def test_edges_go_with_their_records(people):
    people.put("bob", text="put again")
    assert people.degree("bob") == 2
    people.delete("bob")
    assert people.neighbors("alice") == {}
    people.put("bob")
    assert people.edges("bob", direction="both") == []
    assert people.delete_edge("dora", "works_at", "acme")
    assert not people.delete_edge("dora", "works_at", "acme")
    assert people.edge_types() == {"works_at": 1}


def test_an_edge_needs_both_records(people):
    with pytest.raises(NotFound, match='"nobody"') as caught:
        people.put_edge("alice", "knows", "nobody")
    assert caught.value.code == "record.not_found"
    edges = [("alice", "a", "bob"), ("bob", "a", "carol"), ("carol", "a", "nobody")]
    with pytest.raises(NotFound, match="edge 2") as caught:
        people.put_edges(edges, batch_size=2)
    assert (caught.value.details["index"], caught.value.details["committed"]) == ("2", "2")
    assert people.edge_types()["a"] == 2
    for ask in (people.edges, people.neighbors, people.degree, people.pagerank):
        with pytest.raises(NotFound, match="nobody"):
            ask("nobody")
    with pytest.raises(NotFound, match="nobody"):
        people.shortest_path("alice", "nobody")
    with pytest.raises(NotFound, match="nobody"):
        people.subgraph(["alice", "nobody"])
    with pytest.raises(NotFound, match="nobody"):
        people.connect(["alice", "nobody"])


@pytest.mark.parametrize(
    "edge",
    [
        ("alice", "knows"),
        ("alice", "knows", 7),
        ("alice", "knows", "bob", "since ever"),
        ("alice", "knows", "bob", {1: 2}),
        ("alice", "knows", "bob", {"x": float("nan")}),
        ("alice", "knows", "bob", {"x": "y" * engram.LIMITS["edge_property_bytes"]}),
        ("alice", "", "bob"),
        ("alice", "x" * (engram.LIMITS["edge_type_bytes"] + 1), "bob"),
        ("alice", "\ud800", "bob"),
        {"source": "alice", "target": "bob"},
        {"source": "alice", "type": "t", "target": "bob", "weight": 1},
        "alice knows bob",
        None,
    ],
    ids=str,
)
def test_what_is_no_edge_is_refused(people, edge):
    with pytest.raises(InvalidInput) as caught:
        people.put_edges([("alice", "fine", "bob"), edge])
    assert caught.value.details["index"] == "1"
    assert "fine" not in people.edge_types()


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.neighbors("alice", hops=0),
        lambda c: c.neighbors("alice", hops=True),
        lambda c: c.neighbors("alice", hops=2**32),
        lambda c: c.neighbors("alice", limit=-1),
        lambda c: c.neighbors("alice", direction="sideways"),
        lambda c: c.neighbors("alice", direction=None),
        lambda c: c.neighbors("alice", types=[1]),
        lambda c: c.neighbors(7),
        lambda c: c.shortest_path("alice", "bob", max_hops=-1),
        lambda c: c.shortest_path("alice", "bob", weight=3),
        lambda c: c.pagerank([]),
        lambda c: c.pagerank({"alice": 0}),
        lambda c: c.pagerank({"alice": float("nan")}),
        lambda c: c.pagerank("alice", damping=1),
        lambda c: c.pagerank("alice", epsilon=0),
        lambda c: c.subgraph("alice"),
        lambda c: c.subgraph(["alice"], hops=-1),
        lambda c: c.edge("alice", "knows", None),
    ],
)
def test_what_is_no_question_is_refused(people, ask):
    with pytest.raises(InvalidInput):
        ask(people)


def test_the_limits_are_the_last_that_works(people):
    people.put_edge("alice", "x" * engram.LIMITS["edge_type_bytes"], "bob")
    room = engram.LIMITS["edge_property_bytes"] - 8
    people.put_edge("alice", "wide", "bob", {"x": "y" * room})
    assert people.edge("alice", "wide", "bob").properties == {"x": "y" * room}
    with pytest.raises(InvalidInput) as caught:
        people.put_edge("alice", "wide", "bob", {"x": "y" * (room + 1)})
    assert caught.value.code == "input.limit"


def test_a_transaction_holds_records_and_edges_together(people):
    db = people._database
    with pytest.raises(ZeroDivisionError), db.transaction():
        people.put("erin")
        people.put_edge("erin", "knows", "alice")
        assert people.neighbors("erin") == {"alice": 1}
        raise ZeroDivisionError
    assert "erin" not in people
    with db.transaction():
        people.put("erin")
        people.put_edges([("erin", "knows", "alice")])
    assert people.neighbors("erin") == {"alice": 1}


def test_the_past_shows_the_edges_of_then(people):
    db = people._database
    db.create_snapshot("before")
    commit = db.stats().commit
    people.delete("bob")
    for then in (db.at("before"), db.at(commit)):
        view = then.collection("people")
        assert view.shortest_path("alice", "dora").cost == 4
        assert view.edge_types() == {"knows": 2, "works_at": 2}
    db.optimize()
    assert db.at("before").collection("people").degree("bob") == 2
    db.restore_snapshot("before")
    assert people.degree("bob") == 2
    assert db.verify(deep=True).edges == db.stats().edges == 4


def test_a_collection_that_does_not_exist_has_no_edges(people):
    other = people._database.collection("other")
    assert other.edge("a", "b", "c") is None
    assert other.edge_types() == {}
    assert list(other.iterate_edges()) == []
    assert not other.delete_edge("a", "b", "c")
    with pytest.raises(NotFound) as caught:
        other.neighbors("a")
    assert caught.value.code == "record.not_found"
    with pytest.raises(NotFound):
        other.put_edge("a", "b", "c")


def test_values_compare_pickle_and_turn_into_json(people):
    import pickle

    path = people.shortest_path("alice", "dora")
    values = [people.edges("alice")[0], path, people.connect(["alice", "dora"])]
    for value in values:
        assert pickle.loads(pickle.dumps(value)) == value
        assert hash(value) == hash(pickle.loads(pickle.dumps(value)))
        json.dumps(value.to_dict())
        assert value != object()
        with pytest.raises(AttributeError):
            value.edges = 3
    assert "since" in repr(values[0])
    assert "3 nodes" in repr(people.subgraph(["alice"], hops=2))


@pytest.mark.parametrize("name", ["g.jsonl", "g.jsonl.gz", "g.parquet"])
def test_export_and_import_keep_the_edges(people, tmp_path, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    people.export(tmp_path / name)
    db = people._database
    copy = db.collection("copy")
    assert copy.import_(tmp_path / name) == 5
    assert sorted(copy.iterate_edges(), key=lambda e: e.key) == sorted(
        people.iterate_edges(), key=lambda e: e.key
    )
    people.export(tmp_path / name, where="_id != 'bob'")
    part = db.collection("part")
    part.import_(tmp_path / name, batch_size=1)
    assert sorted(keys(part.iterate_edges())) == [
        ("carol", "works_at", "acme"),
        ("dora", "works_at", "acme"),
    ]


def test_a_line_with_bad_edges_is_named(people, tmp_path):
    lines = tmp_path / "bad.jsonl"
    for edges in ("x", [7], [{"type": "t"}], [{"type": "t", "target": "a", "weight": 1}]):
        lines.write_text(json.dumps({"id": "a", "edges": edges}) + "\n", encoding="utf-8")
        with pytest.raises(InvalidInput) as caught:
            people.import_(lines)
        assert caught.value.details["line"] == "1"


IDS = st.sampled_from([f"n{i}" for i in range(7)])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("edge"), IDS, st.sampled_from("ab"), IDS, st.integers(0, 3)),
        st.tuples(st.just("cut"), IDS, st.sampled_from("ab"), IDS),
        st.tuples(st.just("put"), IDS),
        st.tuples(st.just("delete"), IDS),
        st.tuples(st.just("optimize")),
        st.tuples(st.just("reopen")),
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_a_graph_behaves_as_a_dict_of_edges(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("g") / "g.engram"
    db = engram.open(path, embedder=None)
    records, edges = set(), {}
    try:
        for step in steps:
            graph = db.collection("g")
            match step:
                case ("edge", source, kind, target, weight):
                    if {source, target} <= records:
                        graph.put_edge(source, kind, target, {"w": weight})
                        edges[source, kind, target] = {"w": weight}
                case ("cut", *key):
                    assert graph.delete_edge(*key) == (edges.pop(tuple(key), None) is not None)
                case ("put", name):
                    graph.put(name)
                    records.add(name)
                case ("delete", name):
                    graph.delete(name)
                    records.discard(name)
                    edges = {k: v for k, v in edges.items() if name not in (k[0], k[2])}
                case ("optimize",):
                    db.optimize()
                case ("reopen",):
                    db.close()
                    db = engram.open(path, embedder=None)
        graph = db.collection("g")
        assert {e.key: e.properties for e in graph.iterate_edges()} == edges
        for name in records:
            ends = {k[2] for k in edges if k[0] == name} - {name}
            assert set(graph.neighbors(name, direction="out")) == ends
        assert db.verify(deep=True)
    finally:
        db.close()
