"""Other runtimes give what ONNX Runtime gives, within what their precision costs."""

from importlib.util import find_spec

import numpy as np
import pytest

import engram
from engram.embed import Dense, Torch, get_embedder
from engram.embed.local.runtime import openvino_runtime
from engram.errors import InvalidInput

TEXTS = ["the cat sleeps", "", "a red house near the green garden", "dog " * 40]


def gap(one, other):
    return float(np.abs(one - other).max())


@pytest.fixture
def openvino():
    if find_spec("openvino") is None:
        pytest.skip("OpenVINO is not installed")
    return openvino_runtime()


@pytest.fixture
def torch(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pytest.importorskip("sentence_transformers")


def test_openvino_is_exact_in_float32(openvino, dense_folder):
    folder = dense_folder(prompts={"query": "query ", "document": "passage "})
    plain, other = Dense(folder), Dense(folder, backend="openvino")
    assert gap(plain.encode_batch(TEXTS), other.encode_batch(TEXTS)) < 1e-6
    assert gap(plain.encode_query("a cat"), other.encode_query("a cat")) < 1e-6
    assert other.identity == plain.identity  # so that one reads what the other wrote
    assert "backend='openvino', precision='float32'" in repr(other)
    assert (other.backend, other.device) == ("openvino", "cpu")


@pytest.mark.parametrize("name", ["dense-mean", "dense-cls"])
def test_openvino_reproduces_the_references(openvino, reference, name):
    folder, case, want = reference(name)
    model = Dense(folder, backend="openvino")
    key, texts = ("embeddings", "texts") if name == "dense-mean" else ("documents", "documents")
    assert gap(model.encode_batch(case[texts]), want[key]) < 1e-5
    short = Dense(folder, backend="openvino", precision="int8").encode_batch(case[texts])
    assert gap(short, want[key]) > 1e-5
    assert (short * want[key]).sum(axis=1).min() > 0.995


def test_openvino_in_bf16(openvino, reference):
    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bf16")
    folder, case, want = reference("dense-mean")
    model = Dense(folder, backend="openvino", precision="bf16")
    vectors = model.encode_batch(case["texts"])
    assert 1e-5 < gap(vectors, want["embeddings"]) < 0.02
    assert (vectors * want["embeddings"]).sum(axis=1).min() > 0.999


def test_a_processor_without_bf16_says_so(openvino, dense_folder, monkeypatch):
    monkeypatch.setattr(openvino.Core, "get_property", lambda *_: ["FP32", "INT8"])
    with pytest.raises(InvalidInput, match="does not compute in bf16") as found:
        Dense(dense_folder(), backend="openvino", precision="bf16")
    assert found.value.details["capabilities"] == "FP32, INT8"


def test_a_lower_precision_is_another_identity(openvino, reference):
    folder, _, _ = reference("dense-mean")
    precisions = (None, "float32", "int8")
    found = [Dense(folder, backend="openvino", precision=p).identity.revision for p in precisions]
    assert found[0] == found[1] == Dense(folder).identity.revision != found[2]


def test_a_text_is_the_same_beside_others_with_openvino(openvino, reference):
    folder, case, _ = reference("dense-mean")
    for precision, least in (("float32", 1 - 1e-6), ("int8", 0.999)):
        model = Dense(folder, backend="openvino", precision=precision)
        together = model.encode_batch(case["texts"])
        alone = np.stack([model.encode(text) for text in case["texts"]])
        assert (together * alone).sum(axis=1).min() >= least


def test_openvino_serves_threads(openvino, dense_folder):
    from concurrent.futures import ThreadPoolExecutor

    model = Dense(dense_folder(), backend="openvino")
    texts = [f"{'the cat ' * (n % 5)}sleeps" for n in range(60)]
    with ThreadPoolExecutor(6) as pool:
        rows = list(pool.map(model.encode, texts))
    assert gap(np.stack(rows), model.encode_batch(texts)) < 1e-6


def test_settings_that_do_not_go_together(openvino, dense_folder):
    folder = dense_folder()
    wrong = {
        "no graphs": {"backend": "tensorflow"},
        "runs no graphs": {"backend": "torch"},
        "unknown precision": {"backend": "openvino", "precision": "int4"},
        "where the file decides": {"precision": "int8"},
        "device 'cuda'": {"backend": "openvino", "device": "cuda"},
        "threads": {"backend": "openvino", "threads": 0},
        "no matrices of weights": {"backend": "openvino", "precision": "int8"},
    }
    for message, settings in wrong.items():
        with pytest.raises(InvalidInput, match=message):
            Dense(folder, **settings)


def test_a_graph_that_openvino_does_not_take(openvino, dense_folder):
    folder = dense_folder()
    (folder / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(InvalidInput, match="does not take") as found:
        Dense(folder, backend="openvino")
    assert found.value.code == "model.invalid"


def test_the_registry_passes_it_on(openvino, dense_folder, colbert_folder, path):
    model = get_embedder(dense_folder(), backend="openvino", threads=1)
    assert "threads=1" in repr(model)
    with engram.open(path, embedder=model) as db:
        db.collection("c").put("a", text="the cat sleeps")
        assert db.collection("c").query("the cat", mode="semantic").ids == ["a"]
    with pytest.raises(InvalidInput, match="no dense one"):
        get_embedder(colbert_folder(), backend="openvino")
    with pytest.raises(InvalidInput, match="built-in model has no backend"):
        get_embedder("default", backend="openvino")


def test_torch_reproduces_the_references(torch, reference):
    folder, case, want = reference("dense-mean")
    model = get_embedder(folder, backend="torch", device="cpu")
    assert isinstance(model, Torch)
    seen = []
    assert gap(model.encode_batch(case["texts"], seen.append), want["embeddings"]) < 1e-5
    assert seen == [len(case["texts"])]
    assert (model.dimension, model.max_length) == (want["embeddings"].shape[1], 64)
    folder, case, want = reference("dense-cls")
    model = Torch(folder, device="cpu", name="mine")
    assert gap(model.encode_batch(case["documents"]), want["documents"]) < 1e-5
    for text, row in zip(case["queries"], want["queries"], strict=True):
        assert gap(model.encode_query(text), row) < 1e-5
    assert repr(model) == (
        f"Torch(model='mine', dimension={model.dimension}, device='cpu', max_length=64, "
        "batch_size=32)"
    )


def test_torch_has_an_identity_of_its_own(torch, reference, path):
    folder, _, _ = reference("dense-mean")
    model = Torch(folder, device="cpu")
    assert model.identity == Torch(folder, device="cpu", batch_size=4).identity
    assert model.identity.normalized
    assert model.identity.revision != Dense(folder).identity.revision
    with engram.open(path, embedder=model) as db:
        db.collection("c").put("a", text="the river divides the city")
        assert db.collection("c").query("a river", mode="semantic").ids == ["a"]
    assert model.encode_batch([]).shape == (0, model.dimension)


def test_what_torch_does_not_take(torch, reference, dense_folder):
    folder, _, _ = reference("dense-mean")
    with pytest.raises(InvalidInput, match="unknown device"):
        Torch(folder, device="coreml")
    with pytest.raises(InvalidInput, match="no device 'mps'"):
        Torch(folder, device="mps")
    with pytest.raises(InvalidInput, match="batch_size"):
        Torch(folder, batch_size=0)
    with pytest.raises(InvalidInput, match="does not take it"):
        Torch(dense_folder())  # it has no weights but those in its graph
    with pytest.raises(InvalidInput, match=r"has no modules\.json"):
        Torch(reference("ner")[0])
    with pytest.raises(InvalidInput, match="with torch"):
        get_embedder(folder, backend="torch", threads=1)


@pytest.mark.parametrize("package", ["openvino", "sentence_transformers"])
def test_without_its_package_a_back_end_names_the_extra(package, dense_folder, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, package, None)
    backend = "openvino" if package == "openvino" else "torch"
    with pytest.raises(engram.errors.MissingExtra, match=backend) as found:
        get_embedder(dense_folder(), backend=backend)
    assert f"engram[{backend}]" in found.value.hint
