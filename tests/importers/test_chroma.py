"""Chroma: what a collection holds is here afterwards."""

import numpy as np
import pytest

import engram
from engram.importers import import_chroma

chromadb = pytest.importorskip("chromadb")

pytestmark = pytest.mark.filterwarnings("ignore:::chromadb")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "chroma"


@pytest.fixture
def client(folder):
    return chromadb.PersistentClient(str(folder))


def made(client, name, space, vectors):
    collection = client.create_collection(
        name, configuration={"hnsw": {"space": space}}, embedding_function=None
    )
    count = len(vectors)
    collection.add(
        ids=[f"id-{i}" for i in range(count)],
        embeddings=vectors,
        documents=[f"the text number {i}" for i in range(count)],
        metadatas=[
            {"n": i, "even": i % 2 == 0, "half": i / 2, "tags": ["a"]} for i in range(count)
        ],
    )
    return collection


@pytest.mark.parametrize(("space", "metric"), [("cosine", "cosine"), ("l2", "l2"), ("ip", "dot")])
def test_a_collection_is_carried_over(  # noqa: PLR0913 - parameters and fixtures
    client, folder, target, vectors, space, metric, same_ranking
):
    source = made(client, "docs", space, vectors)
    seen = []
    report = import_chroma(
        target, folder, batch_size=100, progress=lambda done, total: seen.append((done, total))
    )
    (one,) = report.collections
    assert (report.source, report.records, one.collection) == ("chroma", 230, "docs")
    assert (one.metric, one.texts, one.vectors) == (metric, 230, {"vector": 230})
    assert (one.changed, one.left_out, one.notes) == ({}, {}, ())
    assert seen == [(100, 230), (200, 230), (230, 230)]
    docs = target.get_collection("docs")
    assert docs.metric == metric
    given = source.get(include=["embeddings", "documents", "metadatas"])
    kept = docs.get_many(given["ids"], vectors=True)
    assert [record.text for record in kept] == given["documents"]
    assert [record.metadata for record in kept] == given["metadatas"]
    stored = np.stack([record.vectors["vector"] for record in kept])
    assert np.array_equal(stored, given["embeddings"].astype(np.float32))
    same_ranking(
        docs,
        vectors,
        lambda query, k: source.query(query_embeddings=[query], n_results=k)["ids"][0],
    )
    assert docs.query("number 77", mode="lexical", k=1).ids == ["id-77"]


def test_all_collections_come_over_unless_some_are_named(client, folder, target, vectors):
    made(client, "one", "l2", vectors[:5])
    made(client, "two", "cosine", vectors[:7])
    made(client, "three", "ip", vectors[:2])
    report = import_chroma(target, folder, collections=["two", "one"])
    assert [(one.name, one.records) for one in report.collections] == [("two", 7), ("one", 5)]
    assert sorted(target.list_collections()) == ["one", "two"]
    report = import_chroma(target, client)
    assert report.records == 14
    assert sorted(target.list_collections()) == ["one", "three", "two"]


def test_a_collection_can_take_another_name(client, folder, target, vectors):
    made(client, "one", "l2", vectors[:5])
    report = import_chroma(target, folder, into="mine")
    assert report.collections[0].collection == "mine"
    assert target.list_collections() == ["mine"]
    made(client, "two", "l2", vectors[:5])
    with pytest.raises(engram.InvalidInput, match="cannot all become"):
        import_chroma(target, folder, into="mine")


def test_an_empty_collection_comes_over(client, folder, target):
    client.create_collection("empty", embedding_function=None)
    report = import_chroma(target, folder)
    assert (report.records, target.list_collections()) == (0, ["empty"])
    assert target.collection("empty").metric == "l2"


def test_importing_again_changes_nothing(client, folder, target, vectors):
    made(client, "docs", "l2", vectors[:20])
    first = import_chroma(target, folder)
    again = import_chroma(target, folder)
    assert first == again
    assert target.collection("docs").count() == 20


def test_records_without_text_or_metadata(client, folder, target):
    docs = client.create_collection("docs", embedding_function=None)
    docs.add(ids=["a"], embeddings=[[1.0, 2.0]])
    docs.add(ids=["ключ"], embeddings=[[2.0, 1.0]], metadatas=[{"x": "日本"}])
    docs.add(ids=["c"], embeddings=[[2.0, 2.0]], uris=["file:///picture.png"])
    report = import_chroma(target, folder)
    kept = {record.id: record for record in target.collection("docs").iterate()}
    assert {key: (one.text, one.metadata) for key, one in kept.items()} == {
        "a": (None, {}),
        "ключ": (None, {"x": "日本"}),
        "c": (None, {"uri": "file:///picture.png"}),
    }
    assert report.collections[0].texts == 0
    assert any("URIs" in note for note in report.collections[0].notes)


def test_the_embedding_function_is_told_to_stay_behind(client, folder, target):
    client.create_collection("docs")
    (note,) = import_chroma(target, folder).collections[0].notes
    assert "embedding function 'default' stays behind" in note


def test_texts_are_not_embedded_here(client, folder, target, vectors):
    made(client, "docs", "l2", vectors[:3])
    import_chroma(target, folder)
    assert [space.name for space in target.collection("docs").spaces()] == ["vector"]


def test_a_target_of_another_metric_is_refused_before_anything_is_put(
    client, folder, target, vectors
):
    made(client, "aaa", "l2", vectors[:3])
    made(client, "bbb", "l2", vectors[:3])
    target.create_collection("bbb", metric="dot")
    with pytest.raises(engram.Conflict) as caught:
        import_chroma(target, folder)
    assert caught.value.code == "collection.mismatch"
    assert "aaa" not in target
    import_chroma(target, folder, metric="dot")
    assert target.collection("aaa").metric == "dot"


def test_a_folder_that_is_none_is_refused(tmp_path, target):
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(engram.Io) as caught:
            import_chroma(target, path)
        assert caught.value.code == "file.not_found"
    assert not (tmp_path / "chroma.sqlite3").exists()


def test_an_unknown_collection_is_refused(client, folder, target, vectors):
    made(client, "docs", "l2", vectors[:3])
    with pytest.raises(engram.NotFound, match="docs"):
        import_chroma(target, folder, collections=["dogs"])
    with pytest.raises(engram.InvalidInput, match="one str"):
        import_chroma(target, folder, collections="docs")
