"""What is derived from nodes: vectors, entities, relations, summaries; and how it is undone."""

from itertools import combinations

import numpy as np
import pytest

import engram
from engram.weaver import Weaver
from engram.weaver.relations import PAIRED, SOURCES


def mentions(graph, node):
    return {
        edge.target: edge.properties["count"]
        for edge in graph.collection.edges(node, types="MENTIONS")
    }


def related(graph):
    edges = [edge for edge in graph.collection.iterate_edges() if edge.type == "RELATED_TO"]
    return {
        (edge.source.split(":")[-1], edge.target.split(":")[-1]): (
            edge.properties["count"],
            tuple(edge.properties["sources"]),
        )
        for edge in edges
    }


def names(graph):
    return sorted(node.name for node in graph.nodes("Entity"))


def test_a_message_gets_a_vector_and_its_entities(graph, weaver, drain, enricher):
    graph.create_node("Message", "m", text="Alice met Bob in Paris, and Alice laughed")
    drain(weaver)
    weaver.wait_until_enriched("m", timeout=0)
    assert mentions(graph, "m") == {
        "entity:person:alice": 2,
        "entity:person:bob": 1,
        "entity:place:paris": 1,
    }
    edge = graph.collection.edge("m", "MENTIONS", "entity:person:alice")
    assert edge.properties == {"count": 2, "confidence": 0.9, "names": ["Alice"]}
    alice = graph.get_node("entity:person:alice")
    assert (alice.name, alice.kind, alice.aliases) == ("Alice", "PERSON", ["Alice"])
    for node in ("m", alice.id):
        text = graph.get_node(node).text
        assert np.array_equal(graph.get_embedding(node), enricher.embed([text])[0])
    assert graph.collection.spaces()[0].identity == enricher.identity.to_json()


def test_texts_are_embedded_in_batches_and_only_where_they_have_no_vector(
    db, weaver, drain, enricher
):
    graph = engram.Graph(db)  # embeds as it puts
    graph.database.collection(graph.name)
    weaver.graph.put_nodes({"label": "Message", "id": str(n), "text": f"n {n}"} for n in range(9))
    drain(weaver)
    assert [len(batch) for batch in enricher.embedded] == [9]


def test_what_is_embedded_with_the_put_is_not_embedded_again(db, embedder, drain, enricher):
    graph = engram.Graph(db)
    enricher.identity = embedder.identity
    weaver = Weaver(graph, enricher=enricher)
    graph.create_node("Message", "m", text="quiet words")
    drain(weaver)
    assert enricher.embedded == []
    assert graph.get_embedding("m") is not None


def test_mentions_of_one_entity_are_one_node(graph, weaver, drain, enricher):
    enricher.entities = lambda text, /: [
        type("E", (), {"text": part, "label": "PERSON", "start": 0, "end": 1, "confidence": 0.5})
        for part in text.split(", ")
    ]
    graph.create_node("Message", "1", text="Dr. Alice Smith")
    drain(weaver)
    graph.create_node("Message", "2", text="alice smith, ALICE")
    drain(weaver)
    assert names(graph) == ["Dr. Alice Smith"]
    alice = next(graph.nodes("Entity"))
    assert alice.aliases == ["ALICE", "Dr. Alice Smith", "alice smith"]
    assert mentions(graph, "2") == {alice.id: 2}


def test_an_entity_that_a_user_made_is_used(graph, weaver, drain):
    own = graph.create_entity("Alice Jones", "PERSON", aliases=["Alice"])
    drain(weaver)
    graph.create_node("Message", "m", text="Alice waits")
    drain(weaver)
    assert mentions(graph, "m") == {own.id: 1}
    graph.delete_node("m")
    drain(weaver)
    assert names(graph) == ["Alice Jones"]


def test_an_entity_that_a_user_linked_stays(graph, weaver, drain):
    graph.create_node("Message", "m", text="Alice met Bob")
    drain(weaver)
    graph.create_node("Team", "t")
    graph.put_edge("entity:person:alice", "MEMBER_OF", "t")
    graph.delete_node("m")
    drain(weaver)
    assert names(graph) == ["Alice"]


def described(graph):
    return sorted(record.text for record in graph.edge_texts.iterate())


