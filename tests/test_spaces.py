"""Declared vector spaces: kinds, element types, truncation."""

import numpy as np
import pytest

import engram
from engram import Space
from engram.errors import Conflict, InvalidInput

DIMENSION = 24


def rounded(element, vector):
    """What each element type keeps of a vector."""
    vector = vector.astype(np.float32)
    if element == "float16":
        return vector.astype(np.float16).astype(np.float32)
    if element == "int8":
        bits = (np.abs(vector).max() / np.float32(127)).view(np.uint32)
        scale = ((bits + np.uint32(0xFF)) & np.uint32(0xFFFFFF00)).view(np.float32)
        return np.rint(vector / scale).astype(np.float32) * scale
    if element == "binary":
        return np.where(vector < 0, -1, 1).astype(np.float32)
    return vector


@pytest.mark.parametrize("element", ["float32", "float16", "int8", "binary"])
@pytest.mark.parametrize("metric", ["cosine", "dot", "l2"])
def test_vectors_are_rounded_once_and_scored_as_rounded(tmp_path, element, metric):
    rng = np.random.default_rng(7)
    vectors = rng.standard_normal((60, DIMENSION)).astype(np.float32)
    query = rng.standard_normal(DIMENSION).astype(np.float32)
    kept = np.array([rounded(element, v) for v in vectors])
    spaces = {"vector": Space(dimension=DIMENSION, element=element)}
    ids = [f"{n:02}" for n in range(60)]
    with engram.open(tmp_path / "f.engram", embedder=None) as db:
        c = db.collection("c", metric=metric, spaces=spaces)
        c.put_many(ids=ids, vectors=vectors)
        before = c.query(vector=query, k=60, exact=True)
        db.optimize()
        after = c.query(vector=query, k=60, exact=True)
        assert (before.ids, before.scores) == (after.ids, after.scores)
        for name, want in zip(ids, kept, strict=True):
            assert np.array_equal(c.get(name, vectors=True).vectors["vector"], want)
        want = {
            "dot": kept @ query,
            "cosine": kept @ query / np.linalg.norm(kept, axis=1) / np.linalg.norm(query),
            "l2": -np.linalg.norm(kept - query, axis=1),
        }[metric]
        got = dict(zip(after.ids, after.scores, strict=True))
        assert [got[name] for name in ids] == pytest.approx(want.tolist(), abs=1e-4)
        assert c.spaces()[0].element == element
        assert db.verify(deep=True).ok


def test_truncation_keeps_the_first_numbers():
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((20, 32)).astype(np.float32)
    with engram.open(":memory:", embedder=None) as db:
        cut = db.collection("cut", spaces={"vector": Space(dimension=8, truncate=True)})
        plain = db.collection("plain")
        ids = [f"{n:02}" for n in range(20)]
        cut.put_many(ids=ids, vectors=vectors)
        plain.put_many(ids=ids, vectors=vectors[:, :8])
        whole = cut.query(vector=vectors[3], k=20)
        assert whole.scores == pytest.approx(plain.query(vector=vectors[3, :8], k=20).scores)
        assert np.array_equal(cut.get("05", vectors=True).vectors["vector"], vectors[5, :8])
        with pytest.raises(InvalidInput) as caught:
            cut.put("short", vector=vectors[0, :7])
        assert caught.value.code == "input.dimension"


def test_sparse_and_multi_vectors_come_back_as_they_were(tmp_path):
    sparse = {7: 0.5, 3: 2.0, 4_000_000_000: 0.25}
    tokens = np.arange(12, dtype=np.float32).reshape(3, 4) + 1
    with engram.open(tmp_path / "f.engram", embedder=None) as db:
        c = db.collection("c", spaces={"splade": Space("sparse")})
        c.put("a", text="x", vectors={"splade": sparse, "tokens": tokens})
        c.put("b", vectors={"tokens": tokens.tolist()})
        c.put("c", vectors={"splade": {1: 1.0, 2: 0.0}})
        for _ in range(2):
            record = c.get("a", vectors=True)
            assert record.vectors["splade"] == dict(sorted(sparse.items()))
            assert np.array_equal(record.vectors["tokens"], tokens)
            assert record.to_dict()["vectors"]["tokens"] == tokens.tolist()
            assert c.get("b", vectors=True) != record
            assert c.get("c", vectors=True).vectors == {"splade": {1: 1.0}}
            db.optimize()
        kinds = {space.name: (space.kind, space.dimension) for space in c.spaces()}
        assert kinds == {"splade": ("sparse", 0), "tokens": ("multi", 4)}


@pytest.mark.parametrize(
    "vectors",
    [
        {"splade": {}},
        {"splade": {1: -0.5}},
        {"splade": {1: float("inf")}},
        {"splade": {-1: 0.5}},
        {"splade": {"x": 0.5}},
        {"splade": [1.0, 2.0]},
        {"tokens": [[1.0, 2.0], [1.0]]},
        {"tokens": [[1.0, 2.0]]},
        {"tokens": np.zeros((0, 4))},
        {"tokens": np.zeros((2, 4))},
    ],
)
def test_an_embedding_that_does_not_fit_is_an_error(vectors):
    with engram.open(":memory:", embedder=None) as db:
        spaces = {"splade": Space("sparse"), "tokens": Space("multi", 4)}
        c = db.collection("c", spaces=spaces)
        c.put("good", vectors={"tokens": np.ones((2, 4))})
        with pytest.raises(InvalidInput):
            c.put("bad", vectors=vectors)
        assert c.count() == 1


