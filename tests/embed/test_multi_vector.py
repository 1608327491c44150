"""A late-interaction model marks, fills, skips and compares as its files say."""

import json

import numpy as np
import pytest

import engram
from engram import Space
from engram.embed import MultiVector, max_sim, quantize
from engram.embed.late_interaction import best_of
from engram.errors import InvalidInput

CLS, SEP, MASK, Q, D = 2, 3, 4, 5, 6


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def words(tiny, text):
    return [tiny.vocabulary.index(word) for word in text.split()]


def naive(query, document):
    return sum(max(float(q @ d) for d in document) for q in query)


def test_a_document_has_its_marker_and_loses_punctuation(colbert_folder, tiny):
    model = MultiVector(colbert_folder())
    ids = [CLS, D, *words(tiny, "the cat . runs ,"), SEP]
    kept = [token not in words(tiny, ". ,") for token in ids]
    found = model.encode("the cat. runs,")
    assert found.dtype == np.float32
    assert found.shape == (6, 8)
    assert np.allclose(found, unit(tiny.hidden_of(ids))[kept], atol=1e-6)
    assert np.array_equal(model.encode_document("the cat. runs,"), found)


def test_a_query_is_filled_with_masks_that_nobody_looks_at(colbert_folder, tiny):
    model = MultiVector(colbert_folder())
    known = [CLS, Q, *words(tiny, "red cat"), SEP]
    mean = tiny.table()[known].mean(axis=0)
    rows = tiny.table()[known + [MASK] * 3] + mean
    assert np.allclose(model.encode_query("red cat"), unit(rows), atol=1e-6)


def test_the_fill_can_be_looked_at(colbert_folder, tiny):
    model = MultiVector(colbert_folder(attend_to_expansion_tokens=True))
    ids = [CLS, Q, *words(tiny, "red cat"), SEP, MASK, MASK, MASK]
    assert np.allclose(model.encode_query("red cat"), unit(tiny.hidden_of(ids)), atol=1e-6)


def test_the_fill_can_be_left_out(colbert_folder, tiny):
    model = MultiVector(colbert_folder(do_query_expansion=False))
    ids = [CLS, Q, *words(tiny, "red cat"), SEP]
    assert np.allclose(model.encode_query("red cat"), unit(tiny.hidden_of(ids)), atol=1e-6)


def test_the_marker_takes_a_place_within_the_limit(colbert_folder):
    model = MultiVector(colbert_folder())
    assert len(model.encode_query("cat " * 50)) == 8
    assert len(model.encode("cat " * 50)) == 12
    shorter = MultiVector(colbert_folder(), query_length=6, document_length=7)
    assert len(shorter.encode_query("cat " * 50)) == 6
    assert len(shorter.encode("cat " * 50)) == 7
    assert shorter.identity != model.identity


def test_the_forms_of_the_settings_agree(colbert_folder, tiny):
    old = MultiVector(colbert_folder(), name="x")
    new = colbert_folder("new")
    tiny.write_json(
        new / "config_sentence_transformers.json",
        {"prompts": {"query": "[Q] ", "document": "[D] "}},
    )
    expansion = {"strategy": "fixed", "attend": False, "token": None, "length": 8}
    tiny.write_json(
        new / "sentence_bert_config.json", {"document_length": 12, "query_expansion": expansion}
    )
    modules = [{"path": "1_MultiVectorMask", "type": "x.MultiVectorMask"}]
    stanford = colbert_folder("stanford")
    facts = {"query_token_id": "[Q] ", "doc_token_id": "[D] ", "query_maxlen": 8, "doc_maxlen": 12}
    tiny.write_json(stanford / "artifact.metadata", facts)
    tiny.write_json(new / "modules.json", modules)
    tiny.write_json(new / "1_MultiVectorMask" / "config.json", {"skiplist_words": [".", ","]})
    for folder in (new, stanford):
        model = MultiVector(folder, name="x")
        for text in ("", "the cat. runs,", "dog " * 20):
            assert np.array_equal(model.encode_query(text), old.encode_query(text))
            assert np.array_equal(model.encode(text), old.encode(text))


def test_a_projection_beside_the_graph_is_applied(colbert_folder, tiny):
    from safetensors.numpy import save_file

    folder = colbert_folder(projected=False)
    weight = np.random.default_rng(2).standard_normal((5, 8)).astype(np.float32)
    kinds = [("", "Transformer"), ("1_Dense", "Dense")]
    tiny.write_json(folder / "modules.json", [{"path": p, "type": f"x.{k}"} for p, k in kinds])
    tiny.write_json(folder / "1_Dense" / "config.json", {"activation_function": "x.Identity"})
    save_file({"linear.weight": weight}, folder / "1_Dense" / "model.safetensors")
    model = MultiVector(folder)
    ids = [CLS, D, *words(tiny, "the cat"), SEP]
    assert model.dimension == 5
    assert np.allclose(model.encode("the cat"), unit(tiny.hidden_of(ids) @ weight.T), atol=1e-6)


def test_a_text_comes_out_the_same_whatever_stands_beside_it(colbert_folder):
    model = MultiVector(colbert_folder(), batch_tokens=32)
    texts = ["the cat", "", "a dog runs far . , near", "bird"]
    for text, row in zip(texts, model.encode_batch(texts), strict=True):
        assert np.allclose(row, model.encode(text), atol=1e-6)
    assert model.encode_batch([]) == []


