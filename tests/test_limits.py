"""Every documented limit: at it, and one above."""

import numpy as np
import pytest

import engram
from engram import LIMITS, InvalidInput


def refused(call, code="input.limit"):
    with pytest.raises(InvalidInput) as caught:
        call()
    assert caught.value.code == code
    if "actual" in caught.value.details:
        assert int(caught.value.details["actual"]) > int(caught.value.details["limit"])


def nested(depth):
    """Make metadata of this many levels, the outermost object being the first."""
    value = {}
    for _ in range(depth - 1):
        value = {"x": value}
    return value


def test_every_limit_is_tested_here():
    assert set(LIMITS) == {
        "id_bytes",
        "collection_name_bytes",
        "snapshot_name_bytes",
        "text_bytes",
        "metadata_bytes",
        "metadata_depth",
        "vectors_per_record",
        "vector_name_bytes",
        "dimension",
        "tokens",
        "edge_types",
        "edge_type_bytes",
        "edge_property_bytes",
        "record_bytes",
        "transaction_bytes",
        "k",
    }


@pytest.mark.parametrize("letter", ["x", "é"])
def test_id_bytes(notes, letter):
    size = len(letter.encode())
    longest = letter * (LIMITS["id_bytes"] // size)
    notes.put(longest, text="x")
    assert notes.get(longest).id == longest
    refused(lambda: notes.put(longest + letter, text="x"))
    refused(lambda: notes.put(""), "input.invalid")


def test_collection_name_bytes(db):
    longest = "x" * LIMITS["collection_name_bytes"]
    db.collection(longest).put("a")
    assert db.list_collections() == [longest]
    refused(lambda: db.collection(longest + "x").put("a"))
    refused(lambda: db.create_collection(longest + "x"))


def test_snapshot_name_bytes(db, notes):
    notes.put("a")
    longest = "x" * LIMITS["snapshot_name_bytes"]
    db.create_snapshot(longest)
    assert db.at(longest).collection("notes").count() == 1
    refused(lambda: db.create_snapshot(longest + "x"))
    refused(lambda: db.create_snapshot(""), "input.invalid")


def test_text_bytes(db):
    notes = db.collection("notes", embedder=None)
    longest = "word " * (LIMITS["text_bytes"] // 5) + "x" * (LIMITS["text_bytes"] % 5)
    assert len(longest) == LIMITS["text_bytes"]
    notes.put("a", text=longest)
    assert notes.get("a").text == longest
    refused(lambda: notes.put("b", text=longest + "x"))
    assert notes.count() == 1


def test_metadata_bytes(notes):
    limit = LIMITS["metadata_bytes"]
    low, high = limit - 100, limit + 100

    def fits(size):
        try:
            notes.put("a", metadata={"x": "y" * size})
        except InvalidInput as error:
            codes.add(error.code)
            return False
        return True

    codes = set()
    assert fits(low)
    assert not fits(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    assert codes == {"input.limit"}
    # The encoded form adds a few bytes to the text.
    assert limit - 100 < low < limit
    assert len(notes.get("a").metadata["x"]) == low


def test_metadata_depth(notes):
    limit = LIMITS["metadata_depth"]
    notes.put("a", metadata=nested(limit))
    assert notes.get("a").metadata == nested(limit)
    refused(lambda: notes.put("b", metadata=nested(limit + 1)))
    refused(lambda: notes.put("b", metadata=nested(900)))


def test_metadata_that_holds_itself_is_an_error(notes):
    endless = {}
    endless["x"] = [endless]
    refused(lambda: notes.put("a", metadata=endless))


def test_vectors_per_record(notes):
    limit = LIMITS["vectors_per_record"]
    vectors = {f"v{n}": [1.0] for n in range(limit)}
    notes.put("a", vectors=vectors)
    assert len(notes.get("a", vectors=True).vectors) == limit
    refused(lambda: notes.put("b", vectors=vectors | {"more": [1.0]}))
    refused(lambda: notes.update("a", vectors={"more": [1.0]}))


def test_vector_name_bytes(notes):
    longest = "x" * LIMITS["vector_name_bytes"]
    notes.put("a", vectors={longest: [1.0]})
    assert notes.query(vector=[1.0], vector_name=longest).ids == ["a"]
    refused(lambda: notes.put("b", vectors={longest + "x": [1.0]}))


def test_dimension(notes):
    limit = LIMITS["dimension"]
    vector = np.ones(limit, dtype=np.float32)
    notes.put("a", vector=vector)
    assert notes.get("a", vectors=True).vectors["vector"].shape == (limit,)
    assert notes.query(vector=vector).ids == ["a"]
    refused(lambda: notes.put("b", vectors={"w": np.ones(limit + 1, dtype=np.float32)}))
    refused(lambda: notes.put("b", vectors={"w": []}), "input.dimension")


def test_record_bytes(db):
    notes = db.collection("notes", embedder=None)
    limit = LIMITS["record_bytes"]
    dimension = LIMITS["dimension"]
    text = "x" * LIMITS["text_bytes"]
    metadata = {"x": "y" * (LIMITS["metadata_bytes"] - 1000)}
    vector = np.ones(dimension, dtype=np.float32)
    room = limit - len(text) - LIMITS["metadata_bytes"]
    count = min(room // (4 * dimension + 100), LIMITS["vectors_per_record"])
    fitting = {f"v{n}": vector for n in range(count)}
    notes.put("a", text=text, metadata=metadata, vectors=fitting)
    assert notes.get("a").text == text
    if count < LIMITS["vectors_per_record"]:
        more = {f"v{n}": vector for n in range(min(count + 3, LIMITS["vectors_per_record"]))}
        refused(lambda: notes.put("b", text=text, metadata=metadata, vectors=more))
    assert notes.count() == 1


@pytest.mark.slow
def test_transaction_bytes(path):
    text = "x" * LIMITS["text_bytes"]
    with engram.open(path, embedder=None) as db:
        notes = db.collection("notes")

        def overfill():
            with db.transaction():
                for n in range(LIMITS["transaction_bytes"] // len(text) + 1):
                    notes.put(str(n), text=text)

        refused(overfill)
        assert notes.count() == 0
        notes.put("a", text="still works")


def test_k(notes):
    notes.put("a", text="x")
    assert notes.query("x", k=LIMITS["k"]).ids == ["a"]
    refused(lambda: notes.query("x", k=LIMITS["k"] + 1), "input.limit")
