"""Facets count what a plain walk over the records counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
import oracles
from engram import F, Facet, InvalidInput, NotFound
from test_filters import PATHS, RECORDS, TREES


def counted(records, path):
    """Count distinct values (by type, numbers as one) over records."""
    counts = {}
    for metadata in records:
        found = set()
        for value in oracles.reach(metadata, path.split(".")):
            elements = value if isinstance(value, list) else [value]
            found |= {(oracles.kind_of(e), e) for e in elements if oracles.kind_of(e) != "other"}
        for key in found:
            counts[key] = counts.get(key, 0) + 1
    return counts


@given(records=st.lists(RECORDS, max_size=12), path=PATHS, tree=TREES, limit=st.integers(0, 5))
def test_facets_count_what_the_oracle_counts(records, path, tree, limit):
    with engram.open(":memory:", embedder=None) as db:
        notes = db.create_collection("notes")
        for n, metadata in enumerate(records):
            notes.put(str(n), metadata=metadata)
            if n == len(records) // 2:
                db.optimize()
        where = oracles.filter_text(tree)
        chosen = [m for m in records if oracles.matches(tree, m)]
        for condition, of in ((None, records), (where, chosen)):
            expected = counted(of, path)
            facet = notes.facets(path, condition, limit=limit, missing="ignore")[path]
            assert facet.distinct == len(expected)
            assert len(facet) == min(limit, len(expected))
            found = [((oracles.kind_of(value), value), n) for value, n in facet]
            assert all(expected[key] == n for key, n in found)
            most = sorted(expected.values(), reverse=True)
            assert [n for _, n in found] == most[:limit]


def test_a_facet_reads_well(notes):
    assert notes.facets(["x", F.y], missing="ignore") == {"x": Facet((), 0), "y": Facet((), 0)}
    rows = [{"x": True}, {"x": 1}, {"x": [1.0, "a", "a"]}, {"x": None}, {"x": {"z": 1}}, {}]
    notes.put_many({"id": str(n), "metadata": m} for n, m in enumerate(rows))
    facet = notes.facets("x")["x"]
    assert facet.values == ((1, 2), (None, 1), (True, 1), ("a", 1))
    assert repr(notes.facets("x", limit=1)["x"]) == "Facet(1: 2, and 3 more)"
    assert facet.to_dict()["values"][0] == {"value": 1, "records": 2}
    assert notes.facets(F.x.z, F.x.exists())["x.z"].values == ((1, 1),)
    assert notes.facets("_created", limit=0)["_created"].distinct == 1


def test_facets_refuse_what_has_no_counts(notes):
    notes.put("a", text="b", metadata={"x": 1})
    for wrong, code in (
        ({"fields": "xx"}, "filter.unknown_field"),
        ({"fields": "_id"}, "input.invalid"),
        ({"fields": "_text"}, "input.invalid"),
        ({"fields": "x", "limit": -1}, "input.invalid"),
        ({"fields": "x", "limit": True}, "input.invalid"),
        ({"fields": [1]}, "input.invalid"),
    ):
        with pytest.raises(InvalidInput) as caught:
            notes.facets(**wrong)
        assert caught.value.code == code


def test_a_collection_that_is_not_there_has_no_values(db):
    facets = db.collection("nothing").facets(["a", "b"])
    assert facets == {"a": Facet((), 0), "b": Facet((), 0)}
    db.close()
    with pytest.raises((NotFound, engram.Closed)):
        db.collection("nothing").facets("a")
