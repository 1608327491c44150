"""Filters as dicts and as expressions mean what the text means."""

import datetime as dt
import enum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
import oracles
from engram import F, InvalidInput
from engram.filtering import filter_text, path_text
from test_filters import RECORDS, SCALARS, TREES

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
UTC = dt.timezone.utc


@given(
    records=st.lists(RECORDS, min_size=1, max_size=10),
    trees=st.lists(TREES, min_size=1, max_size=5),
)
def test_all_three_forms_keep_what_the_oracle_keeps(records, trees):
    with engram.open(":memory:", embedder=None) as db:
        notes = db.collection("notes")
        notes.put_many({"id": str(n), "metadata": m} for n, m in enumerate(records))
        for tree in trees:
            expected = sum(oracles.matches(tree, m) for m in records)
            for where in (oracles.filter_dict(tree), oracles.filter_expression(tree)):
                assert notes.count(where, missing="ignore") == expected, (tree, str(where))


@given(parts=st.lists(NAMES, min_size=1, max_size=3), value=SCALARS)
def test_any_name_and_value_come_through(parts, value):
    quoted = ".".join("`{}`".format(part.replace("`", "``")) for part in parts)
    metadata = value
    for part in reversed(parts):
        metadata = {part: metadata}
    with engram.open(":memory:", embedder=None) as db:
        notes = db.collection("notes")
        notes.put("a", metadata=metadata)
        notes.put("b", metadata={"other": 1})
        if parts[0] in {"_id", "_text", "_created", "_updated"}:
            return
        assert [r.id for r in notes.iterate({quoted: value})] == ["a"]
        assert [r.id for r in notes.iterate(F[quoted] == value)] == ["a"]
        assert [r.id for r in notes.iterate(~F[quoted].exists())] == (
            [] if parts == ["other"] else ["b"]
        )


def test_conditions_get_the_parentheses_they_need():
    a, b, c = F.a == 1, F.b > 2, F.c.exists()
    rows = [
        ((a & b) | c, "a = 1 AND b > 2 OR EXISTS c"),
        (a & (b | c), "a = 1 AND (b > 2 OR EXISTS c)"),
        (~(a & b), "NOT (a = 1 AND b > 2)"),
        (~a & b, "NOT a = 1 AND b > 2"),
        (~~a | b | c, "NOT NOT a = 1 OR b > 2 OR EXISTS c"),
        (F.a.b["c d"].startswith("x"), "a.b.`c d` STARTSWITH 'x'"),
        (F["exists"].between(1, 2.5), "`exists` BETWEEN 1 AND 2.5"),
        (F.a.isin(("x", None, True)), "a IN ['x', null, true]"),
        (F.a.endswith("50%_\\"), "a LIKE '%50\\\\%\\\\_\\\\\\\\'"),
        (F.a == None, "a IS NULL"),  # noqa: E711 - a field is compared, not tested
        (F.a != None, "a IS NOT NULL"),  # noqa: E711 - as above
    ]
    for condition, text in rows:
        assert str(condition) == filter_text(condition) == text


def test_long_chains_are_not_nested():
    either = F.a == 0
    for n in range(1, 500):
        either = either | (F.a == n)
    with engram.open(":memory:", embedder=None) as db:
        notes = db.collection("notes")
        notes.put("x", metadata={"a": 499})
        assert notes.count(either) == 1


def test_a_text_is_found_by_its_end():
    with engram.open(":memory:", embedder=None) as db:
        notes = db.collection("notes")
        notes.put("a", metadata={"t": "100%"})
        notes.put("b", metadata={"t": "1005"})
        assert [r.id for r in notes.iterate(F.t.endswith("0%"))] == ["a"]
        assert [r.id for r in notes.iterate({"t": {"$like": "100_"}})] == ["a", "b"]


def test_values_of_other_libraries_become_plain():
    class Lang(str, enum.Enum):
        EN = "en"

    zone = dt.timezone(dt.timedelta(hours=2))
    rows = [
        (Lang.EN, "'en'"),
        (np.int64(7), "7"),
        (np.float32(0.5), "0.5"),
        (np.bool_(True), "true"),
        (dt.date(2024, 1, 31), "'2024-01-31'"),
        (dt.datetime(2024, 1, 31, 12), "'2024-01-31T12:00:00'"),  # noqa: DTZ001 - a naive one
        (dt.datetime(2024, 1, 31, 1, tzinfo=zone), "'2024-01-30T23:00:00.000000Z'"),
        (1e22, "1e+22"),
        (-0.0, "-0.0"),
    ]
    for value, text in rows:
        assert str(F.a == value) == f"a = {text}"
        assert filter_text({"a": value}) == f"a = {text}"


def test_times_of_records_compare_with_aware_times(notes):
    before = dt.datetime.now(UTC) - dt.timedelta(minutes=1)
    notes.put("a", text="x")
    assert notes.count(F._created >= before) == 1
    assert notes.count({"_created": {"$lt": before}}) == 0


