"""The converged query equals a brute-force one on random graphs and records."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
import oracles
from engram import Graph

WORDS = ["red", "green", "blue", "cat", "dog"]
SIGNS = {"Equals": "=", "NotEquals": "!=", "GreaterThan": ">", "LessThan": "<", "In": "in",
         "Contains": "contains", "StartsWith": "startswith"}  # fmt: skip
SCALARS = st.one_of(st.integers(0, 3), st.sampled_from(["x", "xy", "y"]), st.booleans())
NAMES = [f"n{n}" for n in range(12)]

nodes = st.lists(
    st.fixed_dictionaries(
        {
            "label": st.sampled_from(["A", "B"]),
            "text": st.none() | st.lists(st.sampled_from(WORDS), min_size=1).map(" ".join),
            "properties": st.dictionaries(
                st.sampled_from(["p", "q"]), SCALARS | st.lists(SCALARS, max_size=2)
            ),
        }
    ),
    min_size=1,
    max_size=len(NAMES),
)
edges = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["T", "U"]), st.sampled_from(NAMES)),
    max_size=24,
)
tests = st.one_of(
    st.tuples(st.sampled_from(["p", "q", "label"]), st.sampled_from(sorted(SIGNS)), SCALARS),
    st.tuples(st.sampled_from(["p", "q"]), st.just("Exists"), st.booleans()),
    st.tuples(st.sampled_from(["p", "q"]), st.just("Between"), st.tuples(SCALARS, SCALARS)),
)
walks = st.none() | st.fixed_dictionaries(
    {
        "start": st.lists(st.sampled_from(NAMES), min_size=1, max_size=2),
        "hops": st.integers(1, 3),
        "edge_types": st.none() | st.lists(st.sampled_from(["T", "U"]), max_size=2),
        "direction": st.sampled_from(["out", "in", "both"]),
    }
)
meanings = st.none() | st.tuples(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
    st.none() | st.sampled_from([0.0, 0.3, 0.7]),
)
words = st.none() | st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join)


def as_filter(test):
    """Give a structural filter, or None where the operator takes no such value."""
    name, operator, value = test
    if operator == "In":
        value = [value, 1]
    if operator in {"GreaterThan", "LessThan"} and isinstance(value, bool):
        return None
    if operator == "StartsWith" and not isinstance(value, str):
        return None
    if operator == "Between":
        value = list(value)
        kinds = {oracles.kind_of(one) for one in value}
        if len(kinds) > 1 or kinds & {"bool"}:
            return None
    return {"property": name, "operator": operator, "value": value}


def holds(test, node):
    """Judge a structural filter on Python values."""
    metadata = {**node["properties"], "label": node["label"]}
    name, operator, value = test["property"], test["operator"], test["value"]
    if operator == "Exists":
        return (name in metadata) == value
    if operator == "Between":
        found = metadata.get(name)
        held = found if isinstance(found, list) else [found]
        low, high = value
        return any(
            oracles.test_one(">=", one, low) and oracles.test_one("<=", one, high) for one in held
        )
    return oracles.matches((SIGNS[operator], name, value), metadata)


def walk(links, start, hops, edge_types, direction):
    """Breadth first, one hop at a time."""
    reached, front = dict.fromkeys(start, 0), set(start)
    for distance in range(1, hops + 1):
        found = set()
        for source, type_, target in links:
            if edge_types is not None and type_ not in edge_types:
                continue
            if direction in {"out", "both"} and source in front:
                found.add(target)
            if direction in {"in", "both"} and target in front:
                found.add(source)
        front = found - reached.keys()
        reached |= dict.fromkeys(front, distance)
    return reached


class Bag:
    """Embeds a text as its counts of words, of length 1."""

    identity = engram.Identity("bag", "1", len(WORDS), normalized=True)

    def one(self, text):
        row = np.array([text.split().count(word) for word in WORDS], dtype=np.float32)
        return row / np.linalg.norm(row)

    def encode_batch(self, texts, /):
        return np.array([self.one(text) for text in texts], dtype=np.float32)


questions = st.fixed_dictionaries(
    {
        "filters": st.lists(tests, max_size=2).map(
            lambda some: [one for one in map(as_filter, some) if one is not None]
        ),
        "walk": walks,
        "meaning": meanings,
        "words": words,
        "limit": st.integers(1, 15),
    }
)


class Truth:
    """What a question comes to, by going through everything."""

    def __init__(self, made, links, embedder, asked):
        self.texts = {id_: node["text"] for id_, node in made.items() if node["text"]}
        self.near = dict.fromkeys(made, 0)
        if asked["walk"] is not None:
            self.near = walk(links, **asked["walk"])
        self.allowed = {
            id_ for id_, node in made.items()
            if id_ in self.near and all(holds(one, node) for one in asked["filters"])
        }  # fmt: skip
        self.similar, self.said = {}, {}
        if asked["meaning"] is not None:
            vector = embedder.one(asked["meaning"][0])
            self.similar = {i: float(vector @ embedder.one(t)) for i, t in self.texts.items()}
        if asked["words"] is not None:
            self.said = oracles.bm25(asked["words"], self.texts)
        self.found = self.allowed & (self.similar.keys() | self.said.keys())
        if asked["meaning"] is not None and asked["meaning"][1] is not None:
            least = asked["meaning"][1] - 1e-6
            self.found = {id_ for id_ in self.found if self.similar.get(id_, -2.0) >= least}


@given(nodes, edges, questions)
def test_a_converged_query_equals_a_brute_force_one(given_nodes, given_edges, asked):
    made = dict(zip(NAMES, given_nodes, strict=False))
    links = {edge for edge in given_edges if edge[0] in made and edge[2] in made}
    if asked["walk"] is not None:
        start = [id_ for id_ in asked["walk"]["start"] if id_ in made]
        asked["walk"] = {**asked["walk"], "start": start} if start else None
    embedder = Bag()
    truth = Truth(made, links, embedder, asked)
    with engram.open(":memory:", embedder=embedder) as db:
        db.create_collection("graph", language="none", k1=oracles.K1, b=oracles.B)
        graph = Graph(db)
        graph.put_nodes({"id": id_, **node} for id_, node in made.items())
        graph.put_edges(links)
        meaning = asked["meaning"]
        found = graph.query(
            structural_filters=asked["filters"],
            graph_filter=asked["walk"],
            semantic_query=meaning and {"text": meaning[0], "threshold": meaning[1]},
            lexical_query=asked["words"],
            limit=asked["limit"],
            missing="ignore",
        )
        if meaning is None and asked["words"] is None:
            order = sorted(truth.allowed, key=lambda id_: (truth.near[id_], id_))
            assert found.ids == order[: asked["limit"]]
        else:
            check_content(found, truth, asked)
        check_paths(found, truth, asked["walk"])


def check_content(found, truth, asked):
    """Check which nodes were found, their scores, and their order."""
    assert set(found.ids) <= truth.found
    assert len(found) == min(asked["limit"], len(truth.found))
    assert falling([match.score for match in found])
    for match in found:
        if asked["meaning"] is not None:
            assert match.similarity_score == pytest.approx(truth.similar[match.id], abs=1e-5)
        else:
            assert match.similarity_score is None
        if asked["words"] is not None and match.id not in truth.said:
            assert match.scores.get("lexical", 0.0) == 0.0
    alone = {(True, False): truth.said, (False, True): truth.similar}
    ranks = alone.get((asked["meaning"] is None, asked["words"] is None))
    if ranks is not None:
        assert falling([ranks[id_] for id_ in found.ids], 1e-5)
        left = [ranks[id_] for id_ in truth.found - set(found.ids)]
        assert falling([min(ranks[id_] for id_ in found.ids), max(left)], 1e-5) if left else True


def check_paths(found, truth, walked):
    """Check the way to each match."""
    for match in found:
        if walked is None:
            assert match.path is None
        else:
            assert match.hops == truth.near[match.id] == match.path.cost
            assert match.path.ids[0] in walked["start"]
            assert match.path.ids[-1] == match.id


def falling(scores, slack=0.0):
    return all(later <= earlier + slack for earlier, later in itertools.pairwise(scores))
