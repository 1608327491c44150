"""Typed use of graphs and chats; type checkers read it, nothing runs it."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import assert_type

import engram
from engram.graph import (
    Attribute,
    Change,
    Chat,
    ConvergedQuery,
    EdgeMatch,
    Entity,
    Match,
    Matches,
    Message,
    Node,
)


class Person(Node):
    """A class of nodes with typed attributes."""

    born = Attribute(int)
    email = Attribute(str)


db = engram.open("people.engram")
graph = db.graph
assert_type(graph, engram.Graph)

# Nodes and edges.
made = graph.create_node("Person", "a", text="A", properties={"born": 1980}, vector=[1.0, 2.0])
assert_type(made, Node)
assert_type(graph.get_node("a"), Node | None)
assert_type(graph.get_node("a", must=True), Node)
graph.register(Person)
person = graph.get_node("a", must=True)
assert isinstance(person, Person)
assert_type(person.born, int | None)
person.email = "a@example.org"
person.save().link("KNOWS", made, {"since": 2019})
assert_type([node.id for node in graph.nodes("Person", "born > 1970")], list[str])
assert_type(graph.create_edge("a", "KNOWS", "b"), engram.Edge)
assert_type(graph.find_shortest_path("a", "b", max_hops=3), engram.GraphPath | None)
assert_type(graph.communities(label="Person"), dict[str, int])
assert_type(graph.find_edges("school", types="KNOWS"), list[EdgeMatch])
graph.constrain("Person", unique=["email"], types={"born": int, "email": "str"})


def listen(transaction: engram.Transaction, changes: Sequence[Change]) -> None:
    """Hear of changes."""
    assert_type(transaction.commit, int | None)
    assert_type(changes[0].text, str | None)


graph.listeners.append(listen)

# Chats.
chat = db.create_chat("title", "topic")
assert_type(chat, Chat)
message = chat.add_message("Alice", "hello", "user")
assert_type(message, Message)
assert_type(message.sender, str | None)
assert_type(message.entities(), list[Entity])
assert_type(message.entities()[0].mentions(), list[Node])
assert_type(graph.import_chats("conversations.json", "chatgpt"), list[Chat])

# The converged query.
query = ConvergedQuery().where("born", "Between", [1970, 1990]).near("a", hops=2).top(3)
assert_type(graph.query(query), Matches)
found = graph.query({"semantic_query": {"text": "x", "threshold": 0.5}}, limit=3)
assert_type(found[0], Match)
assert_type(found[0].similarity_score, float | None)
assert_type(found[0].path, engram.GraphPath | None)
assert_type(found.ids, list[str])
