"""Facets count what a plain walk over the records counts."""

import pickle

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


def test_a_query_counts_over_what_it_matches(notes):
    notes.put_many(
        {
            "id": str(n),
            "text": f"{'even' if n % 2 == 0 else 'odd'} number" + " target" * (n == 3),
            "metadata": {"n": n % 3, "tags": ["a", "b"][: n % 3]},
        }
        for n in range(30)
    )
    evens = [n for n in range(30) if n % 2 == 0]
    found = notes.query("even target", mode="lexical", k=2, facets=["n", F.tags], facet_limit=2)
    assert list(found.facets) == ["n", "tags"]
    by_hand = notes.facets(["n", "tags"], limit=2)
    matching = {n % 3: sum(m % 3 == n % 3 for m in [*evens, 3]) for n in evens}
    assert dict(found.facets["n"]) == {
        n: matching[n] for n in sorted(matching, key=lambda n: (-matching[n], n))[:2]
    }
    assert (len(found), found.facets["n"].distinct) == (2, 3)
    filtered = notes.query("even", mode="lexical", where="n > 0", facets="n")
    assert filtered.facets == {"n": Facet([(1, 5), (2, 5)], 2)}
    everything = notes.query("even", facets=["n", "tags"], facet_limit=2)
    assert set(everything.report.retrievers) == {"lexical", "semantic"}
    assert everything.facets == by_hand
    assert everything.facets["n"].distinct == by_hand["n"].distinct
    assert found.report.steps[-1][0] == "shape"
    assert "facets" in found.report.timings_ms


def test_facets_of_a_query_go_with_every_form(notes):
    notes.put_many({"id": str(n), "text": "word", "metadata": {"n": n}} for n in range(4))
    page = notes.query("word", k=2, mode="lexical", facets="n")
    second = notes.query("word", k=2, mode="lexical", cursor=page.cursor)
    assert (len(page.facets["n"]), second.facets) == (4, {})
    many = notes.query_many(["word", {"text": "word", "where": "n = 1"}], facets="n")
    assert [found.facets["n"].distinct for found in many] == [4, 1]
    assert pickle.loads(pickle.dumps(page)).facets == page.facets
    assert page.to_dict()["facets"]["n"]["distinct"] == 4
    assert "facets" not in second.to_dict()
    absent = notes._database.collection("absent")
    assert absent.query("word", facets="n").facets == {"n": Facet((), 0)}
    assert notes.query("absent", mode="lexical", facets="n").facets == {"n": Facet((), 0)}
    with pytest.raises(InvalidInput) as caught:
        notes.query("word", facets="m")
    assert caught.value.code == "filter.unknown_field"
    assert notes.query("word", facets="m", missing="ignore").facets["m"].distinct == 0
    for bad in ({"facets": 5}, {"facets": "n", "facet_limit": -1}, {"facets": ["_id"]}):
        with pytest.raises((InvalidInput, TypeError)):
            notes.query("word", **bad)
