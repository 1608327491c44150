"""The real all-MiniLM-L6-v2, where its data package was built (packages/engram-minilm/build.py)."""

import json
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from engram.embed import Dense, build_graph
from engram.embed.local.runtime import openvino_runtime

MODEL = Path(__file__).parents[2] / "packages" / "engram-minilm" / "src" / "engram_minilm" / "model"


@pytest.fixture
def model():
    if not (MODEL / "model.onnx").exists():
        pytest.skip("the data package of MiniLM is not built")
    return Dense(MODEL, name="all-MiniLM-L6-v2")


def test_it_is_faithful_to_the_published_model(model, reference):
    _, case, want = reference("minilm-check")
    assert model._encoder.tokens.ids(case["texts"]) == case["input_ids"]
    cosines = (model.encode_batch(case["texts"]) * want["embeddings"]).sum(axis=1)
    assert cosines.mean() >= 0.994
    assert cosines.min() >= 0.98
    assert cosines[14:].min() >= 0.99  # sentences, not the odd inputs before them


def test_in_float32_it_is_the_published_model(reference, tmp_path):
    named = os.environ.get("ENGRAM_MINILM_WEIGHTS")
    if not named:
        pytest.skip("ENGRAM_MINILM_WEIGHTS names no folder with the published weights")
    _, case, want = reference("minilm-check")
    folder = tmp_path / "minilm"
    shutil.copytree(named, folder)
    build_graph(folder, folder / "model.onnx")
    vectors = Dense(folder).encode_batch(case["texts"])
    assert (vectors * want["embeddings"]).sum(axis=1).min() >= 0.9999
    assert np.abs(vectors - want["embeddings"]).max() < 1e-5


@pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is not installed")
@pytest.mark.parametrize(
    ("precision", "mean"), [("float32", 0.99999), ("bf16", 0.9999), ("int8", 0.999)]
)
def test_openvino_is_faithful_to_the_published_model(reference, tmp_path, precision, mean):
    named = os.environ.get("ENGRAM_MINILM_WEIGHTS")
    if not named:
        pytest.skip("ENGRAM_MINILM_WEIGHTS names no folder with the published weights")
    able = openvino_runtime().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if precision == "bf16" and "BF16" not in able:
        pytest.skip("this processor has no bf16")
    _, case, want = reference("minilm-check")
    folder = tmp_path / "minilm"
    shutil.copytree(named, folder)
    build_graph(folder, folder / "model.onnx")
    model = Dense(folder, backend="openvino", precision=precision)
    together = model.encode_batch(case["texts"])
    assert (together * want["embeddings"]).sum(axis=1).mean() >= mean
    alone = np.stack([model.encode(text) for text in case["texts"][:20]])
    assert (alone * together[:20]).sum(axis=1).min() >= 0.999


def test_a_text_has_the_same_bits_beside_any_others(model):
    texts = ["a small cat", "", "how does the engine find near vectors?", "word " * 300]
    together = model.encode_batch(texts)
    for text, row in zip(texts, together, strict=True):
        assert np.array_equal(model.encode(text), row)


def test_it_knows_meanings(model):
    cat, kitten, ship = model.encode_batch(["a small cat", "a little kitten", "a container ship"])
    assert cat @ kitten > 0.6
    assert cat @ ship < 0.4


def test_the_settings_are_the_published_ones(model):
    assert (model.dimension, model.max_length, model.identity.normalized) == (384, 256, True)
    assert (MODEL / "model.onnx").stat().st_size < 24_000_000
    assert json.loads((MODEL / "config.json").read_text())["num_hidden_layers"] == 6