def test_nothing_stays_of_what_was_said_of_edges_that_are_unwoven(graph, weaver, drain):
    graph.create_node("Message", "m", text="Alice met Bob in Paris")
    graph.create_node("Message", "n", text="Carol met Dave")
    graph.create_node("Team", "t")
    drain(weaver)
    alice, bob = "entity:person:alice", "entity:person:bob"
    graph.describe_edge("m", "MENTIONS", alice, text="named first")
    graph.describe_edge(alice, "RELATED_TO", bob, text="met him")
    graph.put_edge(alice, "RELATED_TO", "t")
    graph.describe_edge(alice, "RELATED_TO", "t", text="leads it")
    graph.describe_edge("n", "MENTIONS", "entity:person:carol", text="named, too")
    assert described(graph) == ["leads it", "met him", "named first", "named, too"]
    graph.update_node("m", text="Bob was in Paris")
    drain(weaver)
    assert graph.get_node(alice) is None
    assert described(graph) == ["named, too"]
    graph.describe_edge("m", "MENTIONS", bob, text="named last")
    graph.update_node("m", text="Bob has left Paris")
    drain(weaver)
    assert described(graph) == ["named last", "named, too"]


def test_what_was_said_of_relations_goes_with_them_alone(graph, weaver, drain):
    graph.create_node("Message", "m", text="Alice met Bob")
    graph.create_node("Message", "a", text="Alice left")
    graph.create_node("Message", "b", text="Bob left")
    drain(weaver)
    alice, bob = "entity:person:alice", "entity:person:bob"
    graph.describe_edge(alice, "RELATED_TO", bob, text="met him")
    graph.describe_edge("a", "MENTIONS", alice, text="named")
    graph.delete_node("m")
    drain(weaver)
    assert names(graph) == ["Alice", "Bob"]
    assert described(graph) == ["named"]


def test_relations_count_their_sources(graph, weaver, drain):
    graph.create_node("Message", "1", text="Alice met Bob in Paris")
    graph.create_node("Message", "2", text="Bob wrote to Alice")
    drain(weaver)
    found = related(graph)
    assert found == {
        ("alice", "bob"): (2, ("1", "2")),
        ("alice", "paris"): (1, ("1",)),
        ("bob", "paris"): (1, ("1",)),
    }
    edge = graph.collection.edge("entity:person:alice", "RELATED_TO", "entity:person:bob")
    assert edge.properties["confidence"] == 0.75


def test_a_changed_text_changes_what_came_of_it(graph, weaver, drain):
    graph.create_node("Message", "1", text="Alice met Bob")
    graph.create_node("Message", "2", text="Alice met Carol")
    drain(weaver)
    graph.update_node("1", text="Alice met Dora")
    drain(weaver)
    assert set(mentions(graph, "1")) == {"entity:person:alice", "entity:person:dora"}
    assert names(graph) == ["Alice", "Carol", "Dora"]
    assert related(graph) == {("alice", "carol"): (1, ("2",)), ("alice", "dora"): (1, ("1",))}


def test_deleting_a_message_undoes_all_of_it(db, graph, weaver, drain):
    graph.create_node("Message", "1", text="Alice met Bob")
    graph.create_node("Message", "2", text="Alice met Bob in Paris")
    drain(weaver)
    graph.delete_node("2")
    drain(weaver)
    assert names(graph) == ["Alice", "Bob"]
    assert related(graph) == {("alice", "bob"): (1, ("1",))}
    graph.delete_node("1")
    drain(weaver)
    assert graph.count() == 0
    assert list(graph.collection.iterate_edges()) == []
    assert db.collection("graph.woven").count() == 0
    assert db.verify(deep=True)


def test_a_message_that_comes_back_is_counted_once(graph, weaver, drain):
    graph.create_node("Message", "1", text="Alice met Bob")
    drain(weaver)
    graph.delete_node("1")
    graph.create_node("Message", "1", text="Alice met Bob")
    drain(weaver)
    assert related(graph) == {("alice", "bob"): (1, ("1",))}
    assert set(mentions(graph, "1")) == {"entity:person:alice", "entity:person:bob"}


def test_an_entity_that_a_user_deletes_is_gone_until_it_is_mentioned_again(graph, weaver, drain):
    graph.create_node("Message", "1", text="Alice met Bob")
    drain(weaver)
    graph.delete_node("entity:person:bob")
    drain(weaver)
    assert related(graph) == {}
    graph.create_node("Message", "2", text="Bob met Alice")
    drain(weaver)
    graph.delete_node("1")
    drain(weaver)
    assert related(graph) == {("alice", "bob"): (1, ("2",))}


