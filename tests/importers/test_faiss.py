"""FAISS: the vectors of an index are here afterwards, with what belongs to them."""

import json

import numpy as np
import pytest

import engram
from engram.importers import import_faiss

faiss = pytest.importorskip("faiss")


def built(kind, vectors, ids=None, metric=None):
    metric = faiss.METRIC_L2 if metric is None else metric
    index = faiss.index_factory(vectors.shape[1], kind, metric)
    index.train(vectors)
    if ids is None:
        index.add(vectors)
    else:
        index.add_with_ids(vectors, np.asarray(ids, dtype=np.int64))
    return index


def kept_vectors(collection, ids):
    found = collection.get_many(ids, vectors=True)
    return np.stack([record.vectors["vector"] for record in found])


@pytest.mark.parametrize("kind", ["Flat", "HNSW8", "IVF4,Flat", "Flat,RFlat", "PQ4x4,RFlat"])
@pytest.mark.parametrize(("metric", "name"), [(1, "l2"), (0, "dot")])
def test_an_index_is_carried_over(  # noqa: PLR0913 - parameters and fixtures
    tmp_path, target, vectors, kind, metric, name, same_ranking
):
    index = built(kind, vectors, metric=metric)
    faiss.write_index(index, str(tmp_path / "docs.faiss"))
    seen = []
    report = import_faiss(
        target,
        tmp_path / "docs.faiss",
        batch_size=100,
        progress=lambda done, total: seen.append((done, total)),
    )
    (one,) = report.collections
    assert (one.collection, one.metric, one.records) == ("docs", name, 230)
    assert (one.vectors, one.notes) == ({"vector": 230}, ())
    assert seen == [(100, 230), (200, 230), (230, 230)]
    docs = target.collection("docs")
    assert np.array_equal(kept_vectors(docs, [str(i) for i in range(230)]), vectors)
    flat = built("Flat", vectors, metric=metric)
    same_ranking(docs, vectors, lambda q, k: [str(i) for i in flat.search(q[None], k)[1][0]])


@pytest.mark.parametrize("kind", ["IDMap,Flat", "IDMap2,Flat", "IVF4,Flat", "IDMap,HNSW8"])
def test_the_ids_of_an_index_are_kept(target, vectors, kind):
    ids = [7_000_000_000 - 13 * i for i in range(len(vectors))]
    report = import_faiss(target, built(kind, vectors, ids), into="docs")
    assert report.records == 230
    assert np.array_equal(kept_vectors(target.collection("docs"), map(str, ids)), vectors)


@pytest.mark.parametrize("kind", ["PQ4x4", "SQ8", "IVF4,PQ4x4", "PCAR8,Flat", "LSH"])
def test_codes_are_told_from_vectors(target, vectors, kind):
    (one,) = import_faiss(target, built(kind, vectors), into="docs").collections
    assert any("not the originals" in note for note in one.notes)
    stored = kept_vectors(target.collection("docs"), [str(i) for i in range(230)])
    assert not np.array_equal(stored, vectors)
    assert (stored * vectors).sum() > 0


def test_records_come_with_the_vectors(target, vectors):
    records = [{"id": f"doc-{i}", "text": f"number {i}", "metadata": {"n": i}} for i in range(230)]
    report = import_faiss(target, built("Flat", vectors), records=records, into="docs")
    assert report.collections[0].texts == 230
    record = target.collection("docs").get("doc-9", vectors=True)
    assert (record.text, record.metadata) == ("number 9", {"n": 9})
    assert np.array_equal(record.vectors["vector"], vectors[9])


def test_records_come_from_a_file(tmp_path, target, vectors):
    lines = [json.dumps({"text": f"number {i}"}) for i in range(230)]
    (tmp_path / "docs.jsonl").write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    index = built("IDMap,Flat", vectors, range(1000, 1230))
    import_faiss(target, index, records=tmp_path / "docs.jsonl", into="docs")
    assert target.collection("docs").get("1009").text == "number 9"


@pytest.mark.parametrize("count", [0, 229, 231])
def test_records_have_to_be_as_many_as_vectors(target, vectors, count):
    with pytest.raises(engram.InvalidInput, match=f"{count} records for 230 vectors"):
        import_faiss(target, built("Flat", vectors), records=[{}] * count)
    assert target.list_collections() == []


@pytest.mark.parametrize("record", [{"name": 1}, ["a"], "text", None])
def test_a_record_of_another_shape_is_refused(target, vectors, record):
    with pytest.raises(engram.InvalidInput, match="record 1 is"):
        import_faiss(target, built("Flat", vectors[:2]), records=[{}, record])


def test_a_file_of_records_that_is_no_json_is_refused(tmp_path, target, vectors):
    (tmp_path / "docs.jsonl").write_text('{"id": "a"}\nnonsense\n')
    with pytest.raises(engram.InvalidInput, match="line 2"):
        import_faiss(target, built("Flat", vectors[:2]), records=tmp_path / "docs.jsonl")
    with pytest.raises(engram.Io):
        import_faiss(target, built("Flat", vectors[:2]), records=tmp_path / "absent.jsonl")


def test_an_empty_index_is_an_empty_collection(target, vectors):
    report = import_faiss(target, faiss.IndexFlatL2(4))
    assert (report.records, target.list_collections()) == (0, ["faiss"])
    empty = faiss.IndexIVFFlat(faiss.IndexFlatL2(12), 12, 4)
    empty.train(vectors)
    assert import_faiss(target, empty, into="other").records == 0


def test_another_metric_has_to_be_chosen(target, vectors):
    index = built("Flat", vectors, metric=faiss.METRIC_L1)
    with pytest.raises(engram.InvalidInput, match="metric="):
        import_faiss(target, index)
    assert import_faiss(target, index, metric="l2").records == 230


def test_inner_products_of_unit_vectors_can_be_cosines(target, vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    import_faiss(target, built("Flat", unit, metric=0), into="docs", metric="cosine")
    assert target.collection("docs").metric == "cosine"


def test_an_index_that_keeps_no_vectors_is_refused(target, vectors):
    index = faiss.IndexShards(vectors.shape[1])
    index.add_shard(faiss.IndexFlatL2(vectors.shape[1]))
    index.add(vectors)
    with pytest.raises(engram.InvalidInput, match="IndexShards does not give its vectors back"):
        import_faiss(target, index)


def test_a_file_that_is_no_index_is_refused(tmp_path, target):
    (tmp_path / "docs.faiss").write_bytes(b"nonsense" * 100)
    with pytest.raises(engram.Io) as caught:
        import_faiss(target, tmp_path / "docs.faiss")
    assert caught.value.code == "io.failed"
    with pytest.raises(engram.Io) as caught:
        import_faiss(target, tmp_path / "absent.faiss")
    assert caught.value.code == "file.not_found"
