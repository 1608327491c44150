"""LanceDB: what a table holds is here afterwards."""

import datetime as dt
import decimal

import numpy as np
import pytest

import engram
from engram.importers import import_lancedb

lancedb = pytest.importorskip("lancedb")
pa = pytest.importorskip("pyarrow")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "lance"


@pytest.fixture
def connection(folder):
    return lancedb.connect(folder)


def made(connection, name, vectors, **more):
    columns = {
        "id": [f"id-{i}" for i in range(len(vectors))],
        "vector": pa.FixedSizeListArray.from_arrays(vectors.ravel(), vectors.shape[1]),
        "text": [f"the text number {i}" for i in range(len(vectors))],
        "n": list(range(len(vectors))),
        **more,
    }
    return connection.create_table(name, pa.table(columns))


def test_a_table_is_carried_over(connection, folder, target, vectors, same_ranking):
    table = made(connection, "docs", vectors)
    seen = []
    report = import_lancedb(
        target, folder, batch_size=100, progress=lambda done, total: seen.append((done, total))
    )
    (one,) = report.collections
    assert (one.collection, one.metric, one.records, one.texts) == ("docs", "l2", 230, 230)
    assert (one.vectors, one.changed, one.left_out, one.notes) == ({"vector": 230}, {}, {}, ())
    assert seen[-1] == (230, 230)
    assert len(seen) >= 3
    docs = target.get_collection("docs")
    kept = docs.get_many([f"id-{i}" for i in range(230)], vectors=True)
    assert np.array_equal(np.stack([record.vectors["vector"] for record in kept]), vectors)
    assert [record.metadata for record in kept] == [{"n": i} for i in range(230)]
    assert kept[7].text == "the text number 7"

    def nearest(query, k):
        return [row["id"] for row in table.search(query).limit(k).to_list()]

    same_ranking(docs, vectors, nearest)


@pytest.mark.parametrize(("distance", "metric"), [("cosine", "cosine"), ("dot", "dot")])
def test_the_metric_is_that_of_the_index(connection, folder, target, distance, metric):
    vectors = np.random.default_rng(1).standard_normal((300, 8)).astype(np.float32)
    table = made(connection, "docs", vectors)
    table.create_index(
        "vector", config=lancedb.index.IvfFlat(distance_type=distance, num_partitions=1)
    )
    table.create_index("n", config=lancedb.index.BTree())
    assert import_lancedb(target, folder).collections[0].metric == metric
    assert target.collection("docs").metric == metric


def test_columns_become_metadata(connection, folder, target):
    day = dt.datetime(2024, 1, 31, 12, tzinfo=dt.timezone.utc)
    made(
        connection,
        "docs",
        np.ones((2, 2), dtype=np.float32),
        tags=[["a", "b"], None],
        deep=[{"x": {"y": 1}}, None],
        day=[day, None],
        price=[decimal.Decimal("1.50"), None],
        raw=[b"\x00", None],
        ratio=[float("nan"), 0.5],
        flag=[True, None],
    )
    (one,) = import_lancedb(target, folder).collections
    kept = target.collection("docs")
    assert kept.get("id-0").metadata == {
        "n": 0,
        "tags": ["a", "b"],
        "deep": {"x": {"y": 1}},
        "day": "2024-01-31T12:00:00+00:00",
        "price": "1.50",
        "flag": True,
    }
    assert kept.get("id-1").metadata == {"n": 1, "ratio": 0.5}
    assert one.changed == {"datetime to text": 1, "Decimal to text": 1}
    assert one.left_out == {"raw: bytes": 1, "ratio: number that is not finite": 1}


def test_vectors_that_cannot_be_kept_are_counted(connection, folder, target):
    vectors = np.array([[1, 2], [np.inf, 1], [0, 0], [3, 4]], dtype=np.float32)
    made(connection, "docs", vectors)
    (one,) = import_lancedb(target, folder, metric="cosine").collections
    assert (one.records, one.vectors) == (4, {"vector": 2})
    assert one.left_out == {"vector: vector that is not finite": 1, "vector: vector of zeros": 1}
    kept = target.collection("docs")
    assert kept.count() == 4
    assert kept.get("id-2", vectors=True).vectors == {}


def test_a_zero_vector_is_kept_where_it_means_something(connection, folder, target):
    made(connection, "docs", np.zeros((1, 2), dtype=np.float32))
    (one,) = import_lancedb(target, folder).collections
    assert (one.vectors, one.left_out) == ({"vector": 1}, {})


def test_several_vectors_and_missing_ones(connection, folder, target):
    small = pa.array([[1.0, 2.0], None, [5.0, 6.0]], pa.list_(pa.float16(), 2))
    tokens = pa.array(
        [[[1.0, 0.0], [0.0, 1.0]], [[2.0, 1.0]], None], pa.list_(pa.list_(pa.float32(), 2))
    )
    made(connection, "docs", np.eye(3, dtype=np.float32), small=small, tokens=tokens)
    (one,) = import_lancedb(target, folder, metric="cosine").collections
    assert one.vectors == {"vector": 3, "small": 2, "tokens": 2}
    spaces = {
        space.name: (space.kind, space.dimension) for space in target.collection("docs").spaces()
    }
    assert spaces == {"vector": ("dense", 3), "small": ("dense", 2), "tokens": ("multi", 2)}
    kept = target.collection("docs").get("id-0", vectors=True).vectors
    assert kept["small"].tolist() == [1.0, 2.0]
    assert kept["tokens"].tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_columns_can_have_other_names(connection, folder, target):
    connection.create_table(
        "docs", [{"key": 7, "embedding": [1.0, 2.0], "body": "hello", "id": "plain"}]
    )
    import_lancedb(target, folder, id_column="key", text_column="body", into="mine")
    record = target.collection("mine").get("7", vectors=True)
    assert (record.text, record.metadata) == ("hello", {"id": "plain"})
    assert list(record.vectors) == ["vector"]


def test_a_table_without_the_column_of_ids_is_refused(connection, folder, target):
    connection.create_table("docs", [{"key": 7, "vector": [1.0, 2.0]}])
    with pytest.raises(engram.InvalidInput, match=r"has key, vector.*id_column="):
        import_lancedb(target, folder)
    assert target.list_collections() == []


def test_a_row_without_an_id_is_refused(connection, folder, target):
    connection.create_table("docs", pa.table({"id": pa.array(["a", None])}))
    with pytest.raises(engram.InvalidInput, match="no id"):
        import_lancedb(target, folder)


def test_a_connection_does_as_well(connection, target, vectors):
    made(connection, "one", vectors[:3])
    made(connection, "two", vectors[:4])
    assert import_lancedb(target, connection, collections=["two"]).records == 4


def test_a_folder_that_is_none_is_refused(tmp_path, target):
    with pytest.raises(engram.Io) as caught:
        import_lancedb(target, tmp_path / "absent")
    assert caught.value.code == "file.not_found"


def test_a_column_of_texts_that_is_none_is_metadata(connection, folder, target):
    connection.create_table("docs", [{"id": "a", "vector": [1.0, 2.0], "text": 7}])
    import_lancedb(target, folder)
    record = target.collection("docs").get("a")
    assert (record.text, record.metadata) == (None, {"text": 7})


def test_tables_are_listed_page_by_page(connection, target, vectors):
    for name in ("one", "two", "three"):
        made(connection, name, vectors[:2])

    class Paged:
        open_table = connection.open_table

        def list_tables(self, page_token):
            return connection.list_tables(page_token=page_token, limit=2)

    assert import_lancedb(target, Paged()).records == 6
