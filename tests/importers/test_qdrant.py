"""Qdrant: what a collection of the local client, or a shard, holds is here afterwards."""

import uuid

import numpy as np
import pytest

import engram
from engram.importers import import_qdrant

qdrant_client = pytest.importorskip("qdrant_client")
models = qdrant_client.models

NAME = uuid.UUID("5c56c793-69f3-4fbf-87e6-c4bf54c28c26")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "qdrant"


@pytest.fixture
def client(folder):
    opened = qdrant_client.QdrantClient(path=str(folder))
    yield opened
    opened.close()


def made(client, name, vectors, distance=models.Distance.DOT):
    config = models.VectorParams(size=vectors.shape[1], distance=distance)
    client.create_collection(name, vectors_config=config)
    points = [
        models.PointStruct(id=i, vector=vector.tolist(), payload={"n": i, "text": f"number {i}"})
        for i, vector in enumerate(vectors)
    ]
    client.upsert(name, points)


@pytest.mark.parametrize(
    ("distance", "metric"), [("Cosine", "cosine"), ("Dot", "dot"), ("Euclid", "l2")]
)
def test_a_collection_is_carried_over(  # noqa: PLR0913 - parameters and fixtures
    client, folder, target, vectors, distance, metric, same_ranking
):
    made(client, "docs", vectors, models.Distance(distance))
    asked = vectors[:: len(vectors) // 7]
    expected = [
        [str(p.id) for p in client.query_points("docs", query=q.tolist(), limit=10).points]
        for q in asked
    ]
    client.close()
    again = qdrant_client.QdrantClient(path=str(folder))
    given = {p.id: p for p in again.scroll("docs", limit=1000, with_vectors=True)[0]}
    again.close()
    seen = []
    report = import_qdrant(
        target, folder, batch_size=100, progress=lambda done, total: seen.append((done, total))
    )
    (one,) = report.collections
    assert (one.collection, one.metric, one.records, one.texts) == ("docs", metric, 230, 230)
    assert (one.vectors, one.changed, one.left_out, one.notes) == ({"vector": 230}, {}, {}, ())
    assert seen == [(100, 230), (200, 230), (230, 230)]
    docs = target.get_collection("docs")
    for record in docs.iterate(vectors=True):
        source = given[int(record.id)]
        assert record.text == source.payload["text"]
        assert record.metadata == {"n": source.payload["n"]}
        wanted = np.array(source.vector, dtype=np.float32)
        assert np.array_equal(record.vectors["vector"], wanted)
    answers = dict(zip(map(bytes, asked), expected, strict=True))
    same_ranking(docs, vectors, lambda query, _: answers[bytes(query)])


def test_every_kind_of_vector_comes_over(client, folder, target):
    client.create_collection(
        "docs",
        vectors_config={
            "small": models.VectorParams(size=2, distance=models.Distance.DOT),
            "tokens": models.VectorParams(
                size=2,
                distance=models.Distance.DOT,
                multivector_config=models.MultiVectorConfig(
                    comparator=models.MultiVectorComparator.MAX_SIM
                ),
            ),
        },
        sparse_vectors_config={"words": models.SparseVectorParams()},
    )
    words = models.SparseVector(indices=[1, 70_000], values=[0.5, 0.25])
    negative = models.SparseVector(indices=[1, 2], values=[0.5, -0.25])
    client.upsert(
        "docs",
        [
            models.PointStruct(
                id=str(NAME),
                vector={"small": [1.0, 2.0], "tokens": [[1.0, 2.0], [3.0, 4.0]], "words": words},
                payload={"deep": {"list": [1, None, {"a": True}]}},
            ),
            models.PointStruct(id=2, vector={"words": negative}),
        ],
    )
    client.close()
    (one,) = import_qdrant(target, folder).collections
    assert one.vectors == {"small": 1, "tokens": 1, "words": 1}
    assert one.left_out == {"words: weights that are not all above 0": 1}
    record = target.collection("docs").get(str(NAME), vectors=True)
    assert record.metadata == {"deep": {"list": [1, None, {"a": True}]}}
    assert record.vectors["small"].tolist() == [1.0, 2.0]
    assert record.vectors["tokens"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert record.vectors["words"] == {1: 0.5, 70_000: 0.25}
    assert target.collection("docs").get("2").metadata == {}


@pytest.mark.parametrize("distances", [("Manhattan",), ("Dot", "Euclid")])
def test_a_metric_that_is_not_here_has_to_be_chosen(client, folder, target, distances):
    client.create_collection(
        "docs",
        vectors_config={
            f"v{i}": models.VectorParams(size=2, distance=models.Distance(distance))
            for i, distance in enumerate(distances)
        },
    )
    client.upsert("docs", [models.PointStruct(id=1, vector={"v0": [1.0, 2.0]})])
    client.close()
    with pytest.raises(engram.InvalidInput, match="metric="):
        import_qdrant(target, folder)
    assert target.list_collections() == []
    assert import_qdrant(target, folder, metric="l2").records == 1
    assert target.collection("docs").metric == "l2"


def test_a_client_does_as_well_and_stays_open(client, target, vectors):
    made(client, "one", vectors[:3])
    made(client, "two", vectors[:4])
    report = import_qdrant(target, client, collections=["two"], into="mine")
    assert (report.records, target.list_collections()) == (4, ["mine"])
    assert client.count("one").count == 3


def test_an_address_is_that_of_a_server(client, target, vectors, monkeypatch):
    made(client, "docs", vectors[:3])
    asked = []

    def connected(url):
        asked.append(url)
        return client

    monkeypatch.setattr(qdrant_client, "QdrantClient", connected)
    assert import_qdrant(target, "http://127.0.0.1:6333").records == 3
    assert asked == ["http://127.0.0.1:6333"]


def test_points_without_a_vector_come_over(client, folder, target):
    client.create_collection("docs", vectors_config={})
    client.upsert("docs", [models.PointStruct(id=1, vector={}, payload={"text": "hello"})])
    client.close()
    (one,) = import_qdrant(target, folder).collections
    assert (one.records, one.vectors, one.metric) == (1, {}, "dot")
    assert target.collection("docs").query("hello", mode="lexical").ids == ["1"]


def test_another_field_can_be_the_text(client, folder, target):
    config = models.VectorParams(size=2, distance=models.Distance.DOT)
    client.create_collection("docs", vectors_config=config)
    payload = {"page_content": "hello", "text": 7}
    client.upsert("docs", [models.PointStruct(id=1, vector=[1.0, 2.0], payload=payload)])
    client.close()
    import_qdrant(target, folder)
    assert target.collection("docs").get("1").text is None
    import_qdrant(target, folder, text_key="page_content")
    record = target.collection("docs").get("1")
    assert (record.text, record.metadata) == ("hello", {"text": 7})


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_folder_in_use_is_an_error_that_says_so(client, folder, target, vectors):
    made(client, "docs", vectors[:3])
    with pytest.raises(engram.Io, match="already accessed"):
        import_qdrant(target, folder)


def test_a_folder_that_is_none_is_refused(tmp_path, target):
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(engram.Io) as caught:
            import_qdrant(target, path)
        assert caught.value.code == "file.not_found"


@pytest.fixture
def shard(tmp_path):
    edge = pytest.importorskip("qdrant_edge")
    (tmp_path / "places").mkdir()
    config = edge.EdgeConfig(
        vectors={"": edge.EdgeVectorParams(size=3, distance=edge.Distance.Dot)},
        sparse_vectors={"words": edge.EdgeSparseVectorParams()},
    )
    made_here = edge.EdgeShard.create(str(tmp_path / "places"), config)
    points = [edge.Point(i, {"": [1.0, float(i), 3.0]}, {"n": i}) for i in range(250)]
    words = edge.SparseVector(indices=[3], values=[0.5])
    points.append(edge.Point(NAME, {"": [9.0, 9.0, 9.0], "words": words}, {"text": "hello"}))
    made_here.update(edge.UpdateOperation.upsert_points(points))
    made_here.flush()
    made_here.close()
    return tmp_path / "places"


def test_a_shard_is_carried_over(shard, target):
    (one,) = import_qdrant(target, shard, batch_size=100).collections
    assert (one.collection, one.metric, one.records, one.texts) == ("places", "dot", 251, 1)
    assert one.vectors == {"vector": 251, "words": 1}
    places = target.collection("places")
    assert places.get("7", vectors=True).vectors["vector"].tolist() == [1.0, 7.0, 3.0]
    record = places.get(str(NAME), vectors=True)
    assert (record.text, record.vectors["words"]) == ("hello", {3: 0.5})
    assert places.query(vector=[0.0, 1.0, 0.0], k=1).ids == ["249"]


def test_a_shard_has_one_collection(shard, target):
    with pytest.raises(engram.NotFound, match="places"):
        import_qdrant(target, shard, collections=["other"])
    assert import_qdrant(target, shard, into="mine").collections[0].collection == "mine"
