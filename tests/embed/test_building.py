"""Graphs written from weights compute what BERT computes; in int8 nearly so."""

import json
import math

import numpy as np
import pytest
from safetensors.numpy import save_file

from engram.embed import Dense, build_graph
from engram.errors import InvalidInput

WIDTH, HEADS, LAYERS, INNER = 32, 4, 2, 64
EPSILON = 1e-12
TEXTS = ["the cat sleeps", "", "a dog runs far near the red house", "bird", "the " * 30]


def weights_of(vocabulary):
    """Noise of the sizes that the initialisation of BERT aims at."""
    rng = np.random.default_rng(7)
    made = {}

    def linear(name, wide, high):
        made[f"{name}.weight"] = rng.standard_normal((high, wide)) / math.sqrt(wide)
        made[f"{name}.bias"] = rng.standard_normal(high) * 0.1

    def norm(name):
        made[f"{name}.LayerNorm.weight"] = 1 + rng.standard_normal(WIDTH) * 0.1
        made[f"{name}.LayerNorm.bias"] = rng.standard_normal(WIDTH) * 0.1

    rows = {"word": vocabulary, "position": 32, "token_type": 2}
    for name, many in rows.items():
        made[f"embeddings.{name}_embeddings.weight"] = rng.standard_normal((many, WIDTH)) * 0.7
    norm("embeddings")
    for n in range(LAYERS):
        place = f"encoder.layer.{n}"
        for name in ("query", "key", "value"):
            linear(f"{place}.attention.self.{name}", WIDTH, WIDTH)
        linear(f"{place}.attention.output.dense", WIDTH, WIDTH)
        norm(f"{place}.attention.output")
        linear(f"{place}.intermediate.dense", WIDTH, INNER)
        linear(f"{place}.output.dense", INNER, WIDTH)
        norm(f"{place}.output")
    return {name: array.astype(np.float32) for name, array in made.items()}


