"""Chats, messages and entities as objects."""

import pytest

from engram.graph import Chat, Document, Entity, Message, Summary


@pytest.fixture
def chat(graph):
    return graph.create_chat(title="Project Discussion", topic="Rust Database")


def test_a_chat_keeps_its_messages_in_order(graph, chat):
    said = [chat.add_message(sender="Alice", content=f"number {n}", role="user") for n in range(12)]
    answer = chat.add_message("Bot", "I see.", "assistant", properties={"tokens": 3})
    assert chat.messages() == [*said, answer]
    assert chat.messages(role="assistant") == [answer]
    assert chat.messages(limit=2) == [said[-1], answer]
    assert chat.messages(limit=0) == []
    assert (answer.sender, answer.content, answer.role, answer["tokens"]) == (
        "Bot", "I see.", "assistant", 3,
    )  # fmt: skip
    assert answer.chat() == chat
    assert (chat.title, chat.topic) == ("Project Discussion", "Rust Database")
    assert graph.degree(chat.id) == 13
    assert graph.chats() == [chat]


def test_a_message_and_its_edge_are_one_commit(graph, chat, code):
    before = graph.database.stats().commit
    message = chat.add_message("Alice", "hello")
    assert graph.database.stats().commit == before + 1
    assert graph.find_shortest_path(chat.id, message.id).cost == 1
    assert code(graph.create_message, "nowhere", "lost", "Alice") == "record.not_found"
    assert graph.count("Message") == 1
    assert code(chat.add_message, "Alice", "again", id=message.id) == "node.exists"
    assert code(chat.add_message, "Alice", None) == "input.invalid"
    assert code(chat.add_message, 3, "x") == "input.invalid"


def test_a_message_can_be_from_long_ago(chat):
    late = chat.add_message("A", "late", timestamp="2024-01-02T00:00:00.000000Z")
    early = chat.add_message("A", "early", timestamp="2024-01-01T00:00:00.000000Z")
    assert chat.messages() == [early, late]


def test_the_last_messages_of_a_long_chat_are_its_last(graph, chat):
    rows = [
        {
            "label": "Message",
            "text": f"number {n}",
            "properties": {"chat_id": chat.id, "timestamp": f"2024-01-{n // 50 + 1:02}T{n % 50}"},
        }
        for n in range(600)
    ]
    graph.put_nodes(rows)
    future = chat.add_message("A", "later", timestamp="2199-01-01T00:00:00.000000Z")
    now = chat.add_message("A", "now")
    whole = chat.messages()
    assert whole[-2:] == [now, future]
    for limit in (0, 1, 2, 3, 49, 50, 51, 300, 599, 602, 700):
        assert chat.messages(limit=limit) == (whole[-limit:] if limit else [])


def test_deleting_a_chat_takes_its_messages_and_summaries_but_no_entity(graph, chat):
    other = graph.create_chat("Other")
    kept = other.add_message("Alice", "stays")
    message = chat.add_message("Alice", "Alice met Bob")
    bob = graph.create_entity("Bob", "PERSON")
    message.link("MENTIONS", bob)
    summary = graph.create_node("Summary", text="They met.")
    summary.link("SUMMARIZES", chat)
    assert chat.summaries() == [summary]
    assert summary.subjects() == [chat]
    before = graph.database.stats().commit
    assert chat.delete()
    assert graph.database.stats().commit == before + 1
    assert {node.id for node in graph.nodes()} == {other.id, kept.id, bob.id}
    assert bob.mentions() == []
    assert not chat.delete()


def test_entities_and_what_mentions_them(graph, chat):
    alice = graph.create_entity("Alice", "PERSON", aliases=["Al"])
    paris = graph.create_entity("Paris", "GPE")
    alice.link("RELATED_TO", paris, {"confidence": 0.5})
    first = chat.add_message("X", "Alice is in Paris")
    second = chat.add_message("X", "Al sleeps")
    letter = graph.create_node("Document", text="Paris", properties={"uri": "letter.txt"})
    for source, target in ((first, alice), (first, paris), (second, alice), (letter, paris)):
        source.link("MENTIONS", target)
    by_name = {"Alice": alice, "Paris": paris}
    assert {entity.name: entity for entity in first.entities()} == by_name
    assert second.entities() == [alice]
    assert {entity.name: entity for entity in chat.entities()} == by_name
    assert set(alice.mentions()) == {first, second}
    assert set(paris.mentions()) == {first, letter}
    assert alice.related() == [paris]
    assert paris.related() == [alice]
    assert graph.find_entity("Al") == graph.find_entity("Alice", "PERSON") == alice
    assert graph.find_entity("Alice", "GPE") is graph.find_entity("Bob") is None
    assert (alice.kind, alice.aliases) == ("PERSON", ["Al"])
    assert graph.create_chat("empty").entities() == []


def test_objects_are_of_the_class_of_their_label(graph, chat):
    kinds = {"Chat": Chat, "Message": Message, "Entity": Entity, "Document": Document,
             "Summary": Summary}  # fmt: skip
    for label, kind in kinds.items():
        assert type(graph.create_node(label)) is kind


def test_active_records_save_and_delete(graph, chat):
    message = chat.add_message("Alice", "teh end")
    message.content = "the end"
    message.sender = "Bob"
    message.save()
    again = graph.get_node(message.id)
    assert (again.content, again.sender) == ("the end", "Bob")
    entity = graph.create_entity("Alcie")
    entity.name = "Alice"
    entity.save()
    assert graph.get_node(entity.id).name == graph.get_node(entity.id).text == "Alice"
    chat.title = "Renamed"
    assert graph.get_node(chat.save().id).title == "Renamed"
    assert message.delete()
    assert chat.messages() == []
