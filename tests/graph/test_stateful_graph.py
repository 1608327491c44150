"""A graph against a plain model of it, rolled back, reopened, and mirrored by who only listens."""

import contextlib
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import engram

IDS = st.sampled_from(["a", "b", "c", "d"])
LABELS = st.sampled_from(["X", "Y"])
TEXTS = st.none() | st.sampled_from(["one", "two words", "three"])
PROPERTIES = st.dictionaries(st.sampled_from(["p", "q"]), st.integers(0, 3) | st.booleans())
KEYS = st.tuples(IDS, st.sampled_from(["T", "U"]), IDS)


class Undone(Exception):
    """Ends a transaction on purpose."""


class GraphMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="graph-machine-"))
        self.nodes, self.edges, self.said, self.mirror = {}, {}, {}, {}
        self.open()

    def open(self):
        self.db = engram.open(self.folder / "g.engram", embedder=None, durability="relaxed")
        self.db.graph.listeners.append(self.listen)

    def listen(self, transaction, changes):
        for change in changes:
            if change.op == "delete":
                assert self.mirror.pop(change.id)[0] == change.label
            else:
                self.mirror[change.id] = (change.label, change.text)

    @contextlib.contextmanager
    def maybe_undone(self, undo):
        """Run a step, maybe in a transaction that is rolled back; say whether it counts."""
        if not undo:
            yield True
            return
        mirror = dict(self.mirror)
        with contextlib.suppress(Undone), self.db.transaction():
            yield False
            raise Undone
        self.mirror = mirror

    @rule(id_=IDS, label=LABELS, text=TEXTS, properties=PROPERTIES, undo=st.booleans())
    def put(self, id_, label, text, properties, undo):
        with self.maybe_undone(undo) as counts:
            self.db.graph.put_node(label, id_, text=text, properties=properties)
        if counts:
            self.nodes[id_] = (label, text, properties)

    @rule(rows=st.lists(st.tuples(IDS, LABELS, TEXTS), max_size=3))
    def put_many(self, rows):
        self.db.graph.put_nodes({"id": i, "label": la, "text": t} for i, la, t in rows)
        self.nodes |= {i: (la, t, {}) for i, la, t in rows}

    @precondition(lambda self: self.nodes)
    @rule(data=st.data(), properties=PROPERTIES, text=TEXTS, undo=st.booleans())
    def save(self, data, properties, text, undo):
        id_ = data.draw(st.sampled_from(sorted(self.nodes)))
        with self.maybe_undone(undo) as counts:
            node = self.db.graph.get_node(id_, must=True)
            node.text = text
            node.properties.clear()
            node.properties.update(properties)
            assert node.save().properties == properties
        if counts:
            self.nodes[id_] = (self.nodes[id_][0], text, properties)

    @rule(ids=st.lists(IDS, max_size=2), undo=st.booleans())
    def delete(self, ids, undo):
        with self.maybe_undone(undo) as counts:
            there = set(ids) & self.nodes.keys()
            assert self.db.graph.delete_nodes(ids) == len(there)
        if counts:
            self.nodes = {i: node for i, node in self.nodes.items() if i not in there}
            for kept in (self.edges, self.said):
                for key in [key for key in kept if there & {key[0], key[2]}]:
                    del kept[key]

    @rule(key=KEYS, properties=PROPERTIES)
    def link(self, key, properties):
        if {key[0], key[2]} <= self.nodes.keys():
            self.db.graph.put_edge(*key, properties)
            self.edges[key] = properties
        else:
            with contextlib.suppress(engram.NotFound):
                self.db.graph.put_edge(*key, properties)
                raise AssertionError

    @rule(key=KEYS, text=TEXTS)
    def describe(self, key, text):
        if key in self.edges:
            self.db.graph.describe_edge(*key, text=text)
            self.said[key] = text
            if text is None:
                del self.said[key]

    @rule(key=KEYS, undo=st.booleans())
    def unlink(self, key, undo):
        with self.maybe_undone(undo) as counts:
            assert self.db.graph.delete_edge(*key) == (key in self.edges)
        if counts:
            self.edges.pop(key, None)
            self.said.pop(key, None)

    @rule()
    def reopen(self):
        self.db.close()
        self.open()

    @invariant()
    def is_what_was_written(self):
        graph = self.db.graph
        found = {node.id: (node.label, node.text, node.properties) for node in graph.nodes()}
        assert found == self.nodes
        assert {edge.key: edge.properties for edge in graph.iterate_edges()} == self.edges
        texts = {key: graph.get_edge_text(*key) for key in self.edges}
        assert {key: text for key, text in texts.items() if text is not None} == self.said
        assert graph.edge_texts.count() == len(self.said)
        assert self.mirror == {id_: node[:2] for id_, node in self.nodes.items()}

    def teardown(self):
        assert self.db.verify(deep=True)
        self.db.close()
        shutil.rmtree(self.folder)


TestGraph = GraphMachine.TestCase
TestGraph.settings = settings(max_examples=15, stateful_step_count=25)