def bert(weights, ids):
    """The encoder, one text at a time, in float64."""

    def linear(name, x):
        return x @ weights[f"{name}.weight"].T.astype(np.float64) + weights[f"{name}.bias"]

    def norm(name, x):
        mean, var = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
        scaled = (x - mean) / np.sqrt(var + EPSILON)
        return scaled * weights[f"{name}.LayerNorm.weight"] + weights[f"{name}.LayerNorm.bias"]

    tables = [
        weights[f"embeddings.{n}_embeddings.weight"] for n in ("word", "position", "token_type")
    ]
    x = tables[0][ids].astype(np.float64) + tables[1][: len(ids)] + tables[2][0]
    x = norm("embeddings", x)
    erf = np.vectorize(math.erf)
    for n in range(LAYERS):
        place = f"encoder.layer.{n}"
        q, k, v = (
            linear(f"{place}.attention.self.{name}", x).reshape(len(ids), HEADS, -1)
            for name in ("query", "key", "value")
        )
        logits = np.einsum("qhd,khd->hqk", q, k) / math.sqrt(WIDTH // HEADS)
        shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        context = np.einsum("hqk,khd->qhd", shares, v).reshape(len(ids), WIDTH)
        out = linear(f"{place}.attention.output.dense", context)
        x = norm(f"{place}.attention.output", out + x)
        inner = linear(f"{place}.intermediate.dense", x)
        active = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        x = norm(f"{place}.output", linear(f"{place}.output.dense", active) + x)
    return x


@pytest.fixture
def weights(tiny):
    return weights_of(len(tiny.vocabulary))


@pytest.fixture
def bert_folder(dense_folder, tiny, weights):
    """A folder with weights and settings, and no graph."""

    def make(name="bert", *, old_names=False, head="", **settings):
        folder = dense_folder(name, **settings)
        (folder / "model.onnx").unlink()
        config = {
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": WIDTH,
            "num_attention_heads": HEADS,
            "num_hidden_layers": LAYERS,
            "layer_norm_eps": EPSILON,
            "max_position_embeddings": 32,
        }
        tiny.write_json(folder / "config.json", config)
        named = {head + key: array for key, array in weights.items()}
        if old_names:
            named = {
                key.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"): array
                for key, array in named.items()
            }
        save_file(named, folder / "model.safetensors")
        return folder

    return make


def expected(weights, tiny, pooling):
    rows = []
    for text in TEXTS:
        hidden = bert(weights, tiny.ids_of(text))
        row = hidden[0] if pooling == "cls" else hidden.mean(axis=0)
        rows.append(row / np.linalg.norm(row))
    return np.stack(rows)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("form", [{}, {"old_names": True, "head": "bert."}])
def test_a_written_graph_is_bert(bert_folder, weights, tiny, pooling, form):
    folder = bert_folder(pooling=pooling, **form)
    build_graph(folder, folder / "model.onnx")
    vectors = Dense(folder).encode_batch(TEXTS)
    assert np.abs(vectors - expected(weights, tiny, pooling)).max() < 1e-5


def test_length_is_as_the_modules_say(bert_folder, weights, tiny):
    folder = bert_folder(normalize=False)
    build_graph(folder, folder / "model.onnx")
    want = bert(weights, tiny.ids_of("a cat")).mean(axis=0)
    assert np.abs(Dense(folder).encode("a cat") - want).max() < 1e-5


def test_in_int8_it_is_nearly_so_and_the_same_beside_any_other(bert_folder, weights, tiny, caplog):
    folder = bert_folder()
    build_graph(folder, folder / "model.onnx", precision="int8")
    model = Dense(folder)
    together = model.encode_batch(TEXTS)
    cosines = (together * expected(weights, tiny, "mean")).sum(axis=1)
    assert cosines.min() > 0.99
    assert cosines.max() < 1 - 1e-7, "int8 that is exact is no int8"
    # Not nearly: a text that runs by itself has the same bits whatever is asked for beside it.
    for text, row in zip(TEXTS, together, strict=True):
        assert np.array_equal(model.encode(text), row)
    assert np.array_equal(Dense(folder, threads=1).encode_batch(TEXTS[::-1])[::-1], together)


def test_the_runtime_would_mix_neighbours(bert_folder):
    """The reason for the above: a batch in one run gives other vectors."""
    folder = bert_folder()
    build_graph(folder, folder / "model.onnx", precision="int8")
    model = Dense(folder)
    tokens, session = model._encoder.tokens, model._encoder.session
    assert session.alone
    mixed = session.run(tokens.feeds(tokens.ids(TEXTS)))["sentence_embedding"]
    assert np.abs(mixed - model.encode_batch(TEXTS)).max() > 1e-4


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model_type": "roberta"}, "roberta"),
        ({"hidden_act": "relu"}, "relu"),
        ({"position_embedding_type": "relative_key"}, "absolute"),
    ],
)
def test_what_is_no_such_bert_is_refused(bert_folder, tiny, change, told):
    folder = bert_folder()
    config = json.loads((folder / "config.json").read_text())
    tiny.write_json(folder / "config.json", config | change)
    with pytest.raises(InvalidInput, match=told) as caught:
        build_graph(folder, folder / "model.onnx")
    assert caught.value.code == "model.invalid"
    assert not (folder / "model.onnx").exists()


def test_other_poolings_weights_and_precisions_are_refused(bert_folder, weights):
    folder = bert_folder(pooling="max")
    with pytest.raises(InvalidInput, match="max"):
        build_graph(folder, folder / "model.onnx")
    with pytest.raises(InvalidInput, match="int4"):
        build_graph(folder, folder / "model.onnx", precision="int4")
    folder = bert_folder("other")
    save_file({"embeddings.LayerNorm.bias": weights["embeddings.LayerNorm.bias"]},
              folder / "model.safetensors")  # fmt: skip
    with pytest.raises(InvalidInput, match=r"has no (encoder|embeddings)"):
        build_graph(folder, folder / "model.onnx")
