"""The graph of a database: nodes, edges, chats, and what can be asked of them.

Owns: `Graph`, put together from its parts. Invariants: nodes are records of one collection, edges
are the engine's own, so that both are in every commit, snapshot and view of the past.
"""

from __future__ import annotations

from engram.graph.asking import Asking
from engram.graph.carrying import Carrying
from engram.graph.linking import EdgeStore
from engram.graph.walking import Walking
from engram.graph.weaving import Weaving

__all__ = ["Graph"]


class Graph(Carrying, EdgeStore, Walking, Asking, Weaving):
    """Nodes with labels, properties, texts and embeddings, and typed edges between them.

    `Database.graph` is the one named ``"graph"``. Safe to share by threads.

    Example:
        >>> import engram
        >>> db = engram.open(":memory:")
        >>> graph = engram.Graph(db, "people")
        >>> alice = graph.create_node("Person", "alice", properties={"age": 34})
        >>> bob = graph.create_node("Person", "bob")
        >>> alice.link("KNOWS", bob, {"since": 2019})
        >>> graph.find_shortest_path("alice", "bob").ids
        ('alice', 'bob')
    """
