"""Nodes and edges: what is written is read, and goes as one commit."""

import threading

import numpy as np
import pytest

import engram
from engram import Graph
from engram.graph import Attribute, Change, Node


def test_a_node_reads_back_as_it_was_made(graph):
    properties = {"age": 34, "score": 0.5, "ok": True, "none": None, "deep": {"list": [1, "x"]}}
    made = graph.create_node("Person", "alice", text="Alice", properties=properties)
    read = graph.get_node("alice")
    assert made == read
    assert (read.id, read.label, read.text, read.properties) == (
        "alice", "Person", "Alice", properties,
    )  # fmt: skip
    assert [type(value) for value in read.properties.values()] == [
        int, float, bool, type(None), dict,
    ]  # fmt: skip
    assert read["age"] == read.get("age") == 34
    assert "age" in read
    assert "name" not in read
    assert read.to_dict() == {
        "id": "alice", "label": "Person", "text": "Alice", "properties": properties,
    }  # fmt: skip


def test_create_makes_an_id_and_refuses_one_that_is_there(graph, code):
    first, second = graph.create_node("Thing"), graph.create_node("Thing")
    assert first.id.startswith("thing-")
    assert first.id < second.id
    assert code(graph.create_node, "Thing", first.id) == "node.exists"
    assert code(graph.create_node, "Thing", properties={"label": "x"}) == "input.invalid"
    assert code(graph.create_node, "") == "input.invalid"
    assert code(graph.create_node, "Thing", properties=[1]) == "input.invalid"
    assert graph.count("Thing") == 2


def test_put_replaces_the_whole_node_and_keeps_its_edges(people):
    people.put_node("Person", "alice", properties={"height": 170})
    alice = people.get_node("alice")
    assert (alice.text, alice.properties) == (None, {"height": 170})
    assert people.neighbors("alice") == {"bob": 1}


def test_update_changes_parts(people, code):
    people.update_node("carol", text="Carol", properties={"age": 29}, unset=["tags"])
    carol = people.update_node("carol", label="Manager")
    assert (carol.text, carol.label, carol.properties) == ("Carol", "Manager", {"age": 29})
    assert carol.vector() is not None
    assert people.update_node("carol", text=None).vector() is None
    assert code(people.update_node, "nobody", text="x") == "record.not_found"
    assert code(people.update_node, "carol", unset=["label"]) == "input.invalid"
    assert code(people.update_node, "carol", properties={"label": "x"}) == "input.invalid"


def test_deleting_a_node_takes_its_edges_in_the_same_commit(people):
    with people.database.transaction() as transaction:
        assert people.delete_node("bob")
        assert people.edge_types() == {"WORKS_AT": 1}
    before = people.database.at(transaction.commit - 1).collection("graph")
    after = people.database.at(transaction.commit).collection("graph")
    assert before.edge_types() == {"KNOWS": 2, "WORKS_AT": 1}
    assert after.edge_types() == {"WORKS_AT": 1}
    assert not people.delete_node("bob")
    assert people.delete_nodes(["alice", "nobody", "carol"]) == 2
    assert people.edge_types() == {}


def test_nodes_are_found_by_label_and_filter(people):
    assert {node.id for node in people.nodes("Person", "age > 30")} == {"alice", "bob"}
    assert {node.id for node in people.nodes(where={"tags": "a"})} == {"carol"}
    assert people.count() == 4
    assert people.count("Person") == 3
    assert people.count("Robot", "battery > 3") == 0
    assert people.labels() == {"Company": 1, "Person": 3}
    assert [node and node.id for node in people.get_nodes(["acme", "x"])] == ["acme", None]
    assert people.get_node("x") is None
    assert "acme" in people
    assert "x" not in people


