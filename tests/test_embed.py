"""The built-in embedder, embedders of one's own, and identities."""

import json

import numpy as np
import pytest

import engram
from engram import InvalidInput, Io
from engram.embed import Identity, Static, default


def test_the_built_in_model_gives_unit_vectors():
    model = default()
    vector = model.encode("good morning")
    assert vector.dtype == np.float32
    assert vector.shape == (model.dimension,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert default() is model
    assert model.identity == Identity(
        model.model, model.identity.revision, model.dimension, normalized=True
    )
    assert model.model in repr(model)


def test_one_text_and_many_texts_agree():
    model = default()
    texts = ["good morning", "", "Guten Morgen!", "the quick brown fox"]
    matrix = model.encode_batch(texts)
    assert matrix.dtype == np.float32
    assert matrix.shape == (4, model.dimension)
    for row, text in zip(matrix, texts, strict=True):
        assert np.array_equal(row, model.encode(text))
        assert np.array_equal(row, model.encode_query(text))
        assert np.array_equal(row, model.encode_document(text))
    assert not matrix[1].any()
    assert model.encode_batch([]).shape == (0, model.dimension)


def test_near_meanings_are_nearer():
    model = default()
    cat, kitten, tax = model.encode_batch(["a small cat", "a little kitten", "income tax law"])
    assert cat @ kitten > cat @ tax


def test_wrong_arguments_are_errors(tmp_path):
    with pytest.raises(InvalidInput):
        default().encode_batch("one text")
    with pytest.raises(Io) as caught:
        Static(tmp_path / "absent.bin")
    assert caught.value.code == "file.not_found"
    (tmp_path / "bad.bin").write_bytes(b"no model")
    with pytest.raises(engram.EngramError):
        Static(tmp_path / "bad.bin")


def test_the_database_embeds_with_the_built_in_model(path):
    with engram.open(path) as db:
        notes = db.collection("notes")
        notes.put_many(
            [
                {"id": "a", "text": "Alice met Bob in Paris."},
                {"id": "b", "text": "The recipe needs two eggs and some flour."},
                {"id": "c", "text": ""},
            ]
        )
        assert isinstance(db.embedder, Static)
        assert notes.get("c", vectors=True).vectors == {}
        (space,) = notes.spaces()
        assert Identity.from_json(space.identity) == db.embedder.identity
        assert notes.query("baking a cake", mode="semantic").ids == ["b", "a"]
        assert notes.query("who was in France?").report.retrievers == ("lexical", "semantic")


def test_vectors_of_another_embedder_are_refused_by_name(db, notes):
    notes.put("a", text="one")
    other = db.collection("notes", embedder=Other())
    for call in (lambda: other.put("b", text="two"), lambda: other.query("one")):
        with pytest.raises(InvalidInput) as caught:
            call()
        assert caught.value.code == "embedder.mismatch"
        assert "words" in caught.value.message
        assert "other" in caught.value.message
    with pytest.raises(InvalidInput) as caught:
        notes.put("c", vectors={"text": np.ones(16)})
    assert caught.value.code == "embedder.mismatch"
    assert notes.count() == 1


class Other:
    identity = Identity("other", "2", 16, normalized=False)

    def encode_batch(self, texts):
        return np.ones((len(texts), 16))


def test_an_embedder_may_treat_queries_differently(db):
    class Asymmetric(Other):
        def encode_query(self, text):
            return [1.0] + [0.0] * 15

    notes = db.collection("notes", embedder=Asymmetric())
    notes.put("a", text="x")
    assert notes.query("x", mode="semantic")[0].score == pytest.approx(0.25)


@pytest.mark.parametrize(
    "returned",
    [
        lambda n: np.ones((n, 3)),
        lambda n: np.ones((n + 1, 16)),
        lambda n: np.ones(16),
        lambda n: np.full((n, 16), np.nan),
        lambda n: np.full((n, 16), np.inf),
        lambda n: "no matrix",
        lambda n: None,
    ],
)
def test_what_an_embedder_returns_is_checked(db, returned):
    class Bad(Other):
        def encode_batch(self, texts):
            return returned(len(texts))

    notes = db.collection("notes", embedder=Bad())
    for call in (
        lambda: notes.put("a", text="x"),
        lambda: notes.put_many([{"id": "a", "text": "x"}, {"id": "b", "text": "y"}]),
    ):
        with pytest.raises(InvalidInput) as caught:
            call()
        assert caught.value.code == "embedder.invalid"
        assert "other" in caught.value.message
    assert notes.count() == 0


def test_an_error_inside_an_embedder_passes_through_and_holds_no_lock(db):
    class Failing(Other):
        def encode_batch(self, texts):
            raise ConnectionError("no service")

    with pytest.raises(ConnectionError):
        db.collection("notes", embedder=Failing()).put("a", text="x")
    db.collection("notes").put("a", text="x")


def test_identities_are_canonical():
    identity = Identity("näme", "1", 8, normalized=True)
    text = identity.to_json()
    assert text == '{"dimension":8,"name":"näme","normalized":true,"revision":"1"}'
    assert Identity.from_json(text) == identity
    assert hash(Identity.from_json(text)) == hash(identity)
    assert identity != Identity("näme", "2", 8, normalized=True)
    assert json.loads(text) == identity.to_dict()
    with pytest.raises(AttributeError):
        identity.name = "x"
    for bad in ("", "{}", "[1]", '{"name": 1}'):
        with pytest.raises(InvalidInput):
            Identity.from_json(bad)
    with pytest.raises(InvalidInput):
        Identity("", "1", 8, normalized=True)
    with pytest.raises(InvalidInput):
        Identity("x", "1", 0, normalized=True)
