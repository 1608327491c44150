"""Bulk writes: every input shape, batches, progress, and the record that is bad."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from engram import EngramError, InvalidInput

MATRIX = np.arange(1, 13, dtype=np.float32).reshape(4, 3)
IDS = ["a", "b", "c", "d"]


def contents(notes):
    return {
        r.id: (r.text, r.metadata, {k: v.tolist() for k, v in r.vectors.items()})
        for r in notes.iterate(vectors=True)
    }


def test_dicts_with_every_key(notes):
    records = [
        {"id": "a", "text": "own vector", "vector": [1.0, 2.0]},
        {"id": "b", "metadata": {"n": 1}, "vectors": {"t": [1.0], "u": [2.0]}},
        {"id": "c", "text": None, "metadata": None, "vector": None, "vectors": None},
    ]
    assert notes.put_many(iter(records)) == 3
    assert contents(notes) == {
        "a": ("own vector", {}, {"vector": [1.0, 2.0]}),
        "b": (None, {"n": 1}, {"t": [1.0], "u": [2.0]}),
        "c": (None, {}, {}),
    }


def test_texts_without_vectors_are_embedded(notes, embedder):
    notes.put_many([{"id": "a", "text": "one"}, {"id": "b", "text": "two", "vector": [1.0]}])
    got = notes.get_many(["a", "b"], vectors=True)
    assert np.array_equal(got[0].vectors["text"], embedder.encode_batch(["one"])[0])
    assert set(got[1].vectors) == {"vector"}


def test_the_last_of_equal_ids_wins(notes):
    assert notes.put_many([{"id": "a", "text": str(n)} for n in range(5)]) == 5
    assert notes.get("a").text == "4"
    assert notes.count() == 1


def test_columns_with_a_matrix(notes):
    count = notes.put_many(
        ids=IDS, texts=["w", None, "y", "z"], metadata=[{"n": n} for n in range(4)], vectors=MATRIX
    )
    assert count == 4
    got = contents(notes)
    assert got["b"] == (None, {"n": 1}, {"vector": [4.0, 5.0, 6.0]})


@pytest.mark.parametrize("dtype", ["f8", ">f4", "f2", "i8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_matrices_of_every_layout(notes, dtype, order):
    notes.put_many(ids=IDS, vectors=np.asarray(MATRIX, dtype=dtype, order=order))
    notes.put_many(ids=[f"{i}2" for i in IDS], vectors=np.repeat(MATRIX, 2, axis=0)[::2])
    got = contents(notes)
    for row, name in enumerate(IDS):
        assert got[name][2] == got[f"{name}2"][2] == {"vector": MATRIX[row].tolist()}


def test_columns_with_named_and_missing_vectors(notes):
    notes.put_many(
        ids=IDS,
        texts=["one", "two", "three", "four"],
        vectors={"t": MATRIX.tolist(), "u": [None, [1.0], None, [2.0]]},
    )
    got = contents(notes)
    assert got["a"][2] == {"t": [1.0, 2.0, 3.0]}
    assert got["d"][2] == {"t": [10.0, 11.0, 12.0], "u": [2.0]}


DATA = {
    "id": ["p", "q", "r"],
    "text": ["hello", None, "world"],
    "year": [2020, 2021, 2022],
    "vector": [[1.0, 2.0], [3.0, 4.0], None],
    "vectors.t": [[1.0], None, None],
}


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(DATA),
        pl.DataFrame(DATA),
        pl.DataFrame(DATA, schema_overrides={"vector": pl.Array(pl.Float32, 2)}),
        pa.table(DATA),
        pa.table(DATA | {"vector": pa.array(DATA["vector"], pa.list_(pa.float32(), 2))}),
        pa.RecordBatch.from_pydict(DATA),
    ],
    ids=["pandas", "polars", "polars-array", "arrow", "arrow-fixed", "arrow-batch"],
)
@pytest.mark.parametrize("batch_size", [1, 2, 1000])
def test_frames_of_every_kind(db, frame, batch_size):
    notes = db.collection("notes", embedder=None)
    assert notes.put_many(frame, batch_size=batch_size) == 3
    assert contents(notes) == {
        "p": ("hello", {"year": 2020}, {"vector": [1.0, 2.0], "t": [1.0]}),
        "q": (None, {"year": 2021}, {"vector": [3.0, 4.0]}),
        "r": ("world", {"year": 2022}, {}),
    }


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.Table.from_pydict])
def test_metadata_columns_as_mappings_or_json(db, make):
    notes = db.collection("notes", embedder=None)
    notes.put_many(make({"id": ["a"], "metadata": ['{"x": [1, {"y": null}]}'], "z": [1.5]}))
    notes.put_many(make({"id": ["b"], "metadata": [{"x": 1}], "z": [2.5]}))
    assert notes.get("a").metadata == {"x": [1, {"y": None}], "z": 1.5}
    assert notes.get("b").metadata == {"x": 1, "z": 2.5}


def test_empty_cells_leave_the_key_out_and_times_become_text(db):
    notes = db.collection("notes", embedder=None)
    frame = pd.DataFrame(
        {
            "id": ["a", "b"],
            "n": [1.0, float("nan")],
            "when": [pd.Timestamp("2024-01-31T12:00:00"), pd.NaT],
            "text": ["x", float("nan")],
        }
    )
    notes.put_many(frame)
    assert notes.get("a").metadata == {"n": 1.0, "when": "2024-01-31T12:00:00"}
    assert (notes.get("b").metadata, notes.get("b").text) == ({}, None)


@pytest.mark.parametrize("vectors", [["x", "y"], [1.0, 2.0], [[1.0, 2.0], [None, 1.0]], [[], []]])
def test_a_vector_column_without_vectors_is_an_error(db, vectors):
    for make in (pa.table, pl.DataFrame, pd.DataFrame):
        with pytest.raises(InvalidInput):
            db.collection("notes").put_many(make({"id": ["a", "b"], "vector": vectors}))
    assert db.collection("notes").count() == 0


def test_a_frame_without_ids_or_rows_yet_is_an_error(notes):
    for frame in (pd.DataFrame({"name": ["a"]}), pl.DataFrame({"id": ["a"]}).lazy()):
        with pytest.raises(InvalidInput):
            notes.put_many(frame)


def test_one_commit_per_batch_and_progress_after_each(db, notes):
    notes.put("first")
    before = db.stats().commit
    seen = []
    records = [{"id": str(n)} for n in range(25)]
    assert notes.put_many(records, batch_size=10, progress=lambda *a: seen.append(a)) == 25
    assert db.stats().commit == before + 3
    assert seen == [(10, 25), (20, 25), (25, 25)]
    seen.clear()
    notes.put_many(iter(records), batch_size=20, progress=lambda *a: seen.append(a))
    assert seen == [(20, None), (25, None)]


def test_long_texts_end_a_batch_early(db, monkeypatch):
    monkeypatch.setattr("engram.ingest.BATCH_TEXT_CHARS", 100)
    notes = db.collection("notes", embedder=None)
    notes.put("first")
    before = db.stats().commit
    notes.put_many([{"id": str(n), "text": "x" * 60} for n in range(4)])
    notes.put_many(ids=["5", "6", "7", "8"], texts=["x" * 60] * 4)
    assert db.stats().commit == before + 4


def test_an_exception_in_the_progress_callback_stops_after_the_committed_batch(notes):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        notes.put_many([{"id": str(n)} for n in range(25)], batch_size=10, progress=stop)
    assert notes.count() == 10


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"text": "no id"}, "input.invalid"),
        ({"id": 7}, "input.invalid"),
        ({"id": "bad", "txt": "x"}, "input.invalid"),
        ({"id": "bad", "text": 5}, "input.invalid"),
        ({"id": "bad", "metadata": "x"}, "input.invalid"),
        ({"id": "bad", "metadata": {"x": float("nan")}}, "input.not_finite"),
        ({"id": "bad", "vector": [1.0, 2.0, 3.0]}, "input.dimension"),
        ({"id": "bad", "vector": [float("inf"), 2.0]}, "input.not_finite"),
        ({"id": "bad", "vector": [0.0, 0.0]}, "input.zero_vector"),
        ({"id": ""}, "input.invalid"),
        ("not a dict", "input.invalid"),
    ],
)
def test_a_bad_record_is_named_and_what_went_before_is_counted(db, bad, code):
    notes = db.collection("notes", embedder=None)
    good = [{"id": f"{n:02}", "vector": [1.0, 2.0]} for n in range(25)]
    records = [*good[:17], bad, *good[17:]]
    with pytest.raises(InvalidInput) as caught:
        notes.put_many(records, batch_size=10)
    error = caught.value
    assert error.code in {code, "input.limit"} if bad == {"id": ""} else error.code == code
    assert error.details["committed"] == "10"
    assert error.details["index"] == "17"
    assert "17" in error.message
    if isinstance(bad, dict) and bad.get("id") == "bad":
        assert error.details["id"] == "bad"
        assert "'bad'" in error.message
    assert sorted(r.id for r in notes.iterate()) == [f"{n:02}" for n in range(10)]


def test_inside_a_transaction_nothing_is_committed_before_its_end(db, notes):
    with pytest.raises(EngramError) as caught, db.transaction():
        notes.put_many([{"id": "a"}, {"id": "b"}, {"id": 5}], batch_size=1)
    assert caught.value.details["committed"] == "0"
    assert notes.count() == 0


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"records": [], "ids": ["a"]},
        {"records": [{"id": "a"}], "texts": ["x"]},
        {"records": {"id": "a"}},
        {"records": "abc"},
        {"ids": ["a", "b"], "texts": ["x"]},
        {"ids": ["a", "b"], "vectors": MATRIX},
        {"ids": ["a", "b"], "metadata": [{}]},
        {"ids": ["a", 1]},
        {"ids": ["a"], "batch_size": 0},
        {"ids": ["a"], "texts": [5]},
        {"ids": ["a"], "metadata": [5]},
    ],
)
def test_arguments_that_do_not_fit_are_errors(notes, kwargs):
    with pytest.raises(InvalidInput):
        notes.put_many(**kwargs)
    assert notes.count() == 0


@pytest.mark.parametrize("records", [[], iter(()), pd.DataFrame({"id": []}), pa.table({"id": []})])
def test_nothing_is_put_from_nothing(db, notes, records):
    assert notes.put_many(records) == 0
    assert db.list_collections() == []
