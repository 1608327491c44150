"""A sparse model gives weights of words, which can be read, stored and searched."""

import numpy as np
import pytest

import engram
from engram import Space
from engram.embed import Sparse
from engram.errors import InvalidInput

TEXTS = ["the cat sleeps", "", "a dog runs far", "bird"]


def logits_of(tiny, text):
    return tiny.hidden_of(tiny.ids_of(text, 16)) @ tiny.table().T


def dense(weights, tiny):
    row = np.zeros(len(tiny.vocabulary), dtype=np.float32)
    row[list(weights)] = list(weights.values())
    return row


@pytest.mark.parametrize("strategy", ["max", "sum"])
def test_weights_are_the_pooled_logits(splade_folder, tiny, strategy):
    model = Sparse(splade_folder(strategy=strategy))
    for text, weights in zip(TEXTS, model.encode_batch(TEXTS), strict=True):
        saturated = np.log1p(np.maximum(logits_of(tiny, text), 0))
        want = saturated.max(axis=0) if strategy == "max" else saturated.sum(axis=0)
        assert np.allclose(dense(weights, tiny), want, atol=1e-5)
        assert all(weight > 0 for weight in weights.values())
    assert model.dimension == len(tiny.vocabulary)
    assert model.encode_batch([]) == []


def test_saturating_twice_is_read_from_the_settings(splade_folder, tiny):
    folder = splade_folder()
    settings = {"pooling_strategy": "max", "activation_function": "log1p_relu"}
    tiny.write_json(folder / "1_SpladePooling" / "config.json", settings)
    want = np.log1p(np.log1p(np.maximum(logits_of(tiny, "a cat"), 0))).max(axis=0)
    assert np.allclose(dense(Sparse(folder).encode("a cat"), tiny), want, atol=1e-5)


def test_a_text_comes_out_the_same_whatever_stands_beside_it(splade_folder, tiny):
    model = Sparse(splade_folder(), batch_tokens=64)
    for text, weights in zip(TEXTS, model.encode_batch(TEXTS), strict=True):
        assert np.allclose(dense(weights, tiny), dense(model.encode(text), tiny), atol=1e-5)


def test_the_heaviest_words_can_be_read(splade_folder, tiny):
    model = Sparse(splade_folder())
    weights = model.encode("a cat")
    terms = model.terms(weights, 4)
    best = sorted(weights.items(), key=lambda one: -one[1])[:4]
    assert terms == [(tiny.vocabulary[word], weight) for word, weight in best]
    assert model.terms("a cat", 4) == terms
    with pytest.raises(InvalidInput, match="no word 99999"):
        model.terms({99_999: 1.0})


def test_similarity_is_the_inner_product(splade_folder, tiny):
    model = Sparse(splade_folder())
    one, other = model.encode("a cat"), model.encode("the cat sleeps")
    want = float(dense(one, tiny) @ dense(other, tiny))
    assert model.similarity("a cat", "the cat sleeps") == pytest.approx(want, rel=1e-5)
    assert model.similarity(one, other) == pytest.approx(want, rel=1e-5)


def test_queries_get_their_own_prompt(splade_folder):
    model = Sparse(splade_folder(), query_prefix="query ", document_prefix="passage ")
    plain = Sparse(splade_folder())
    assert model.encode_query("cat") == plain.encode("query cat")
    assert model.encode("cat") == model.encode_document("cat") == plain.encode("passage cat")
    assert model.identity != plain.identity


def test_settings_that_are_not_known_are_refused(splade_folder, tiny):
    folder = splade_folder(strategy="median")
    with pytest.raises(InvalidInput, match="median"):
        Sparse(folder)
    tiny.write_json(folder / "modules.json", [{"path": "", "type": "x.Router"}])
    with pytest.raises(InvalidInput, match="Router"):
        Sparse(folder)


def test_it_says_what_it_is(splade_folder):
    model = Sparse(splade_folder(), threads=1)
    assert repr(model) == "Sparse(model='splade', dimension=25, device='cpu', threads=1)"
    assert not model.identity.normalized


@pytest.mark.parametrize("declared", [True, False])
def test_it_serves_a_collection(splade_folder, path, declared):
    model = Sparse(splade_folder())
    spaces = {"text": Space("sparse")} if declared else {}
    with engram.open(path, embedder=model) as db:
        pets = db.collection("pets", spaces=spaces)
        pets.put_many([{"id": "a", "text": "the cat sleeps"}, {"id": "b", "text": "a dog runs"}])
        hits = pets.query("the cat", mode="semantic")
        want = {i: model.similarity("the cat", pets.get(i).text) for i in ("a", "b")}
        assert dict(zip(hits.ids, hits.scores, strict=True)) == pytest.approx(want, rel=1e-4)
        assert pets.spaces()[0].kind == "sparse"


def test_its_weights_go_into_a_space_of_ones_own(splade_folder, path):
    model = Sparse(splade_folder())
    with engram.open(path, embedder=None) as db:
        pets = db.collection("pets")
        pets.put("a", text="x", vectors={"words": model.encode("the cat sleeps")})
        pets.put("b", text="y", vectors={"words": model.encode("a dog runs")})
        assert pets.query(vectors={"words": model.encode_query("the cat")}).ids[0] == "a"
