"""Constraints: what was asked of a label holds for every node of it, whoever writes."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
from engram import Conflict, Graph


def test_required_unique_and_typed_properties_are_enforced(graph, code):
    graph.constrain("User", unique=["email"], required=["name"], types={"age": int, "name": "str"})
    graph.create_node("User", "a", properties={"name": "A", "email": "a@x"})
    refused = [
        {"email": "b@x"},
        {"name": None},
        {"name": "B", "email": "a@x"},
        {"name": "B", "age": "old"},
        {"name": "B", "age": True},
        {"name": 3},
        {"name": "B", "email": ["b@x"]},
    ]
    for properties in refused:
        assert code(graph.create_node, "User", "b", properties=properties) == "graph.constraint"
        row = {"label": "User", "id": "b", "properties": properties}
        assert code(graph.put_nodes, [row]) == "graph.constraint"
    assert graph.count() == 1
    graph.create_node("User", "b", properties={"name": "B", "age": 3})
    graph.create_node("User", "c", properties={"name": "C"})
    graph.create_node("Other", "d", properties={"email": "a@x"})
    assert code(graph.update_node, "b", properties={"email": "a@x"}) == "graph.constraint"
    assert code(graph.update_node, "b", unset=["name"]) == "graph.constraint"
    assert code(graph.update_node, "d", label="User") == "graph.constraint"
    node = graph.get_node("b")
    node["email"] = "a@x"
    assert code(node.save) == "graph.constraint"
    graph.put_node("User", "a", properties={"name": "A again", "email": "a@x"})
    assert graph.constraints() == {
        "User": {"unique": ["email"], "required": ["name"], "types": {"age": "int", "name": "str"}}
    }


def test_the_error_names_node_property_and_rule(graph):
    graph.constrain("User", unique=["email"])
    graph.create_node("User", "a", properties={"email": "a@x"})
    with pytest.raises(Conflict) as caught:
        graph.create_node("User", "b", properties={"email": "a@x"})
    assert caught.value.details == {
        "id": "b", "label": "User", "property": "email", "constraint": "unique", "other": "a",
    }  # fmt: skip


def test_values_are_unique_within_a_batch_and_within_a_transaction(graph, code):
    graph.constrain("User", unique=["n"])
    rows = [{"label": "User", "id": id_, "properties": {"n": 1}} for id_ in "ab"]
    assert code(graph.put_nodes, rows) == "graph.constraint"
    assert graph.put_nodes([rows[0], rows[0]]) == 2
    with graph.database.transaction():
        graph.create_node("User", "c", properties={"n": 2})
        assert code(graph.create_node, "User", "d", properties={"n": 2.0}) == "graph.constraint"
        graph.create_node("User", "e", properties={"n": True})
        graph.create_node("User", "f", properties={"n": "2"})
    assert graph.count("User") == 4


def test_a_batch_may_swap_values(graph):
    graph.constrain("User", unique=["n"])
    rows = [{"label": "User", "id": id_, "properties": {"n": n}} for id_, n in ("a1", "b2")]
    graph.put_nodes(rows)
    swapped = [row | {"properties": {"n": n}} for row, n in zip(rows, "21", strict=True)]
    graph.put_nodes(swapped)
    assert graph.get_node("a")["n"] == "2"


def test_nodes_that_are_there_must_keep_a_new_constraint(graph, code):
    graph.create_node("User", "a", properties={"n": 1})
    graph.create_node("User", "b", properties={"n": 1})
    assert code(graph.constrain, "User", unique=["n"]) == "graph.constraint"
    assert code(graph.constrain, "User", required=["m"]) == "graph.constraint"
    assert graph.constraints() == {}
    graph.delete_node("b")
    graph.constrain("User", unique=["n"])
    assert code(graph.create_node, "User", properties={"n": 1}) == "graph.constraint"
    graph.constrain("User")
    assert graph.constraints() == {}
    graph.create_node("User", properties={"n": 1})


def test_wrong_constraints_are_refused(graph, code):
    assert code(graph.constrain, "User", unique="email") == "input.invalid"
    assert code(graph.constrain, "User", required=["label"]) == "input.invalid"
    assert code(graph.constrain, "User", types={"age": "number"}) == "input.invalid"
    assert code(graph.constrain, "User", types={"age": complex}) == "input.invalid"


def test_properties_with_dots_in_their_names_are_single_properties(graph, code):
    graph.constrain("User", unique=["a.b", "`q`"])
    graph.create_node("User", properties={"a.b": 1, "`q`": 1})
    assert code(graph.create_node, "User", properties={"a.b": 1}) == "graph.constraint"
    assert code(graph.create_node, "User", properties={"`q`": 1}) == "graph.constraint"
    graph.create_node("User", properties={"a": {"b": 1}})


OTHER = """
import sys, engram
with engram.open(sys.argv[1], embedder=None) as db:
    for n in range(40):
        try:
            db.graph.create_node("User", f"{sys.argv[2]}{n}", properties={"n": n})
        except engram.Conflict as error:
            assert error.code == "graph.constraint", error
"""


def test_constraints_bind_other_processes_that_write_at_the_same_time(path):
    with engram.open(path, embedder=None) as db:
        db.graph.constrain("User", unique=["n"])
        others = [subprocess.Popen([sys.executable, "-c", OTHER, str(path), name]) for name in "ab"]
        assert [other.wait(50) for other in others] == [0, 0]
        assert sorted(node["n"] for node in db.graph.nodes("User")) == list(range(40))


values = st.one_of(
    st.integers(-2, 2), st.booleans(), st.sampled_from(["1", "x", "it's", ""]), st.none(),
    st.sampled_from([0.0, 1.0, 0.5]),
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from("abc"), values), max_size=12))
def test_no_two_nodes_ever_have_one_value(puts):
    with engram.open(":memory:", embedder=None) as db:
        graph = Graph(db)
        graph.constrain("User", unique=["v"])
        model = {}
        for id_, value in puts:
            key = (isinstance(value, bool), value)
            if value is not None and key in [v for k, v in model.items() if k != id_]:
                with pytest.raises(Conflict):
                    graph.put_node("User", id_, properties={"v": value})
            else:
                graph.put_node("User", id_, properties={"v": value})
                model[id_] = key
        assert {node.id: node["v"] for node in graph.nodes()} == {k: v[1] for k, v in model.items()}
