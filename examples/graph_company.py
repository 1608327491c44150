"""A graph of a small company: nodes with classes of their own, rules, ways, ranks, an export."""

from __future__ import annotations

import tempfile
from pathlib import Path

import engram
from engram.graph import Attribute, Node


class Person(Node):
    """Somebody who works somewhere; `email` is unique, as the graph is told below."""

    email = Attribute(str)
    born = Attribute(int)

    def colleagues(self) -> list[Node]:
        """Give those who work at the same place."""
        (place,) = self.neighbors(types="WORKS_AT", direction="out")
        found = place.neighbors(types="WORKS_AT", direction="in")
        return [one for one in found if one.id != self.id]


def main() -> None:
    """Make the graph, ask it, and write it for Gephi and Graphviz."""
    with tempfile.TemporaryDirectory() as folder, engram.open(Path(folder) / "a.engram") as db:
        graph = db.graph
        graph.register(Person)
        graph.constrain("Person", unique=["email"], required=["email"], types={"born": int})

        people = {"alice": 1981, "bob": 1975, "carol": 1990, "dora": 1968}
        graph.put_nodes(
            {
                "label": "Person",
                "id": name,
                "text": f"{name.title()} builds engines",
                "properties": {"email": f"{name}@example.org", "born": born},
            }
            for name, born in people.items()
        )
        graph.create_node("Company", "acme", text="Acme makes engines")
        graph.put_edges([(name, "WORKS_AT", "acme") for name in ("alice", "bob", "carol")])
        graph.put_edges([("alice", "KNOWS", "bob", {"since": 2019}), ("dora", "KNOWS", "carol")])
        print(f"{graph.labels()}, edges {graph.edge_types()}")

        try:
            graph.create_node("Person", properties={"email": "bob@example.org"})
        except engram.Conflict as error:
            print(f"refused: {error.message}")

        alice = graph.get_node("alice", must=True)
        assert isinstance(alice, Person)
        print(f"alice works with {', '.join(one.id for one in alice.colleagues())}")
        alice.born = 1982
        alice.save()

        path = graph.find_shortest_path("alice", "dora")
        assert path is not None
        print(f"alice and dora: {path}")
        print(f"nearest to dora by all ways: {list(graph.pagerank('dora', limit=3))}")

        # Somebody else changed the same property meanwhile: nothing is overwritten.
        graph.update_node("bob", properties={"born": 1976})
        stale = graph.get_node("bob", must=True)
        graph.update_node("bob", properties={"born": 1977})
        stale["born"] = 1978
        try:
            stale.save()
        except engram.Conflict as error:
            print(f"refused: {error.message}")
        assert stale.refresh()["born"] == 1977

        written = graph.export(Path(folder) / "company.graphml")
        graph.export(Path(folder) / "people.dot", where="label = 'Person'")
        print(f"wrote {written} nodes as GraphML, and the people for Graphviz")

        graph.delete_node("acme")
        assert graph.edge_types() == {"KNOWS": 2}
        print("acme is gone, and the edges to it went in the same commit")


if __name__ == "__main__":
    main()