def test_a_bulk_of_nodes_says_which_one_is_bad(graph, code):
    with pytest.raises(engram.InvalidInput) as caught:
        graph.put_nodes([{"label": "A", "id": "a"}, {"id": "b"}])
    assert caught.value.details["index"] == "1"
    assert code(graph.put_nodes, [{"label": "A", "age": 3}]) == "input.invalid"
    assert code(graph.put_nodes, ["alice"]) == "input.invalid"
    assert graph.count() == 0
    calls = []
    rows = [{"label": "A", "properties": {"n": n}} for n in range(5)]
    assert graph.put_nodes(rows, batch_size=2, progress=lambda *at: calls.append(at)) == 5
    assert calls == [(2, 5), (4, 5), (5, 5)]
    assert sorted(node["n"] for node in graph.nodes("A")) == [0, 1, 2, 3, 4]


def test_edges_are_made_read_changed_and_deleted(people, code):
    edge = people.create_edge("carol", "KNOWS", "alice", {"since": 2020, "how": "work"})
    assert people.get_edge("carol", "KNOWS", "alice") == edge
    assert code(people.create_edge, "carol", "KNOWS", "alice") == "edge.exists"
    changed = people.update_edge("carol", "KNOWS", "alice", properties={"since": 1}, unset=["how"])
    assert (
        changed.properties == people.get_edge("carol", "KNOWS", "alice").properties == {"since": 1}
    )
    assert code(people.update_edge, "carol", "LIKES", "alice") == "edge.not_found"
    assert code(people.create_edge, "carol", "KNOWS", "nobody") == "record.not_found"
    assert people.delete_edge("carol", "KNOWS", "alice")
    assert not people.delete_edge("carol", "KNOWS", "alice")
    assert people.degree("carol") == 2
    assert len(list(people.iterate_edges())) == 3


def test_embeddings_are_set_read_and_removed(people, code):
    assert people.get_embedding("alice").dtype == np.float32
    assert people.get_embedding("carol") is None
    people.put_embedding("carol", [1.0, 2.0], "face")
    assert people.get_embedding("carol", "face").tolist() == [1.0, 2.0]
    assert people.get_node("carol").vector("face").tolist() == [1.0, 2.0]
    assert people.delete_embedding("carol", "face")
    assert not people.delete_embedding("carol", "face")
    assert code(people.get_embedding, "nobody") == "record.not_found"
    own = people.create_node("A", vector=[1.0, 0.0], vectors={"other": [3.0]})
    assert own.vector("vector").tolist() == [1.0, 0.0]
    assert own.vector("other").tolist() == [3.0]


def test_texts_are_embedded_now_or_left_for_later(graph, embedder, code):
    graph.create_node("A", "a", text="one two")
    assert graph.get_embedding("a") is not None
    graph.embed = "later"
    calls = len(embedder.calls)
    graph.create_node("A", "b", text="three")
    graph.update_node("a", text="four")
    assert graph.get_embedding("b") is graph.get_embedding("a") is None
    assert len(embedder.calls) == calls
    assert Graph(graph.database).embed == "later"
    assert code(setattr, graph, "embed", "never") == "input.invalid"
    graph.embed = "now"
    graph.update_node("a", text="five")
    assert graph.get_embedding("a") is not None


def test_listeners_hear_of_each_change_within_its_transaction(graph):
    heard = []

    def listen(transaction, changes):
        assert transaction.commit is None
        assert graph.database._active() is transaction
        heard.extend(changes)

    graph.listeners.append(listen)
    graph.create_node("A", "a", text="one")
    graph.put_nodes([{"label": "B", "id": "b"}, {"label": "B", "id": "b", "text": "x"}])
    graph.update_node("a", text="two")
    node = graph.get_node("a")
    node["n"] = 1
    node.save()
    graph.delete_nodes(["a", "nobody"])
    assert heard == [
        Change("put", "A", "a", "one"),
        Change("put", "B", "b", "x"),
        Change("put", "A", "a", "two"),
        Change("put", "A", "a", "two"),
        Change("delete", "A", "a", None),
    ]