@pytest.mark.parametrize(
    ("where", "code", "says"),
    [
        ({"a": {"$regex": "x"}}, "filter.syntax", "use $like"),
        ({"a": {"$elemMatch": {"b": 1}}}, "filter.syntax", "authors.name"),
        ({"a": {"$foo": 1}}, "filter.syntax", "$contains"),
        ({"$foo": []}, "filter.syntax", "$and"),
        ({"$gt": 5}, "filter.syntax", "{'field': {'$gt': ...}}"),
        ({"a": {"$and": []}}, "filter.syntax", "'$and': [{"),
        ({"$or": []}, "filter.syntax", "a list of conditions"),
        ({"$or": [{}]}, "filter.syntax", "something in it"),
        ({"$and": [1]}, "filter.syntax", "something in it"),
        ({"a": {"b": 1}}, "filter.syntax", "author.name"),
        ({"a": {}}, "filter.syntax", "operators"),
        ({"a": {"$gt": 1, "b": 2}}, "filter.syntax", "operators"),
        ({"a": [1, 2]}, "filter.syntax", "$in"),
        ({"a": {"$in": "x"}}, "input.invalid", "list"),
        ({"a": {"$all": {"x": 1}}}, "input.invalid", "list"),
        ({"a": {"$between": [1]}}, "filter.syntax", "two values"),
        ({"a": {"$exists": 1}}, "filter.syntax", "True or False"),
        ({"a": {"$not": 1}}, "filter.syntax", "operators"),
        ({"a": {"$gt": None}}, "filter.syntax", "number or a string"),
        ({1: 2}, "input.invalid", "str"),
        ({"`a": 2}, "input.invalid", "back quote"),
        ({"a": 2**63}, "input.invalid", "64 bits"),
        ({"a": float("nan")}, "input.invalid", "finite"),
        ({"a": object()}, "input.invalid", "object"),
        ({"a": "\ud800"}, "input.invalid", "surrogate"),
        (7, "input.invalid", "not a filter"),
    ],
)
def test_a_filter_that_cannot_be_says_what_to_write(notes, where, code, says):
    notes.put("x", metadata={"a": 1})
    for call in (notes.count, notes.delete_where, notes.iterate):
        with pytest.raises(InvalidInput) as caught:
            call(where)
        assert caught.value.code == code
        assert says in str(caught.value)


def test_expressions_refuse_what_python_does_not_hand_on():
    for wrong in (
        lambda: bool(F.a == 1),
        lambda: 1 < F.a < 9,
        lambda: (F.a == 1) and (F.b == 2),
    ):
        with pytest.raises(InvalidInput, match="truth value"):
            wrong()
    for wrong in (lambda: "x" in F.tags, lambda: (F.a == 1) & "b = 2", lambda: hash(F.a)):
        with pytest.raises(TypeError):
            wrong()


def test_nesting_has_an_end(notes):
    notes.put("x", metadata={"a": 1})
    deep = {"a": 1}
    for _ in range(70):
        deep = {"$not": deep}
    negated = {"$gt": 1}
    for _ in range(70):
        negated = {"$not": negated}
    for where in (deep, {"a": negated}):
        with pytest.raises(InvalidInput) as caught:
            notes.count(where)
        assert caught.value.code == "input.limit"


def test_every_where_takes_every_form(notes, tmp_path):
    for n in range(6):
        notes.put(str(n), text="some words", metadata={"n": n})
    for where in ("n >= 4", {"n": {"$gte": 4}}, F.n >= 4):
        assert notes.count(where) == 2
        assert {r.id for r in notes.iterate(where)} == {"4", "5"}
        assert {hit.id for hit in notes.query("words", where=where)} == {"4", "5"}
        assert notes.query("absent", where=where, mode="lexical").report.matched == 2
        assert notes.export(tmp_path / "some.jsonl", where=where) == 2
        first = notes.query("words", where=where, k=1)
        second = notes.query("words", where=where, k=1, cursor=first.cursor)
        assert {hit.id for hit in [*first, *second]} == {"4", "5"}
    assert notes.count({}) == 6
    for nothing in ({}, None):
        with pytest.raises(InvalidInput):
            notes.delete_where(nothing)
    assert notes.delete_where(F.n < 2) == 2
    assert notes.delete_where({"n": {"$in": [2, 3]}}) == 2


def test_paths_keep_their_parts():
    rows = {
        "a": "a",
        "a.b": "a.b",
        "first name": "`first name`",
        "`a.b`.c": "`a.b`.c",
        "`a``b`": "`a``b`",
        "a`b": "`a``b`",
        "a.not": "a.`not`",
        "": "``",
        "a.": "a.``",
        "\u00e9t\u00e9": "`\u00e9t\u00e9`",
    }
    for name, text in rows.items():
        assert path_text(name) == text
