"""Walks, ranks and communities of a graph."""

import sys

import pytest

networkx = pytest.importorskip("networkx")


@pytest.fixture
def ring(graph):
    """Two cliques of four with one bridge, and a node alone."""
    names = [f"{side}{n}" for side in "ab" for n in range(4)]
    graph.put_nodes({"id": name, "label": name[0].upper()} for name in [*names, "alone"])
    graph.put_edges(
        (one, "TO", other, {"weight": 1.0})
        for one in names
        for other in names
        if one < other and one[0] == other[0]
    )
    graph.put_edge("a0", "BRIDGE", "b0")
    return graph


def test_walks_are_those_of_the_collection(ring):
    assert ring.neighbors("a1", hops=2) == {"a0": 1, "a2": 1, "a3": 1, "b0": 2}
    assert ring.find_shortest_path("a1", "b3").ids == ("a1", "a0", "b0", "b3")
    assert ring.find_shortest_path("a1", "alone") is None
    assert ring.find_shortest_path("a1", "b3", max_hops=2) is None
    assert ring.find_shortest_path("a0", "b3", types="BRIDGE") is None
    assert ring.subgraph(["b0"]).nodes == {"b0": 0, "a0": 1, "b1": 1, "b2": 1, "b3": 1}
    assert ring.connect(["a1", "b1"]).sets == (("a1", "b1"),)


def test_pagerank_of_all_nodes_is_that_of_networkx(ring, graph):
    true = networkx.pagerank(ring.to_networkx().to_undirected(), alpha=0.85, tol=1e-12)
    found = ring.pagerank(epsilon=1e-9)
    assert found == pytest.approx(true, abs=1e-4)
    assert list(found)[:2] == ["a0", "b0"]
    assert list(ring.pagerank(limit=2)) == ["a0", "b0"]
    assert ring.pagerank("a1")["a1"] > ring.pagerank("b1")["a1"]


def test_an_empty_graph_has_no_ranks_and_no_communities(graph):
    pytest.importorskip("graspologic_native")
    assert graph.pagerank() == {}
    assert graph.communities() == {}


def test_communities_are_numbered_by_size_and_the_same_every_time(ring):
    pytest.importorskip("graspologic_native")
    ring.put_nodes([{"id": "b9", "label": "B"}])
    ring.put_edges([("b9", "TO", f"b{n}") for n in range(4)])
    found = ring.communities()
    assert found == {name: 0 if name[0] == "b" else 1 for name in found}
    assert "alone" not in found
    assert set(found) == {f"{side}{n}" for side in "ab" for n in range(4)} | {"b9"}
    assert ring.communities() == found
    assert set(ring.communities(label="A")) == {"a0", "a1", "a2", "a3"}
    assert set(ring.communities(types="BRIDGE")) == {"a0", "b0"}
    fine = ring.communities(resolution=20.0)
    assert len(set(fine.values())) == len(fine)


def test_weights_decide_what_belongs_together(graph, code):
    pytest.importorskip("graspologic_native")
    graph.put_nodes({"id": name, "label": "A"} for name in "abcd")
    weights = {("a", "b"): 9.0, ("c", "d"): 9.0, ("a", "c"): 0.1, ("b", "d"): 0.1}
    graph.put_edges((one, "TO", other, {"w": w}) for (one, other), w in weights.items())
    assert graph.communities(weight="w") == {"a": 0, "b": 0, "c": 1, "d": 1}
    graph.put_edge("a", "TO", "b", {"w": -1})
    assert code(graph.communities, weight="w") == "input.invalid"
    assert code(graph.communities, resolution=0) == "input.invalid"


def test_a_missing_package_is_named(ring, code, monkeypatch, tmp_path):
    for package in ("graspologic_native", "networkx"):
        monkeypatch.setitem(sys.modules, package, None)
    assert code(ring.communities) == code(ring.to_networkx) == "extra.missing"
    assert code(ring.export, tmp_path / "a.png") == "extra.missing"
    assert ring.export(tmp_path / "a.dot") == 9
