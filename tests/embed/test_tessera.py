"""Code written for Tessera runs with its import line changed: its sample, and its seven checks."""

import pickle

import numpy as np
import pytest

from engram.compat import tessera
from engram.compat.tessera import (
    TesseraDense,
    TesseraError,
    TesseraMultiVector,
    TesseraSparse,
    TesseraTimeSeries,
    TesseraVision,
)
from engram.errors import EngramError

SAMPLE = """
from engram.compat.tessera import TesseraMultiVector
import numpy as np

# Create embedder
embedder = TesseraMultiVector("colbert-v2")
print(embedder)  # TesseraMultiVector(model='colbert-v2', dimension=128)

# Encode single text
embeddings = embedder.encode("What is machine learning?")
print(embeddings.shape)  # (7, 128)
print(embeddings.dtype)  # float32

# Batch encode
texts = ["First document", "Second document", "Third document"]
batch_embs = embedder.encode_batch(texts)
print(len(batch_embs))  # 3

# Compute similarity
score = embedder.similarity(
    "machine learning and AI",
    "deep learning is a subset of ML"
)
print(f"Similarity: {score:.4f}")

# Get properties
print(f"Dimension: {embedder.dimension()}")  # 128
print(f"Model: {embedder.model()}")  # colbert-v2
"""


@pytest.fixture(params=["tiny", "reference"])
def colbert(request, monkeypatch, tmp_path):
    """A model installed under the name that the sample uses."""
    store = tmp_path / "store"
    store.mkdir()
    monkeypatch.setenv("ENGRAM_MODELS", str(store))
    installed = store / "colbertv2.0"
    if request.param == "tiny":
        request.getfixturevalue("colbert_folder")().rename(installed)
    else:
        folder = request.getfixturevalue("reference")("colbert")[0]
        for path in [path for path in folder.rglob("*") if path.is_file()]:
            target = installed / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    manifest = '{"name": "colbertv2.0", "source": "", "revision": "", "files": {}, "bytes": 0}'
    (installed / "engram-model.json").write_text(manifest)
    return {"tiny": 8, "reference": 32}[request.param]


def test_the_sample_runs(colbert, capsys):
    exec(SAMPLE, {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"TesseraMultiVector(model='colbert-v2', dimension={colbert})"
    assert lines[1].endswith(f", {colbert})")
    assert lines[2:4] == ["float32", "3"]
    assert lines[4].startswith("Similarity: ")
    assert lines[5:] == [f"Dimension: {colbert}", "Model: colbert-v2"]


def test_1_an_embedder_is_made(colbert):
    assert isinstance(TesseraMultiVector("colbert-v2"), TesseraMultiVector)


def test_2_a_text_is_encoded(colbert):
    embeddings = TesseraMultiVector("colbert-v2").encode("What is machine learning?")
    assert embeddings.ndim == 2
    assert embeddings.shape[1] == colbert
    assert embeddings.dtype == np.float32


def test_3_several_texts_are_encoded(colbert):
    embedder = TesseraMultiVector("colbert-v2")
    texts = ["First document", "Second document", "Third document"]
    for text, row in zip(texts, embedder.encode_batch(texts), strict=True):
        assert np.allclose(row, embedder.encode(text), atol=1e-6)


def test_4_similarity_is_a_number(colbert):
    embedder = TesseraMultiVector("colbert-v2")
    same = embedder.similarity("a red house", "a red house")
    assert isinstance(same, float)
    assert same > 0


def test_5_and_6_properties_and_texts_of_itself(colbert):
    embedder = TesseraMultiVector("colbert-v2")
    assert embedder.dimension() == colbert
    assert embedder.model() == "colbert-v2"
    assert embedder.device() in {"cpu", "cuda", "coreml", "directml"}
    shown = f"TesseraMultiVector(model='colbert-v2', dimension={colbert})"
    assert repr(embedder) == str(embedder) == shown


def test_7_an_unknown_model_is_a_runtime_error(colbert):
    with pytest.raises(RuntimeError) as caught:
        TesseraMultiVector("invalid-model-name")
    error = caught.value
    assert isinstance(error, TesseraError)
    assert isinstance(error, EngramError)
    assert error.code == "model.not_found"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.code) == (TesseraError, "model.not_found")


@pytest.mark.parametrize("bits", ["binary", "int8"])
def test_token_vectors_go_into_fewer_bits(colbert, bits):
    embedder = TesseraMultiVector("colbert-v2")
    small = embedder.quantize(embedder.encode("a red house"), bits)
    again = embedder.encode_quantized("a red house", bits)
    assert np.array_equal(small.codes, again.codes)
    assert small.similarity(again) == pytest.approx(len(small), rel=0.05)


def test_every_kind_has_its_class(
    dense_folder, splade_folder, clip_folder, series_folder, tmp_path
):
    from PIL import Image

    dense = TesseraDense(dense_folder())
    assert dense.encode("a cat").shape == (8,)
    assert dense.encode_batch(["a cat", "bird"]).shape == (2, 8)
    assert dense.similarity("a cat", "a cat") == pytest.approx(1, abs=1e-6)
    sparse = TesseraSparse(splade_folder())
    assert sparse.terms("a cat", 2) == sparse._inner.terms("a cat", 2)
    assert sparse.similarity("a cat", "a cat") > 0
    vision = TesseraVision(clip_folder)
    assert vision.encode(Image.new("RGB", (9, 9), "red")).shape == (3,)
    assert vision.encode_query("red").shape == (3,)
    series = TesseraTimeSeries(series_folder)
    assert series.encode([1.0, float("nan"), 3.0]).shape == (2,)
    assert series.similarity([1.0, 2.0], [1.0, 2.0]) == pytest.approx(1, abs=1e-6)


def test_errors_are_the_built_in_ones(dense_folder, tmp_path):
    with pytest.raises(RuntimeError, match="TesseraDense"):
        TesseraMultiVector(dense_folder())
    with pytest.raises(ValueError, match="dim is 3"):
        TesseraDense(dense_folder(), dimension=3)
    with pytest.raises(ValueError, match="abacus"):
        TesseraDense(dense_folder(), device="abacus")
    with pytest.raises(OSError, match="no model folder"):
        TesseraDense(tmp_path / "absent")
    (tmp_path / "tiny" / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(RuntimeError) as caught:
        TesseraDense(tmp_path / "tiny")
    assert caught.value.code == "model.invalid"
    assert tessera.__version__
