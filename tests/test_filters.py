"""Filters, from text to records, against an oracle on Python values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
import oracles
from engram import InvalidInput
from engram.filtering import quoted

FIELDS = ["a", "b", "c.d", "c.e"]
WORDS = ["", "x", "xy", "it's", 'say "hi"', "back\\slash", "é", "line\nbreak"]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([2**53, 2**53 + 1, -(2**63), 2**63 - 1])
    | st.sampled_from([0.0, -0.0, 0.5, 1.0, 2.0, 9007199254740992.0, 1e300])
    | st.sampled_from(WORDS)
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3)
INNER = st.dictionaries(st.sampled_from(["d", "e"]), VALUES, max_size=2)
RECORDS = st.fixed_dictionaries(
    {}, optional={"a": VALUES, "b": VALUES, "c": INNER | st.lists(INNER, max_size=3) | SCALARS}
)
PATHS = st.sampled_from(FIELDS)
ORDERED = SCALARS.filter(lambda v: v is not None and not isinstance(v, bool))
LEAVES = (
    st.tuples(st.sampled_from(["=", "!=", "contains"]), PATHS, SCALARS)
    | st.tuples(st.sampled_from(["<", "<=", ">", ">="]), PATHS, ORDERED)
    | st.tuples(st.sampled_from(["in", "not in"]), PATHS, st.lists(SCALARS, max_size=3))
    | st.tuples(st.just("startswith"), PATHS, st.sampled_from(WORDS))
    | st.tuples(st.sampled_from(["exists", "is null", "is not null"]), PATHS, st.none())
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3))
        | st.tuples(st.just("not"), inner)
    ),
    max_leaves=5,
)


@given(
    records=st.lists(RECORDS, min_size=1, max_size=12),
    trees=st.lists(TREES, min_size=1, max_size=5),
)
def test_a_filter_keeps_what_the_oracle_keeps(records, trees):
    with engram.open(":memory:", embedder=None) as db:
        notes = db.collection("notes")
        notes.put_many({"id": str(n), "metadata": m} for n, m in enumerate(records))
        for tree in trees:
            where = oracles.filter_text(tree)
            expected = {str(n) for n, m in enumerate(records) if oracles.matches(tree, m)}
            found = {r.id for r in notes.iterate(where, missing="ignore")}
            assert found == expected, where
            assert notes.count(where, missing="ignore") == len(expected)


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_text_can_be_quoted(text):
    with engram.open(":memory:", embedder=None) as db:
        notes = db.collection("notes")
        notes.put("a", metadata={"t": text})
        notes.put("b", metadata={"t": text + "!"})
        assert [r.id for r in notes.iterate(f"t = {quoted(text)}")] == ["a"]


@pytest.fixture
def library(notes):
    notes.put(
        "a", text="one", metadata={"year": 2019, "tags": ["travel"], "author": {"name": "Ada"}}
    )
    notes.put("b", text="two", metadata={"year": 2024, "tags": [], "first name": "Bob"})
    return notes


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("year >= 2020", "b"),
        ("year >= 2020 AND tags CONTAINS 'travel'", ""),
        ("year = 2019 OR year = 2024", "ab"),
        ("not year = 2019", "b"),
        ("author.name STARTSWITH 'A'", "a"),
        ('`first name` = "Bob"', "b"),
        ("year IN [2019, 2020]", "a"),
        ("year NOT IN (2019)", "b"),
        ("author EXISTS", "a"),
        ("NOT EXISTS author", "b"),
        ("(year > 2000 && year < 2020) || tags = 'nothing'", "a"),
    ],
)
def test_filters_read_as_they_are_documented(library, where, ids):
    assert "".join(sorted(r.id for r in library.iterate(where))) == ids


@pytest.mark.parametrize(
    "where", ["", "year", "year >", "year = 2019 AND", "(year = 1", "year = 'x", "year ~ 2", "= 3"]
)
def test_a_malformed_filter_is_an_error_that_says_where(library, where):
    for call in (
        lambda: library.count(where),
        lambda: library.query("one", where=where),
        lambda: library.iterate(where),
        lambda: library.delete_where(where),
    ):
        with pytest.raises(InvalidInput) as caught:
            call()
        assert caught.value.code == "filter.syntax"
        assert "offset" in caught.value.details
    assert library.count() == 2


def test_an_unknown_field_is_an_error_that_names_the_nearest(library):
    with pytest.raises(InvalidInput) as caught:
        library.query("one", where="yeer >= 2020")
    error = caught.value
    assert error.code == "filter.unknown_field"
    assert "yeer" in error.message
    assert "year" in str(error)
    assert library.count("yeer >= 2020", missing="ignore") == 0
    assert library.count("NOT yeer >= 2020", missing="ignore") == 2
    with pytest.raises(InvalidInput):
        library.count("year >= 2020", missing="maybe")


def test_an_empty_collection_knows_no_field_to_miss(db):
    notes = db.create_collection("empty")
    assert notes.count("year >= 2020", missing="ignore") == 0
    assert list(notes.iterate("year >= 2020", missing="ignore")) == []