@pytest.mark.parametrize(
    "space",
    [
        Space("dense"),
        Space("multi"),
        Space("sparse", 5),
        Space("sparse", element="int8"),
        Space("dense", 70_000),
        Space("fuzzy", 3),
        Space(dimension=3, element="int4"),
    ],
)
def test_a_space_that_cannot_be_is_refused(space):
    with engram.open(":memory:", embedder=None) as db:
        with pytest.raises(InvalidInput):
            db.create_collection("c", spaces={"s": space})
        assert db.list_collections() == []


def test_a_space_cannot_change_once_made():
    with engram.open(":memory:", embedder=None) as db:
        db.create_collection("c", spaces={"s": Space(dimension=3, element="int8")})
        db.collection("c", spaces={"s": Space(dimension=3, element="int8")}).put("a", text="x")
        with pytest.raises(Conflict) as caught:
            db.collection("c", spaces={"s": Space(dimension=3)}).put("b", text="x")
        assert caught.value.code == "collection.mismatch"
        with pytest.raises(InvalidInput):
            db.create_collection("d", metric="l2", spaces={"t": Space("multi", 3)})


def test_the_embedded_texts_can_be_kept_small():
    with engram.open(":memory:") as db:
        c = db.collection("c", spaces={"text": Space(element="int8")})
        c.put("a", text="the cat sat on the mat")
        c.put("b", text="a court of law")
        assert c.query("kitten", mode="semantic", k=1).ids == ["a"]
        assert c.spaces()[0].element == "int8"


def test_sparse_search_is_the_inner_product(tmp_path):
    rng = np.random.default_rng(3)

    def weights(dims):
        return {int(d): float(np.float32(rng.uniform(0.1, 2))) for d in rng.choice(60, dims, False)}

    rows = {f"r{n:03}": weights(rng.integers(1, 9)) for n in range(300)}
    with engram.open(tmp_path / "f.engram", embedder=None) as db:
        c = db.collection("c", spaces={"splade": Space("sparse")})
        for n, (name, row) in enumerate(rows.items()):
            c.put(name, text=f"word{n % 7}", metadata={"n": n}, vectors={"splade": row})
            if n == 200:
                db.optimize()
        for name in ("r010", "r250"):
            c.delete(name)
            del rows[name]
        for where, keep in ((None, lambda n: True), ("n < 100", lambda n: n < 100)):
            query = weights(6)
            want = {
                name: sum(w * row.get(d, 0.0) for d, w in query.items())
                for name, row in rows.items()
                if keep(int(name[1:]))
            }
            want = sorted((-s, name) for name, s in want.items() if s > 0)[:10]
            found = c.query(vectors={"splade": query}, where=where, k=10)
            assert found.ids == [name for _, name in want]
            assert found.scores == pytest.approx([-s for s, _ in want], rel=1e-5)
            assert found.report.exact
        mixed = c.query("word3", vectors={"splade": query}, k=5)
        assert mixed.report.retrievers == ("lexical", "splade")
        assert set(mixed[0].scores) == {"lexical", "splade"}
        assert db.verify(deep=True).ok


def test_every_kind_goes_through_export_and_import(tmp_path):
    tokens = np.arange(1, 9, dtype=np.float32).reshape(2, 4)
    vectors = {"splade": {7: 0.5, 4_000_000_000: 2.0}, "tokens": tokens, "v": [1.0, 2.0]}
    with engram.open(tmp_path / "a.engram", embedder=None) as db:
        db.collection("c").put("a", text="x", vectors=vectors)
        db.collection("c").export(tmp_path / "c.jsonl")
        with engram.open(tmp_path / "b.engram", embedder=None) as other:
            other.collection("c").import_(tmp_path / "c.jsonl")
            there = other.collection("c").get("a", vectors=True)
            assert there == db.collection("c").get("a", vectors=True)
        pytest.importorskip("pyarrow")
        with pytest.raises(InvalidInput, match="dense"):
            db.collection("c").export(tmp_path / "c.parquet")


@pytest.mark.parametrize("element", ["float32", "float16", "int8", "binary"])
@pytest.mark.parametrize("metric", ["cosine", "dot"])
def test_multi_vector_search_is_max_sim(tmp_path, element, metric):
    rng = np.random.default_rng(5)
    rows = {f"r{n:02}": rng.standard_normal((rng.integers(1, 9), 20)) for n in range(60)}
    query = rng.standard_normal((4, 20)).astype(np.float32)

    def unit(matrix):
        return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)

    with engram.open(tmp_path / "f.engram", embedder=None) as db:
        c = db.collection(
            "c", metric=metric, spaces={"tokens": Space("multi", 20, element=element)}
        )
        for n, (name, tokens) in enumerate(rows.items()):
            c.put(name, text="word", metadata={"n": n}, vectors={"tokens": tokens})
            if n == 40:
                db.optimize()
        c.put("none", text="word")
        kept = {name: np.array([rounded(element, t) for t in m]) for name, m in rows.items()}
        if metric == "cosine":
            kept, query = {name: unit(m) for name, m in kept.items()}, unit(query)
        for where, least in ((None, 0), ("n >= 30", 30)):
            want = {
                name: (query @ m.T).max(axis=1).sum()
                for name, m in kept.items()
                if int(name[1:]) >= least
            }
            found = c.query(vectors={"tokens": query}, where=where, k=10)
            assert found.ids == sorted(want, key=lambda name: (-want[name], name))[:10]
            assert found.scores == pytest.approx([want[name] for name in found.ids], rel=1e-4)
        assert found.report.searched == {"tokens": 30}
        assert db.verify(deep=True).ok