def test_similarity_is_the_sum_of_the_best_products(colbert_folder):
    model = MultiVector(colbert_folder())
    query, document = model.encode_query("red cat"), model.encode("a cat runs")
    want = naive(query, document)
    assert model.similarity("red cat", "a cat runs") == pytest.approx(want, rel=1e-5)
    assert model.similarity(query, document) == pytest.approx(want, rel=1e-5)
    assert max_sim(query, document) == pytest.approx(want, rel=1e-5)
    scores = model.score("red cat", ["a cat runs", "", "bird"])
    assert scores.dtype == np.float32
    assert scores[0] == pytest.approx(want, rel=1e-5)


def test_documents_are_not_filled_up_with_zeros():
    query = np.array([[1.0, 0.0]], dtype=np.float32)
    against = np.array([[-1.0, 0.0]], dtype=np.float32)
    longer = np.array([[-1.0, 0.0], [-0.5, 0.5]], dtype=np.float32)
    empty = np.zeros((0, 2), dtype=np.float32)
    assert best_of(query, [against, empty, longer]).tolist() == [-1.0, 0.0, -0.5]
    assert max_sim(query, empty) == 0.0


@pytest.mark.parametrize("element", ["binary", "int8"])
def test_fewer_bits_keep_the_similarity_of_what_they_stand_for(colbert_folder, element):
    model = MultiVector(colbert_folder())
    vectors = model.encode("a cat runs far")
    small = model.quantize(vectors, element)
    want = np.sign(vectors) / np.sqrt(8) if element == "binary" else vectors
    assert np.allclose(small.decode(), want, atol=5e-3)
    query = model.encode_query("cat")
    both = quantize(query, element).similarity(small)
    assert both == pytest.approx(naive(quantize(query, element).decode(), small.decode()), rel=1e-5)
    assert quantize(query, element).similarity(vectors) == pytest.approx(
        naive(quantize(query, element).decode(), vectors), rel=1e-5
    )
    assert np.array_equal(model.encode_quantized("a cat runs far", element).codes, small.codes)
    assert (len(small), small.dimension, small.element) == (len(vectors), 8, element)
    assert small.nbytes == {"binary": 7, "int8": 7 * 8 + 7 * 4}[element]
    assert repr(small) == f"QuantizedTokens('{element}', tokens=7, dimension=8)"


@pytest.mark.parametrize(
    ("vectors", "element", "code"),
    [
        ([1.0], "binary", "input.dimension"),
        ([[np.nan]], "int8", "input.not_finite"),
        ([[1.0]], "int4", "input.invalid"),
    ],
)
def test_what_cannot_be_put_into_fewer_bits_is_refused(vectors, element, code):
    with pytest.raises(InvalidInput) as caught:
        quantize(vectors, element)
    assert caught.value.code == code


def test_zeros_survive_int8():
    small = quantize(np.zeros((2, 3)), "int8")
    assert not small.decode().any()


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InvalidInput) as caught:
        max_sim(np.ones((2, 3)), np.ones((2, 4)))
    assert caught.value.code == "input.dimension"


def test_a_folder_without_settings_of_colbert_is_refused(dense_folder):
    with pytest.raises(InvalidInput, match="no settings of ColBERT") as caught:
        MultiVector(dense_folder())
    assert caught.value.code == "model.invalid"


def test_a_marker_that_the_tokenizer_lacks_is_refused(colbert_folder):
    with pytest.raises(InvalidInput, match=r"\[Other\]"):
        MultiVector(colbert_folder(query_prefix="[Other] "))


@pytest.mark.parametrize("length", [0, 3, True, 5.0])
def test_a_length_that_is_none_is_refused(colbert_folder, length):
    with pytest.raises(InvalidInput, match="query_length"):
        MultiVector(colbert_folder(), query_length=length)


def test_it_says_what_it_is(colbert_folder):
    model = MultiVector(colbert_folder(), threads=1)
    assert repr(model) == (
        "MultiVector(model='colbert', dimension=8, device='cpu', threads=1, query_length=8, "
        "document_length=12)"
    )
    assert json.loads(model.identity.to_json())["dimension"] == 8


@pytest.mark.parametrize("element", [None, "int8", "binary"])
def test_it_serves_a_collection(colbert_folder, path, element):
    model = MultiVector(colbert_folder())
    spaces = {} if element is None else {"text": Space("multi", element=element)}
    with engram.open(path, embedder=model) as db:
        pets = db.collection("pets", spaces=spaces)
        pets.put_many([{"id": "a", "text": "the cat sleeps"}, {"id": "b", "text": "a dog runs"}])
        pets.put("c", text="green garden")
        pets.update("c", text="red house")
        hits = pets.query("the cat", mode="semantic", exact=True)
        assert hits.ids[0] == "a"
        assert len(hits) == 3
        if element is None:
            assert hits.scores[0] == pytest.approx(
                model.similarity("the cat", "the cat sleeps"), rel=1e-4
            )
        space = pets.spaces()[0]
        assert (space.kind, space.identity) == ("multi", model.identity.to_json())
