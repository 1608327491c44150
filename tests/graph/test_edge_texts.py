"""Edges with texts and embeddings: found by what they say, gone with the edge."""

import numpy as np
import pytest


@pytest.fixture
def facts(people):
    people.describe_edge("alice", "KNOWS", "bob", text="they met at school")
    people.describe_edges(
        [
            {"source": "bob", "type": "KNOWS", "target": "carol", "text": "they met at work"},
            {"source": "carol", "type": "WORKS_AT", "target": "acme", "vector": [1.0, 0.0]},
        ]
    )
    return people


def keys(found):
    return [match.edge.key for match in found]


def test_edges_are_found_by_text_and_by_vector(facts):
    found = facts.find_edges("school", mode="lexical")
    assert keys(found) == [("alice", "KNOWS", "bob")]
    assert found[0].edge.properties == {"since": 2019}
    assert found[0].text == "they met at school"
    assert facts.find_edges("they met at work", mode="semantic")[0].score == pytest.approx(1.0)
    assert keys(facts.find_edges(vector=[1.0, 0.1])) == [("carol", "WORKS_AT", "acme")]
    assert keys(facts.find_edges("met", types="KNOWS", k=1)) == keys(facts.find_edges("met", k=1))
    assert facts.find_edges("met", types=["LIKES"]) == []


def test_texts_and_embeddings_of_edges_are_read(facts):
    assert facts.get_edge_text("alice", "KNOWS", "bob") == "they met at school"
    assert facts.get_edge_text("carol", "WORKS_AT", "acme") is None
    assert facts.get_edge_embedding("alice", "KNOWS", "bob").dtype == np.float32
    assert facts.get_edge_embedding("alice", "KNOWS", "bob", "vector") is None
    assert facts.get_edge_embedding("carol", "WORKS_AT", "acme").tolist() == [1.0, 0.0]
    assert facts.get_edge_embedding("bob", "KNOWS", "alice") is None


def test_what_is_said_of_an_edge_is_replaced_and_removed(facts):
    facts.describe_edge("alice", "KNOWS", "bob", text="old friends")
    assert facts.find_edges("school", mode="lexical") == []
    facts.put_edge("alice", "KNOWS", "bob", {"since": 1999})
    assert facts.get_edge_text("alice", "KNOWS", "bob") == "old friends"
    facts.describe_edge("alice", "KNOWS", "bob")
    assert facts.get_edge_text("alice", "KNOWS", "bob") is None
    assert facts.edge_texts.count() == 2


def test_they_go_with_the_edge_and_with_its_nodes_in_the_same_commit(facts):
    before = facts.database.stats().commit
    assert facts.delete_edge("alice", "KNOWS", "bob")
    assert facts.edge_texts.count() == 2
    assert facts.delete_node("carol")
    assert facts.edge_texts.count() == 0
    assert facts.database.stats().commit == before + 2
    facts.put_edge("alice", "KNOWS", "bob")
    assert facts.get_edge_text("alice", "KNOWS", "bob") is None


def test_an_edge_that_is_not_there_says_nothing(facts, code):
    nothing = {"source": "bob", "type": "KNOWS", "target": "alice", "text": "x"}
    assert code(facts.describe_edges, [nothing]) == "edge.not_found"
    assert code(facts.describe_edges, [{**nothing, "how": 1}]) == "input.invalid"
    assert code(facts.describe_edges, [{"source": "bob", "text": "x"}]) == "input.invalid"
    assert facts.edge_texts.count() == 3
    facts.collection.delete_edge("alice", "KNOWS", "bob")
    assert facts.find_edges("school", mode="lexical") == []
