"""Metadata with bytes: kept as they are, in the file and beside it, and no value to filters."""

import array
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
from engram import F, InvalidInput
from engram.json_values import from_json, to_json

PIECES = [b"", b"\x00", b"%PDF-1.7\n\xff\xfe", bytes(range(256)) * 40]

values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4) | st.binary(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "$bytes", "$$bytes", "$", "bytes"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@pytest.fixture
def originals(db):
    collection = db.collection("originals")
    for number, piece in enumerate(PIECES):
        collection.put(
            f"p{number}",
            text=f"piece {number}",
            metadata={"n": number, "piece": piece, "all": [piece, {"deep": piece}]},
        )
    return collection


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("given", [bytes, bytearray, memoryview])
def test_bytes_come_back_as_bytes(notes, given, piece):
    notes.put("a", metadata={"own": given(piece), "list": [given(piece)]})
    found = notes.get("a").metadata
    assert found == {"own": piece, "list": [piece]}
    assert type(found["own"]) is bytes


def test_a_view_of_numbers_is_its_bytes(notes):
    numbers = array.array("d", [1.0, 2.0, 3.0])
    notes.put("a", metadata={"x": memoryview(numbers)[::2]})
    assert notes.get("a").metadata["x"] == array.array("d", [1.0, 3.0]).tobytes()


def test_bytes_outlive_the_log_and_the_handle(tmp_path):
    path = tmp_path / "a.engram"
    with engram.open(path, embedder=None) as db:
        originals = db.collection("originals")
        originals.put("kept", metadata={"piece": PIECES[3]})
        db.create_snapshot("first")
        originals.update("kept", metadata={"piece": b"new", "other": 1})
        past = db.at("first").collection("originals")
        assert past.get("kept").metadata == {"piece": PIECES[3]}
        db.optimize()
        db.backup(tmp_path / "b.engram")
    for name in ("a.engram", "b.engram"):
        with engram.open(tmp_path / name, embedder=None) as db:
            assert db.collection("originals").get("kept").metadata == {"piece": b"new", "other": 1}
            assert db.verify(deep=True).ok


def test_edges_carry_bytes(notes):
    notes.put("a")
    notes.put_edge("a", "is", "a", {"key": b"\x00\xff"})
    (edge,) = notes.edges("a", direction="out")
    assert edge.properties == {"key": b"\x00\xff"}
    assert edge.to_dict()["properties"] == {"key": {"$bytes": "AP8="}}


@pytest.mark.parametrize("packed", [False, True], ids=["log", "segments"])
def test_filters_see_that_there_are_bytes_but_compare_none(originals, db, packed):
    originals.put("none", metadata={"n": 9, "piece": None})
    originals.put("without", metadata={"n": 10})
    if packed:
        db.optimize()

    def found(where):
        return [record.id for record in originals.iterate(where)]

    there = ["p0", "p1", "p2", "p3"]
    assert found("EXISTS piece") == ["none", *there]
    assert found("piece IS NULL") == ["none"]
    assert found("piece IS NOT NULL") == there
    assert found("NOT EXISTS piece") == ["without"]
    assert found("EXISTS all.deep AND n < 2") == ["p0", "p1"]
    assert originals.facets(["n"])["n"].distinct == 6
    for where in ("piece = 'x'", "n < 2 OR NOT piece STARTSWITH '%PDF'", "all.deep IN [1]"):
        for missing in ("error", "ignore"):
            with pytest.raises(InvalidInput, match="holds bytes, which no filter compares") as e:
                originals.count(where, missing=missing)
            assert e.value.code == "input.invalid"
            assert e.value.hint
    # A field of which some records have something to compare is as good as any other.
    originals.put("text", metadata={"n": 11, "piece": "x"})
    assert found("piece = 'x'") == ["text"]
    assert found("piece != 'x'") == ["none", *there]


@pytest.mark.parametrize("packed", [False, True], ids=["log", "segments"])
def test_facets_and_word_conditions_pass_bytes_by(originals, db, packed):
    originals.put("text", text="piece", metadata={"piece": "PDF words"})
    if packed:
        db.optimize()
    assert originals.facets(["piece"])["piece"].values == (("PDF words", 1),)
    assert originals.facets(["all"])["all"].distinct == 0
    assert originals.query("piece:pdf piece", mode="lexical").ids == ["text"]


def test_bytes_as_what_is_looked_for_are_refused(originals):
    for where in (
        lambda: {"piece": b"x"},
        lambda: F.piece == b"x",
        lambda: {"n": {"$in": [b"x"]}},
    ):
        with pytest.raises(InvalidInput, match="cannot compare with a bytes"):
            originals.count(where())


def test_metadata_of_bytes_has_the_limit_of_all_metadata(notes):
    limit = engram.LIMITS["metadata_bytes"]
    # An object of one key "x", the tag of its value, and its length of four bytes.
    notes.put("at", metadata={"x": bytes(limit - 9)})
    assert len(notes.get("at").metadata["x"]) == limit - 9
    with pytest.raises(InvalidInput, match="the metadata is") as caught:
        notes.put("above", metadata={"x": bytes(limit - 8)})
    assert caught.value.code == "input.limit"


@given(value=values)
def test_a_value_reads_back_from_json(value):
    through = json.loads(json.dumps(to_json(value)))
    assert from_json(through) == value
    assert type(from_json(through)) is type(value)


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.parquet"])
def test_an_export_brings_bytes_along(originals, db, tmp_path, name):
    originals.put("look-alike", metadata={"x": {"$bytes": "AP8="}, "y": {"$$bytes": [b"z"]}})
    originals.put_edge("p1", "of", "p2", {"key": b"\xff"})
    originals.export(tmp_path / name)
    copy = db.collection("copy")
    copy.import_(tmp_path / name)
    assert list(copy.iterate(vectors=True)) == list(originals.iterate(vectors=True))
    assert copy.edges("p1", direction="out") == originals.edges("p1", direction="out")


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "a", "metadata": {"x": {"$bytes": "no base64!"}}}',
        '{"id": "a", "metadata": {"x": {"$bytes": 3}}}',
        '{"id": "a", "edges": [{"type": "t", "target": "a", "properties": {"$bytes": "?"}}]}',
    ],
)
def test_a_line_with_broken_bytes_is_refused(notes, tmp_path, line):
    (tmp_path / "a.jsonl").write_text('{"id": "b"}\n' + line + "\n")
    with pytest.raises(InvalidInput, match=r"line 2 has bytes that are no base64") as caught:
        notes.import_(tmp_path / "a.jsonl")
    assert caught.value.details["line"] == "2"


def test_results_are_json_able(originals):
    hit = originals.query("piece 1", mode="lexical", k=1, include=["metadata"])[0]
    assert hit.metadata["piece"] == b"\x00"
    assert json.loads(json.dumps(hit.to_dict()))["metadata"]["piece"] == {"$bytes": "AA=="}
    record = originals.get("p2")
    assert from_json(json.loads(json.dumps(record.to_dict()))["metadata"]) == record.metadata


def test_incompressible_bytes_cost_about_their_size(tmp_path):
    piece = random.Random(7).randbytes(1 << 20)
    with engram.open(tmp_path / "a.engram", embedder=None) as db:
        originals = db.collection("originals")
        originals.put_many({"id": f"{i}", "metadata": {"piece": piece[i:]}} for i in range(8))
        db.optimize()
        assert db.stats().file_bytes < 8 * len(piece) * 1.03
        assert originals.get("3").metadata["piece"] == piece[3:]
