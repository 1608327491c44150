"""One question to a graph: properties, neighbourhood, meaning, words and time, all in one plan."""

from __future__ import annotations

import engram
from engram.graph import ConvergedQuery

PAPERS = [
    ("p1", 2019, "Vectors of one bit per dimension find near neighbours quickly."),
    ("p2", 2021, "A graph of neighbours is searched greedily from layer to layer."),
    ("p3", 2023, "Short codes and exact distances make a cascade for nearest neighbours."),
    ("p4", 2024, "Sourdough bread rises slowly in a cold kitchen."),
    ("p5", 2024, "Postings of words are skipped by the largest score of a block."),
]
CITES = [("p2", "p1"), ("p3", "p1"), ("p3", "p2"), ("p5", "p3"), ("p4", "p5")]


def main() -> None:
    """Ask for papers near another one that mean something."""
    with engram.open(":memory:") as db:
        graph = db.graph
        graph.put_nodes(
            {"label": "Paper", "id": name, "text": text, "properties": {"year": year}}
            for name, year, text in PAPERS
        )
        graph.put_edges((one, "CITES", other) for one, other in CITES)
        db.create_snapshot("first")

        query = (
            ConvergedQuery()
            .label("Paper")
            .where("year", "Between", [2020, 2024])
            .near("p1", hops=2, edge_types=["CITES"], direction="in")
            .similar_to("approximate nearest neighbour search", threshold=0.1)
            .matching("neighbours codes")
            .top(3)
        )
        found = graph.query(query)
        print(found.explain())
        assert found.ids[0] == "p3"
        assert "p4" not in found.ids  # three hops away
        assert all(match.path.ids[0] == "p1" for match in found if match.path)

        # The same as data, for instance from a request.
        assert graph.query(query.to_dict()).ids == found.ids

        # Without meaning and words, the nearest come first.
        print([(match.id, match.hops) for match in graph.query(graph_filter={"start": "p5"})])

        graph.delete_node("p3")
        now, then = graph.query(query), graph.query(query.within(as_of="first"))
        print(f"now {now.ids}, before {then.ids}")
        assert "p3" in then.ids


if __name__ == "__main__":
    main()
