"""What the tests of graphs share: a graph with a few nodes, and how to ask for errors."""

import pytest

from engram import EngramError


@pytest.fixture
def graph(db):
    return db.graph


@pytest.fixture
def people(graph):
    graph.put_nodes(
        [
            {
                "id": "alice",
                "label": "Person",
                "text": "Alice builds engines",
                "properties": {"age": 34},
            },
            {"id": "bob", "label": "Person", "text": "Bob bakes bread", "properties": {"age": 41}},
            {"id": "carol", "label": "Person", "properties": {"age": 28, "tags": ["a", "b"]}},
            {"id": "acme", "label": "Company", "text": "Acme makes engines"},
        ]
    )
    graph.put_edges(
        [
            ("alice", "KNOWS", "bob", {"since": 2019}),
            ("bob", "KNOWS", "carol"),
            ("carol", "WORKS_AT", "acme"),
        ]
    )
    return graph


@pytest.fixture
def code():
    """Give the code of the error that a call ends with."""

    def code_of(call, *arguments, **options):
        with pytest.raises(EngramError) as caught:
            call(*arguments, **options)
        return caught.value.code

    return code_of