def test_sources_are_named_up_to_a_limit_and_counted_beyond(graph, weaver, drain):
    count = SOURCES + 8
    for n in range(count):
        graph.create_node("Message", f"{n:03}", text="Alice met Bob")
    drain(weaver)
    found = related(graph)["alice", "bob"]
    assert found[0] == count
    assert len(found[1]) == SOURCES
    graph.delete_nodes(f"{n:03}" for n in range(count - 1))
    drain(weaver)
    assert related(graph)["alice", "bob"][0] == 1
    graph.delete_node(f"{count - 1:03}")
    drain(weaver)
    assert graph.count() == 0


def test_a_text_with_many_names_relates_the_first_of_them(graph, weaver, drain):
    people = [f"{chr(65 + n // 26)}{chr(97 + n % 26)}{'xyz'[n % 3]}" for n in range(PAIRED + 4)]
    graph.create_node("Document", "d", text=" ".join(people))
    drain(weaver)
    assert len(mentions(graph, "d")) == PAIRED + 4
    first = sorted(name.lower() for name in people[:PAIRED])
    assert set(related(graph)) == set(combinations(first, 2))


def test_work_is_done_once_for_one_content_and_model(graph, weaver, drain, enricher):
    graph.create_node("Message", "1", text="Alice waits")
    drain(weaver)
    graph.update_node("1", properties={"starred": True})
    drain(weaver)
    assert enricher.read == ["Alice waits"]
    assert weaver.catch_up() == 0
    enricher.model = "names 2"
    assert weaver.catch_up() == 2  # the message, and its entity
    drain(weaver)
    assert enricher.read == ["Alice waits"] * 2
    assert related(graph) == {}
    assert weaver.catch_up() == 0


def test_nodes_from_before_and_those_that_went_unheard_are_caught_up_with(graph, weaver, drain):
    graph.create_node("Message", "heard", text="Alice waits")
    drain(weaver)
    weaver.turn_off()
    graph.create_node("Message", "unheard", text="Bob waits")
    graph.delete_node("heard")
    assert weaver.weaver_status()["queue_size"] == 0
    weaver.turn_on()
    assert weaver.catch_up() == 2
    drain(weaver)
    assert names(graph) == ["Bob"]


def test_another_handle_queues_what_it_changes(path, embedder, db, weaver, drain):
    with engram.open(path, embedder=embedder) as other:
        other.graph.create_node("Message", "m", text="Alice waits")
    drain(weaver)
    assert names(weaver.graph) == ["Alice"]


def test_chats_have_rolling_summaries(graph, weaver, drain, enricher):
    chat = graph.create_chat(id="c")
    first = chat.add_message("Alice", "one")
    drain(weaver)
    assert [one.text for one in chat.summaries()] == ["one"]
    chat.add_message("Bob", "two")
    chat.add_message("Bob", "three")
    drain(weaver)
    assert [one.text for one in chat.summaries()] == ["one | two | three"]
    assert enricher.summed_up == [["one"], ["one", "two", "three"]]
    first.text = "changed"
    first.save()
    drain(weaver)
    assert [one.text for one in chat.summaries()] == ["changed | two | three"]
    assert graph.get_embedding("summary:c") is not None
    graph.describe_edge("summary:c", "SUMMARIZES", "c", text="all of it")
    for message in chat.messages():
        message.delete()
    drain(weaver)
    assert chat.summaries() == []
    assert described(graph) == []


def test_deleting_a_chat_leaves_nothing(db, graph, weaver, drain):
    chat = graph.create_chat("Plans")
    chat.add_message("Alice", "Bob is in Paris")
    drain(weaver)
    chat.delete()
    drain(weaver)
    assert graph.count() == 0
    assert db.collection("graph.woven").count() == 0


def test_a_result_for_a_content_that_is_gone_is_dropped(graph, weaver, drain, enricher):
    graph.create_node("Message", "m", text="Alice waits")
    read = enricher.entities

    def meanwhile(text, /):
        enricher.entities = read
        graph.update_node("m", text="Bob waits")
        return read(text)

    enricher.entities = meanwhile
    drain(weaver)
    assert names(graph) == ["Bob"]
    assert weaver.weaver_status()["kinds"]["weave"]["stale"] == 1


def test_the_vectors_of_another_model_are_refused(db, enricher):
    graph = engram.Graph(db)
    graph.create_node("Message", "m", text="quiet words")
    with pytest.raises(engram.InvalidInput) as caught:
        Weaver(graph, enricher=enricher)
    assert caught.value.code == "embedder.mismatch"
    with pytest.raises(engram.InvalidInput, match="no enricher"):
        Weaver(graph, enricher=object())
    with pytest.raises(engram.InvalidInput, match="workers"):
        Weaver(graph, workers=0)