def test_what_a_listener_writes_is_in_the_same_commit_and_its_error_undoes_both(graph):
    log = graph.database.collection("log", embedder=None)

    def listen(_, changes):
        for change in changes:
            log.put(change.id, text=change.text)
            if change.text == "bad":
                raise ValueError(change.id)

    graph.listeners.append(listen)
    graph.create_node("A", "a", text="good")
    assert log.get("a").text == "good"
    with pytest.raises(ValueError, match="b"):
        graph.create_node("A", "b", text="bad")
    with pytest.raises(ValueError, match="a"):
        graph.update_node("a", text="bad")
    assert "b" not in graph
    assert "b" not in log
    assert graph.get_node("a").text == "good"


def test_save_stores_what_changed_and_keeps_what_others_changed(people):
    mine, theirs = people.get_node("alice"), people.get_node("alice")
    theirs["city"] = "Paris"
    theirs.save()
    mine["age"] = 35
    mine.properties["tags"] = ["x"]
    mine.save()
    assert mine.properties == {"age": 35, "city": "Paris", "tags": ["x"]}
    mine["tags"].append("y")
    del mine["city"]
    mine.save()
    assert people.get_node("alice").properties == {"age": 35, "tags": ["x", "y"]}


def test_save_refuses_to_overwrite_what_somebody_else_changed(people, code):
    mine, theirs = people.get_node("alice"), people.get_node("alice")
    theirs["age"] = 36
    theirs.text = "Alice rests"
    theirs.save()
    mine["age"] = 35
    assert code(mine.save) == "node.stale"
    assert people.get_node("alice")["age"] == 36
    assert mine.refresh()["age"] == 36
    other = people.get_node("alice")
    people.update_node("alice", text="Alice sings")
    other.text = "Alice swims"
    assert code(other.save) == "node.stale"
    assert mine.delete()
    other["age"] = 1
    assert code(other.save) == code(other.refresh) == "record.not_found"


def test_a_node_that_was_not_changed_is_not_written(people):
    before = people.database.stats().commit
    people.get_node("alice").save()
    assert people.database.stats().commit == before


def test_nodes_lead_to_their_neighbours(people):
    alice = people.get_node("alice")
    assert [node.id for node in alice.neighbors(hops=3)] == ["bob", "carol", "acme"]
    assert [node.id for node in alice.neighbors(hops=3, label="Person", limit=1)] == ["bob"]
    alice.link("LIKES", people.get_node("acme"))
    assert [edge.type for edge in alice.edges()] == ["KNOWS", "LIKES"]
    assert alice.unlink("LIKES", "acme")
    assert not alice.unlink("LIKES", "acme")


def test_classes_of_ones_own_have_typed_attributes(people, code):
    class Person(Node):
        age = Attribute(int)
        height = Attribute(float)

    people.register(Person)
    alice = people.get_node("alice")
    assert isinstance(alice, Person)
    assert (alice.age, alice.height) == (34, None)
    alice.age = 35
    alice.height = 170
    alice.save()
    assert people.get_node("alice").properties == {"age": 35, "height": 170}
    assert code(setattr, alice, "age", "old") == "input.invalid"
    assert code(setattr, alice, "age", True) == "input.invalid"
    alice.age = None
    assert "age" not in alice.save()
    assert code(people.register, Person, "Chat") == "input.invalid"


def test_graphs_of_one_file_are_apart_and_the_first_has_a_short_name(db):
    other = Graph(db, "other")
    other.create_node("A", "a")
    assert db.graph is db.graph
    assert db.graph.count() == 0
    assert other.count() == 1
    assert other.settings.name == "other.settings"
    assert repr(other).endswith("'other')")


def test_threads_write_at_once_and_nothing_is_lost(graph):
    def write(name):
        for n in range(20):
            graph.create_node("A", f"{name}{n}")
            graph.put_edge(f"{name}{n}", "NEXT", f"{name}0")

    threads = [threading.Thread(target=write, args=(name,)) for name in "xyz"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert graph.count("A") == graph.edge_types()["NEXT"] == 60
